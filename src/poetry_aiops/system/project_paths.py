"""Where a relative path of a project really leads: links followed, and never out of the project."""

from __future__ import annotations

import os
import re
import stat
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from poetry_aiops.system.reading import read_file


HOME: Final = ".migration_backup"
"""The folder of all backups, in the project's folder."""

_FOREIGN: Final = frozenset({HOME, ".git", ".hg", ".svn"})
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")
_OTHER_SYSTEMS: Final = re.compile(r".*\\|[A-Za-z]:", re.DOTALL)
_SHORT_NAME: Final = re.compile(r"[^.]{1,7}~[0-9]{1,6}(\.[^.]{0,3})?")
_DEVICE: Final = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|com[0-9]|lpt[0-9])(\..*)?")
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

    def read(self) -> bytes | None:
        """Return its bytes, None for a file that does not exist; raises OSError."""
        try:
            return read_file(self.path)
        except FileNotFoundError:
            return None


def path_problem(path: str) -> str | None:
    """Return why a path must not be used, ``None`` for a good one: relative, with slashes, inside, printable."""
    parts = path.split("/")
    if _CONTROL.search(path):
        return "has a control character in its name"
    if _SURROGATE.search(path):
        return "has a name that is not UTF-8"
    if _OTHER_SYSTEMS.match(path):
        return "is written with a backslash or a drive"
    if path.startswith("/") or ".." in parts:
        return "leads out of the project"
    if not all(parts) or "." in parts:
        return "is not an ordinary path"
    return next(filter(None, map(_part_problem, parts)), None)


def find_place(root: Path, path: str) -> ProjectFile | str:
    """Return where a path of the project leads, or why it must not be used, as the end of a sentence.

    Refused are paths that lead out of ``root`` (be it by a link), links in a circle, and what is not a regular file.
    """
    if problem := path_problem(path):
        return problem
    real_root = Path(os.path.realpath(root))
    real = Path(os.path.realpath(real_root / path))
    if not real.is_relative_to(real_root) or real == real_root:
        return "is a link that leads out of the project"
    name = real.relative_to(real_root).as_posix()
    if problem := path_problem(name):
        return f"leads to {name!r}, which {problem}"
    return _at(real, name)


def _at(real: Path, name: str) -> ProjectFile | str:
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
    folder = next(parent for parent in place.path.parents if os.path.lexists(parent))
    if not folder.is_dir():
        return "is under a file, not under a folder"
    if not os.access(folder, os.W_OK | os.X_OK):
        return f"is in {folder}, which is read-only"
    return None


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


def _part_problem(part: str) -> str | None:
    """Return why no part of a path may have this name on any system.

    Some take letters of another case or width for the same (APFS, NTFS), pass over signs without a width (HFS+), or
    dots and blanks at the end, a stream after a colon, and know files by short names and devices by theirs (Windows).
    """
    same = "".join(
        character
        for character in unicodedata.normalize("NFKC", part).casefold()
        if unicodedata.category(character) != "Cf"
    )
    if same.partition(":")[0].rstrip(". ") in _FOREIGN:
        return f"is in {part}, which no migration touches"
    if ":" in same or same != same.rstrip(". ") or _SHORT_NAME.fullmatch(same) or _DEVICE.fullmatch(same):
        return f"has {part!r} in it, which Windows takes for another name"
    return None
