"""The repairs of ``--fix``: the suggested lines in place of those that pip refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poetry_aiops.migrate.reading.text import encode


if TYPE_CHECKING:
    from collections.abc import Iterable

    from poetry_aiops.migrate.model import Problem, RequirementsFile


def repaired(file: RequirementsFile, problems: Iterable[Problem]) -> bytes:
    """Return a file's bytes with every fixable error replaced; encoding, byte order mark and line ends stay."""
    fixes = {
        problem.place.line: problem
        for problem in problems
        if problem.severity == "error" and problem.fixed is not None and problem.place.file == file.path
    }
    if not fixes:
        return file.data
    parts: list[str] = []
    skipped_until = 0
    for line in file.lines:
        if line.number <= skipped_until:
            continue
        problem = next(
            (fixes[number] for number in range(line.number, line.last + 1) if number in fixes), None
        )
        if problem is None or problem.fixed is None:
            parts.append(line.raw)
            continue
        skipped_until = problem.last or line.last
        if problem.fixed:
            end = line.raw[len(line.raw.rstrip("\r\n")) :]
            parts.append(problem.fixed.replace("\n", file.newline) + end)
    return encode(file, "".join(parts))
