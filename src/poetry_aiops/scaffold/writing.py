"""New files beside those of the user: what is there is replaced only when asked, and then kept under another name."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from poetry_aiops.errors import InputError, NegativeAnswerError
from poetry_aiops.system.kept_files import replace_file
from poetry_aiops.system.project_paths import find_place, writing_problem
from poetry_aiops.system.reading import read_file


if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from poetry_aiops.system.project_paths import ProjectFile


@dataclass(slots=True)
class NewFile:
    """A file to write: ``path`` is relative to the folder that it belongs to, with slashes.

    ``action`` is what happened to it, ``kept`` the name under which an old one was kept.
    """

    path: str
    text: str
    action: str = "unchanged"
    kept: str | None = None

    @property
    def is_optional(self) -> bool:
        """Say whether the user's own file of this name is left alone without stopping the rest."""
        return self.path.endswith(".dockerignore")


def write_files(home: Path, files: Sequence[NewFile], *, dry_run: bool, force: bool) -> None:
    """Write the files, or none where one of them is the user's; raises NegativeAnswerError then."""
    spots = [look_at(home, file.path) for file in files]
    changed = [(file, spot) for file, spot in zip(files, spots, strict=True) if spot.text != file.text]
    there = [file.path for file, spot in changed if spot.text is not None and not file.is_optional]
    if there and not force and not dry_run:
        raise NegativeAnswerError(
            f"{' and '.join(there)} would be replaced, so nothing was written",
            hint="See the difference with --dry-run, name another file with --output, or replace with --force"
            " (what is there is kept as FILE.bak).",
        )
    for file, spot in changed:
        if dry_run:
            file.action = "would-write"
        elif spot.text is not None and not force:
            file.action = "kept"
        else:
            file.kept = replace_file(spot.place, file.text.encode(), keeps=True)
            file.action = "replaced" if file.kept else "written"


def shown(home: Path, file: NewFile) -> list[str]:
    """Return the lines of a new file, and of one that is there the difference."""
    old = look_at(home, file.path).text
    if old is None:
        return [f"==> {file.path}", *file.text.splitlines(), ""]
    names = (f"a/{file.path}", f"b/{file.path}")
    return list(difflib.unified_diff(old.splitlines(), file.text.splitlines(), *names, lineterm=""))


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a new file goes: ``text`` is what is there now, None for nothing."""

    place: ProjectFile
    text: str | None


def look_at(root: Path, path: str) -> Spot:
    """Return what lies at a path of the project; raises InputError for a place that cannot be written."""
    place = find_place(root, path)
    problem = place if isinstance(place, str) else writing_problem(place)
    if isinstance(place, str) or problem:
        raise InputError(f"{path} {problem}", hint="Name another file with --output.")
    try:
        text = read_file(place.path, within=root).decode("utf-8", "replace") if place.status else None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}", hint="Check its permissions.") from error
    return Spot(place, text)
