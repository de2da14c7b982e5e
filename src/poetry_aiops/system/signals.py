"""What holds for a block of a run: its end by a signal, a limit of time, how seldom garbage is collected."""

from __future__ import annotations

import gc
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, NoReturn


if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType


_KILLED: Final = 128
"""What shells add to a signal's number for the exit code of a program that it ended."""


@contextmanager
def undoing_when_ended() -> Iterator[None]:
    """Let SIGTERM, and the end of the terminal, leave the block like an exception, so that it can put things back.

    Without this they end the process on the spot. Later signals of the same kind wait for nothing: they end it.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    names = [name for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    numbers = [getattr(signal, name) for name in names]
    before = {
        number: signal.signal(number, _end)
        for number in numbers
        if signal.getsignal(number) == signal.SIG_DFL
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(number: int, _frame: FrameType | None) -> NoReturn:
    signal.signal(number, signal.SIG_DFL)
    raise SystemExit(_KILLED + number)


class TimeLimitError(Exception):
    """The time is over."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise TimeLimitError inside the ``with`` block after so many seconds.

    Only the main thread of a POSIX system can be interrupted that way; elsewhere there is no limit. A timer that is
    already running (a test's, a service's) is left alone, and then there is none either.
    """
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        yield
        return
    if signal.getitimer(signal.ITIMER_REAL)[0]:
        yield
        return

    def ring(*_: object) -> None:
        raise TimeLimitError

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def fewer_collections() -> Iterator[None]:
    """Collect cyclic garbage less often for a while.

    A lock makes millions of objects that stay; searching them again and again takes a fifth of the time.
    """
    before = gc.get_threshold()
    gc.set_threshold(100_000, 20, 20)
    try:
        yield
    finally:
        gc.set_threshold(*before)
