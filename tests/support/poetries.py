"""Virtual environments with each supported minor of Poetry, made on demand below ``.venvs/``.

They are kept between runs. Making one asks the package index that pip is set up with, so only tests that are
marked ``slow`` use them.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

from filelock import FileLock


REPOSITORY = Path(__file__).resolve().parents[2]
FOLDER = REPOSITORY / ".venvs"

NEWEST_PATCHES = {"2.1": "2.1.4", "2.2": "2.2.1", "2.3": "2.3.4", "2.4": "2.4.3", "2.5": "2.5.1"}


def chosen_minors() -> tuple[str, ...]:
    """Return the minors to test: all, or those that POETRY_AIOPS_TEST_POETRIES lists (``2.1,2.5``)."""
    chosen = os.environ.get("POETRY_AIOPS_TEST_POETRIES", ",".join(NEWEST_PATCHES))
    minors = tuple(minor.strip() for minor in chosen.split(",") if minor.strip())
    unknown = set(minors) - NEWEST_PATCHES.keys()
    if unknown:
        raise ValueError(
            f"POETRY_AIOPS_TEST_POETRIES: {sorted(unknown)} are not among {list(NEWEST_PATCHES)}"
        )
    return minors


def poetry_executable(minor: str, *, with_plugin: bool = True) -> Path:
    """Return the ``poetry`` program of one minor, with this plugin or without it; makes it when needed.

    The export plugin is always there.
    """
    environment = FOLDER / (f"poetry-{minor}" if with_plugin else f"poetry-{minor}-plain")
    FOLDER.mkdir(exist_ok=True)
    with FileLock(f"{environment}.lock"):
        stamp = environment / "made-from"
        wanted = _recipe(minor, with_plugin=with_plugin)
        if not stamp.exists() or stamp.read_text(encoding="utf-8") != wanted:
            _make(environment, wanted.splitlines()[1:])
            stamp.write_text(wanted, encoding="utf-8")
    return environment / ("Scripts/poetry.exe" if os.name == "nt" else "bin/poetry")


def _recipe(minor: str, *, with_plugin: bool) -> str:
    """Return what the environment is made from: a digest line, then pip's arguments."""
    arguments = [f"poetry=={NEWEST_PATCHES[minor]}", "poetry-plugin-export"]
    digest = ""
    if with_plugin:
        arguments += ["--editable", str(REPOSITORY)]
        digest = hashlib.sha256((REPOSITORY / "pyproject.toml").read_bytes()).hexdigest()
    return "\n".join([f"pyproject {digest} python {sys.version}".replace("\n", " "), *arguments])


def _make(environment: Path, arguments: list[str]) -> None:
    shutil.rmtree(environment, ignore_errors=True)
    venv.create(environment, with_pip=True)
    python = environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    subprocess.run([python, "-m", "pip", "install", "--quiet", *arguments], check=True, timeout=600)
