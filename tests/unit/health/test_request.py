from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.every import for_each

from poetry_aiops.errors import UsageError
from poetry_aiops.health.command import HealthCommand
from poetry_aiops.health.metric import METRICS
from poetry_aiops.health.policy import NO_POLICY, Policy
from poetry_aiops.health.request import MAX_AGE_VARIABLE, Rounds, read_request
from poetry_aiops.health.signals import SignalKind


if TYPE_CHECKING:
    from poetry_aiops.health.request import HealthRequest


ROOT = Path("shop")


def request(policy: Policy = NO_POLICY, **options: Any) -> HealthRequest:
    given: dict[str, Any] = {one.name: [] if one.is_list() else None for one in HealthCommand.options}
    given |= {name.replace("_", "-"): value for name, value in options.items()}
    return read_request(given, os.environ, ROOT / "pyproject.toml").for_look(policy)


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SOURCE_DATE_EPOCH", "POETRY_AIOPS_PUBLIC_SOURCES", MAX_AGE_VARIABLE):
        monkeypatch.delenv(name, raising=False)


def test_nothing_asked_is_everything_and_any_finding_fails() -> None:
    asked = request()

    assert asked.metrics == METRICS
    assert (asked.rules.fail_on, asked.rules.min_score) == ("any", None)
    assert asked.reports == ROOT / "dependency_reports"
    assert not asked.offline
    assert asked.advisories is None


def test_options_beat_the_policy_and_zero_is_a_score() -> None:
    policy = Policy(fail_on="low", min_score=80.0, fail_on_signals=frozenset({SignalKind.YANKED}))

    assert (request(policy).rules.fail_on, request(policy).rules.min_score) == ("low", 80.0)
    rules = request(policy, fail_on="HIGH", min_score="0").rules
    assert (rules.fail_on, rules.min_score) == ("high", 0.0)
    assert rules.fail_on_signals == {SignalKind.YANKED}


def test_metrics_come_in_their_own_order_and_once() -> None:
    assert request(metric=["depth", "security", "depth"]).metrics == ("security", "depth")


def test_groups_may_be_named_together_and_in_any_spelling() -> None:
    asked = request(only=["main,ML_GPU"], without=["Docs"])

    assert asked.only == {"main", "ml-gpu"}
    assert asked.without == {"docs"}


def test_the_reports_time_is_that_of_the_source_and_the_clock_never_goes_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
    past = request()
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "32503680000")
    future = request()

    assert past.now == datetime(1970, 1, 1, tzinfo=UTC)
    assert past.clock >= datetime(2026, 1, 1, tzinfo=UTC)
    assert future.now == future.clock == datetime(3000, 1, 1, tzinfo=UTC)


def test_a_time_that_no_calendar_knows_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "9" * 30)

    with pytest.raises(UsageError, match="not a valid time"):
        request()


def test_public_sources_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POETRY_AIOPS_PUBLIC_SOURCES", " Mirror, ,other")

    assert request().public_sources == {"mirror", "other"}


def test_a_whole_database_grows_old_and_a_persons_own_records_do_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot = tmp_path / "all.ZIP"
    snapshot.touch()

    assert request(advisories=str(snapshot)).age_of_given == timedelta(days=30)
    assert request(advisories=str(tmp_path)).age_of_given is None
    monkeypatch.setenv(MAX_AGE_VARIABLE, "7d")
    assert request(advisories=str(snapshot)).age_of_given == timedelta(days=7)
    monkeypatch.setenv(MAX_AGE_VARIABLE, "4000d")
    assert request(advisories=str(tmp_path)).age_of_given == timedelta(days=4000)


@pytest.mark.parametrize("age", ["old", "99999999d"])
def test_a_wrong_age_names_the_variable(age: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MAX_AGE_VARIABLE, age)
    with pytest.raises(UsageError, match=age) as refused:
        request()
    assert refused.value.where == MAX_AGE_VARIABLE


def test_an_address_of_advisories_is_no_path() -> None:
    assert request(advisories="HTTPS://host.example/all.zip").is_address


@for_each(
    ("options", "said"),
    [
        ({"metric": ["luck"]}, "luck"),
        ({"fail_on": "grave"}, "grave"),
        ({"min_score": "101"}, "101"),
        ({"min_score": "inf"}, "inf"),
        ({"min_score": "nan"}, "nan"),
        ({"min_score": "many"}, "many"),
        ({"advisories": "nowhere/all.zip"}, "nowhere"),
    ],
)
def test_a_wrong_option_is_refused_with_its_value(options: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        request(**options)


def test_the_monitor_looks_once_a_day_without_end_unless_told() -> None:
    assert request().monitor is None
    assert request(monitor=True).monitor == Rounds(timedelta(days=1), None)
    assert request(monitor=True, interval="6", iterations="2").monitor == Rounds(timedelta(hours=6), 2)


@for_each("given", ["0", "-1", "1.5", "many", ""])
def test_a_number_of_looks_is_a_whole_one(given: str) -> None:
    with pytest.raises(UsageError, match="not a number of checks"):
        request(monitor=True, iterations=given)


@for_each(
    ("options", "said"),
    [
        ({"fix": True, "monitor": True}, "--fix"),
        ({"dry_run": True}, "--dry-run"),
        ({"offline": True, "update_advisories": True}, "--offline"),
        ({"update_advisories": True, "advisories": "folder"}, "--update-advisories"),
        ({"interval": "1h"}, "--interval"),
        ({"iterations": "1"}, "--iterations"),
    ],
)
def test_options_that_do_not_go_together_are_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=f"^{said}: "):
        request(**options)


@pytest.mark.parametrize(
    "options",
    [
        {"fix": True, "dry_run": True},
        {"update_advisories": True, "advisories": "https://host.example/all.zip"},
        {"monitor": True, "interval": "1h", "iterations": "1"},
    ],
)
def test_options_that_go_together_are_accepted(options: dict[str, Any]) -> None:
    request(**options)


def test_pip_audits_document_needs_the_metric_that_it_holds() -> None:
    given: dict[str, Any] = {one.name: [] if one.is_list() else None for one in HealthCommand.options}
    forms = frozenset({"pip-audit"})
    read_request(given, os.environ, ROOT / "pyproject.toml", forms=forms)
    with pytest.raises(UsageError, match=r"^--metric: "):
        read_request({**given, "metric": ["depth"]}, os.environ, ROOT / "pyproject.toml", forms=forms)


@pytest.mark.parametrize("option", [{"fix": True}, {"monitor": True}, {"report_dir": "reports"}])
def test_what_is_about_one_project_is_refused_for_several(option: dict[str, Any]) -> None:
    given: dict[str, Any] = {one.name: [] if one.is_list() else None for one in HealthCommand.options}
    given |= {name.replace("_", "-"): value for name, value in option.items()}
    with pytest.raises(UsageError, match="on one project only"):
        read_request(given, os.environ, ROOT / "pyproject.toml", several=True)
