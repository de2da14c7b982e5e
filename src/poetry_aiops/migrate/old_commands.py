"""The commands of the repository that should change after a migration, and the changes that are certain."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from poetry_aiops.migrate.legacy.find import read_old_file, references_in
from poetry_aiops.migrate.legacy.model import Knowledge
from poetry_aiops.migrate.legacy.rewrite import rewritten
from poetry_aiops.migrate.legacy.scripts import files_to_read
from poetry_aiops.project.checks import normalised
from poetry_aiops.project.model import MAIN
from poetry_aiops.system.reading import read_file
from poetry_aiops.system.repository_files import read_text
from poetry_aiops.system.transaction.backup import FileChange


if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from poetry_aiops.migrate.legacy.model import OldCommand
    from poetry_aiops.migrate.model import Place
    from poetry_aiops.migrate.request import MigrationInput
    from poetry_aiops.system.repository_files import RepositoryFile


_PROJECTS: Final = frozenset({"pyproject.toml", "setup.py", "setup.cfg"})


@dataclass
class OldCommands:
    """All of them with today's form, and the files as ``--rewrite`` would leave them."""

    found: list[OldCommand] = field(default_factory=list)
    changes: list[FileChange] = field(default_factory=list)


def knowledge_in(given: MigrationInput) -> Knowledge:
    """Return what commands have to know of a migration: its files, its groups, and the paths of the repository."""
    plan, readings, existing = given.plan, given.tree.readings, given.around.existing
    declared = {normalised(name) for name, _ in plan.edits.extras}.union(existing.extras if existing else ())
    files, extras = {}, {}
    for path, role in plan.roles.items():
        if role.kind == "constraints":
            continue
        # compiled pins are installed in place of what they were compiled from
        inputs = [path, *([role.pins] if role.pins is not None else [])]
        read = [file for one in inputs for file in (readings[one].files if one in readings else (one,))]
        roles = [plan.roles[file] for file in (*read, path) if file in plan.roles]
        names = [one.group for one in roles if one.kind != "constraints"]
        lines = [line for one in inputs if one in readings for line in readings[one].requirements]
        projects = [line.extras for line in lines if line.origin == "project"]
        if projects:
            names.append(MAIN)
            extras[path] = tuple(dict.fromkeys(one for some in projects for one in some if one in declared))
        files[path] = tuple(dict.fromkeys(sorted(names, key=lambda name: name != MAIN)))
    paths = frozenset(file.path for file in given.listing)
    return Knowledge(files, plan.edits.groups, given.identity.package_mode, paths, extras=extras)


def old_commands_in(root: Path, given: MigrationInput, *, rewrite: bool) -> OldCommands:
    """Return what in Dockerfiles, workflows and scripts still installs the old way."""
    edits = given.plan.edits
    settings = ("poetry.toml",) if edits.settings or (root / "poetry.toml").is_file() else ()
    local = any(entry.path is not None for group in edits.groups for entry in group.entries)
    known = replace(knowledge_in(given), needs=None if local else settings)
    result = OldCommands()
    for path in files_to_read(given.listing):
        text = read_text(root, path)
        old = read_old_file(path, text, known) if text is not None else None
        if old is None:
            continue
        new, changed = rewritten(old)
        change = _change(root, path, old.file.text, new) if changed and rewrite else None
        if change is not None:
            result.changes.append(change)
        result.found += [
            replace(finding.shown(), rewritten=change is not None and finding in changed)
            for finding in old.findings
        ]
    return result


def referenced_files(root: Path, listing: Sequence[RepositoryFile]) -> dict[str, tuple[Place, bool]]:
    """Return the requirements files that commands of the repository read, with one such place and whether by ``-c``.

    What belongs to another project in a folder of this one is left out.
    """
    paths = frozenset(file.path for file in listing)
    others = {str(PurePosixPath(path).parent) for path in paths if PurePosixPath(path).name in _PROJECTS} - {
        "."
    }
    known = Knowledge({path: () for path in sorted(paths) if path.endswith((".txt", ".in"))}, paths=paths)
    found: dict[str, tuple[Place, bool]] = {}
    for path in files_to_read(listing):
        text = read_text(root, path)
        for file, place, is_constraint in references_in(path, text, known) if text is not None else ():
            inside = {str(folder) for folder in PurePosixPath(file).parents}
            if not inside & others and (file not in found or not is_constraint):
                found[file] = (place, is_constraint)
    return found


def _change(root: Path, path: str, text: str, new: str) -> FileChange | None:
    """Return the change of a file; None for a link, another encoding than UTF-8, and mixed line ends."""
    if (root / path).is_symlink():
        return None
    before = read_file(root / path, within=root)
    newline = "\r\n" if b"\r\n" in before else "\n"
    mark = "\ufeff" if before.startswith(b"\xef\xbb\xbf") else ""
    same, after = ((mark + one.replace("\n", newline)).encode() for one in (text, new))
    return FileChange(path, before, after) if same == before else None
