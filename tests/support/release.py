"""What a release hands out, built once, and clean places to install it: Pythons, Poetrys, an index that holds the wheel.

All else that gets installed is real and comes from the package index that this machine's Python asks, so only tests
that are marked ``slow`` use this.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from poetry.repositories.pypi_repository import PyPiRepository
from tests.support.index import PackageIndex
from tests.support.installers import uv_executable
from tests.support.poetries import REPOSITORY
from tests.support.poetry_program import PoetryProgram
from tests.support.wheels import Distribution


PYTHONS = ("3.11", "3.12", "3.13", "3.14")
OURS = "ours"
_REAL_INDEX = PyPiRepository()._base_url + "simple/"
_ASK = "import sys; print('{}.{}'.format(*sys.version_info))"


@dataclass(frozen=True, slots=True)
class Built:
    """The two files of a release."""

    wheel: Path
    sdist: Path

    @classmethod
    def by_poetry(cls, source: Path, folder: Path) -> Built:
        """Run ``poetry build`` for the project in ``source``."""
        program = Path(sys.executable).with_name("poetry.exe" if os.name == "nt" else "poetry")
        command: list[str | Path] = [program, "--no-interaction", "build", "--output", folder]
        subprocess.run(command, cwd=source, check=True, capture_output=True, timeout=300)
        (wheel,), (sdist,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
        return cls(wheel, sdist)

    @property
    def version(self) -> str:
        return self.wheel.name.split("-")[1]

    def in_wheel(self) -> dict[str, bytes]:
        """Return every file of the wheel."""
        with zipfile.ZipFile(self.wheel) as archive:
            return {name: archive.read(name) for name in archive.namelist()}

    def in_sdist(self) -> set[str]:
        """Return the names of the archive's files, below its one folder."""
        with tarfile.open(self.sdist) as archive:
            return {member.name.partition("/")[2] for member in archive.getmembers() if member.isfile()}

    def unpacked_sdist(self, folder: Path) -> Path:
        """Unpack the source archive; return the project's folder."""
        with tarfile.open(self.sdist) as archive:
            archive.extractall(folder, filter="data")
        return folder / self.sdist.name.removesuffix(".tar.gz")


def index_with(built: Built) -> PackageIndex:
    """Return an index, not started, that holds the wheel and nothing else."""
    index = PackageIndex()
    index.publish_file(OURS, Distribution.of(built.wheel))
    return index


def sources(index: PackageIndex) -> str:
    """Return sources for pyproject.toml: the index with the wheel, and the real one for all else."""
    return "".join(
        f'\n[[tool.poetry.source]]\nname = "{name}"\nurl = "{url}"\npriority = "primary"\n'
        for name, url in ((OURS, index.url(OURS)), ("everything-else", _REAL_INDEX))
    )


def clean_poetry(folder: Path, python: str = sys.executable, *packages: str | Path) -> PoetryProgram:
    """Return a Poetry in an environment of its own, with nothing but what ``packages`` names (default: Poetry)."""
    environment = folder / "poetry"
    programs = environment / ("Scripts" if os.name == "nt" else "bin")
    run_uv("venv", "--quiet", "--python", python, environment)
    run_uv("pip", "install", "--quiet", "--python", environment, *(packages or ("poetry",)))
    return PoetryProgram(programs / ("poetry.exe" if os.name == "nt" else "poetry"), folder / "home")


def run_uv(*arguments: str | Path) -> None:
    """Run uv with the index of this machine's pip; fails when uv does."""
    subprocess.run([uv_executable(), *arguments], check=True, timeout=600, env=real_index())


def real_index() -> dict[str, str]:
    """Return this process's environment, in which uv asks the index that pip asks."""
    asked = os.environ.get("PIP_INDEX_URL")
    return {**os.environ, **({"UV_DEFAULT_INDEX": asked} if asked else {})}


def python_on_this_machine(minor: str) -> str | None:
    """Return a Python of this minor on the PATH or among pyenv's, None where there is none."""
    named = shutil.which(f"python{minor}")
    found = [Path(named)] if named else []
    return next((str(path) for path in [*found, *_of_pyenv(minor)] if _is(minor, path)), None)


def _of_pyenv(minor: str) -> list[Path]:
    root = os.environ.get("PYENV_ROOT", "")
    pyenv = shutil.which("pyenv")
    if not root and pyenv:
        root = subprocess.run(
            [pyenv, "root"], capture_output=True, text=True, check=False, timeout=60
        ).stdout.strip()
    return sorted(Path(root).glob(f"versions/{minor}.*/bin/python")) if root else []


def _is(minor: str, python: Path) -> bool:
    """Ask the program itself: pyenv puts programs on the PATH that only say which version is not chosen."""
    done = subprocess.run([python, "-c", _ASK], capture_output=True, text=True, check=False, timeout=60)
    return done.stdout.strip() == minor


def project_files() -> list[Path]:
    """Return every file of the package in the repository, as git knows them or would."""
    package = REPOSITORY / "src" / "poetry_aiops"
    return [path for path in package.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
