"""Real projects of the corpus, made to use the package index of this machine under a name of its own.

Their locks say "the default index". Here that may be a mirror without the JSON interface that Poetry's default
repository needs, so the same packages are locked from a source called ``index``.
"""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Final

from poetry.packages import Locker
from poetry.repositories.pypi_repository import PyPiRepository
from tests.support.poetry_program import Project


if TYPE_CHECKING:
    from pathlib import Path


SIMPLE_INDEX: Final = PyPiRepository()._base_url + "simple/"
_BLOCK = re.compile(r"(?m)^(?=\[\[package\]\]|\[extras\]|\[metadata)")
_SOURCE = f"""
[[tool.poetry.source]]
name = "index"
url = "{SIMPLE_INDEX}"
priority = "primary"
"""
_LOCKED_FROM = f"""[package.source]
type = "legacy"
url = "{SIMPLE_INDEX.rstrip("/")}"
reference = "index"

"""


def real_project(original: Path, folder: Path) -> Project:
    """Copy pyproject.toml and poetry.lock of a corpus project into ``folder``, with every package from ``index``."""
    project = Project(folder)
    folder.mkdir(parents=True)
    (folder / "README.md").touch()  # `poetry check` asks for it
    text = (original / "pyproject.toml").read_text("utf-8").rstrip() + "\n" + _SOURCE
    project.pyproject.write_text(text, "utf-8")
    blocks = _BLOCK.split((original / "poetry.lock").read_text("utf-8"))
    lock = "".join(_from_index(block) for block in blocks)
    project.lock_path.write_text(lock, "utf-8")
    wanted = Locker(project.lock_path, tomllib.loads(text))._content_hash
    lock = re.sub(r'(?m)^content-hash = "[^"]*"', f'content-hash = "{wanted}"', lock)
    project.lock_path.write_text(lock, "utf-8")
    return project


def _from_index(block: str) -> str:
    if not block.startswith("[[package]]") or "[package.source]" in block:
        return block
    return block.rstrip("\n") + "\n\n" + _LOCKED_FROM
