from __future__ import annotations

from typing import TYPE_CHECKING

from poetry_aiops.export.run import watch


if TYPE_CHECKING:
    from collections.abc import Callable


def run(states: list[str], work: Callable[[str], bool], looks: int) -> None:
    """Watch something that looks as ``states`` say, one after the other, then for ever like the last."""
    seen: list[str] = []

    def read() -> str:
        seen.append(states[min(len(seen), len(states) - 1)])
        return seen[-1]

    watch(read, lambda: work(seen[-1]), lambda _: None, interval=0.1, goes_on=lambda: len(seen) < looks)


def test_work_is_done_at_the_start_and_after_each_change_only() -> None:
    done: list[str] = []

    def work(state: str) -> bool:
        done.append(state)
        return True

    run(["a", "a", "b", "b", "a"], work, 8)
    assert done == ["a", "b", "a"]


def test_what_failed_is_tried_again_although_nothing_changed() -> None:
    tries: list[str] = []

    def work(state: str) -> bool:
        tries.append(state)
        return len(tries) == 3

    run(["half"], work, 6)
    assert tries == ["half"] * 3


def test_a_change_in_the_middle_of_the_work_is_worked_off() -> None:
    content = ["1"]
    written: list[str] = []

    def work() -> bool:
        written.append(content[0])
        if len(written) == 1:
            content[0] = "2"  # the file changes while it is being worked on
        return True

    looks = iter([True] * 5 + [False])
    watch(lambda: content[0], work, lambda _: None, interval=0.1, goes_on=lambda: next(looks))
    assert written == ["1", "2"]


def test_it_sleeps_between_the_looks() -> None:
    slept: list[float] = []
    looks = iter([True, True, False])
    watch(lambda: 1, lambda: True, slept.append, interval=0.5, goes_on=lambda: next(looks))
    assert slept == [0.5, 0.5]
