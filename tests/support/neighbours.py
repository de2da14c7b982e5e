"""The files around a requirements file, in memory or in a folder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from poetry_aiops.migrate.reading.parse import parse_file
from poetry_aiops.migrate.reading.read import read_tree


if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from poetry_aiops.migrate.model import Line, Problem, ReadRequirement, RequirementsFile, Tree


FILE = "requirements.txt"


@dataclass(frozen=True)
class InMemory:
    """Files as a mapping of paths to bytes; a path that ends in ``/`` is an empty folder."""

    files: Mapping[str, bytes]

    def read(self, path: str) -> bytes | None:
        return self.files.get(path)

    def is_folder(self, path: str) -> bool:
        return path == "." or any(name.startswith(f"{path}/") for name in self.files)

    def names(self, path: str) -> Sequence[str]:
        start = "" if path == "." else f"{path}/"
        return sorted({name[len(start) :].split("/")[0] for name in self.files if name.startswith(start)})


@dataclass(frozen=True)
class InFolder:
    """The files below a folder of the disk."""

    root: Path

    def read(self, path: str) -> bytes | None:
        file = self.root / path
        return file.read_bytes() if file.is_file() else None

    def is_folder(self, path: str) -> bool:
        return (self.root / path).is_dir()

    def names(self, path: str) -> Sequence[str]:
        folder = self.root / path
        return sorted(entry.name for entry in folder.iterdir()) if folder.is_dir() else ()


def in_memory(files: Mapping[str, str | bytes]) -> InMemory:
    return InMemory({path: text.encode() if isinstance(text, str) else text for path, text in files.items()})


def parsed(
    text: str | bytes, files: Mapping[str, str | bytes] | None = None, path: str = FILE
) -> tuple[RequirementsFile, tuple[Problem, ...]]:
    data = text.encode() if isinstance(text, str) else text
    return parse_file(path, data, in_memory({**(files or {}), path: data}))


def line_of(text: str, files: Mapping[str, str | bytes] | None = None) -> Line:
    """Return the first line with content of a file about which there is no error."""
    file, problems = parsed(text, files)
    assert [problem for problem in problems if problem.severity == "error"] == []
    return next(line for line in file.lines if line.kind not in {"comment", "blank"})


def requirement_of(text: str, files: Mapping[str, str | bytes] | None = None) -> ReadRequirement:
    requirement = line_of(text, files).requirement
    assert requirement is not None
    return requirement


def problem_of(text: str | bytes, files: Mapping[str, str | bytes] | None = None) -> Problem:
    """Return the only problem of a file."""
    _, problems = parsed(text, files)
    assert len(problems) == 1, problems
    return problems[0]


def tree_of(files: Mapping[str, str | bytes], *entries: str) -> Tree:
    return read_tree(entries or (FILE,), in_memory(files))
