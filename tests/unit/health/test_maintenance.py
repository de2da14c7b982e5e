from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.every import for_each
from tests.unit.health.facts import NOW, record, records, release
from tests.unit.health.locked import locked

from poetry_aiops.health.maintenance import CAPS, Maintenance, maintenance_metric, maintenance_of, score_of
from poetry_aiops.index.release_records import PYPI, About, IndexRecord, IndexRecords, Release
from poetry_aiops.project.model import PackageSource


def maintained(*releases: Release, about: About | None = None) -> Maintenance:
    known = records(apple=record("apple", *releases, about=about))
    return maintenance_of(locked("apple", "1.0"), known, direct=True, now=NOW)


def test_fresh_frequent_and_shared_is_100() -> None:
    releases = [release(f"1.{number}", "2026-05-01") for number in range(4)]
    assert maintained(*releases, about=About(owners=2)).score == pytest.approx(100)


def test_the_parts_are_those_of_the_formula() -> None:
    found = maintained(release("1.0", "2024-07-01"), about=About(owners=1))
    assert found.years == pytest.approx(2.0, abs=0.01)
    assert found.releases_24_months == 1
    assert found.score == pytest.approx(100 * (0.6 * 2 ** (-1.5 / 1.5) + 0.3 / 4), abs=0.3)


def test_unknown_owners_are_left_out_and_said() -> None:
    unknown = maintained(release("1.0", "2026-05-01"), about=About(owners_reason="its index names no owners"))
    assert unknown.score == pytest.approx(100 * (0.6 + 0.3 / 4) / 0.9)
    assert (unknown.owners, unknown.owners_reason) == (None, "its index names no owners")


@for_each(
    ("about", "cap", "status"),
    [
        (About("quarantined", owners=2), 0, "quarantined"),
        (About("archived", "moved", owners=2), 20, "archived"),
        (About("deprecated", owners=2), 20, "deprecated"),
        (About("active", owners=2, inactive=True), 20, "inactive"),
        (About(None, owners=2, inactive=True), 20, "inactive"),
        (About("archived", owners=2, inactive=True), 20, "archived"),
    ],
)
def test_a_status_caps_the_score(about: About, cap: float, status: str) -> None:
    releases = [release(f"1.{number}", "2026-05-01") for number in range(4)]
    found = maintained(*releases, about=about)
    assert (found.score, found.status) == (cap, status)


def test_yanked_releases_are_no_sign_of_life() -> None:
    found = maintained(release("1.0", "2020-01-01"), release("1.1", "2026-05-01", yanked="oops"))
    assert found.last_release == release("1.0", "2020-01-01").uploaded


def test_what_cannot_be_told_has_a_reason() -> None:
    assert maintained(release("1.0")).reason == "its index gives no upload times"
    assert maintained().reason == "its index lists no release"
    missing = maintenance_of(
        locked("pear", "1"), IndexRecords(missing={(PYPI, "pear"): "404"}), direct=True, now=NOW
    )
    assert (missing.score, missing.reason) == (None, "404")
    package = locked("pear", "1", source=PackageSource("git", "https://git.example/pear"))
    assert maintenance_of(package, IndexRecords(), direct=True, now=NOW).applicable is False


def test_the_metric_counts_what_worries() -> None:
    old = maintained(release("1.0", "2020-01-01"), about=About("archived", owners=1))
    metric = maintenance_metric([old, maintained(release("1.0", "2026-05-01"))])
    assert dict(metric.inputs) == {"no_release_in_2_years": 1, "capped_by_status": 1, "owners_known": 1}


@given(
    st.floats(0, 100),
    st.integers(0, 1000),
    st.one_of(st.none(), st.integers(0, 50)),
    st.sampled_from([None, "active", *CAPS]),
)
def test_a_score_is_between_0_and_its_cap(
    years: float, count: int, owners: int | None, status: str | None
) -> None:
    score = score_of(years, count, owners, status)
    assert 0 <= score <= CAPS.get(status or "", 100) + 1e-9
    assert score_of(years + 1, count, owners, status) <= score
    assert score_of(years, count + 1, owners, status) >= score


def test_the_order_of_releases_does_not_matter() -> None:
    releases = [release("1.0", "2020-01-01"), release("1.1", "2026-05-01")]
    backwards = IndexRecord(PYPI, "apple", NOW, tuple(reversed(releases)))
    found = maintenance_of(
        locked("apple", "1.0"), IndexRecords({(PYPI, "apple"): backwards}), direct=True, now=NOW
    )
    assert found.last_release == releases[1].uploaded
