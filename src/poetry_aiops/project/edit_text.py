"""TOML as text: the lines that an edit adds, and the places in a pyproject.toml where they belong."""

from __future__ import annotations

import json
import re
import tomllib
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import tomlkit
from tomlkit.items import Array, InlineTable

from poetry_aiops.errors import InputError
from poetry_aiops.project.checks import normalised
from poetry_aiops.project.constraints import as_pep440


if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from poetry_aiops.project.model import Source


_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_HEADER = re.compile(r"""^\s*\[{1,2}\s*[\w"'.\- ]+\]{1,2}\s*(#.*)?$""")
_TEXT_OR_COMMENT = re.compile(r""""(?:[^"\\\n]|\\.)*"|'[^'\n]*'|(?P<comment>#[^\n]*)""")


@dataclass(frozen=True, slots=True)
class NewRequirement:
    """One requirement to write: canonical name, Poetry's or PEP 440's constraint, and the source by its name."""

    name: str
    constraint: str = "*"
    extras: tuple[str, ...] = ()
    marker: str = ""
    source: str | None = None

    def as_pep508(self, *, with_marker: bool = True) -> str:
        """Return the requirement for a standard list; raises InputError for ``||``, which PEP 440 cannot say."""
        specifier = as_pep440(self.constraint)
        if specifier is None:
            raise InputError(
                f'"{self.constraint}" cannot be written in a standard list of requirements',
                where=self.name,
                hint='Give one range instead, for example ">=2.9,<2.12".',
            )
        extras = f"[{','.join(self.extras)}]" if self.extras else ""
        marker = f" ; {self.marker}" if self.marker and with_marker else ""
        return f"{self.name}{extras}{f' ({specifier})' if specifier else ''}{marker}"

    def __str__(self) -> str:
        extras = f"[{','.join(self.extras)}]" if self.extras else ""
        source = f" from {self.source}" if self.source else ""
        marker = f" where {self.marker}" if self.marker else ""
        return f"{self.name}{extras} {self.constraint}{source}{marker}"


def toml_key(name: str) -> str:
    return name if _BARE_KEY.fullmatch(name) else json.dumps(name)


def toml_text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def poetry_value(entries: Sequence[NewRequirement], *, enriching: bool) -> str | None:
    """Return the value of a package in one of Poetry's tables.

    ``enriching``: a standard list already requires it, so that only what that cannot say is left; None for nothing.
    """
    tables = []
    for entry in entries:
        own = {} if enriching else {"version": entry.constraint, "extras": list(entry.extras)}
        marker = "" if enriching and len(entries) == 1 else entry.marker
        parts = {**own, "source": entry.source, "markers": marker}
        tables.append({key: value for key, value in parts.items() if value})
    return table_value(tables) if any(tables) else None


def table_value(tables: Sequence[Mapping[str, object]]) -> str:
    """Return the value of a package in Poetry's table: one entry, or a list of them; one of only a version is that text."""
    values = [
        toml_text(str(table["version"])) if list(table) == ["version"] else inline(table) for table in tables
    ]
    return values[0] if len(values) == 1 else "[\n" + "".join(f"  {value},\n" for value in values) + "]"


def standard_lines(by_name: Mapping[str, Sequence[NewRequirement]]) -> str:
    """Return the array of a standard group."""
    if not by_name:
        return "[]"
    lines = [
        f"  {toml_text(entries[0].as_pep508(with_marker=len(entries) == 1))},\n"
        for entries in by_name.values()
    ]
    return "[\n" + "".join(lines) + "]"


def group_block(name: str, by_name: Mapping[str, Sequence[NewRequirement]], *, standard: bool) -> str:
    """Return Poetry's tables of a new optional group."""
    head = f"[tool.poetry.group.{toml_key(name)}]\noptional = true\n"
    values = {package: poetry_value(entries, enriching=standard) for package, entries in by_name.items()}
    lines = [f"{toml_key(package)} = {value}\n" for package, value in values.items() if value is not None]
    if standard and not lines:
        return head
    return f"{head}\n[tool.poetry.group.{toml_key(name)}.dependencies]\n" + "".join(lines)


def header_keys(header: str) -> list[str]:
    """Return the keys of the line ``[a."b c".d]`` or ``[[a.b]]``."""
    node: Any = tomllib.loads(header)
    keys = []
    while node:
        ((key, node),) = node.items()
        keys.append(key)
        node = node[0] if isinstance(node, list) else node
    return keys


def _as_tables(value: Array | InlineTable, header: str) -> str:
    """Return an inline table, or a list of them, as tables under a header each, ``""`` for nothing; comments come first."""
    written = value.as_string() + value.trivia.comment_ws + value.trivia.comment
    comments = [f"{one['comment']}\n" for one in _TEXT_OR_COMMENT.finditer(written) if one["comment"]]
    tables = value if isinstance(value, Array) else [value]
    blocks = [
        "\n".join([header, *(f"{toml_key(key)} = {inline(one)}" for key, one in table.items())]) + "\n"
        for table in tables
        if table
    ]
    return "".join(comments) + "\n".join(blocks)


def inline(value: Any) -> str:  # noqa: ANN401 - any TOML value
    """Return a value on one line."""
    if not isinstance(value, dict):
        return str(tomlkit.item(value).as_string())
    return "{" + ", ".join(f"{toml_key(key)} = {inline(one)}" for key, one in value.items()) + "}"


class Sections:
    """A TOML text, seen as its tables in file order."""

    def __init__(self, text: str) -> None:
        self._lines = text.splitlines(keepends=True)
        if self._lines and not self._lines[-1].endswith("\n"):
            self._lines[-1] += "\n"

    @property
    def text(self) -> str:
        return "".join(self._lines)

    @contextmanager
    def parsed(self) -> Iterator[Any]:
        """Yield the text as a document of tomlkit; what the block changes in it is taken over."""
        document = tomlkit.parse(self.text)
        yield document
        self._lines = tomlkit.dumps(document).splitlines(keepends=True)

    def add_to(self, header: str, line: str, *, after: Sequence[str]) -> None:
        """Add a line at the end of a table; a missing table is made after those named in ``after``."""
        if self._last(header) is None:
            self._open(header)
        found = self._last(header)
        if found is None:
            self.add_block(f"{header}\n{line}\n", after=after)
        else:
            self._lines.insert(self._end(found), line + "\n")

    def add_source(self, source: Source) -> None:
        block = (
            f"[[tool.poetry.source]]\nname = {toml_text(source.name)}\nurl = {toml_text(source.url)}\n"
            f"priority = {toml_text(source.priority)}\n"
        )
        self.add_block(block, after=("[[tool.poetry.source]]", "[tool.poetry.group.", "[tool.poetry"))

    def add_block(self, block: str, *, after: Sequence[str]) -> None:
        """Add whole tables behind the last one that begins like the first of ``after`` that is there."""
        self._open(block.partition("\n")[0])
        self._insert(block, after)

    def drop(self, keys: Sequence[str], name: str = "") -> None:
        """Take out every table under ``keys`` with the comment directly above it; of a list only entries called ``name``."""
        for index in reversed(range(len(self._lines))):
            if not _HEADER.match(self._lines[index]):
                continue
            end = self._end(index)
            found = [*map(normalised, header_keys(self._lines[index]))][: len(keys)]
            if found != [*map(normalised, keys)] or (name and name != _name_of(self._lines[index + 1 : end])):
                continue
            start = index
            while start and self._lines[start - 1].lstrip().startswith("#"):
                start -= 1
            while end < len(self._lines) and not self._lines[end].strip():
                end += 1
            del self._lines[start:end]
        while self._lines and not self._lines[-1].strip():
            self._lines.pop()

    def _open(self, header: str) -> None:
        """Write what is in the way of a table as tables of their own: ``source = []``, ``group = {dev = {...}}``.

        TOML allows no additions to an inline value. Poetry leaves such values behind.
        """
        keys = header_keys(header)
        for depth, key in enumerate(keys):
            with self.parsed() as document:
                parent = document
                for outer in keys[:depth]:
                    parent = parent.get(outer) if isinstance(parent, dict) else None
                if not isinstance(parent, dict) or key not in parent:
                    return
                value = parent[key]
                is_list = isinstance(value, Array) and depth == len(keys) - 1 and header.startswith("[[")
                if not is_list and not isinstance(value, InlineTable):
                    continue
                del parent[key]
            above, name = (".".join(map(toml_key, keys[:end])) for end in (depth, depth + 1))
            if block := _as_tables(value, f"[[{name}]]" if is_list else f"[{name}]"):
                self._insert(block, (f"[{above}]",))

    def _insert(self, block: str, after: Sequence[str]) -> None:
        places = (self._last(prefix) for prefix in after)
        place = next((place for place in places if place is not None), None)
        at = self._end(place) if place is not None else len(self._lines)
        gap_before = [] if at == 0 or not self._lines[at - 1].strip() else ["\n"]
        gap_after = ["\n"] if at < len(self._lines) and self._lines[at].strip() else []
        self._lines[at:at] = [*gap_before, *block.splitlines(keepends=True), *gap_after]

    def _last(self, prefix: str) -> int | None:
        compact = prefix.replace(" ", "")
        found = [
            index
            for index, line in enumerate(self._lines)
            if _HEADER.match(line)
            and re.sub(r"[\s]", "", line).startswith(compact)
            and not (compact == "[tool.poetry" and line.strip().startswith("[tool.poetry-aiops"))
        ]
        return found[-1] if found else None

    def _end(self, header: int) -> int:
        """Return where a table ends, before the blank lines and comments that lead to the next one."""
        end = next(
            (index for index in range(header + 1, len(self._lines)) if _HEADER.match(self._lines[index])),
            len(self._lines),
        )
        reaches_file_end = end == len(self._lines)
        while end > header + 1 and _leads_on(self._lines[end - 1], comments=not reaches_file_end):
            end -= 1
        return end


def _name_of(lines: Sequence[str]) -> str:
    return str(tomllib.loads("".join(lines)).get("name", "")).lower()


def _leads_on(line: str, *, comments: bool) -> bool:
    return not line.strip() or (comments and line.lstrip().startswith("#"))
