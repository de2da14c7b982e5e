"""The folder ``dependency_reports/`` of a project: reports that are not committed by accident."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from poetry_aiops.errors import InputError
from poetry_aiops.system.files import reported, write_atomically
from poetry_aiops.system.reading import LARGEST_REPORT, boundary, read_file


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Content = str | Callable[[str], str]


REPORTS: Final = "dependency_reports"
_IGNORE: Final = b"# Made by poetry-aiops; remove this file to commit the reports.\n*\n"


def reports_of(root: Path) -> Path:
    """Return the folder of a project's reports; raises InputError for a link that leads out of the project."""
    folder = root / REPORTS
    real = Path(os.path.realpath(folder))
    if not real.is_relative_to(boundary(root)):
        raise InputError(
            f"it is a link that leads out of the project, to {real}",
            where=REPORTS,
            hint="Remove the link. `poetry health --report-dir DIR` writes to another place.",
        )
    return folder


def write_reports(folder: Path, contents: Mapping[str, Content]) -> tuple[Path, ...]:
    """Write texts into a folder of reports, each atomically; ``contents`` maps paths in it to texts.

    A function in place of a text gets what the file holds and returns what it is to hold; no other run writes between
    the two. A new folder gets its own ``.gitignore``. Raises InputError when it cannot be written, or when a
    link in it leads out of it: a project of someone else may hold such links.
    """
    written = []
    hint = "Make the folder writable, or name another one."
    with reported("the reports cannot be written", folder, hint):
        folder.mkdir(parents=True, exist_ok=True)
        with _one_at_a_time(folder):
            if not any(folder.iterdir()):
                write_atomically(folder / ".gitignore", _IGNORE)
            for name, content in contents.items():
                path = folder / name
                _refuse_way_out(folder, path)
                path.parent.mkdir(parents=True, exist_ok=True)
                text = content if isinstance(content, str) else content(read_report(path))
                write_atomically(path, (text.rstrip("\n") + "\n").encode())
                written.append(path)
    return tuple(written)


def read_report(path: Path) -> str:
    """Return the text of a report, ``""`` for one that is missing; raises OSError for one that cannot be read."""
    try:
        return read_file(path, limit=LARGEST_REPORT).decode("utf-8", "replace")
    except (FileNotFoundError, NotADirectoryError):
        return ""


def _refuse_way_out(folder: Path, path: Path) -> None:
    real = Path(os.path.realpath(path))
    if not real.is_relative_to(os.path.realpath(folder)):
        raise InputError(
            f"the reports cannot be written: a symbolic link leads out of their folder, to {real}",
            where=str(path),
            hint="Remove the link, or name another folder.",
        )


if sys.platform == "win32":

    @contextmanager
    def _one_at_a_time(_folder: Path) -> Iterator[None]:
        """Do nothing: folders cannot be locked there, and of two runs at the same moment the last one counts."""
        yield

else:
    import fcntl

    @contextmanager
    def _one_at_a_time(folder: Path) -> Iterator[None]:
        """Wait until no other run writes into the folder; on file systems without locks the last one counts."""
        handle = os.open(folder, os.O_RDONLY)
        try:
            with suppress(OSError):
                fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)
