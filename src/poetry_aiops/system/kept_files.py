"""What is there is kept under another name before it is replaced."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poetry_aiops.system.files import write_new
from poetry_aiops.system.reading import read_file


if TYPE_CHECKING:
    from pathlib import Path

    from poetry_aiops.system.project_paths import ProjectFile


def keep(place: ProjectFile) -> str:
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
