"""The values that metrics give: a score or the reason for its absence, and what is open.

Every metric that was requested hands the gate known facts or open questions. A package is open until its metric says
that its source answered, so a metric that forgets to say so fails closed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal, Protocol, get_args


if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from poetry_aiops.project.model import PackageKey


MetricName = Literal["security", "currency", "maintenance", "popularity", "depth"]
METRICS: Final[tuple[MetricName, ...]] = get_args(MetricName)
Input = str | int | float | bool | None

DIRECT_WEIGHT: Final = 3
TRANSITIVE_WEIGHT: Final = 1


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """Something that no source answered: ``packages`` are those that it is about, none where it is about the whole run."""

    text: str
    packages: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric of the whole lock.

    ``score`` is 0 (worst) to 100, None when nothing is known. ``coverage`` is the percentage of the packages that it
    is known for, of those that it applies to. ``open_questions`` say what no source answered: each one keeps the
    gate from passing. ``reason`` says what is missing and why. ``inputs`` are the figures that the score rests on,
    ready for a report.
    """

    name: MetricName
    score: float | None
    coverage: float
    open_questions: tuple[OpenQuestion, ...]
    reason: str = ""
    inputs: Mapping[str, Input] = field(default_factory=lambda: MappingProxyType({}))


class Rated(Protocol):
    """What one package contributes to a metric; ``answered`` says that its source was read in this run.

    A source may answer that it does not know a figure: then the score is None, and nothing is open.
    """

    @property
    def key(self) -> PackageKey: ...
    @property
    def score(self) -> float | None: ...
    @property
    def reason(self) -> str: ...
    @property
    def applicable(self) -> bool: ...
    @property
    def answered(self) -> bool: ...
    @property
    def direct(self) -> bool: ...


def weighted(name: MetricName, rated: Sequence[Rated], inputs: Mapping[str, Input]) -> Metric:
    """Return the mean of the packages' scores, in which a direct dependency counts three times.

    Packages without a score are left out and lower the coverage; packages that the metric does not apply to do
    neither. Several locked builds of one package count once, with the worst score. With no package to rate the score is None and the coverage 100.
    """
    worst: dict[str, Rated] = {}
    for one in rated:
        if one.applicable and _badness(one) >= _badness(worst.get(one.key[0], one)):
            worst[one.key[0]] = one
    applicable = list(worst.values())
    scored = [(weight_of(one), one.score) for one in applicable if one.score is not None]
    total = sum(weight for weight, _ in scored)
    score = sum(weight * value for weight, value in scored) / total if total else None
    coverage = percentage(len(scored), len(applicable))
    unanswered = [one for one in applicable if not one.answered]
    reason = _reasons([one for one in applicable if one.score is None], len(applicable))
    if not applicable:
        reason = "no locked package comes from an index"
    question = OpenQuestion(
        f"{name}: {_reasons(unanswered, len(applicable))}", frozenset(one.key[0] for one in unanswered)
    )
    open_questions = (question,) if unanswered else ()
    return Metric(name, score, coverage, open_questions, reason, MappingProxyType(dict(inputs)))


def _badness(one: Rated) -> tuple[bool, bool, float]:
    """Return what orders the builds of a package: one that is open comes last, then one without a score."""
    return not one.answered, one.score is None, -(one.score or 0.0)


def weight_of(one: Rated) -> int:
    return DIRECT_WEIGHT if one.direct else TRANSITIVE_WEIGHT


def percentage(part: float, whole: float) -> float:
    """Return ``part`` of ``whole`` in percent; 100 when there is nothing to cover."""
    return 100.0 * part / whole if whole else 100.0


def _reasons(rated: Sequence[Rated], total: int) -> str:
    """Return the most frequent reasons of packages, with their counts."""
    counts: dict[str, int] = {}
    for one in rated:
        counts[one.reason] = counts.get(one.reason, 0) + 1
    ordered = sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))
    reported = [f"{count} of {total} packages: {reason}" for reason, count in ordered[:3]]
    rest = sum(count for _, count in ordered[3:])
    return "; ".join([*reported, *([f"{rest} more for other reasons"] if rest else [])])
