"""A health report in GitHub's Markdown, for the summary of a workflow step.

GitHub takes 1 MiB of UTF-8 for each step and drops all of a longer summary, so that long tables are cut, with a word
about it, until the report fits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

from poetry_aiops.cli.escape import for_markdown, markdown_block, markdown_code, web_address
from poetry_aiops.cli.plain import counted
from poetry_aiops.health.advisory import Severity
from poetry_aiops.health.news import in_words
from poetry_aiops.health.report import words
from poetry_aiops.health.report.sources import sources_of
from poetry_aiops.health.report.trend import finding_trend, score_trend, span_in_words, sparkline


if TYPE_CHECKING:
    from collections.abc import Sequence

    from poetry_aiops.cli.styled import Style
    from poetry_aiops.health.advisory import Finding
    from poetry_aiops.health.report.model import HealthReport, PackageRow, ProposedFix


Row = TypeVar("Row")

LARGEST: Final = 1024 * 1024 - 1024  # bytes; a little is left for what a workflow writes around it
_ROWS: Final = (5000, 1000, 200, 50, 10)  # of a table, tried in turn
_SIGNS: Final[dict[Style, str]] = {"good": "✅", "warn": "⚠️", "bad": "❌"}
_LEVELS: Final = {
    Severity.CRITICAL: "🔴 critical",
    Severity.HIGH: "🟠 high",
    Severity.UNKNOWN: "⚪ unknown",
    Severity.MEDIUM: "🟡 medium",
    Severity.LOW: "🔵 low",
}


def health_markdown(report: HealthReport, largest: int = LARGEST) -> str:
    """Return the report as Markdown of at most ``largest`` bytes in UTF-8."""
    text = ""
    for most in _ROWS:
        text = _Writer(report, most).text()
        if len(text.encode("utf-8", "replace")) <= largest:
            return text
    kept = text.encode("utf-8", "replace")[: max(0, largest - 200)].decode("utf-8", "ignore")
    return f"{kept.rpartition(chr(10))[0]}\n\n**The rest of this report was left out: it is too long for a summary.**\n"


class _Writer:
    def __init__(self, report: HealthReport, most: int) -> None:
        self.report = report
        self.most = most
        self.left_out = 0

    def text(self) -> str:
        sections = [
            self._head(),
            self._news(),
            self._findings(),
            self._open(),
            self._fixes(),
            self._currency(),
            self._signals(),
            self._ignored(),
            self._metrics(),
            self._trend(),
            self._sources(),
        ]
        lines = [line for section in sections if section for line in [*section, ""]]
        if self.left_out:
            lines += [
                f"**{self.left_out} rows were left out to keep this summary short.** `poetry health --format json` has them all.",
                "",
            ]
        return "\n".join(lines)

    def _head(self) -> list[str]:
        report = self.report
        verdict, score = words.verdict(report), words.score_in_words(report)
        found, audited = words.found_in_words(report), words.audited_in_words(report)
        lines = [
            f"## {_SIGNS[verdict.style]} Health of {for_markdown(report.project)}: {for_markdown(verdict.text)}",
            "",
            f"- {_SIGNS.get(found.style, '🔵')} **Found:** {for_markdown(found.text)}",
            f"- {_SIGNS[audited.style]} **Audit:** {for_markdown(audited.text)}",
            f"- {_SIGNS[score.style]} **Score:** {for_markdown(score.text)}",
            f"- **Gate:** fails on {for_markdown(words.rules_in_words(report.rules))}",
        ]
        lines += (
            [f"- **Scope:** {for_markdown(report.scope)} \\(not the whole lock\\)"] if report.scope else []
        )
        lines += [f"- **Change:** {for_markdown(words.change_in_words(report))}"] if report.change else []
        asked = [one.message for one in report.gate.violations if one.kind != "advisory"]
        lines += [f"  - ❌ {for_markdown(message)}" for message in asked[: self.most]]
        lines += [f"  - ⚠️ open: {for_markdown(question)}" for question in report.gate.incomplete[: self.most]]
        return lines + [f"- ⚠️ {for_markdown(note)}" for note in report.notes[: self.most]]

    def _news(self) -> list[str]:
        news = self.report.news
        told = in_words(news) if news and news.since else ()
        if news is None or news.since is None or not told:
            return []
        lines = [f"- {for_markdown(text)}" for text in self._shown(told)]
        return [f"### New since {words.moment(news.since)}", "", *lines]

    def _findings(self) -> list[str]:
        found = words.cases(self.report)
        if not found:
            return ["### Vulnerabilities", "", for_markdown(words.clean_in_words(self.report))]
        rows = [
            [
                _LEVELS[case.finding.severity],
                markdown_code(f"{case.finding.package} {case.finding.version}"),
                _advisory(case.finding),
                markdown_code(case.finding.fixed_in[0]) if case.finding.fixed_in else "no fix known",
                for_markdown(words.via_in_words(case.row)),
                for_markdown(words.groups_in_words(*case.rows)),
            ]
            for case in self._shown(found)
        ]
        return [
            "### Vulnerabilities",
            "",
            *_table(["Severity", "Package", "Advisory", "Fixed in", "Pulled in by", "Groups"], rows),
        ]

    def _open(self) -> list[str]:
        failed = words.open_audits(self.report)
        if not failed:
            return []
        rows = [
            [_named(row), for_markdown(row.audit.reason if row.audit else "")] for row in self._shown(failed)
        ]
        return [
            "### Not audited: whether these are vulnerable is unknown",
            "",
            *_table(["Package", "Why"], rows),
        ]

    def _fixes(self) -> list[str]:
        if not self.report.fixes:
            return []
        lines = ["### Fixes", ""]
        for fix in self._shown(words.fixes_in_order(self.report)):
            lines += _fix(fix)
        return lines

    def _currency(self) -> list[str]:
        behind = words.outdated(self.report)
        if not behind:
            return []
        rows = []
        for row in self._shown(behind):
            currency = row.currency
            held = currency.held_back_by if currency else ()
            rows.append(
                [
                    _named(row) + (" (direct)" if row.direct else ""),
                    markdown_code((currency.wanted if currency else None) or "?"),
                    markdown_code((currency.latest if currency else None) or "?"),
                    words.years(currency.libyears if currency else None),
                    for_markdown(", ".join(f"{demand.holder} {demand.constraint}" for demand in held)),
                ]
            )
        table = _table(["Package", "Wanted", "Latest", "Behind", "Held back by"], rows)
        return _folded(f"Newer versions of {counted(len(behind), 'package')}", table)

    def _signals(self) -> list[str]:
        found = words.signalled(self.report)
        if not found:
            return []
        rows = []
        for row, index in self._shown(found):
            signal = row.signals[index]
            sign = "❌" if signal.kind.is_grave else "⚠️"
            rows.append([f"{sign} {signal.kind}", _named(row), for_markdown(signal.message)])
        return _folded(
            f"{counted(len(found), 'supply-chain signal')}",
            _table(["Signal", "Package", "What the index says"], rows),
        )

    def _ignored(self) -> list[str]:
        report = self.report
        rows = [
            [
                markdown_code(one.finding.id),
                markdown_code(f"{one.finding.package} {one.finding.version}"),
                for_markdown(str(one.finding.severity)),
                for_markdown(one.ignore.reason),
                for_markdown(words.terms_in_words(one.ignore)),
            ]
            for one in self._shown(report.ignored)
        ]
        table = _table(["Advisory", "Package", "Severity", "Reason", "Terms"], rows) if rows else []
        lines = _folded(f"{counted(len(report.ignored), 'ignored finding')}", table) if rows else []
        idle = [
            f"- ⚠️ {for_markdown(f'{one.ignore.key_path} {one.ignore.id}: {one.why}')}"
            for one in self._shown(report.idle)
        ]
        return [*lines, *([""] if lines and idle else []), *idle]

    def _metrics(self) -> list[str]:
        rows = []
        for name, metric in words.metrics_in_order(self.report):
            weight = self.report.score.weights.get(name)
            rows.append(
                [
                    name,
                    "-"
                    if metric is None
                    else "unknown"
                    if metric.score is None
                    else words.number(metric.score),
                    "-" if metric is None else words.percent(metric.coverage),
                    "-" if weight is None else words.percent(100 * weight),
                    for_markdown(words.metric_note(metric)),
                ]
            )
        lines = ["### Metrics", "", *_table(["Metric", "Score", "Coverage", "Weight", "Based on"], rows)]
        reason = self.report.score.reason
        return [*lines, "", f"⚠️ {for_markdown(reason)}"] if reason else lines

    def _trend(self) -> list[str]:
        points = self.report.trend[-60:]
        if len(points) < 2:  # noqa: PLR2004 - a trend has two ends
            return []
        line = sparkline([point.score for point in points])
        told = f"score {score_trend(points) or 'unknown'}, findings {finding_trend(points)}; {span_in_words(points)}"
        return ["### Trend", "", f"`{line}` {for_markdown(told)}"]

    def _sources(self) -> list[str]:
        rows = [
            [
                ("✅ " if source.good else "⚠️ ") + for_markdown(source.name),
                for_markdown(source.in_words),
                for_markdown("; ".join(source.problems)),
            ]
            for source in self._shown(sources_of(self.report))
        ]
        end = f"Made by poetry-aiops {for_markdown(self.report.tool_version)} at {words.moment(self.report.generated)}."
        if not rows:
            return ["### Sources", "", "⚠️ None was asked.", "", end]
        return ["### Sources", "", *_table(["Source", "Facts", "Problems"], rows), "", end]

    def _shown(self, rows: Sequence[Row]) -> Sequence[Row]:
        self.left_out += max(0, len(rows) - self.most)
        return rows[: self.most]


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    line = [f"| {' | '.join(titles)} |", f"|{' --- |' * len(titles)}"]
    return [*line, *(f"| {' | '.join(row)} |" for row in rows)]


def _folded(title: str, lines: Sequence[str]) -> list[str]:
    return [f"<details><summary>{title}</summary>", "", *lines, "", "</details>"]


def _named(row: PackageRow) -> str:
    return markdown_code(f"{row.package.name} {row.package.version}")


def _advisory(finding: Finding) -> str:
    address = web_address(finding.url)
    name = f"[{for_markdown(finding.id)}](<{address}>)" if address else markdown_code(finding.id)
    told = [for_markdown(finding.summary, 300), for_markdown(words.other_names(finding))]
    return "<br>".join([name, *filter(None, told)])


def _fix(fix: ProposedFix) -> list[str]:
    verdict = words.fix_in_words(fix)
    to = f" → {markdown_code(fix.to_version)}" if fix.to_version else ""
    held = f"; held back by {'; '.join(fix.blockers)}" if fix.blockers and fix.how != "blocked" else ""
    head = f"- {_SIGNS[verdict.style]} {markdown_code(fix.package)} {markdown_code(fix.from_version)}{to}: {for_markdown(verdict.text + held)}"
    block = markdown_block(fix.diff, "diff") if fix.diff else []
    return [head, *(f"  {line}" for line in block)]
