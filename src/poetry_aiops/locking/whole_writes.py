"""Poetry's writers of pyproject.toml and poetry.lock, made to write a file whole or not at all.

Poetry opens both files and writes over them: a disk that is full then leaves them empty, and a run that is killed leaves
half. Its writers go on deciding what is written (line ends, order), but into a copy; the copy then takes the place.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from poetry_aiops.system.files import reported, write_atomically


if TYPE_CHECKING:
    from collections.abc import Callable

    from poetry.poetry import Poetry


def write_whole_files(poetry: Poetry, *, both: bool) -> None:
    """Exchange the writers of a project's two files; what cannot be written is then an InputError.

    ``both``: pyproject.toml is written after the lock, so the lock is written only where pyproject.toml can be, too.
    """
    locker: Any = poetry.locker
    file: Any = poetry.file
    later = file.path if both else None
    locker._write_lock_data = _through_a_copy(locker._write_lock_data, locker, "_lock", later)  # noqa: SLF001 - no setter
    file.write = _through_a_copy(file.write, file, "_path")


def _through_a_copy(
    write: Callable[[Any], None], writer: object, place: str, later: Path | None = None
) -> Callable[[Any], None]:
    """Return ``write`` for a file whose path ``writer`` holds in its attribute ``place``."""

    def written(data: Any) -> None:  # noqa: ANN401 - a document of Poetry's, passed through
        target = getattr(writer, place)
        what = "the file cannot be written and is unchanged"
        hint = "Make room or make it writable, then run this again."
        if later is not None:
            with reported(what, later, hint):
                later.open("ab").close()
        with reported(what, target, hint), tempfile.TemporaryDirectory(prefix="poetry-aiops-") as folder:
            copy = Path(folder) / target.name
            if target.exists():
                shutil.copyfile(target, copy)  # its line ends are kept
            setattr(writer, place, copy)
            try:
                write(data)
            finally:
                setattr(writer, place, target)
            write_atomically(target, copy.read_bytes())

    return written
