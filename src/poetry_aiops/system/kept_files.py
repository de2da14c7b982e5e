"""New files beside those of the user: what is there is replaced only when asked, and then kept under another name."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from poetry_aiops.errors import InputError
from poetry_aiops.system.files import write_atomically, write_new
from poetry_aiops.system.project_paths import find_place, writing_problem
from poetry_aiops.system.reading import read_file


if TYPE_CHECKING:
    from poetry_aiops.system.project_paths import Place


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a new file goes: ``text`` is what is there now, None for nothing."""

    place: Place
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


def write_keeping(spot: Spot, text: str) -> str | None:
    """Write a file whole and return the name, relative to the project, under which an old one was kept.

    Raises InputError in words where the system refuses; then the old file is as it was.
    """
    place = spot.place
    kept: str | None = None
    try:
        kept = keep(place) if place.status is not None else None
        place.path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(place.path, text.encode())
    except BaseException as error:
        if kept is not None:
            with suppress(OSError):  # the file itself is still there
                place.path.with_name(kept).unlink()
        if not isinstance(error, OSError):
            raise
        raise InputError(
            f"{place.name} cannot be written: {error.strerror or error}",
            hint="Check the disk and the permissions of its folder; what was there is untouched.",
        ) from error
    return None if kept is None else str(Path(place.name).with_name(kept).as_posix())


def keep(place: Place) -> str:
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


def _name_too(place: Place, other: Path) -> None:
    """Give a file a second name, which is never half a file; a copy where the file system has no hard links."""
    try:
        other.hardlink_to(place.path)
    except FileExistsError:
        raise
    except OSError:
        write_new(other, read_file(place.path), place.mode)
