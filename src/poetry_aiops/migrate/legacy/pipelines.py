"""YAML of workflows and pipelines: every key and list entry with its place, and the shell text in their values.

Lines are read, no document is loaded: a pipeline that is a template, or does not parse, still has commands worth a
look. What cannot be known from prose (a step's name, a description, a comment) is left out.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from poetry_aiops.migrate.legacy.shell import Script


if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from poetry_aiops.migrate.legacy.scripts import FileText


_LINE: Final = re.compile(
    r"^(?P<indent>\s*)(?P<dashes>(?:-\s+)*)(?:(?P<key>[\w.$-]+|\"[^\"]*\"|'[^']*')\s*:(?=\s|$))?\s*(?P<value>.*)$"
)
_BLOCK: Final = re.compile(r"(?P<style>[|>])[+\-0-9]*\s*(?:#.*)?")
_PROSE: Final = re.compile(
    "about|body|comment|description|displayname|help|id|if|label|message|name|notes|repo|summary|text|title|uses|when"
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A key or list entry: ``path`` are the keys, in lower case, and numbers that lead to it.

    ``line`` is where it begins and ``end`` the line after its value, both 0-based; the value begins at ``column`` and
    is ``text`` on that line. ``style`` is ``|`` or ``>`` for a block, which begins on the next line.
    """

    path: tuple[str | int, ...]
    line: int
    end: int
    column: int
    text: str
    style: str = ""

    @property
    def key(self) -> str:
        """The last key of the path, ``""`` for a list entry without one."""
        last = self.path[-1] if self.path else ""
        return last if isinstance(last, str) else ""

    @property
    def plain(self) -> str:
        """The value on the entry's line, without a comment and quotes."""
        return re.sub(r"(^|\s)#.*", "", self.text).strip().strip("\"'")


@lru_cache(2)
def entries(file: FileText) -> tuple[Entry, ...]:
    """Return the entries of a YAML file in their order; commands, settings and ``--rewrite`` share one reading."""
    found: list[Entry] = []
    path: list[tuple[int, str | int]] = []  # each part with its column
    at = 0
    while at < len(file.lines):
        line, item = at, _LINE.match(file.lines[at])
        at += 1
        if item is None or not (item["dashes"] or item["key"]) or file.lines[line].lstrip().startswith("#"):
            continue  # nothing, a comment, of a value over several lines, or of a template
        parts = [(item.start("dashes") + dash.start(), "") for dash in re.finditer(r"-\s+", item["dashes"])]
        if item["key"]:
            parts.append((item.start("key"), item["key"].strip("\"'").lower()))
        for column, key in parts:
            while path and path[-1][0] > column:
                path.pop()
            number = 0
            while path and path[-1][0] == column and (key or isinstance(path[-1][1], int)):
                last = path.pop()[1]
                number = last + 1 if isinstance(last, int) else 0
            path.append((column, key or number))
        block = _BLOCK.fullmatch(item["value"])
        at = _value_end(file.lines, at, path[-1][0], item["value"], is_block=block is not None)
        style = block["style"] if block else ""
        keys = tuple(part for _, part in path)
        found.append(Entry(keys, line, at, item.start("value"), item["value"], style))
    return tuple(found)


def _value_end(lines: Sequence[str], at: int, column: int, value: str, *, is_block: bool) -> int:
    """Return the line after a value that begins before ``at`` and goes on over lines deeper than ``column``.

    In a block every such line and empty ones are of the value, else those without keys and dashes.
    """
    while at < len(lines) and value:
        text = lines[at].lstrip()
        is_deeper = len(lines[at]) - len(text) > column
        if is_block:
            if text and not is_deeper:
                break
        elif not (text and is_deeper) or value[0] in "#&*!" or re.match(r"- |#|[\w.-]+:(\s|$)", text):
            break
        at += 1
    return at


def pipeline_scripts(file: FileText) -> Iterator[Script]:
    """Yield the values that may be shell text, with the ``working-directory`` of a workflow's step."""
    found = entries(file)
    folders = {entry.path[:-1]: entry.plain for entry in found if entry.key == "working-directory"}
    for entry in found:
        if not _PROSE.fullmatch(entry.key):
            job = entry.path[:2] if entry.path[:1] == ("jobs",) else ()
            places = (entry.path[:-1], (*job, "defaults", "run"), ("defaults", "run"))
            folder = next((folders[place] for place in places if place in folders), None)
            yield from (replace(script, folder=folder) for script in _scripts_of(file, entry))


def _scripts_of(file: FileText, entry: Entry) -> Iterator[Script]:
    text, number = entry.text.strip(), entry.line + 1
    closed = re.fullmatch(r"(?P<quote>[\"'])(?P<body>.*)(?P=quote)\s*(?:#.*)?", text)
    if entry.style:
        yield file.script(number, entry.end, folded=entry.style == ">")
    elif text.startswith("["):
        yield from _flow(number, " ".join([text, *map(str.strip, file.lines[number : entry.end])]))
    elif closed and entry.end == number:
        quote, body = closed["quote"], closed["body"]
        if ("\\" if quote == '"' else "''") in body:
            yield Script(body.replace('\\"' if quote == '"' else "''", quote), number)
        else:
            yield Script(body, number, file.starts[entry.line] + entry.column + 1)
    elif text:
        yield file.script(entry.line, entry.end, column=entry.column, folded=True)


def _flow(line: int, text: str) -> Iterator[Script]:
    """Yield a list on one line as one command (``["pip", "install"]``) and its entries as commands of their own."""
    inside = re.match(r"\[(.*)\]\s*(?:#.*)?$", text)
    items = re.findall(r"\"(?:\\.|[^\"\\])*\"|'[^']*'|[^,\"']+", inside[1]) if inside else []
    values = [item[1:-1] if item[:1] in {"'", '"'} else item for item in map(str.strip, items) if item]
    if values:
        yield Script(shlex.join(values), line)
        yield from (Script(value, line) for value in values if " " in value)
