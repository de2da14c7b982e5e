"""What is answered about single packages and other locks, beside the analysis of the whole graph; frozen values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poetry_aiops.system.record import Record


if TYPE_CHECKING:
    from poetry_aiops.graph.model import Diff, Held, ProjectDemand


class KeptPackage(Record):
    """A package that stays though it was to go; ``needed_by`` are the remaining packages that require it."""

    name: str
    needed_by: tuple[str, ...]


class Removal(Record):
    """What goes away when the project stops asking for ``asked``; ``kept`` are those of them that stay.

    ``transitive`` are the asked names that the project never named: for them the answer is what goes away when
    nothing needs them any more.
    """

    asked: tuple[str, ...]
    gone: tuple[str, ...]
    kept: tuple[KeptPackage, ...] = ()
    transitive: tuple[str, ...] = ()


class PathStep(Record):
    """One step of a path: why ``source`` needs ``target``; ``source`` is None for the project.

    ``extras`` are the source's (or the project's) extras of which one is needed for the step, ``asks`` the target's extras that it requires, ``group`` the project's group. ``marker`` is without extras. ``source_versions`` are the builds of the source
    that take the step, where it is locked in several. ``allows`` is the upper bound of the constraint, as text such as
    ``<2.0``, empty without one.
    """

    source: str | None
    target: str
    constraint: str
    marker: str = ""
    extras: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()
    group: str | None = None
    source_versions: tuple[str, ...] = ()
    allows: str = ""


class Why(Record):
    """Why a package is there: one shortest path for each direct dependency and group that lead to it.

    A path begins with the direct dependency and ends with ``name``; ``steps`` has the list of steps of each, and
    those whose last step allows the least come first. ``leading`` are all direct dependencies that lead there.
    ``start`` is the package that was asked to begin from instead of the project, each path then begins with it.
    ``demands`` are the project's own for ``name``. ``needed`` says that the name is in scope at all. ``held`` says for
    each locked build of ``name`` what all together allow; it is left out with ``start``.
    """

    name: str
    paths: tuple[tuple[str, ...], ...]
    steps: tuple[tuple[PathStep, ...], ...]
    leading: tuple[str, ...]
    demands: tuple[ProjectDemand, ...]
    start: str | None = None
    more: int = 0
    needed: bool = True
    held: tuple[Held, ...] = ()


class Focus(Record):
    """A package with everything above and below it, at most ``depth`` edges away, ordered by distance and name."""

    name: str
    ancestors: tuple[tuple[str, int], ...]
    descendants: tuple[tuple[str, int], ...]
    depth: int | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Every name of the view, the package itself included."""
        return tuple(sorted({self.name, *(name for name, _ in (*self.ancestors, *self.descendants))}))


class Answers(Record):
    """What was asked about single packages and other locks, beside the analysis of the whole."""

    why: tuple[Why, ...] = ()
    focus: Focus | None = None
    removal: Removal | None = None
    held: tuple[Held, ...] = ()
    diff: Diff | None = None


NO_ANSWERS = Answers()
