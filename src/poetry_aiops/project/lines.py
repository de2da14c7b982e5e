"""Where packages are in pyproject.toml and poetry.lock, for reports that point to a line."""

from __future__ import annotations

import itertools
import re
import tomllib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from poetry_aiops.project.checks import normalised
from poetry_aiops.project.model import MAIN
from poetry_aiops.project.toml import parse_toml


if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


_PACKAGE = "[[package]]"
REQUIREMENT_NAME = re.compile(r"\s*(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)")
_KEY = re.compile(r"""^\s*(?:(?P<bare>[A-Za-z0-9_-]+)|["'](?P<quoted>[^"']+)["'])\s*[.=]""")
_HEADER = re.compile(r"^\s*\[(?P<table>[^\[\]]+)\]")
_POETRYS = re.compile(
    r"tool\.poetry(?:\.group\.(?P<group>[^.]+))?\.(?P<dev>dev-)?dependencies(?:\.(?P<name>.+))?"
)


def lock_lines(text: str) -> tuple[int, ...]:
    """Return the line (from 1) of each ``[[package]]`` of a poetry.lock, in the order of the file."""
    return tuple(number for number, line in enumerate(text.splitlines(), 1) if line.strip() == _PACKAGE)


def requirement_lines(text: str) -> Mapping[tuple[str, str], int]:
    """Return the first line (from 1) of a pyproject.toml at which each group requires a package: by (group, name).

    Both are in canonical form; ``main`` holds the project's own dependencies and extras.

    The standard lists come before Poetry's own tables, as they decide what is required. A text that is no TOML has
    no such lines.
    """
    try:
        document = parse_toml(text)
    except tomllib.TOMLDecodeError:
        return {}
    lines = text.splitlines()
    found: dict[tuple[str, str], int] = {}
    starts: dict[str, int] = {}
    for table, group, requirement in listed_requirements(document):
        if table not in starts:
            starts[table] = _start_of(table, lines)
        named, number = REQUIREMENT_NAME.match(requirement), _line_of(requirement, lines, starts[table])
        if named and number:
            found.setdefault((group, normalised(named["name"])), number)
            starts[table] = number - 1
    for group, name, number in _keyed(lines):
        found.setdefault((group, normalised(name)), number)
    return found


def asking_line(
    asked: Mapping[tuple[str, str], int], names: Iterable[str], groups: Sequence[str]
) -> int | None:
    """Return the line that pulls a locked build in: of the first name that is required, in a group that brings the build.

    Where none of the groups requires the name itself, the first line of any group counts.
    """
    for name in names:
        lines = {group: line for (group, known), line in asked.items() if known == name}
        if lines:
            return next((lines[group] for group in groups if group in lines), min(lines.values()))
    return None


def listed_requirements(document: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield every requirement of the standard lists with the table and the group that hold it."""
    project = table_in(document, "project")
    lists = [("project", MAIN, project.get("dependencies"))]
    lists += [
        ("project.optional-dependencies", MAIN, one)
        for one in table_in(project, "optional-dependencies").values()
    ]
    lists += [
        ("dependency-groups", normalised(group), one)
        for group, one in table_in(document, "dependency-groups").items()
    ]
    for table, group, entries in lists:
        if isinstance(entries, list):
            yield from ((table, group, entry) for entry in entries if isinstance(entry, str))


def table_in(document: object, *path: str) -> Mapping[str, Any]:
    """Return the table at a path of keys, an empty one where there is none."""
    for name in path:
        document = document.get(name) if isinstance(document, Mapping) else None
    return document if isinstance(document, Mapping) else {}


def _start_of(table: str, lines: Sequence[str]) -> int:
    """Return the place of a table's header, of the first line where it has none."""
    headers = {f"[{table}]", f"[{table.partition('.')[0]}]"}
    return next((at for at, line in enumerate(lines) if line.partition("#")[0].strip() in headers), 0)


def _line_of(requirement: str, lines: Sequence[str], start: int) -> int | None:
    """Return the first line that holds a requirement, from the one before in its list on."""
    escaped = requirement.replace("\\", "\\\\").replace('"', '\\"')
    written = (f'"{requirement}"', f"'{requirement}'", f'"{escaped}"')
    for at, line in enumerate(itertools.islice(lines, start, None), start + 1):
        if any(form in line for form in written) and not line.lstrip().startswith("#"):
            return at
    return None


def _keyed(lines: Sequence[str]) -> Iterator[tuple[str, str, int]]:
    """Yield the groups and names in Poetry's own tables: keys, and tables of their own."""
    inside, group = False, MAIN
    for number, line in enumerate(lines, 1):
        if header := _HEADER.match(line):
            table = _POETRYS.fullmatch(header["table"].replace('"', "").replace("'", "").strip())
            inside = table is not None and table["name"] is None
            if table is not None:
                group = normalised(table["group"] or ("dev" if table["dev"] else MAIN))
            if table is not None and table["name"] is not None:
                yield group, table["name"], number
        elif inside and (key := _KEY.match(line)):
            yield group, key["bare"] or key["quoted"], number
