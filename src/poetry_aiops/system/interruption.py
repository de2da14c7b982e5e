"""Ends of a run that come from outside, made to undo as much as Ctrl+C does."""

from __future__ import annotations

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
