"""The rules of a SARIF document: one for each advisory, each kind of signal, and each other rule of the gate."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from poetry_aiops.cli.escape import for_markdown, for_sarif, web_address
from poetry_aiops.health.advisory import Severity


if TYPE_CHECKING:
    from poetry_aiops.health.advisory import Finding
    from poetry_aiops.health.report.alerts import Alert


_WITHOUT_SCORE: Final = {Severity.CRITICAL: 9.5, Severity.HIGH: 8.0, Severity.MEDIUM: 5.5, Severity.LOW: 2.0}
_BANDS: Final = {
    Severity.CRITICAL: (9.0, 10.0),
    Severity.HIGH: (7.0, 8.9),
    Severity.MEDIUM: (4.0, 6.9),
    Severity.LOW: (0.1, 3.9),
}
"""GitHub reads the level from the number again, so that it must be in the band of the level that we report."""

_ODD: Final = re.compile(r"[^A-Za-z0-9._-]+")


def rule_of(alert: Alert) -> dict[str, Any]:
    """Return the rule that an alert comes from."""
    if alert.case is not None:
        return advisory_rule(alert.case.finding)
    words = alert.id.replace("-", " ")
    if alert.kind == "signal":
        more = "The package's own index says so; poetry health reads it without any advisory."
        return _rule(f"signal-{alert.id}", "SupplyChainSignal", f"Supply-chain signal: {words}.", more)
    more = "[tool.poetry-aiops.health] in pyproject.toml, or an option of the run, says so."
    return _rule(alert.id, "HealthPolicy", f"Health policy: {words}.", more)


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


def _rule(identity: str, name: str, text: str, more: str) -> dict[str, Any]:
    return {
        "id": identity,
        "name": name,
        "shortDescription": {"text": text},
        "fullDescription": {"text": text},
        "help": {"text": f"{text} {more}", "markdown": f"{text} {more}"},
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
    fixed = ", ".join(finding.fixed_in) or "no known version"
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
