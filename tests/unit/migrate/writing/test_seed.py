"""The old pins as a lock to begin with."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import pytest

from poetry_aiops.errors import InputError
from poetry_aiops.migrate.locking import with_seeds
from poetry_aiops.migrate.model import Place
from poetry_aiops.migrate.planning.convert import OldPin
from poetry_aiops.project.lockfile import read_lock


if TYPE_CHECKING:
    from pathlib import Path


def pin(name: str, version: str, group: str = "main", source: str | None = None) -> OldPin:
    return OldPin(name, version, group, Place("requirements.txt", 1), source=source)


def packages(text: str | None) -> list[tuple[str, str, list[str]]]:
    return [(one["name"], one["version"], one["groups"]) for one in tomllib.loads(text or "")["package"]]


def test_every_pin_is_a_package_without_files(tmp_path: Path) -> None:
    text = with_seeds(None, [pin("six", "1.16.0"), pin("idna", "3.4", "dev")], {})
    assert text is not None
    assert packages(text) == [("idna", "3.4", ["dev"]), ("six", "1.16.0", ["main"])]
    (tmp_path / "poetry.lock").write_text(text, encoding="utf-8")
    lock = read_lock(tmp_path / "poetry.lock")
    assert [(package.name, package.version, package.files) for package in lock.packages] == [
        ("idna", "3.4", ()),
        ("six", "1.16.0", ()),
    ]


def test_the_same_version_stands_once_with_all_its_groups() -> None:
    text = with_seeds(
        None, [pin("six", "1"), pin("six", "1", "dev"), pin("six", "1"), pin("six", "2", "docs")], {}
    )
    assert packages(text) == [("six", "1", ["main", "dev"]), ("six", "2", ["docs"])]


def test_a_version_of_an_index_names_it() -> None:
    text = with_seeds(None, [pin("torch", "2.7.0+cpu", source="cpu")], {"cpu": "https://h.example/whl/cpu/"})
    assert tomllib.loads(text or "")["package"][0]["source"] == {
        "type": "legacy",
        "url": "https://h.example/whl/cpu",
        "reference": "cpu",
    }


def test_builds_of_two_indexes_are_two_packages() -> None:
    pins = [pin("torch", "2.7.0", "a", "cpu"), pin("torch", "2.7.0", "b", "cuda")]
    text = with_seeds(None, pins, {"cpu": "https://h.example/cpu", "cuda": "https://h.example/cuda"})
    assert [one["source"]["reference"] for one in tomllib.loads(text or "")["package"]] == ["cpu", "cuda"]


def test_what_the_project_has_locked_stays() -> None:
    old = with_seeds(None, [pin("six", "1.15.0")], {})
    text = with_seeds(old, [pin("six", "1.16.0"), pin("idna", "3.4")], {})
    assert text is not None
    assert text.startswith((old or "").rstrip())
    assert sorted(packages(text)) == [("idna", "3.4", ["main"]), ("six", "1.15.0", ["main"])]


def test_without_pins_the_lock_stays_as_it_is() -> None:
    assert with_seeds(None, [], {}) is None
    assert with_seeds("# lock\n", [], {}) == "# lock\n"


def test_a_lock_that_is_none_is_told() -> None:
    with pytest.raises(InputError) as caught:
        with_seeds("<<<<<<< HEAD\n", [pin("six", "1")], {})
    assert caught.value.where == "poetry.lock"
