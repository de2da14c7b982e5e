"""The overall score: .40 security, .20 maintenance, .20 currency, .10 depth, .10 popularity, over what is known.

What is unknown is left out and the other weights are scaled up, so that the score stays between 0 and 100; the
coverage says how much was left out, and below 80 % the score is called insufficient.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from poetry_aiops.health.metric import METRICS, Metric, percentage
from poetry_aiops.health.security import security_score
from poetry_aiops.system.record import Record


if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from poetry_aiops.health.advisory import Audit, Finding
    from poetry_aiops.health.metric import Input, MetricName


WEIGHTS: Final[Mapping[MetricName, float]] = MappingProxyType(
    {"security": 0.40, "maintenance": 0.20, "currency": 0.20, "depth": 0.10, "popularity": 0.10}
)
SUFFICIENT: Final = 80.0  # percent


class Score(Record):
    """The overall score of the metrics that were requested.

    ``value`` is 0 to 100, None when no metric is known. ``coverage`` is the weighted mean of the metrics' coverage.
    ``weights`` are the parts that each known metric had in the value; they add up to 1. ``reason`` says what is
    missing.
    """

    value: float | None
    coverage: float
    weights: Mapping[MetricName, float]
    reason: str = ""

    @property
    def is_sufficient(self) -> bool:
        return self.value is not None and self.coverage >= SUFFICIENT


def score_of(metrics: Iterable[Metric]) -> Score:
    """Return the overall score of the given metrics, of which there is at most one of each name."""
    given = {metric.name: metric for metric in metrics}
    counted = [given[name] for name in METRICS if name in given and not _is_void(given[name])]
    known = [(metric, metric.score) for metric in counted if metric.score is not None]
    total = sum(WEIGHTS[metric.name] for metric, _ in known)
    value = sum(WEIGHTS[metric.name] * score for metric, score in known) / total if total else None
    covered = sum(WEIGHTS[metric.name] * metric.coverage for metric in counted)
    coverage = percentage(covered / 100.0, sum(WEIGHTS[metric.name] for metric in counted))
    weights = {metric.name: WEIGHTS[metric.name] / total for metric, _ in known} if total else {}
    return Score(value, coverage, MappingProxyType(weights), _reason(counted, coverage))


def security_metric(
    audit: Audit, findings: Sequence[Finding], selections: Iterable[frozenset[str]]
) -> Metric:
    """Return the audit as a metric; ``findings`` are those that count, ``selections`` as `security_score` takes them."""
    levels: dict[str, Input] = {"findings": len(findings), "failed": len(audit.failed)}
    for finding in findings:
        levels[str(finding.severity)] = int(levels.get(str(finding.severity)) or 0) + 1
    coverage = 100.0 if audit.coverage is None else audit.coverage
    reason = "; ".join(dict.fromkeys([*([audit.blind] if audit.blind else []), *audit.problems]))
    score = None if audit.blind else security_score(audit.packages, findings, selections)
    return Metric("security", score, coverage, audit.open_questions, reason, MappingProxyType(levels))


def _is_void(metric: Metric) -> bool:
    """Say whether a metric has nothing to look at: then it counts neither as good nor as missing."""
    return metric.score is None and metric.coverage >= 100.0  # noqa: PLR2004 - percent


def _reason(counted: list[Metric], coverage: float) -> str:
    unknown = [metric.name for metric in counted if metric.score is None]
    parts = [f"unknown: {', '.join(unknown)}"] if unknown else []
    if not counted:
        parts.append("there is nothing to rate")
    elif coverage < SUFFICIENT:
        parts.append(f"insufficient: {coverage:.0f} % of the facts are known, {SUFFICIENT:.0f} % are needed")
    return "; ".join(parts)
