"""Every test that the lists of threats and faults name is there."""

from __future__ import annotations

import ast
import re
from functools import cache

import pytest
from tests.docs.console import REPOSITORY


PAGES = ("tests/THREATS.md", "tests/FAULTS.md")
NAMED = re.compile(r"`([\w/]+\.py)::([\w:]+)`")


@cache
def functions_of(file: str) -> frozenset[str]:
    """Return the test functions of a file below ``tests``, with their class where they have one."""
    path = REPOSITORY / "tests" / file
    if not path.is_file():
        return frozenset()
    tree = ast.parse(path.read_text("utf-8"))
    methods = {
        f"{node.name}::{one.name}"
        for node in tree.body
        if isinstance(node, ast.ClassDef)
        for one in node.body
        if isinstance(one, ast.FunctionDef)
    }
    functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    return frozenset(name for name in methods | functions if name.split("::")[-1].startswith("test_"))


@pytest.mark.parametrize("page", PAGES)
def test_every_test_that_a_page_names_is_there(page: str) -> None:
    named = NAMED.findall((REPOSITORY / page).read_text("utf-8"))
    assert len(named) > 20
    assert [f"{file}::{name}" for file, name in named if name not in functions_of(file)] == []


@pytest.mark.parametrize("page", PAGES)
def test_every_row_of_a_table_has_its_test(page: str) -> None:
    rows = [line for line in (REPOSITORY / page).read_text("utf-8").splitlines() if line.startswith("| ")]
    heads = ("| Threat |", "| Where |", "| Fault |", "| Command |", "| File of ")
    assert [row for row in rows if not row.startswith(heads) and not NAMED.search(row)] == []
