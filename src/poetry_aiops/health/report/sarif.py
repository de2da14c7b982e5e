"""A health report as SARIF 2.1.0 (OASIS), in the form that GitHub's code scanning reads.

One result for each advisory of a package name, whatever builds of it are locked; it points to the line of
pyproject.toml that pulls the package in and, as a related location, to each entry in poetry.lock. Fingerprints are made
of the package and the advisory alone, so that moved lines and other versions keep their alert.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final

from poetry_aiops.cli.document import stamp
from poetry_aiops.cli.escape import for_sarif
from poetry_aiops.health.advisory import Severity
from poetry_aiops.health.report import words
from poetry_aiops.health.report.alerts import alerts
from poetry_aiops.health.report.cases import LOCK, as_uri, in_repository, open_audits, place_of
from poetry_aiops.health.report.sarif_rules import rule_of


if TYPE_CHECKING:
    from collections.abc import Iterable

    from poetry_aiops.health.report.alerts import Alert
    from poetry_aiops.health.report.model import HealthReport, PackageRow


SCHEMA_URI: Final = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
FINGERPRINT: Final = "poetryHealth/v1"
_ROOT: Final = "%SRCROOT%"
_LEVELS: Final = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.UNKNOWN: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
}


def health_sarif(*reports: HealthReport) -> str:
    """Return the SARIF document as text in ASCII."""
    return words.json_text(sarif_document(*reports))


def sarif_document(*reports: HealthReport) -> dict[str, Any]:
    """Return the SARIF document: one run for each report."""
    return {"$schema": SCHEMA_URI, "version": "2.1.0", "runs": [_run(report) for report in reports]}


def _run(report: HealthReport) -> dict[str, Any]:
    rules: list[dict[str, Any]] = []
    places: dict[str, int] = {}
    results = []
    for alert in alerts(report):
        rule = rule_of(alert)
        place = places.setdefault(rule["id"], len(rules))
        if place == len(rules):
            rules.append(rule)
        results.append({"ruleId": rule["id"], "ruleIndex": place, **_result(report, alert)})
    driver: dict[str, Any] = {"name": "poetry-health", "rules": rules}
    if report.tool_version:
        driver["version"] = for_sarif(report.tool_version)
    return {
        "tool": {"driver": driver},
        "automationDetails": {"id": f"poetry-health/{for_sarif(in_repository(report, ''))}"},
        "invocations": [_invocation(report)],
        "originalUriBaseIds": {_ROOT: {"description": {"text": "The root of the repository."}}},
        "columnKind": "unicodeCodePoints",
        "results": results,
        "properties": {
            "score": None if report.score.value is None else round(report.score.value, 2),
            "coverage": round(report.score.coverage, 2),
            "complete": report.complete,
        },
    }


def _result(report: HealthReport, alert: Alert) -> dict[str, Any]:
    case, name = alert.case, alert.rows[0].package.name if alert.rows else alert.subject
    file, line = place_of(report, alert.rows[0] if alert.rows else None)
    digest = hashlib.sha256(f"{name}\0{alert.id}".encode("utf-8", "replace")).hexdigest()
    level = "error" if alert.fails else "warning"
    result: dict[str, Any] = {
        "level": _LEVELS[case.finding.severity] if case else level,
        "message": {"text": for_sarif(": ".join(filter(None, (alert.subject, alert.message))), 1000)},
        "locations": [_location(file, line)],
        "relatedLocations": [
            {
                "id": number,
                "message": {"text": f"the entry in {LOCK}"},
                **_location(in_repository(report, LOCK), entry),
            }
            for number, entry in enumerate(_lock_lines(report, alert.rows), start=1)
        ],
        "partialFingerprints": {FINGERPRINT: digest},
    }
    if case is not None and case.ignore is not None:
        reason = for_sarif(f"{case.ignore.reason} ({words.terms_in_words(case.ignore)})")
        result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": reason}]
    return result


def _lock_lines(report: HealthReport, rows: Iterable[PackageRow]) -> list[int]:
    places = [report.locations.get(row.package.key) for row in rows]
    return sorted({place.lock for place in places if place and place.lock})


def _location(file: str, line: int | None) -> dict[str, Any]:
    where: dict[str, Any] = {"artifactLocation": {"uri": as_uri(file), "uriBaseId": _ROOT}}
    where["region"] = {"startLine": line or 1}
    return {"physicalLocation": where}


def _invocation(report: HealthReport) -> dict[str, Any]:
    """Return how the run went; one that left a question open was not successful."""
    open_questions = [_notification("error", question) for question in report.gate.incomplete]
    failed = []
    for row in open_audits(report):
        reason = row.audit.reason if row.audit else ""
        text = f"{row.package.name} {row.package.version} was not audited: {reason}"
        failed.append({**_notification("warning", text), "locations": [_location(*place_of(report, row))]})
    notes = [_notification("note", note) for note in report.notes]
    return {
        "executionSuccessful": report.complete,
        "exitCode": report.gate.exit_code,
        "endTimeUtc": stamp(report.generated),
        "toolExecutionNotifications": [*open_questions, *failed, *notes],
        "toolConfigurationNotifications": [_notification("warning", str(one)) for one in report.idle],
    }


def _notification(level: str, text: str) -> dict[str, Any]:
    return {"level": level, "message": {"text": for_sarif(text)}}
