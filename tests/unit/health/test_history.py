from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st
from tests.support.every import for_each
from tests.unit.health.facts import NOW, audit_of, finding

from poetry_aiops.health import history as under_test
from poetry_aiops.health.advisory import AdvisorySource, Severity
from poetry_aiops.health.gate import GateFacts
from poetry_aiops.health.history import (
    HistoryEntry,
    Seen,
    appended,
    line_of,
    read_history,
    trend,
    with_facts,
)
from poetry_aiops.health.metric import Metric
from poetry_aiops.health.signals import Signal, SignalKind


if TYPE_CHECKING:
    import pytest


ENTRY = HistoryEntry(
    NOW,
    "abc",
    frozenset({"apple==1.0"}),
    findings=(Seen("apple", "1.0", "GHSA-1", Severity.HIGH, ("CVE-1",)),),
)


def test_a_run_becomes_an_entry() -> None:
    found = finding(aliases=("CVE-1",))
    signal = Signal(("apple", "1.0", ("", "", "")), SignalKind.YANKED, "yanked")
    audit = replace(
        audit_of(found), sources=(AdvisorySource("snapshot", "2026-06-30", "feed"), AdvisorySource("osv"))
    )
    run = HistoryEntry(NOW, "abc", frozenset({"apple==1.0"}))
    entry = with_facts(
        run, GateFacts((Metric("depth", 60.0, 100.0, ()),), (found,), (signal,)), audit, ["GHSA-9"], ["open"]
    )
    assert entry.findings == ENTRY.findings
    assert dict(entry.feeds) == {"snapshot": "feed", "osv": ""}
    assert entry.signals == frozenset({("apple", "yanked")})
    assert (entry.ignored, entry.complete) == (("GHSA-9",), False)
    assert dict(entry.metrics) == {"depth": 60.0}


def test_a_line_is_read_back_as_it_was() -> None:
    entry = replace(
        ENTRY, score=71.5, coverage=90.0, signals=frozenset({("apple", "yanked")}), ignored=("X",)
    )
    line = line_of(entry)
    assert "\n" not in line
    assert json.loads(line)["schema"] == "poetry-aiops/health-history/1"
    assert read_history(line).last == entry


def test_a_cut_off_last_line_is_passed_over_and_goes_with_the_next_write() -> None:
    text = appended("", ENTRY) + line_of(ENTRY)[:50]
    assert len(read_history(text).entries) == 1
    repaired = appended(text, replace(ENTRY, generated=NOW + timedelta(days=1)))
    assert len(read_history(repaired).entries) == len(repaired.splitlines()) == 2


def test_a_last_line_without_its_line_end_is_kept() -> None:
    text = line_of(ENTRY)
    assert len(read_history(appended(text, ENTRY)).entries) == 2


@for_each(
    "line",
    [
        "[]",
        "null",
        "{}",
        '{"schema": "other/1"}',
        '{"schema": "poetry-aiops/health-history/1"}',
        "\x00",
        "[" * 5000,
        '{"a": 1e999}',
    ],
)
def test_a_line_that_is_no_entry_is_passed_over_and_kept(line: str) -> None:
    text = f"{line}\n{line_of(ENTRY)}\n"
    assert len(read_history(text).entries) == 1
    assert line in appended(text, ENTRY)


@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    assert read_history(text).entries == ()
    assert read_history(appended(text, ENTRY)).last == ENTRY


def test_a_run_that_was_before_the_first_day_is_no_entry() -> None:
    line = line_of(ENTRY).replace(NOW.strftime("%Y-%m-%dT"), "0001-01-01T").replace('Z"', '+14:00"', 1)
    assert read_history(line + "\n").entries == ()


def test_the_oldest_lines_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(under_test, "LONGEST", 3)
    text = ""
    for number in range(5):
        text = appended(text, replace(ENTRY, lock=str(number)))
    assert [entry.lock for entry in read_history(text).entries] == ["2", "3", "4"]


def test_the_trend_has_one_point_for_each_day() -> None:
    entries = [
        replace(ENTRY, generated=NOW - timedelta(days=2), score=60.0),
        replace(ENTRY, generated=NOW, score=70.0),
        replace(ENTRY, generated=NOW + timedelta(hours=3), score=75.0, lock="new", findings=()),
    ]
    history = read_history("\n".join(map(line_of, entries)))
    first, last = trend(history)
    assert [point.score for point in (first, last)] == [60.0, 75.0]
    assert (dict(first.findings), dict(last.findings)) == ({Severity.HIGH: 1}, {})
    assert (first.lock_changed, last.lock_changed) == (False, True)
    assert len(trend(history, points=1)) == 1
