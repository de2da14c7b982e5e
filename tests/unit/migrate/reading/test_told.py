"""Every kind of line, with all that is read of it and all that is reported about it, as told.txt beside this file says.

A case of that file is the lines behind ``>>>``, which stand in sub/requirements.txt below an empty line, and what
becomes of them. Where a text changes on purpose, the failing test shows what to write there.
"""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.every import for_each
from tests.support.neighbours import parsed


if TYPE_CHECKING:
    from collections.abc import Iterator

    from poetry_aiops.migrate.model import Line, Problem, ReadRequirement


CASES = Path(__file__).with_name("told.txt")
MARK = ">>> "
FILES: dict[str, str | bytes] = {
    "libs/foo/pyproject.toml": '[project]\nname = "Foo"\n',
    "libs/bar/setup.py": "from setuptools import setup\nsetup()\n",
    "libs/number/pyproject.toml": "[project]\nname = 3\n",
    "libs/variable/setup.py": "from setuptools import setup\nsetup(name=3)\n",
    "docs/index.md": "",
    "wheels/six-1.16.0-py2.py3-none-any.whl": b"",
    "wheels/odd.zip": b"",
    "sub/pkg/pyproject.toml": '[project]\nname = "pkg"\n',
    "pyproject.toml": '[project]\nname = "whole"\n',
}


def cases() -> list[tuple[str, str]]:
    """Return the lines of each case and what is reported about them."""
    blocks = CASES.read_text(encoding="utf-8").strip().split("\n\n")
    rows = [block.split("\n") for block in blocks]
    counts = [sum(line.startswith(MARK) for line in lines) for lines in rows]
    return [
        ("\n".join(line.removeprefix(MARK) for line in lines[:count]), "\n".join(lines[count:]))
        for lines, count in zip(rows, counts, strict=True)
    ]


def rendered(text: str) -> str:
    """Return everything that is read and reported, in the form of told.txt."""
    file, problems = parsed(f"\n{text}", FILES, "sub/requirements.txt")
    reported = [part for problem in problems for part in of_problem(problem)]
    return "\n".join(
        [*reported, *(of_line(line) for line in file.lines if line.kind not in {"blank", "comment"})]
    )


def of_problem(problem: Problem) -> Iterator[str]:
    place = f"{problem.place.line}-{problem.last}" if problem.last else str(problem.place.line)
    what, words, _ = problem.what.partition(": Expected ")  # packaging's words, another version's are others
    yield f"{problem.severity} {place}: {what}{words and ': ...'}"
    yield from (
        f"  {text}" for text in (problem.why, problem.suggestion and f"-> {problem.suggestion}") if text
    )
    if problem.fixed is not None:
        yield f"  fixed: {problem.fixed!r}"


def of_line(line: Line) -> str:
    options = " ".join(f"--{option.name}={option.value}" for option in line.options)
    comment = f"# {line.comment}" if line.comment else ""
    parts = [line.kind, str(line.number), line.target, options, comment]
    read = of_requirement(line.requirement) if line.requirement else "nothing"
    return " ".join(filter(None, parts)) + (f"\n  {read}" if line.kind == "requirement" else "")


def of_requirement(requirement: ReadRequirement) -> str:
    left_out = {"place", "options"}
    values = ((field.name, getattr(requirement, field.name)) for field in fields(requirement))
    return " ".join(
        f"{name}={value!r}"
        for name, value in values
        if value not in (None, "", (), False) and name not in left_out
    )


@for_each(("lines", "expected"), cases())
def test_each_line_is_read_and_told_as_written_down(lines: str, expected: str) -> None:
    assert rendered(lines) == expected
