"""Projects before and after a migration, and what a project looks like, for tests of backups."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from poetry_aiops.system.project_paths import HOME
from poetry_aiops.system.transaction.backup import FileChange


if TYPE_CHECKING:
    from collections.abc import Callable


Look = dict[str, tuple[str, int, bytes]]
"""Every folder, link and file of a project but the backups: kind, mode, bytes (for a link, where it leads)."""


@dataclass(frozen=True, slots=True)
class Tree:
    """A project: ``build`` writes it into an empty folder and returns what a migration changes."""

    name: str
    build: Callable[[Path], list[FileChange]]


def look_of(root: Path) -> Look:
    """Return all that a project holds, backups left out."""
    seen: Look = {}
    for folder, folders, files in os.walk(root):
        if Path(folder) == root and HOME in folders:
            folders.remove(HOME)
        for name in folders + files:
            path = Path(folder, name)
            status = path.lstat()
            relative = path.relative_to(root).as_posix()
            if stat.S_ISLNK(status.st_mode):
                seen[relative] = ("link", 0, os.fsencode(path.readlink()))
            elif stat.S_ISDIR(status.st_mode):
                seen[relative] = ("folder", stat.S_IMODE(status.st_mode), b"")
            elif not stat.S_ISREG(status.st_mode):
                seen[relative] = ("other", stat.S_IMODE(status.st_mode), b"")
            else:
                seen[relative] = ("file", stat.S_IMODE(status.st_mode), path.read_bytes())
    return seen


def _write(root: Path, path: str, data: bytes, mode: int = 0o644) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_bytes(data)
    (root / path).chmod(mode)


def _first_migration(root: Path) -> list[FileChange]:
    """Only requirements files; pyproject.toml and poetry.lock are new."""
    _write(root, "requirements.txt", b"torch==2.9.0\n")
    return [
        FileChange("pyproject.toml", None, b"[project]\nname = 'demo'\n"),
        FileChange("poetry.lock", None, b"# lock\n" * 1000),
    ]


def _merge(root: Path) -> list[FileChange]:
    """Names, modes and encodings of all kinds; every file is there before."""
    old = {
        "pyproject.toml": (b"[tool.black]\r\nline-length = 100\r\n", 0o640),
        "requirements/ba se.txt": ("\ufeffnumpy\r\n".encode(), 0o600),
        "requirements/d'ev-ä.txt": ("# größe\npytest\n".encode("latin-1"), 0o755),
        "-r.txt": ("flask\n".encode("utf-16"), 0o444 | 0o200),
        "empty.txt": (b"", 0o664),
        "untouched $(x) `y`.txt": (b"stay", 0o604),
    }
    for path, (data, mode) in old.items():
        _write(root, path, data, mode)
    return [
        FileChange("pyproject.toml", old["pyproject.toml"][0], b"[project]\r\nname = 'demo'\r\n"),
        FileChange("requirements/ba se.txt", old["requirements/ba se.txt"][0], b"numpy==2\n"),
        FileChange("requirements/d'ev-ä.txt", old["requirements/d'ev-ä.txt"][0], b""),
        FileChange("-r.txt", old["-r.txt"][0], b"\x00\xff" * 50, 0o600),
        FileChange("empty.txt", b"", b"no longer empty"),
    ]


def _links_and_folders(root: Path) -> list[FileChange]:
    """Files behind links, new folders, a file that goes, a file whose mode alone changes."""
    _write(root, "deps/base.txt", b"django\n")
    _write(root, "shared/real.toml", b"[project]\n", 0o600)
    _write(root, "setup.cfg", b"[metadata]\n")
    _write(root, "tool", b"#!/bin/sh\n")
    (root / "requirements").symlink_to("deps")
    (root / "pyproject.toml").symlink_to("shared/real.toml")
    return [
        FileChange("pyproject.toml", b"[project]\n", b"[project]\nname = 'linked'\n"),
        FileChange("requirements/base.txt", b"django\n", b"django==5\n"),
        FileChange("new/inner folder/gpu.txt", None, b"torch\n"),
        FileChange("new/cpu.txt", None, b"torch\n"),
        FileChange("setup.cfg", b"[metadata]\n", None),
        FileChange("tool", b"#!/bin/sh\n", b"#!/bin/sh\n", 0o755),
    ]


TREES = {
    tree.name: tree
    for tree in (
        Tree("first", _first_migration),
        Tree("merge", _merge),
        Tree("links", _links_and_folders),
    )
}
