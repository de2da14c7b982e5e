"""From what a package needs to a proposed fix: a pin, an edit of pyproject.toml, or the reason for neither."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from poetry_aiops.health.fixes import ProposedFix
from poetry_aiops.index.release_records import record_key


if TYPE_CHECKING:
    from collections.abc import Iterable

    from poetry_aiops.health.blockers import Search, WayOut
    from poetry_aiops.health.fixes import Wanted
    from poetry_aiops.index.cooldown import Cooldown


def propose(wanted: Iterable[Wanted], search: Search, cooldown: Cooldown) -> tuple[ProposedFix, ...]:
    """Return a proposal for each package, in the same order; the solver has the last word on ``pin``."""
    return tuple(_proposal(one, search, cooldown) for one in wanted)


def _proposal(wanted: Wanted, search: Search, cooldown: Cooldown) -> ProposedFix:
    bare = ProposedFix(
        key=wanted.package.key,
        package=wanted.package.name,
        from_version=wanted.package.version,
        to_version="",
        advisories=tuple(one.id for one in wanted.findings),
        how="blocked",
        severity=wanted.severity,
        blockers=(wanted.problem,) if wanted.problem else (),
        safe=wanted.safe,
        left=tuple(one.id for one in wanted.left),
    )
    if wanted.safe:
        return _reachable(bare, wanted, search)
    return _too_young(bare, wanted, cooldown) if wanted.young else bare


def _reachable(bare: ProposedFix, wanted: Wanted, search: Search) -> ProposedFix:
    version, way = _best(wanted, search)
    needs = search.needs_of(wanted.package, version)
    certified = search.ground.certify(wanted.package, version, needs).holds
    return replace(
        bare,
        to_version=version,
        how="pin" if way.is_free else "blocked" if way.blocked else "edit",
        blockers=tuple(str(step) for step in _shortest(way)),
        edit="; ".join(str(edit) for edit in way.edits),
        certified=certified,
        together=tuple(name for name, _ in way.moves),
        moves=way.moves,
    )


def _best(wanted: Wanted, search: Search) -> tuple[str, WayOut]:
    """Return the smallest safe version, unless another one is easier to reach."""
    demands = search.ground.demands.on(wanted.package)
    welcome = [one for one in wanted.safe if all(demand.accepts(one) for demand in demands)]
    looked = []
    for version in dict.fromkeys((wanted.safe[0], *welcome[:1], wanted.safe[-1])):
        way = search.way_out(wanted.package, version)
        if not way.rank[0] and not way.rank[1]:
            return version, way
        looked.append((version, way))
    return min(looked, key=lambda one: one[1].rank[:2])


def _shortest(way: WayOut) -> tuple[object, ...]:
    """Return what explains the way: what nothing lifts, else every constraint on it, nearest first."""
    return way.blocked or way.steps


def _too_young(bare: ProposedFix, wanted: Wanted, cooldown: Cooldown) -> ProposedFix:
    """Propose an exception from the cooldown for this one fix; it is never taken by itself."""
    source, name = record_key(wanted.package)
    days = cooldown.for_package(source, name).days
    names = ",".join(sorted({*cooldown.exempt_names, name}))
    version = wanted.young[0]
    return replace(
        bare,
        to_version=version,
        blockers=(f"{name} {version} is younger than solver.min-release-age = {days} days",),
        exception="to take it now, for this run alone:"
        f" POETRY_SOLVER_MIN_RELEASE_AGE_EXCLUDE={names} poetry health --fix",
    )
