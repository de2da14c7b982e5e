"""What is bounded in time ends in the main thread, and leaves timers and other threads alone."""

from __future__ import annotations

import signal
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from poetry_aiops.system.signals import TimeLimitError, time_limit


pytestmark = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="POSIX timers are needed")


def test_what_takes_too_long_is_interrupted_and_the_handler_is_put_back() -> None:
    before = signal.getsignal(signal.SIGALRM)

    with pytest.raises(TimeLimitError), time_limit(0.01):
        time.sleep(60)

    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0


def test_another_thread_has_no_limit() -> None:
    def work() -> str:
        with time_limit(60):
            return "done"

    with ThreadPoolExecutor(1) as threads:
        assert threads.submit(work).result() == "done"
