"""Hardware variants beside shared dependencies: what several builds of a package mean for main.

A package that a variant takes from its own index, or in a version of its own, cannot be in main as well: main
would need the same build on every machine. So it moves into the variants.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from poetry_aiops.migrate.model import Problem
from poetry_aiops.migrate.planning.merge import contradict, intersection, one_name
from poetry_aiops.project.checks import normalised
from poetry_aiops.project.model import MAIN


if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from poetry_aiops.migrate.planning.entry import PlannedEntry, PlannedGroup
    from poetry_aiops.project.targets import Target


def settle_variants(
    groups: Mapping[str, PlannedGroup],
    main_backend: str | None,
    targets: Sequence[Target],
    problems: list[Problem],
    declared: AbstractSet[str] = frozenset(),
) -> dict[str, PlannedGroup]:
    """Return the groups with every package either in main or in the variants.

    ``main_backend`` is the hardware that main's own versions name: then its builds become a variant, too. Variants
    exclude each other, so that one alone, with none that the project has ``declared``, is an ordinary group.
    """
    variants = {name: group for name, group in groups.items() if group.backend is not None}
    if not variants or MAIN not in groups:
        return dict(groups)
    found = dict(groups)
    if main_backend is not None and main_backend not in {group.backend for group in variants.values()}:
        found = _with_variant_of_main(found, variants, main_backend)
        variants = {name: group for name, group in found.items() if group.backend is not None}
    if len(declared | variants.keys()) == 1:
        main = found[MAIN]
        problems += [
            Problem(
                "warning",
                entry.places[0],
                f"{main.where} gets {entry.as_pep508()}, too",
                why=f"It requires {entry.name} as well, and without another hardware file Poetry locks one build for both.",
                suggestion=f"For two builds, move main's {entry.name} to a file such as requirements-cpu.txt.",
            )
            for group in variants.values()
            for entry in group.entries
            if (shared := _named(main, entry.name)) and not _says_no_more([entry], shared)
        ]
        return {name: replace(group, backend=None) for name, group in found.items()}
    for name in dict.fromkeys(entry.name for group in variants.values() for entry in group.entries):
        _settle_package(name, found, tuple(variants), targets, problems)
    return found


def _with_variant_of_main(
    groups: dict[str, PlannedGroup], variants: Mapping[str, PlannedGroup], backend: str
) -> dict[str, PlannedGroup]:
    """Move main's entries that contradict a variant's into a variant for main's own hardware."""
    own = [
        entry
        for entry in groups[MAIN].entries
        if any(
            contradict(entry, other)
            for group in variants.values()
            for other in group.entries
            if other.name == entry.name
        )
    ]
    if not own:
        return groups
    name = normalised(f"ml-{backend}")
    moved = {entry.name for entry in own}
    taken = tuple(entry for entry in groups[MAIN].entries if entry.name in moved)
    kept = tuple(entry for entry in groups[MAIN].entries if entry.name not in moved)
    model = next(iter(variants.values()))
    return {
        **groups,
        MAIN: replace(groups[MAIN], entries=kept),
        name: replace(model, name=name, entries=taken, backend=backend, includes=()),
    }


def _settle_package(
    name: str,
    groups: dict[str, PlannedGroup],
    variants: Sequence[str],
    targets: Sequence[Target],
    problems: list[Problem],
) -> None:
    shared = _named(groups[MAIN], name)
    if not shared:
        return
    held = {variant: _named(groups[variant], name) for variant in variants}
    if all(_says_no_more(entries, shared) for entries in held.values()):
        for variant in variants:
            groups[variant] = _without(groups[variant], name)
        return
    for variant, entries in held.items():
        joined = one_name((*entries, *shared), targets, problems)
        rest = _without(groups[variant], name)
        groups[variant] = replace(rest, entries=(*rest.entries, *joined))
    groups[MAIN] = _without(groups[MAIN], name)


def _says_no_more(entries: Sequence[PlannedEntry], shared: Sequence[PlannedEntry]) -> bool:
    """Say whether the shared entries already require all that a variant requires."""
    return all(
        any(
            entry == replace(other, places=entry.places, above=entry.above, behind=entry.behind)
            or _is_within(entry, other)
            for other in shared
        )
        for entry in entries
    )


def _is_within(entry: PlannedEntry, shared: PlannedEntry) -> bool:
    """Say whether a shared entry by name is at least as narrow as a variant's."""
    return (
        not (entry.is_direct or shared.is_direct)
        and entry.source in {None, shared.source}
        and shared.marker in {"", entry.marker}
        and set(entry.extras) <= set(shared.extras)
        and entry.prereleases <= shared.prereleases
        and intersection(entry.specifier, shared.specifier)
        == intersection(shared.specifier, shared.specifier)
    )


def _named(group: PlannedGroup, name: str) -> list[PlannedEntry]:
    return [entry for entry in group.entries if entry.name == name]


def _without(group: PlannedGroup, name: str) -> PlannedGroup:
    return replace(group, entries=tuple(entry for entry in group.entries if entry.name != name))
