"""Why a pin cannot change by itself, and the smallest change that lets it.

The search follows who refuses a version: a locked parent has to move to its first release that allows it, which
its own parents may refuse in turn; a constraint in pyproject.toml has to be widened. What it returns is a forecast:
the solver has the last word.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from poetry_aiops.health.demands import accepts
from poetry_aiops.project.constraints import is_pin
from poetry_aiops.project.versions import parsed, public
from poetry_aiops.system.record import Record


if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from poetry_aiops.health.certificate import Ground, Unmet
    from poetry_aiops.health.demands import HeldConstraint
    from poetry_aiops.project.model import Package, Requirement

    Needs = Callable[[Package, str], Sequence[Requirement] | None]
    NewerOf = Callable[[Package], Sequence[str]]


DEEPEST: Final = 4
"""Steps of a chain that are followed; longer ones are for the solver alone."""
_MINOR: Final = 2


@dataclass(frozen=True, slots=True)
class Edit:
    """A constraint of pyproject.toml that has to be widened, and a proposal."""

    where: str
    package: str
    old: str
    new: str

    def __str__(self) -> str:
        return f'{self.where}: {self.package} "{self.old}" -> "{self.new}"'


@dataclass(frozen=True, slots=True)
class BlockerStep:
    """One constraint on the way: ``allowed_by`` is the parent's first version that lifts it, empty for none."""

    holder: str
    package: str
    constraint: str
    version: str
    allowed_by: str = ""

    def __str__(self) -> str:
        head = f"{self.holder} requires {self.package} {self.constraint}, fixed in {self.version}"
        parent = self.holder.split(" ")[0]
        lifted = (
            f"{parent} {self.allowed_by} allows it" if self.allowed_by else f"no newer {parent} allows it"
        )
        return f"{head}; {lifted}"


class WayOut(Record):
    """What has to happen so that a package may take a version.

    ``moves`` are the other packages that have to change, with the version that would do. ``steps`` are the
    constraints met, nearest first. ``blocked`` are those that nothing lifts.
    """

    moves: tuple[tuple[str, str], ...] = ()
    edits: tuple[Edit, ...] = ()
    steps: tuple[BlockerStep, ...] = ()
    blocked: tuple[BlockerStep, ...] = ()

    @property
    def is_free(self) -> bool:
        """Whether the lock alone has to change."""
        return not self.edits and not self.blocked

    @property
    def rank(self) -> tuple[int, int, int]:
        """How much is in the way: lower is better."""
        return (len(self.blocked), len(self.edits), len(self.moves))


@dataclass
class Search:
    """Looks for ways out; ``needs`` returns what a version requires, ``newer_of`` a package's newer releases, ascending."""

    ground: Ground
    needs: Needs
    newer_of: NewerOf
    asks_left: int = 200
    _known: dict[tuple[str, str], Sequence[Requirement] | None] = field(default_factory=dict)

    def way_out(self, package: Package, version: str) -> WayOut:
        """Return what has to happen so that a locked package may become ``version``."""
        return self._follow(package, version, (package.name,))

    def needs_of(self, package: Package, version: str) -> Sequence[Requirement] | None:
        """Return what a version requires, asked once; None when that is unknown or too much was asked."""
        key = (package.name, version)
        if key not in self._known:
            self.asks_left -= 1
            self._known[key] = self.needs(package, version) if self.asks_left >= 0 else None
        return self._known[key]

    def _follow(self, package: Package, version: str, trail: tuple[str, ...]) -> WayOut:
        certificate = self.ground.certify(package, version, self.needs_of(package, version))
        found = WayOut()
        for demand in certificate.refusals:
            found = _joined(found, self._lifted(package, version, demand, trail))
        for unmet in certificate.unmet:
            found = _joined(found, self._supplied(unmet, trail))
        return found

    def _lifted(
        self, package: Package, version: str, demand: HeldConstraint, trail: tuple[str, ...]
    ) -> WayOut:
        """Return the way out of one constraint."""
        if demand.kind == "group":
            edit = Edit(demand.holder, package.name, demand.constraint, widened(demand.constraint, version))
            return WayOut(edits=(edit,))
        name, _, held = demand.holder.partition(" ")
        step = BlockerStep(demand.holder, package.name, demand.constraint, version)
        parent = next((one for one in self.ground.by_name.get(name, ()) if one.version == held), None)
        if name in trail or len(trail) >= DEEPEST:
            return WayOut()  # it moves already, or the chain is too long to show: the solver finds out
        if parent is None:
            return _stuck(step)
        allowing = self._first_allowing(parent, package, version)
        if allowing is None:
            return _stuck(step)
        lifted = BlockerStep(step.holder, step.package, step.constraint, step.version, allowing)
        further = self._follow(parent, allowing, (*trail, name))
        return _joined(WayOut(moves=((name, allowing),), steps=(lifted,)), further)

    def _supplied(self, unmet: Unmet, trail: tuple[str, ...]) -> WayOut:
        """Return the way to something that the new version requires; a package that is new is the solver's matter."""
        held = self.ground.by_name.get(unmet.name, ())
        if not held or unmet.name in trail or len(trail) >= DEEPEST:
            return WayOut()
        newest = held[-1]
        fitting = next((one for one in self.newer_of(newest) if accepts(unmet.constraint, one)), None)
        if fitting is None:
            return WayOut()
        further = self._follow(newest, fitting, (*trail, unmet.name))
        return _joined(WayOut(moves=((unmet.name, fitting),)), further)

    def _first_allowing(self, parent: Package, package: Package, version: str) -> str | None:
        """Return the parent's first newer release that allows a version; bisects, as bounds only move upwards."""
        releases = self.newer_of(parent)
        low, high = 0, len(releases)
        while low < high:
            middle = (low + high) // 2
            if self._lies_below(parent, releases[middle], package, version):
                low = middle + 1
            else:
                high = middle
        fits = low < len(releases) and self._accepts(parent, releases[low], package.name, version)
        return releases[low] if fits else None

    def _lies_below(self, parent: Package, release: str, package: Package, version: str) -> bool:
        """Say whether a release of the parent still wants older versions only."""
        constraints = self._constraints(parent, release, package.name)
        if constraints is None or all(accepts(one, version) for one in constraints):
            return constraints is None
        bound, known = parsed(version), (package.version, *self.newer_of(package))
        wanted = [parsed(one) for one in known if all(accepts(text, one) for text in constraints)]
        return not wanted or any(one is None or bound is None or one < bound for one in wanted)

    def _accepts(self, parent: Package, release: str, name: str, version: str) -> bool:
        constraints = self._constraints(parent, release, name)
        return constraints is not None and all(accepts(one, version) for one in constraints)

    def _constraints(self, parent: Package, release: str, name: str) -> list[str] | None:
        """Return what a release asks of a package, None when that is unknown."""
        needs = self.needs_of(parent, release)
        if needs is None:
            return None
        return [one.constraint for one in self.ground.wanted_of(parent, needs) if one.name == name]


def widened(constraint: str, version: str) -> str:
    """Return a constraint like the old one, in its own style, that begins at ``version``."""
    known = parsed(version)
    text = str(public(known)) if known else version
    style = constraint.strip()
    if style.startswith(("^", "~")) and not style.startswith("~="):
        return f"{style[0]}{text}"
    if style.startswith("~="):
        return f"~={text}"
    if is_pin(style):
        return f"=={text}" if style.startswith("==") else text
    if known is None or "<" not in style:
        return f">={text}"
    return f">={text},<{_next(known.release, style)}"


def _next(release: tuple[int, ...], style: str) -> str:
    """Return the bound above a version that is as wide as the old one: the next major, or minor below 1.0."""
    bound = style.rpartition("<")[2].strip("= ")
    old = parsed(bound.split(",")[0].strip())
    minor = release[0] == 0 or (old is not None and len(old.release) >= _MINOR and any(old.release[1:]))
    first, second = (*release, 0)[:_MINOR]
    return f"{first}.{second + 1}" if minor else f"{first + 1}.0"


def _stuck(step: BlockerStep) -> WayOut:
    return WayOut(steps=(step,), blocked=(step,))


def _joined(first: WayOut, second: WayOut) -> WayOut:
    return WayOut(
        moves=tuple(dict((*first.moves, *second.moves)).items()),
        edits=tuple(dict.fromkeys((*first.edits, *second.edits))),
        steps=tuple(dict.fromkeys((*first.steps, *second.steps))),
        blocked=tuple(dict.fromkeys((*first.blocked, *second.blocked))),
    )
