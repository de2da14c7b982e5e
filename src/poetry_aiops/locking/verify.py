"""Rule 2: on no concrete machine may a selection of groups install two builds of one package."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from poetry_aiops.errors import LockConflictError
from poetry_aiops.project.targets import marker_applies


if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from poetry_aiops.locking.model import Build, Placement
    from poetry_aiops.project.targets import Target


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
            chosen = [p.build for p in rivals if _installs(p, groups, target, extras)]
            if len(chosen) > 1:
                builds.update(chosen)
                where.append(target.name)
        if where:
            found.append(DoubleBuild(name, tuple(sorted(builds)), tuple(where)))
    return tuple(sorted(found, key=lambda double: double.name))


def check_merged(
    placements: Sequence[Placement],
    variants: Iterable[str],
    base_groups: frozenset[str],
    targets: Sequence[Target],
) -> None:
    """Raise LockConflictError when the base alone, or with one variant, doubles a package on some machine."""
    details = []
    for variant in (None, *variants):
        groups = base_groups | {variant} if variant else base_groups
        title = f"with {variant}" if variant else "without a variant"
        details += [f"{title}: {double}" for double in double_builds(placements, groups, targets)]
    if details:
        raise LockConflictError(
            "poetry.lock would install two builds of one package on the same machine",
            details=tuple(details),
            hint="Run `poetry lock --regenerate`; when it stays, narrow the requirements that pull them in.",
        )


def check_extras(
    placements: Sequence[Placement],
    variants: Iterable[str],
    groups: frozenset[str],
    targets: Sequence[Target],
) -> None:
    """Raise LockConflictError when no extra, or one variant that is an extra, doubles a package on some machine."""
    details = []
    for variant in (None, *variants):
        active = frozenset({variant}) if variant else frozenset()
        title = f"with the extra {variant}" if variant else "without extras"
        details += [f"{title}: {double}" for double in double_builds(placements, groups, targets, active)]
    if details:
        raise LockConflictError(
            "these exclusive extras cannot be locked safely: some machine would get two builds of one package",
            details=tuple(details),
            hint="Declare the variants as optional groups in [tool.poetry-aiops.hardware.variants]; groups are solved"
            " separately, extras are not.",
        )


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
