"""The 113 cases of the grammar, as far as reading answers them: the level, and what is read."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.every import every
from tests.support.grammar_cases import PATH, WITHOUT, WRITTEN, cases, entry_of, files_of, identity
from tests.support.neighbours import FILE, in_memory

from poetry_aiops.migrate.planning.convert import is_only_via
from poetry_aiops.migrate.reading.read import read_tree


pytestmark = pytest.mark.skipif(not PATH.is_file(), reason=WITHOUT)

LATER = {
    "G032": "dead only once requires-python is known",
    "G038": "the annotation is read here; that the line is no direct dependency is decided when planning",
    "G063": "evidence for a source is weighed when planning",
    "G105": "pins clash or not by group and marker: seen when planning",
}
"""Cases whose level another step gives; reading has no error for them."""

SEVERITIES = {"error": "error", "warning": "warn", "note": "note"}
ORDER = ("ok", "note", "warn", "error")


def has_its_level(case: dict[str, Any]) -> None:
    files = files_of(case)
    entry = entry_of(case)
    tree = read_tree([entry], in_memory(files))
    levels = [SEVERITIES[problem.severity] for problem in tree.problems]
    worst = max(levels, key=ORDER.index, default="ok")
    if case["id"] in LATER:
        assert worst == "ok"
    elif case["level"] == "ok":
        assert worst in {"ok", "note"}
    else:
        assert worst == case["level"], tree.problems


def names_its_packages(case: dict[str, Any]) -> None:
    entry = entry_of(case)
    tree = read_tree([entry], in_memory(files_of(case)))
    read = {
        requirement.name
        for requirement in tree.readings[entry].requirements
        if requirement.origin != "project" and not is_only_via(requirement)
    }
    expected = {dependency.partition("@")[0].partition(";")[0].strip() for dependency in case["deps"]}
    names = {
        name.partition("[")[0].partition("=")[0].partition(">")[0].partition("<")[0].partition("~")[0].lower()
        for name in expected
    }
    assert read == (names if case["id"] != "G112" else {"six"})


def test_every_case_has_its_level() -> None:
    every(cases(), has_its_level, identity)


def test_every_case_names_its_packages() -> None:
    with_packages = [
        case
        for case in cases()
        if case["level"] != "error" and case["deps"] and case["id"] not in {"G049", "G113"}
    ]
    every(with_packages, names_its_packages, identity)


def test_a_diamond_is_counted_once() -> None:
    tree = read_tree([FILE], in_memory(WRITTEN["G054"]))
    assert [requirement.name for requirement in tree.readings[FILE].requirements] == ["six"]


def test_a_cycle_is_told_as_a_chain() -> None:
    (error,) = read_tree([FILE], in_memory(WRITTEN["G053"])).errors
    assert "requirements.txt -> b.txt -> requirements.txt" in error.what
    assert str(error.place) == "b.txt:1"


def test_hashes_are_kept() -> None:
    case = next(case for case in cases() if case["id"] == "G037")
    tree = read_tree([FILE], in_memory(files_of(case)))
    assert list(tree.readings[FILE].requirements[0].hashes) == case["extra"]["hash"]
