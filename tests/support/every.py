"""One test for many cases of the same promise: all of them are tried, and the failure names each that failed."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, TypeVar

import pytest


if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


Case = TypeVar("Case")
SHOWN = 10


def every(
    cases: Iterable[Case], check: Callable[[Case], object], name: Callable[[Case], object] = str
) -> None:
    """Run ``check`` on each case and fail with those that failed or skip; no case at all is a failure too."""
    failed: list[str] = []
    tried = 0
    for case in cases:
        tried += 1
        try:
            check(case)
        except (Exception, pytest.fail.Exception, pytest.skip.Exception) as error:  # noqa: BLE001 - the other cases are tried all the same
            frames = traceback.extract_tb(error.__traceback__)[1:]
            line = next((frame.lineno for frame in reversed(frames) if frame.name == check.__name__), 0)
            failed.append(f"{name(case)}, line {line}: {type(error).__name__}: {error}")
    assert tried, "no case was tried"
    if failed:
        shown = "\n\n".join(failed[:SHOWN])
        pytest.fail(f"{len(failed)} of {tried} cases failed:\n\n{shown}", pytrace=False)
