"""What Poetry's own table adds to the entries of one package, so that nothing of the list is lost."""

from __future__ import annotations

import pytest
from tests.support.every import for_each

from poetry_aiops.errors import InputError
from poetry_aiops.migrate.model import Place
from poetry_aiops.migrate.planning.entry import PlannedEntry
from poetry_aiops.migrate.planning.tables import enriching_tables


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
        ('python_version < "3.12" and os_name == "nt"', 'python_version >= "3.12" or os_name != "nt"'),
        ('python_version < "3.12" or os_name == "nt"', 'python_version >= "3.12" and os_name != "nt"'),
        ('"arm" not in platform_machine', '"arm" in platform_machine'),
        (
            '(os_name == "nt" or sys_platform == "darwin") and python_version < "3.12"',
            'os_name != "nt" and sys_platform != "darwin" or python_version >= "3.12"',
        ),
    ],
)
def test_what_a_marker_leaves_is_its_opposite(marker: str, opposite: str) -> None:
    assert enriching_tables([torch(), torch(marker, "cpu")])[1] == {"version": "*", "markers": opposite}


def test_a_marker_that_cannot_be_compared_is_refused() -> None:
    with pytest.raises(InputError, match="this environment marker cannot be read"):
        enriching_tables([torch(), torch('"a" in extras', "cpu")])


def test_an_entry_that_only_the_table_of_another_one_touches_keeps_the_rest_of_its_machines() -> None:
    old, new = 'python_version < "3.12"', 'python_version >= "3.12"'
    assert enriching_tables([torch(old), torch(LINUX), torch(new, "cu128")]) == [
        {"source": "cu128", "markers": new},
        {"version": "*", "markers": f"{LINUX} and {old}"},
        {"version": "*", "markers": old},
    ]
