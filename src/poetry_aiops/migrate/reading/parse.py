"""A requirements file -> its lines, each read as pip 26 reads it; nothing of the file is lost.

pip's own ``req_file.py`` and ``constructors.py`` are the source of every rule. Variables (``${VAR}``) stay as they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from poetry_aiops.migrate.model import Line, RequirementsFile
from poetry_aiops.migrate.reading.annotations import comments_above, header_length, read_via
from poetry_aiops.migrate.reading.content import read_content
from poetry_aiops.migrate.reading.notes import Notes
from poetry_aiops.migrate.reading.text import Undecodable, decode, logical_lines, newline_of
from poetry_aiops.migrate.reading.troubles import find_troubles


if TYPE_CHECKING:
    from collections.abc import Sequence

    from poetry_aiops.migrate.model import LineKind, Problem
    from poetry_aiops.migrate.reading.notes import Neighbours
    from poetry_aiops.migrate.reading.text import LogicalLine


def parse_file(
    path: str, data: bytes, neighbours: Neighbours
) -> tuple[RequirementsFile, tuple[Problem, ...]]:
    """Return a file with all of its lines, and every problem of it.

    ``path`` is the file's POSIX path relative to the project's folder. A file that is no text has no lines. A line
    with an error is of the kind that it should have been, without requirement or target where none can be read.
    """
    notes = Notes(path, neighbours)
    decoded = decode(data)
    if isinstance(decoded, Undecodable):
        notes.error(decoded.line, decoded.what, f"Offset {decoded.offset}.", decoded.suggestion)
        return RequirementsFile(path, data, "", "\n", ()), tuple(notes.problems)
    found = tuple(logical_lines(decoded.text))
    claimed, whole_file = _tell_troubles(found, notes)
    header = header_length(found)
    lines = _read(found, notes, claimed, header)
    if not claimed and all(line.kind in {"comment", "blank"} for line in lines):
        notes.warning(0, "nothing to migrate: the file has no requirements", "It is kept as it is.")
    problems = _outside_of_troubles(notes.problems) if whole_file else notes.problems
    read = RequirementsFile(
        path, data, decoded.encoding, newline_of(decoded.text), lines, generated=bool(header)
    )
    return read, tuple(problems)


def _tell_troubles(lines: Sequence[LogicalLine], notes: Notes) -> tuple[frozenset[int], bool]:
    claimed: frozenset[int] = frozenset()
    whole_file = False
    for trouble in find_troubles(lines):
        notes.error(
            trouble.first,
            trouble.what,
            trouble.why,
            trouble.suggestion,
            fixed=trouble.fixed,
            last=trouble.last,
        )
        claimed |= trouble.claimed
        whole_file = whole_file or trouble.whole_file
    return claimed, whole_file


def _outside_of_troubles(problems: Sequence[Problem]) -> list[Problem]:
    """Return the troubles and the errors elsewhere: what else stands among a trouble's lines is no news."""
    ranges = [(problem.place.line, problem.last) for problem in problems if problem.last is not None]
    return [
        problem
        for problem in problems
        if problem.last is not None
        or (
            problem.severity == "error"
            and not any(first <= problem.place.line <= last for first, last in ranges)
        )
    ]


def _read(
    found: Sequence[LogicalLine], notes: Notes, claimed: frozenset[int], header: int
) -> tuple[Line, ...]:
    lines: list[Line] = []
    floor = header
    for place, line in enumerate(found):
        if line.swallowed:
            notes.warning(
                line.number,
                "a comment that ends in a backslash swallows the next line",
                "pip reads nothing of it.",
                "Remove the backslash from the comment if the line is meant.",
            )
        if not line.text:
            kind: LineKind = "blank" if line.comment is None else "comment"
            lines.append(Line(line.number, line.last, line.raw, kind, line.comment or ""))
        elif line.number in claimed:
            lines.append(Line(line.number, line.last, line.raw, "requirement", line.comment or ""))
        else:
            via, below = read_via(found, place)
            comments = comments_above(found, place, floor)
            lines.append(read_content(line, notes, via, comments))
            floor = place + below + 1
    return tuple(lines)
