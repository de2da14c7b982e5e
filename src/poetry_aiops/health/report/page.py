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

from poetry_aiops.cli.escape import for_html
from poetry_aiops.cli.plain import counted
from poetry_aiops.health.news import in_words
from poetry_aiops.health.report import words
from poetry_aiops.health.report.page_tables import (
    all_packages,
    currency_table,
    findings_table,
    ignored_table,
    kept_table,
    open_table,
    signals_table,
    sources_table,
)
from poetry_aiops.health.report.page_trend import trend_drawing, trend_table
from poetry_aiops.health.report.trend import finding_trend, score_trend, span_in_words


if TYPE_CHECKING:
    from collections.abc import Iterator

    from poetry_aiops.health.metric import Metric
    from poetry_aiops.health.report.model import HealthReport, ProposedFix


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
    yield from _news(report)
    yield from _section("findings", "Vulnerabilities", _findings(report))
    failed = words.open_audits(report)
    if failed:
        title = f"Not audited: whether {counted(len(failed), 'package')} {'is' if len(failed) == 1 else 'are'} vulnerable is unknown"
        yield from _section("open", title, open_table(failed))
    if report.fixes:
        yield from _section("fixes", "Fixes", "\n".join(_fix(fix) for fix in words.fixes_in_order(report)))
    behind, signals, poor = words.outdated(report), words.signalled(report), words.poorly_kept(report)
    if signals:
        yield from _section("signals", f"Supply-chain signals ({len(signals)})", signals_table(signals))
    if behind:
        yield from _section(
            "currency", f"Newer versions ({counted(len(behind), 'package')})", currency_table(behind)
        )
    if poor:
        yield from _section(
            "maintenance", f"Hardly maintained ({counted(len(poor), 'package')})", kept_table(poor)
        )
    if report.ignored or report.idle:
        yield from _section("ignored", "Ignored by pyproject.toml", _ignored(report))
    yield from _trend(report)
    yield from _section("sources", "Sources", _sources(report))
    title = f"Every locked package ({len(report.packages)})"
    yield from _section(
        "packages", "", f"<details><summary>{title}</summary>{all_packages(report)}</details>"
    )


def _section(identity: str, title: str, content: str) -> Iterator[str]:
    if title:
        yield f'<section aria-labelledby="{identity}"><h2 id="{identity}">{title}</h2>'
    else:
        yield f'<section id="{identity}">'
    yield content
    yield "</section>"


def _verdict(report: HealthReport) -> Iterator[str]:
    verdict, score = words.verdict(report), words.score_in_words(report)
    found, audited = words.found_in_words(report), words.audited_in_words(report)
    yield f'<section class="verdict {verdict.style}" aria-labelledby="gate"><h2 id="gate">Gate {for_html(verdict.text)}</h2>'
    yield '<dl class="facts">'
    for title, one in (("Found", found), ("Audit", audited), ("Score", score)):
        yield f'<dt>{title}</dt><dd class="{one.style}">{for_html(one.text)}</dd>'
    yield f"<dt>Fails on</dt><dd>{for_html(words.rules_in_words(report.rules))}</dd>"
    if report.scope:
        yield f'<dt>Scope</dt><dd class="warn">{for_html(report.scope)} (not the whole lock)</dd>'
    if report.change:
        yield f"<dt>Change</dt><dd>{for_html(words.change_in_words(report))}</dd>"
    yield "</dl>"
    told = [one.message for one in report.gate.violations if one.kind != "advisory"]
    told += [f"open: {question}" for question in report.gate.incomplete]
    told += [f"note: {note}" for note in report.notes]
    if told:
        yield f"<ul>{''.join(f'<li>{for_html(text)}</li>' for text in told)}</ul>"
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


def _news(report: HealthReport) -> Iterator[str]:
    news = report.news
    told = in_words(news) if news and news.since else ()
    if news and news.since and told:
        items = "".join(f"<li>{for_html(text)}</li>" for text in told)
        yield from _section("news", f"New since {words.moment(news.since)}", f"<ul>{items}</ul>")


def _findings(report: HealthReport) -> str:
    found = words.cases(report)
    if found:
        return findings_table(found)
    return f'<p class="{words.found_in_words(report).style}">{for_html(words.clean_in_words(report))}</p>'


def _fix(fix: ProposedFix) -> str:
    verdict = words.fix_in_words(fix)
    to = f" to <code>{for_html(fix.to_version)}</code>" if fix.to_version else ""
    held = f"; held back by {'; '.join(fix.blockers)}" if fix.blockers and fix.how != "blocked" else ""
    ends = f'<p class="dim">ends {for_html(", ".join(fix.advisories))}</p>' if fix.advisories else ""
    lines = "\n".join(_diff_line(line) for line in fix.diff)
    diff = f"<details open><summary>Changes</summary><pre>{lines}</pre></details>" if fix.diff else ""
    return (
        f"<p><strong>{for_html(fix.package)}</strong> <code>{for_html(fix.from_version)}</code>{to}:"
        f' <span class="{verdict.style}">{for_html(verdict.text + held)}</span></p>{ends}{diff}'
    )


def _diff_line(line: str) -> str:
    kind = "add" if line.startswith("+") else "cut" if line.startswith("-") else ""
    text = for_html(line)
    return f'<span class="{kind}">{text}</span>' if kind else text


def _ignored(report: HealthReport) -> str:
    table = ignored_table(report.ignored) if report.ignored else ""
    idle = "".join(
        f'<li class="{"bad" if one.is_lapsed else "warn"}">{for_html(f"{one.ignore.key_path} {one.ignore.id}: {one.why}")}</li>'
        for one in report.idle
    )
    return table + (f"<ul>{idle}</ul>" if idle else "")


def _trend(report: HealthReport) -> Iterator[str]:
    if len(report.trend) < 2:  # noqa: PLR2004 - a trend has two ends
        return
    told = f"Score {score_trend(report.trend) or 'unknown'}; findings {finding_trend(report.trend)}; {span_in_words(report.trend)}."
    numbers = f"<details><summary>The numbers</summary>{trend_table(report.trend)}</details>"
    yield from _section(
        "trend", "Trend", f"<p>{for_html(told)}</p>{trend_drawing(report.trend, told)}{numbers}"
    )


def _sources(report: HealthReport) -> str:
    skipped = "".join(
        "<li>" + for_html(f"{counted(count, 'package')} not applicable: {reason}") + "</li>"
        for reason, count in words.not_applicable(report)
    )
    return sources_table(report) + (f"<ul>{skipped}</ul>" if skipped else "")


def _footer(report: HealthReport) -> Iterator[str]:
    yield f"<footer>Made by poetry-aiops {for_html(report.tool_version)}. Scores run from 0 to 100; what is unknown never counts as good.</footer>"


@lru_cache(maxsize=8)
def _asset(name: str) -> str:
    return (resources.files("poetry_aiops.health") / "assets" / name).read_text(encoding="utf-8")
