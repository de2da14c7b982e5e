"""Standard output and standard error whose reader may go away: the result of a command decides its exit code."""

from __future__ import annotations

import errno
import io
import os
import stat
import sys

from typing import TYPE_CHECKING
from typing import Final


if TYPE_CHECKING:
    from typing import TextIO

    from _typeshed import ReadableBuffer


_CLOSED: Final = frozenset({errno.EPIPE, errno.ESHUTDOWN, errno.ECONNRESET})
_lost: set[int] = set()


def outlive_reader(stream: TextIO) -> None:
    """Let writes to a stream succeed after its reader has gone: the rest of the output goes to the null device.

    Otherwise a closed pipe ends the command in the middle of its work: cleo turns BrokenPipeError into exit code 0,
    and Python ends with 120 when the last flush fails. The file descriptor itself is redirected, so the flush at
    the end of the interpreter and programs that inherit the stream are covered too. A full disk stays an error. Streams
    that are no files (of tests, of a Windows console) are left as they are.
    """
    raw = _file_of(stream)
    if raw is None or "write" in vars(raw):
        return
    write, handle = raw.write, raw.fileno()
    _lost.discard(handle)

    def patient(data: ReadableBuffer) -> int | None:
        try:
            return write(data)
        except OSError as error:
            if not _is_closed(error, handle):
                raise
            _lost.add(handle)
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, handle)
            os.close(null)
            return memoryview(data).nbytes

    raw.write = patient  # type: ignore[method-assign]


def lost_reader(*streams: TextIO) -> bool:
    """Return whether the reader of one of these streams has gone, as far as writing to it has shown."""
    files = (_file_of(stream) for stream in streams)
    return any(file is not None and file.fileno() in _lost for file in files)


def _file_of(stream: TextIO) -> io.FileIO | None:
    buffer = getattr(stream, "buffer", None)
    raw = getattr(buffer, "raw", buffer)  # with PYTHONUNBUFFERED there is no buffer in between
    return raw if isinstance(raw, io.FileIO) else None


def _is_closed(error: OSError, handle: int) -> bool:
    """Tell a pipe, socket or terminal without a reader from a disk that refuses."""
    if error.errno in _CLOSED:
        return True
    if sys.platform == "win32":
        return error.errno == errno.EINVAL  # the C runtime's translation of ERROR_NO_DATA
    return error.errno == errno.EIO and stat.S_ISCHR(os.fstat(handle).st_mode)
