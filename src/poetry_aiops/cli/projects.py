"""Several projects in one run: ``--project DIR`` more than once, and ``--projects`` with folders or patterns."""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from poetry_aiops.errors import AiopsError, UsageError


if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from poetry_aiops.cli.output import Output


T = TypeVar("T")

PYPROJECT: Final = "pyproject.toml"
_PATTERN: Final = frozenset("*?[")
_WORST_FIRST: Final = (70, 2, 1, 3, 0)


def repeated_projects(arguments: Sequence[str]) -> tuple[str, ...]:
    """Return the values of Poetry's ``-P/--project`` where a command line gives more than one; Poetry keeps the last."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("-P", "--project", action="append", default=[])
    found: list[str] = parser.parse_known_args(list(arguments))[0].project
    return tuple(found) if len(found) > 1 else ()


def project_files(folders: Iterable[str], patterns: Iterable[str], here: Path) -> tuple[Path, ...]:
    """Return the pyproject.toml of each project, each once, in the order of the options and sorted within a pattern.

    Paths are relative to ``here``. A pattern leaves out folders without a pyproject.toml and hidden ones (``.venv``).
    Raises UsageError for a folder without one, and for a pattern that leads to none.
    """
    found: dict[Path, Path] = {}
    for name, text in (*(("--project", one) for one in folders), *(("--projects", one) for one in patterns)):
        is_pattern = name == "--projects" and not _PATTERN.isdisjoint(text)
        files = list(_matching(text, here) if is_pattern else [here / text / PYPROJECT])
        if not files or not all(file.is_file() for file in files):
            raise UsageError(
                f"{text} matches no folder with a {PYPROJECT}",
                where=name,
                hint="Name folders of projects, relative to this one; quote a pattern, so that the shell leaves it.",
            )
        for file in files:
            found.setdefault(file.resolve(), file)
    return tuple(found.values())


def _matching(pattern: str, here: Path) -> Iterator[Path]:
    root = Path(pattern).anchor
    below = pattern[len(root) :].removesuffix(f"/{PYPROJECT}").rstrip("/") or "."
    start = Path(root) if root else here
    for folder in sorted(start.glob(below)):
        parts = folder.relative_to(start).parts
        if (folder / PYPROJECT).is_file() and not any(
            part.startswith(".") and part != ".." for part in parts
        ):
            yield folder / PYPROJECT


@dataclass(frozen=True, slots=True)
class ProjectOutcome(Generic[T]):
    """What came of one project: a result, or the error that ended it; ``folder`` is relative to the working directory."""

    folder: str
    exit_code: int
    result: T | None = None
    error: AiopsError | None = None


def each_project(
    files: Iterable[Path], here: Path, run: Callable[[Path], tuple[int, T]]
) -> tuple[ProjectOutcome[T], ...]:
    """Run something for each pyproject.toml; an error in one ends that one only, and names its folder.

    ``run`` gives an exit code and a result.
    """
    outcomes: list[ProjectOutcome[T]] = []
    for file in files:
        folder = folder_of(file, here)
        try:
            code, result = run(file)
            outcomes.append(ProjectOutcome(folder, code, result))
        except AiopsError as error:
            error.where = f"{folder}: {error.where}" if error.where else folder
            outcomes.append(ProjectOutcome(folder, error.exit_code, error=error))
    return tuple(outcomes)


def forms_of(output: Output, allowed: Collection[str], hint: str) -> set[str]:
    """Return the formats that a run about several projects writes; raises UsageError for one that works on one project only."""
    forms = {form for form in (output.form, *output.files.values()) if form}
    if alone := sorted(forms.difference(allowed)):
        raise UsageError(f"{alone[0]} works on one project only", where="--format", hint=hint)
    return forms


def folder_of(file: Path, here: Path) -> str:
    """Return the folder of a pyproject.toml, relative to the working directory."""
    return Path(os.path.relpath(file.parent, here)).as_posix()


def worst_exit_code(outcomes: Iterable[ProjectOutcome[T]]) -> int:
    """Return the exit code of the run: wrong input before "no", "no" before "not known"."""
    codes = {one.exit_code for one in outcomes}
    return next((code for code in _WORST_FIRST if code in codes), 0)


def projects_document(
    outcomes: Sequence[ProjectOutcome[T]], document: Callable[[T], dict[str, Any]]
) -> dict[str, Any]:
    """Return the content of ``poetry-aiops/projects/1``; ``document`` gives that of one project, its schema included."""
    return {
        "exit_code": worst_exit_code(outcomes),
        "projects": [
            {
                "folder": one.folder,
                "exit_code": one.exit_code,
                "error": None if one.error is None else list(one.error.lines()),
                "report": None if one.result is None else document(one.result),
            }
            for one in outcomes
        ],
    }
