"""Which packages only the variants may hold, although the rest of the project reaches them."""

from __future__ import annotations

from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from poetry_aiops.project.model import Lock


def provided_by_variants(
    declared: Mapping[str, Mapping[str, Hashable]],
    base_direct: frozenset[str],
    configured: frozenset[str] | None,
) -> frozenset[str]:
    """Return the names that are attributed to variants only.

    ``declared`` maps each variant to what it asks for by name (constraint, source, ...), ``base_direct`` are
    the names that the shared groups declare themselves: those are never taken from them. ``configured`` is
    the project's own list; without one (None) these are the names that not every variant declares alike.
    """
    if configured is not None:
        return configured - base_direct
    names = frozenset().union(*declared.values())
    differing = {name for name in names if len({wishes.get(name) for wishes in declared.values()}) > 1}
    return frozenset(differing) - base_direct


def missing_provided(
    lock: Lock, groups: frozenset[str], variants: frozenset[str]
) -> tuple[tuple[str, str], ...]:
    """Return (package, requirement) pairs of the groups' packages whose requirement only variants hold."""
    holders: dict[str, set[str]] = {}
    for package in lock.packages:
        holders.setdefault(package.name, set()).update(package.groups or ())
    provided = {name for name, held_by in holders.items() if held_by and held_by <= variants}
    return tuple(
        sorted(
            {
                (package.pretty_name, edge.name)
                for package in lock.packages
                if groups.intersection(package.groups or ())
                for edge in package.edges
                if edge.name in provided and not edge.optional
            }
        )
    )
