from __future__ import annotations

from datetime import timedelta

import pytest
from tests.unit.health.facts import NOW

from poetry_aiops.errors import IncompleteError
from poetry_aiops.health.advisory import Severity
from poetry_aiops.health.history import Seen
from poetry_aiops.health.monitor import Watched, watch
from poetry_aiops.health.news import NewFinding, News


QUIET = News(NOW)
LOUD = News(NOW, findings=(NewFinding(Seen("apple", "1.0", "GHSA-1", Severity.HIGH), "feed"),))
FAULT = IncompleteError("no source answers", hint="Try again.")
HOUR = timedelta(hours=1)


class World:
    """What each look brings, what each takes, and what was told."""

    def __init__(
        self, *looks: News | Exception, takes: float = 10.0, alerts_fail: int = 0, stop_after: int = 99
    ) -> None:
        self.looks = list(looks)
        self.takes = takes
        self.alerts_fail = alerts_fail
        self.stop_after = stop_after
        self.now = 1000.0
        self.waits: list[float] = []
        self.told: list[News] = []
        self.troubles: list[str] = []

    def look(self) -> News:
        self.now += self.takes
        found = self.looks.pop(0) if self.looks else QUIET
        if isinstance(found, Exception):
            raise found
        return found

    def alert(self, news: News) -> None:
        if self.alerts_fail:
            self.alerts_fail -= 1
            raise OSError("the webhook is down")
        self.told.append(news)

    def trouble(self, message: str) -> None:
        self.troubles.append(message)

    def wait(self, seconds: float) -> bool:
        self.waits.append(seconds)
        self.now += seconds
        return len(self.waits) >= self.stop_after

    def seconds(self) -> float:
        return self.now


def test_only_news_is_told() -> None:
    world = World(QUIET, LOUD, QUIET)
    assert watch(world, HOUR, 3) == Watched(looks=3, failures=0, alerts=1, stopped=False)
    assert world.told == [LOUD]
    assert world.troubles == []


def test_looks_begin_at_equal_distances() -> None:
    world = World(takes=10.0)
    watch(world, HOUR, 3)
    assert world.waits == [3590.0, 3590.0]


def test_a_look_that_takes_longer_than_the_interval_is_followed_at_once() -> None:
    world = World(takes=5000.0)
    watch(world, HOUR, 2)
    assert world.waits == [0.0]


def test_it_stops_when_told_to() -> None:
    world = World(stop_after=2)
    assert watch(world, HOUR) == Watched(looks=2, failures=0, alerts=0, stopped=True)


def test_one_look_waits_for_nothing() -> None:
    world = World()
    watch(world, HOUR, 1)
    assert world.waits == []


@pytest.mark.parametrize("fault", [FAULT, OSError("no network")])
def test_failures_are_told_once_survived_and_tried_again_sooner(fault: Exception) -> None:
    world = World(fault, fault, fault, LOUD, QUIET, takes=0.0)
    assert watch(world, HOUR, 5) == Watched(looks=5, failures=3, alerts=1, stopped=False)
    assert world.waits == [60.0, 120.0, 240.0, 3600.0]
    assert len(world.troubles) == 2
    assert "the check failed" in world.troubles[0]
    assert world.troubles[1] == "checking works again after 3 failed attempts"


def test_the_pause_after_failures_never_exceeds_the_interval() -> None:
    world = World(*[FAULT] * 200, takes=0.0)
    watch(world, HOUR, 200)
    assert max(world.waits) == 3600.0
    short = World(FAULT, takes=0.0)
    watch(short, timedelta(seconds=5), 2)
    assert short.waits == [5.0]


def test_an_alert_that_fails_is_delivered_later() -> None:
    world = World(LOUD, QUIET, alerts_fail=1)
    assert watch(world, HOUR, 2).alerts == 1
    assert world.told == [LOUD]
    assert "waits for the next check" in world.troubles[0]


def test_an_alert_waits_while_looking_fails() -> None:
    world = World(LOUD, FAULT, alerts_fail=1)
    watch(world, HOUR, 2)
    assert world.told == [LOUD]


def test_alerts_for_a_notifier_that_never_answers_do_not_pile_up() -> None:
    world = World(*[LOUD] * 150, alerts_fail=149, takes=0.0)
    assert watch(world, HOUR, 150).alerts <= 101


def test_a_fault_of_the_program_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        watch(World(ZeroDivisionError()), HOUR, 1)
