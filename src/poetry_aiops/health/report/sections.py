"""The content of a health report for people as data: sections with a table and notes, which each format renders.

Texts are raw here; a renderer makes them inert for its format. A new section is a function here and nothing elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from poetry_aiops.cli.styled import Column
from poetry_aiops.health.news import in_words
from poetry_aiops.health.report import words
from poetry_aiops.health.report.sources import sources_of
from poetry_aiops.health.report.trend import finding_trend, score_trend, span_in_words, sparkline, total
from poetry_aiops.system.text import counted


if TYPE_CHECKING:
    from poetry_aiops.cli.styled import Style
    from poetry_aiops.health.advisory import Finding
    from poetry_aiops.health.fixes import ProposedFix
    from poetry_aiops.health.report.model import HealthReport, PackageRow


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: ``code`` for names to copy, ``badge`` for one word of a scale, ``below`` are further, smaller lines."""

    text: str
    style: Style = ""
    code: bool = False
    badge: bool = False
    link: str = ""
    below: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Note:
    """A sentence outside a table, with the lines of a change below it."""

    text: str
    style: Style = ""
    diff: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the report: a title, a table, and notes; ``detail`` for what a reader opens only when in need.

    The first cell of a row names what the row is about.
    """

    key: str
    title: str
    columns: tuple[Column, ...] = ()
    rows: tuple[tuple[Cell, ...], ...] = ()
    notes: tuple[Note, ...] = ()
    style: Style = ""
    detail: bool = False


_PACKAGE: Final = Column("Package", elastic=True)


def sections(report: HealthReport) -> tuple[Section, ...]:
    """Return the sections that have something to say, what decides first."""
    made = (
        _news(report),
        _findings(report),
        _open(report),
        _fixes(report),
        _currency(report),
        _signals(report),
        _maintenance(report),
        _ignored(report),
        metrics(report),
        _trend(report),
        _sources(report),
    )
    return tuple(section for section in made if section.rows or section.notes)


def facts(report: HealthReport) -> tuple[tuple[str, words.GateVerdict], ...]:
    """Return what stands at the top beside the verdict, each with its label."""
    found = [("Found", words.found_in_words(report))] if report.audit is not None else []
    change = [("Change", words.GateVerdict(words.change_in_words(report), ""))] if report.change else []
    scope = (
        [("Scope", words.GateVerdict(f"{report.scope} (not the whole lock)", "warn"))] if report.scope else []
    )
    return (
        *found,
        *change,
        ("Audit", words.audited_in_words(report)),
        ("Score", words.score_in_words(report)),
        ("Fails on", words.GateVerdict(words.rules_in_words(report.rules), "dim")),
        *scope,
    )


def reasons(report: HealthReport) -> tuple[Note, ...]:
    """Return why the verdict is what it is, apart from findings: violations, open questions, notes."""
    violations = [Note(one.message, "bad") for one in report.gate.violations if one.kind != "advisory"]
    questions = [Note(f"open: {question}", "warn") for question in report.gate.incomplete]
    return (*violations, *questions, *(Note(f"note: {note}", "warn") for note in report.notes))


def _news(report: HealthReport) -> Section:
    news = report.news
    reported = in_words(news) if news and news.since else ()
    title = f"New since {words.moment(news.since)}" if news and news.since else ""
    notes = (
        Note(text, "good" if text.startswith(("resolved: ", "all sources")) else "warn") for text in reported
    )
    return Section("news", title, notes=tuple(notes))


def _findings(report: HealthReport) -> Section:
    columns = (_PACKAGE, Column("Severity"), Column("Advisory"), Column("Fixed in"), Column("Pulled in by", elastic=True))  # fmt: skip
    rows = tuple(
        (
            _name(case.finding.package, case.finding.version),
            Cell(str(case.finding.severity), words.style_of_severity(case.finding.severity), badge=True),
            _advisory(case.finding),
            Cell(case.finding.fixed_in[0], code=True)
            if case.finding.fixed_in
            else Cell("no fix known", "warn"),
            _via(*case.rows),
        )
        for case in words.cases(report)
    )
    style = words.found_in_words(report).style
    notes = () if rows else (Note(words.clean_in_words(report), style),)
    return Section("findings", "Vulnerabilities", columns, rows, notes)


def _open(report: HealthReport) -> Section:
    rows = tuple(
        (
            Cell(counted(len(names), "package"), below=(", ".join(names),)),
            Cell(reason, "warn"),
        )
        for reason, names in words.folded(words.open_audits(report))
    )
    title = "Not audited: whether these are vulnerable is unknown"
    columns = (Column("Packages", elastic=True), Column("Why", elastic=True))
    return Section("open", title, columns, rows, style="warn")


def _fixes(report: HealthReport) -> Section:
    return Section("fixes", "Fixes", notes=tuple(map(_fix, words.fixes_in_order(report))))


def _fix(fix: ProposedFix) -> Note:
    verdict = words.fix_in_words(fix)
    to = f" to {fix.to_version}" if fix.to_version else ""
    held = [f"held back by {'; '.join(fix.reasons)}"] if fix.reasons and fix.how != "blocked" else []
    ends = [f"ends {', '.join(fix.advisories)}"] if fix.advisories else []
    text = "; ".join([f"{fix.package} {fix.from_version}{to}: {verdict.text}", *held, *ends])
    return Note(text, verdict.style, fix.diff)


def _currency(report: HealthReport) -> Section:
    rows = []
    for row in words.outdated(report):
        currency = row.currency
        if currency is None:
            continue
        held = [f"{demand.holder} {demand.constraint}" for demand in currency.held_back_by]
        barred = currency.barred
        held += [f"{barred.version}: {barred.obstacle} {barred.needs}"] if barred else []
        late = currency.libyears is None or currency.libyears >= 2  # noqa: PLR2004 - years; half of the score is gone
        rows.append(
            (
                _named(row),
                Cell("direct" if row.direct else ""),
                Cell(currency.wanted or "?", code=True),
                Cell(currency.latest or "?", code=True),
                Cell(words.years(currency.libyears), "warn" if late else ""),
                Cell("; ".join(held)),
            )
        )
    columns = (_PACKAGE, Column("Asked"), Column("Wanted"), Column("Latest"), Column("Behind", right=True), Column("Held back by", elastic=True))  # fmt: skip
    title = f"Newer versions of {counted(len(rows), 'package')}"
    return Section("currency", title, columns, tuple(rows), detail=True)


def _signals(report: HealthReport) -> Section:
    rows = tuple(
        (
            _named(row),
            Cell(str(row.signals[index].kind), _grave(row, index), badge=True),
            Cell(row.signals[index].message),
        )
        for row, index in words.signalled(report)
    )
    columns = (_PACKAGE, Column("Signal"), Column("What the index says", elastic=True))
    return Section("signals", counted(len(rows), "supply-chain signal"), columns, rows, detail=True)


def _grave(row: PackageRow, index: int) -> Style:
    return "bad" if row.signals[index].kind.is_grave else "warn"


def _maintenance(report: HealthReport) -> Section:
    rows = []
    for row in words.poorly_kept(report):
        kept = row.maintenance
        last = kept.last_release.date().isoformat() if kept and kept.last_release else "?"
        recent = kept.releases_24_months if kept else None
        rows.append(
            (
                _named(row),
                _score(kept.score if kept else None),
                Cell(last),
                Cell("?" if recent is None else str(recent)),
                Cell((kept.status if kept else None) or ""),
            )
        )
    columns = (_PACKAGE, Column("Score", right=True), Column("Last release"), Column("Releases in 2 years", right=True), Column("Status"))  # fmt: skip
    title = f"Hardly maintained: {counted(len(rows), 'package')}"
    return Section("maintenance", title, columns, tuple(rows), detail=True)


def _ignored(report: HealthReport) -> Section:
    rows = tuple(
        (
            _name(one.finding.package, one.finding.version),
            Cell(str(one.finding.severity), badge=True),
            Cell(one.finding.id, code=True),
            Cell(one.ignore.reason),
            Cell(words.terms_in_words(one.ignore)),
        )
        for one in report.ignored
    )
    columns = (_PACKAGE, Column("Severity"), Column("Advisory"), Column("Reason", elastic=True), Column("Terms", elastic=True))  # fmt: skip
    notes = (
        Note(f"{one.ignore.key_path} {one.ignore.id}: {one.why}", "bad" if one.is_lapsed else "warn")
        for one in report.idle
    )
    idle = f", {counted(len(report.idle), 'entry', 'entries')} without effect" if report.idle else ""
    title = counted(len(rows), "ignored finding") + idle
    return Section("ignored", title, columns, rows, tuple(notes), detail=True)


def metrics(report: HealthReport) -> Section:
    """Return the metrics, those that were not requested included."""
    rows = []
    for name, metric in words.metrics_in_order(report):
        weight = report.score.weights.get(name)
        style = "dim" if metric is None else words.style_of_metric(report, metric)
        value = "-" if metric is None else "unknown" if metric.score is None else words.number(metric.score)
        coverage = "-" if metric is None else words.percent(metric.coverage)
        rows.append(
            (
                Cell(name),
                Cell(value, style),
                Cell(coverage, "warn" if metric and metric.coverage < words.GOOD_SCORE else ""),
                Cell("-" if weight is None else words.percent(100 * weight)),
                Cell(words.metric_note(metric), "dim"),
            )
        )
    columns = (Column("Metric"), Column("Score", right=True), Column("Coverage", right=True), Column("Weight", right=True), Column("Based on", elastic=True))  # fmt: skip
    notes = (Note(report.score.reason, "warn"),) if report.score.reason else ()
    return Section("metrics", "Metrics", columns, tuple(rows), notes)


def _trend(report: HealthReport) -> Section:
    points = report.trend[-60:]
    if len(points) < 2:  # noqa: PLR2004 - a trend has two ends
        return Section("trend", "Trend")
    scores = f"{sparkline([point.score for point in points])} score {score_trend(points) or 'unknown'}"
    found = f"{sparkline([float(total(point)) for point in points])} findings {finding_trend(points)}"
    return Section("trend", "Trend", notes=(Note(scores), Note(found), Note(span_in_words(points), "dim")))


def numbers(report: HealthReport) -> Section:
    """Return the points of the trend, the newest first."""
    rows = tuple(
        (
            Cell(point.generated.date().isoformat()),
            Cell("unknown" if point.score is None else words.number(point.score)),
            Cell(words.percent(point.coverage)),
            Cell(str(total(point))),
            Cell("changed" if point.lock_changed else ""),
        )
        for point in reversed(report.trend)
    )
    columns = (Column("Day"), Column("Score", right=True), Column("Coverage", right=True), Column("Findings", right=True), Column("Lock"))  # fmt: skip
    return Section("numbers", "The numbers", columns, rows)


def _sources(report: HealthReport) -> Section:
    rows = tuple(
        (
            Cell(source.name),
            Cell(source.in_words),
            Cell("in order", "good")
            if source.good
            else Cell("; ".join(source.problems) or "not reachable", "warn"),
        )
        for source in sources_of(report)
    )
    notes = [] if rows else [Note("None was asked.", "warn")]
    notes += [
        Note(f"{counted(count, 'package')} not applicable: {reason}", "dim")
        for reason, count in words.not_applicable(report)
    ]
    columns = (Column("Source", elastic=True), Column("Facts", elastic=True), Column("State", elastic=True))
    return Section("sources", "Sources", columns, rows, tuple(notes))


def packages(report: HealthReport) -> Section:
    """Return one row for each locked package with what every metric says."""
    rows = tuple(
        (
            _named(row),
            _audit(row),
            _score(row.currency.score if row.currency else None),
            _score(row.maintenance.score if row.maintenance else None),
            _score(row.popularity.score if row.popularity else None),
            _via(row),
        )
        for row in report.packages
    )
    columns = (_PACKAGE, Column("Audit", elastic=True), *(Column(title, right=True) for title in ("Currency", "Maintenance", "Popularity")), Column("Pulled in by", elastic=True))  # fmt: skip
    return Section("packages", f"Every locked package ({len(rows)})", columns, rows, detail=True)


def by_package(report: HealthReport) -> Section:
    """Return one row for each vulnerable package, the worst first: the findings of a first screen."""
    rows = []
    for cases in words.by_package(report):
        first = cases[0]
        ids = [case.finding.id for case in cases]
        fixed = words.fixed_for_all([case.finding for case in cases])
        rows.append(
            (
                Cell(f"{first.finding.package} {first.finding.version}", "title"),
                Cell(_severity(first.finding), words.style_of_severity(first.finding.severity)),
                Cell(ids[0] if len(ids) == 1 else f"{ids[0]} and {len(ids) - 1} more"),
                Cell(fixed or "no fix known", "" if fixed else "warn"),
                _via(*first.rows, chain=words.via_in_short(first.row)),
            )
        )
    columns = (_PACKAGE, Column("Severity"), Column("Advisories", elastic=True), Column("Fixed in"), Column("Pulled in by", elastic=True))  # fmt: skip
    return Section("findings", f"Vulnerable packages ({len(rows)})", columns, tuple(rows))


def _severity(finding: Finding) -> str:
    return f"{finding.severity}, exploited" if finding.exploited else str(finding.severity)


def _name(package: str, version: str) -> Cell:
    return Cell(f"{package} {version}", "title", code=True)


def _named(row: PackageRow) -> Cell:
    return _name(row.package.name, row.package.version)


def _advisory(finding: Finding) -> Cell:
    parts = (finding.summary, words.other_names(finding), *finding.notes)
    return Cell(finding.id, code=True, link=finding.url, below=tuple(filter(None, parts)))


def _via(*rows: PackageRow, chain: str = "") -> Cell:
    groups = words.groups_in_words(*rows)
    return Cell((chain or words.via_in_words(rows[0])) + (f" ({groups})" if groups else ""))


def _score(score: float | None) -> Cell:
    return Cell("?", "dim") if score is None else Cell(words.number(score))


def _audit(row: PackageRow) -> Cell:
    audit = row.audit
    if audit is None:
        return Cell("not requested", "dim")
    levels = [str(finding.severity) for finding in audit.findings]
    if str(audit.status) != "audited":
        levels.append(f"{audit.status}: {audit.reason}")
    style: Style = "warn" if levels else "good"
    return Cell(", ".join(levels) or "nothing known", style)
