"""The old commands of one file, as the report shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poetry_aiops.migrate.legacy.find import read_old_file


if TYPE_CHECKING:
    from poetry_aiops.migrate.legacy.model import Knowledge, OldCommand


def find_old_commands(path: str, text: str, known: Knowledge) -> tuple[OldCommand, ...]:
    """Return what one file of the repository does the old way, in the order of its lines."""
    found = read_old_file(path, text, known)
    return tuple(finding.shown() for finding in found.findings) if found else ()
