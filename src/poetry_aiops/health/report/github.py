"""Annotations for GitHub's workflow log: the lines that its runner turns into marks on files.

The form is that of ``@actions/core``: ``::error file=F,line=N,title=T::message``, with ``%``, CR and LF escaped in
messages and ``:`` and ``,`` as well in properties. GitHub shows ten of a kind for each step: the verdict comes first,
then as many as are shown, the worst first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from poetry_aiops.cli.escape import for_github, github_property
from poetry_aiops.health.report import words
from poetry_aiops.health.report.words import place_of


if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

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
    yield from (*_findings(report), *_signals(report), *_licences(report), *_open(report), *_idle(report))


def _findings(report: HealthReport) -> Iterator[str]:
    failing = {(one.package, one.id) for one in report.gate.violations if one.kind == "advisory"}
    for case in sorted(words.cases(report), key=lambda one: words.GRAVEST_FIRST.index(one.finding.severity)):
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


def _licences(report: HealthReport) -> Iterator[str]:
    rows = {(row.package.name, row.package.version): row for row in report.packages}
    for one in report.gate.violations:
        if one.kind == "licence":
            title = f"{one.package} {one.version} - licence"
            yield _line("error", report, rows.get((one.package, one.version)), title, one.message)


def _open(report: HealthReport) -> Iterator[str]:
    for reason, names in words.folded(words.open_audits(report)):
        row = next(row for row in report.packages if f"{row.package.name} {row.package.version}" == names[0])
        title = f"{names[0] if len(names) == 1 else f'{len(names)} packages'} - not audited"
        yield _line("warning", report, row, title, f"whether vulnerable is unknown: {reason}")


def _idle(report: HealthReport) -> Iterator[str]:
    for idle in report.idle:
        message = f"{idle.ignore.key_path} {idle.ignore.id}: {idle.why}"
        yield _line("warning", report, None, "an ignore without effect", message)


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
