"""The document ``poetry-aiops/health/1``: everything that a health report knows, for programs.

Texts stand as they are, escaped by JSON alone, but with public addresses only; an advisory's address that is
neither http nor https is null.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from poetry_aiops.cli.document import picked, plain
from poetry_aiops.cli.escape import web_address
from poetry_aiops.health.history import seen_row
from poetry_aiops.health.report.cases import cases, ignored_cases
from poetry_aiops.health.report.sources import sources_of
from poetry_aiops.health.report.words import json_text, metrics_in_order
from poetry_aiops.system.addresses import public_address, redact_addresses


if TYPE_CHECKING:
    from poetry_aiops.health.advisory import Finding, PackageAudit
    from poetry_aiops.health.currency import Currency
    from poetry_aiops.health.ignores import Ignore
    from poetry_aiops.health.metric import Metric
    from poetry_aiops.health.news import News
    from poetry_aiops.health.report.model import HealthReport, PackageRow
    from poetry_aiops.project.model import PackageKey

    IgnoredNames = frozenset[tuple[PackageKey, str]]


SCHEMA: Final = "poetry-aiops/health/1"


def health_json(report: HealthReport) -> str:
    """Return the document as text in ASCII."""
    return json_text({"schema": SCHEMA, **health_document(report)})


def health_document(report: HealthReport) -> dict[str, Any]:
    """Return the content of the document ``poetry-aiops/health/1``."""
    document: dict[str, Any] = plain(_document(report), redact_addresses)
    return document


def _document(report: HealthReport) -> dict[str, Any]:
    ignored, score, gate, change = report.ignored_names, report.score, report.gate, report.change
    return {
        "generated": report.generated,
        "tool": {"name": "poetry-aiops", "version": report.tool_version},
        "project": {"name": report.project, "version": report.project_version, "folder": report.folder},
        "lock": {"packages_sha256": report.lock_digest},
        "scope": report.scope or None,
        "complete": report.complete,
        "score": picked(score, "value")["value"],
        **picked(score, "coverage"),
        "sufficient": score.is_sufficient,
        "reason": score.reason,
        "metrics": {
            name: _metric(metric, score.weights.get(name)) for name, metric in metrics_in_order(report)
        },
        "findings": [
            {
                "package": case.finding.package,
                "versions": list(dict.fromkeys(row.package.version for row in case.rows)),
                "groups": case.finding.groups,
                **_finding(case.finding, ignored=case.ignore is not None),
            }
            for case in (*cases(report), *ignored_cases(report))
        ],
        "packages": [_package(report, row, ignored) for row in report.packages],
        "sources": [
            {
                **picked(source, "kind name"),
                "address": web_address(public_address(source.address or "")),
                **picked(source, "date sha256 reachable problems"),
            }
            for source in sources_of(report)
        ],
        "gate": {
            **picked(gate, "passed exit_code"),
            "rules": {
                "fail_on": report.rules.fail_on,
                "min_score": report.rules.min_score,
                "fail_on_signals": sorted(report.rules.fail_on_signals),
                "fixable_only": report.rules.fixable_only,
            },
            "violations": [
                picked(one, "kind id message package? version? severity?") for one in gate.violations
            ],
            "incomplete": gate.incomplete,
        },
        "ignored": [
            {**picked(one.finding, "package version severity"), **_ignore(one.ignore, one.finding.id)}
            for one in report.ignored
        ],
        "idle_ignores": [
            {**_ignore(one.ignore, None), "why": one.why, "lapsed": one.is_lapsed} for one in report.idle
        ],
        "fixes": [
            {
                "package": fix.package,
                "from": fix.from_version,
                "to": fix.to_version or None,
                **picked(fix, "advisories how"),
                "blockers": fix.reasons,
                **picked(fix, "edit? diff"),
            }
            for fix in report.fixes
        ],
        "against": change
        and {
            **picked(change, "revision commit"),
            **{
                name: [picked(one, "package version id severity") for one in findings]
                for name, findings in picked(change, "new fixed still").items()
            },
        },
        "news": _news(report.news) if report.news else None,
        "trend": [
            {
                **picked(point, "generated score coverage"),
                "metrics": {name: score and round(score, 2) for name, score in point.metrics.items()},
                **picked(point, "findings lock_changed"),
            }
            for point in report.trend
        ],
        "notes": report.notes,
    }


def _metric(metric: Metric | None, weight: float | None) -> dict[str, Any]:
    known = picked(metric, "score coverage") if metric else dict.fromkeys(("score", "coverage"))
    return {
        "asked": metric is not None,
        **known,
        "weight": None if weight is None else round(weight, 4),
        "reason": metric.reason if metric else "not requested",
        "inputs": metric.inputs if metric else {},
    }


def _package(report: HealthReport, row: PackageRow, ignored: IgnoredNames) -> dict[str, Any]:
    package, source, place = row.package, row.package.source, report.locations.get(row.package.key)
    rated = "applicable score reason"
    return {
        **picked(package, "name version"),
        "source": source
        and {"type": source.type, "url": public_address(source.url), "reference": source.reference},
        "groups": package.groups or (),
        **picked(row, "direct via"),
        "location": picked(place, "pyproject lock") if place else {"pyproject": None, "lock": None},
        **_audit(row.audit, ignored),
        "currency": row.currency and _currency(row.currency, rated),
        "maintenance": row.maintenance
        and picked(
            row.maintenance,
            f"{rated} last_release years releases_24_months owners owners_reason status status_reason",
        ),
        "popularity": row.popularity and picked(row.popularity, f"{rated} downloads source? date?"),
        "license": (row.licence and row.licence.expression) or None,
        "license_from": (row.licence and row.licence.origin) or None,
        "license_reason": row.licence.reason if row.licence else "not requested",
        "signals": [
            {"kind": signal.kind, "grave": signal.kind.is_grave, "message": signal.message}
            for signal in row.signals
        ],
    }


def _audit(audit: PackageAudit | None, ignored: IgnoredNames) -> dict[str, Any]:
    """Return what the audit says of one package; ``audited`` is null when security was not requested."""
    if audit is None:
        nothing = {"audited": None, "reason": "not requested", "audited_as": None, "dev_only": None}
        return {**nothing, "advisories": [], "notes": []}
    return {
        "audited": audit.status,
        **picked(audit, "reason audited_as dev_only"),
        "advisories": [
            _finding(one, ignored=any((audit.key, name) in ignored for name in one.names))
            for one in (*audit.findings, *audit.withdrawn)
        ],
        "notes": audit.notes,
    }


def _finding(finding: Finding, *, ignored: bool) -> dict[str, Any]:
    return {
        **picked(finding, "id aliases records severity cvss"),
        "vector": finding.rating.vector,
        "rated_by": finding.rating.origin,
        **picked(finding, "fixed_in withdrawn"),
        "ignored": ignored,
        "summary": finding.summary,
        "url": web_address(finding.url),
        **picked(finding, "published? exploited?"),
        "epss": finding.epss,
        "notes": finding.notes,
    }


def _currency(one: Currency, rated: str) -> dict[str, Any]:
    return {
        **picked(one, f"{rated} released wanted latest latest_released libyears behind"),
        "held_back_by": [picked(demand, "holder kind constraint") for demand in one.held_back_by],
        "barred": one.barred,
    }


def _ignore(ignore: Ignore, advisory: str | None) -> dict[str, Any]:
    return {
        "id": ignore.id,
        "advisory": advisory,
        **picked(ignore, "reason owner? expires until_fixed key_path"),
    }


def _news(news: News) -> dict[str, Any]:
    return {
        **picked(news, "since lock_changed locked dropped feeds"),
        "findings": [{**seen_row(one.seen), "cause": one.cause, "worse": one.worse} for one in news.findings],
        "resolved": [seen_row(seen) for seen in news.resolved],
        "signals": [{"package": package, "kind": kind} for package, kind in news.signals],
        **picked(news, "blind sees_again"),
    }
