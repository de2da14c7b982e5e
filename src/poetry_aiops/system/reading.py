"""The one door for reading files that someone else may have put there: a project, its folders, a cache.

A pipe or a device under the name of one of our inputs must not make a command wait or fill the memory, and a link
must not show a file of the user's that is outside of the project. So nothing in this package reads a path of a
project in another way; ``tests/architecture/test_reading_door.py`` looks for other ways.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final


if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import BufferedReader
    from pathlib import Path


LARGEST: Final = 20_000_000
"""Bytes of a file that a person or Poetry writes; the largest poetry.lock seen has 5 million."""
LARGEST_REPORT: Final = 50_000_000
"""Bytes of a file that this program writes: reports, their history, caches."""
ANYWHERE: Final = os.sep
"""For ``within``: the user named the file, or it is in a cache, so a link may lead to any place."""

_FLAGS: Final = os.O_RDONLY | sum(
    getattr(os, name, 0) for name in ("O_NONBLOCK", "O_NOFOLLOW", "O_NOCTTY", "O_BINARY")
)


class RefusedFileError(OSError):
    """A path that is not read: no regular file, too large, or reached through a link out of the project."""

    def __init__(self, what: str, path: str) -> None:
        super().__init__(errno.EINVAL, what, path)


def read_file(path: Path, *, within: Path | str | None = None, limit: int = LARGEST) -> bytes:
    """Return the bytes of a regular file; ``limit`` is in bytes.

    ``within`` is the folder that no link may lead out of, by default the file's own. The repository around that
    folder counts as the folder. Never waits for a writer. Raises RefusedFileError and every other OSError.
    """
    with open_file(path, within=within, limit=limit) as file:
        data = file.read(limit + 1)
    if len(data) > limit:  # it has grown since, or says no size, as files of /proc do
        raise _too_large(limit, os.fspath(path))
    return data


@contextmanager
def open_file(
    path: Path, *, within: Path | str | None = None, limit: int | None = LARGEST
) -> Iterator[BufferedReader]:
    """Open a regular file for reading, as :func:`read_file` does; a ``limit`` of None sets none."""
    named = os.fspath(path)
    real = os.path.realpath(named)
    if within != ANYWHERE:
        folder = boundary(os.path.dirname(named) if within is None else within)  # noqa: PTH120 - see boundary
        if not _is_inside(real, folder):
            raise RefusedFileError(f"it is a link that leads out of {folder}", named)
    before = os.lstat(real)
    _refuse(before, limit, named)  # before it is opened: opening a device may already do something
    handle = os.open(real, _FLAGS)
    with os.fdopen(handle, "rb") as file:
        opened = os.fstat(handle)
        _refuse(opened, limit, named)
        if not os.path.samestat(before, opened) or os.path.realpath(named) != real:
            raise RefusedFileError("it was replaced while it was opened", named)
        yield file


def boundary(folder: Path | str) -> str:
    """Return the real path of the repository around a folder, else of the folder itself.

    A repository that holds the user's home folder does not count: it may be one of settings, and holds keys too.
    """
    real = os.path.realpath(folder)
    home = os.path.realpath(os.path.expanduser("~"))  # noqa: PTH111 - a Path raises where there is no home
    above, below = real, ""
    while above != below and not _is_inside(home, above):
        if os.path.lexists(os.path.join(above, ".git")):  # noqa: PTH118 - this is called for every file
            return above
        above, below = os.path.dirname(above), above  # noqa: PTH120 - as above
    return real


def _is_inside(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _refuse(status: os.stat_result, limit: int | None, named: str) -> None:
    if stat.S_ISLNK(status.st_mode):
        raise RefusedFileError("it is a link in a circle", named)
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), named)
    if not stat.S_ISREG(status.st_mode):
        raise RefusedFileError("it is not a regular file", named)
    if limit is not None and status.st_size > limit:
        raise _too_large(limit, named)


def _too_large(limit: int, named: str) -> RefusedFileError:
    return RefusedFileError(f"it is larger than {limit // 1_000_000} MB", named)
