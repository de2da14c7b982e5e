"""The pip section of a conda environment file, read as the requirements file that conda gives to pip.

conda writes the items below ``- pip:`` to a file and runs ``pip install -r`` on it in the environment file's folder.
Source: conda's ``env/installers/pip.py``. Only block lists are read, as conda itself writes them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from poetry_aiops.migrate.reading.notes import Notes
from poetry_aiops.migrate.reading.parse import parse_file
from poetry_aiops.migrate.reading.text import Undecodable, decode


if TYPE_CHECKING:
    from collections.abc import Iterator

    from poetry_aiops.migrate.model import Problem, RequirementsFile
    from poetry_aiops.migrate.reading.notes import Neighbours


SUFFIXES = frozenset({".yml", ".yaml"})
_NAME = re.compile(r"(?:conda[-_.]?)?(?:environments?|env|conda)(?:[-_.].*)?\.ya?ml", re.IGNORECASE)
_ITEM = re.compile(r"(?P<indent>[ ]*)-[ ]+(?P<text>\S.*)")
_PIP = re.compile(r"pip[ ]*:[ ]*(?P<value>[^#]*)")
_CONDAS_NAME = re.compile(r"(?:[\w./:-]+::)?(?P<name>[\w.-]+)")
_NOT_PACKAGES = frozenset({"python", "pip", "setuptools", "wheel"})
_SHOWN = 6


@dataclass(frozen=True, slots=True)
class _CondaSections:
    """``pip`` are the lines for pip by their number, ``conda`` conda's own packages; ``flow`` is a line that is no item, such as a list in brackets."""

    pip: dict[int, str]
    conda: dict[int, str]
    flow: int | None = None


def is_environment_name(path: str) -> bool:
    """Say whether a file of the project's own folder has a name of conda environment files."""
    return "/" not in path and _NAME.fullmatch(path) is not None


def is_environment(path: str) -> bool:
    """Say whether a path is read as a conda environment file: requirements files are no YAML."""
    return PurePosixPath(path).suffix.lower() in SUFFIXES


def has_pip_section(data: bytes) -> bool:
    """Say whether an environment file asks pip for anything."""
    decoded = decode(data)
    return not isinstance(decoded, Undecodable) and bool(_sections(decoded.text.splitlines()).pip)


def read_environment(
    path: str, data: bytes, neighbours: Neighbours
) -> tuple[RequirementsFile, tuple[Problem, ...]]:
    """Return the file with the lines of its pip section as requirements, and every problem; the rest is blank."""
    decoded = decode(data)
    if isinstance(decoded, Undecodable):
        return parse_file(path, data, neighbours)
    physical = decoded.text.splitlines(keepends=True)
    found = _sections([line.rstrip("\r\n") for line in physical])
    text = "".join(
        found.pip.get(number, "") + line[len(line.rstrip("\r\n")) :]
        for number, line in enumerate(physical, 1)
    )
    read, problems = parse_file(path, text.encode("utf-8"), neighbours)
    notes = Notes(path, neighbours)
    if found.flow is not None:
        notes.error(
            found.flow,
            "a list that cannot be read",
            "Only lists with one item on each line are read, each behind a dash.",
            "Write each item on a line of its own.",
        )
    if found.conda:
        _tell_conda(found.conda, notes)
    lines = tuple(replace(line, raw="".join(physical[line.number - 1 : line.last])) for line in read.lines)
    passed_on = (replace(one, fixed=None) for one in problems)  # --fix writes requirements files only
    file = replace(read, data=data, encoding=decoded.encoding, lines=lines)
    return file, (*notes.problems, *passed_on)


def _tell_conda(packages: dict[int, str], notes: Notes) -> None:
    shown = ", ".join(f"{text} (line {number})" for number, text in list(packages.items())[:_SHOWN])
    more = f" and {len(packages) - _SHOWN} more" if len(packages) > _SHOWN else ""
    notes.warning(
        next(iter(packages)),
        f"conda's own packages are not carried over: {shown}{more}",
        "Their names and versions are those of conda's channels, which Poetry does not ask.",
        "Put those that your code imports into a requirements file, by their names on the package index.",
    )


def _sections(lines: list[str]) -> _CondaSections:
    found = _CondaSections({}, {})
    outer: int | None = None  # the indentation of conda's own items
    in_pip = False
    for number, line in _dependency_lines(lines):
        item = _ITEM.fullmatch(line)
        if item is None:
            return replace(found, flow=number)
        indent, text = len(item["indent"]), _plain(item["text"].rstrip())
        outer = indent if outer is None else outer
        if indent > outer:
            if in_pip:
                found.pip[number] = text
            continue
        pip, package = _PIP.match(text), _CONDAS_NAME.match(text)
        in_pip = pip is not None
        if pip is not None and pip["value"].strip():
            return replace(found, flow=number)
        if pip is None and package and package["name"].lower() not in _NOT_PACKAGES:
            found.conda[number] = text.partition(" #")[0].strip()
    return found


def _dependency_lines(lines: list[str]) -> Iterator[tuple[int, str]]:
    """Yield the lines with content below ``dependencies:``, and that line itself where a list in brackets follows it."""
    inside = False
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if not line.startswith((" ", "-")):
            inside = re.match(r"dependencies[ ]*:", line) is not None
            if inside and "[" in line.partition("#")[0]:
                yield number, line
        elif inside:
            yield number, line


def _plain(text: str) -> str:
    """Return an item as pip gets it: without the quotes around it; a comment behind it stays."""
    quote = text[0]
    if quote not in "\"'":
        return text
    inner, closed, rest = text[1:].partition(quote)
    return f"{inner}{rest}" if closed else text
