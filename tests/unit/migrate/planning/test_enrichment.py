"""What Poetry's own table adds to the entries of one package, so that nothing of the list is lost."""

from __future__ import annotations

import pytest
from tests.support.every import for_each

from poetry_aiops.errors import InputError
from poetry_aiops.migrate.model import Place
from poetry_aiops.migrate.planning.entry import PlannedEntry, enriching_tables, negated


LINUX, OTHERS = 'sys_platform == "linux"', 'sys_platform != "linux"'


def torch(marker: str = "", source: str | None = None, path: str | None = None) -> PlannedEntry:
    return PlannedEntry("torch", (Place("requirements.txt", 1),), marker=marker, source=source, path=path)


def test_entries_that_the_list_says_need_no_table() -> None:
    assert enriching_tables([torch()]) == []
    assert enriching_tables([torch(LINUX), torch(OTHERS)]) == []


def test_one_entry_needs_no_marker_again() -> None:
    assert enriching_tables([torch(LINUX, "cpu")]) == [{"source": "cpu"}]


def test_entries_with_the_same_wish_share_one_table() -> None:
    assert enriching_tables([torch(LINUX, "cpu"), torch(OTHERS, "cpu")]) == [{"source": "cpu"}]


def test_entries_with_different_wishes_have_their_markers() -> None:
    assert enriching_tables([torch(LINUX, "cpu"), torch(OTHERS, path="libs/torch")]) == [
        {"source": "cpu", "markers": LINUX},
        {"path": "libs/torch", "markers": OTHERS},
    ]


def test_an_entry_elsewhere_needs_no_table() -> None:
    assert enriching_tables([torch(OTHERS), torch(LINUX, "cpu")]) == [{"source": "cpu", "markers": LINUX}]


def test_an_entry_for_every_machine_stays_where_the_other_does_not_hold() -> None:
    assert enriching_tables([torch(), torch(LINUX, "cpu")]) == [
        {"source": "cpu", "markers": LINUX},
        {"version": "*", "markers": OTHERS},
    ]


def test_an_entry_within_one_for_every_machine_takes_its_source() -> None:
    assert enriching_tables([torch("", "cpu"), torch(LINUX)]) == [{"source": "cpu"}]


@for_each(
    ("marker", "opposite"),
    [
        (LINUX, OTHERS),
        ('python_version < "3.12" and os_name == "nt"', 'python_version >= "3.12" or os_name != "nt"'),
        ('python_version <= "3.12" or os_name == "nt"', 'python_version > "3.12" and os_name != "nt"'),
        ('platform_machine in "a b"', 'platform_machine not in "a b"'),
        ('"a" not in platform_version', '"a" in platform_version'),
    ],
)
def test_the_opposite_of_a_marker(marker: str, opposite: str) -> None:
    assert negated(marker, "torch") == opposite
    assert negated(opposite, "torch") == marker


@pytest.mark.parametrize(
    "marker",
    [
        'os_name == "a" and (os_name == "b" or os_name == "c")',
        'os_name == "a" and os_name == "b" or os_name == "c"',
        'python_version ~= "3.9"',
    ],
)
def test_a_marker_without_a_simple_opposite_is_told(marker: str) -> None:
    with pytest.raises(InputError, match="markers overlap"):
        negated(marker, "torch")


def test_an_entry_that_only_the_table_of_another_one_touches_keeps_the_rest_of_its_machines() -> None:
    old, new = 'python_version < "3.12"', 'python_version >= "3.12"'
    assert enriching_tables([torch(old), torch(LINUX), torch(new, "cu128")]) == [
        {"source": "cu128", "markers": new},
        {"version": "*", "markers": f"{LINUX} and {old}"},
        {"version": "*", "markers": old},
    ]
