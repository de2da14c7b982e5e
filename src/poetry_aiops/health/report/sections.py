"""The content of a health report for people as data: sections with a table and notes, which each format renders.

Texts are raw here; a renderer makes them inert for its format. A new section is a function here and nothing elsewhere.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from packaging.version import Version

from poetry_aiops.cli.styled import Column
from poetry_aiops.health.advisory import Status
from poetry_aiops.health.news import in_words
from poetry_aiops.health.report import words
from poetry_aiops.health.report.cases import by_package as cases_by_package
from poetry_aiops.health.report.cases import cases, folded, open_audits, signalled
from poetry_aiops.health.report.sources import sources_of
from poetry_aiops.health.report.trend import finding_trend, score_trend, span_in_words, sparkline, total
from poetry_aiops.health.report.words import Note
from poetry_aiops.project.versions import public_version
from poetry_aiops.system.record import Record
from poetry_aiops.system.text import counted


if TYPE_CHECKING:
    from poetry_aiops.cli.styled import Style
    from poetry_aiops.health.advisory import Finding
    from poetry_aiops.health.currency import Currency
    from poetry_aiops.health.fixes import How, ProposedFix
    from poetry_aiops.health.report.model import HealthReport, PackageRow


class Cell(Record):
    """One cell: ``code`` for names to copy, ``badge`` for one word of a scale, ``below`` are further, smaller lines."""

    text: str
    style: Style = ""
    code: bool = False
    badge: bool = False
    link: str = ""
    below: tuple[str, ...] = ()


class Section(Record):
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


_LONG_CHAIN: Final = 40
_SHORT_TREND: Final = 60  # days
_LATE: Final = 2  # years behind; half of the score is gone
_DOES: Final[dict[How, tuple[str, Style]]] = {
    "pin": ("only poetry.lock changes", "good"),
    "edit": ("pyproject.toml has to change", "warn"),
    "blocked": ("blocked: ", "bad"),
}


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


def facts(report: HealthReport) -> tuple[tuple[str, Note], ...]:
    """Return what stands at the top beside the verdict, each with its label."""
    rules, change = report.rules, report.change
    level = (
        "any finding"
        if rules.fail_on == "any"
        else f"findings of severity {rules.fail_on} or higher, or of unknown severity"
    )
    fails = [level + (" with a fixed version" if rules.fixable_only else "")]
    if rules.signals_required:
        fails.append(f"signals {', '.join(sorted(rules.fail_on_signals))}")
    if rules.min_score is not None:
        fails.append(f"a score below {rules.min_score:g}")
    found = [
        ("Found", words.found_in_words(report) if report.audit else None),
        ("Change", Note(f"{change}; only what is new counts") if change else None),
        ("Audit", words.audited_in_words(report)),
        ("Score", words.score_in_words(report)),
        ("Fails on", Note(", ".join(fails), "dim")),
        ("Scope", Note(f"{report.scope} (not the whole lock)", "warn") if report.scope else None),
    ]
    return tuple((label, fact) for label, fact in found if fact is not None)


def reasons(report: HealthReport) -> tuple[Note, ...]:
    """Return why the verdict is what it is, apart from findings: violations, open questions, notes."""
    violations = [Note(one.message, "bad") for one in report.gate.violations if one.kind != "advisory"]
    questions = [Note(f"open: {question}", "warn") for question in report.gate.incomplete]
    return (*violations, *questions, *(Note(f"note: {note}", "warn") for note in report.notes))


def _news(report: HealthReport) -> Section:
    news = report.news
    if news is None or news.since is None:
        return Section("news", "")
    notes = (
        Note(text, "good" if text.startswith(("resolved: ", "all sources")) else "warn")
        for text in in_words(news)
    )
    return Section("news", f"New since {words.moment(news.since)}", notes=tuple(notes))


def _findings(report: HealthReport) -> Section:
    rows = tuple(
        (
            _name(case.finding.package, case.finding.version),
            Cell(str(case.finding.severity), words.STYLES[case.finding.severity], badge=True),
            _advisory(case.finding),
            Cell(case.finding.fixed_in[0], code=True)
            if case.finding.fixed_in
            else Cell("no fix known", "warn"),
            _via(*case.rows),
        )
        for case in cases(report)
    )
    notes = () if rows else (Note(_none_found(report), words.found_in_words(report).style),)
    columns = _columns("Package~ Severity Advisory Fixed_in Pulled_in_by~")
    return Section("findings", "Vulnerabilities", columns, rows, notes)


def _none_found(report: HealthReport) -> str:
    """Return what an empty list of findings means: none known, or that it is unknown."""
    audit = report.audit
    if audit is None:
        return "Not checked: the security metric was not requested."
    if not audit.packages:
        return "None: the lock holds no packages."
    if audit.complete:
        return "None known."
    audited = sum(package.status is Status.AUDITED for package in audit.packages)
    return f"None found: {counted(audited, 'package')} audited; {len(audit.failed)} could not be checked."


def _open(report: HealthReport) -> Section:
    rows = tuple(
        (Cell(counted(len(names), "package"), below=(", ".join(names),)), Cell(reason, "warn"))
        for reason, names in folded(open_audits(report))
    )
    title = "Not audited: whether these are vulnerable is unknown"
    return Section("open", title, _columns("Packages~ Why~"), rows, style="warn")


def _fixes(report: HealthReport) -> Section:
    """Return the proposed fixes: those of the lock alone, those that need an edit, those that are blocked."""
    order = ("pin", "edit", "blocked")
    fixes = sorted(report.fixes, key=lambda fix: (order.index(fix.how), fix.package))
    return Section("fixes", "Fixes", notes=tuple(map(_fix, fixes)))


def _fix(fix: ProposedFix) -> Note:
    does, style = _DOES[fix.how]
    if fix.how == "blocked":
        does += "; ".join(fix.reasons) or "no fixed version is known"
    to = f" to {fix.to_version}" if fix.to_version else ""
    held = [f"held back by {'; '.join(fix.reasons)}"] if fix.reasons and fix.how != "blocked" else []
    ends = [f"ends {', '.join(fix.advisories)}"] if fix.advisories else []
    text = "; ".join(
        [
            f"{fix.package} {fix.from_version}{to}: {(fix.edit if fix.how == 'edit' else '') or does}",
            *held,
            *ends,
        ]
    )
    return Note(text, style, fix.diff)


def _currency(report: HealthReport) -> Section:
    """Return what has a newer version: direct dependencies first, then the farthest behind.

    Builds of one version that the same constraints hold back are one row, that of the first.
    """
    behind: dict[object, tuple[PackageRow, Currency]] = {}
    for row in report.packages:
        if row.currency and row.currency.behind:
            version = public_version(row.package.version)
            behind.setdefault((row.package.name, version, row.currency.held_back_by), (row, row.currency))
    rows = []
    for row, currency in sorted(behind.values(), key=_farthest_behind):
        held = [f"{demand.holder} {demand.constraint}" for demand in currency.held_back_by]
        barred, years = currency.barred, currency.libyears
        held += [f"{barred.version}: {barred.obstacle} {barred.needs}"] if barred else []
        rows.append(
            (
                _named(row),
                Cell("direct" if row.direct else ""),
                Cell(currency.wanted or "?", code=True),
                Cell(currency.latest or "?", code=True),
                Cell(
                    "?" if years is None else f"{years:.1f} y",
                    "warn" if years is None or years >= _LATE else "",
                ),
                Cell("; ".join(held)),
            )
        )
    columns = _columns("Package~ Asked Wanted Latest Behind> Held_back_by~")
    title = f"Newer versions of {counted(len(rows), 'package')}"
    return Section("currency", title, columns, tuple(rows), detail=True)


def _farthest_behind(one: tuple[PackageRow, Currency]) -> tuple[bool, float, str]:
    row, currency = one
    return not row.direct, -(currency.libyears or 0.0), row.package.name


def _signals(report: HealthReport) -> Section:
    rows = tuple(
        (
            _named(row),
            Cell(str(signal.kind), "bad" if signal.kind.is_grave else "warn", badge=True),
            Cell(signal.message),
        )
        for row, signal in signalled(report)
    )
    columns = _columns("Package~ Signal What_the_index_says~")
    return Section("signals", counted(len(rows), "supply-chain signal"), columns, rows, detail=True)


def _maintenance(report: HealthReport) -> Section:
    """Return what scores below 50, the worst first."""
    kept = [
        (row, one, one.score)
        for row in report.packages
        if (one := row.maintenance) and one.score is not None and one.score < words.FAIR_SCORE
    ]
    rows = tuple(
        (
            _named(row),
            _score(score),
            Cell(one.last_release.date().isoformat() if one.last_release else "?"),
            Cell("?" if one.releases_24_months is None else str(one.releases_24_months)),
            Cell(one.status or ""),
        )
        for row, one, score in sorted(kept, key=lambda each: (each[2], each[0].package.name))
    )
    columns = _columns("Package~ Score> Last_release Releases_in_2_years> Status")
    title = f"Hardly maintained: {counted(len(rows), 'package')}"
    return Section("maintenance", title, columns, rows, detail=True)


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
    notes = tuple(Note(str(one), "bad" if one.is_lapsed else "warn") for one in report.idle)
    idle = f", {counted(len(notes), 'entry', 'entries')} without effect" if notes else ""
    columns = _columns("Package~ Severity Advisory Reason~ Terms~")
    return Section("ignored", counted(len(rows), "ignored finding") + idle, columns, rows, notes, detail=True)


def metrics(report: HealthReport) -> Section:
    """Return the metrics, those that were not requested included."""
    rows = []
    for name, metric in words.metrics_in_order(report):
        weight = report.score.weights.get(name)
        score, coverage = Cell("-", "dim"), Cell("-")
        if metric is not None:
            value = "unknown" if metric.score is None else words.number(metric.score)
            score = Cell(value, words.style_of_metric(report, metric))
            style: Style = "warn" if metric.coverage < words.GOOD_SCORE else ""
            coverage = Cell(words.percent(metric.coverage), style)
        share = Cell("-" if weight is None else words.percent(100 * weight))
        rows.append((Cell(name), score, coverage, share, Cell(words.metric_note(metric), "dim")))
    columns = _columns("Metric Score> Coverage> Weight> Based_on~")
    notes = (Note(report.score.reason, "warn"),) if report.score.reason else ()
    return Section("metrics", "Metrics", columns, tuple(rows), notes)


def _trend(report: HealthReport) -> Section:
    points = report.trend[-_SHORT_TREND:]
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
    return Section("numbers", "The numbers", _columns("Day Score> Coverage> Findings> Lock"), rows)


def _sources(report: HealthReport) -> Section:
    rows = tuple(
        (Cell(source.name), Cell(source.in_words), Cell(*source.state)) for source in sources_of(report)
    )
    elsewhere = Counter(
        row.audit.reason for row in report.packages if row.audit and row.audit.status is Status.NOT_APPLICABLE
    )
    notes = [] if rows else [Note("None was queried.", "warn")]
    notes += [
        Note(f"{counted(count, 'package')} not applicable: {reason}", "dim")
        for reason, count in sorted(elsewhere.items(), key=lambda one: (-one[1], one[0]))
    ]
    return Section("sources", "Sources", _columns("Source~ Facts~ State~"), rows, tuple(notes))


def packages(report: HealthReport) -> Section:
    """Return one row for each locked package with what every metric says."""
    rows = tuple(
        (
            _named(row),
            _audit(row),
            *(_score(one.score if one else None) for one in (row.currency, row.maintenance, row.popularity)),
            _via(row),
        )
        for row in report.packages
    )
    columns = _columns("Package~ Audit~ Currency> Maintenance> Popularity> Pulled_in_by~")
    return Section("packages", f"Every locked package ({len(rows)})", columns, rows, detail=True)


def by_package(report: HealthReport) -> Section:
    """Return one row for each vulnerable package, the most severe first: the findings of a first screen."""
    rows = []
    for group in cases_by_package(report):
        finding, row = group[0].finding, group[0].row
        advisories = finding.id if len(group) == 1 else f"{finding.id} and {len(group) - 1} more"
        fixes = [case.finding.fixed_in[0] for case in group if case.finding.fixed_in]
        fixed = str(max(map(Version, fixes))) if fixes else "no fix known"
        if 0 < len(fixes) < len(group):
            fixed += f" for {len(fixes)} of {len(group)}"
        chain = words.via_in_words(row)
        if len(chain) > _LONG_CHAIN:
            chain = " > ... > ".join((row.via[0], *row.via[1:][-1:]))
        rows.append(
            (
                Cell(f"{finding.package} {finding.version}", "title"),
                Cell(
                    f"{finding.severity}{', exploited' if finding.exploited else ''}",
                    words.STYLES[finding.severity],
                ),
                Cell(advisories),
                Cell(fixed, "" if len(fixes) == len(group) else "warn"),
                _via(*group[0].rows, chain=chain),
            )
        )
    columns = _columns("Package~ Severity Advisories~ Fixed_in Pulled_in_by~")
    return Section("findings", f"Vulnerable packages ({len(rows)})", columns, tuple(rows))


def _columns(titles: str) -> tuple[Column, ...]:
    """Return columns by their titles, ``_`` for a blank; ``~`` behind one that gives way, ``>`` behind one of numbers."""
    return tuple(
        Column(title.rstrip("~>").replace("_", " "), elastic=title.endswith("~"), right=title.endswith(">"))
        for title in titles.split()
    )


def _name(package: str, version: str) -> Cell:
    return Cell(f"{package} {version}", "title", code=True)


def _named(row: PackageRow) -> Cell:
    return _name(row.package.name, row.package.version)


def _advisory(finding: Finding) -> Cell:
    names = [*finding.aliases]
    names += [f"CVSS {finding.cvss:g}"] if finding.cvss is not None else []
    names += [f"known to be exploited since {finding.exploited} (CISA KEV)"] if finding.exploited else []
    names += [f"EPSS {words.percent(100 * finding.epss)}"] if finding.epss is not None else []
    below = filter(None, (finding.summary, ", ".join(names), *finding.notes))
    return Cell(finding.id, code=True, link=finding.url, below=tuple(below))


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
    if audit.status is not Status.AUDITED:
        levels.append(f"{audit.status}: {audit.reason}")
    return Cell(", ".join(levels) or "nothing known", "warn" if levels else "good")
