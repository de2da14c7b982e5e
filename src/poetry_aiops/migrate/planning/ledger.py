"""The account of every input line: what became of it, and where."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal


if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from poetry_aiops.migrate.model import LineKind, Problem, Tree


Outcome = Literal["migrated", "configured", "seed", "noted", "refused"]
_DEFAULT: Mapping[str, tuple[Outcome, str]] = {
    "blank": ("noted", "nothing to migrate"),
    "comment": ("noted", "a comment of the file; the file itself stays"),
    "option": ("noted", "Poetry has no equivalent"),
    "include": ("migrated", "the included file is migrated itself"),
    "constraint": ("migrated", "the constraints are migrated themselves"),
}


@dataclass(frozen=True, slots=True)
class LineOutcome:
    """What became of one logical line; ``raw`` may hold credentials and is redacted where it is shown."""

    file: str
    line: int
    raw: str
    kind: LineKind
    outcome: Outcome
    to: str
    message: str


_Said = tuple[Outcome, list[str], list[str]]


class Ledger:
    """Collects outcomes while a plan is made; what has no outcome gets that of its kind."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._said: dict[tuple[str, int], _Said] = {}

    def say(self, file: str, line: int, outcome: Outcome, to: str = "", message: str = "") -> None:
        """Remember an outcome; a line that is said twice keeps the first outcome and gathers places."""
        _, places, messages = self._said.setdefault((file, line), (outcome, [], []))
        if to and to not in places:
            places.append(to)
        if message and message not in messages:
            messages.append(message)

    def say_if_silent(self, file: str, line: int, outcome: Outcome, message: str) -> None:
        """Remember an outcome for a line of which nothing was said yet."""
        if (file, line) not in self._said:
            self.say(file, line, outcome, message=message)

    def outcomes(self, errors: Iterable[Problem]) -> tuple[LineOutcome, ...]:
        """Return one outcome for each line of each file, in the order of the files; errors refuse their lines."""
        refused = self.refused(errors)
        found = []
        for file in self._tree.files.values():
            for line in file.lines:
                key = (file.path, line.number)
                kind, default = _DEFAULT.get(line.kind, ("noted", ""))
                outcome, places, messages = self._said.get(key) or (kind, [], [default])
                if key in refused:
                    outcome, places, messages = "refused", [], [refused[key]]
                to, message = ", ".join(places), "; ".join(messages)
                found.append(LineOutcome(file.path, line.number, line.raw, line.kind, outcome, to, message))
        return tuple(found)

    def refused(self, errors: Iterable[Problem]) -> dict[tuple[str, int], str]:
        """Return the lines that errors are about, with the first word about each."""
        found: dict[tuple[str, int], str] = {}
        for problem in errors:
            place = problem.place
            file = self._tree.files.get(place.file)
            lines = file.lines if file else ()
            if place.line:
                last = problem.last or place.line
                first = bisect_left(lines, place.line, key=lambda line: line.last)
                lines = lines[first : bisect_right(lines, last, key=lambda line: line.number)]
            for line in lines:
                found.setdefault((place.file, line.number), problem.what)
        return found


def tally(outcomes: Iterable[LineOutcome]) -> dict[Outcome, int]:
    """Count the lines of each outcome; the sum is the number of all lines."""
    counted = Counter(outcome.outcome for outcome in outcomes)
    order: tuple[Outcome, ...] = ("migrated", "configured", "seed", "noted", "refused")
    return {outcome: counted[outcome] for outcome in order}
