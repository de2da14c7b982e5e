"""The document ``poetry-aiops/health/1``: everything that a health report knows, for programs.

Texts stand as they are, escaped by JSON alone, but with public addresses only; an advisory's address that is
neither http nor https is null.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from poetry_aiops.cli.escape import web_address
from poetry_aiops.health.history import seen_row
from poetry_aiops.health.report.sources import sources_of
from poetry_aiops.health.report.words import cases, ignored_cases, json_text, metrics_in_order, stamp
from poetry_aiops.system.addresses import public_address, redact_addresses


if TYPE_CHECKING:
    from datetime import datetime

    from poetry_aiops.health.advisory import Finding, PackageAudit
    from poetry_aiops.health.against import FindingChanges
    from poetry_aiops.health.currency import Currency
    from poetry_aiops.health.fixes import ProposedFix
    from poetry_aiops.health.gate import Violation
    from poetry_aiops.health.history import TrendPoint
    from poetry_aiops.health.ignores import Ignore
    from poetry_aiops.health.maintenance import Maintenance
    from poetry_aiops.health.metric import Metric
    from poetry_aiops.health.news import News
    from poetry_aiops.health.popularity import Popularity
    from poetry_aiops.health.report.model import HealthReport, PackageRow
    from poetry_aiops.project.model import PackageKey


SCHEMA: Final = "poetry-aiops/health/1"


def health_json(report: HealthReport) -> str:
    """Return the document as text in ASCII."""
    return json_text({"schema": SCHEMA, **health_document(report)})


def health_document(report: HealthReport) -> dict[str, Any]:
    """Return the content of the document ``poetry-aiops/health/1``."""
    document: dict[str, Any] = _redacted(_document(report))
    return document


def _document(report: HealthReport) -> dict[str, Any]:
    ignored = report.ignored_names
    score = report.score
    return {
        "generated": stamp(report.generated),
        "tool": {"name": "poetry-aiops", "version": report.tool_version},
        "project": {"name": report.project, "version": report.project_version, "folder": report.folder},
        "lock": {"packages_sha256": report.lock_digest},
        "scope": report.scope or None,
        "complete": report.complete,
        "score": _rounded(score.value),
        "coverage": _rounded(score.coverage),
        "sufficient": score.is_sufficient,
        "reason": score.reason,
        "metrics": {
            name: _metric(metric, score.weights.get(name)) for name, metric in metrics_in_order(report)
        },
        "findings": [
            {
                "package": case.finding.package,
                "versions": list(dict.fromkeys(row.package.version for row in case.rows)),
                "groups": list(case.finding.groups),
                **_finding(case.finding, ignored=case.ignore is not None),
            }
            for case in (*cases(report), *ignored_cases(report))
        ],
        "packages": [_package(report, row, ignored) for row in report.packages],
        "sources": [
            {
                "kind": source.kind,
                "name": source.name,
                "address": _address(source.address or ""),
                "date": source.date,
                "sha256": source.sha256,
                "reachable": source.reachable,
                "problems": list(source.problems),
            }
            for source in sources_of(report)
        ],
        "gate": _gate(report),
        "ignored": [
            {
                "package": one.finding.package,
                "version": one.finding.version,
                "severity": str(one.finding.severity),
            }
            | _ignore(one.ignore, advisory=one.finding.id)
            for one in report.ignored
        ],
        "idle_ignores": [
            {**_ignore(one.ignore, advisory=None), "why": one.why, "lapsed": one.is_lapsed}
            for one in report.idle
        ],
        "fixes": [_fix(fix) for fix in report.fixes],
        "against": _change(report.change) if report.change else None,
        "news": _news(report.news) if report.news else None,
        "trend": [_point(point) for point in report.trend],
        "notes": list(report.notes),
    }


def _metric(metric: Metric | None, weight: float | None) -> dict[str, Any]:
    return {
        "asked": metric is not None,
        "score": _rounded(metric.score) if metric else None,
        "coverage": _rounded(metric.coverage) if metric else None,
        "weight": None if weight is None else round(weight, 4),
        "reason": metric.reason if metric else "not requested",
        "inputs": dict(metric.inputs) if metric else {},
    }


def _package(
    report: HealthReport, row: PackageRow, ignored: frozenset[tuple[PackageKey, str]]
) -> dict[str, Any]:
    package, audit = row.package, row.audit
    place = report.locations.get(package.key)
    source = package.source
    return {
        "name": package.name,
        "version": package.version,
        "source": {"type": source.type, "url": public_address(source.url), "reference": source.reference}
        if source
        else None,
        "groups": list(package.groups or ()),
        "direct": row.direct,
        "via": list(row.via),
        "location": {"pyproject": place.pyproject if place else None, "lock": place.lock if place else None},
        **_audit(audit, ignored),
        "currency": _currency(row.currency) if row.currency else None,
        "maintenance": _maintenance(row.maintenance) if row.maintenance else None,
        "popularity": _popularity(row.popularity) if row.popularity else None,
        "license": row.licence.expression or None if row.licence else None,
        "license_from": row.licence.origin or None if row.licence else None,
        "license_reason": row.licence.reason if row.licence else "not requested",
        "signals": [
            {"kind": str(signal.kind), "grave": signal.kind.is_grave, "message": signal.message}
            for signal in row.signals
        ],
    }


def _audit(audit: PackageAudit | None, ignored: frozenset[tuple[PackageKey, str]]) -> dict[str, Any]:
    """Return what the audit says of one package; ``audited`` is null when security was not requested."""
    if audit is None:
        nothing = {"audited": None, "reason": "not requested", "audited_as": None, "dev_only": None}
        return {**nothing, "advisories": [], "notes": []}
    found = [*audit.findings, *audit.withdrawn]
    return {
        "audited": str(audit.status),
        "reason": audit.reason,
        "audited_as": audit.audited_as,
        "dev_only": audit.dev_only,
        "advisories": [
            _finding(one, ignored=any((audit.key, name) in ignored for name in one.names)) for one in found
        ],
        "notes": list(audit.notes),
    }


def _finding(finding: Finding, *, ignored: bool) -> dict[str, Any]:
    return {
        "id": finding.id,
        "aliases": list(finding.aliases),
        "records": list(finding.records),
        "severity": str(finding.severity),
        "cvss": finding.cvss,
        "vector": finding.rating.vector,
        "rated_by": finding.rating.origin,
        "fixed_in": list(finding.fixed_in),
        "withdrawn": finding.withdrawn,
        "ignored": ignored,
        "summary": finding.summary,
        "url": web_address(finding.url),
        "published": finding.published or None,
        "exploited": finding.exploited or None,
        "epss": finding.epss,
        "notes": list(finding.notes),
    }


def _currency(one: Currency) -> dict[str, Any]:
    barred = one.barred
    return {
        "applicable": one.applicable,
        "score": _rounded(one.score),
        "reason": one.reason,
        "released": _time(one.released),
        "wanted": one.wanted,
        "latest": one.latest,
        "latest_released": _time(one.latest_released),
        "libyears": _rounded(one.libyears),
        "behind": one.behind,
        "held_back_by": [
            {"holder": demand.holder, "kind": demand.kind, "constraint": demand.constraint}
            for demand in one.held_back_by
        ],
        "barred": {"version": barred.version, "obstacle": barred.obstacle, "needs": barred.needs}
        if barred
        else None,
    }


def _maintenance(one: Maintenance) -> dict[str, Any]:
    return {
        "applicable": one.applicable,
        "score": _rounded(one.score),
        "reason": one.reason,
        "last_release": _time(one.last_release),
        "years": _rounded(one.years),
        "releases_24_months": one.releases_24_months,
        "owners": one.owners,
        "owners_reason": one.owners_reason,
        "status": one.status,
        "status_reason": one.status_reason,
    }


def _popularity(one: Popularity) -> dict[str, Any]:
    return {
        "applicable": one.applicable,
        "score": _rounded(one.score),
        "reason": one.reason,
        "downloads": one.downloads,
        "source": one.source or None,
        "date": one.date or None,
    }


def _gate(report: HealthReport) -> dict[str, Any]:
    gate, rules = report.gate, report.rules
    return {
        "passed": gate.passed,
        "exit_code": gate.exit_code,
        "rules": {
            "fail_on": rules.fail_on,
            "min_score": rules.min_score,
            "fail_on_signals": sorted(map(str, rules.fail_on_signals)),
            "fixable_only": rules.fixable_only,
        },
        "violations": [_violation(one) for one in gate.violations],
        "incomplete": list(gate.incomplete),
    }


def _violation(one: Violation) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "id": one.id,
        "message": one.message,
        "package": one.package or None,
        "version": one.version or None,
        "severity": str(one.severity) if one.severity else None,
    }


def _ignore(ignore: Ignore, advisory: str | None) -> dict[str, Any]:
    return {
        "id": ignore.id,
        "advisory": advisory,
        "reason": ignore.reason,
        "owner": ignore.owner or None,
        "expires": ignore.expires.isoformat() if ignore.expires else None,
        "until_fixed": ignore.until_fixed,
        "key_path": ignore.key_path,
    }


def _fix(fix: ProposedFix) -> dict[str, Any]:
    return {
        "package": fix.package,
        "from": fix.from_version,
        "to": fix.to_version or None,
        "advisories": list(fix.advisories),
        "how": fix.how,
        "blockers": list(fix.reasons),
        "edit": fix.edit or None,
        "diff": list(fix.diff),
    }


def _change(change: FindingChanges) -> dict[str, Any]:
    return {
        "revision": change.revision,
        "commit": change.commit,
        **{
            name: [
                {"package": one.package, "version": one.version, "id": one.id, "severity": str(one.severity)}
                for one in findings
            ]
            for name, findings in (("new", change.new), ("fixed", change.fixed), ("still", change.still))
        },
    }


def _news(news: News) -> dict[str, Any]:
    return {
        "since": _time(news.since),
        "lock_changed": news.lock_changed,
        "locked": list(news.locked),
        "dropped": list(news.dropped),
        "feeds": list(news.feeds),
        "findings": [{**seen_row(one.seen), "cause": one.cause, "worse": one.worse} for one in news.findings],
        "resolved": [seen_row(seen) for seen in news.resolved],
        "signals": [{"package": package, "kind": str(kind)} for package, kind in news.signals],
        "blind": list(news.blind),
        "sees_again": news.sees_again,
    }


def _point(point: TrendPoint) -> dict[str, Any]:
    return {
        "generated": stamp(point.generated),
        "score": _rounded(point.score),
        "coverage": _rounded(point.coverage),
        "metrics": {name: _rounded(score) for name, score in point.metrics.items()},
        "findings": {str(level): count for level, count in point.findings.items()},
        "lock_changed": point.lock_changed,
    }


def _redacted(value: Any) -> Any:  # noqa: ANN401 - any part of a JSON document
    if isinstance(value, str):
        return redact_addresses(value)
    if isinstance(value, dict):
        return {redact_addresses(key): _redacted(one) for key, one in value.items()}
    return [_redacted(one) for one in value] if isinstance(value, list) else value


def _address(text: str) -> str | None:
    return web_address(public_address(text))


def _time(value: datetime | None) -> str | None:
    return stamp(value) if value else None


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
