"""What Poetry's own table has to add to the entries of one package in a standard list.

poetry-core joins every entry of the list with every table whose marker can hold together with its own, and what no
table covers of an entry so joined is gone. So the markers of tables that differ have to exclude each other.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from poetry_aiops.errors import InputError
from poetry_aiops.migrate.planning.merge import holds
from poetry_aiops.project.constraints import all_of
from poetry_aiops.project.targets import targets


if TYPE_CHECKING:
    from collections.abc import Sequence

    from poetry_aiops.migrate.planning.entry import PlannedEntry


Table = tuple[dict[str, object], str]
"""What Poetry's table says, and where."""

_COMPARISON = re.compile(
    r"(?P<left>\S+|\"[^\"]*\") (?P<op>==|!=|<=|>=|<|>|not in|in) (?P<right>\"[^\"]*\"|\S+)"
)
_OPPOSITE = {
    "==": "!=",
    "!=": "==",
    "<": ">=",
    ">=": "<",
    ">": "<=",
    "<=": ">",
    "in": "not in",
    "not in": "in",
}
_EVERYWHERE = targets(lambda _: True)


def enriching_tables(same: Sequence[PlannedEntry]) -> list[dict[str, object]]:
    """Return the tables for the entries of one package, none where the list says it all.

    Raises InputError where two entries overlap in a way that has no simple opposite.
    """
    wishes = [entry.enrichment() for entry in same]
    if all(wish == wishes[0] for wish in wishes):
        return wishes[:1] if wishes[0] else []
    tables: list[Table] = []
    plain = []
    for entry in same:
        if entry.enrichment():
            _add(entry, tables)
        else:
            plain.append(entry)
    while touched := next((one for one in plain if _is_touched(one, tables)), None):
        plain.remove(touched)
        _add(touched, tables)
    return [
        {**(table or {"version": "*"}), **({"markers": marker} if marker else {})} for table, marker in tables
    ]


def _is_touched(entry: PlannedEntry, tables: Sequence[Table]) -> bool:
    return any(_overlap(marker, entry.marker) for _, marker in tables)


def _add(entry: PlannedEntry, tables: list[Table]) -> None:
    """Add the table of an entry where the other ones leave something of it."""
    wanted = entry.enrichment()
    before = [marker for table, marker in tables if table != wanted and _overlap(marker, entry.marker)]
    if "" in before:
        return
    table = (wanted, all_of(entry.marker, *(negated(one, entry.name) for one in before)))
    if table not in tables:
        tables.append(table)


def negated(marker: str, name: str) -> str:
    """Return the opposite of a marker; raises InputError for one with brackets or with both ``and`` and ``or``."""
    for word, other in ((" and ", " or "), (" or ", " and ")):
        parts = [_COMPARISON.fullmatch(part) for part in marker.split(word)]
        if all(part is not None for part in parts):
            opposites = [
                f"{part['left']} {_OPPOSITE[part['op']]} {part['right']}"
                for part in parts
                if part is not None
            ]
            return other.join(opposites)
    raise InputError(
        f"several lines ask for {name} from different places, and their markers overlap",
        hint=f"Nothing was written. Give the lines markers that exclude each other: `{marker}` is one of them.",
    )


def _overlap(first: str, second: str) -> bool:
    return any(holds(first, target) and holds(second, target) for target in _EVERYWHERE)
