"""Writing files so that a reader meets either the old content or the new one, never half of it."""

from __future__ import annotations

import errno
import os
import re
import secrets
import stat
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from poetry_aiops.errors import InputError


if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


_PRIVATE = 0o600
_USUAL = 0o666
TEMPORARY_NAME: Final = re.compile(r"\.aiops-[0-9a-f]{16}\.tmp(?:\.zip)?")
"""What is written under such a name is left only by a run that was killed."""
_SURELY_LEFT: Final = 3600.0  # seconds


@contextmanager
def reported(what: str, where: Path | str = "", hint: str | None = None) -> Iterator[None]:
    """Turn an OSError of the block into an InputError: ``what``, then the system's reason.

    Without ``where`` the error points to the file that the system names.
    """
    try:
        yield
    except OSError as error:
        place = str(where or error.filename or "") or None
        raise InputError(f"{what}: {error.strerror or error}", where=place, hint=hint) from error


def append_text(path: Path, text: str) -> None:
    """Add a text to a file that another program made and keeps open to several writers; raises OSError."""
    with path.open("a", encoding="utf-8", errors="replace") as file:
        file.write(text)


def write_atomically(path: Path, data: bytes, mode: int | None = None) -> None:
    """Write a file through a temporary one in the same folder: write, fsync, rename.

    ``mode`` are the permission bits; without it an existing file keeps its own and a new one gets the usual
    ones of the process. A symbolic link stays and its target is written. An existing file keeps its owner where
    the process may give files away (root in a container over a user's folder). On failure the temporary file
    goes, the old content stays, and the OSError is raised. A pipe or a device is refused in the same way: a rename
    would put a file in its place. What killed runs left in the folder is removed.
    """
    target = Path(os.path.realpath(path))
    _refuse_what_is_no_file(target)
    remove_leftovers(target.parent)
    temporary = temporary_beside(target)
    try:
        write_new(temporary, data, mode, like=target)
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(target.parent)


def write_together(contents: Mapping[Path, bytes]) -> None:
    """Write several files as :func:`write_atomically` does, all of them or none.

    New and old contents are on the disk before the first file is exchanged, so from then on only names change: a full
    disk cannot stop the way back. A killed process may leave the first files new and the others old.
    """
    staged: list[tuple[Path, Path, Path]] = []
    try:
        for path, data in contents.items():
            target = Path(os.path.realpath(path))
            _refuse_what_is_no_file(target)
            remove_leftovers(target.parent)
            new, old = temporary_beside(target), temporary_beside(target)
            staged.append((target, new, old))
            write_new(new, data, like=target)
            if target.exists():
                write_new(old, target.read_bytes(), like=target)
        _exchange(staged)
    finally:
        for _, new, old in staged:
            new.unlink(missing_ok=True)
            old.unlink(missing_ok=True)
    for folder in {target.parent for target, _, _ in staged}:
        sync_folder(folder)


def _exchange(staged: Sequence[tuple[Path, Path, Path]]) -> None:
    try:
        for target, new, _ in staged:
            new.replace(target)
    except BaseException:
        for target, new, old in staged:
            if new.exists():
                continue  # its turn did not come
            if old.exists():
                old.replace(target)
            else:
                target.unlink()
        raise


def write_new(path: Path, data: bytes, mode: int | None = None, *, like: Path | None = None) -> None:
    """Write a file that must not exist yet, down to the disk, and raise FileExistsError when it does.

    ``mode`` are its permission bits; without it they are those of ``like``, and without that file the usual ones
    of the process. With a mode no other user can open the file before it has it. ``like`` gives the owner and the
    group too, as far as the process may. On failure no file is left and the OSError is raised.
    """
    model = _status_of(like)
    kept = stat.S_IMODE(model.st_mode) if mode is None and model else mode
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    handle = os.open(path, flags, _USUAL if kept is None else _PRIVATE)
    try:
        if model is not None:
            _give_to_the_owner_of(model, handle)
        if kept is not None:
            path.chmod(kept)
        _write_all(handle, data)
        os.fsync(handle)
    except BaseException:
        os.close(handle)
        path.unlink(missing_ok=True)
        raise
    os.close(handle)


def temporary_beside(path: Path, end: str = "") -> Path:
    """Return a new, unpredictable name in a file's folder; ``end`` is ``""`` or ``".zip"``.

    A file that is left there by a killed run goes with a later :func:`write_atomically` into the same folder.
    """
    return path.with_name(f".aiops-{secrets.token_hex(8)}.tmp{end}")


def remove_leftovers(folder: Path) -> None:
    """Remove temporary files that are an hour old; younger ones may be those of a run that goes on. Never raises."""
    with suppress(OSError), os.scandir(folder) as found:
        for item in found:
            if TEMPORARY_NAME.fullmatch(item.name) and item.is_file(follow_symlinks=False):
                with suppress(OSError):
                    if time.time() - item.stat(follow_symlinks=False).st_mtime > _SURELY_LEFT:
                        Path(item.path).unlink()


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk as well; some file systems cannot, which does no harm."""
    if sys.platform == "win32":
        return
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    except OSError:
        return
    finally:
        os.close(handle)


def _write_all(handle: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(handle, rest) :]


def _status_of(path: Path | None) -> os.stat_result | None:
    try:
        return None if path is None else path.stat()
    except FileNotFoundError:
        return None


def _give_to_the_owner_of(model: os.stat_result, handle: int) -> None:
    """Give a new file the group of another, and as root its owner too; where that is not allowed nothing changes."""
    if sys.platform == "win32":
        return
    owner = model.st_uid if os.geteuid() == 0 else -1
    try:
        os.fchown(handle, owner, model.st_gid)
    except OSError:
        return


def _refuse_what_is_no_file(target: Path) -> None:
    with suppress(FileNotFoundError):
        if not stat.S_ISREG(target.stat().st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file", str(target))
