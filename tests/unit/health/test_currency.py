from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.every import for_each
from tests.unit.health.facts import NOW, lock_of, project_of, record, records, release

from poetry_aiops.health import currency as under_test
from poetry_aiops.health.currency import Currency, CurrencyOf, Ineligible, currency_metric
from poetry_aiops.health.demands import Demands
from poetry_aiops.health.maintenance import maintenance_metric, maintenance_of
from poetry_aiops.index.records import Cooldown
from poetry_aiops.index.release_records import PYPI, About, IndexRecord, IndexRecords, Release


NO_COOLDOWN = Cooldown()


def currency(
    lock_text: str,
    *releases: Release,
    requirements: tuple[str, ...] = ("apple",),
    cooldown: Cooldown = NO_COOLDOWN,
    python: str = ">=3.10,<4.0",
) -> Currency:
    """Return the currency of the first locked package, whose releases are given."""
    lock = lock_of(lock_text, python)
    looker = CurrencyOf(lock, Demands(lock, project_of(*requirements, python=python)), cooldown, NOW)
    first = lock.packages[0]
    return looker.package(first, records(**{first.name.replace("-", "_"): releases}))


def test_the_drift_is_the_time_between_two_releases() -> None:
    found = currency("apple 1.0", release("1.0", "2024-01-01"), release("2.0", "2026-01-01"))
    assert found.libyears == pytest.approx(731 / 365.25)
    assert found.score == pytest.approx(100 * 2 ** (-731 / 365.25 / 2))
    assert (found.latest, found.wanted, found.behind, found.held_back_by) == ("2.0", "2.0", 1, ())


def test_a_source_that_did_not_answer_is_an_open_question() -> None:
    lock = lock_of("apple 1.0\npear 1.0")
    looker = CurrencyOf(lock, Demands(lock, project_of("apple", "pear")), NO_COOLDOWN, NOW)
    kept = IndexRecord(PYPI, "apple", NOW, (release("1.0", "2024-01-01"),), stale="PyPI: it answers 503")
    fresh = replace(kept, stale="", releases=(release("2.0", "2024-01-01"),))
    for package, known, is_open in (
        (lock.packages[0], records(apple=kept), True),
        (lock.packages[0], records(apple=fresh), False),
        (lock.packages[1], records(apple=fresh), True),
    ):
        rated = looker.package(package, known)
        kept_up = maintenance_of(package, known, direct=True, now=NOW)
        assert bool(currency_metric([rated], NO_COOLDOWN).open_questions) is is_open
        assert bool(maintenance_metric([kept_up]).open_questions) is is_open


def test_the_newest_version_has_no_drift() -> None:
    found = currency("apple 2.0", release("1.0", "2024-01-01"), release("2.0", "2025-01-01"))
    assert (found.libyears, found.score, found.behind, found.latest) == (0.0, 100.0, 0, "2.0")


def test_a_backport_released_later_counts_as_no_drift() -> None:
    found = currency("apple 1.9", release("1.9", "2026-01-01"), release("2.0", "2025-01-01"))
    assert (found.libyears, found.latest) == (0.0, "2.0")


@for_each(
    "passed_over",
    [
        release("3.0", "2026-06-01", yanked=""),
        release("3.0rc1", "2026-06-01"),
        release("3.0.dev1", "2026-06-01"),
        release("3.0", "2026-06-01", requires_python=">=3.12"),
        release("3.0+cu126", "2026-06-01"),
    ],
)
def test_only_eligible_versions_count(passed_over: Release) -> None:
    found = currency("apple 1.0", release("1.0", "2024-01-01"), release("2.0", "2025-01-01"), passed_over)
    assert (found.latest, found.behind) == ("2.0", 1)


def test_a_python_ceiling_is_told() -> None:
    newest = release("3.0", "2026-06-01", requires_python=">=3.12")
    found = currency("apple 1.0", release("1.0", "2024-01-01"), newest)
    assert found.barred == Ineligible("3.0", "needs another Python", ">=3.12")


def test_a_release_in_the_cooldown_waits() -> None:
    young = release("2.0", "2026-06-20", last="2026-06-28")
    found = currency("apple 1.0", release("1.0", "2024-01-01"), young, cooldown=Cooldown(7))
    assert (found.latest, found.barred) == ("1.0", Ineligible("2.0", "in the cooldown"))
    old_enough = currency("apple 1.0", release("1.0", "2024-01-01"), young, cooldown=Cooldown(2))
    assert old_enough.latest == "2.0"


@pytest.mark.parametrize(
    "cooldown", [Cooldown(90, frozenset({"apple"})), Cooldown(90, exempt_sources=frozenset({"pypi"}))]
)
def test_exempt_packages_and_sources_do_not_wait(cooldown: Cooldown) -> None:
    found = currency(
        "apple 1.0", release("1.0", "2024-01-01"), release("2.0", "2026-06-28"), cooldown=cooldown
    )
    assert found.latest == "2.0"


def test_a_release_without_an_upload_time_is_old_enough_as_it_is_for_poetry() -> None:
    found = currency("apple 1.0", release("1.0"), release("2.0"), cooldown=Cooldown(30))
    assert (found.latest, found.libyears) == ("2.0", None)
    assert found.reason == "its index gives no upload times"


def test_pre_releases_count_where_one_is_locked_and_no_final_one_follows() -> None:
    rc1, rc2 = release("2.0rc1", "2026-01-01"), release("2.0rc2", "2026-02-01")
    assert currency("apple 2.0rc1", rc1, rc2).latest == "2.0rc2"
    final, later = release("2.0", "2026-03-01"), release("2.1rc1", "2026-04-01")
    assert currency("apple 2.0rc1", rc1, rc2, final, later).latest == "2.0"


def test_builds_with_the_same_tag_are_compared() -> None:
    builds = [
        release(version, "2026-01-01") for version in ("2.5.1+cu126", "2.5.1+cpu", "2.6.0+cpu", "2.7.0+cu126")
    ]
    found = currency("torch 2.5.1+cpu", *builds)
    assert (found.latest, found.behind) == ("2.6.0+cpu", 1)


def test_who_holds_a_version_back_is_named() -> None:
    lock = "apple 1.0\npear 3.1 -> apple >=1,<2\nplum 0.5 -> apple *"
    one, two, three = release("1.0", "2024-01-01"), release("1.5", "2025-01-01"), release("2.0", "2026-01-01")
    found = currency(lock, one, two, three, requirements=("pear", "plum"))
    assert (found.latest, found.wanted, found.direct) == ("2.0", "1.5", False)
    assert [(demand.holder, demand.constraint) for demand in found.held_back_by] == [("pear 3.1", ">=1,<2")]


def test_the_project_itself_may_hold_a_version_back() -> None:
    found = currency(
        "apple 1.0", release("1.0", "2024-01-01"), release("2.0", "2026-01-01"), requirements=("apple<2",)
    )
    assert [(demand.kind, demand.holder) for demand in found.held_back_by] == [
        ("group", "[project] dependencies")
    ]
    assert (found.wanted, found.direct) == ("1.0", True)


def test_a_constraint_for_another_build_of_the_name_holds_nothing_back() -> None:
    lock = "apple 2.0\napple 1.0\npear 1.0 -> apple <2"
    found = currency(
        lock, release("1.0", "2024-01-01"), release("2.0", "2025-01-01"), release("3.0", "2026-01-01")
    )
    assert found.held_back_by == ()


def test_what_cannot_be_told_has_a_reason() -> None:
    lock = lock_of("apple 1.0")
    looker = CurrencyOf(lock, Demands(lock, project_of("apple")), NO_COOLDOWN, NOW)
    gone = looker.package(lock.packages[0], records(apple=(release("2.0", "2026-01-01"),)))
    unknown = looker.package(lock.packages[0], IndexRecords(missing={(PYPI, "apple"): "it answers 500"}))
    assert (gone.score, gone.reason) == (None, "the locked version is no longer on its index")
    assert (unknown.score, unknown.reason, unknown.applicable) == (None, "it answers 500", True)


def test_the_metric_weighs_direct_dependencies_three_times() -> None:
    lock = lock_of("apple 1.0 -> pear *\npear 1.0")
    looker = CurrencyOf(lock, Demands(lock, project_of("apple")), NO_COOLDOWN, NOW)
    known = records(
        apple=(release("1.0", "2024-01-01"),),
        pear=(release("1.0", "2022-01-01"), release("2.0", "2026-01-01")),
    )
    rated = [looker.package(package, known) for package in lock.packages]
    metric = currency_metric(rated, Cooldown(3))
    assert metric.score == pytest.approx((3 * 100 + 25) / 4, abs=0.05)
    assert metric.inputs["libyears"] == pytest.approx(4.0, abs=0.01)
    assert (metric.inputs["outdated"], metric.inputs["cooldown_days"], metric.coverage) == (1, 3, 100.0)


def test_the_reason_of_the_metric_counts_what_is_missing() -> None:
    lock = lock_of("apple 1.0\npear 1.0")
    looker = CurrencyOf(lock, Demands(lock, project_of("apple")), NO_COOLDOWN, NOW)
    known = records(apple=(release("1.0", "2024-01-01"),))
    metric = currency_metric([looker.package(package, known) for package in lock.packages], NO_COOLDOWN)
    assert (metric.coverage, metric.score) == (50.0, 100.0)
    assert metric.reason == "1 of 2 packages: its index was not queried"


def test_the_record_of_another_source_is_not_taken() -> None:
    lock = lock_of("apple 1.0")
    looker = CurrencyOf(lock, Demands(lock, project_of("apple")), NO_COOLDOWN, NOW)
    other = IndexRecord("inside", "apple", NOW, (release("1.0", "2024-01-01"),), About())
    found = looker.package(lock.packages[0], IndexRecords({("inside", "apple"): other}))
    assert found.score is None


dates = st.datetimes(datetime(2000, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds of a strategy


@given(dates, dates)
def test_a_score_is_between_0_and_100_and_falls_with_the_drift(locked: datetime, newest: datetime) -> None:
    drift = under_test.libyears_between(locked, newest)
    assert drift >= 0
    assert 0 <= under_test.score_of(drift) <= 100
    later = under_test.libyears_between(locked, newest + timedelta(days=30))
    assert under_test.score_of(later) <= under_test.score_of(drift)


def test_a_score_halves_every_two_years() -> None:
    assert [under_test.score_of(years) for years in (0, 2, 4)] == [100, 50, 25]


def test_the_record_finds_a_tagged_build_that_is_listed_without_its_tag() -> None:
    listed = record("torch", release("2.1.0", "2024-01-01"))
    assert listed.release("2.1.0+cpu") == listed.releases[0]
    assert listed.release("not a version") is None
