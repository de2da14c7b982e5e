from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from cleo.io.buffered_io import BufferedIO

from poetry_aiops.cli.output import Output
from poetry_aiops.errors import IncompleteError
from poetry_aiops.health.monitor import Monitor, repeat
from poetry_aiops.health.request import Rounds


if TYPE_CHECKING:
    from poetry_aiops.health.audit import HealthLook


FAULT = IncompleteError("no source answers", hint="Try again.")
HOUR = timedelta(hours=1)


class Clock:
    """A steady clock that the checks and the waits move on."""

    def __init__(self, *, takes: float, stop_after: int = 99) -> None:
        self.takes = takes
        self.stop_after = stop_after
        self.now = 1000.0
        self.checks = 0
        self.waits: list[float] = []

    def check(self) -> None:
        self.checks += 1
        self.now += self.takes

    def wait(self, seconds: float) -> bool:
        self.waits.append(seconds)
        self.now += seconds
        return len(self.waits) >= self.stop_after

    def repeat(self, interval: timedelta, count: int | None) -> bool:
        return repeat(self.check, Rounds(interval, count), self.wait, lambda: self.now)


def test_checks_begin_at_equal_distances() -> None:
    clock = Clock(takes=10.0)
    assert not clock.repeat(HOUR, 3)
    assert (clock.checks, clock.waits) == (3, [3590.0, 3590.0])


def test_a_check_that_takes_longer_than_the_interval_is_followed_at_once() -> None:
    clock = Clock(takes=5000.0)
    clock.repeat(HOUR, 2)
    assert clock.waits == [0.0]


def test_it_stops_when_it_is_asked_to() -> None:
    clock = Clock(takes=1.0, stop_after=2)
    assert clock.repeat(HOUR, None)
    assert clock.checks == 2


def test_one_check_waits_for_nothing() -> None:
    clock = Clock(takes=1.0)
    clock.repeat(HOUR, 1)
    assert clock.waits == []


def monitor(*looks: Exception) -> tuple[Monitor, BufferedIO]:
    """Return a monitor whose looks fail one after the other."""
    left = list(looks)

    def look() -> HealthLook:
        raise left.pop(0)

    out = BufferedIO()
    return Monitor(Output(out), look, lambda report: None), out  # noqa: ARG005 - no report is made


@pytest.mark.parametrize("fault", [FAULT, OSError("no source answers")])
def test_a_check_that_fails_again_and_again_is_reported_once_and_ends_nothing(fault: Exception) -> None:
    watching, out = monitor(fault, fault, fault)
    for _ in range(3):
        watching.check()
    assert (watching.failures, watching.exit_code) == (3, 3)
    assert out.fetch_output() == ""
    (line,) = out.fetch_error().splitlines()
    assert line.startswith("the check failed: no source answers")


def test_a_fault_of_the_program_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        monitor(ZeroDivisionError())[0].check()
