"""Files that are written after a migration become part of its backup, so that one way back leads behind both."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from poetry_aiops.errors import InputError
from poetry_aiops.system.files import reported
from poetry_aiops.system.project_paths import ProjectFile, find_place, missing_folders
from poetry_aiops.system.transaction.backup import BackupEntry, state_of
from poetry_aiops.system.transaction.store import interrupted_ids, last_applied, locked


if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from poetry_aiops.system.transaction.store import StoredBackup


def migrated_files(root: Path) -> dict[str, bytes]:
    """Return what the files of the last migration held before it, by their paths; empty without one.

    Raises nothing: a backup that cannot be read holds nothing that could be relied on.
    """
    backup = _last(root)
    found = {}
    for index, entry in enumerate(backup.manifest.entries if backup else ()):
        with suppress(InputError):
            if backup is not None and entry.before is not None:
                found[entry.target] = backup.copy(index)
    return found


def follow(root: Path, path: str, after: bytes | None, now: datetime) -> bool:
    """Note in the backup of the last migration that a file is about to become ``after`` (None: removed).

    Return whether the backup holds what is there now; False without a migration. Raises InputError when the folder
    of backups cannot be written or another run is active in it.
    """
    if _last(root) is None:
        return False
    with locked(root, now):
        backup, place = _last(root), find_place(root, path)
        if backup is None or isinstance(place, str):
            return False
        with reported("The backup of the migration could not be written, so the file stays"):
            return _note(backup, path, place, after)


def _note(backup: StoredBackup, path: str, place: ProjectFile, after: bytes | None) -> bool:
    data, copies = place.read(), {}
    entries = {entry.target: entry for entry in backup.manifest.entries}
    if place.name not in entries:
        if data is not None:
            copies[len(entries)] = data
        state = state_of(data, place.mode)
        entries[place.name] = BackupEntry(path, place.name, state, state)
    known = entries[place.name]
    held = data is None or any(state and state.holds(data) for state in (known.before, known.after))
    entries[place.name] = replace(known, after=state_of(after, None))
    made = missing_folders(backup.root, [place]) if after is not None else ()
    folders = tuple(dict.fromkeys((*backup.manifest.made_folders, *made)))
    manifest = replace(backup.manifest, entries=tuple(entries.values()), made_folders=folders)
    backup.add(manifest, copies)
    return held


def _last(root: Path) -> StoredBackup | None:
    """Return the last migration's backup where nothing is in the way of relying on it."""
    with suppress(InputError):
        return None if interrupted_ids(root) else last_applied(root)
    return None
