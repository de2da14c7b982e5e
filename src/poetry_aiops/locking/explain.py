"""Words for what the rules refuse: who wants what, and the ways out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poetry_aiops.errors import LockConflictError
from poetry_aiops.locking.model import THE_PROJECT, of_group
from poetry_aiops.project.model import MAIN


if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from poetry_aiops.locking.model import Solution


_MOST_PACKAGES = 8
_MOST_PARENTS = 3


def disagreement(
    solutions: Mapping[str, Solution], base_groups: frozenset[str], disputed: Iterable[str]
) -> LockConflictError:
    """Say which shared packages the variants cannot agree on, who requires them, and the two ways out."""
    names = sorted(disputed, key=lambda name: (not _declared(name, solutions), name))
    details = [line for name in names[:_MOST_PACKAGES] for line in _wishes(name, solutions, base_groups)]
    if len(names) > _MOST_PACKAGES:
        details.append(f"... and {len(names) - _MOST_PACKAGES} more: {', '.join(names[_MOST_PACKAGES:])}")
    return LockConflictError(
        "the hardware variants need different builds of packages that the rest of the project uses too, "
        f"so one poetry.lock cannot serve them all: {', '.join(names[:_MOST_PACKAGES])}",
        details=tuple(details),
        hint=_ways_out(names[0], _holders(names[0], solutions, base_groups), _declared(names[0], solutions)),
    )


def _ways_out(name: str, holders: Sequence[str], declared: Collection[str]) -> str:
    overlap = f"let the requirements of the variants overlap, so that one {name} fits them all"
    if of_group(MAIN) in declared and len(declared) > 1:
        move = f"declare {name} in the variants alone: delete it from main's dependencies in pyproject.toml"
    elif MAIN not in holders:
        groups = " and ".join(holders)
        move = f"make the optional group {groups} a variant as well, if it is meant for one kind of hardware"
    else:
        move = (
            f"move what requires {name} from the shared groups to every variant (where the shared"
            f' groups reach {name} only indirectly, [tool.poetry-aiops.hardware] provides = ["{name}"] does that)'
        )
    return f"Two ways out: {overlap}; or {move}."


def _holders(name: str, solutions: Mapping[str, Solution], base_groups: frozenset[str]) -> list[str]:
    """Return the shared groups that bring a package, in alphabetical order."""
    groups = {
        group
        for solution in solutions.values()
        for placement in solution.placements
        if placement.build.name == name
        for group in placement.markers
    }
    return sorted(groups & base_groups)


def _declared(name: str, solutions: Mapping[str, Solution]) -> set[str]:
    """Return the groups of the project that require a package: then the dispute is about that, not what follows."""
    demands = (demand for solution in solutions.values() for demand in solution.demands_on(name))
    return {demand.parent for demand in demands if demand.parent.startswith(THE_PROJECT)}


def _wishes(name: str, solutions: Mapping[str, Solution], base_groups: frozenset[str]) -> list[str]:
    """Return one line for the package and one for each variant: its build and who requires it."""
    lines = [f"{name} (in {', '.join(_holders(name, solutions, base_groups))}):"]
    for variant, solution in solutions.items():
        builds = sorted(
            placement.build
            for placement in solution.placements
            if placement.build.name == name and base_groups.intersection(placement.markers)
        )
        demands = solution.demands_on(name)
        parents = ", ".join(f"{d.parent} wants {d.constraint}" for d in demands[:_MOST_PARENTS])
        more = f" and {len(demands) - _MOST_PARENTS} more" if len(demands) > _MOST_PARENTS else ""
        chosen = " and ".join(str(build) for build in builds) or "not needed"
        lines.append(f"  with {variant}: {chosen}" + (f" ({parents}{more})" if parents else ""))
    return lines
