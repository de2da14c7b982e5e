"""What packages of an ``explicit`` source require and only their own source offers.

Such a source is asked only for the packages that name it, so what torch for ROCm requires and only PyTorch's index
offers (triton-rocm) has to name that source as well. pip asks every index for everything.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from poetry_aiops.index.source import INDEX_ERRORS
from poetry_aiops.migrate.planning.entry import PlannedEntry
from poetry_aiops.project.constraints import all_of


if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from poetry_aiops.locking.api import StagedProject
    from poetry_aiops.migrate.planning.entry import PlannedGroup


def companions_of(
    staged: StagedProject, groups: Sequence[PlannedGroup]
) -> dict[str, tuple[PlannedEntry, ...]]:
    """Return by group the entries for what the packages of explicit sources require and only their source offers.

    An index that cannot be asked gives none; locking then says what is wrong.
    """
    pool = staged.poetry.pool
    explicit = {one.name for one in pool.all_repositories} - {one.name for one in pool.repositories}
    found: dict[str, tuple[PlannedEntry, ...]] = {}
    for group in groups:
        named = {entry.name for other in (group, *groups[:1]) for entry in other.entries}
        todo = [entry for entry in group.entries if entry.source in explicit]
        while todo:
            entry = todo.pop()
            with suppress(*INDEX_ERRORS, OSError):
                for one in _required_by(entry, staged):
                    if one.name not in named:
                        named.add(one.name)
                        found[group.name] = (*found.get(group.name, ()), one)
                        todo.append(one)
    return found


def _required_by(entry: PlannedEntry, staged: StagedProject) -> Iterator[PlannedEntry]:
    for newest in staged.offered(entry.name, entry.specifier or "*", entry.source)[:1]:
        for edge in newest.requires():
            if edge.optional or not staged.offered(edge.name, edge.constraint, entry.source):
                continue
            if not staged.offered(edge.name, edge.constraint, None):
                marker = all_of(entry.marker, edge.marker)
                yield PlannedEntry(edge.name, entry.places, source=entry.source, marker=marker)
