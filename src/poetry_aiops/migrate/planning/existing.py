"""Requirements beside a pyproject.toml that already names packages.

What is there stays, and a pin within it seeds the lock. It counts where it is selected as the line of the file is:
always, on the same machines, with the same extras. What only one of the project's extras, another marker or an
optional entry requires does not count, as pip would install the line and Poetry would not.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from poetry_aiops.errors import InputError
from poetry_aiops.migrate.model import Problem
from poetry_aiops.migrate.planning.merge import holds, intersection
from poetry_aiops.project.constraints import allows, as_pep440, read_constraint
from poetry_aiops.project.model import MAIN


if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from poetry_aiops.migrate.planning.entry import PlannedEntry, PlannedGroup
    from poetry_aiops.migrate.planning.ledger import Ledger
    from poetry_aiops.project.model import Project, Requirement
    from poetry_aiops.project.targets import Target


OWN_TABLE = "[tool.poetry"
"""How the key paths of Poetry's own tables begin; an extra of these marks every entry of a name as optional."""


def settle_existing(
    groups: Mapping[str, PlannedGroup],
    project: Project,
    targets: Sequence[Target],
    ledger: Ledger,
    problems: list[Problem],
) -> dict[str, PlannedGroup]:
    """Return the groups without what the project already requires in the same group, on the same machines.

    A pin that the project's own constraint allows seeds the lock; one that it excludes is an error; a range that
    says more than the project does replaces nothing and is reported.
    """
    found = {}
    for name, group in groups.items():
        known = project.groups.get(name)
        by_name: dict[str, list[Requirement]] = {}
        for requirement in known.requirements if known else ():
            by_name.setdefault(requirement.name, []).append(requirement)
        where = place_of(group, project)
        kept = []
        required: dict[str, PlannedEntry] = {}
        for entry in group.entries:
            there = by_name.get(entry.name, [])
            if where.startswith(OWN_TABLE) and any(one.optional or one.in_extras for one in there):
                required.setdefault(entry.name, entry)
                there = [replace(one, optional=False, in_extras=()) for one in there]
            counted = [one for one in there if not (one.optional or one.in_extras)]
            if _counts(entry, counted, targets):
                _settle(entry, counted, name, where, (ledger, problems))
                continue
            kept.append(_within_extras(entry, there, where, targets, problems))
            pin = _pin(entry)
            problems += [
                _excluded(entry, one, where)
                for one in there
                if pin is not None
                and not _allows(one, pin)
                and any(holds(one.marker, target) and holds(entry.marker, target) for target in targets)
            ][:1]
        problems += [_no_longer_optional(entry, where) for entry in required.values()]
        optional = known.optional if known else group.optional
        found[name] = replace(group, entries=tuple(kept), optional=optional, required=tuple(required))
    return found


def _within_extras(
    entry: PlannedEntry,
    there: Sequence[Requirement],
    where: str,
    targets: Sequence[Target],
    problems: list[Problem],
) -> PlannedEntry:
    """Return an entry within the ranges that extras have for its package: one version has to do for both.

    Of a range and a narrower one in an extra, Poetry locks two versions for one machine, and installs both of them.
    """
    for one in there:
        both_hold = any(holds(one.marker, target) and holds(entry.marker, target) for target in targets)
        of_extra = as_pep440(one.constraint) if one.in_extras and one.origin is None and both_hold else None
        is_open = all(
            clause.startswith(">") for clause in (of_extra or "").split(",")
        )  # the newest meets both
        if not of_extra or is_open or entry.is_direct or _pin(entry) is not None:
            continue
        both = intersection(entry.specifier, of_extra)
        if both is None:
            problems.append(_excluded(entry, one, where))
        elif set(both.split(",")) != set(entry.specifier.split(",")):
            problems.append(
                Problem(
                    "warning",
                    entry.places[0],
                    f"{entry.name} gets the range {both}, as the extra {one.in_extras[0]} requires {one.constraint}",
                    why="Poetry would lock one version for the line and another one for the extra, and install both.",
                    suggestion="For a newer version, widen the range of the extra first.",
                )
            )
            entry = replace(entry, specifier=both, relaxed=both)
    return entry


def _counts(entry: PlannedEntry, there: Sequence[Requirement], targets: Sequence[Target]) -> bool:
    """Say whether the project requires an entry's package, with its extras, wherever the entry does."""
    if not there:
        return False
    if entry.is_direct or any(one.origin is not None for one in there):
        return any(one.marker in {"", entry.marker} for one in there)
    if _has_extras(entry, [one for one in there if one.marker in {"", entry.marker}]):
        return True
    asked = [target for target in targets if holds(entry.marker, target)]
    return bool(asked) and all(
        _has_extras(entry, [one for one in there if holds(one.marker, target)]) for target in asked
    )


def _has_extras(entry: PlannedEntry, there: Sequence[Requirement]) -> bool:
    return bool(there) and set(entry.extras) <= {extra for one in there for extra in one.extras}


def place_of(group: PlannedGroup, project: Project | None) -> str:
    """Return the key path where a group's entries stand or will stand."""
    known = project.groups.get(group.name) if project else None
    return known.key_path if known is not None and known.requirements else group.where


def with_declared(
    entries: Sequence[PlannedEntry], declared: Sequence[PlannedEntry], source: str, ledger: Ledger
) -> tuple[PlannedEntry, ...]:
    """Return main's entries with those of setup.py or setup.cfg: its ranges stay, pins within them seed the lock."""
    by_name = {entry.name: entry for entry in declared if not entry.marker}
    kept = []
    for entry in entries:
        known = by_name.get(entry.name)
        both = intersection(entry.specifier, known.specifier) if known and not entry.is_direct else None
        says_more = known is None or not set(entry.extras) <= set(known.extras) or entry.source is not None
        if says_more or both != entry.specifier or not entry.specifier.startswith("=="):
            kept.append(entry)
            continue
        for place in entry.places:
            ledger.say(
                place.file, place.line, "seed", "poetry.lock", f"{source} already requires {entry.name}"
            )
    return (*declared, *kept)


def _settle(
    entry: PlannedEntry,
    there: list[Requirement],
    group: str,
    where: str,
    account: tuple[Ledger, list[Problem]],
) -> None:
    """Say what becomes of an entry whose package the group already has; nothing is written for it."""
    ledger, problems = account
    pin = _pin(entry)
    for place in entry.places:
        if pin and any(_allows(requirement, pin) for requirement in there):
            ledger.say(
                place.file, place.line, "seed", "poetry.lock", f"{where} already requires {entry.name}"
            )
        elif pin:
            problems.append(_excluded(entry, there[0], where))
        else:
            ledger.say(place.file, place.line, "migrated", where, f"it already requires {entry.name}")
    excluded = pin and not any(_allows(requirement, pin) for requirement in there)
    if not excluded and not any(_covers(requirement, entry, is_pin=pin is not None) for requirement in there):
        problems.append(_says_more(entry, there[0], group, where))


def _pin(entry: PlannedEntry) -> str | None:
    """Return the one version that an entry requires."""
    pin = entry.specifier.removeprefix("==")
    is_pin = not entry.is_direct and entry.specifier.startswith("==") and "*" not in pin and "," not in pin
    return pin if is_pin else None


def _covers(there: Requirement, entry: PlannedEntry, *, is_pin: bool) -> bool:
    """Say whether the project already requires all that an entry requires, its pin aside."""
    if not set(entry.extras) <= set(there.extras):
        return False
    if entry.is_direct:
        return there.origin is not None
    if entry.source is not None and there.source != entry.source and there.origin is None:
        return False
    if is_pin or not entry.specifier or there.origin is not None:
        return True
    try:
        return read_constraint(there.constraint) == read_constraint(entry.specifier)
    except InputError:
        return False


def _allows(requirement: Requirement, version: str) -> bool:
    if requirement.origin is not None:
        return True
    try:
        return allows(requirement.constraint, version)
    except InputError:
        return False


def _excluded(entry: PlannedEntry, there: Requirement, where: str) -> Problem:
    return Problem(
        "error",
        entry.places[0],
        f"{entry.as_pep508()} contradicts {where}, which requires {there.name} {there.constraint}",
        why="pyproject.toml and the requirements file cannot both be met.",
        suggestion=f"Change one of the two; the range in pyproject.toml has to allow {entry.specifier}.",
    )


def _no_longer_optional(entry: PlannedEntry, where: str) -> Problem:
    return Problem(
        "warning",
        entry.places[0],
        f"{entry.name} is no longer optional in {where}",
        why="The requirements file installs it always, and an entry of Poetry's own table that an extra names is"
        " never installed without that extra. The extra stays, without this package.",
    )


def _says_more(entry: PlannedEntry, there: Requirement, group: str, where: str) -> Problem:
    options = "" if group == MAIN else f" --group {group}"
    options += f" --source {entry.source}" if entry.source else ""
    return Problem(
        "warning",
        entry.places[0],
        f"{where} keeps its {there.name} {there.constraint}",
        why=f"The requirements file says {entry.as_pep508()}"
        f"{f' from {entry.source}' if entry.source else ''}; pyproject.toml stays unchanged.",
        suggestion=f'To take it over: `poetry add "{entry.as_pep508()}"{options}`.',
    )
