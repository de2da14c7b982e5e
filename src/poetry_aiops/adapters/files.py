"""Writing files so that a reader meets either the old content or the new one, never half of it."""

from __future__ import annotations

import os
import secrets
import sys

from pathlib import Path


def write_atomically(path: Path, data: bytes, mode: int | None = None) -> None:
    """Write a file through a temporary one in the same folder: write, fsync, rename.

    ``mode`` are the permission bits; without it an existing file keeps its own and a new one gets the usual
    ones of the process. A symbolic link stays and its target is written. On failure the temporary file goes,
    the old content stays, and the OSError is raised.
    """
    target = Path(os.path.realpath(path))
    kept = _mode_of(target) if mode is None else mode
    temporary = target.parent / f".{secrets.token_hex(8)}.tmp"
    try:
        _write(temporary, data, kept)
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(target.parent)


def _mode_of(path: Path) -> int | None:
    try:
        return path.stat().st_mode & 0o7777
    except FileNotFoundError:
        return None


def _write(path: Path, data: bytes, mode: int | None) -> None:
    """Write a new file; its first permissions are those that the process's umask leaves."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(path, flags, 0o666), "wb") as file:
        if mode is not None:
            path.chmod(mode)
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """Bring the new name to the disk as well; some file systems cannot, which does no harm."""
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
