"""Version constraints as intervals, to intersect them and to compare their upper bounds.

Pre-releases at the edges are read as PEP 440 orders them; whether one certain version is allowed is a question for
``project.constraints.allows``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from packaging.version import Version

from poetry_aiops.errors import InputError
from poetry_aiops.project.constraints import alternatives


if TYPE_CHECKING:
    from collections.abc import Iterable

    from poetry_aiops.project.constraints import Clause


@dataclass(frozen=True, slots=True)
class Interval:
    """The versions between two bounds; None is no bound, ``with_*`` whether the bound itself belongs to it."""

    lower: Version | None = None
    upper: Version | None = None
    with_lower: bool = True
    with_upper: bool = False

    def __str__(self) -> str:
        if self.lower is not None and self.lower == self.upper:
            return f"=={self.lower}"
        below = f"{'>=' if self.with_lower else '>'}{self.lower}" if self.lower is not None else ""
        return ",".join(filter(None, [below, self.upper_text])) or "*"

    @property
    def upper_text(self) -> str:
        """The upper bound as text, empty without one."""
        return "" if self.upper is None else f"{'<=' if self.with_upper else '<'}{self.upper}"

    @property
    def is_empty(self) -> bool:
        if self.lower is None or self.upper is None or self.lower < self.upper:
            return False
        return self.lower > self.upper or not (self.with_lower and self.with_upper)


Bound = tuple[Version | None, bool]
Ranges = tuple[Interval, ...]

ANY: Final[Ranges] = (Interval(),)


def ranges(constraint: str) -> Ranges:
    """Return the intervals that a constraint allows, ascending; all versions for a text that is no constraint."""
    try:
        found = alternatives(constraint)
    except InputError:
        return ANY
    return _joined(interval for clauses in found for interval in _all_of(clauses))


def intersection(first: Ranges, second: Ranges) -> Ranges:
    """Return the versions that are in both."""
    return _joined(_both(one, other) for one in first for other in second)


def text_of(found: Ranges) -> str:
    """Return the intervals as a constraint, ``nothing`` when there are none."""
    return " || ".join(map(str, found)) or "nothing"


def top(found: Ranges) -> Interval | None:
    """Return the interval that ends highest, None when there is none or one has no end."""
    if not found or any(interval.upper is None for interval in found):
        return None
    return max(found, key=height)


def height(interval: Interval) -> tuple[Version, bool]:
    """Return what upper bounds are compared by; the interval must have one."""
    if interval.upper is None:
        raise ValueError(interval)
    return interval.upper, interval.with_upper


def _all_of(clauses: Iterable[Clause]) -> Ranges:
    found = ANY
    for clause in clauses:
        found = intersection(found, _of(clause))
    return found


def _of(clause: Clause) -> Ranges:
    wildcard = clause.version.endswith(".*")
    version = Version(clause.version.removesuffix(".*"))
    if clause.op in {">=", ">"}:
        return (Interval(lower=version, with_lower=clause.op == ">="),)
    if clause.op in {"<", "<="}:
        return (Interval(upper=version, with_upper=clause.op == "<="),)
    if clause.op == "~=":
        return (Interval(version, _after(version, len(version.release) - 1)),)
    inner = (
        Interval(version, _after(version, len(version.release)))
        if wildcard
        else Interval(version, version, with_upper=True)
    )
    if clause.op == "!=":
        return (Interval(upper=version), Interval(lower=inner.upper, with_lower=wildcard))
    return (inner,)


def _after(version: Version, parts: int) -> Version:
    """Return the first version after all that share the first ``parts`` numbers."""
    kept = version.release[:parts]
    epoch = f"{version.epoch}!" if version.epoch else ""
    return Version(epoch + ".".join(map(str, [*kept[:-1], kept[-1] + 1])))


def _both(one: Interval, other: Interval) -> Interval:
    lower, with_lower = _higher((one.lower, one.with_lower), (other.lower, other.with_lower))
    upper, with_upper = _lower((one.upper, one.with_upper), (other.upper, other.with_upper))
    return Interval(lower, upper, with_lower, with_upper)


def _higher(one: Bound, other: Bound) -> Bound:
    """Return the lower bound that is the tighter one."""
    if one[0] is None or other[0] is None:
        return other if one[0] is None else one
    if one[0] == other[0]:
        return one[0], one[1] and other[1]
    return one if one[0] > other[0] else other


def _lower(one: Bound, other: Bound) -> Bound:
    """Return the upper bound that is the tighter one."""
    if one[0] is None or other[0] is None:
        return other if one[0] is None else one
    if one[0] == other[0]:
        return one[0], one[1] and other[1]
    return one if one[0] < other[0] else other


def _joined(intervals: Iterable[Interval]) -> Ranges:
    """Return the intervals ascending and without overlap; empty ones are left out."""
    kept = [interval for interval in intervals if not interval.is_empty]
    kept.sort(key=lambda one: (one.lower is not None, one.lower or Version("0"), not one.with_lower))
    found: list[Interval] = []
    for interval in kept:
        if found and _touch(found[-1], interval):
            found[-1] = _spanning(found[-1], interval)
        else:
            found.append(interval)
    return tuple(found)


def _touch(below: Interval, above: Interval) -> bool:
    if below.upper is None or above.lower is None:
        return True
    if below.upper == above.lower:
        return below.with_upper or above.with_lower
    return above.lower < below.upper


def _spanning(below: Interval, above: Interval) -> Interval:
    if below.upper is None or above.upper is None:
        return Interval(below.lower, None, below.with_lower)
    upper, with_upper = max(height(below), height(above))
    return Interval(below.lower, upper, below.with_lower, with_upper)
