"""Who holds a package back: every constraint on it, their intersection, and the owner of the tightest."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from typing import TYPE_CHECKING

from packaging.version import InvalidVersion, Version

from poetry_aiops.errors import InputError
from poetry_aiops.graph.model import THE_PROJECT, Held, Holder
from poetry_aiops.graph.numbered import numbered
from poetry_aiops.graph.ranges import ANY, height, intersection, ranges, text_of, top
from poetry_aiops.project.constraints import allows


if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from poetry_aiops.graph.model import DependencyGraph


def holds_back(graph: DependencyGraph, name: str, versions: Iterable[str] = ()) -> tuple[Held, ...]:
    """Return who limits each locked version of ``name``, the tightest limits first.

    ``versions`` are versions to ask about, for example those that an index offers. Where several versions are
    locked, a constraint counts for those that it allows (for all when it allows none). Optional lines count: the
    lock had to satisfy them. Raises UsageError for a name that the graph does not hold.
    """
    numbers = numbered(graph)
    wanted = numbers.names[numbers.find(name, "--holds-back")]
    node = graph.by_id()[wanted]
    offered = _ascending(versions)
    holders = [*_of_the_project(graph, wanted), *_of_packages(graph, wanted)]
    return tuple(
        _held(wanted, version, _on(version, node.versions, holders), offered) for version in node.versions
    )


def accepts(constraint: str, version: str) -> bool:
    """Say whether a constraint allows a version; a text that cannot be read forbids nothing."""
    try:
        return allows(constraint, version)
    except (InputError, InvalidVersion):
        return True


def _of_the_project(graph: DependencyGraph, name: str) -> list[Holder]:
    return [
        Holder(
            THE_PROJECT,
            "",
            demand.constraint,
            demand.marker,
            _upper(demand.constraint),
            tightest=False,
            optional=demand.optional,
            group=demand.group,
        )
        for demand in graph.demands
        if demand.name == name
    ]


def _of_packages(graph: DependencyGraph, name: str) -> list[Holder]:
    return [
        Holder(
            edge.source,
            entry.version,
            entry.constraint,
            entry.marker,
            _upper(entry.constraint),
            tightest=False,
            optional=entry.optional,
        )
        for edge in graph.edges
        if edge.target == name
        for entry in edge.entries
    ]


def _upper(constraint: str) -> str:
    highest = top(ranges(constraint))
    return highest.upper_text if highest else ""


def _on(version: str, versions: Sequence[str], holders: Sequence[Holder]) -> list[Holder]:
    """Return the holders whose constraint is about this locked version."""
    return [
        holder
        for holder in holders
        if accepts(holder.constraint, version)
        or not any(accepts(holder.constraint, other) for other in versions)
    ]


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
