"""Watching by polling: whenever what is watched looks different, do the work again."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar


if TYPE_CHECKING:
    from collections.abc import Callable


StateT = TypeVar("StateT")


def watch(
    read: Callable[[], StateT],
    work: Callable[[], bool],
    sleep: Callable[[float], None],
    *,
    interval: float,
    goes_on: Callable[[], bool] = lambda: True,
) -> None:
    """Call ``work`` now and after every change of what ``read`` returns, until ``goes_on`` says no.

    ``interval`` is in seconds. What was read before the work began counts as done, so a change in the middle of it
    is seen at the next look: however quick the changes are, the last one is worked off. ``work`` returns False when it
    met half a file; it is then called again at the next look, changed or not.
    """
    done: StateT | None = None
    while goes_on():
        seen = read()
        if seen != done:
            done = seen if work() else None
        sleep(interval)
