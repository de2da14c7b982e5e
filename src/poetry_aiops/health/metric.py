"""The values that metrics give: a score or the reason for its absence, and how much of the lock it rests on."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal, Protocol, get_args


if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


MetricName = Literal["security", "currency", "maintenance", "popularity", "depth"]
METRICS: Final[tuple[MetricName, ...]] = get_args(MetricName)
Input = str | int | float | bool | None

DIRECT_WEIGHT: Final = 3
TRANSITIVE_WEIGHT: Final = 1


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric of the whole lock.

    ``score`` is 0 (worst) to 100, None when nothing is known. ``coverage`` is the percentage of the packages that it
    could be told for, of those that it applies to. ``reason`` says what is missing and why. ``inputs`` are the
    figures that the score rests on, ready for a report.
    """

    name: MetricName
    score: float | None
    coverage: float
    reason: str = ""
    inputs: Mapping[str, Input] = field(default_factory=lambda: MappingProxyType({}))


class Rated(Protocol):
    """What one package contributes to a metric."""

    @property
    def score(self) -> float | None: ...
    @property
    def reason(self) -> str: ...
    @property
    def applicable(self) -> bool: ...
    @property
    def direct(self) -> bool: ...


def weighted(name: MetricName, rated: Sequence[Rated], inputs: Mapping[str, Input]) -> Metric:
    """Return the mean of the packages' scores, in which a direct dependency counts three times.

    Packages without a score are left out and lower the coverage; packages that the metric does not apply to do
    neither. With no package to rate the score is None and the coverage 100.
    """
    applicable = [one for one in rated if one.applicable]
    scored = [(weight_of(one), one.score) for one in applicable if one.score is not None]
    total = sum(weight for weight, _ in scored)
    score = sum(weight * value for weight, value in scored) / total if total else None
    coverage = percentage(len(scored), len(applicable))
    return Metric(name, score, coverage, _why_missing(applicable), MappingProxyType(dict(inputs)))


def weight_of(one: Rated) -> int:
    return DIRECT_WEIGHT if one.direct else TRANSITIVE_WEIGHT


def percentage(part: float, whole: float) -> float:
    """Return ``part`` of ``whole`` in percent; 100 when there is nothing to cover."""
    return 100.0 * part / whole if whole else 100.0


def _why_missing(applicable: Sequence[Rated]) -> str:
    """Return the most frequent reasons for missing scores, with their counts."""
    if not applicable:
        return "no locked package comes from an index"
    counts: dict[str, int] = {}
    for one in applicable:
        if one.score is None:
            counts[one.reason] = counts.get(one.reason, 0) + 1
    ordered = sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))
    told = [f"{count} of {len(applicable)} packages: {reason}" for reason, count in ordered[:3]]
    rest = sum(count for _, count in ordered[3:])
    return "; ".join([*told, *([f"{rest} more for other reasons"] if rest else [])])
