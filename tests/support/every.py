"""One test for many cases of the same promise: all of them are tried, and the failure names each that failed."""

from __future__ import annotations

import functools
import inspect
import traceback
from typing import TYPE_CHECKING, Any, TypeVar

import pytest


if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence


Case = TypeVar("Case")
SHOWN = 10  # cases
LENGTH = 200  # characters of a case


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


def for_each(names: str | Sequence[str], values: Iterable[Any]) -> Callable[[Callable[..., None]], Any]:
    """Call the test with each of ``values``, as ``pytest.mark.parametrize`` does, but as one test.

    For tests without fixtures that change: every case has the same ones.
    """
    given = [name.strip() for name in names.split(",")] if isinstance(names, str) else list(names)
    is_single = isinstance(names, str) and len(given) == 1
    rows = [(value,) if is_single else tuple(value) for value in values]

    def decorate(test: Callable[..., None]) -> Callable[..., None]:
        signature = inspect.signature(test)
        left = [one for name, one in signature.parameters.items() if name not in given]
        assert len(left) == len(signature.parameters) - len(given), f"{test} does not take {given}"

        @functools.wraps(test)
        def all_cases(**fixtures: Any) -> None:
            def check(row: tuple[Any, ...]) -> None:
                test(**dict(zip(given, row, strict=True)), **fixtures)

            check.__name__ = test.__name__  # the line of the test is in the failure
            every(rows, check, lambda row: repr(row)[:LENGTH])

        vars(all_cases)["__signature__"] = signature.replace(parameters=left)
        del vars(all_cases)["__wrapped__"]  # pytest takes the fixtures from this signature
        return all_cases

    return decorate
