"""Projects with requirements files, as the tests of ``poetry migrate-reqs`` begin."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Protocol

from tests.support.poetry_program import Project
from tests.support.standard_index import PYPI


if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.index import PackageIndex


class Tree(Protocol):
    """Writes the files of one project."""

    def __call__(self, index: PackageIndex, **files: str) -> Project:
        """Return a project with these files; ``INDEX`` in a text stands for the address of the served index."""


def tree_in(folder: Path) -> Tree:
    """Return a factory that writes the project into ``folder``."""

    def write(index: PackageIndex, **files: str) -> Project:
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text.replace("INDEX", index.url(PYPI)), "utf-8")
        return Project(folder)

    return write


def content(project: Project) -> dict[str, bytes]:
    """Return every file of the project but its environment and backups."""
    return {
        str(path.relative_to(project.path)): path.read_bytes()
        for path in sorted(project.path.rglob("*"))
        if path.is_file() and not {".venv", ".migration_backup"} & set(path.relative_to(project.path).parts)
    }


def versions(project: Project) -> dict[str, str]:
    """Return the locked version of every package."""
    lock = tomllib.loads(project.lock_path.read_text("utf-8"))
    return {package["name"]: package["version"] for package in lock["package"]}
