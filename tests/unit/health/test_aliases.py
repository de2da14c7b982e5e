from __future__ import annotations

from itertools import permutations

from poetry_aiops.health.advisory import Advisory
from poetry_aiops.health.aliases import closures, preference


def test_records_that_share_an_alias_over_others_are_one() -> None:
    chain = [
        Advisory("GHSA-1", ("CVE-1",)),
        Advisory("PYSEC-1", ("CVE-2",)),
        Advisory("X-1", ("CVE-1", "CVE-2")),
    ]
    for order in permutations(chain):
        (group,) = closures(order)
        assert [one.id for one in group] == ["PYSEC-1", "GHSA-1", "X-1"]


def test_a_record_may_name_another_record_as_its_alias() -> None:
    (group,) = closures([Advisory("GHSA-1"), Advisory("PYSEC-1", ("GHSA-1",))])
    assert len(group) == 2


def test_strangers_stay_apart_in_their_order() -> None:
    found = closures([Advisory("PYSEC-2", ("CVE-2",)), Advisory("PYSEC-1", ("CVE-1",)), Advisory("PYSEC-3")])
    assert [group[0].id for group in found] == ["PYSEC-2", "PYSEC-1", "PYSEC-3"]


def test_malware_comes_before_the_python_database_and_numbers_last() -> None:
    names = ["CVE-1", "OTHER-1", "PYSEC-1", "GHSA-1", "MAL-1"]
    assert sorted(names, key=preference) == ["MAL-1", "PYSEC-1", "GHSA-1", "CVE-1", "OTHER-1"]
