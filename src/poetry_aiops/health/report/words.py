"""What every format says about a health report, in the same words and the same order."""

from __future__ import annotations

import json
from datetime import UTC
from typing import TYPE_CHECKING, Any, Final

from poetry_aiops.health.advisory import Severity, Status
from poetry_aiops.health.metric import METRICS
from poetry_aiops.health.report.cases import WORST_FIRST, cases
from poetry_aiops.system.record import Record
from poetry_aiops.system.text import counted


if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from poetry_aiops.cli.styled import Style
    from poetry_aiops.health.ignores import Ignore
    from poetry_aiops.health.metric import Metric, MetricName
    from poetry_aiops.health.report.model import HealthReport, PackageRow


GOOD_SCORE: Final = 80.0
FAIR_SCORE: Final = 50.0
_BOUNDS: Final = frozenset({GOOD_SCORE, FAIR_SCORE, 100.0})
STYLES: Final[dict[Severity, Style]] = {
    Severity.CRITICAL: "bad",
    Severity.HIGH: "bad",
    Severity.UNKNOWN: "warn",
    Severity.MEDIUM: "warn",
    Severity.LOW: "dim",
}
"""How each severity looks."""


class Note(Record):
    """A sentence and how good it is, with the lines of a change below it."""

    text: str
    style: Style = ""
    diff: tuple[str, ...] = ()


def style_of_score(score: float | None, coverage: float) -> Style:
    """Return how a score looks: one that is unknown or rests on too little never looks good."""
    if score is None:
        return "warn"
    if score < FAIR_SCORE:
        return "bad"
    return "good" if score >= GOOD_SCORE and coverage >= GOOD_SCORE else "warn"


def style_of_metric(report: HealthReport, metric: Metric) -> Style:
    """Return how a metric's score looks: that of security is never good beside findings that fail the gate."""
    style = style_of_score(metric.score, metric.coverage)
    is_failed = metric.name == "security" and any(one.kind == "advisory" for one in report.gate.violations)
    return "warn" if style == "good" and is_failed else style


def verdict(report: HealthReport) -> Note:
    """Return what the gate says: failed, inconclusive, or passed."""
    gate = report.gate
    if gate.violations:
        more = f"; {counted(len(gate.incomplete), 'question')} open" if gate.incomplete else ""
        return Note(f"failed: {counted(len(gate.violations), 'violation')}{more}", "bad")
    if gate.incomplete:
        return Note("inconclusive: what is missing could change the answer", "warn")
    return Note("passed", "good")


def score_in_words(report: HealthReport) -> Note:
    """Return the overall score and what it rests on; insufficient on too few facts, never good beside a failed gate."""
    score = report.score
    if score.value is None:
        return Note("unknown", "warn")
    text = f"{number(score.value)} of 100"
    if not score.is_sufficient:
        return Note(f"not enough data ({percent(score.coverage)} of the checks ran)", "warn")
    asked = [metric.name for metric in report.metrics]
    alone = f"; {' and '.join(asked)} alone" if len(asked) <= 2 else ""  # noqa: PLR2004 - of five
    style = style_of_score(score.value, 100.0)
    return Note(
        f"{text}, from {percent(score.coverage)} of the checks{alone}",
        "warn" if style == "good" and not report.gate.passed else style,
    )


def audited_in_words(report: HealthReport) -> Note:
    """Return how many packages were audited, and how many are unknown."""
    audit = report.audit
    if audit is None:
        return Note("vulnerabilities were not checked", "warn")
    states = [package.status for package in audit.packages]
    applicable = len(states) - states.count(Status.NOT_APPLICABLE)
    parts = [f"{states.count(Status.AUDITED)} of {counted(applicable, 'package')} audited"]
    if audit.failed:
        parts.append(f"{len(audit.failed)} failed")
    if applicable < len(states):
        parts.append(f"{len(states) - applicable} not applicable")
    good = audit.complete and applicable > 0
    return Note(", ".join(parts), "good" if good else "warn")


def found_in_words(report: HealthReport) -> Note:
    """Return ``3 vulnerabilities: 1 critical, 2 high``; none is only good where everything was audited."""
    found = [case.finding.severity for case in cases(report)]
    levels = [level for level in WORST_FIRST if level in found]
    if levels:
        counts = [
            f"{found.count(level)} {'of unknown severity' if level is Severity.UNKNOWN else level}"
            for level in levels
        ]
        many = counted(len(found), "vulnerability", "vulnerabilities")
        return Note(f"{many}: {', '.join(counts)}", STYLES[levels[0]])
    if report.audit is None or report.audit.blind:
        is_failed = report.audit is not None and bool(report.audit.failed)
        return Note("unknown: nothing could be audited" if is_failed else "nothing was audited", "warn")
    if not report.audit.complete:
        return Note("unknown: none was seen, but not everything could be audited", "warn")
    return Note("no known vulnerability", audited_in_words(report).style)


def state(report: HealthReport) -> tuple[str, str, str]:
    """Return findings, coverage and score as one line each, for a reader who sees nothing else."""
    score = f"score {score_in_words(report).text}"
    return found_in_words(report).text, audited_in_words(report).text, score


def packages_in_words(names: Sequence[str]) -> str:
    """Return the only name, or how many there are."""
    return names[0] if len(names) == 1 else f"{len(names)} packages"


def metrics_in_order(report: HealthReport) -> tuple[tuple[MetricName, Metric | None], ...]:
    """Return every metric by name, None for those that were not requested."""
    given = {metric.name: metric for metric in report.metrics}
    return tuple((name, given.get(name)) for name in METRICS)


def metric_note(metric: Metric | None) -> str:
    """Return what stands beside a metric: why it is missing, then the figures that it rests on."""
    if metric is None:
        return "not requested"
    figures = [
        f"{name.replace('_', ' ')} {value}"
        for name, value in metric.inputs.items()
        if value not in {None, ""}
    ]
    return "; ".join(filter(None, [metric.reason, ", ".join(figures)]))


def via_in_words(row: PackageRow) -> str:
    """Return who pulls a package in: ``direct``, or the chain from a direct dependency."""
    if row.direct:
        return "direct"
    return " > ".join(row.via) if row.via else "nothing in pyproject.toml leads to it"


def groups_in_words(*rows: PackageRow) -> str:
    """Return the groups that bring a package, or several builds of it."""
    groups = dict.fromkeys(group for row in rows for group in row.package.groups or ())
    return ", ".join(groups) or rows[0].package.category or ""


def terms_in_words(ignore: Ignore) -> str:
    """Return until when an ignore holds and who answers for it."""
    parts = [
        f"until {ignore.expires.isoformat()}" if ignore.expires else "",
        "until a fix is released" if ignore.until_fixed else "",
        f"owner {ignore.owner}" if ignore.owner else "",
    ]
    return ", ".join(filter(None, parts)) or "without an end"


def json_text(document: Mapping[str, Any]) -> str:
    """Return a document as JSON in ASCII; build services find none of their own commands in it."""
    return json.dumps(document, indent=2, allow_nan=False).replace("##[", "#\\u0023[")


def number(value: float) -> str:
    """Return a score or percentage without a decimal; it never rounds up to a bound that it misses."""
    rounded = round(value)
    return str(rounded - 1 if rounded > value and rounded in _BOUNDS else rounded)


def percent(value: float) -> str:
    """Return a percentage; only a full one is 100."""
    return f"{number(value)} %"


def moment(time: datetime) -> str:
    """Return a time for a person: ``2026-07-01 12:00 UTC``."""
    return time.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
