"""pip and uv in clean environments, cut off from everything but the served index: what others than Poetry install."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import venv
from dataclasses import dataclass
from pathlib import Path

import pip
from filelock import FileLock
from tests.support.poetries import FOLDER
from tests.support.poetry_program import NOWHERE
from tests.support.wheels import normalized


TIMEOUT = 180.0  # seconds
# What `pip --python` starts in the other environment; starting it at once spares one of two starts of pip.
PIP = str(Path(pip.__file__).with_name("__pip-runner__.py"))


@dataclass(frozen=True, slots=True)
class Installation:
    """What one call of an installer did."""

    code: int
    output: str


@dataclass(frozen=True, slots=True)
class CleanEnvironment:
    """A virtual environment with nothing in it."""

    folder: Path

    @classmethod
    def make(cls, folder: Path) -> CleanEnvironment:
        venv.create(folder, with_pip=False)
        return cls(folder)

    @property
    def python(self) -> Path:
        return self.folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

    def pip(self, project: Path, *arguments: str) -> Installation:
        """Run ``pip ARGUMENTS`` for this environment from the project's folder."""
        return _run([str(self.python), PIP, *arguments], project)

    def uv(self, project: Path, *arguments: str) -> Installation:
        """Run ``uv pip ARGUMENTS`` for this environment from the project's folder."""
        command = [str(uv_executable()), "pip", *arguments, "--python", str(self.python), "--no-cache"]
        return _run(command, project)

    def installed(self) -> dict[str, str]:
        """Return name and version of every distribution; fails when one lies there twice."""
        found: dict[str, str] = {}
        for folder in self.folder.glob("[lL]ib/**/site-packages/*.dist-info"):
            name, _, version = folder.name.removesuffix(".dist-info").rpartition("-")
            assert normalized(name) not in found, f"two builds of {name} are installed"
            found[normalized(name)] = version
        return found


def uv_executable() -> Path:
    """Return uv in an environment of its own below ``.venvs/``; makes it from the package index when needed."""
    environment = FOLDER / "uv"
    FOLDER.mkdir(exist_ok=True)
    program = environment / ("Scripts/uv.exe" if os.name == "nt" else "bin/uv")
    with FileLock(f"{environment}.lock"):
        if not program.exists():
            shutil.rmtree(environment, ignore_errors=True)
            venv.create(environment, with_pip=True)
            python = program.with_name(f"python{program.suffix}")
            subprocess.run([python, "-m", "pip", "install", "--quiet", "uv>=0.7"], check=True, timeout=600)
    return program


def would_install(output: str) -> dict[str, str]:
    """Return name and version of what ``pip install --dry-run`` says that it would install."""
    found = re.search(r"^Would install (.*)$", output, re.MULTILINE)
    words = found[1].split() if found else []
    return {normalized(word.rpartition("-")[0]): word.rpartition("-")[2] for word in words}


def _run(command: list[str], folder: Path) -> Installation:
    done = subprocess.run(
        command,
        cwd=folder,
        env={
            "PATH": os.defpath,
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_NO_CACHE_DIR": "1",
            "PIP_NO_COMPILE": "1",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "HTTP_PROXY": NOWHERE,
            "HTTPS_PROXY": NOWHERE,
            "NO_PROXY": "127.0.0.1,localhost",
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=TIMEOUT,
        check=False,
    )
    return Installation(done.returncode, done.stdout)
