"""What is there is kept under another name before it is replaced."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from poetry_aiops.system.files import reported, write_atomically, write_new
from poetry_aiops.system.reading import read_file


if TYPE_CHECKING:
    from pathlib import Path

    from poetry_aiops.system.project_paths import ProjectFile


def replace_file(place: ProjectFile, data: bytes | None, *, keeps: bool) -> str | None:
    """Write a file whole (None: remove it) and return the name, relative to the project, under which it was kept.

    ``keeps`` says whether what is there is kept. Raises InputError where the system refuses; then the file is unchanged.
    """
    hint = "Check the disk and the permissions of its folder; what was there is untouched."
    with reported("the file cannot be written", place.path, hint), ExitStack() as undo:
        kept = _keep(place) if keeps and place.status is not None else None
        if kept is not None:
            beside = place.path.with_name(kept)
            undo.callback(beside.unlink, missing_ok=True)  # the file itself is still there
        if data is None:
            place.path.unlink(missing_ok=True)
        else:
            place.path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(place.path, data)
        undo.pop_all()
    return None if kept is None else str(PurePosixPath(place.name).with_name(kept))


def _keep(place: ProjectFile) -> str:
    """Keep a file under the first free name beside it: FILE.bak, FILE.bak.1, ..."""
    number = 0
    while True:
        name = f"{place.path.name}.bak{f'.{number}' if number else ''}"
        try:
            _name_too(place, place.path.with_name(name))
        except FileExistsError:
            number += 1
        else:
            return name


def _name_too(place: ProjectFile, other: Path) -> None:
    """Give a file a second name, which is never half a file; a copy where the file system has no hard links."""
    try:
        other.hardlink_to(place.path)
    except FileExistsError:
        raise
    except OSError:
        write_new(other, read_file(place.path), place.mode)
