"""What ``--list-backups`` shows: every backup, what became of its run, and how the files stand today."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poetry_aiops.errors import InputError
from poetry_aiops.system.transaction.exchange import look
from poetry_aiops.system.transaction.model import BackupInfo
from poetry_aiops.system.transaction.store import backup_ids, read_backup, read_journal


if TYPE_CHECKING:
    from pathlib import Path

    from poetry_aiops.system.transaction.model import Now, State
    from poetry_aiops.system.transaction.store import StoredBackup


def list_backups(root: Path) -> list[BackupInfo]:
    """Return every backup, oldest first; a damaged one says what is wrong with it. Reads only."""
    try:
        running, _ = read_journal(root) or (None, "")
    except InputError:
        running = None
    return [_info(root, identifier, running) for identifier in backup_ids(root)]


def _info(root: Path, identifier: str, running: str | None) -> BackupInfo:
    try:
        stored = read_backup(root, identifier)
        _check_copies(stored)
    except InputError as error:
        damage = "; ".join((error.what, *error.details))
        return BackupInfo(identifier, "damaged", "unknown", damage=damage)
    state: State = "applied" if stored.applied else "not applied"
    return BackupInfo(
        identifier,
        "interrupted" if identifier == running else state,
        _now(stored),
        stored.manifest.created,
        stored.manifest.note,
        stored.manifest.undoes,
        tuple(entry.path for entry in stored.manifest.entries),
    )


def _check_copies(stored: StoredBackup) -> None:
    for index, entry in enumerate(stored.manifest.entries):
        if entry.before is not None:
            stored.copy(index)


def _now(stored: StoredBackup) -> Now:
    try:
        files = [found for found in look(stored) if not found.is_edited_input]
    except (InputError, OSError):
        return "unknown"
    if any(found.change for found in files):
        return "changed since"
    if all(found.is_old for found in files):
        return "old"
    return "new" if all(found.is_new for found in files) else "mixed"
