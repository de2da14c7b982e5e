"""What is answered about single packages and other locks, beside the analysis of the whole graph; frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from poetry_aiops.graph.model import Demand, Diff, Held


@dataclass(frozen=True, slots=True)
class Kept:
    """A package that stays though it was to go; ``needed_by`` are the remaining packages that ask for it."""

    name: str
    needed_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Removal:
    """What goes away when the project stops asking for ``asked``; ``kept`` are those of them that stay.

    ``transitive`` are the asked names that the project never named: for them the answer is what goes away when
    nothing needs them any more.
    """

    asked: tuple[str, ...]
    gone: tuple[str, ...]
    kept: tuple[Kept, ...] = ()
    transitive: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Cut:
    """What it takes to lose ``name``.

    ``cut`` is the smallest set of direct dependencies that every path from the project runs through, the one
    nearest to the project when there are several. ``must_go`` are all direct dependencies that lead to ``name``:
    each has to leave pyproject.toml, or stop needing it.
    """

    name: str
    cut: tuple[str, ...]
    must_go: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Why:
    """Why a package is there: one shortest path for each direct dependency that leads to it, shortest first.

    A path begins with the direct dependency and ends with ``name``; ``leading`` are all that lead there. ``total``
    is the number of distinct paths from the project that visit no package twice; a lower bound unless ``exact``.
    ``demands`` are the project's own for ``name``.
    """

    name: str
    paths: tuple[tuple[str, ...], ...]
    leading: tuple[str, ...]
    total: int
    exact: bool
    demands: tuple[Demand, ...]


@dataclass(frozen=True, slots=True)
class Focus:
    """A package with everything above and below it; distances are in edges, ordered by distance and name."""

    name: str
    ancestors: tuple[tuple[str, int], ...]
    descendants: tuple[tuple[str, int], ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Every name of the view, the package itself included."""
        return tuple(sorted({self.name, *(name for name, _ in (*self.ancestors, *self.descendants))}))


@dataclass(frozen=True, slots=True)
class Comparison:
    """A diff with what its two sides are called, such as ``main~3`` and ``poetry.lock``."""

    old: str
    new: str
    diff: Diff


@dataclass(frozen=True, slots=True)
class Answers:
    """What was asked about single packages and other locks, beside the analysis of the whole."""

    why: tuple[Why, ...] = ()
    cuts: tuple[Cut, ...] = ()
    focus: Focus | None = None
    removal: Removal | None = None
    held: tuple[Held, ...] = ()
    comparison: Comparison | None = None
