"""``poetry health --monitor``: looks at intervals, tells news only, and ends cleanly when it is asked to."""

from __future__ import annotations

import signal
import threading
import time

from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import field
from typing import TYPE_CHECKING

from poetry_aiops.adapters.notify import notify
from poetry_aiops.adapters.reports_folder import write_reports
from poetry_aiops.errors import InputError
from poetry_aiops.health.gate import INCOMPLETE
from poetry_aiops.health.interval import interval_in_words
from poetry_aiops.health.monitor import watch
from poetry_aiops.report.health.alert import alert_text
from poetry_aiops.report.health.alert import look_line
from poetry_aiops.runs.terminal import lost_readers
from poetry_aiops.runs.terminal import plain
from poetry_aiops.runs.terminal import print_warning


if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterator
    from types import FrameType

    from poetry_aiops.commands.health import HealthCommand
    from poetry_aiops.health.news import News
    from poetry_aiops.report.health.model import HealthReport
    from poetry_aiops.runs.health.look import HealthLook
    from poetry_aiops.runs.health.request import Rounds


class StoppedError(KeyboardInterrupt):
    """The monitor was told to end while it looked; asyncio and thread pools let this kind through."""


@dataclass
class Around:
    """What the monitor does to the world; ``stop`` is set by a signal.

    ``keep`` writes the report down. ``report`` is the last one, ``exit_code`` what the last look amounts to.
    """

    command: HealthCommand
    make_look: Callable[[], HealthLook]
    keep: Callable[[HealthReport], None]
    notified: str = ""
    stop: threading.Event = field(default_factory=threading.Event)
    looking: bool = False
    report: HealthReport | None = None
    exit_code: int = INCOMPLETE
    _warned: bool = False

    def look(self) -> News:
        """Make one look, keep its report, and return what is new."""
        self.exit_code = INCOMPLETE
        with self._interruptible():
            look = self.make_look()
            report, news = look.report, look.news
        self._remember(look)
        self.keep(report)
        self.report, self.exit_code = report, report.gate.exit_code
        self.command.line_error(plain(look_line(report)))
        return news

    def alert(self, news: News) -> None:
        """Print the news, and tell whoever --notify names."""
        if self.report is None:
            return
        lines = alert_text(self.report, news).splitlines()
        if not lines:
            return
        for line in lines:
            self.command.line(plain(line))
        if self.notified:
            with self._interruptible():
                notify(self.notified, lines[0], lines)

    def trouble(self, message: str) -> None:
        self.command.line_error(plain(message))

    def wait(self, seconds: float) -> bool:
        return lost_readers(self.command.io) or self.stop.wait(seconds)

    def seconds(self) -> float:
        return time.monotonic()

    def end(self, _number: int, _frame: FrameType | None) -> None:
        """Answer a signal: end now where nothing is being written, else after that."""
        self.stop.set()
        if self.looking:
            raise StoppedError

    def _remember(self, look: HealthLook) -> None:
        """Write the report and the history; a folder that cannot be written is told once."""
        try:
            write_reports(look.request.reports, look.to_keep(look.report))
        except InputError as error:
            if not self._warned:
                print_warning(self.command.io, "\n".join(error.lines()))
            self._warned = True

    @contextmanager
    def _interruptible(self) -> Iterator[None]:
        """Let a signal end what is done inside: it asks and computes, and writes nothing but caches."""
        if self.stop.is_set():
            raise StoppedError
        self.looking = True
        try:
            yield
        finally:
            self.looking = False


def monitor(around: Around, rounds: Rounds) -> int:
    """Watch until SIGTERM or SIGINT, for so many looks, or until nothing reads the output any more.

    Returns 0 when a signal ended it, else the last look's exit code.
    """
    handlers = {number: signal.signal(number, around.end) for number in (signal.SIGTERM, signal.SIGINT)}
    around.trouble(f"Checking every {interval_in_words(rounds.interval)}; stop with Ctrl+C.")
    try:
        watched = watch(around, rounds.interval, rounds.count)
    except StoppedError:
        return 0
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    return 0 if watched.stopped and around.stop.is_set() else around.exit_code
