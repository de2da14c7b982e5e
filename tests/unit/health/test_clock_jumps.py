"""A clock that jumps: backwards after a wrong start, forwards over months; waiting knows no date, and nothing stays fresh for ever."""

from __future__ import annotations

import inspect
import json
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from tests.unit.health.osv import record
from tests.unit.health.test_downloads import LIST, TOP, Services, counted

from poetry_aiops.health.advisories.cache import AdvisoryCache
from poetry_aiops.health.advisories.osv_protocol import Stub
from poetry_aiops.health.advisories.snapshot import SnapshotAge, open_snapshot
from poetry_aiops.health.advisory import Severity
from poetry_aiops.health.feed import QueriedPackage
from poetry_aiops.health.history import HistoryEntry, Seen, appended, read_history, trend
from poetry_aiops.health.monitor import repeat
from poetry_aiops.health.news import news
from poetry_aiops.health.request import Rounds


if TYPE_CHECKING:
    from pathlib import Path


NOW = datetime(2026, 3, 1, tzinfo=UTC)
YEAR = timedelta(days=365)
JUMPS = pytest.mark.parametrize("jump", [YEAR, -YEAR], ids=["forwards", "backwards"])


def test_the_monitor_waits_by_the_clock_that_never_jumps(monkeypatch: pytest.MonkeyPatch) -> None:
    steady, waits = [100.0], []

    def check() -> None:
        steady[0] += 5

    def wait(seconds: float) -> bool:
        waits.append(seconds)
        steady[0] += seconds
        return False

    monkeypatch.setattr(time, "time", lambda: -1e9)
    repeat(check, Rounds(timedelta(hours=1), 4), wait, lambda: steady[0])
    assert waits == [3595.0] * 3
    assert inspect.signature(repeat).parameters["clock"].default is time.monotonic


def entry(generated: datetime, *identities: str) -> HistoryEntry:
    found = tuple(Seen("demo", "1.0", identity, Severity.HIGH) for identity in identities)
    return HistoryEntry(generated, "lock", findings=found, coverage=100.0)


@JUMPS
def test_news_are_told_against_the_last_look_whatever_its_date(jump: timedelta) -> None:
    text = appended(appended("", entry(NOW, "T-1")), entry(NOW + jump, "T-1", "T-2"))
    history = read_history(text)
    assert news(entry(NOW + timedelta(hours=1), "T-1", "T-2"), history).findings == ()
    reported = news(entry(NOW + timedelta(hours=1), "T-1", "T-2", "T-3"), history)
    assert [one.seen.id for one in reported.findings] == ["T-3"]
    assert [point.generated for point in trend(history)] == sorted((NOW, NOW + jump))


@JUMPS
def test_answers_of_a_service_do_not_stay_fresh(tmp_path: Path, jump: timedelta) -> None:
    subject = QueriedPackage("demo", "1.0")
    cache = AdvisoryCache(tmp_path, "https://osv.example", (NOW + jump).timestamp)
    cache.keep_answer(subject, (Stub("T-1", ""),))
    cache.save()
    assert AdvisoryCache(tmp_path, "https://osv.example", NOW.timestamp).answer(subject) is None


@JUMPS
def test_figures_of_downloads_do_not_stay_fresh(tmp_path: Path, jump: timedelta) -> None:
    services = Services({LIST: TOP})
    for now in (NOW + jump, NOW):
        counted(services, folder=tmp_path, now=now)
    assert services.asked == [LIST, LIST]


@JUMPS
def test_a_snapshot_does_not_stay_fresh(tmp_path: Path, jump: timedelta) -> None:
    path = tmp_path / "snapshot.json"
    path.write_text(json.dumps(record("T-1")))
    feed = open_snapshot(path, SnapshotAge(NOW, timedelta(days=7), checked=NOW + jump))
    assert feed.problem is not None
    assert ("in the future" in feed.problem) is (jump > timedelta(0))
