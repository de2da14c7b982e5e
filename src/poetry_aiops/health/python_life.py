"""Until when the Pythons of a project get security fixes (https://devguide.python.org/versions/, read 2026-11)."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final

from poetry.core.constraints.version import parse_constraint


if TYPE_CHECKING:
    from collections.abc import Mapping


ENDS: Final[Mapping[str, date]] = {
    "3.6": date(2021, 12, 23),
    "3.7": date(2023, 6, 27),
    "3.8": date(2024, 10, 7),
    "3.9": date(2025, 10, 31),
    "3.10": date(2026, 10, 31),
    "3.11": date(2027, 10, 31),
    "3.12": date(2028, 10, 31),
    "3.13": date(2029, 10, 31),
    "3.14": date(2030, 10, 31),
}


def ended_pythons(python_versions: str, today: date) -> tuple[str, ...]:
    """Return the Pythons that a constraint allows and that get no more security fixes, oldest first."""
    try:
        allowed = parse_constraint(python_versions)
    except ValueError:
        return ()
    return tuple(
        minor
        for minor, end in ENDS.items()
        if end < today and allowed.allows_any(parse_constraint(f"~{minor}"))
    )


def end_in_words(ended: tuple[str, ...]) -> str:
    """Return what to know about Pythons that have ended."""
    newest = ended[-1]
    names = newest if len(ended) == 1 else f"{ended[0]} to {newest}"
    return f"the project allows Python {names}, without security fixes since {ENDS[newest].isoformat()}"
