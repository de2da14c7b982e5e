"""Rule 2: on no concrete machine may a selection of groups install two builds of one package."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from poetry_aiops.errors import LockConflictError
from poetry_aiops.project.targets import marker_applies


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Sequence

    from poetry_aiops.locking.model import Build
    from poetry_aiops.locking.model import Placement
    from poetry_aiops.project.targets import Target


_WAYS_OUT = (
    "After a merge run `poetry lock`, or `poetry lock --regenerate` where that changes nothing. Builds that exclude each"
    " other belong into optional groups that [tool.poetry-aiops.hardware.variants] names (extras are solved together,"
    " which doubles what the rest of the project reaches too); else narrow the requirements that pull them in."
)


@dataclass(frozen=True, slots=True)
class DoubleBuild:
    """One package of which a machine would install several builds at once."""

    name: str
    builds: tuple[Build, ...]
    targets: tuple[str, ...]

    def __str__(self) -> str:
        builds = ", ".join(str(build) for build in self.builds)
        more = f" and {len(self.targets) - 1} more kinds of machine" if len(self.targets) > 1 else ""
        return f"{self.name}: {builds} (on {self.targets[0]}{more})"


def double_builds(
    placements: Iterable[Placement],
    groups: frozenset[str],
    targets: Sequence[Target],
    extras: frozenset[str] = frozenset(),
) -> tuple[DoubleBuild, ...]:
    """Return every package of which the groups would install two builds on some machine."""
    found = []
    for name, rivals in _rivals(placements, groups).items():
        builds: set[Build] = set()
        where = []
        for target in targets:
            chosen = {p.build for p in rivals if _installs(p, groups, target, extras)}
            if len(chosen) > 1:
                builds.update(chosen)
                where.append(target.name)
        if where:
            found.append(DoubleBuild(name, tuple(sorted(builds)), tuple(where)))
    return tuple(sorted(found, key=lambda double: double.name))


@dataclass(frozen=True, slots=True)
class Installed:
    """What one installation takes from the lock: dependency groups and extras, with words for both."""

    title: str
    groups: frozenset[str]
    extras: frozenset[str] = frozenset()

    @classmethod
    def of(cls, groups: Iterable[str], extras: Iterable[str] = ()) -> Installed:
        """Return the installation of these groups and extras."""
        names = f"with {', '.join(sorted(groups))}" + "".join(f", extra {extra}" for extra in sorted(extras))
        return cls(names, frozenset(groups), frozenset(extras))


def every_installation(variants: Iterable[str], base_groups: frozenset[str]) -> tuple[Installed, ...]:
    """Return what can be installed of a project whose variants are groups: the base alone, or with one variant."""
    alone = Installed("without a variant", base_groups)
    return alone, *(Installed(f"with {name}", base_groups | {name}) for name in variants)


def every_extra(variants: Iterable[str], groups: frozenset[str]) -> tuple[Installed, ...]:
    """Return what can be installed of a project whose variants are extras: none of them, or one."""
    alone = Installed("without extras", groups)
    return alone, *(Installed(f"with the extra {name}", groups, frozenset({name})) for name in variants)


def verify(
    placements: Sequence[Placement], installations: Iterable[Installed], targets: Sequence[Target]
) -> None:
    """Raise LockConflictError when one of the installations doubles a package on some machine."""
    found = [(one, double_builds(placements, one.groups, targets, one.extras)) for one in installations]
    details = tuple(f"{one.title}: {double}" for one, doubles in found for double in doubles)
    if details:
        what = "poetry.lock would install two builds of one package on the same machine"
        raise LockConflictError(what, details=details, hint=_WAYS_OUT)


def _rivals(placements: Iterable[Placement], groups: frozenset[str]) -> dict[str, list[Placement]]:
    by_name: dict[str, list[Placement]] = {}
    for placement in placements:
        if groups.intersection(placement.markers):
            by_name.setdefault(placement.build.name, []).append(placement)
    return {name: rivals for name, rivals in by_name.items() if len(rivals) > 1}


def _installs(placement: Placement, groups: frozenset[str], target: Target, extras: frozenset[str]) -> bool:
    return any(
        marker_applies(marker, target, extras)
        for group, marker in placement.markers.items()
        if group in groups
    )
