"""What ``poetry graph`` is to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from poetry_aiops.errors import UsageError


if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class GraphRequest:
    """The options of a run as they were written, and where the project is."""

    pyproject: Path
    only: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    target: str | None = None
    why: tuple[str, ...] = ()
    start: str | None = None
    focus: str | None = None
    depth: str | None = None
    without_packages: tuple[str, ...] = ()
    holds_back: tuple[str, ...] = ()
    diff: str | None = None
    check_cycles: bool = False
    sizes: bool = False
    open_page: bool = False

    def __post_init__(self) -> None:
        """Raise UsageError for a depth that is no number of levels, and for a start of no path."""
        if self.start and not self.why:
            raise UsageError(
                "--from says where the paths of --why begin",
                where="--from",
                hint="For example `poetry graph --why idna --from fastapi`.",
            )
        if self.depth is not None and (not self.depth.isdecimal() or int(self.depth) < 1):
            raise UsageError(
                f"{self.depth!r} is not a number of levels", where="--depth", hint="Write for example 3."
            )

    @property
    def levels(self) -> int | None:
        """How many levels are shown; None for all."""
        return None if self.depth is None else int(self.depth)

    @property
    def asks(self) -> bool:
        """Whether the run answers a question."""
        return bool(
            self.why
            or self.focus
            or self.without_packages
            or self.holds_back
            or self.diff
            or self.check_cycles
        )
