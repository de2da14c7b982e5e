from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from poetry_aiops.export.sync_cache import is_behind, is_remembered, remember


if TYPE_CHECKING:
    from pathlib import Path

    from poetry.poetry import Poetry


@pytest.fixture
def poetry(tmp_path: Path) -> Poetry:
    """Return as much of a project as the memory looks at."""
    root = tmp_path / "project"
    root.mkdir()
    for name in ("pyproject.toml", "poetry.lock", "requirements.txt"):
        (root / name).write_text(name, "utf-8")
    return cast(
        "Poetry",
        SimpleNamespace(
            pyproject_path=root / "pyproject.toml",
            locker=SimpleNamespace(lock=root / "poetry.lock"),
            config={"cache-dir": tmp_path / "cache"},
            pyproject=SimpleNamespace(data={}),
        ),
    )


def test_nothing_is_remembered_of_a_new_project(poetry: Poetry) -> None:
    assert not is_remembered(poetry)


@pytest.mark.parametrize("name", ["pyproject.toml", "poetry.lock", "requirements.txt"])
def test_any_change_of_any_file_is_noticed(poetry: Poetry, name: str) -> None:
    remember(poetry, ["requirements.txt"])
    assert is_remembered(poetry)
    file = poetry.pyproject_path.parent / name
    file.write_text("changed", "utf-8")
    assert not is_remembered(poetry)
    file.unlink()
    assert not is_remembered(poetry)


def test_a_broken_note_counts_as_none(poetry: Poetry, tmp_path: Path) -> None:
    remember(poetry, [])
    (note,) = (tmp_path / "cache").rglob("*.json")
    for text in ("", "[]", '{"files": 3}', '{"digest": 1, "files": ["../.."]}'):
        note.write_text(text, "utf-8")
        assert not is_remembered(poetry)


@pytest.mark.parametrize("table", [None, [], {}, {"export": []}, {"export": {"auto": "true"}}])
def test_only_a_plain_true_keeps_files_in_step(poetry: Poetry, table: object) -> None:
    data = cast("dict[str, object]", poetry.pyproject.data)
    data["tool"] = {"poetry-aiops": table}
    assert not is_behind(poetry)
    data["tool"] = {"poetry-aiops": {"export": {"auto": True, "broken": 1}}}
    assert is_behind(poetry)
    remember(poetry, [])
    assert not is_behind(poetry)
