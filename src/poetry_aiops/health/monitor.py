"""``poetry health --monitor``: checks at intervals, prints news only, and ends cleanly on a signal."""

from __future__ import annotations

import signal
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Final

from poetry_aiops.cli.document import stamp
from poetry_aiops.cli.escape import for_terminal
from poetry_aiops.errors import AiopsError, InputError
from poetry_aiops.health.gate import INCOMPLETE
from poetry_aiops.health.news import in_words
from poetry_aiops.health.report import words
from poetry_aiops.health.request import interval_in_words
from poetry_aiops.system.reports_folder import write_reports
from poetry_aiops.system.text import counted


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from poetry_aiops.cli.output import Output
    from poetry_aiops.health.audit import HealthLook
    from poetry_aiops.health.news import News
    from poetry_aiops.health.report.model import HealthReport
    from poetry_aiops.health.request import Rounds


_MOST: Final = 40
_CHAT: Final = str.maketrans(
    {"<": "\u2039", ">": "\u203a", "@": "(at)", "`": "'", "*": "\u2217", "[": "(", "]": ")"}
)


class StoppedError(KeyboardInterrupt):
    """The monitor was ended while it looked; asyncio and thread pools let this kind through."""


def repeat(
    check: Callable[[], None],
    rounds: Rounds,
    wait: Callable[[float], bool],
    clock: Callable[[], float] = time.monotonic,
) -> bool:
    """Check every interval; returns True when ``wait`` says to stop, False after the last check.

    Checks begin at equal distances, however long each takes; one that takes longer than the interval is followed by
    the next at once. ``wait`` gets seconds; ``clock`` never goes back.
    """
    for number in count(1):
        began = clock()
        check()
        if number == rounds.count:
            break
        if wait(max(0.0, rounds.interval.total_seconds() - (clock() - began))):
            return True
    return False


@dataclass
class Monitor:
    """Checks again and again; ``make_look`` makes one look, ``keep`` writes its report where it was requested.

    ``report`` is that of the last look, ``exit_code`` what it amounts to. A check that fails never ends the monitor.
    """

    output: Output
    make_look: Callable[[], HealthLook]
    keep: Callable[[HealthReport], None]
    report: HealthReport | None = None
    exit_code: int = INCOMPLETE
    failures: int = 0
    """Checks that failed, since the last one that did not."""
    _stop: threading.Event = field(default_factory=threading.Event)
    _looking: bool = False
    _warned: bool = False

    def run(self, rounds: Rounds) -> int:
        """Check until SIGTERM or SIGINT, for so many rounds, or until nothing reads the output any more.

        Returns 0 when a signal ended it, else the last look's exit code.
        """
        handlers = {number: signal.signal(number, self._end) for number in (signal.SIGTERM, signal.SIGINT)}
        self.output.remark(f"Checking every {interval_in_words(rounds.interval)}; stop with Ctrl+C.")
        try:
            repeat(self.check, rounds, lambda seconds: self.output.lost_reader or self._stop.wait(seconds))
        except StoppedError:
            return 0
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)
        return 0 if self._stop.is_set() else self.exit_code

    def check(self) -> None:
        """Look once and print what is new; that looking fails, and works again, is printed once."""
        try:
            self._look()
        except (AiopsError, OSError) as error:
            if not self.failures:
                said = " ".join(error.lines()) if isinstance(error, AiopsError) else str(error)
                self.output.remark(f"the check failed: {said}")
            self.failures += 1
            return
        if self.failures:
            self.output.remark(f"checking works again after {self.failures} failed attempts")
            self.failures = 0

    def _look(self) -> None:
        self.exit_code = INCOMPLETE
        with self._interruptible():
            look = self.make_look()
            report, news = look.report, look.news
        self._remember(look)
        self.keep(report)
        self.report, self.exit_code = report, report.gate.exit_code
        self.output.remark(look_line(report))
        for line in alert_text(report, news).splitlines():
            self.output.line(line)

    def _remember(self, look: HealthLook) -> None:
        """Write the report and the history; a folder that cannot be written is a warning, once."""
        try:
            write_reports(look.request.reports, look.to_keep(look.report))
        except InputError as error:
            if not self._warned:
                self.output.warning("\n".join(error.lines()))
            self._warned = True

    def _end(self, _number: int, _frame: FrameType | None) -> None:
        """Answer a signal: end now where nothing is being written, else after that."""
        self._stop.set()
        if self._looking:
            raise StoppedError

    @contextmanager
    def _interruptible(self) -> Iterator[None]:
        """Let a signal end what is done inside: it asks and computes, and writes nothing but caches."""
        if self._stop.is_set():
            raise StoppedError
        self._looking = True
        try:
            yield
        finally:
            self._looking = False


def alert_text(report: HealthReport, news: News | None = None) -> str:
    """Return an alert: what is new, then how things stand; empty where nothing is new.

    ``news`` are those to report, the report's own by default. No line can mention people or become a link in the chat
    programs that take webhooks.
    """
    new = news or report.news
    reported = in_words(new) if new else ()
    if not reported:
        return ""
    lines = [f"poetry health of {_chat(report.project)}: {counted(len(reported), 'piece')} of news"]
    lines += [f"- {_chat(text)}" for text in reported[:_MOST]]
    lines += [f"- and {len(reported) - _MOST} more"] if len(reported) > _MOST else []
    return "\n".join([*lines, f"Now: {_chat(_state(report))}", f"As of {words.moment(report.generated)}"])


def look_line(report: HealthReport) -> str:
    """Return one line about a look for the monitor's standard output."""
    reported = in_words(report.news) if report.news else ()
    news = counted(len(reported), "piece") + " of news" if reported else "no news"
    return for_terminal(f"{stamp(report.generated)} {report.project}: {_state(report)}; {news}", 1000)


def _state(report: HealthReport) -> str:
    return "; ".join((*words.state(report), f"gate {words.verdict(report).text}"))


def _chat(text: str) -> str:
    return for_terminal(text).translate(_CHAT).replace("://", ": //")
