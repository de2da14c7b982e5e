"""Folders for the console blocks of the migration guide, of troubleshooting and of the examples.

All of them begin with what lies in ``examples/``; what has to be locked or installed comes from stand-ins.
"""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

from scripts.demo_index import MAIN_INDEX, TORCH_INDEXES, demo_index, with_own_sources
from tests.docs.console import REPOSITORY


if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tests.support.index import PackageIndex
    from tests.support.poetry_program import PoetryProgram


EXAMPLES = REPOSITORY / "examples"
WITHOUT = shutil.ignore_patterns(".venv", "__pycache__", "dependency_reports")
PYTHONS = ">=3.11,<3.15"
# The pins of examples/migrate/before with what the real packages need, and newer ones for `poetry update`.
_PACKAGES = """
annotated-types 0.8.0
anyio 4.12.1: idna>=2.8
anyio 4.16.0: idna>=2.8, typing-extensions>=4.16
click 8.5.1
fastapi 0.119.1: pydantic>=2, starlette>=0.40,<0.49, typing-extensions>=4.8
fastapi 0.120.4: pydantic>=2, starlette>=0.40,<0.49, typing-extensions>=4.8
httpx 0.28.1: anyio, h11
idna 3.20
packaging 26.1
packaging 26.4
pluggy 1.7.0
pydantic 2.14.4: annotated-types, pydantic-core==2.50.5, typing-extensions>=4.16, typing-inspection>=0.4.4
pydantic-core 2.50.5: typing-extensions>=4.16
pydantic-settings 2.11.0: pydantic>=2.7, python-dotenv>=0.21, typing-inspection>=0.4
pytest 8.4.2: colorama ; sys_platform == "win32", iniconfig, packaging>=20, pluggy>=1.5,<2
python-dotenv 1.2.4
ruff 0.14.2
starlette 0.48.0: anyio>=3.6.2,<5
typing-extensions 4.16.0
typing-inspection 0.4.5: typing-extensions>=4.15
uvicorn 0.38.0: click>=7, h11>=0.8
"""


def stand_ins(bodies: Mapping[str, str] | None = None) -> PackageIndex:
    """Return the index with everything that the examples need; it is not started yet.

    ``bodies`` maps a package to the Python text of its module, for those that have to do something.
    """
    bodies = bodies or {}
    index = demo_index(bodies)
    torch = ["filelock", "typing-extensions>=4.10", "sympy>=1.13", "networkx", "jinja2", "fsspec"]
    index.publish("cu121", "torch", "2.5.1+cu121", torch, body=bodies.get("torch", ""))
    for line in _PACKAGES.strip().splitlines():
        head, _, requires = line.partition(": ")
        name, version = head.split()
        wanted = requires.split(", ") if requires else ()
        index.publish(MAIN_INDEX, name, version, wanted, body=bodies.get(name, ""))
    extras = {"cuda": ["nvidia-cublas"], "cudnn": ["nvidia-cudnn-cu13"]}
    index.publish(
        MAIN_INDEX, "onnxruntime-gpu", "1.32.0", ["flatbuffers", "numpy", "packaging", "protobuf"], extras
    )
    return index


class Places:
    """Makes each folder once and hands out copies; the index has to be served meanwhile."""

    def __init__(self, poetry: PoetryProgram, index: PackageIndex, folder: Path) -> None:
        self.poetry = poetry
        self._index = index
        self._folder = folder
        self._made: dict[str, Path] = {}

    def copy(self, name: str, change: str | None, target: Path) -> Path:
        """Return a copy in ``target`` of the folder that is called ``name`` in the pages, changed as they say."""
        if name not in self._made:
            self._made[name] = self._folder / name / "shop"
            PLACES[name](self, self._made[name])
        copied = target / self._made[name].name
        shutil.copytree(self._made[name], copied, symlinks=True)
        if change:
            CHANGES[change](copied)
        return copied

    def requirements(self, folder: Path) -> None:
        """Make the requirements files of a team, before anything moved."""
        shutil.copytree(EXAMPLES / "migrate" / "before", folder)
        commit(folder, "The shop as it was")

    def unlocked(self, folder: Path) -> None:
        """Migrate without a lock; from now on, packages come from stand-ins."""
        self.requirements(folder)
        self.move_without_lock(folder)

    def move_without_lock(self, folder: Path) -> None:
        """Write pyproject.toml alone, with stand-ins in place of the real indexes."""
        self.poetry.must(folder, "migrate-reqs", "--no-lock", "--python", PYTHONS)
        for file in folder.glob("requirements_c*.txt"):
            text = file.read_text("utf-8")
            for backend in ("cpu", "cu126"):
                text = text.replace(f"{TORCH_INDEXES}{backend}", self._index.url(backend))
            file.write_text(text, "utf-8")
        self._with_stand_ins(folder)

    def moved(self, folder: Path) -> None:
        """Migrate, lock and commit; the environment is empty."""
        self.unlocked(folder)
        self.poetry.must(folder, "migrate-reqs")
        self.poetry.must(folder, "run", "python", "--version")  # makes the environment once, for all copies
        commit(folder, "Move to Poetry")

    def container(self, folder: Path) -> None:
        """Make the requirements files of examples/container, which take packages from stand-ins."""
        write_container(folder, self._index)

    def edge(self, folder: Path) -> None:
        """Lock examples/edge."""
        shutil.copytree(EXAMPLES / "edge", folder, ignore=WITHOUT)
        self._with_stand_ins(folder)
        self.poetry.must(folder, "lock")

    def gate(self, folder: Path) -> None:
        """Copy examples/ci-gate, which has a lock."""
        shutil.copytree(EXAMPLES / "ci-gate", folder, ignore=WITHOUT)

    def pull_request(self, folder: Path) -> None:
        """Commit the base of examples/graph-diff on main, and check the pull request out."""
        shutil.copytree(EXAMPLES / "graph-diff" / "base", folder)
        commit(folder, "The base")
        shutil.copytree(EXAMPLES / "graph-diff", folder, ignore=WITHOUT, dirs_exist_ok=True)

    def _with_stand_ins(self, folder: Path) -> None:
        pyproject = folder / "pyproject.toml"
        pyproject.write_text(with_own_sources(pyproject.read_text("utf-8"), self._index), "utf-8")


CHANGES: dict[str, Callable[[Path], None]] = {
    "newer-fastapi": lambda folder: _replace(folder / "pyproject.toml", "(>=0.119,<1.0)", "(>=0.120,<1.0)"),
    "conflict": lambda folder: _replace(folder / "poetry.lock", "# This file", "<<<<<<< HEAD\n# This file"),
}
PLACES: dict[str, Callable[[Places, Path], None]] = {
    "requirements": Places.requirements,
    "unlocked": Places.unlocked,
    "moved": Places.moved,
    "container": Places.container,
    "edge": Places.edge,
    "gate": Places.gate,
    "pull_request": Places.pull_request,
}


def write_container(folder: Path, index: PackageIndex) -> None:
    """Copy examples/container/before and commit it, with the served index in place of the real ones."""
    shutil.copytree(EXAMPLES / "container" / "before", folder, ignore=WITHOUT)
    requirements = folder / "config" / "requirements"
    _replace(requirements / "production.txt", f"{TORCH_INDEXES}cu121", index.url("cu121"))
    _replace(requirements / "base.txt", "# the web", f"--index-url {index.url(MAIN_INDEX)}\n# the web")
    commit(folder, "The chatbot as it was")


def _replace(file: Path, old: str, new: str) -> None:
    text = file.read_text("utf-8")
    assert text.count(old) == 1
    file.write_text(text.replace(old, new), "utf-8")


def commit(folder: Path, message: str) -> None:
    """Commit everything in the folder, which becomes a repository with the branch main."""
    if not (folder / ".git").exists():
        _git(folder, "init", "--quiet", "--initial-branch=main")
    _git(folder, "add", "--all")
    _git(
        folder, "-c", "user.name=Ann", "-c", "user.email=ann@example.org", "commit", "--quiet", "-m", message
    )


def _git(folder: Path, *words: str) -> None:
    subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True)
