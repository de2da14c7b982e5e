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

    ``old`` is the text that was there before, None for nothing, ``action`` what happened to it, ``kept`` the name under
    which an old one was kept.
    """

    path: str
    text: str
    old: str | None = None
    action: str = "unchanged"
    kept: str | None = None

    @property
    def is_optional(self) -> bool:
        """Say whether the user's own file of this name is left alone without stopping the rest."""
        return self.path.endswith(".dockerignore")


def write_files(home: Path, files: Sequence[NewFile], *, dry_run: bool, force: bool) -> None:
    """Write the files, or none where one of them is the user's; raises NegativeAnswerError then."""
    places = {}
    for file in files:
        places[file.path], file.old = look_at(home, file.path)
    changed = [file for file in files if file.old != file.text]
    there = [file.path for file in changed if file.old is not None and not file.is_optional]
    if there and not force and not dry_run:
        raise NegativeAnswerError(
            f"{' and '.join(there)} would be replaced, so nothing was written",
            hint="See the difference with --dry-run, name another file with --output, or replace with --force"
            " (what is there is kept as FILE.bak).",
        )
    for file in changed:
        if dry_run:
            file.action = "would-write"
        elif file.old is not None and not force:
            file.action = "kept"
        else:
            file.kept = replace_file(places[file.path], file.text.encode(), keeps=True)
            file.action = "replaced" if file.kept else "written"


def shown(file: NewFile) -> list[str]:
    """Return the lines of a new file, and of one that is there the difference."""
    if file.old is None:
        return [f"==> {file.path}", *file.text.splitlines(), ""]
    names = (f"a/{file.path}", f"b/{file.path}")
    return list(difflib.unified_diff(file.old.splitlines(), file.text.splitlines(), *names, lineterm=""))


def look_at(root: Path, path: str) -> tuple[ProjectFile, str | None]:
    """Return where a new file goes, and the text that is there now, None for nothing.

    Raises InputError for a place that cannot be written.
    """
    place = find_place(root, path)
    problem = place if isinstance(place, str) else writing_problem(place)
    if isinstance(place, str) or problem:
        raise InputError(f"{path} {problem}", hint="Name another file with --output.")
    try:
        return place, read_file(place.path, within=root).decode("utf-8", "replace") if place.status else None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}", hint="Check its permissions.") from error
