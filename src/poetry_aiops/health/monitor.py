"""The monitor: looks, compares with the last look, alerts on news only, waits, and looks again.

Nothing here knows a clock, a network or a signal handler; they come in as arguments. A look that fails is told once
and tried again sooner than the interval; it never ends the monitor.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Protocol

from poetry_aiops.errors import AiopsError


if TYPE_CHECKING:
    from collections.abc import Callable

    from poetry_aiops.health.news import News


FIRST_RETRY: Final = timedelta(minutes=1)
_MOST_DOUBLINGS: Final = 20
_MOST_WAITING: Final = 100  # alerts; who never answers gets the newest


class Surroundings(Protocol):
    """What the monitor does to the world."""

    def look(self) -> News:
        """Run one report, write it down, and return what is new; raises AiopsError or OSError when it cannot."""

    def alert(self, news: News) -> None:
        """Tell a person; raises AiopsError or OSError when that fails, and is then asked again after the next look."""

    def trouble(self, message: str) -> None:
        """Tell that a look or an alert failed, or that looking works again."""

    def wait(self, seconds: float) -> bool:
        """Wait, and return True as soon as the monitor shall stop."""

    def seconds(self) -> float:
        """Return the time of a clock that never goes back."""


@dataclass(frozen=True, slots=True)
class Watched:
    """How a monitor ended: looks, failed ones, alerts that reached somebody, and whether it was told to stop."""

    looks: int
    failures: int
    alerts: int
    stopped: bool


def watch(around: Surroundings, interval: timedelta, iterations: int | None = None) -> Watched:
    """Look every ``interval`` until told to stop, or ``iterations`` times.

    Looks begin at equal distances, however long each takes; one that takes longer than the interval is followed by
    the next at once. After a failure the next look comes after one minute, then two, four, ... up to the interval.
    """
    watcher = _Watcher(around)
    while True:
        began = around.seconds()
        watcher.round()
        if iterations is not None and watcher.looks >= iterations:
            return watcher.result(stopped=False)
        pause = max(0.0, watcher.pause(interval).total_seconds() - (around.seconds() - began))
        if around.wait(pause):
            return watcher.result(stopped=True)


class _Watcher:
    def __init__(self, around: Surroundings) -> None:
        self.around = around
        self.looks = self.failures = self.alerts = 0
        self._in_a_row = 0
        self._undelivered: list[News] = []

    def round(self) -> None:
        """Look once, and tell what is new together with what could not be told before."""
        self.looks += 1
        told = self._attempt(self.around.look, "the check")
        if told is None:
            self.failures += 1
            self._in_a_row += 1
        else:
            if self._in_a_row:
                self.around.trouble(f"checking works again after {self._in_a_row} failed attempts")
            self._in_a_row = 0
            if told.is_worth_an_alert:
                self._undelivered.append(told)
        self._deliver()

    def pause(self, interval: timedelta) -> timedelta:
        if not self._in_a_row:
            return interval
        doubled: int = 2 ** min(self._in_a_row - 1, _MOST_DOUBLINGS)
        return min(interval, FIRST_RETRY * doubled)

    def result(self, *, stopped: bool) -> Watched:
        return Watched(self.looks, self.failures, self.alerts, stopped)

    def _deliver(self) -> None:
        waiting, self._undelivered = self._undelivered, []
        for position, told in enumerate(waiting):
            try:
                self.around.alert(told)
            except (AiopsError, OSError) as error:
                self.around.trouble(
                    f"an alert could not be delivered and waits for the next check: {_in_words(error)}"
                )
                self._undelivered = waiting[position:][-_MOST_WAITING:]
                return
            self.alerts += 1

    def _attempt(self, look: Callable[[], News], what: str) -> News | None:
        try:
            return look()
        except (AiopsError, OSError) as error:
            if not self._in_a_row:
                self.around.trouble(f"{what} failed: {_in_words(error)}")
            return None


def _in_words(error: AiopsError | OSError) -> str:
    return " ".join(error.lines()) if isinstance(error, AiopsError) else str(error)
