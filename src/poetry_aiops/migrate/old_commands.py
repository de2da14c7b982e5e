"""The commands of the repository that should change after a migration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poetry_aiops.migrate.legacy import KnownGroup, find_old_commands, knowledge_of
from poetry_aiops.migrate.legacy.files import files_to_read
from poetry_aiops.system.repository_files import read_text


if TYPE_CHECKING:
    from pathlib import Path

    from poetry_aiops.migrate.legacy import OldCommand
    from poetry_aiops.migrate.request import MigrationInput


def old_commands_in(root: Path, given: MigrationInput) -> tuple[OldCommand, ...]:
    """Return what in Dockerfiles, workflows and scripts still installs the old way, with today's form."""
    plan = given.plan
    known = knowledge_of(
        plan.roles,
        given.tree,
        [KnownGroup(group.name, group.optional, group.backend) for group in plan.edits.groups],
        is_package=given.identity.package_mode,
        paths=[file.path for file in given.listing],
    )
    return tuple(
        command
        for path in files_to_read(given.listing)
        if (text := read_text(root, path)) is not None
        for command in find_old_commands(path, text, known)
    )
