"""Who holds a package back: every constraint on it, their intersection, and the owner of the tightest.

Constraints are poetry-core's own; a text that it cannot read limits nothing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from poetry.core.constraints.version import VersionRange, VersionUnion

from poetry_aiops.errors import InputError
from poetry_aiops.graph.model import THE_PROJECT, Held, Holder
from poetry_aiops.project.constraints import read_constraint
from poetry_aiops.project.lock_graph import LockNode


if TYPE_CHECKING:
    from collections.abc import Sequence

    from poetry.core.constraints.version import Version, VersionConstraint

    from poetry_aiops.graph.model import DependencyGraph

    Bound = tuple[Version, bool]


def holds_back(graph: DependencyGraph, name: str) -> tuple[Held, ...]:
    """Return who limits each locked build of ``name``, the tightest limits first; equal ones once.

    A holder counts for the builds that its requirement leads to, and only where something requires the extra that
    switches it on. A name that is locked but not in scope has one entry without a version. Raises UsageError for a name
    that the lock does not hold.
    """
    found = graph.find(name, "--holds-back")
    if found not in graph.by_id:
        return (Held(found, "", "", ()),)
    builds = graph.by_id[found].builds
    return tuple(
        dict.fromkeys(
            _held(found, build.version, _holders(graph, LockNode(found, place)))
            for place, build in enumerate(builds)
        )
    )


def upper_bound(constraint: str) -> Bound | None:
    """Return the highest version that a constraint allows and whether it is allowed itself; None without a limit."""
    found = _read(constraint)
    highest = found.ranges[-1] if isinstance(found, VersionUnion) else found
    limit: Version | None = getattr(highest, "max", None)
    return None if limit is None else (limit, bool(getattr(highest, "include_max", True)))


def bound_text(bound: Bound | None) -> str:
    """Return an upper bound as text such as ``<2.0``; empty for none.

    Newer versions of poetry-core hold ``<2.0`` as ``<2.0.dev0`` and print ``<2.0``.
    """
    if bound is None:
        return ""
    return f"<={bound[0]}" if bound[1] else f"<{str(bound[0]).removesuffix('.dev0')}"


def _read(constraint: str) -> VersionConstraint:
    try:
        return read_constraint(constraint)
    except InputError:
        return VersionRange()


def _holders(graph: DependencyGraph, build: LockNode) -> list[Holder]:
    """Return what requires a build: the project's demands in their order, then packages by name."""
    found: dict[Holder, None] = {}
    for source in sorted(one for one in graph.links.pred[build] if one in graph.reach.reached):
        if source.name == build.name:
            continue
        owner = graph.links.nodes[source]
        for requirement in graph.links.edges[source, build]["requirements"]:
            holder = Holder(
                source.name or THE_PROJECT,
                owner["package"].version if source.name else "",
                requirement.constraint,
                requirement.marker,
                bound_text(upper_bound(requirement.constraint)),
                tightest=False,
                optional=requirement.optional,
                group="" if source.name else source.extra,
            )
            found[holder] = None
    return list(found)


def _held(name: str, version: str, holders: Sequence[Holder]) -> Held:
    allowed: VersionConstraint = VersionRange()
    for holder in holders:
        allowed = allowed.intersect(_read(holder.constraint))
    bounds = [(upper_bound(one.constraint), one) for one in holders]
    lowest = min((bound for bound, _ in bounds if bound), default=None)
    bounds.sort(
        key=lambda one: (one[0] is None, one[0] or (), one[1].owner, one[1].owner_version, one[1].group)
    )
    marked = tuple(replace(one, tightest=bound is not None and bound == lowest) for bound, one in bounds)
    return Held(name, version, "nothing" if allowed.is_empty() else str(allowed), marked)
