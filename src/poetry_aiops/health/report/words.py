"""What every format says about a health report, in the same words and the same order."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any, Final

from packaging.version import Version

from poetry_aiops.health.advisory import Severity, Status
from poetry_aiops.health.metric import METRICS
from poetry_aiops.health.security import RISK
from poetry_aiops.health.signals import SignalKind
from poetry_aiops.project.versions import public_version
from poetry_aiops.system.addresses import redact_addresses
from poetry_aiops.system.text import counted, one_line


if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from poetry_aiops.cli.styled import Style
    from poetry_aiops.health.advisory import Finding
    from poetry_aiops.health.fixes import ProposedFix
    from poetry_aiops.health.gate import Rules
    from poetry_aiops.health.ignores import Ignore
    from poetry_aiops.health.metric import Input, Metric, MetricName
    from poetry_aiops.health.report.model import HealthReport, PackageRow


GRAVEST_FIRST: Final = tuple(sorted(Severity, key=lambda one: (-RISK[one], one is not Severity.UNKNOWN)))
"""Critical, high, unknown, medium, low: an unknown severity weighs as a medium one and is listed before it."""

GOOD_SCORE: Final = 80.0
FAIR_SCORE: Final = 50.0
_BOUNDS: Final = frozenset({GOOD_SCORE, FAIR_SCORE, 100.0})
_LEVEL_STYLES: Final[dict[Severity, Style]] = {
    Severity.CRITICAL: "bad",
    Severity.HIGH: "bad",
    Severity.UNKNOWN: "warn",
    Severity.MEDIUM: "warn",
    Severity.LOW: "dim",
}
_LONG_CHAIN: Final = 40
_NOT_ASKED: Final = "not requested"


PYPROJECT: Final = "pyproject.toml"
LOCK: Final = "poetry.lock"
_UNSAFE: Final = re.compile(rb"[^A-Za-z0-9._~/-]")


@dataclass(frozen=True, slots=True)
class FindingRows:
    """One finding and the rows of the builds that it concerns; ``ignore`` is the entry that takes it out of the count."""

    finding: Finding
    rows: tuple[PackageRow, ...]
    ignore: Ignore | None = None

    @property
    def row(self) -> PackageRow:
        """The first of the builds: the one that a reader is sent to."""
        return self.rows[0]


@dataclass(frozen=True, slots=True)
class GateVerdict:
    """The judgement in a few words, and how good it is."""

    text: str
    style: Style


def cases(report: HealthReport) -> tuple[FindingRows, ...]:
    """Return the findings that count, the most severe packages first, each package's findings together."""
    ignored = {one.finding.identity for one in report.ignored}
    found = [one for one in report.audit.findings if one.identity not in ignored] if report.audit else []
    groups = _by_package(_cases(report, [(finding, None) for finding in found]))
    ordered = [sorted(group, key=_gravity) for group in groups.values()]
    ordered.sort(key=lambda group: (_gravity(group[0])[0], -len(group), group[0].row.package.name))
    return tuple(case for group in ordered for case in group)


def by_package(report: HealthReport) -> tuple[tuple[FindingRows, ...], ...]:
    """Return the findings that count, grouped by package, the packages and findings with the highest severity first.

    Against a base they are those that the change brings.
    """
    change = report.change
    new = None if change is None else {finding.identity for finding in change.new}
    groups = _by_package(case for case in cases(report) if new is None or case.finding.identity in new)
    return tuple(map(tuple, groups.values()))


def _by_package(found: Iterable[FindingRows]) -> dict[str, list[FindingRows]]:
    groups: dict[str, list[FindingRows]] = {}
    for case in found:
        groups.setdefault(case.finding.package, []).append(case)
    return groups


def fixed_for_all(findings: Sequence[Finding]) -> str:
    """Return the first version that is fixed for every finding of a package, the empty text where there is none."""
    if not all(finding.fixed_in for finding in findings):
        return ""
    return str(max(Version(finding.fixed_in[0]) for finding in findings))


def folded(rows: Sequence[PackageRow]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return each reason for which packages were not audited, with the packages; the most frequent first."""
    found: dict[str, dict[str, None]] = {}
    for row in rows:
        name = f"{row.package.name} {row.package.version}"
        found.setdefault(row.audit.reason if row.audit else "", {})[name] = None
    return tuple(sorted(((why, tuple(names)) for why, names in found.items()), key=lambda one: -len(one[1])))


def ignored_cases(report: HealthReport) -> tuple[FindingRows, ...]:
    """Return the findings that an ignore takes out of the count, in the order of the report."""
    return tuple(_cases(report, [(one.finding, one.ignore) for one in report.ignored]))


def _cases(report: HealthReport, found: Iterable[tuple[Finding, Ignore | None]]) -> Iterator[FindingRows]:
    rows = {row.package.key: row for row in report.packages}
    for finding, ignore in found:
        concerned = tuple(rows[key] for key in finding.builds if key in rows)
        if concerned:
            yield FindingRows(finding, concerned, ignore)


def style_of_severity(severity: Severity) -> Style:
    """Return how a severity looks."""
    return _LEVEL_STYLES[severity]


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


def verdict(report: HealthReport) -> GateVerdict:
    """Return what the gate says: failed, inconclusive, or passed."""
    gate = report.gate
    if gate.violations:
        more = f"; {counted(len(gate.incomplete), 'question')} open" if gate.incomplete else ""
        return GateVerdict(f"failed: {counted(len(gate.violations), 'violation')}{more}", "bad")
    if gate.incomplete:
        return GateVerdict("inconclusive: what is missing could change the answer", "warn")
    return GateVerdict("passed", "good")


def rules_in_words(rules: Rules) -> str:
    """Return what fails the gate: ``findings from high on, signals yanked, a score below 80``."""
    level = (
        "any finding"
        if rules.fail_on == "any"
        else f"findings from {rules.fail_on} on or of unknown severity"
    )
    parts = [level]
    if rules.fixable_only:
        parts[0] += " with a fixed version"
    if rules.signals_required:
        parts.append(f"signals {', '.join(sorted(map(str, rules.fail_on_signals)))}")
    if rules.min_score is not None:
        parts.append(f"a score below {rules.min_score:g}")
    return ", ".join(parts)


def change_in_words(report: HealthReport) -> str:
    """Return what the change brings to its base: ``1 new, 0 fixed, 3 still there since main (6dbf5a5)``."""
    change = report.change
    if change is None:
        return ""
    counts = f"{len(change.new)} new, {len(change.fixed)} fixed, {len(change.still)} still there"
    return f"{counts} since {change.revision} ({change.commit[:7]}); only what is new counts"


def score_in_words(report: HealthReport) -> GateVerdict:
    """Return the overall score and what it rests on; insufficient on too few facts, never good beside a failed gate."""
    score = report.score
    if score.value is None:
        return GateVerdict("unknown", "warn")
    text = f"{number(score.value)} of 100"
    if not score.is_sufficient:
        return GateVerdict(f"not enough data ({percent(score.coverage)} of the checks ran)", "warn")
    asked = [metric.name for metric in report.metrics]
    alone = f"; {' and '.join(asked)} alone" if len(asked) <= 2 else ""  # noqa: PLR2004 - of five
    style = style_of_score(score.value, 100.0)
    return GateVerdict(
        f"{text}, from {percent(score.coverage)} of the checks{alone}",
        "warn" if style == "good" and not report.gate.passed else style,
    )


def audited_in_words(report: HealthReport) -> GateVerdict:
    """Return how many packages were audited, and how many are unknown."""
    audit = report.audit
    if audit is None:
        return GateVerdict("vulnerabilities were not checked", "warn")
    states = [package.status for package in audit.packages]
    applicable = len(states) - states.count(Status.NOT_APPLICABLE)
    parts = [f"{states.count(Status.AUDITED)} of {counted(applicable, 'package')} audited"]
    if audit.failed:
        parts.append(f"{len(audit.failed)} failed")
    if applicable < len(states):
        parts.append(f"{len(states) - applicable} not applicable")
    good = audit.complete and applicable > 0
    return GateVerdict(", ".join(parts), "good" if good else "warn")


def found_in_words(report: HealthReport) -> GateVerdict:
    """Return ``3 vulnerabilities: 1 critical, 2 high``; none is only good where everything was audited."""
    levels = [case.finding.severity for case in cases(report)]
    if levels:
        counts = [f"{levels.count(level)} {_level(level)}" for level in GRAVEST_FIRST if level in levels]
        many = counted(len(levels), "vulnerability", "vulnerabilities")
        worst = next(level for level in GRAVEST_FIRST if level in levels)
        return GateVerdict(f"{many}: {', '.join(counts)}", style_of_severity(worst))
    if report.audit is None or report.audit.blind:
        is_failed = report.audit is not None and bool(report.audit.failed)
        return GateVerdict(
            "unknown: nothing could be audited" if is_failed else "nothing was audited", "warn"
        )
    if not report.audit.complete:
        return GateVerdict("unknown: none was seen, but not everything could be audited", "warn")
    return GateVerdict("no known vulnerability", audited_in_words(report).style)


def clean_in_words(report: HealthReport) -> str:
    """Return what an empty list of findings means: none known, or that it is unknown."""
    if report.audit is None:
        return "Not checked: the security metric was not requested."
    if not report.audit.packages:
        return "None: the lock holds no packages."
    if not report.audit.complete:
        audited = sum(package.status is Status.AUDITED for package in report.audit.packages)
        failed = len(report.audit.failed)
        return f"None found: {counted(audited, 'package')} audited; {failed} could not be checked."
    return "None known."


def metrics_in_order(report: HealthReport) -> tuple[tuple[MetricName, Metric | None], ...]:
    """Return every metric by name, None for those that were not requested."""
    given = {metric.name: metric for metric in report.metrics}
    return tuple((name, given.get(name)) for name in METRICS)


def metric_note(metric: Metric | None) -> str:
    """Return what stands beside a metric: why it is missing, then the figures that it rests on."""
    if metric is None:
        return _NOT_ASKED
    return "; ".join(filter(None, [metric.reason, inputs_in_words(metric.inputs)]))


def inputs_in_words(inputs: Mapping[str, Input]) -> str:
    """Return the figures of a metric: ``libyears 3.2, outdated 4``."""
    reported = [
        f"{name.replace('_', ' ')} {value}"
        for name, value in inputs.items()
        if value is not None and value != ""
    ]
    return ", ".join(reported)


def via_in_words(row: PackageRow) -> str:
    """Return who pulls a package in: ``direct``, or the chain from a direct dependency."""
    if row.direct:
        return "direct"
    return " > ".join(row.via) if row.via else "nothing in pyproject.toml leads to it"


def via_in_short(row: PackageRow) -> str:
    """Return who pulls a package in, of a long chain its ends only."""
    whole = via_in_words(row)
    return whole if len(whole) <= _LONG_CHAIN else " > ... > ".join((row.via[0], *row.via[1:][-1:]))


def groups_in_words(*rows: PackageRow) -> str:
    """Return the groups that bring a package, or several builds of it."""
    groups = dict.fromkeys(group for row in rows for group in row.package.groups or ())
    return ", ".join(groups) or rows[0].package.category or ""


def other_names(finding: Finding) -> str:
    """Return the aliases and the score: ``CVE-2024-1, CVSS 9.8``."""
    rated = [f"CVSS {finding.cvss:g}"] if finding.cvss is not None else []
    exploited = [f"known to be exploited since {finding.exploited} (CISA KEV)"] if finding.exploited else []
    likely = [f"EPSS {percent(100 * finding.epss)}"] if finding.epss is not None else []
    return ", ".join([*finding.aliases, *rated, *exploited, *likely])


def outdated(report: HealthReport) -> tuple[PackageRow, ...]:
    """Return the rows with a newer eligible version: direct dependencies first, then the farthest behind.

    Builds of one version that the same constraints hold back are one row, that of the first.
    """
    behind: dict[object, PackageRow] = {}
    for row in report.packages:
        if row.currency and row.currency.behind:
            version = public_version(row.package.version)
            behind.setdefault((row.package.name, version, row.currency.held_back_by), row)
    return tuple(sorted(behind.values(), key=lambda row: (not row.direct, -_libyears(row), row.package.name)))


def signalled(report: HealthReport) -> tuple[tuple[PackageRow, int], ...]:
    """Return ``(row, index of a signal)`` for every signal, the most severe kinds first."""
    found = [(row, index) for row in report.packages for index in range(len(row.signals))]
    order = {kind: place for place, kind in enumerate(SignalKind)}
    return tuple(sorted(found, key=lambda one: (order[one[0].signals[one[1]].kind], one[0].package.name)))


def open_audits(report: HealthReport) -> tuple[PackageRow, ...]:
    """Return the rows of which it is unknown whether they are vulnerable."""
    return tuple(row for row in report.packages if row.audit and row.audit.status is Status.FAILED)


def not_applicable(report: HealthReport) -> tuple[tuple[str, int], ...]:
    """Return why advisories cannot name packages, with how many, the most frequent first."""
    counts: dict[str, int] = {}
    for row in report.packages:
        if row.audit and row.audit.status is Status.NOT_APPLICABLE:
            counts[row.audit.reason] = counts.get(row.audit.reason, 0) + 1
    return tuple(sorted(counts.items(), key=lambda one: (-one[1], one[0])))


def poorly_kept(report: HealthReport) -> tuple[PackageRow, ...]:
    """Return the rows whose maintenance scores below 50, the worst first."""
    poor = [row for row in report.packages if row.maintenance and (_kept(row) or 0.0) < FAIR_SCORE]
    known = [row for row in poor if _kept(row) is not None]
    return tuple(sorted(known, key=lambda row: (_kept(row) or 0.0, row.package.name)))


def fixes_in_order(report: HealthReport) -> tuple[ProposedFix, ...]:
    """Return the proposed fixes: those of the lock alone, those that need an edit, those that are blocked."""
    order = ("pin", "edit", "blocked")
    return tuple(sorted(report.fixes, key=lambda fix: (order.index(fix.how), fix.package)))


def fix_in_words(fix: ProposedFix) -> GateVerdict:
    """Return what a proposed fix does, or why there is none."""
    if fix.how == "pin":
        return GateVerdict("only poetry.lock changes", "good")
    if fix.how == "edit":
        return GateVerdict(fix.edit or "pyproject.toml has to change", "warn")
    by = "; ".join(fix.reasons) or "no fixed version is known"
    return GateVerdict(f"blocked: {by}", "bad")


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


def stamp(time: datetime) -> str:
    """Return a time in RFC 3339, in UTC, to the second."""
    return time.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def years(value: float | None) -> str:
    """Return a span in years, ``?`` where it is unknown."""
    return "?" if value is None else f"{value:.1f} y"


def _level(level: Severity) -> str:
    return "of unknown severity" if level is Severity.UNKNOWN else str(level)


def _gravity(case: FindingRows) -> tuple[int, float, str]:
    finding = case.finding
    place = -1 if finding.exploited else GRAVEST_FIRST.index(finding.severity)
    return (place, -(finding.cvss or 0.0), finding.id)


def _libyears(row: PackageRow) -> float:
    return (row.currency.libyears or 0.0) if row.currency else 0.0


def _kept(row: PackageRow) -> float | None:
    return row.maintenance.score if row.maintenance else None


def place_of(report: HealthReport, row: PackageRow | None) -> tuple[str, int | None]:
    """Return the file and line that a person can change: pyproject.toml's, else the entry in poetry.lock."""
    place = report.locations.get(row.package.key) if row else None
    if place is None or place.pyproject is not None or place.lock is None:
        return in_repository(report, PYPROJECT), place.pyproject if place else None
    return in_repository(report, LOCK), place.lock


def in_repository(report: HealthReport, name: str) -> str:
    """Return a file of the project relative to the repository, with ``/`` and without steps upwards."""
    folder = redact_addresses(one_line(report.folder)).replace("\\", "/")
    parts = [part for part in folder.split("/") if part not in {"", ".", ".."}]
    return "/".join([*parts, name])


def as_uri(path: str) -> str:
    """Return a relative path as a URI reference (RFC 3986), everything else than plain letters percent-encoded."""
    return _UNSAFE.sub(lambda match: b"%%%02X" % match[0][0], path.encode("utf-8", "replace")).decode("ascii")
