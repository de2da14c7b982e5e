from __future__ import annotations

import json
from dataclasses import replace

from tests.unit.health.health_sample import sample

from poetry_aiops.health.advisory import Status
from poetry_aiops.health.ignores import Ignore, Ignored
from poetry_aiops.health.report.pip_audit import health_pip_audit


def test_a_package_that_could_not_be_audited_is_skipped_though_what_is_known_of_it_is_ignored() -> None:
    report = sample()
    assert report.audit is not None
    found = next(one for one in report.audit.packages if one.findings)
    failed = replace(found, status=Status.FAILED, reason="the service was silent")
    ignored = tuple(Ignored(one, Ignore(one.id, "why")) for one in found.findings)
    audit = replace(report.audit, packages=(failed,))

    document = json.loads(health_pip_audit(replace(report, audit=audit, ignored=ignored)))
    known = json.loads(health_pip_audit(replace(report, audit=audit, ignored=())))

    assert document["dependencies"] == [{"name": found.name, "skip_reason": "the service was silent"}]
    assert len(known["dependencies"][0]["vulns"]) == len(found.findings)
