"""One run at a time: a lock that the kernel holds for a process and lets go when it ends, however it ends."""

from __future__ import annotations

import errno
import json
import os
import stat
import sys
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC
from typing import TYPE_CHECKING, Final

from poetry_aiops.errors import InputError
from poetry_aiops.system.files import reported


if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path


_LONGEST: Final = 1000
_FAR: Final = 1 << 30
"""Windows forbids reading locked bytes, so the locked byte is far behind the text."""
_FLAGS: Final = (os.O_RDWR | os.O_CREAT) | sum(
    getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_NOCTTY", "O_BINARY")
)


@contextmanager
def run_lock(path: Path, now: datetime, place: str = "project") -> Iterator[None]:
    """Hold the lock file ``path`` (its folder exists) while the block runs; ``place`` is what it locks, in a word.

    Raises InputError when another process holds it, with that process's id and since when. The file stays and
    says nothing once the block is left; a lock of a killed process is free at once. The block may remove the file.
    """
    handle = None
    while handle is None:
        handle = _taken(path, place)
    try:
        since = now.astimezone(UTC).isoformat(timespec="seconds")
        _write(handle, json.dumps({"pid": os.getpid(), "since": since}))
        yield
    finally:
        _write(handle, "")
        os.close(handle)


def _taken(path: Path, place: str) -> int | None:
    """Return the open, locked file; None where its last holder removed it before we had it. A link is not opened."""
    with ExitStack() as opened:
        hint = "Make the folder writable, then run this again."
        with reported(f"the lock of this {place} cannot be opened", path, hint):
            handle = os.open(path, _FLAGS, 0o600)
            opened.callback(os.close, handle)
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise OSError(errno.EINVAL, "it is not a regular file")
        hint = "Two runs at the same time would damage each other there; work on a copy on a local disk."
        with reported(f"the file system of this {place} cannot lock files", path, hint):
            try:
                _lock(handle)
            except (BlockingIOError, PermissionError):
                raise InputError(
                    f"another run is active in this {place}{_holder(handle)}; nothing was changed",
                    where=str(path),
                    hint="Wait until it ends, then run this again.",
                ) from None
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(handle), path.stat()):
                opened.pop_all()
                return handle
    return None


if sys.platform == "win32":
    import msvcrt

    def _lock(handle: int) -> None:
        os.lseek(handle, _FAR, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _write(handle: int, text: str) -> None:
    """Write who holds the lock; a full disk only costs the later message its process id."""
    with suppress(OSError):
        os.ftruncate(handle, 0)
        os.lseek(handle, 0, os.SEEK_SET)
        os.write(handle, text.encode())


def _holder(handle: int) -> str:
    """Return who holds the lock, as far as the file says; a process that just took it may not have written yet."""
    try:
        os.lseek(handle, 0, os.SEEK_SET)
        document = json.loads(os.read(handle, _LONGEST))
        return f" (process {int(document['pid'])}, since {str(document['since'])[:40]})"
    except (OSError, ValueError, TypeError, KeyError):
        return ""
