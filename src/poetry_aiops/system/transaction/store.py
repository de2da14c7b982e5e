"""``.migration_backup/`` on the disk: one folder for each run, and the lock.

::

    .migration_backup/           0700
      .gitignore                 "*": the copies may hold credentials and never go into a commit
      restore.sh                 runs the restore.sh of the last migration
      lock                       held while a run is active
      <id>/                      complete as soon as it has this name
        manifest.json  restore.sh  files/0000 ...
        prepared                 renamed to "running" before the first file is touched, to "applied" once all are exchanged
"""

from __future__ import annotations

import errno
import os
import shutil
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from poetry_aiops.errors import InputError
from poetry_aiops.system.files import TEMPORARY_NAME, sync_folder, write_atomically, write_new
from poetry_aiops.system.reading import read_file
from poetry_aiops.system.run_lock import run_lock
from poetry_aiops.system.transaction.manifest import manifest_json, parse_manifest
from poetry_aiops.system.transaction.model import (
    APPLIED,
    HOME,
    PREPARED,
    RUNNING,
    is_backup_id,
    is_undo,
    stored_name,
)
from poetry_aiops.system.transaction.restore_script import LATEST, restore_script
from poetry_aiops.system.transaction.restore_script import NAME as RESTORE


if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from poetry_aiops.system.transaction.model import Manifest


MANIFEST: Final = "manifest.json"
JOURNAL: Final = "journal"  # of versions before 1.0: the id of the active run
FILES: Final = "files"
LOCK: Final = "lock"
IGNORE: Final = ".gitignore"

_PRIVATE_FOLDER: Final = 0o700
_PRIVATE_FILE: Final = 0o600
_PROGRAM: Final = 0o700


@dataclass(frozen=True, slots=True)
class StoredBackup:
    """A complete backup on the disk; ``contents`` are what its run writes, one for each file, None for no file."""

    root: Path
    folder: Path
    manifest: Manifest
    contents: tuple[bytes | None, ...] = field(default=(), repr=False)

    @property
    def id(self) -> str:
        """Its id, which is the name of its folder."""
        return self.manifest.id

    @property
    def applied(self) -> bool:
        """Whether the run that it belongs to was brought to its end."""
        return (self.folder / APPLIED).exists()

    def copy(self, index: int) -> bytes:
        """Return what the file at ``index`` held before; raises InputError when the copy is missing or altered."""
        entry = self.manifest.entries[index]
        path = self.folder / FILES / stored_name(index)
        try:
            data = _read_plain(path)
        except OSError as error:
            raise _damaged(path, f"The copy of {entry.path} cannot be read: {error.strerror}.") from error
        if entry.before is None or not entry.before.holds(data):
            raise _damaged(path, f"The copy of {entry.path} is damaged.")
        return data


@contextmanager
def locked(root: Path, now: datetime) -> Iterator[None]:
    """Keep every other run out of the project while the block runs; raises InputError when one is active.

    A folder of backups that holds none is gone afterwards.
    """
    home = open_home(root)
    with run_lock(home / LOCK, now):
        try:
            yield
        finally:
            _leave_nothing_behind(home)


def pending(root: Path) -> bool:
    """Say whether a run was interrupted; raises InputError where the backups cannot be read."""
    return bool(interrupted_ids(root))


def interrupted_ids(root: Path) -> list[str]:
    """Return the ids of the runs that were interrupted, oldest first; raises InputError when that is unknown."""
    found = [one for one in backup_ids(root) if (root / HOME / one / RUNNING).exists()]
    path = root / HOME / JOURNAL
    try:
        noted = _read_plain(path).decode("ascii", "replace").partition("\n")[0]
    except FileNotFoundError:
        return found
    except OSError as error:
        raise InputError(
            f"the note of an interrupted run cannot be read: {error.strerror}",
            where=str(path),
            hint="Make it readable, then run this again.",
        ) from error
    if not is_backup_id(noted):
        raise InputError(
            "a run was interrupted, and the note that says which one is damaged",
            where=str(path),
            hint="Compare the project with the copies beside that file, then remove the file and run this again.",
        )
    return [*found, noted]


def open_home(root: Path) -> Path:
    """Return the folder of all backups, made where it is missing."""
    home = root / HOME
    with reported(f"The folder for backups, {HOME}, cannot be written", home):
        home.mkdir(mode=_PRIVATE_FOLDER, exist_ok=True)
        check_home(root)
        if not (home / IGNORE).is_file() or (home / IGNORE).is_symlink():
            _write_ours(home / IGNORE, b"*\n", _PRIVATE_FILE)
    return home


def check_home(root: Path) -> None:
    """Raise InputError where the folder of backups is a link: it would lead to someone else's files."""
    home = root / HOME
    if home.is_symlink() or (os.path.lexists(home) and not home.is_dir()):
        raise InputError(
            f"{HOME} is not a folder of this project but a link or a file",
            where=str(home),
            hint="Move it away, then run this again.",
        )


def write_backup(root: Path, manifest: Manifest, copies: Sequence[bytes | None]) -> StoredBackup:
    """Write a backup down to the disk; it has its name only once it is complete. Raises OSError."""
    home = open_home(root)
    _sweep(home)
    unfinished = home / f".{manifest.id}.new"
    try:
        (unfinished / FILES).mkdir(mode=_PRIVATE_FOLDER, parents=True)
        unfinished.chmod(_PRIVATE_FOLDER)
        for index, data in enumerate(copies):
            if data is not None:
                write_new(unfinished / FILES / stored_name(index), data, _PRIVATE_FILE)
        write_new(unfinished / MANIFEST, manifest_json(manifest), _PRIVATE_FILE)
        write_new(unfinished / RESTORE, restore_script(manifest).encode(), _PROGRAM)
        write_new(unfinished / PREPARED, f"{manifest.undoes or ''}\n".encode(), _PRIVATE_FILE)
        sync_folder(unfinished / FILES)
        sync_folder(unfinished)
        _write_ours(home / RESTORE, LATEST.encode(), _PROGRAM)
        unfinished.replace(home / manifest.id)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    sync_folder(home)
    sync_folder(root)
    return StoredBackup(root, home / manifest.id, manifest)


def discard(backup: StoredBackup) -> None:
    """Remove the backup of a run that changed nothing; what cannot be removed is swept by the next run."""
    unfinished = backup.folder.with_name(f".{backup.id}.new")
    try:
        backup.folder.replace(unfinished)
    except OSError:
        return
    shutil.rmtree(unfinished, ignore_errors=True)


def mark(backup: StoredBackup, state: str) -> None:
    """Note how far a run came; a rename, which needs no space on the disk."""
    for name in (PREPARED, RUNNING):
        with suppress(FileNotFoundError):
            (backup.folder / name).replace(backup.folder / state)
    (backup.folder.parent / JOURNAL).unlink(missing_ok=True)
    sync_folder(backup.folder)
    sync_folder(backup.folder.parent)


def read_backup(root: Path, identifier: str) -> StoredBackup:
    """Return a backup by its id; raises InputError when there is none or it is damaged."""
    check_home(root)
    folder = root / HOME / identifier
    if not is_backup_id(identifier) or not folder.is_dir() or folder.is_symlink():
        raise InputError(
            f"there is no backup {identifier!r} in this project",
            where=str(root / HOME),
            hint="`poetry migrate-reqs --list-backups` shows which there are.",
        )
    path = folder / MANIFEST
    try:
        manifest = parse_manifest(_read_plain(path), where=str(path))
    except OSError as error:
        raise _damaged(
            path, f"The manifest of backup {identifier} cannot be read: {error.strerror}."
        ) from error
    if manifest.id != identifier or is_undo(identifier) != (manifest.undoes is not None):
        raise _damaged(path, f"The manifest in folder {identifier} belongs to another backup.")
    return StoredBackup(root, folder, manifest)


def backup_ids(root: Path) -> list[str]:
    """Return the ids of all backups, oldest first, damaged ones too."""
    check_home(root)
    try:
        with os.scandir(root / HOME) as found:
            return sorted(
                item.name for item in found if is_backup_id(item.name) and item.is_dir(follow_symlinks=False)
            )
    except FileNotFoundError:
        return []
    except OSError as error:
        raise InputError(
            f"the backups cannot be read: {error.strerror}",
            where=str(root / HOME),
            hint="Make the folder readable, then run this again.",
        ) from error


def last_applied(root: Path) -> StoredBackup | None:
    """Return the last migration that was brought to its end, rolled back or not; None without one."""
    for identifier in reversed(backup_ids(root)):
        if not is_undo(identifier) and (stored := read_backup(root, identifier)).applied:
            return stored
    return None


def add_to_backup(backup: StoredBackup, manifest: Manifest, copies: Mapping[int, bytes]) -> None:
    """Bring a backup to another manifest; ``copies`` are what its new entries held. Raises OSError.

    Killed in between, the backup holds more than its manifest says, or its restore.sh is the one before.
    """
    folder = backup.folder / FILES
    if folder.is_symlink():
        raise OSError(errno.ELOOP, "it is a link", str(folder))
    for index, data in copies.items():
        (folder / stored_name(index)).unlink(missing_ok=True)
        write_new(folder / stored_name(index), data, _PRIVATE_FILE)
    sync_folder(folder)
    write_atomically(backup.folder / MANIFEST, manifest_json(manifest), _PRIVATE_FILE)
    write_atomically(backup.folder / RESTORE, restore_script(manifest).encode(), _PROGRAM)


@contextmanager
def reported(what: str, where: Path, hint: str | None = None) -> Iterator[None]:
    """Turn an OSError of the block into an InputError: ``what``, then the system's reason."""
    try:
        yield
    except OSError as error:
        raise InputError(
            f"{what}: {error.strerror or error}.", where=str(error.filename or where), hint=hint
        ) from error


def _read_plain(path: Path) -> bytes:
    """Read a file of a backup, but never through a link."""
    if path.is_symlink():
        raise OSError(errno.ELOOP, "it is a link", str(path))
    return read_file(path)


def _write_ours(path: Path, data: bytes, mode: int) -> None:
    """Write a file into the folder of backups, in place of a link rather than through it."""
    if path.is_symlink():
        path.unlink()
    write_atomically(path, data, mode)


def _damaged(path: Path, what: str) -> InputError:
    return InputError(
        what,
        where=str(path),
        hint="Nothing was changed. `poetry migrate-reqs --list-backups` shows the other backups.",
    )


def _sweep(home: Path) -> None:
    """Remove what killed runs left half written; the lock says that none is active."""
    with os.scandir(home) as found:
        names = [item.name for item in found]
    for name in names:
        if TEMPORARY_NAME.fullmatch(name):
            (home / name).unlink(missing_ok=True)
        elif name.endswith(".new") and is_backup_id(name[1:].removesuffix(".new")):
            shutil.rmtree(home / name, ignore_errors=True)


def _leave_nothing_behind(home: Path) -> None:
    """Remove the folder when it holds no backup; where that fails (Windows: the lock is open) it does no harm."""
    try:
        if {item.name for item in home.iterdir()} <= {IGNORE, LOCK, RESTORE}:
            for name in (IGNORE, RESTORE, LOCK):
                (home / name).unlink(missing_ok=True)
            home.rmdir()
    except OSError:
        return
