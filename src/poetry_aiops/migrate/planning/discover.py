"""Which requirements files a project has: those at the usual places, and those elsewhere that nobody asked for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from collections.abc import Iterable


_SUFFIXES = (".txt", ".in")
_WORDS = r"requirements?|reqs?|constraints?"
_FILE = re.compile(rf"^(?:.*[-_.])?(?:{_WORDS})(?:[-_.]?.*)?$", re.IGNORECASE)
USUAL_FOLDERS = frozenset(
    {"requirements", "reqs", "config/requirements", "deps/requirements", "requirements-files", "config/reqs"}
)
_DOCUMENTS = re.compile(r"(^|[-_.])(license|licence|readme|notice|authors|changelog)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Discovery:
    """``files`` are taken, ``elsewhere`` look like requirements files of other places of the repository."""

    files: tuple[str, ...]
    elsewhere: tuple[str, ...]


def discover(paths: Iterable[str]) -> Discovery:
    """Sort the files of a repository (POSIX paths relative to the project) into taken ones and the rest.

    Taken are ``requirements*.txt``, ``*-requirements.txt`` and ``constraints*.txt`` of the project's folder, their
    ``.in`` forms, and every ``.txt`` and ``.in`` in a folder that is named for requirements.
    """
    taken, elsewhere = [], []
    for path in sorted(paths, key=_order):
        pure = PurePosixPath(path)
        if pure.suffix.lower() not in _SUFFIXES or _DOCUMENTS.search(pure.stem):
            continue
        folder = str(pure.parent)
        named = _FILE.match(pure.stem) is not None
        if (folder == "." and named) or folder.lower() in USUAL_FOLDERS:
            taken.append(path)
        elif named or pure.parent.name.lower() in {"requirements", "reqs"}:
            elsewhere.append(path)
    return Discovery(tuple(taken), tuple(elsewhere))


def _order(path: str) -> tuple[int, int, str]:
    """Shared files first: short names before long ones, folders after the project's own."""
    return (path.count("/"), len(PurePosixPath(path).stem), path)
