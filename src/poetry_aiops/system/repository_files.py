"""The files of a project's repository: those that git knows or would take, else those that a walk finds."""

from __future__ import annotations

import codecs
import os
import stat
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

from poetry_aiops.system.process import run_limited
from poetry_aiops.system.reading import read_file
from poetry_aiops.system.text import decode


if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


LARGEST: Final = 1_048_576
MOST_FILES: Final = 100_000
SKIPPED_FOLDERS: Final = frozenset(
    {
        ".cache",
        ".eggs",
        ".git",
        ".hg",
        ".migration_backup",
        ".mypy_cache",
        ".nox",
        ".pytest_cache",
        ".ruff_cache",
        ".svn",
        ".tox",
        ".venv",
        "__pycache__",
        "_vendor",
        "bower_components",
        "dependency_reports",
        "node_modules",
        "site-packages",
        "third-party",
        "third_party",
        "thirdparty",
        "vendor",
        "vendored",
        "venv",
        "virtualenv",
    }
)
_TIME_LIMIT: Final = 10.0
_REDIRECTING: Final = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_CEILING_DIRECTORIES")


@dataclass(frozen=True, slots=True)
class RepositoryFile:
    """A file of a repository: its POSIX path relative to the project, its size in bytes."""

    path: str
    size: int


def list_files(root: Path) -> tuple[RepositoryFile, ...]:
    """Return a project's files with their sizes, sorted by path; never raises for what cannot be read.

    In a git repository these are the tracked files and the new ones that git does not ignore; elsewhere, or where
    git cannot say, those of a walk that leaves out environments, caches and vendored folders and ends after
    ``MOST_FILES`` files. Links that lead out of the project, folders behind links, and what is not a regular file are
    left out.
    """
    real_root = os.path.realpath(root)
    paths = _known_to_git(root) or islice(_walk(real_root), MOST_FILES)
    found = (_listed(real_root, path) for path in sorted(set(paths)))
    return tuple(file for file in found if file is not None)


def read_text(root: Path, path: str) -> str | None:
    """Return the text of a file of the project; None for what is binary, too large, gone, or outside by a link."""
    try:
        data = read_file(root / path, within=root, limit=LARGEST)
    except (OSError, ValueError):
        return None
    is_wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return decode(data) if is_wide or is_text(data) else None


def is_text(data: bytes) -> bool:
    """Tell whether bytes are text: no NUL among the first 8000."""
    return 0 not in data[:8000]


def _known_to_git(root: Path) -> list[str]:
    """Return what git lists; a repository's own configuration must not start programs, so fsmonitor is off."""
    environment = {name: value for name, value in os.environ.items() if name not in _REDIRECTING}
    options = ("-c", "core.fsmonitor=false", "-c", "core.untrackedCache=false")
    listing = ("ls-files", "-z", "--cached", "--others", "--exclude-standard")
    finished = run_limited(
        ("git", "-C", str(root), *options, *listing), _TIME_LIMIT, {**environment, "GIT_OPTIONAL_LOCKS": "0"}
    )
    if finished.outcome != "ok":
        return []
    return [os.fsdecode(path) for path in finished.output.split(b"\0") if path]


def _walk(root: str) -> Iterator[str]:
    for folder, folders, files in os.walk(root, followlinks=False):
        folders[:] = sorted(name for name in folders if name.lower() not in SKIPPED_FOLDERS)
        for name in sorted(files):
            path = os.path.relpath(os.path.join(folder, name), root)  # noqa: PTH118 - Path costs most of a walk
            yield path.replace(os.sep, "/")


def _listed(root: str, path: str) -> RepositoryFile | None:
    full = os.path.join(root, path)  # noqa: PTH118 - Path costs most of a walk
    try:
        status = os.lstat(full)
        real = os.path.realpath(full)
        if stat.S_ISLNK(status.st_mode) or real != full:
            if not real.startswith(root + os.sep):
                return None
            status = os.stat(real)  # noqa: PTH116 - as above
    except (OSError, ValueError):
        return None
    return RepositoryFile(path, status.st_size) if stat.S_ISREG(status.st_mode) else None
