"""Where the project of a command is, without making Poetry read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poetry.factory import Factory

from poetry_aiops.errors import UsageError
from poetry_aiops.project.lockfile import read_lock


if TYPE_CHECKING:
    from pathlib import Path

    from poetry.console.commands.command import Command

    from poetry_aiops.project.model import Lock


def located_pyproject(command: Command) -> Path:
    """Return the project's pyproject.toml, here or above; raises UsageError where there is none."""
    folder = command.get_application().project_directory
    try:
        return Factory.locate(folder)
    except RuntimeError:
        raise UsageError(
            f"there is no pyproject.toml in {folder} or above",
            where=f"poetry {command.name}",
            hint="Run this inside a Poetry project, or make one with `poetry init`.",
        ) from None


def locked_beside(pyproject: Path, warnings: list[str] | None = None) -> Lock:
    """Return the lock of a project; raises UsageError where there is none, InputError where it cannot be read."""
    path = pyproject.parent / "poetry.lock"
    if not path.is_file():
        raise UsageError(
            "there is no poetry.lock beside pyproject.toml",
            where=str(path),
            hint="Make one: `poetry lock`.",
        )
    return read_lock(path, warnings)
