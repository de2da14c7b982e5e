"""The parts of a health report for a terminal that stand around its tables of packages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poetry_aiops.cli.escape import for_terminal
from poetry_aiops.cli.plain import counted
from poetry_aiops.cli.styled import Column, Span, labelled, paragraph, styled, table
from poetry_aiops.health.news import in_words
from poetry_aiops.health.report import words
from poetry_aiops.health.report.sources import sources_of
from poetry_aiops.health.report.trend import finding_trend, score_trend, span_in_words, sparkline, total


if TYPE_CHECKING:
    from poetry_aiops.cli.styled import Line, Style
    from poetry_aiops.health.report.model import HealthReport, ProposedFix


def news_lines(report: HealthReport, width: int) -> list[Line]:
    """Return what is new since the last run; nothing for the first run and where nothing changed."""
    news = report.news
    if news is None or news.since is None:
        return []
    told = in_words(news)
    if not told:
        return []
    lines: list[Line] = [styled(f"New since {words.moment(news.since)}", "title")]
    for text in told:
        good = text.startswith(("resolved: ", "all sources"))
        lines += paragraph(for_terminal(text), width, style="good" if good else "warn")
    return lines


def open_lines(report: HealthReport, width: int, most: int | None) -> list[Line]:
    """Return which packages nobody can tell about, with the reason; they are never counted as good."""
    failed = words.open_audits(report)
    if not failed:
        return []
    shown = failed[:most]
    rows = [
        [
            Span(for_terminal(f"{row.package.name} {row.package.version}"), "title"),
            Span(for_terminal(row.audit.reason if row.audit else ""), "warn"),
        ]
        for row in shown
    ]
    title = f"Not audited ({counted(len(failed), 'package')}): whether they are vulnerable is unknown"
    lines = [
        *paragraph(title, width, 0, "warn"),
        *table([Column("package", elastic=True), Column("why", elastic=True)], rows, width),
    ]
    rest = len(failed) - len(shown)
    return lines + (paragraph(f"... and {rest} more (-v shows all)", width, style="dim") if rest else [])


def fix_lines(report: HealthReport, width: int) -> list[Line]:
    """Return the proposed fixes with their changes, those that are possible first."""
    if not report.fixes:
        return []
    fixes = words.fixes_in_order(report)
    return [styled("Fixes", "title"), *(line for fix in fixes for line in _fix(fix, width))]


def _fix(fix: ProposedFix, width: int) -> list[Line]:
    verdict = words.fix_in_words(fix)
    versions = f"{fix.from_version} -> {fix.to_version}" if fix.to_version else fix.from_version
    lines: list[Line] = [
        (
            Span(f"  {for_terminal(fix.package)} ", "title"),
            Span(for_terminal(versions), "" if fix.to_version else "warn"),
        )
    ]
    lines += paragraph(for_terminal(verdict.text), width, 4, verdict.style)
    if fix.how != "blocked" and fix.blockers:
        lines += paragraph(for_terminal(f"held back by {'; '.join(fix.blockers)}"), width, 4, "dim")
    if fix.advisories:
        lines += paragraph(for_terminal(f"ends {', '.join(fix.advisories)}"), width, 4, "dim")
    return lines + [styled(f"      {for_terminal(line)}", _diff_style(line)) for line in fix.diff]


def _diff_style(line: str) -> Style:
    return "good" if line.startswith("+") else "bad" if line.startswith("-") else "dim"


def ignored_lines(report: HealthReport, width: int) -> list[Line]:
    """Return what policy takes out of the count, and the entries that do nothing any more."""
    lines: list[Line] = []
    if report.ignored:
        columns = [
            Column("ignored"),
            Column("package", elastic=True),
            Column("reason", elastic=True),
            Column("terms", elastic=True),
        ]
        rows = [
            [
                Span(for_terminal(one.finding.id)),
                Span(for_terminal(f"{one.finding.package} {one.finding.version} ({one.finding.severity})")),
                Span(for_terminal(one.ignore.reason)),
                Span(for_terminal(words.terms_in_words(one.ignore))),
            ]
            for one in report.ignored
        ]
        lines += [
            styled(f"Ignored by pyproject.toml ({len(report.ignored)})", "title"),
            *table(columns, rows, width),
        ]
    for idle in report.idle:
        text = f"{idle.ignore.key_path or 'ignore'} {idle.ignore.id}: {idle.why}"
        lines += paragraph(for_terminal(text), width, style="bad" if idle.is_lapsed else "warn")
    return lines


def trend_lines(report: HealthReport, width: int, *, unicode: bool) -> list[Line]:
    """Return the trend as sparklines with numbers; nothing for fewer than two days."""
    points = report.trend[-max(10, width - 50) :]
    if len(points) < 2:  # noqa: PLR2004 - a trend has two ends
        return []
    scores = sparkline([point.score for point in points], unicode=unicode)
    found = sparkline([float(total(point)) for point in points], unicode=unicode)
    return [
        styled("Trend", "title"),
        *paragraph(span_in_words(points), width, style="dim"),
        *labelled("  score     ", f"{scores}  {score_trend(points) or 'unknown'}", width),
        *labelled("  findings  ", f"{found}  {finding_trend(points)}", width),
    ]


def source_lines(report: HealthReport, width: int) -> list[Line]:
    """Return where the facts came from, how old they are, and what could not be reached."""
    lines: list[Line] = [styled("Sources", "title")]
    for source in sources_of(report):
        style: Style = "" if source.good else "warn"
        lines += paragraph(for_terminal(f"{source.name}: {source.in_words}"), width, style=style)
        for problem in source.problems:
            lines += paragraph(for_terminal(problem), width, 4, "warn")
    for reason, count in words.not_applicable(report):
        lines += paragraph(
            for_terminal(f"{counted(count, 'package')} not applicable: {reason}"), width, style="dim"
        )
    return lines if len(lines) > 1 else [*lines, *paragraph("none was asked", width, style="warn")]
