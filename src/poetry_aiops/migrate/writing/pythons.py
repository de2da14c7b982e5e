"""The Python that a lock has to be for where the project names none: the one that the indexes' files are for."""

from __future__ import annotations

import re
from functools import reduce
from typing import TYPE_CHECKING

from poetry_aiops.migrate.planning.merge import holds
from poetry_aiops.migrate.planning.python_evidence import minor_range
from poetry_aiops.migrate.writing.causes import is_allowed
from poetry_aiops.project.constraints import read_python
from poetry_aiops.project.targets import machines_for
from poetry_aiops.project.wheels import is_for


if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from poetry.core.constraints.version import VersionConstraint

    from poetry_aiops.locking.api import OfferedVersion
    from poetry_aiops.migrate.planning.entry import PlannedEntry
    from poetry_aiops.project.targets import Target


_SHOWN = 5
_EXCLUDED = re.compile(r"- (\S+) requires Python (.+), so it will not be installable for Python")
"""How Poetry's solver names a release that is not for the whole of a project's Python."""


def narrowed(python: str, wanted: Iterable[str]) -> str | None:
    """Return the part of a Python range that some Requires-Python allow too, None where PEP 440 cannot write it."""
    found = reduce(lambda one, other: one.intersect(read_python(other)), wanted, read_python(python))
    text = str(found)
    return None if found.is_empty() or "||" in text else text


def allowed_pythons(refusal: str) -> dict[str, VersionConstraint]:
    """Return the Pythons that some release of each package allows, as a solver's refusal says."""
    allowed: dict[str, VersionConstraint] = {}
    for name, text in _EXCLUDED.findall(refusal):
        one = read_python(text)
        allowed[name] = allowed[name].union(one) if name in allowed else one
    return allowed


def required_python(python: str, refusal: str) -> tuple[str, str] | None:
    """Return the part of a Python range that the packages in a solver's refusal have a release for, and why."""
    allowed = allowed_pythons(refusal)
    found = narrowed(python, map(str, allowed.values()))
    why = ", ".join(f"{name} is for Python {one}" for name, one in list(allowed.items())[:_SHOWN])
    return (found, why) if found and allowed else None


def is_offered_for(offer: OfferedVersion, machine: Target) -> bool:
    """Say whether pip takes a version on a machine: by its Requires-Python and its files."""
    return is_allowed(offer.python, machine.environment["python_full_version"]) and is_for(
        offer.files, machine
    )


def fitting_python(
    python: str,
    entries: Iterable[PlannedEntry],
    offered: Callable[[str, str, str | None], Sequence[OfferedVersion]],
) -> tuple[str, str] | None:
    """Return the newest Python that the indexes have a file of each entry for, and why a range is none; None where it is."""
    missing: dict[str, list[PlannedEntry]] = {machine.python: [] for machine in machines_for("*")}
    for entry in entries:
        offers = offered(entry.name, entry.specifier, entry.source) if entry.specifier else ()
        for minor in missing if offers and not entry.is_direct else ():
            if not any(
                not holds(entry.marker, machine) or any(is_offered_for(one, machine) for one in offers)
                for machine in machines_for(f"~={minor}.0")
            ):
                missing[minor].append(entry)
    minors = {machine.python for machine in machines_for(python)}
    here = min((missing[one] for one in missing if one in minors), key=len, default=[])
    fitting = [minor for minor, entries in missing.items() if not entries]
    if not here or not fitting:
        return None
    names = ", ".join(f"{one.name} {one.specifier} ({one.places[0]})" for one in here[:_SHOWN])
    return minor_range(fitting[-1:]), f"no index has a file for it of {names}"


def newest_python(
    python: str,
    running: str,
    entries: Iterable[PlannedEntry],
    offered: Callable[[str, str, str | None], Sequence[OfferedVersion]],
) -> tuple[str, str] | None:
    """Return the part of a Python range that the newest version of each entry for the running Python is for, and why.

    A solver would take older versions for the whole range, after trying all of them.
    """
    wanted: dict[str, str] = {}
    machines = machines_for(f"~={running}.0")
    is_one = len({machine.python for machine in machines_for(python)}) == 1
    for entry in () if is_one else entries:
        there = [machine for machine in machines if holds(entry.marker, machine)]
        for one in (
            offered(entry.name, entry.specifier or "*", entry.source) if there and not entry.is_direct else ()
        ):
            if any(is_offered_for(one, machine) for machine in there):
                if not read_python(one.python).allows_all(read_python(python)):
                    wanted[one.python] = f"{entry.name} {one.version} is for Python {one.python}"
                break
    found = narrowed(python, wanted) if wanted else None
    return (found, "; ".join(list(wanted.values())[:_SHOWN])) if found and found != python else None
