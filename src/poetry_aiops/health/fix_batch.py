"""All fixes in one solve, and the largest part of them where all together have no solution."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar


if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Unsolved:
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
    """Return the largest set of fixes that has a solution, preferring grave ones; ``ranks`` gives their gravity.

    ``attempt`` is one run of the solver, at most ``solves`` times. No fix that was dropped could be added again,
    unless the runs were used up.
    """
    search = _Search(dict(ranks), attempt, solves)
    wanted, dropped = search.shrink(frozenset(ranks))
    for name in sorted(dropped, key=lambda one: (-ranks[one], one)):
        if wanted and not search.tired and len(dropped) > 1 and search.works(wanted | {name}):
            wanted |= {name}
            del dropped[name]
    return Batch(tuple(sorted(wanted)), search.solved.get(wanted), dropped, solves - search.left)


class _Search(Generic[T]):
    def __init__(
        self, ranks: Mapping[str, int], attempt: Callable[[frozenset[str]], T | Unsolved], left: int
    ) -> None:
        self._ranks = ranks
        self._attempt = attempt
        self.left = left
        self.solved: dict[frozenset[str], T] = {}
        self._failed: dict[frozenset[str], Unsolved] = {}

    @property
    def tired(self) -> bool:
        """Whether trying more would take too long."""
        return not self.left or any(failure.all_at_once for failure in self._failed.values())

    def works(self, names: frozenset[str]) -> bool:
        """Say whether fixes go together; False as well when no run is left."""
        if names in self.solved:
            return True
        if names in self._failed or not self.left:
            return False
        self.left -= 1
        answer = self._attempt(names)
        if isinstance(answer, Unsolved):
            self._failed[names] = answer
            return False
        self.solved[names] = answer
        return True

    def shrink(self, names: frozenset[str]) -> tuple[frozenset[str], dict[str, str]]:
        """Drop fixes until the rest has a solution: one that is enough by itself, else the least grave culprit."""
        dropped: dict[str, str] = {}
        while names and not self.works(names):
            failure = self._failed.get(names)
            why = failure.why if failure else "the time for this search is used up"
            named = (failure.culprits if failure else frozenset()) & names or names
            if failure and failure.all_at_once:
                dropped |= dict.fromkeys(named, why)
                names -= named
                continue
            order = sorted(named, key=lambda one: (self._ranks[one], one))
            enough = next((one for one in order if len(order) > 1 and self.works(names - {one})), order[0])
            dropped[enough] = why
            names -= {enough}
        return names, dropped
