"""What ``poetry sync-reqs`` is to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from poetry_aiops.errors import UsageError


if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class SyncRequest:
    """The options of a run, checked against each other; ``pyproject`` is the file of the project."""

    pyproject: Path
    check: bool = False
    dry_run: bool = False
    force: bool = False
    watch: bool = False
    wheelhouse: str | None = None
    hardware: str | None = None
    platform: str | None = None
    python: str | None = None
    sdists: bool = False

    def __post_init__(self) -> None:
        """Raise UsageError for options that do not go together."""
        modes = {
            "--check": self.check,
            "--dry-run": self.dry_run,
            "--watch": self.watch,
            "--wheelhouse": self.wheelhouse,
        }
        exclusive = [name for name, given in modes.items() if given]
        if len(exclusive) > 1:
            raise UsageError(
                "these options exclude each other",
                where=" and ".join(exclusive),
                hint="Give only one of them.",
            )
        details = {
            "--hardware": self.hardware,
            "--platform": self.platform,
            "--python": self.python,
            "--sdists": self.sdists,
        }
        idle = [name for name, given in details.items() if given]
        if idle and not self.wheelhouse:
            raise UsageError(
                "this works only with --wheelhouse",
                where=", ".join(idle),
                hint="Add --wheelhouse DIR, the folder for the files.",
            )
