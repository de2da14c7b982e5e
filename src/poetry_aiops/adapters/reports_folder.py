"""The folder ``dependency_reports/`` of a project: reports that nobody commits by accident."""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Final

from poetry_aiops.adapters.files import write_atomically
from poetry_aiops.errors import InputError


if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


REPORTS: Final = "dependency_reports"
_IGNORE: Final = b"# Made by poetry-aiops; remove this file to commit the reports.\n*\n"


def write_reports(folder: Path, contents: Mapping[str, str]) -> tuple[Path, ...]:
    """Write texts into a folder of reports, each atomically; ``contents`` maps paths in it to texts.

    A new folder gets its own ``.gitignore``. Raises InputError in words when it cannot be written.
    """
    written = []
    try:
        if not folder.exists():
            folder.mkdir(parents=True)
            write_atomically(folder / ".gitignore", _IGNORE)
        for name, text in contents.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, (text.rstrip("\n") + "\n").encode())
            written.append(path)
    except OSError as error:
        raise InputError(
            f"the reports cannot be written: {error.strerror or error}",
            where=str(folder),
            hint="Make the folder writable, or name another one.",
        ) from error
    return tuple(written)
