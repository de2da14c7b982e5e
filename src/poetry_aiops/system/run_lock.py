"""One run at a time: a lock that the kernel holds for a process and lets go when it ends, however it ends."""

from __future__ import annotations

import json
import os
import stat
import sys
from contextlib import contextmanager
from datetime import UTC
from typing import TYPE_CHECKING, Final

from poetry_aiops.errors import InputError


if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path


_LONGEST: Final = 1000
_FAR: Final = 1 << 30
"""Windows forbids reading locked bytes, so the locked byte is far behind the text."""


@contextmanager
def run_lock(path: Path, now: datetime, place: str = "project") -> Iterator[None]:
    """Hold the lock file ``path`` (its folder exists) while the block runs; ``place`` is what it locks, in a word.

    Raises InputError when another process holds it, with that process's id and since when. The file stays and
    says nothing once the block is left; a lock of a killed process is free at once. The block may remove the file.
    """
    handle = _held(path, place)
    try:
        _write_holder(handle, now)
        try:
            yield
        finally:
            _forget_holder(handle)
    finally:
        os.close(handle)


def _held(path: Path, place: str) -> int:
    """Return the open, locked file; again when its last holder removed it before we had it."""
    while True:
        handle = _open(path, place)
        try:
            _take(handle, path, place)
            if _is_still(path, handle):
                return handle
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)


def _open(path: Path, place: str) -> int:
    """Open the file and never a link in its place."""
    flags = os.O_RDWR | os.O_CREAT
    flags |= sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_NOCTTY", "O_BINARY"))
    try:
        handle = os.open(path, flags, 0o600)
    except OSError as error:
        raise _no_lock(path, place, str(error.strerror)) from error
    if stat.S_ISREG(os.fstat(handle).st_mode):
        return handle
    os.close(handle)
    raise _no_lock(path, place, "it is not a regular file")


def _no_lock(path: Path, place: str, why: str) -> InputError:
    return InputError(
        f"the lock of this {place} cannot be opened: {why}",
        where=str(path),
        hint="Make the folder writable, then run this again.",
    )


def _is_still(path: Path, handle: int) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


def _take(handle: int, path: Path, place: str) -> None:
    try:
        _lock(handle)
    except (BlockingIOError, PermissionError):
        raise InputError(
            f"another run is active in this {place}{_holder(handle)}; nothing was changed",
            where=str(path),
            hint="Wait until it ends, then run this again.",
        ) from None
    except OSError as error:
        raise InputError(
            f"the file system of this {place} cannot lock files: {error.strerror}",
            where=str(path),
            hint="Two runs at the same time would damage each other there; work on a copy on a local disk.",
        ) from error


if sys.platform == "win32":
    import msvcrt

    def _lock(handle: int) -> None:
        os.lseek(handle, _FAR, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _write_holder(handle: int, now: datetime) -> None:
    """Say who holds the lock; a full disk only costs the later message its process id."""
    text = json.dumps({"pid": os.getpid(), "since": now.astimezone(UTC).isoformat(timespec="seconds")})
    try:
        os.ftruncate(handle, 0)
        os.lseek(handle, 0, os.SEEK_SET)
        os.write(handle, text.encode())
    except OSError:
        return


def _forget_holder(handle: int) -> None:
    try:
        os.ftruncate(handle, 0)
    except OSError:
        return


def _holder(handle: int) -> str:
    """Return who holds the lock, as far as the file says; a process that just took it may not have written yet."""
    try:
        os.lseek(handle, 0, os.SEEK_SET)
        document = json.loads(os.read(handle, _LONGEST))
        return f" (process {int(document['pid'])}, since {str(document['since'])[:40]})"
    except (OSError, ValueError, TypeError, KeyError):
        return ""
