"""Where packages stand in pyproject.toml and poetry.lock, for reports that point to a line."""

from __future__ import annotations

import re

from typing import TYPE_CHECKING

from poetry_aiops.project.checks import normalised


if TYPE_CHECKING:
    from collections.abc import Mapping


_PACKAGE = "[[package]]"
_LISTED = re.compile(r"""^\s*(?:[\w.-]+\s*=\s*\[\s*)?["'](?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)""")
_KEY = re.compile(r"""^\s*["']?(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)["']?\s*=""")
_HEADER = re.compile(r"^\s*\[+\s*(?P<table>[^\]]+?)\s*\]+")
_LISTS = ("project", "project.optional-dependencies", "dependency-groups")


def lock_lines(text: str) -> tuple[int, ...]:
    """Return the line (from 1) of each ``[[package]]`` of a poetry.lock, in the order of the file."""
    return tuple(number for number, line in enumerate(text.splitlines(), 1) if line.strip() == _PACKAGE)


def requirement_lines(text: str) -> Mapping[str, int]:
    """Return the first line (from 1) of a pyproject.toml that asks for each package, by canonical name.

    The standard lists come before Poetry's own tables, as they decide what is asked for.
    """
    listed: dict[str, int] = {}
    tabled: dict[str, int] = {}
    table = ""
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(line):
            table = header["table"].replace('"', "")
        elif table in _LISTS and (found := _LISTED.match(line)):
            listed.setdefault(normalised(found["name"]), number)
        elif (
            table.startswith("tool.poetry") and table.endswith("dependencies") and (found := _KEY.match(line))
        ):
            tabled.setdefault(normalised(found["name"]), number)
    return {**tabled, **listed}
