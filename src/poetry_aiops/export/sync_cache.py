"""A note in Poetry's cache that a project's exported files were in step, by the content of everything involved.

It only saves work: without it, or with one that does not match to the byte, everything is compared anew.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import poetry_aiops
from poetry_aiops.system.files import write_atomically
from poetry_aiops.system.reading import ANYWHERE, read_file


if TYPE_CHECKING:
    from collections.abc import Iterable

    from poetry.poetry import Poetry


def is_behind(poetry: Poetry) -> bool:
    """Say whether the project keeps its exported files in step (``auto``) and they may be behind poetry.lock."""
    table = poetry.pyproject.data.get("tool", {}).get("poetry-aiops")
    export = table.get("export") if isinstance(table, Mapping) else None
    wants = isinstance(export, Mapping) and export.get("auto") is True
    return wants and not is_remembered(poetry)


def is_remembered(poetry: Poetry) -> bool:
    """Say whether lock, pyproject.toml and exported files are those that were last seen in step."""
    try:
        note = json.loads(read_file(_place(poetry), within=ANYWHERE))
        paths = [str(path) for path in note["files"]]
        return bool(note["digest"] == _digest(poetry, paths))
    except (OSError, ValueError, KeyError, TypeError):
        return False


def remember(poetry: Poetry, paths: Iterable[str]) -> None:
    """Note that the exported files at ``paths`` are in step; a cache that cannot be written does no harm."""
    files = list(paths)
    place = _place(poetry)
    try:
        text = json.dumps({"digest": _digest(poetry, files), "files": files})
        place.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(place, text.encode())
    except OSError:
        return


def _place(poetry: Poetry) -> Path:
    name = hashlib.sha256(str(poetry.pyproject_path.resolve()).encode()).hexdigest()[:32]
    return Path(str(poetry.config.get("cache-dir"))) / "poetry-aiops" / "in-step" / f"{name}.json"


def _digest(poetry: Poetry, paths: Iterable[str]) -> str:
    root = poetry.pyproject_path.parent
    total = hashlib.sha256(poetry_aiops.__version__.encode())
    for path in (poetry.pyproject_path, poetry.locker.lock, *(root / one for one in paths)):
        total.update(hashlib.sha256(read_file(path, within=root)).digest())
    return total.hexdigest()
