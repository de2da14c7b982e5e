"""A health report for a terminal: what is wrong first, then what is known, and always what is not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from poetry_aiops.cli.escape import for_terminal
from poetry_aiops.cli.plain import counted
from poetry_aiops.cli.styled import Column, Span, cells_wide, labelled, paragraph, styled, table, table_blocks
from poetry_aiops.health.report import words
from poetry_aiops.health.report.text_parts import (
    fix_lines,
    ignored_lines,
    news_lines,
    open_lines,
    source_lines,
    trend_lines,
)


if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from poetry_aiops.cli.styled import Line
    from poetry_aiops.health.report.model import HealthReport, PackageRow


_NARROW: Final = 36


@dataclass(frozen=True, slots=True)
class TextView:
    """How the text is laid out: ``width`` in cells, ``every`` for whole lists, ``unicode`` for block signs."""

    width: int = 80
    every: bool = False
    unicode: bool = True

    @property
    def most(self) -> int | None:
        """How many rows a list may have, None for all."""
        return None if self.every else 15


def health_lines(report: HealthReport, view: TextView | None = None) -> tuple[Line, ...]:
    """Return the report as styled lines; foreign text in them is inert, but not escaped for any console library."""
    shown = view or TextView()
    shown = shown if shown.width >= _NARROW else TextView(_NARROW, shown.every, shown.unicode)
    sections = [
        _head(report, shown),
        news_lines(report, shown.width),
        _findings(report, shown),
        open_lines(report, shown.width, shown.most),
        fix_lines(report, shown.width),
        _currency(report, shown),
        _signals(report, shown),
        _maintenance(report, shown),
        ignored_lines(report, shown.width),
        _metrics(report, shown),
        trend_lines(report, shown.width, unicode=shown.unicode),
        source_lines(report, shown.width),
        _verdict(report, shown),
    ]
    told = [section for section in sections if section]
    return tuple(
        line for number, section in enumerate(told) for line in ([(), *section] if number else section)
    )


def _head(report: HealthReport, view: TextView) -> list[Line]:
    name = for_terminal(report.project) or "this project"
    head: Line = (Span(f"Health of {name}", "title"), Span(f", {words.moment(report.generated)}", "dim"))
    facts = [
        ("Score    ", words.score_in_words(report)),
        ("Audit    ", words.audited_in_words(report)),
        *([("Found    ", words.found_in_words(report))] if report.audit is not None else []),
        *(
            [("Change   ", words.Verdict(for_terminal(words.change_in_words(report)), ""))]
            if report.change
            else []
        ),
    ]
    lines = [head] if sum(cells_wide(part.text) for part in head) <= view.width else _broken(head, view.width)
    for label, fact in facts:
        lines += labelled(label, fact.text, view.width, fact.style)
    if report.scope:
        lines += labelled(
            "Scope    ", f"{for_terminal(report.scope)} (not the whole lock)", view.width, "warn"
        )
    for note in report.notes:
        lines += labelled("Note     ", for_terminal(note), view.width, "warn")
    return lines


def _broken(head: Line, width: int) -> list[Line]:
    name, moment = head
    return [*paragraph(name.text, width, 0, name.style), styled(moment.text.removeprefix(", "), moment.style)]


def _findings(report: HealthReport, view: TextView) -> list[Line]:
    if report.audit is None:
        return []
    found = words.cases(report)
    lines: list[Line] = [styled("Vulnerabilities", "title")]
    if not found:
        return [
            *lines,
            *paragraph(words.clean_in_words(report), view.width, style=words.audited_in_words(report).style),
        ]
    columns = [
        Column("severity"),
        Column("package", elastic=True),
        Column("advisory"),
        Column("fixed in"),
        Column("pulled in by", elastic=True),
    ]
    shown = found if view.most is None else found[: 2 * view.most]
    rows = list(_finding_rows(shown))
    lines += _with_summaries(columns, rows, shown, view)
    return lines + _more(len(found) - len(shown), view)


def _finding_rows(found: Sequence[words.Case]) -> Iterator[list[Span]]:
    before = None
    for case in found:
        finding, row = case.finding, case.row
        again = before == (finding.package, finding.version)
        before = finding.package, finding.version
        groups = words.groups_in_words(*case.rows)
        via = for_terminal(words.via_in_words(row) + (f" ({groups})" if groups else ""))
        style = words.style_of_severity(finding.severity)
        yield [
            Span(str(finding.severity), style),
            Span("" if again else for_terminal(f"{finding.package} {finding.version}"), "title"),
            Span(for_terminal(finding.id)),
            Span(for_terminal(words.fixed_in_words(finding)), "" if finding.fixed_in else "warn"),
            Span("" if again else via),
        ]


def _with_summaries(
    columns: Sequence[Column], rows: Sequence[Sequence[Span]], found: Sequence[words.Case], view: TextView
) -> list[Line]:
    """Return the table with each summary in its own lines below its row."""
    lines, *blocks = table_blocks(columns, rows, view.width)
    for block, case in zip(blocks, found, strict=True):
        lines += [*block, *_summary(case, view)]
    return lines


def _summary(case: words.Case, view: TextView) -> list[Line]:
    names = words.other_names(case.finding)
    told = ". ".join(filter(None, [case.finding.summary.rstrip("."), names]))
    lines = paragraph(for_terminal(told, 300), view.width - 4, 12, "dim") if told else []
    whole = view.every or len(lines) <= 2  # noqa: PLR2004 - two lines
    kept = lines if whole else [lines[0], (*lines[1], Span(" ...", "dim"))]
    notes = case.finding.notes if view.every else ()
    return [
        *kept,
        *(line for note in notes for line in paragraph(for_terminal(f"note: {note}"), view.width, 12, "dim")),
    ]


def _currency(report: HealthReport, view: TextView) -> list[Line]:
    behind = words.outdated(report)
    if not behind:
        return []
    shown = behind[: view.most]
    columns = [
        Column("package", elastic=True),
        Column("locked"),
        Column("wanted"),
        Column("latest"),
        Column("behind", right=True),
        Column("held back by", elastic=True),
    ]
    rows = [_currency_row(row) for row in shown]
    title = f"Newer versions ({counted(len(behind), 'package')}; direct ones first, marked *)"
    return [
        *paragraph(title, view.width, 0, "title"),
        *table(columns, rows, view.width),
        *_more(len(behind) - len(shown), view),
    ]


def _currency_row(row: PackageRow) -> list[Span]:
    currency = row.currency
    if currency is None:
        raise ValueError(row.package.name)
    held = ", ".join(f"{demand.holder} {demand.constraint}" for demand in currency.held_back_by)
    barred = f"{currency.barred.version} {currency.barred.obstacle}" if currency.barred else ""
    late = currency.libyears is not None and currency.libyears >= 2  # noqa: PLR2004 - years; half of the score is gone
    return [
        Span(
            for_terminal(row.package.name) + (" *" if row.direct else ""),
            "title" if row.direct else "",
        ),
        Span(for_terminal(row.package.version)),
        Span(for_terminal(currency.wanted or "?")),
        Span(for_terminal(currency.latest or "?")),
        Span(words.years(currency.libyears), "warn" if late or currency.libyears is None else ""),
        Span(for_terminal("; ".join(filter(None, [held, barred])))),
    ]


def _signals(report: HealthReport, view: TextView) -> list[Line]:
    found = words.signalled(report)
    if not found:
        return []
    shown = found[: view.most]
    columns = [Column("signal"), Column("package", elastic=True), Column("what the index says", elastic=True)]
    rows = []
    for row, index in shown:
        signal = row.signals[index]
        name = for_terminal(f"{row.package.name} {row.package.version}")
        rows.append(
            [
                Span(str(signal.kind), "bad" if signal.kind.is_grave else "warn"),
                Span(name),
                Span(for_terminal(signal.message)),
            ]
        )
    title = f"Supply-chain signals ({len(found)})"
    return [
        *paragraph(title, view.width, 0, "title"),
        *table(columns, rows, view.width),
        *_more(len(found) - len(shown), view),
    ]


def _maintenance(report: HealthReport, view: TextView) -> list[Line]:
    poor = words.poorly_kept(report)
    if not poor:
        return []
    shown = poor[: None if view.every else 5]
    columns = [
        Column("score", right=True),
        Column("package", elastic=True),
        Column("last release"),
        Column("releases in 2 years", right=True),
        Column("status", elastic=True),
    ]
    rows = []
    for row in shown:
        kept = row.maintenance
        if kept is None or kept.score is None:
            continue
        last = kept.last_release.date().isoformat() if kept.last_release else "?"
        name = for_terminal(f"{row.package.name} {row.package.version}")
        recent = "?" if kept.releases_24_months is None else str(kept.releases_24_months)
        rows.append(
            [
                Span(words.number(kept.score), "bad"),
                Span(name),
                Span(last),
                Span(recent),
                Span(for_terminal(kept.status or "")),
            ]
        )
    return [
        styled(f"Hardly maintained ({counted(len(poor), 'package')})", "title"),
        *table(columns, rows, view.width),
        *_more(len(poor) - len(shown), view),
    ]


def _metrics(report: HealthReport, view: TextView) -> list[Line]:
    columns = [
        Column("metric"),
        Column("score", right=True),
        Column("coverage", right=True),
        Column("weight", right=True),
        Column("based on", elastic=True),
    ]
    rows = []
    for name, metric in words.metrics_in_order(report):
        weight = report.score.weights.get(name)
        style = "dim" if metric is None else words.style_of_score(metric.score, metric.coverage)
        value = "-" if metric is None else "unknown" if metric.score is None else words.number(metric.score)
        rows.append(
            [
                Span(name),
                Span(value, style),
                Span(
                    "-" if metric is None else words.percent(metric.coverage),
                    "warn" if metric and metric.coverage < words.GOOD_SCORE else "",
                ),
                Span("-" if weight is None else words.percent(100 * weight)),
                Span(for_terminal(words.metric_note(metric)), "dim"),
            ]
        )
    lines = [styled("Metrics", "title"), *table(columns, rows, view.width)]
    return [
        *lines,
        *(
            paragraph(for_terminal(report.score.reason), view.width, style="warn")
            if report.score.reason
            else []
        ),
    ]


def _verdict(report: HealthReport, view: TextView) -> list[Line]:
    verdict = words.verdict(report)
    lines = labelled("Gate ", verdict.text, view.width, verdict.style, "title")
    lines += paragraph(f"It fails on {words.rules_in_words(report.rules)}.", view.width, style="dim")
    asked = [one for one in report.gate.violations if one.kind != "advisory"]
    lines += [line for one in asked for line in paragraph(for_terminal(one.message), view.width, style="bad")]
    for question in report.gate.incomplete:
        lines += paragraph(f"open: {for_terminal(question)}", view.width, style="warn")
    return lines


def _more(count: int, view: TextView) -> list[Line]:
    return paragraph(f"... and {count} more (-v shows all)", view.width, style="dim") if count > 0 else []
