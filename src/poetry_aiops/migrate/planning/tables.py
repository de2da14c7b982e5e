"""The tables of Poetry's own that add to the entries of one package in a standard list.

poetry-core joins every entry of the list with every table whose marker can hold together with its own, and what no
table covers of an entry so joined is gone. So the markers of tables that differ have to exclude each other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from poetry_aiops.migrate.planning.merge import holds
from poetry_aiops.project.constraints import all_of, read_marker
from poetry_aiops.project.targets import targets


if TYPE_CHECKING:
    from collections.abc import Sequence

    from poetry_aiops.migrate.planning.entry import PlannedEntry


Table = tuple[dict[str, object], str]
"""What Poetry's table says, and where."""

_EVERYWHERE = targets(lambda _: True)


def enriching_tables(same: Sequence[PlannedEntry]) -> list[dict[str, object]]:
    """Return the tables for the entries of one package, none where the list says it all.

    Raises InputError for a marker that poetry-core cannot compare.
    """
    return tables_of([(entry.enrichment(), entry.marker) for entry in same])


def tables_of(wishes: Sequence[Table]) -> list[dict[str, object]]:
    """Return the tables for what is wanted of one package where; an empty wish is the list's entry as it is.

    Raises InputError for a marker that poetry-core cannot compare.
    """
    if all(wish == wishes[0][0] for wish, _ in wishes):
        return [wishes[0][0]] if wishes[0][0] else []
    tables: list[Table] = []
    plain = []
    for wish in wishes:
        if wish[0]:
            _add(wish, tables)
        else:
            plain.append(wish)
    while touched := next(
        (one for one in plain if any(_overlap(marker, one[1]) for _, marker in tables)), None
    ):
        plain.remove(touched)
        _add(touched, tables)
    return [
        {**(table or {"version": "*"}), **({"markers": marker} if marker else {})} for table, marker in tables
    ]


def _add(wish: Table, tables: list[Table]) -> None:
    """Add the table of a wish where the other ones leave something of it."""
    wanted, marker = wish
    before = [other for table, other in tables if table != wanted and _overlap(other, marker)]
    if "" in before:
        return
    left = all_of(marker, *(str(read_marker(one).invert()) for one in before))
    is_left = not before or any(holds(left, target) for target in _EVERYWHERE)
    if is_left and (wanted, left) not in tables:
        tables.append((wanted, left))


def _overlap(first: str, second: str) -> bool:
    return any(holds(first, target) and holds(second, target) for target in _EVERYWHERE)
