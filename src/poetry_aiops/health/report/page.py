"""A health report as one HTML file that asks nothing of any network and runs no script. Pure.

Its content security policy admits the page's one style by its hash and nothing else. Foreign text is escaped; only
http and https addresses become links. The same report always gives the same bytes.
"""

from __future__ import annotations

import base64
import hashlib
import re
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Final

from poetry_aiops.cli.escape import for_html, web_address
from poetry_aiops.health.report import words
from poetry_aiops.health.report.page_trend import trend_drawing
from poetry_aiops.health.report.sections import facts, numbers, packages, reasons, sections
from poetry_aiops.health.report.trend import finding_trend, score_trend, span_in_words


if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from poetry_aiops.health.metric import Metric
    from poetry_aiops.health.report.model import HealthReport
    from poetry_aiops.health.report.sections import Cell, Note, Section


_SLOT: Final = re.compile(r"\{\{(\w+)\}\}")


def health_page(report: HealthReport) -> str:
    """Return the page as one HTML document."""
    style = style_text()
    filling = {
        "policy": content_policy(style),
        "title": for_html(f"Health of {report.project}: {words.verdict(report).text}"),
        "style": style,
        "body": "\n".join([*_header(report), "<main>", *_main(report), "</main>", *_footer(report)]),
    }
    return _SLOT.sub(lambda match: filling[match[1]], _asset("page.html"))


def content_policy(style: str) -> str:
    """Return the content security policy that admits one style by its SHA-256 and nothing else."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def style_text() -> str:
    """Return the content of the page's style element."""
    return "\n" + _asset("style.css")


def _header(report: HealthReport) -> Iterator[str]:
    version = (
        f' <span class="version">{for_html(report.project_version)}</span>' if report.project_version else ""
    )
    yield f"<header><h1>Health of {for_html(report.project)}{version}</h1>"
    yield f'<p class="when"><time datetime="{words.stamp(report.generated)}">{words.moment(report.generated)}</time></p></header>'


def _main(report: HealthReport) -> Iterator[str]:
    yield from _verdict(report)
    yield from _metrics(report)
    for section in sections(report):
        if section.key == "trend":
            yield from _section("trend", "Trend", _trend(report))
        elif section.key != "metrics":
            yield from _section(section.key, for_html(section.title), _content(section))
    every = packages(report)
    yield from _section(
        "packages", "", f"<details><summary>{for_html(every.title)}</summary>{table_of(every)}</details>"
    )


def _section(identity: str, title: str, content: str) -> Iterator[str]:
    if title:
        yield f'<section aria-labelledby="{identity}"><h2 id="{identity}">{title}</h2>'
    else:
        yield f'<section id="{identity}">'
    yield content
    yield "</section>"


def _verdict(report: HealthReport) -> Iterator[str]:
    verdict = words.verdict(report)
    yield f'<section class="verdict {verdict.style}" aria-labelledby="gate"><h2 id="gate">Gate {for_html(verdict.text)}</h2>'
    yield '<dl class="facts">'
    for label, fact in facts(report):
        yield f'<dt>{label}</dt><dd class="{fact.style}">{for_html(fact.text)}</dd>'
    yield "</dl>"
    yield _notes(reasons(report))
    yield "</section>"


def _metrics(report: HealthReport) -> Iterator[str]:
    cards = "\n".join(
        _card(name, metric, report.score.weights.get(name)) for name, metric in words.metrics_in_order(report)
    )
    reason = f'<p class="warn">{for_html(report.score.reason)}</p>' if report.score.reason else ""
    yield from _section("metrics", "Metrics", f'{reason}<ul class="cards">{cards}</ul>')


def _card(name: str, metric: Metric | None, weight: float | None) -> str:
    if metric is None:
        return f'<li><h3>{name}</h3><div class="value unknown dim">not asked for</div></li>'
    style = words.style_of_score(metric.score, metric.coverage)
    told = f"{words.percent(metric.coverage)} covered"
    told += f", weight {words.percent(100 * weight)}" if weight is not None else ""
    return (
        f"<li><h3>{name}</h3>{_value(metric.score, style)}<p>{told}</p>"
        f"<p>{for_html(words.metric_note(metric))}</p></li>"
    )


def _value(score: float | None, style: str) -> str:
    if score is None:
        return f'<div class="value unknown {style}">unknown</div>'
    return (
        f'<div class="value {style}">{words.number(score)}'
        '<svg class="bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="rail" width="100" height="4" rx="2"/>'
        f'<rect class="fill" width="{score:.1f}" height="4" rx="2"/></svg></div>'
    )


def _content(section: Section) -> str:
    return (table_of(section) if section.rows else "") + _notes(section.notes)


def table_of(section: Section) -> str:
    """Return a table whose first column heads its rows; a narrow screen shows each row as a card with the titles."""
    kinds = [' class="number"' if column.right else "" for column in section.columns]
    titles = [for_html(column.title) for column in section.columns]
    head = "".join(f'<th scope="col"{kind}>{title}</th>' for kind, title in zip(kinds, titles, strict=True))
    body = "\n".join(
        f'<tr><th scope="row">{_cell(row[0])}</th>'
        + "".join(
            f'<td data-title="{title}"{kind}>{_cell(cell)}</td>'
            for kind, title, cell in zip(kinds[1:], titles[1:], row[1:], strict=True)
        )
        + "</tr>"
        for row in section.rows
    )
    return (
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table></div>'
    )


def _cell(cell: Cell) -> str:
    text, address = for_html(cell.text), web_address(cell.link)
    if address:
        text = f'<a href="{for_html(address)}" rel="noopener noreferrer">{text}</a>'
    elif cell.badge:
        text = f'<span class="badge {for_html(cell.text)} {cell.style}">{text}</span>'
    elif cell.code:
        text = f"<code>{text}</code>"
    elif cell.style:
        text = f'<span class="{cell.style}">{text}</span>'
    return text + "".join(f'<span class="summary">{for_html(part)}</span>' for part in cell.below)


def _notes(notes: Sequence[Note]) -> str:
    items = "".join(f'<li class="{note.style}">{for_html(note.text)}{_diff(note)}</li>' for note in notes)
    return f"<ul>{items}</ul>" if items else ""


def _diff(note: Note) -> str:
    lines = "\n".join(_diff_line(line) for line in note.diff)
    return f"<details open><summary>Changes</summary><pre>{lines}</pre></details>" if lines else ""


def _diff_line(line: str) -> str:
    kind = "add" if line.startswith("+") else "cut" if line.startswith("-") else ""
    text = for_html(line)
    return f'<span class="{kind}">{text}</span>' if kind else text


def _trend(report: HealthReport) -> str:
    told = f"Score {score_trend(report.trend) or 'unknown'}; findings {finding_trend(report.trend)}; {span_in_words(report.trend)}."
    every = numbers(report)
    table = f"<details><summary>{every.title}</summary>{table_of(every)}</details>"
    return f"<p>{for_html(told)}</p>{trend_drawing(report.trend, told)}{table}"


def _footer(report: HealthReport) -> Iterator[str]:
    yield f"<footer>Made by poetry-aiops {for_html(report.tool_version)}. Scores run from 0 to 100; what is unknown never counts as good.</footer>"


@lru_cache(maxsize=8)
def _asset(name: str) -> str:
    return (resources.files("poetry_aiops.health") / "assets" / name).read_text(encoding="utf-8")
