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
from datetime import UTC
from typing import TYPE_CHECKING

from poetry_aiops.errors import InputError
from poetry_aiops.system.transaction.creation import NOTHING_CHANGED, PUT_BACK, Backup, create, next_id
from poetry_aiops.system.transaction.exchange import again_hint, exchange, finish, look, put_back
from poetry_aiops.system.transaction.model import (
    HOME,
    BackupEntry,
    BackupInfo,
    FileChange,
    Manifest,
    is_undo,
    refuse,
    state_of,
)
from poetry_aiops.system.transaction.store import (
    StoredBackup,
    backup_ids,
    interrupted_id,
    last_applied,
    locked,
    pending,
    read_backup,
    reported,
    write_backup,
)


if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from poetry_aiops.system.transaction.exchange import BackupFile
    from poetry_aiops.system.transaction.model import Now, State


__all__ = [
    "Backup",
    "RollbackResult",
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


def apply(backup: Backup) -> None:
    """Bring all files of a backup to their new contents, or none.

    Raises InputError when the disk refuses or a file changed meanwhile; then every file is as it was.
    """
    with reported(f"{NOTHING_CHANGED} The files could not be written", backup.stored.root):
        exchange(backup.stored, backup.contents)


def recover(root: Path) -> None:
    """Tidy up behind an interrupted run whose files are all old or all new; the others only ``rollback`` follows.

    Raises InputError for these: the folder of backups may have come with a clone or an archive, so that no content of
    it is written unless the user asks for it.
    """
    identifier = interrupted_id(root)
    if identifier is None:
        return
    stored = read_backup(root, identifier)
    files = look(stored)
    with reported(
        "What an interrupted run left could not be cleared away", stored.folder, again_hint(stored)
    ):
        if all(found.is_new for found in files if found.entry.changes):
            finish(stored)
        elif all(found.is_old for found in files):
            put_back(stored)
        else:
            raise InputError(
                "a run was interrupted here between the exchange of two files and must be restored first",
                where=f"{HOME}/{identifier}",
                details=tuple(f"it names {found.entry.path}" for found in files),
                hint=PUT_BACK,
            )


def rollback(
    root: Path, backup_id: str | None = None, *, now: datetime, force: bool = False
) -> RollbackResult:
    """Put the files of a backup back exactly: bytes, modes, absence; the last migration without an id.

    An interrupted migration is put back, or finished when all its files are new, and was the last one. Raises
    InputError when there is no such backup, it is damaged, or files that the run changed were edited since (each is
    named), unless ``force``, which keeps what they held in a backup of its own. What the run only read and was edited
    since stays as it is, unless ``force``.
    """
    settled = _settle(root, now, force=force)
    if settled and backup_id is None and not is_undo(settled.backup_id):
        return settled
    stored = read_backup(root, backup_id) if backup_id else _last_migration(root)
    files = [found for found in look(stored) if not found.is_old]
    kept: tuple[str, ...] = ()
    if not force:
        _refuse_edited(stored, [found for found in files if found.change])
        kept = tuple(found.entry.path for found in files if found.is_edited_input)
        files = [found for found in files if not found.is_edited_input]
    if not files:
        return RollbackResult(stored.id, kept=kept)
    undo = create(
        root, [_reversed(stored, found) for found in files], f"rollback of {stored.id}", now, stored
    )
    apply(undo)
    return RollbackResult(
        stored.id,
        restored=tuple(found.entry.path for found in files if found.entry.before),
        removed=tuple(found.entry.path for found in files if not found.entry.before),
        undo_id=undo.id,
        kept=kept,
    )


def _settle(root: Path, now: datetime, *, force: bool) -> RollbackResult | None:
    """Put an interrupted run back, or finish it when all its files are new already; None without one to put back."""
    identifier = interrupted_id(root)
    if identifier is None:
        return None
    stored = read_backup(root, identifier)
    files = look(stored)
    edited = [found for found in files if found.change or found.is_edited_input]
    with reported("What an interrupted run left could not be restored", stored.folder, again_hint(stored)):
        if all(found.is_new for found in files if found.entry.changes):
            finish(stored)
            return None
        if not force:
            _refuse_edited(stored, [found for found in edited if found.change])
        elif edited:
            _keep(root, stored, edited, now)
        return RollbackResult(identifier, restored=put_back(stored, over_changes=force))


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


def _refuse_edited(stored: StoredBackup, edited: list[BackupFile]) -> None:
    refuse(
        [f"{found.entry.path} {found.change}" for found in edited],
        f"Files changed since the run of {stored.manifest.created}. {NOTHING_CHANGED}",
        "`poetry migrate-reqs --rollback --force` restores them and keeps their present content in a backup.",
    )


def _keep(root: Path, stored: StoredBackup, edited: list[BackupFile], now: datetime) -> None:
    """Back up what edited files hold before an interrupted run is put back over them."""
    manifest = Manifest(
        id=next_id(root, now, undo=True),
        created=now.astimezone(UTC).isoformat(timespec="seconds"),
        note=f"edited files that the recovery of {stored.id} replaced",
        entries=tuple(
            BackupEntry(
                found.entry.path,
                found.entry.target,
                state_of(found.data, found.place.mode),
                found.entry.before,
            )
            for found in edited
        ),
        undoes=stored.id,
    )
    write_backup(root, manifest, [found.data for found in edited])


def list_backups(root: Path) -> list[BackupInfo]:
    """Return every backup, oldest first; a damaged one says what is wrong with it. Reads only."""
    running = None
    with suppress(InputError):
        running = interrupted_id(root)
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
