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
_PROSE: Final = frozenset(
    [
        *(
            "about",
            "body",
            "comment",
            "description",
            "displayname",
            "help",
            "id",
            "if",
            "label",
            "message",
            "name",
        ),
        *("notes", "repo", "summary", "text", "title", "uses", "when"),
    ]
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
        if item is None or not file.lines[line].strip() or file.lines[line].lstrip().startswith("#"):
            continue
        depth = column = len(item["indent"])
        if not (item["dashes"] or item["key"]):
            continue  # of a value over several lines, or of a template
        for dash in re.finditer(r"-\s+", item["dashes"]):
            depth = column + dash.start()
            number = _popped(path, depth, is_list=True)
            path.append((depth, number))
        if item["key"]:
            depth = column + len(item["dashes"])
            _popped(path, depth, is_list=False)
            path.append((depth, item["key"].strip("\"'").lower()))
        block = _BLOCK.fullmatch(item["value"])
        if block:
            at = _deeper(file.lines, at, depth)
        elif item["value"]:
            at = _plain_end(file.lines, at, item["value"], depth)
        keys = tuple(part for _, part in path)
        style = block["style"] if block else ""
        found.append(Entry(keys, line, at, item.start("value"), item["value"], style))
    return tuple(found)


def _popped(path: list[tuple[int, str | int]], column: int, *, is_list: bool) -> int:
    """Take what does not lead to a key or dash in this column off the path; return the number of a list entry."""
    while path and path[-1][0] > column:
        path.pop()
    number = 0
    while path and path[-1][0] == column and (not is_list or isinstance(path[-1][1], int)):
        last = path.pop()[1]
        number = last + 1 if isinstance(last, int) else 0
    return number


def _deeper(lines: Sequence[str], at: int, column: int) -> int:
    while at < len(lines) and (not lines[at].strip() or len(lines[at]) - len(lines[at].lstrip()) > column):
        at += 1
    return at


def _plain_end(lines: Sequence[str], at: int, value: str, column: int) -> int:
    """Return the line after a plain value that goes on over deeper lines without keys or dashes."""
    while at < len(lines) and lines[at].strip() and value[0] not in "#&*!":
        text = lines[at].lstrip()
        if len(lines[at]) - len(text) <= column or re.match(r"- |#|[\w.-]+:(\s|$)", text):
            break
        at += 1
    return at


def pipeline_scripts(file: FileText) -> Iterator[Script]:
    """Yield the values that may be shell text, with the ``working-directory`` of a workflow's step."""
    found = entries(file)
    folders = {entry.path[:-1]: entry.plain for entry in found if entry.key == "working-directory"}
    for entry in found:
        if entry.key not in _PROSE:
            *step, _ = entry.path
            job = entry.path[:2] if entry.path[:1] == ("jobs",) else ()
            places = (tuple(step), (*job, "defaults", "run"), ("defaults", "run"))
            folder = next((folders[place] for place in places if place in folders), None)
            yield from (replace(script, folder=folder) for script in _scripts_of(file, entry))


def _scripts_of(file: FileText, entry: Entry) -> Iterator[Script]:
    text = entry.text.strip()
    closed = re.fullmatch(r"(?P<quote>[\"'])(?P<body>.*)(?P=quote)\s*(?:#.*)?", text)
    if entry.style:
        yield file.script(entry.line + 1, entry.end, folded=entry.style == ">")
    elif text.startswith("["):
        yield from _flow(
            entry.line + 1, " ".join([text, *map(str.strip, file.lines[entry.line + 1 : entry.end])])
        )
    elif closed and entry.end == entry.line + 1:
        body = closed["body"]
        if ("\\" if text[0] == '"' else "''") in body:
            yield Script(body.replace('\\"' if text[0] == '"' else "''", text[0]), entry.line + 1)
        else:
            yield file.piece(entry.line, entry.column + 1, entry.column + 1 + len(body))
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
