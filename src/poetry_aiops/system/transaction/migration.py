"""The transaction of ``poetry migrate-reqs``: back up, exchange all files or none, put back, list.

How a run uses it (everything that writes happens under the lock)::

    with locked(root, now):
        recover(root)
        apply(create(root, changes, note, now))

A rollback is such a transaction too: it makes a backup of what it replaces (its id ends in ``-undo``), so it can be
killed at any moment, and can itself be rolled back by its id.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from poetry_aiops.errors import InputError
from poetry_aiops.system.transaction.creation import NOTHING_CHANGED, PUT_BACK, create
from poetry_aiops.system.transaction.exchange import again_hint, exchange, finish, look, put_back, state_now
from poetry_aiops.system.transaction.model import (
    HOME,
    BackupInfo,
    FileChange,
    refuse,
)
from poetry_aiops.system.transaction.store import (
    StoredBackup,
    backup_ids,
    interrupted_ids,
    last_applied,
    locked,
    pending,
    read_backup,
    reported,
)


if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from poetry_aiops.system.transaction.exchange import BackupFile
    from poetry_aiops.system.transaction.model import Now, State


__all__ = [
    "RollbackResult",
    "StoredBackup",
    "apply",
    "create",
    "list_backups",
    "locked",
    "pending",
    "recover",
    "rollback",
]


@dataclass(frozen=True, slots=True)
class RollbackResult:
    """What a rollback did: files ``restored`` and ``removed``; neither when everything was old ``already``.

    ``kept`` are files that the migration only read and that were edited since: they stay as they are.
    ``undo_id`` names the backup of what was replaced, None when nothing was.
    """

    backup_id: str
    restored: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    undo_id: str | None = None
    kept: tuple[str, ...] = ()

    @property
    def already(self) -> bool:
        """Whether there was nothing to put back."""
        return not self.restored and not self.removed


def apply(backup: StoredBackup) -> None:
    """Bring all files of a backup to their new contents, or none.

    Raises InputError when the disk refuses or a file changed meanwhile; then every file is unchanged.
    """
    with reported(f"{NOTHING_CHANGED} The files could not be written", backup.root):
        exchange(backup)


def recover(root: Path) -> None:
    """Tidy up behind an interrupted run whose files are all old or all new; the others only ``rollback`` follows.

    Raises InputError for these: the folder of backups may have come with a clone or an archive, so that no content of
    it is written unless the user requires it.
    """
    for stored in _settle(root):
        raise InputError(
            "a run was interrupted here between the exchange of two files and must be restored first",
            where=f"{HOME}/{stored.id}",
            details=tuple(f"it names {entry.path}" for entry in stored.manifest.entries),
            hint=PUT_BACK,
        )


def rollback(
    root: Path, backup_id: str | None = None, *, now: datetime, force: bool = False
) -> RollbackResult:
    """Put the files of a backup back exactly: bytes, modes, absence; the last migration without an id.

    An interrupted migration, or the one whose rollback was interrupted, is the last one. Raises InputError when there
    is no such backup, it is damaged, another run was interrupted, or files that the run changed were edited since (each
    is named), unless ``force``, which keeps what they held in a backup of its own. What the run only read and was
    edited since stays as it is, unless ``force``.
    """
    running = interrupted_ids(root)
    unsettled = _settle(root)
    if backup_id is None and running:
        stored = _migration_of(read_backup(root, running[0]))
    else:
        stored = read_backup(root, backup_id) if backup_id else _last_migration(root)
    refuse(
        [
            f"{one.id} was interrupted"
            for one in unsettled
            if _migration_of(one).id != _migration_of(stored).id
        ],
        f"another run must be restored first. {NOTHING_CHANGED}",
        PUT_BACK,
    )
    files = [found for found in look(stored) if not found.is_old]
    kept: tuple[str, ...] = ()
    if not force:
        refuse(
            [f"{found.entry.path} {found.change}" for found in files if found.change],
            f"Files changed since the run of {stored.manifest.created}. {NOTHING_CHANGED}",
            "`poetry migrate-reqs --rollback --force` restores them and keeps their present content in a backup.",
        )
        kept = tuple(found.entry.path for found in files if found.is_edited_input)
        files = [found for found in files if not found.is_edited_input]
    if not files:
        return RollbackResult(stored.id, kept=kept)
    undo = create(
        root, [_reversed(stored, found) for found in files], f"rollback of {stored.id}", now, stored
    )
    apply(undo)
    _settle(root)
    return RollbackResult(
        stored.id,
        restored=tuple(found.entry.path for found in files if found.entry.before),
        removed=tuple(found.entry.path for found in files if not found.entry.before),
        undo_id=undo.id,
        kept=kept,
    )


def _settle(root: Path) -> list[StoredBackup]:
    """Tidy up behind interrupted runs whose files are all new or all old, and return the others."""
    unsettled = []
    for identifier in interrupted_ids(root):
        stored = read_backup(root, identifier)
        now = state_now(look(stored))
        with reported(
            "The remains of an interrupted run could not be removed", stored.folder, again_hint(stored)
        ):
            if now == "new":
                finish(stored)
            elif now == "old":
                put_back(stored)
            else:
                unsettled.append(stored)
    return unsettled


def _migration_of(stored: StoredBackup) -> StoredBackup:
    """Return the migration that a backup belongs to: a rollback's is the one that it put back."""
    undoes = stored.manifest.undoes
    return _migration_of(read_backup(stored.root, undoes)) if undoes and undoes < stored.id else stored


def _reversed(stored: StoredBackup, found: BackupFile) -> FileChange:
    before = found.entry.before
    return FileChange(
        found.entry.target,
        before=found.data,
        after=None if before is None else stored.copy(found.index),
        mode=None if before is None else before.mode,
    )


def _last_migration(root: Path) -> StoredBackup:
    if stored := last_applied(root):
        return stored
    raise InputError(
        "there is no migration to roll back in this project",
        where=str(root / HOME),
        hint="Run this in the folder that was migrated; `poetry migrate-reqs --list-backups` shows its backups.",
    )


def list_backups(root: Path) -> list[BackupInfo]:
    """Return every backup, oldest first; a damaged one says what is wrong with it. Reads only."""
    running: list[str] = []
    with suppress(InputError):
        running = interrupted_ids(root)
    return [_info(root, identifier, interrupted=identifier in running) for identifier in backup_ids(root)]


def _info(root: Path, identifier: str, *, interrupted: bool) -> BackupInfo:
    try:
        stored = read_backup(root, identifier)
        for index, entry in enumerate(stored.manifest.entries):
            if entry.before is not None:
                stored.copy(index)
    except InputError as error:
        damage = "; ".join((error.what, *error.details))
        return BackupInfo(identifier, "damaged", "unknown", damage=damage)
    state: State = "interrupted" if interrupted else "applied" if stored.applied else "not applied"
    now: Now = "unknown"
    with suppress(InputError, OSError):
        now = state_now(look(stored))
    manifest = stored.manifest
    files = tuple(entry.path for entry in manifest.entries)
    return BackupInfo(identifier, state, now, manifest.created, manifest.note, manifest.undoes, files)
