"""A bound on CPU time, for code that must not become slow with its input."""

from __future__ import annotations

import gc
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def within(seconds: float, what: str = "") -> Iterator[None]:
    """Fail when the block takes `seconds` of CPU time or more; `what` names its input.

    The objects of earlier tests are left out of garbage collection from then on: a full collection of a worker's heap
    takes up to a second and says nothing about the block.
    """
    gc.freeze()
    start = time.process_time()
    yield
    spent = time.process_time() - start
    assert spent < seconds, f"{what or 'the block'}: {spent:.2f} s of CPU time, the limit is {seconds} s"
