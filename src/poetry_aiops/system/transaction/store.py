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
import secrets
import shutil
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from poetry_aiops.errors import InputError
from poetry_aiops.system.files import TEMPORARY_NAME, reported, sync_folder, write_atomically, write_new
from poetry_aiops.system.project_paths import HOME
from poetry_aiops.system.reading import read_file
from poetry_aiops.system.run_lock import run_lock
from poetry_aiops.system.transaction.backup import (
    damaged,
    is_backup_id,
    is_undo,
    manifest_json,
    parse_manifest,
    stored_name,
)
from poetry_aiops.system.transaction.restore_script import LATEST, restore_script


if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from poetry_aiops.system.transaction.backup import Manifest


PREPARED, RUNNING, APPLIED = "prepared", "running", "applied"
"""Names of the one file in a backup's folder that says how far its run came; it changes by a rename."""

_MANIFEST: Final = "manifest.json"
_RESTORE: Final = "restore.sh"
_JOURNAL: Final = "journal"  # of versions before 1.0: the id of the active run
_FILES: Final = "files"
_LOCK: Final = "lock"
_IGNORE: Final = ".gitignore"
_PRIVATE_FOLDER: Final = 0o700
_PRIVATE_FILE: Final = 0o600
_PROGRAM: Final = 0o700


@dataclass(frozen=True, slots=True)
class StoredBackup:
    """A complete backup on the disk; ``contents`` are what its run writes, one for each file, None for no file."""

    root: Path
    manifest: Manifest
    contents: tuple[bytes | None, ...] = field(default=(), repr=False)

    @property
    def id(self) -> str:
        """Its id, which is the name of its folder."""
        return self.manifest.id

    @property
    def folder(self) -> Path:
        """Where it is."""
        return self.root / HOME / self.id

    @property
    def applied(self) -> bool:
        """Whether the run that it belongs to was brought to its end."""
        return (self.folder / APPLIED).exists()

    def copy(self, index: int) -> bytes:
        """Return what the file at ``index`` held before; raises InputError when the copy is missing or altered."""
        entry = self.manifest.entries[index]
        path = self.folder / _FILES / stored_name(index)
        data = _read_plain(path, f"the copy of {entry.path}")
        if entry.before is None or not entry.before.holds(data):
            raise damaged([f"the copy of {entry.path} is not what was copied"], str(path))
        return data

    def mark(self, state: str) -> None:
        """Note how far the run came; a rename, which needs no space on the disk."""
        for name in (PREPARED, RUNNING):
            with suppress(FileNotFoundError):
                (self.folder / name).replace(self.folder / state)
        (self.folder.parent / _JOURNAL).unlink(missing_ok=True)
        sync_folder(self.folder)
        sync_folder(self.folder.parent)

    def discard(self) -> None:
        """Remove the backup of a run that changed nothing; what cannot be removed is swept by the next run."""
        unfinished = self.folder.with_name(f".{self.id}.new")
        with suppress(OSError):
            self.folder.replace(unfinished)
            shutil.rmtree(unfinished, ignore_errors=True)

    def add(self, manifest: Manifest, copies: Mapping[int, bytes]) -> None:
        """Bring the backup to another manifest; ``copies`` are what its new entries held. Raises OSError.

        Killed in between, the backup holds more than its manifest says, or its restore.sh is the one before.
        """
        if (self.folder / _FILES).is_symlink():
            raise OSError(errno.ELOOP, "it is a link", str(self.folder / _FILES))
        for index in copies:
            (self.folder / _FILES / stored_name(index)).unlink(missing_ok=True)
        _write_copies(self.folder, copies)
        write_atomically(self.folder / _MANIFEST, manifest_json(manifest), _PRIVATE_FILE)
        write_atomically(self.folder / _RESTORE, restore_script(manifest).encode(), _PROGRAM)


@contextmanager
def locked(root: Path, now: datetime) -> Iterator[None]:
    """Keep every other run out of the project while the block runs; raises InputError when one is active.

    A folder of backups that holds none is gone afterwards; where that fails (Windows: the lock is open) it does no harm.
    """
    home = open_home(root)
    with run_lock(home / _LOCK, now):
        try:
            yield
        finally:
            with suppress(OSError):
                if {item.name for item in home.iterdir()} <= {_IGNORE, _LOCK, _RESTORE}:
                    for name in (_IGNORE, _RESTORE, _LOCK):
                        (home / name).unlink(missing_ok=True)
                    home.rmdir()


def open_home(root: Path) -> Path:
    """Return the folder of all backups, made where it is missing."""
    home = root / HOME
    with reported(f"the folder for backups, {HOME}, cannot be written", home):
        home.mkdir(mode=_PRIVATE_FOLDER, exist_ok=True)
        _checked_home(root)
        if not (home / _IGNORE).is_file() or (home / _IGNORE).is_symlink():
            _write_ours(home / _IGNORE, b"*\n", _PRIVATE_FILE)
    return home


def write_backup(root: Path, manifest: Manifest, copies: Mapping[int, bytes]) -> StoredBackup:
    """Write a backup down to the disk; it has its name only once it is complete. Raises OSError."""
    home = open_home(root)
    _sweep(home)
    unfinished = home / f".{manifest.id}.new"
    try:
        (unfinished / _FILES).mkdir(mode=_PRIVATE_FOLDER, parents=True)
        unfinished.chmod(_PRIVATE_FOLDER)
        _write_copies(unfinished, copies)
        write_new(unfinished / _MANIFEST, manifest_json(manifest), _PRIVATE_FILE)
        write_new(unfinished / _RESTORE, restore_script(manifest).encode(), _PROGRAM)
        write_new(unfinished / PREPARED, f"{manifest.undoes or ''}\n".encode(), _PRIVATE_FILE)
        sync_folder(unfinished)
        _write_ours(home / _RESTORE, LATEST.encode(), _PROGRAM)
        unfinished.replace(home / manifest.id)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    sync_folder(home)
    sync_folder(root)
    return StoredBackup(root, manifest)


def read_backup(root: Path, identifier: str) -> StoredBackup:
    """Return a backup by its id; raises InputError when there is none or it is damaged."""
    folder = _checked_home(root) / identifier
    if not is_backup_id(identifier) or not folder.is_dir() or folder.is_symlink():
        raise InputError(
            f"there is no backup {identifier!r} in this project",
            where=str(root / HOME),
            hint="`poetry migrate-reqs --list-backups` shows which there are.",
        )
    path = folder / _MANIFEST
    manifest = parse_manifest(_read_plain(path, "its manifest"), where=str(path))
    if manifest.id != identifier or is_undo(identifier) != (manifest.undoes is not None):
        raise damaged([f"the manifest in folder {identifier} belongs to another backup"], str(path))
    return StoredBackup(root, manifest)


def backup_ids(root: Path) -> list[str]:
    """Return the ids of all backups, oldest first, damaged ones too; raises InputError where they cannot be read."""
    home = _checked_home(root)
    with reported("the backups cannot be read", home, "Make the folder readable, then run this again."):
        try:
            with os.scandir(home) as found:
                return sorted(
                    one.name for one in found if is_backup_id(one.name) and one.is_dir(follow_symlinks=False)
                )
        except FileNotFoundError:
            return []


def interrupted_ids(root: Path) -> list[str]:
    """Return the ids of the runs that were interrupted, oldest first; raises InputError when that is unknown."""
    found = [one for one in backup_ids(root) if (root / HOME / one / RUNNING).exists()]
    path = root / HOME / _JOURNAL
    if not os.path.lexists(path):
        return found
    noted = _read_plain(path, "the note of an interrupted run").decode("ascii", "replace").partition("\n")[0]
    if not is_backup_id(noted):
        raise InputError(
            "a run was interrupted, and the note that says which one is damaged",
            where=str(path),
            hint="Compare the project with the copies beside that file, then remove the file and run this again.",
        )
    return [*found, noted]


def last_applied(root: Path) -> StoredBackup | None:
    """Return the last migration that was brought to its end, rolled back or not; None without one."""
    for identifier in reversed(backup_ids(root)):
        if not is_undo(identifier) and (stored := read_backup(root, identifier)).applied:
            return stored
    return None


def next_id(root: Path, now: datetime, *, undo: bool) -> str:
    """Return an id that sorts behind every other by time, in whatever zone and even where the clock was set back."""
    moment = now.astimezone(UTC)
    for last in backup_ids(root)[-1:]:
        with suppress(ValueError, OverflowError):  # a name that no run of ours gave
            taken = datetime.strptime(last[:23], "%Y%m%dT%H%M%S.%fZ").replace(tzinfo=UTC)
            moment = max(moment, taken + timedelta(microseconds=1))
    return f"{moment:%Y%m%dT%H%M%S.%fZ}-{secrets.token_hex(4)}{'-undo' if undo else ''}"


def _checked_home(root: Path) -> Path:
    """Return the folder of backups; raises InputError where it is a link: it would lead to someone else's files."""
    home = root / HOME
    if home.is_symlink() or (os.path.lexists(home) and not home.is_dir()):
        raise InputError(
            f"{HOME} is not a folder of this project but a link or a file",
            where=str(home),
            hint="Move it away, then run this again.",
        )
    return home


def _read_plain(path: Path, what: str) -> bytes:
    """Read a file of a backup, but never through a link; raises InputError."""
    hint = "Nothing was changed. `poetry migrate-reqs --list-backups` shows the backups."
    with reported(f"{what} cannot be read", path, hint):
        if path.is_symlink():
            raise OSError(errno.ELOOP, "it is a link", str(path))
        return read_file(path)


def _write_copies(folder: Path, copies: Mapping[int, bytes]) -> None:
    for index, data in copies.items():
        write_new(folder / _FILES / stored_name(index), data, _PRIVATE_FILE)
    sync_folder(folder / _FILES)


def _write_ours(path: Path, data: bytes, mode: int) -> None:
    """Write a file into the folder of backups, in place of a link rather than through it."""
    if path.is_symlink():
        path.unlink()
    write_atomically(path, data, mode)


def _sweep(home: Path) -> None:
    """Remove what killed runs left half written; the lock says that none is active."""
    for item in list(home.iterdir()):
        if TEMPORARY_NAME.fullmatch(item.name):
            item.unlink(missing_ok=True)
        elif item.suffix == ".new" and is_backup_id(item.name[1:].removesuffix(".new")):
            shutil.rmtree(item, ignore_errors=True)
