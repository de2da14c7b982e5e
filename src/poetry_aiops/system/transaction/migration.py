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
from dataclasses import dataclass, replace
from datetime import UTC
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final, Literal

from poetry_aiops.errors import InputError
from poetry_aiops.system.addresses import redact
from poetry_aiops.system.files import reported
from poetry_aiops.system.project_paths import (
    HOME,
    ProjectFile,
    find_place,
    missing_folders,
    writing_problem,
)
from poetry_aiops.system.transaction.backup import (
    MODE_BITS,
    BackupEntry,
    FileChange,
    Manifest,
    refuse,
    state_of,
)
from poetry_aiops.system.transaction.exchange import again_hint, exchange, finish, look, put_back, state_now
from poetry_aiops.system.transaction.store import (
    StoredBackup,
    backup_ids,
    interrupted_ids,
    last_applied,
    next_id,
    read_backup,
    write_backup,
)


if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from pathlib import Path

    from poetry_aiops.system.transaction.exchange import BackupFile, Now


_PUT_BACK: Final = f"`poetry migrate-reqs --rollback` restores the files. If you never migrated this project, remove the folder {HOME}."


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


@dataclass(frozen=True, slots=True)
class BackupInfo:
    """One line of ``--list-backups``.

    ``state`` is what became of the run; ``now`` compares the files of today with the backup: ``new`` as the run
    left them, ``old`` as before it. ``damage`` says what is wrong with a damaged backup.
    """

    id: str
    state: Literal["applied", "not applied", "interrupted", "damaged"]
    now: Now = "unknown"
    created: str = ""
    note: str = ""
    undoes: str | None = None
    files: tuple[str, ...] = ()
    damage: str | None = None


def create(
    root: Path, changes: Iterable[FileChange], note: str, now: datetime, undoes: StoredBackup | None = None
) -> StoredBackup:
    """Write a complete backup of every file that ``changes`` touch, before any of them is touched, for ``apply``.

    ``note`` says in a few words what the run is; secrets are taken out of it. Raises InputError with everything that
    speaks against the changes: paths that lead out of the project, files that do not hold ``before`` any more,
    read-only files and folders, a full disk, nothing to change, and an interrupted run, unless this one ``undoes`` it.
    """
    if undoes is None and interrupted_ids(root):
        raise InputError("a run was interrupted and must be restored first", where=HOME, hint=_PUT_BACK)
    with reported("Nothing was changed. The backup could not be written"):
        kept = _placed(root, changes)
        if all(change.is_read_only for change, _ in kept):
            raise InputError("there is nothing to change, so no backup was made")
        manifest = Manifest(
            id=next_id(root, now, undo=undoes is not None),
            created=now.astimezone(UTC).isoformat(timespec="seconds"),
            note=" ".join(redact(note).split()),
            entries=tuple(_entry(change, place) for change, place in kept),
            made_folders=missing_folders(root, [place for change, place in kept if change.after is not None]),
            dropped_folders=undoes.manifest.made_folders if undoes else (),
            undoes=undoes.id if undoes else None,
        )
        copies = {at: change.before for at, (change, _) in enumerate(kept) if change.before is not None}
        stored = write_backup(root, manifest, copies)
    return replace(stored, contents=tuple(change.after for change, _ in kept))


def _placed(root: Path, changes: Iterable[FileChange]) -> list[tuple[FileChange, ProjectFile]]:
    """Return each change with its place on the disk, those first that write; raises InputError with every problem.

    A file that is only read can be named again, or be outside of the project, where no backup can hold it.
    """
    kept: dict[str, tuple[FileChange, ProjectFile]] = {}
    problems: list[str] = []
    for change in sorted(changes, key=lambda change: change.is_read_only):
        place = find_place(root, change.path)
        if isinstance(place, str):
            problem = None if change.is_read_only else place
        elif place.name in kept:
            other = kept[place.name][0].path
            twice = "is named twice" if other == change.path else f"is the same file as {other}"
            problem = None if change.is_read_only else twice
        else:
            kept[place.name] = change, place
            problem = None if change.is_read_only else writing_problem(place)
            if problem is None and place.read() != change.before:
                problem = "changed since it was read"
        problems += [f"{change.path} {problem}"] if problem else []
    folders = {str(parent) for name in kept for parent in PurePosixPath(name).parents}
    problems += [f"{name} is named as a file and as a folder" for name in kept if name in folders]
    what = "these files cannot be changed. Nothing was changed."
    refuse(problems, what, "Correct what is named here, then run this again.")
    return list(kept.values())


def _entry(change: FileChange, place: ProjectFile) -> BackupEntry:
    mode = None if place.mode is None else place.mode & MODE_BITS
    after = mode if change.mode is None else change.mode & MODE_BITS
    return BackupEntry(change.path, place.name, state_of(change.before, mode), state_of(change.after, after))


def apply(backup: StoredBackup) -> None:
    """Bring all files of a backup to their new contents, or none.

    Raises InputError when the disk refuses or a file changed meanwhile; then every file is unchanged.
    """
    with reported("Nothing was changed. The files could not be written"):
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
            hint=_PUT_BACK,
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
    own = _migration_of(stored).id
    others = [f"{one.id} was interrupted" for one in unsettled if _migration_of(one).id != own]
    refuse(others, "another run must be restored first. Nothing was changed.", _PUT_BACK)
    files = [found for found in look(stored) if not found.is_old]
    kept: tuple[str, ...] = ()
    if not force:
        refuse(
            [f"{found.entry.path} {found.change}" for found in files if found.change],
            f"Files changed since the run of {stored.manifest.created}. Nothing was changed.",
            "`poetry migrate-reqs --rollback --force` restores them and keeps their present content in a backup.",
        )
        kept = tuple(found.entry.path for found in files if found.is_edited_input)
        files = [found for found in files if not found.is_edited_input]
    if not files:
        return RollbackResult(stored.id, kept=kept)
    changes = [_reversed(stored, found) for found in files]
    undo = create(root, changes, f"rollback of {stored.id}", now, stored)
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
        what = "The remains of an interrupted run could not be removed"
        with reported(what, hint=again_hint(stored)):
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
        manifest = stored.manifest
        for index, entry in enumerate(manifest.entries):
            if entry.before is not None:
                stored.copy(index)
    except InputError as error:
        return BackupInfo(identifier, "damaged", damage="; ".join((error.what, *error.details)))
    now: Now = "unknown"
    with suppress(InputError, OSError):
        now = state_now(look(stored))
    return BackupInfo(
        identifier,
        "interrupted" if interrupted else "applied" if stored.applied else "not applied",
        now,
        manifest.created,
        manifest.note,
        manifest.undoes,
        tuple(entry.path for entry in manifest.entries),
    )
