"""Who holds a package back: every constraint on it, their intersection, and the owner of the tightest."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from typing import TYPE_CHECKING

from packaging.version import InvalidVersion, Version

from poetry_aiops.errors import InputError
from poetry_aiops.graph.model import THE_PROJECT, Held, Holder
from poetry_aiops.graph.ranges import ANY, height, intersection, ranges, text_of, top
from poetry_aiops.project.constraints import allows
from poetry_aiops.project.lock_graph import Node


if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from poetry_aiops.graph.model import DependencyGraph


def holds_back(graph: DependencyGraph, name: str, versions: Iterable[str] = ()) -> tuple[Held, ...]:
    """Return who limits each locked build of ``name``, the tightest limits first; equal ones once.

    ``versions`` are versions to ask about, for example those that an index offers. A holder counts for the builds
    that its requirement leads to, and only where something asks for the extra that switches it on. Raises UsageError
    for a name that the lock does not hold.
    """
    found = graph.find(name, "--holds-back")
    offered = _ascending(versions)
    builds = graph.by_id[found].builds if found in graph.by_id else ()
    return tuple(
        dict.fromkeys(
            _held(found, build.version, _holders(graph, Node(found, place)), offered)
            for place, build in enumerate(builds)
        )
    )


def accepts(constraint: str, version: str) -> bool:
    """Say whether a constraint allows a version; a text that cannot be read forbids nothing."""
    try:
        return allows(constraint, version)
    except (InputError, InvalidVersion):
        return True


def _holders(graph: DependencyGraph, build: Node) -> list[Holder]:
    """Return what asks for a build: the project's demands in their order, then packages by name."""
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
                _upper(requirement.constraint),
                tightest=False,
                optional=requirement.optional,
                group="" if source.name else source.extra,
            )
            found[holder] = None
    return list(found)


def _upper(constraint: str) -> str:
    highest = top(ranges(constraint))
    return highest.upper_text if highest else ""


def _held(name: str, version: str, holders: Sequence[Holder], offered: Sequence[str]) -> Held:
    allowed = reduce(intersection, (ranges(holder.constraint) for holder in holders), ANY)
    lowest = min(
        (height(found) for holder in holders if (found := top(ranges(holder.constraint)))), default=None
    )
    marked = [
        replace(
            holder,
            tightest=lowest is not None and _height(holder) == lowest,
            forbids=tuple(one for one in offered if not accepts(holder.constraint, one)),
        )
        for holder in holders
    ]
    fine = [one for one in offered if all(accepts(holder.constraint, one) for holder in holders)]
    return Held(name, version, text_of(allowed), tuple(sorted(marked, key=_rank)), fine[-1] if fine else None)


def _height(holder: Holder) -> tuple[Version, bool] | None:
    found = top(ranges(holder.constraint))
    return height(found) if found else None


def _rank(holder: Holder) -> tuple[bool, tuple[Version, bool], str, str, str]:
    found = _height(holder)
    return (found is None, found or (Version("0"), False), holder.owner, holder.owner_version, holder.group)


def _ascending(versions: Iterable[str]) -> list[str]:
    """Return the final releases among the versions, oldest first; what is no version is left out."""
    found = []
    for text in set(versions):
        try:
            version = Version(text)
        except InvalidVersion:
            continue
        if not version.is_prerelease:
            found.append((version, text))
    return [text for _, text in sorted(found)]
