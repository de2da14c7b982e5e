"""The tables of the HTML report; every cell is escaped where it is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from poetry_aiops.cli.escape import for_html, web_address
from poetry_aiops.health.report import words
from poetry_aiops.health.report.sources import sources_of


if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from poetry_aiops.health.advisory import Finding
    from poetry_aiops.health.ignores import Ignored
    from poetry_aiops.health.report.model import HealthReport, PackageRow


_NUMBERS: Final = frozenset(
    {"Score", "Behind", "Security", "Currency", "Maintenance", "Popularity", "Releases in 2 years"}
)


def findings_table(found: Sequence[words.Case]) -> str:
    """Return the findings that count, one row each."""
    return _table(
        ["Package", "Severity", "Advisory", "Fixed in", "Pulled in by"],
        (
            [
                _name(case.finding.package, case.finding.version),
                _badge(str(case.finding.severity)),
                _advisory(case.finding),
                f"<code>{for_html(case.finding.fixed_in[0])}</code>"
                if case.finding.fixed_in
                else '<span class="warn">no fix known</span>',
                _via(*case.rows),
            ]
            for case in found
        ),
    )


def open_table(failed: Sequence[PackageRow]) -> str:
    """Return the packages of which nobody knows whether they are vulnerable."""
    rows = ([_named(row), for_html(row.audit.reason if row.audit else "")] for row in failed)
    return _table(["Package", "Why"], rows)


def currency_table(behind: Sequence[PackageRow]) -> str:
    """Return the packages with a newer version, and who holds them back."""
    rows = []
    for row in behind:
        currency = row.currency
        held = currency.held_back_by if currency else ()
        barred = currency.barred if currency else None
        told = [f"<code>{for_html(f'{demand.holder} {demand.constraint}')}</code>" for demand in held]
        told += [for_html(f"{barred.version}: {barred.obstacle} {barred.needs}")] if barred else []
        rows.append(
            [
                _named(row) + (' <span class="dim">direct</span>' if row.direct else ""),
                f"<code>{for_html((currency.wanted if currency else None) or '?')}</code>",
                f"<code>{for_html((currency.latest if currency else None) or '?')}</code>",
                words.years(currency.libyears if currency else None),
                "<br>".join(told),
            ]
        )
    return _table(["Package", "Wanted", "Latest", "Behind", "Held back by"], rows)


def signals_table(found: Sequence[tuple[PackageRow, int]]) -> str:
    """Return what the indexes say about locked releases."""
    rows = []
    for row, index in found:
        signal = row.signals[index]
        badge = f'<span class="badge {"high" if signal.kind.is_grave else "notice"}">{signal.kind}</span>'
        rows.append([_named(row), badge, for_html(signal.message)])
    return _table(["Package", "Signal", "What the index says"], rows)


def kept_table(poor: Sequence[PackageRow]) -> str:
    """Return the packages whose maintenance scores low."""
    rows = []
    for row in poor:
        kept = row.maintenance
        last = kept.last_release.date().isoformat() if kept and kept.last_release else "?"
        recent = kept.releases_24_months if kept else None
        rows.append(
            [
                _named(row),
                _score(kept.score if kept else None),
                last,
                "?" if recent is None else str(recent),
                for_html((kept.status if kept else None) or ""),
            ]
        )
    return _table(["Package", "Score", "Last release", "Releases in 2 years", "Status"], rows)


def ignored_table(ignored: Sequence[Ignored]) -> str:
    """Return the findings that policy takes out of the count."""
    rows = (
        [
            _name(one.finding.package, one.finding.version),
            _badge(str(one.finding.severity)),
            f"<code>{for_html(one.finding.id)}</code>",
            for_html(one.ignore.reason),
            for_html(words.terms_in_words(one.ignore)),
        ]
        for one in ignored
    )
    return _table(["Package", "Severity", "Advisory", "Reason", "Terms"], rows)


def sources_table(report: HealthReport) -> str:
    """Return where the facts came from."""
    sources = sources_of(report)
    if not sources:
        return '<p class="warn">None was asked.</p>'
    rows = (
        [
            for_html(source.name),
            for_html(source.in_words),
            '<span class="good">in order</span>'
            if source.good
            else f'<span class="warn">{"<br>".join(map(for_html, source.problems)) or "not reachable"}</span>',
        ]
        for source in sources
    )
    return _table(["Source", "Facts", "State"], rows)


def all_packages(report: HealthReport) -> str:
    """Return one row for each locked package with what every metric says."""
    rows = (
        [
            _named(row),
            _audit(row),
            _score(row.currency.score if row.currency else None),
            _score(row.maintenance.score if row.maintenance else None),
            _score(row.popularity.score if row.popularity else None),
            _via(row),
        ]
        for row in report.packages
    )
    return _table(["Package", "Audit", "Currency", "Maintenance", "Popularity", "Pulled in by"], rows)


def _table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table whose first column heads its rows."""
    head = "".join(f'<th scope="col"{_number(title)}>{title}</th>' for title in titles)
    body = "\n".join(
        f'<tr><th scope="row">{row[0]}</th>'
        + "".join(f"<td{_number(title)}>{cell}</td>" for title, cell in zip(titles[1:], row[1:], strict=True))
        + "</tr>"
        for row in rows
    )
    return (
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table></div>'
    )


def _number(title: str) -> str:
    return ' class="number"' if title in _NUMBERS else ""


def _named(row: PackageRow) -> str:
    return _name(row.package.name, row.package.version)


def _name(package: str, version: str) -> str:
    return f'{for_html(package)} <span class="version">{for_html(version)}</span>'


def _badge(severity: str) -> str:
    return f'<span class="badge {severity}">{severity}</span>'


def _advisory(finding: Finding) -> str:
    address = web_address(finding.url)
    name = for_html(finding.id)
    link = (
        f'<a href="{for_html(address)}" rel="noopener noreferrer">{name}</a>'
        if address
        else f"<code>{name}</code>"
    )
    other = words.other_names(finding)
    parts = [finding.summary, other, *finding.notes]
    return link + "".join(f'<span class="summary">{for_html(part)}</span>' for part in parts if part)


def _via(*rows: PackageRow) -> str:
    groups = words.groups_in_words(*rows)
    told = f' <span class="dim">({for_html(groups)})</span>' if groups else ""
    return f"{for_html(words.via_in_words(rows[0]))}{told}"


def _audit(row: PackageRow) -> str:
    audit = row.audit
    if audit is None:
        return '<span class="dim">not asked for</span>'
    levels = "".join(_badge(str(finding.severity)) + " " for finding in audit.findings)
    if str(audit.status) == "audited":
        return levels or '<span class="good">nothing known</span>'
    style = "warn" if str(audit.status) == "failed" else "dim"
    return f'{levels}<span class="{style}">{audit.status}: {for_html(audit.reason)}</span>'


def _score(score: float | None) -> str:
    return '<span class="dim">?</span>' if score is None else words.number(score)
