"""The transaction of ``poetry migrate-reqs``: back up, exchange all files or none, put back, list.

How a run uses it (everything that writes happens under the lock)::

    with locked(root, now):
        recover(root)
        backup = create(root, changes, note, now)
        apply(backup)

A rollback is such a transaction too: it makes a backup of what it replaces (its id ends in ``-undo``), so it can be
killed at any moment, and can itself be rolled back by its id.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Literal

from poetry_aiops.errors import InputError
from poetry_aiops.system.transaction.creation import NOTHING_CHANGED, Backup, create_backup, next_id
from poetry_aiops.system.transaction.exchange import again_hint, exchange, finish, look, put_back
from poetry_aiops.system.transaction.model import (
    HOME,
    BackupInfo,
    Entry,
    FileChange,
    Manifest,
    is_undo,
    refuse,
    state_of,
)
from poetry_aiops.system.transaction.restore_script import JOURNAL
from poetry_aiops.system.transaction.signature import signature
from poetry_aiops.system.transaction.store import (
    StoredBackup,
    backup_ids,
    last_applied,
    locked,
    pending,
    read_backup,
    read_journal,
    reported,
    write_backup,
)


if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from poetry_aiops.system.transaction.exchange import Found
    from poetry_aiops.system.transaction.model import Now, State
    from poetry_aiops.system.transaction.store import StoredBackup


__all__ = [
    "Backup",
    "Recovered",
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
class Recovered:
    """What became of an interrupted run: its files are all old (``put back``) or all new (``finished``) now."""

    id: str
    outcome: Literal["put back", "finished"]
    files: tuple[str, ...]


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


def create(root: Path, changes: Sequence[FileChange], note: str, now: datetime) -> Backup:
    """Write a complete backup of every file that ``changes`` touch, before any of them is touched.

    ``note`` says in a few words what the run is; secrets are taken out of it. Raises InputError with everything that
    speaks against the changes: paths that lead out of the project, files that do not hold ``before`` any more,
    read-only files and folders, a full disk, an interrupted run that ``recover`` has not seen, nothing to change.
    """
    return create_backup(root, changes, note, now)


def apply(backup: Backup) -> None:
    """Bring all files of a backup to their new contents, or none.

    Raises InputError when the disk refuses or a file changed meanwhile; then every file is as it was.
    """
    with reported(f"{NOTHING_CHANGED} The files could not be written", backup.stored.root):
        exchange(backup.stored, backup.contents)


def recover(root: Path) -> Recovered | None:
    """Put back what an interrupted run of this user left, or finish it when only its last note was missing.

    None without one. Raises InputError when no run of this user on this machine signed the journal: a rollback that
    the user asks for is the way to follow it. Raises InputError when a file holds neither its old nor its new content: it was edited since. A rollback
    with ``force`` puts such a file back too, and keeps what it held in a backup of its own.
    """
    return _recover(root, None, asked=False)


def rollback(
    root: Path, backup_id: str | None = None, *, now: datetime, force: bool = False
) -> RollbackResult:
    """Put the files of a backup back exactly: bytes, modes, absence; the last migration without an id.

    Call it instead of ``recover``: an interrupted migration is put back and was the last one. Raises InputError when
    there is no such backup, it is damaged, or files that the run changed were edited since (each is named), unless
    ``force``. What it only read and was edited since stays as it is, unless ``force``.
    """
    recovered = _recover(root, now if force else None, asked=True)
    if recovered and backup_id is None and recovered.outcome == "put back" and not is_undo(recovered.id):
        return RollbackResult(recovered.id, restored=recovered.files)
    stored = read_backup(root, backup_id) if backup_id else _last_migration(root)
    files = [found for found in look(stored) if not found.is_old]
    kept: tuple[str, ...] = ()
    if not force:
        _refuse_edited(stored, [found for found in files if found.change])
        kept = tuple(found.entry.path for found in files if found.is_edited_input)
        files = [found for found in files if not found.is_edited_input]
    if not files:
        return RollbackResult(stored.id, kept=kept)
    undo = create_backup(
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


def _recover(root: Path, forced_at: datetime | None, *, asked: bool) -> Recovered | None:
    journal = read_journal(root)
    if journal is None:
        return None
    identifier, signed = journal
    stored = read_backup(root, identifier)
    if not asked and not (
        signed and hmac.compare_digest(signed.encode(), signature(stored.manifest).encode())
    ):
        raise InputError(
            "an interrupted migration is noted here, but not by a run of yours on this machine; nothing was restored",
            where=f"{HOME}/{JOURNAL}",
            details=tuple(f"it names {entry.path}" for entry in stored.manifest.entries),
            hint="`poetry migrate-reqs --rollback` restores these files. If you never migrated this project, remove"
            f" the folder {HOME}.",
        )
    files = look(stored)
    edited = [found for found in files if found.change or found.is_edited_input]
    with reported("What an interrupted run left could not be restored", stored.folder, again_hint(stored)):
        if all(found.is_new for found in files if found.entry.changes) or (edited and stored.applied):
            finish(stored)
            return Recovered(identifier, "finished", tuple(found.entry.path for found in files))
        if forced_at is None:
            _refuse_edited(stored, [found for found in edited if found.change])
        elif edited:
            _keep(root, stored, edited, forced_at)
        return Recovered(identifier, "put back", put_back(stored, over_changes=forced_at is not None))


def _reversed(stored: StoredBackup, found: Found) -> FileChange:
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


def _refuse_edited(stored: StoredBackup, edited: list[Found]) -> None:
    refuse(
        [f"{found.entry.path} {found.change}" for found in edited],
        f"Files changed since the run of {stored.manifest.created}. {NOTHING_CHANGED}",
        "`poetry migrate-reqs --rollback --force` restores them and keeps their present content in a backup.",
    )


def _keep(root: Path, stored: StoredBackup, edited: list[Found], now: datetime) -> None:
    """Back up what edited files hold before an interrupted run is put back over them."""
    manifest = Manifest(
        id=next_id(root, now, undo=True),
        created=now.astimezone(UTC).isoformat(timespec="seconds"),
        note=f"edited files that the recovery of {stored.id} replaced",
        entries=tuple(
            Entry(
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
