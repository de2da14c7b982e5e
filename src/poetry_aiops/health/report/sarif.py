"""A health report as SARIF 2.1.0 (OASIS), in the form that GitHub's code scanning reads.

One result for each advisory of a package name, whatever builds of it are locked; it points to the line of
pyproject.toml that pulls the package in and, as a related location, to each entry in poetry.lock. Fingerprints are made
of the package and the advisory alone, so that moved lines and other versions keep their alert.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any, Final

from poetry_aiops.cli.escape import for_markdown, for_sarif, web_address
from poetry_aiops.health.advisory import Severity
from poetry_aiops.health.report import words
from poetry_aiops.health.report.words import LOCK, as_uri, in_repository, place_of
from poetry_aiops.health.signals import SignalKind


if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from poetry_aiops.health.advisory import Finding
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
    rules: dict[str, dict[str, Any]] = {}
    results = [*_advisories(report, rules), *_signals(report, rules)]
    order = {identity: index for index, identity in enumerate(rules)}
    for result in results:
        result["ruleIndex"] = order[result["ruleId"]]
    driver: dict[str, Any] = {"name": "poetry-health", "rules": list(rules.values())}
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


def _advisories(report: HealthReport, rules: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    cases = (*words.cases(report), *words.ignored_cases(report))
    for case in cases:
        rules.setdefault(rule_id(case.finding.id), advisory_rule(case.finding))
    return [_advisory(report, case) for case in cases]


def _advisory(report: HealthReport, case: words.FindingRows) -> dict[str, Any]:
    finding = case.finding
    fixed = f"fixed in {finding.fixed_in[0]}" if finding.fixed_in else "no fixed version is known"
    text = (
        f"{finding.package} {finding.version} has {finding.id}: {finding.summary or 'no summary is given'} ({fixed};"
        f" pulled in: {words.via_in_words(case.row)})"
    )
    result = {
        "ruleId": rule_id(finding.id),
        "level": _LEVELS[finding.severity],
        **_pointing(report, text, case.rows, (finding.package, finding.id)),
    }
    if case.ignore is not None:
        terms = words.terms_in_words(case.ignore)
        reason = for_sarif(f"{case.ignore.reason} ({terms})")
        result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": reason}]
    return result


def _signals(report: HealthReport, rules: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    results = []
    for row, index in words.signalled(report):
        signal = row.signals[index]
        fails = signal.kind in report.rules.fail_on_signals
        if not fails and not signal.kind.is_grave:
            continue
        rule = signal_rule(signal.kind)
        rules.setdefault(rule["id"], rule)
        text = f"{row.package.name} {row.package.version}: {signal.message}"
        pointing = _pointing(report, text, [row], (row.package.name, str(signal.kind)))
        results.append({"ruleId": rule["id"], "level": "error" if fails else "warning", **pointing})
    return results


def _pointing(
    report: HealthReport, text: str, rows: Sequence[PackageRow], identity: Iterable[str]
) -> dict[str, Any]:
    file, line = place_of(report, rows[0])
    digest = hashlib.sha256("\0".join(identity).encode("utf-8", "replace")).hexdigest()
    message = for_sarif(text, 1000)
    return {
        "message": {"text": message},
        "locations": [_location(file, line)],
        "relatedLocations": [
            {
                "id": number,
                "message": {"text": f"the entry in {LOCK}"},
                **_location(in_repository(report, LOCK), entry),
            }
            for number, entry in enumerate(_lock_lines(report, rows), start=1)
        ],
        "partialFingerprints": {FINGERPRINT: digest},
    }


def _lock_lines(report: HealthReport, rows: Iterable[PackageRow]) -> list[int]:
    places = [report.locations.get(row.package.key) for row in rows]
    return sorted({place.lock for place in places if place and place.lock})


def _location(file: str, line: int | None) -> dict[str, Any]:
    where: dict[str, Any] = {"artifactLocation": {"uri": as_uri(file), "uriBaseId": _ROOT}}
    where["region"] = {"startLine": line or 1}
    return {"physicalLocation": where}


def _invocation(report: HealthReport) -> dict[str, Any]:
    """Return how the run went; one that left a question open was not successful."""
    open_questions = [
        {"level": "error", "message": {"text": for_sarif(question)}} for question in report.gate.incomplete
    ]
    failed = []
    for row in words.open_audits(report):
        reason = row.audit.reason if row.audit else ""
        text = for_sarif(f"{row.package.name} {row.package.version} was not audited: {reason}")
        failed.append(
            {"level": "warning", "message": {"text": text}, "locations": [_location(*place_of(report, row))]}
        )
    idle = [
        {
            "level": "warning",
            "message": {"text": for_sarif(f"{one.ignore.key_path} {one.ignore.id}: {one.why}")},
        }
        for one in report.idle
    ]
    notes = [{"level": "note", "message": {"text": for_sarif(note)}} for note in report.notes]
    return {
        "executionSuccessful": report.complete,
        "exitCode": report.gate.exit_code,
        "endTimeUtc": words.stamp(report.generated),
        "toolExecutionNotifications": [*open_questions, *failed, *notes],
        "toolConfigurationNotifications": idle,
    }


_WITHOUT_SCORE: Final = {Severity.CRITICAL: 9.5, Severity.HIGH: 8.0, Severity.MEDIUM: 5.5, Severity.LOW: 2.0}
_BANDS: Final = {
    Severity.CRITICAL: (9.0, 10.0),
    Severity.HIGH: (7.0, 8.9),
    Severity.MEDIUM: (4.0, 6.9),
    Severity.LOW: (0.1, 3.9),
}
"""GitHub reads the level from the number again, so that it must be in the band of the level that we report."""

_ODD: Final = re.compile(r"[^A-Za-z0-9._-]+")
_SIGNALS: Final = {
    SignalKind.QUARANTINED: "The index has quarantined the project",
    SignalKind.GONE: "The locked release is no longer on its index",
    SignalKind.YANKED: "The locked release was yanked",
    SignalKind.PROVENANCE_LOST: "The locked release has no provenance, the one before it has",
    SignalKind.ARCHIVED: "The project is archived",
    SignalKind.DEPRECATED: "The project is deprecated",
    SignalKind.INACTIVE: "The project calls itself inactive",
    SignalKind.YOUNG: "The locked release is very young",
    SignalKind.SDIST_ONLY: "The locked release has no wheel",
    SignalKind.PYTHON_END_OF_LIFE: "The project allows a Python without security fixes",
    SignalKind.NO_PROVENANCE: "The locked release has no provenance",
}


def rule_id(identity: str) -> str:
    """Return an advisory's id as the id of a rule, which takes plain letters only."""
    return _ODD.sub("-", for_sarif(identity, 200)) or "unnamed"


def advisory_rule(finding: Finding) -> dict[str, Any]:
    """Return the rule of an advisory, with help and, where the severity is known, ``security-severity``."""
    summary = for_sarif(finding.summary or finding.id)
    rule: dict[str, Any] = {
        "id": rule_id(finding.id),
        "name": "KnownVulnerability",
        "shortDescription": {
            "text": for_sarif(f"{finding.id}: {finding.summary}" if finding.summary else finding.id, 120)
        },
        "fullDescription": {"text": summary},
        "help": {"text": "\n".join(_help(finding)), "markdown": "\n\n".join(_help_markdown(finding))},
        "properties": {"tags": ["security", "vulnerability", "dependency"], "precision": "very-high"},
    }
    address = web_address(finding.url)
    if address:
        rule["helpUri"] = address
    severity = security_severity(finding)
    if severity:
        rule["properties"]["security-severity"] = severity
    return rule


def signal_rule(kind: SignalKind) -> dict[str, Any]:
    """Return the rule of a kind of supply-chain signal."""
    text = f"{_SIGNALS[kind]}."
    help_text = f"{text} The package's own index says so; poetry health reads it without any advisory."
    return {
        "id": f"signal-{kind}",
        "name": "SupplyChainSignal",
        "shortDescription": {"text": text},
        "fullDescription": {"text": text},
        "help": {"text": help_text, "markdown": help_text},
        "properties": {"tags": ["supply-chain", "dependency"], "precision": "high"},
    }


def security_severity(finding: Finding) -> str | None:
    """Return the number from 0.1 to 10 by which GitHub ranks, None where its severity is unknown."""
    if finding.severity is Severity.UNKNOWN:
        return None
    low, high = _BANDS[finding.severity]
    score = _WITHOUT_SCORE[finding.severity] if finding.cvss is None else finding.cvss
    return f"{min(high, max(low, score)):.1f}"


def _help(finding: Finding) -> list[str]:
    fixed = ", ".join(finding.fixed_in) or "no version that is known"
    return [
        for_sarif(finding.summary or finding.id),
        for_sarif(
            f"Severity: {finding.severity}{f', CVSS {finding.cvss:g}' if finding.cvss is not None else ''}"
        ),
        for_sarif(f"Also known as: {', '.join(finding.aliases) or 'nothing else'}"),
        for_sarif(f"Fixed in: {fixed}"),
        "What to do: `poetry health --fix --dry-run` shows whether the lock can move to a fixed version.",
    ]


def _help_markdown(finding: Finding) -> list[str]:
    *facts, last = _help(finding)
    address = web_address(finding.url)
    link = [f"[{for_markdown(finding.id)}](<{address}>)"] if address else []
    return [*map(for_markdown, facts), *link, last]
