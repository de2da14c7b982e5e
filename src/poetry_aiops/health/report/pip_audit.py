"""The document that ``pip-audit --format json --desc on --aliases on`` writes, for pipelines that read it.

Its form is that of ``pip_audit/_format/json.py`` (pip-audit 2.10): a package that could not be audited has a
``skip_reason``, and what the policy ignores is left out.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from poetry_aiops.cli.escape import clipped
from poetry_aiops.health.advisory import Status
from poetry_aiops.health.report.words import json_text


if TYPE_CHECKING:
    from poetry_aiops.health.advisory import Finding, PackageAudit
    from poetry_aiops.health.report.model import HealthReport


def health_pip_audit(report: HealthReport) -> str:
    """Return the document as text in ASCII; its ``fixes`` are empty, as without ``--fix``."""
    ignored = report.ignored_names
    rows = (
        _dependency(
            one,
            [found for found in one.findings if ignored.isdisjoint((one.key, name) for name in found.names)],
        )
        for one in (report.audit.packages if report.audit else ())
    )
    unique = {json.dumps(row, sort_keys=True): row for row in rows}
    return json_text({"dependencies": list(unique.values()), "fixes": []})


def _dependency(package: PackageAudit, findings: list[Finding]) -> dict[str, Any]:
    if package.status is not Status.AUDITED and not findings:
        return {"name": clipped(package.name), "skip_reason": clipped(package.reason) or str(package.status)}
    return {
        "name": clipped(package.name),
        "version": clipped(package.version),
        "vulns": [
            {
                "id": clipped(finding.id),
                "fix_versions": list(finding.fixed_in),
                "aliases": [clipped(name) for name in finding.aliases],
                "description": clipped(finding.summary) or "N/A",
            }
            for finding in findings
        ],
    }
