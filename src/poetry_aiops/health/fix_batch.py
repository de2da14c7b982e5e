"""The largest set of fixes that has a solution together: what is to blame for a conflict is left out, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from poetry_aiops.system.record import Record


if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


T = TypeVar("T")


class Unsolved(Record):
    """An attempt without a solution; ``culprits`` are the fixes that its explanation names.

    ``all_at_once`` says that looking for the one that is to blame would take too long.
    """

    culprits: frozenset[str]
    why: str
    all_at_once: bool = False


@dataclass(frozen=True, slots=True)
class Batch(Generic[T]):
    """The fixes that go together, by package name, with their solution; for each of the others, why it cannot.

    ``solution`` is None when nothing could be fixed.
    """

    names: tuple[str, ...]
    solution: T | None
    dropped: Mapping[str, str]
    solves: int


def largest_batch(
    ranks: Mapping[str, int], attempt: Callable[[frozenset[str]], T | Unsolved], *, solves: int = 24
) -> Batch[T]:
    """Return the largest set of fixes that has a solution, the most severe first; ``ranks`` gives their severity.

    ``attempt`` is one run of the solver, at most ``solves`` times. On failure one fix goes: one without which the rest
    has a solution, else the least severe one that the explanation names. None that went could be added again, unless
    the runs were used up.
    """
    answers: dict[frozenset[str], T | Unsolved] = {}

    def answer(names: frozenset[str]) -> T | Unsolved:
        if names not in answers:
            if len(answers) >= solves:
                return Unsolved(frozenset(), "this search reached its time limit")
            answers[names] = attempt(names)
        return answers[names]

    def works(names: frozenset[str]) -> bool:
        return not isinstance(answer(names), Unsolved)

    names = frozenset(ranks)
    dropped: dict[str, str] = {}
    while names and isinstance(failure := answer(names), Unsolved):
        culprits = sorted(failure.culprits & names or names, key=lambda one: (ranks[one], one))
        if len(culprits) > 1 and not failure.all_at_once:
            culprits = [next((one for one in culprits if works(names - {one})), culprits[0])]
        dropped |= dict.fromkeys(culprits, failure.why)
        names -= frozenset(culprits)
    is_slow = any(isinstance(one, Unsolved) and one.all_at_once for one in answers.values())
    for name in sorted(dropped, key=lambda one: (-ranks[one], one)):
        if names and not is_slow and len(dropped) > 1 and works(names | {name}):
            names |= {name}
            del dropped[name]
    found = answers.get(names)
    return Batch(tuple(sorted(names)), None if isinstance(found, Unsolved) else found, dropped, len(answers))
