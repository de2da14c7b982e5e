"""A note in Poetry's cache that a project's exported files were up to date, by the content of everything involved.

It only saves work: without it, or with one that does not match to the byte, everything is compared anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import poetry_aiops
from poetry_aiops.system.json_cache import JsonCache
from poetry_aiops.system.reading import read_file


if TYPE_CHECKING:
    from collections.abc import Iterable

    from poetry.poetry import Poetry


def is_behind(poetry: Poetry) -> bool:
    """Say whether the project keeps its exported files up to date (``auto``) and they may be behind poetry.lock."""
    table = poetry.pyproject.data.get("tool", {}).get("poetry-aiops")
    export = table.get("export") if isinstance(table, Mapping) else None
    wants = isinstance(export, Mapping) and export.get("auto") is True
    return wants and not is_remembered(poetry)


def is_remembered(poetry: Poetry) -> bool:
    """Say whether lock, pyproject.toml and exported files are those that were last seen up to date."""

    def agrees(note: Any) -> bool:  # noqa: ANN401 - untrusted JSON
        return bool(note["digest"] == _digest(poetry, map(str, note["files"])))

    return _note(poetry).read(agrees) or False


def remember(poetry: Poetry, paths: Iterable[str]) -> None:
    """Note that the exported files at ``paths`` are up to date; a cache that cannot be written does no harm."""
    files = list(paths)
    with suppress(OSError):
        _note(poetry).write({"digest": _digest(poetry, files), "files": files})


def _note(poetry: Poetry) -> JsonCache:
    name = hashlib.sha256(str(poetry.pyproject_path.resolve()).encode()).hexdigest()[:32]
    folder = Path(str(poetry.config.get("cache-dir"))) / "poetry-aiops" / "in-step"
    return JsonCache(folder / f"{name}.json", "in-step/1")


def _digest(poetry: Poetry, paths: Iterable[str]) -> str:
    root = poetry.pyproject_path.parent
    total = hashlib.sha256(poetry_aiops.__version__.encode())
    for path in (poetry.pyproject_path, poetry.locker.lock, *(root / one for one in paths)):
        total.update(hashlib.sha256(read_file(path, within=root)).digest())
    return total.hexdigest()
