"""Annotations for GitHub's workflow log: the lines that its runner turns into marks on files.

The form is that of ``@actions/core``: ``::error file=F,line=N,title=T::message``, with ``%``, CR and LF escaped in
messages and ``:`` and ``,`` as well in properties. GitHub shows ten of a kind for each step: the verdict comes first,
then as many as are shown, the most severe first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from poetry_aiops.cli.escape import for_github, github_property
from poetry_aiops.health.report import words
from poetry_aiops.health.report.alerts import alerts
from poetry_aiops.health.report.cases import WORST_FIRST, folded, open_audits, place_of


if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from poetry_aiops.health.report.alerts import Alert
    from poetry_aiops.health.report.model import HealthReport, PackageRow


Kind = Literal["error", "warning", "notice"]
MOST: Final = 10
"""Annotations of a kind that GitHub shows for a step."""


def health_annotations(*reports: HealthReport) -> str:
    """Return the annotations, one on each line: the verdict of each report, or one of more than ten, then at most ten of a kind with them."""
    made = [_summary(report) for report in reports] if len(reports) <= MOST else [_summary_of_all(reports)]
    room = {
        kind: MOST - sum(line.startswith(f"::{kind} ") for line in made)
        for kind in ("error", "warning", "notice")
    }
    for line in (line for report in reports for line in _below(report)):
        kind = line[2:].partition(" ")[0]
        room[kind] -= 1
        if room[kind] >= 0:
            made.append(line)
    return "\n".join(made)


def _below(report: HealthReport) -> Iterator[str]:
    for alert in sorted(alerts(report), key=_severity):
        if alert.case is None or alert.case.ignore is None:
            title = " - ".join(filter(None, (alert.subject, alert.id)))
            message = (
                f"{alert.subject}: {alert.message}"
                if alert.kind in {"advisory", "licence"}
                else alert.message
            )
            row = alert.rows[0] if alert.rows else None
            yield _line("error" if alert.fails else "warning", report, row, title, message)
    for reason, names in folded(open_audits(report)):
        row = next(row for row in report.packages if f"{row.package.name} {row.package.version}" == names[0])
        title = f"{words.packages_in_words(names)} - not audited"
        yield _line("warning", report, row, title, f"whether vulnerable is unknown: {reason}")
    for idle in report.idle:
        yield _line("warning", report, None, "an ignore without effect", str(idle))


def _severity(alert: Alert) -> int:
    return alert.case.severity[0] if alert.case else len(WORST_FIRST)


def _summary(report: HealthReport) -> str:
    kind: Kind = "notice" if report.gate.passed else "error"
    parts = [
        f"Gate {words.verdict(report).text}",
        *words.state(report),
        *(f"open: {question}" for question in report.gate.incomplete[:5]),
    ]
    name = f"{report.project} in {report.folder}" if report.folder else report.project
    title = github_property(f"poetry health of {name}")
    return f"::{kind} title={title}::{for_github('. '.join(parts), 2000)}"


def _summary_of_all(reports: Sequence[HealthReport]) -> str:
    """Return one verdict on more projects than GitHub shows annotations."""
    failed = [report.folder or report.project for report in reports if not report.gate.passed]
    text = f"Gate not passed in {len(failed)} of {len(reports)} projects: {', '.join(failed)}"
    if not failed:
        text = f"Gate passed in {len(reports)} projects"
    return f"::{'error' if failed else 'notice'} title=poetry health::{for_github(text, 2000)}"


def _line(kind: Kind, report: HealthReport, row: PackageRow | None, title: str, message: str) -> str:
    file, line = place_of(report, row)
    at = f"file={github_property(file)},line={line}" if line else f"file={github_property(file)}"
    return f"::{kind} {at},title={github_property(title, 200)}::{for_github(message)}"
