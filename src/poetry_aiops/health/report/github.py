"""Annotations for GitHub's workflow log: the lines that its runner turns into marks on files.

The form is that of ``@actions/core``: ``::error file=F,line=N,title=T::message``, with ``%``, CR and LF escaped in
messages and ``:`` and ``,`` as well in properties. GitHub shows ten of a kind for each step, so the gravest come
first and the last line sums up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from poetry_aiops.cli.escape import for_github, github_property
from poetry_aiops.health.report import words
from poetry_aiops.health.report.places import place_of


if TYPE_CHECKING:
    from collections.abc import Iterator

    from poetry_aiops.health.report.model import HealthReport, PackageRow


Kind = Literal["error", "warning", "notice"]
_SHOWN: Final = 10  # packages that could not be audited; often all for one reason


def health_annotations(report: HealthReport) -> str:
    """Return the annotations, one on each line."""
    return "\n".join(
        [*_findings(report), *_signals(report), *_open(report), *_idle(report), _summary(report)]
    )


def _findings(report: HealthReport) -> Iterator[str]:
    failing = {(one.package, one.id) for one in report.gate.violations if one.kind == "advisory"}
    for case in words.cases(report):
        finding = case.finding
        kind: Kind = "error" if finding.identity in failing else "warning"
        severity = (
            f"{finding.severity} severity"
            if finding.fixed_in
            else f"{finding.severity} severity, no fix known"
        )
        fixed = f"; fixed in {finding.fixed_in[0]}" if finding.fixed_in else ""
        message = (
            f"{finding.package} {finding.version}: {finding.summary or finding.id} ({severity}{fixed};"
            f" pulled in: {words.via_in_words(case.row)})"
        )
        yield _line(kind, report, case.row, f"{finding.package} {finding.version} - {finding.id}", message)


def _signals(report: HealthReport) -> Iterator[str]:
    for row, index in words.signalled(report):
        signal = row.signals[index]
        fails = signal.kind in report.rules.fail_on_signals
        if fails or signal.kind.is_grave:
            title = f"{row.package.name} {row.package.version} - {signal.kind}"
            yield _line("error" if fails else "warning", report, row, title, signal.message)


def _open(report: HealthReport) -> Iterator[str]:
    failed = words.open_audits(report)
    for row in failed[:_SHOWN]:
        reason = row.audit.reason if row.audit else ""
        title = f"{row.package.name} {row.package.version} - not audited"
        yield _line("warning", report, row, title, f"whether it is vulnerable is unknown: {reason}")
    if len(failed) > _SHOWN:
        message = f"whether {len(failed) - _SHOWN} more packages are vulnerable is unknown"
        yield _line("warning", report, None, "not audited", message)


def _idle(report: HealthReport) -> Iterator[str]:
    for idle in report.idle:
        message = f"{idle.ignore.key_path} {idle.ignore.id}: {idle.why}"
        yield _line("warning", report, None, "an ignore that does nothing", message)


def _summary(report: HealthReport) -> str:
    gate = report.gate
    kind: Kind = "notice" if gate.passed else "error"
    parts = [
        f"Gate {words.verdict(report).text}",
        words.found_in_words(report).text,
        words.audited_in_words(report).text,
        f"score {words.score_in_words(report).text}",
        *(f"open: {question}" for question in gate.incomplete[:5]),
    ]
    return f"::{kind} title={github_property(f'poetry health of {report.project}')}::{for_github('. '.join(parts), 2000)}"


def _line(kind: Kind, report: HealthReport, row: PackageRow | None, title: str, message: str) -> str:
    file, line = place_of(report, row)
    at = f"file={github_property(file)},line={line}" if line else f"file={github_property(file)}"
    return f"::{kind} {at},title={github_property(title, 200)}::{for_github(message)}"
