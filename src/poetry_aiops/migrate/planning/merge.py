"""Several lines for one package -> what all of them together require, or an error that names both lines."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from poetry_aiops.errors import InputError
from poetry_aiops.migrate.model import Problem
from poetry_aiops.migrate.planning.sources import BUILT_BY_PYTORCH
from poetry_aiops.project.constraints import read_constraint, read_marker
from poetry_aiops.project.targets import marker_applies


if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from packaging.specifiers import Specifier

    from poetry_aiops.migrate.planning.entry import PlannedEntry, PlannedGroup
    from poetry_aiops.project.targets import Target


MOST_COMPARED: Final = 50
"""With how many of one package a line is compared: a file of the same name a thousand times must not take minutes."""
_MOST_ALIKE = 5  # of the same marker; where so many contradict each other already, nothing is written anyway
_ORDER = {"===": 0, "==": 0, ">=": 1, ">": 1, "~=": 2, "<": 3, "<=": 3, "!=": 4}


def merged(
    entries: Iterable[PlannedEntry], targets: Sequence[Target], problems: list[Problem]
) -> tuple[PlannedEntry, ...]:
    """Return the entries with those of the same name and marker made one, as pip takes them together.

    Requirements that no version can meet are reported as errors with both places; both then stay.
    """
    found: list[PlannedEntry] = []
    for same in by_name(entries).values():
        problems += [
            Problem(
                "error",
                entry.places[0],
                f"no version meets {entry.as_pep508()}",
                why="Its own parts contradict each other.",
                suggestion="Keep the part that is meant.",
            )
            for entry in same
            if _is_impossible(entry)
        ]
        found.extend(one_name(same, targets, problems) if len(same) > 1 else same)
    return tuple(found)


def by_name(entries: Iterable[PlannedEntry]) -> dict[str, list[PlannedEntry]]:
    """Return the entries of each package."""
    found: dict[str, list[PlannedEntry]] = {}
    for entry in entries:
        found.setdefault(entry.name, []).append(entry)
    return found


def conflicts_between(groups: Sequence[PlannedGroup], targets: Sequence[Target]) -> list[Problem]:
    """Return an error for each package that two groups require in ways that cannot both hold.

    Poetry resolves all groups together, installed together or not.
    """
    seen: dict[str, list[PlannedEntry]] = {}
    found: list[Problem] = []
    for group in groups:
        for entry in group.entries:
            found.extend(_first_conflict(entry, seen.get(entry.name, ()), targets))
        for entry in group.entries:
            seen.setdefault(entry.name, []).append(entry)
    return found


@lru_cache(maxsize=4096)
def intersection(first: str, second: str) -> str | None:
    """Return both specifiers as one, shortened to a pin where there is one; None when nothing can meet both."""
    clauses = {str(clause): clause for clause in (*SpecifierSet(first), *SpecifierSet(second))}
    both = SpecifierSet(",".join(clauses))
    pins = {
        clause.version for clause in both if clause.operator in {"==", "==="} and "*" not in clause.version
    }
    if not pins:
        ordered = sorted(both, key=lambda clause: (_ORDER[clause.operator], str(clause)))
        text = ",".join(str(clause) for clause in _needed(ordered))
        with suppress(InputError):  # of a number that is too long to compare
            return None if read_constraint(text).is_empty() else text
        return text
    for pin in sorted(pins, key=len, reverse=True):
        if both.contains(pin, prereleases=True):
            return f"=={pin}"
    return None


def _needed(clauses: Sequence[Specifier]) -> list[Specifier]:
    """Leave out lower bounds below the highest one, and upper ones above the lowest.

    Only a plain version takes another's place: ``<2.0`` keeps out ``2.0b1``, which ``<2.0rc1`` lets in.
    """
    lower = [clause for clause in clauses if clause.operator in {">=", ">"} and _is_plain(clause)]
    upper = [clause for clause in clauses if clause.operator in {"<=", "<"} and _is_plain(clause)]
    highest = max(lower, key=lambda clause: (Version(clause.version), clause.operator == ">"), default=None)
    lowest = min(upper, key=lambda clause: (Version(clause.version), clause.operator == "<="), default=None)
    needless = [clause for clause in (*lower, *upper) if clause not in {highest, lowest}]
    return [clause for clause in clauses if clause not in needless]


def _is_plain(clause: Specifier) -> bool:
    version = Version(clause.version)
    return not (version.is_prerelease or version.is_postrelease)


def one_name(
    entries: Iterable[PlannedEntry], targets: Sequence[Target], problems: list[Problem]
) -> list[PlannedEntry]:
    """Return the entries of one package with those of the same marker made one; contradictions are problems."""
    found: list[PlannedEntry] = []
    parts: list[list[PlannedEntry]] = []
    for entry in entries:
        alike = [index for index, other in enumerate(found) if other.marker == entry.marker][:_MOST_ALIKE]
        at = next((one for one in alike if _can_be_one(found[one], entry)), None)
        if at is None:
            found.append(entry)
            parts.append([entry])
        else:
            found[at] = _joined(found[at], entry)
            parts[at].append(entry)
    found = [
        replace(  # with the places and comments of all that it was made of
            entry,
            places=tuple(dict.fromkeys(place for line in lines for place in line.places)),
            above=tuple(dict.fromkeys(comment for line in lines for comment in line.above)),
        )
        if len(lines) > 1
        else entry
        for entry, lines in zip(found, parts, strict=True)
    ]
    for index, entry in enumerate(found):
        problems.extend(_first_conflict(entry, found[:index], targets))
    return found


def _first_conflict(
    entry: PlannedEntry, others: Sequence[PlannedEntry], targets: Sequence[Target]
) -> tuple[Problem, ...]:
    """Return the error about an entry and the first that contradicts it, if there is one: a line is reported once."""
    for other in others[:MOST_COMPARED]:
        if _is_impossible(entry) or _is_impossible(other):
            continue  # an error of its own
        if contradict(entry, other) and _meet(entry, other, targets):
            return (_conflict(other, entry),)
    return ()


def contradict(first: PlannedEntry, second: PlannedEntry) -> bool:
    """Say whether no version meets both; a range beside an address is Poetry's to compare, as it is pip's."""
    if first.is_direct and second.is_direct:
        return _address(first) != _address(second)
    if first.is_direct or second.is_direct:
        return False
    if first.source and second.source and first.source != second.source:
        return True
    return intersection(first.specifier, second.specifier) is None


def _can_be_one(first: PlannedEntry, second: PlannedEntry) -> bool:
    """Say whether one entry can say what both do: of an address and a name, the name has to say no more."""
    named = [entry for entry in (first, second) if not entry.is_direct]
    is_more = len(named) == 1 and (named[0].specifier or named[0].source)
    return not is_more and not contradict(first, second)


def _address(entry: PlannedEntry) -> tuple[str | None, ...]:
    return (entry.url, entry.revision, entry.subdirectory, entry.path)


def _joined(first: PlannedEntry, second: PlannedEntry) -> PlannedEntry:
    """Return two entries that do not contradict each other as one, without the lines that it comes from."""
    kept = second if second.is_direct else first
    return replace(
        kept,
        behind=first.behind or second.behind,
        specifier="" if kept.is_direct else intersection(first.specifier, second.specifier) or "",
        relaxed="" if kept.is_direct else intersection(first.relaxed, second.relaxed) or "",
        extras=tuple(sorted({*first.extras, *second.extras})),
        source=None if kept.is_direct else first.source or second.source,
        prereleases=not kept.is_direct and (first.prereleases or second.prereleases),
        develop=first.develop or second.develop,
    )


def _meet(first: PlannedEntry, second: PlannedEntry, targets: Sequence[Target]) -> bool:
    """Say whether both markers hold on some machine; the same marker does, on machines of other projects if need be."""
    return first.marker == second.marker or any(
        holds(first.marker, target) and holds(second.marker, target) for target in targets
    )


def holds(marker: str, target: Target) -> bool:
    """Say whether a marker holds on a machine; one that cannot be evaluated is taken to hold."""
    try:
        return marker_applies(marker, target)
    except InputError:
        return True


def about_python(marker: str) -> str:
    """Return what a marker asks about Python; where it cannot be read, it asks nothing."""
    try:
        return str(read_marker(marker).only("python_version", "python_full_version"))
    except InputError:
        return ""


def _is_impossible(entry: PlannedEntry) -> bool:
    return not entry.is_direct and intersection(entry.specifier, "") is None


def _conflict(first: PlannedEntry, second: PlannedEntry) -> Problem:
    here, there = second.places[0], first.places[0]
    return Problem(
        "error",
        here,
        f"{second.as_pep508()} contradicts {first.as_pep508()} at {there}",
        why="No version meets both, and neither line may win silently.",
        suggestion=_way_out(second, here.file, there.file),
    )


def _way_out(entry: PlannedEntry, here: str, there: str) -> str:
    if here == there:
        return "Keep one of the two, or give them markers that exclude each other."
    together = "name only files that belong together (`poetry migrate-reqs FILE...`)"
    if entry.name not in BUILT_BY_PYTORCH and "+" not in entry.specifier:
        return f"Keep one of the two, or {together}."
    return f"Keep one of the two, {together}, or say that {here} is for its own hardware: --group ml-cu126={here}."
