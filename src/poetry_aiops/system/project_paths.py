"""Where a relative path of a project really leads: links followed, and never out of the project."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from poetry_aiops.system.transaction.model import path_problem


_NO_WRITE_BIT: Final = 0o222


@dataclass(frozen=True, slots=True)
class ProjectFile:
    """A file of a project: ``path`` without any link, ``name`` the same relative to the project, with slashes.

    ``status`` is None for a file that does not exist.
    """

    path: Path
    name: str
    status: os.stat_result | None

    @property
    def mode(self) -> int | None:
        """The permission bits, None for a file that does not exist."""
        return None if self.status is None else stat.S_IMODE(self.status.st_mode)


def find_place(root: Path, path: str) -> ProjectFile | str:
    """Return where a path of the project leads, or why it must not be used, as the end of a sentence.

    Refused are paths that lead out of ``root`` (be it by a link), links in a circle, and what is not a regular file.
    """
    real_root = Path(os.path.realpath(root))
    problem = path_problem(path)
    if problem is not None:
        return problem
    real = Path(os.path.realpath(real_root / path))
    if not real.is_relative_to(real_root) or real == real_root:
        return "is a link that leads out of the project"
    name = real.relative_to(real_root).as_posix()
    problem = path_problem(name)
    return _look_at(real, name) if problem is None else f"leads to {name!r}, which {problem}"


def _look_at(real: Path, name: str) -> ProjectFile | str:
    try:
        status = real.lstat()
    except FileNotFoundError:
        return ProjectFile(real, name, None)
    except NotADirectoryError:
        return "is under a file, not under a folder"
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    if stat.S_ISLNK(status.st_mode):
        return "is a link in a circle"
    return ProjectFile(real, name, status) if stat.S_ISREG(status.st_mode) else "is not a regular file"


def writing_problem(place: ProjectFile) -> str | None:
    """Return why a file could not be exchanged, None when nothing speaks against it."""
    if place.mode is not None and (not place.mode & _NO_WRITE_BIT or not os.access(place.path, os.W_OK)):
        return "is read-only"
    folder = nearest_folder(place.path)
    if not folder.is_dir():
        return "is under a file, not under a folder"
    if not os.access(folder, os.W_OK | os.X_OK):
        return f"is in {folder}, which is read-only"
    return None


def nearest_folder(path: Path) -> Path:
    """Return the innermost folder above a file that exists."""
    return next(parent for parent in path.parents if os.path.lexists(parent))


def missing_folders(root: Path, places: list[ProjectFile]) -> tuple[str, ...]:
    """Return the folders that writing the files would have to make, outer first, relative to the project."""
    real_root = Path(os.path.realpath(root))
    missing = {
        parent
        for place in places
        for parent in place.path.parents
        if parent.is_relative_to(real_root) and not parent.exists()
    }
    return tuple(folder.relative_to(real_root).as_posix() for folder in sorted(missing))
