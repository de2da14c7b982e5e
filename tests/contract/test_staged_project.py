"""A project that Poetry locks before its pyproject.toml is written."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from poetry.console.application import Application

from poetry_aiops.errors import InputError
from poetry_aiops.locking.staged_project import remove_leftovers, staged_project


if TYPE_CHECKING:
    from pathlib import Path


TEXT = (
    '[project]\nname = "demo"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = ["foo"]\n\n'
    '[tool.poetry]\npackage-mode = false\n\n[tool.poetry.dependencies]\nfoo = {path = "libs/foo"}\n'
)
LOCK = '[metadata]\nlock-version = "2.1"\npython-versions = ">=3.11"\ncontent-hash = "none"\n'


def names(root: Path) -> list[str]:
    return sorted(path.name for path in root.iterdir())


def project(root: Path) -> Path:
    (root / "libs" / "foo").mkdir(parents=True)
    (root / "libs" / "foo" / "pyproject.toml").write_text('[project]\nname = "foo"\nversion = "2"\n', "utf-8")
    (root / "pyproject.toml").write_text("[tool.black]\n", "utf-8")
    return root


def test_poetry_reads_the_planned_text_and_nothing_else_changes(tmp_path: Path) -> None:
    root = project(tmp_path)
    with staged_project(root, TEXT, LOCK, Application()) as staged:
        assert [one.name for one in staged.poetry.package.requires] == ["foo"]
        assert staged.poetry.locker.lock == staged.lock_path
        assert staged.lock_path.read_text("utf-8") == LOCK
        assert staged.lock_path.parent == root
    assert names(root) == ["libs", "pyproject.toml"]
    assert (root / "pyproject.toml").read_text("utf-8") == "[tool.black]\n"


def test_without_a_lock_there_is_none_to_begin_with(tmp_path: Path) -> None:
    with staged_project(project(tmp_path), TEXT, None, Application()) as staged:
        assert not staged.poetry.locker.is_locked()


def test_a_text_that_poetry_refuses_is_told_by_the_real_name(tmp_path: Path) -> None:
    root = project(tmp_path)
    text = TEXT.replace('version = "1"', 'version = "one"')
    with (
        pytest.raises(InputError, match="Poetry does not accept") as caught,
        staged_project(root, text, None, Application()),
    ):
        pytest.fail("Poetry took it")
    assert ".migration-" not in str(caught.value)
    assert "version" in str(caught.value)
    assert names(root) == ["libs", "pyproject.toml"]


def test_an_error_on_the_way_leaves_nothing_behind(tmp_path: Path) -> None:
    root = project(tmp_path)
    with pytest.raises(RuntimeError, match="on the way"), staged_project(root, TEXT, LOCK, Application()):
        raise RuntimeError("on the way")
    assert names(root) == ["libs", "pyproject.toml"]


def test_what_a_killed_run_left_is_removed(tmp_path: Path) -> None:
    root = project(tmp_path)
    (root / ".migration-0123.toml").write_text("x", "utf-8")
    (root / ".migration-0123.lock").write_text("x", "utf-8")
    (root / ".migration-notes.md").write_text("x", "utf-8")
    (root / ".migration-folder.toml").mkdir()
    for path in root.glob(".migration-*"):
        os.utime(path, (0, 0))
    (root / ".migration-at-work.lock").write_text("x", "utf-8")
    remove_leftovers(root)
    (root / ".migration-at-work.lock").unlink()
    assert names(root) == [".migration-folder.toml", ".migration-notes.md", "libs", "pyproject.toml"]
