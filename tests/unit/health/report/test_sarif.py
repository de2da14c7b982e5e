from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import fastjsonschema
import pytest
from tests.unit.health.health_hostile import hostile
from tests.unit.health.health_sample import JINJA, TORCH, TORCH_CRITICAL, audited, blind, clean, rated, sample

from poetry_aiops.health.advisory import Audit
from poetry_aiops.health.gate import Gate, Violation
from poetry_aiops.health.report.model import HealthReport, Location
from poetry_aiops.health.report.sarif import health_sarif, sarif_document


VARIABLE = "POETRY_AIOPS_SARIF_SCHEMA"


def run_of(report: HealthReport) -> dict[str, Any]:
    run: dict[str, Any] = json.loads(health_sarif(report))["runs"][0]
    return run


def results(report: HealthReport) -> dict[str, dict[str, Any]]:
    return {one["ruleId"]: one for one in run_of(report)["results"]}


@pytest.mark.parametrize(
    "report", [sample(), clean(), blind(), hostile("x](y")], ids=["sample", "clean", "blind", "hostile"]
)
def test_the_document_conforms_to_the_official_schema(report: HealthReport) -> None:
    path = os.environ.get(VARIABLE)
    if not path:
        pytest.skip(f"{VARIABLE} names no copy of the SARIF 2.1.0 schema")
    schema = json.loads(Path(path).read_text("utf-8-sig"))
    # fastjsonschema knows drafts up to 7; the schema uses nothing newer.
    fastjsonschema.compile({**schema, "$schema": "http://json-schema.org/draft-07/schema#"})(
        sarif_document(report)
    )


@pytest.mark.parametrize(
    "report", [sample(), clean(), blind(), hostile("x](y")], ids=["sample", "clean", "blind", "hostile"]
)
def test_the_document_has_what_the_standard_and_code_scanning_demand(report: HealthReport) -> None:
    document = json.loads(health_sarif(report))
    run = document["runs"][0]
    rules = run["tool"]["driver"]["rules"]

    assert document["version"] == "2.1.0"
    assert len({rule["id"] for rule in rules}) == len(rules)
    for rule in rules:
        assert rule["shortDescription"]["text"]
        assert rule["help"]["text"]
        assert 0 < float(rule["properties"].get("security-severity", "5")) <= 10
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in {"error", "warning", "note"}
        assert result["message"]["text"]
        assert len(result["partialFingerprints"]["poetryHealth/v1"]) == 64
        assert result["locations"][0]["physicalLocation"]["region"]["startLine"] >= 1
        related = [one["id"] for one in result["relatedLocations"]]
        assert len(set(related)) == len(related)


def test_a_result_points_to_the_line_that_pulls_the_package_in_and_to_its_lock_entry() -> None:
    result = results(sample())["GHSA-53q9-r3pm-6pq6"]
    place = result["locations"][0]["physicalLocation"]
    lock = result["relatedLocations"][0]["physicalLocation"]

    assert (place["artifactLocation"]["uri"], place["region"]["startLine"]) == ("pyproject.toml", 21)
    assert (lock["artifactLocation"]["uri"], lock["region"]["startLine"]) == ("poetry.lock", 90)


def test_a_project_in_a_folder_of_the_repository_is_found_there() -> None:
    place = results(replace(sample(), folder="a b/../api"))["GHSA-53q9-r3pm-6pq6"]["locations"][0]

    assert place["physicalLocation"]["artifactLocation"]["uri"] == "a%20b/api/pyproject.toml"


def test_severities_are_told_as_github_ranks_them() -> None:
    run = run_of(sample())
    ranks = {
        rule["id"]: rule["properties"].get("security-severity") for rule in run["tool"]["driver"]["rules"]
    }

    assert ranks["GHSA-53q9-r3pm-6pq6"] == "9.8"
    assert ranks["GHSA-2c2j-9gv5-cj73"] == "3.7"
    assert ranks["PYSEC-2021-66"] is None  # unknown; the level stays error
    assert results(sample())["PYSEC-2021-66"]["level"] == "error"


def test_fingerprints_outlive_moved_lines_and_other_versions() -> None:
    before = results(sample())["GHSA-53q9-r3pm-6pq6"]["partialFingerprints"]
    newer = replace(TORCH, version="2.2.0")
    finding = replace(TORCH_CRITICAL, version="2.2.0", builds=(newer.key,))
    moved = replace(
        sample(),
        audit=Audit((audited(newer, finding),), ()),
        packages=(rated(newer, audited(newer, finding)),),
        locations=MappingProxyType({newer.key: Location(99, 500)}),
    )

    assert results(moved)["GHSA-53q9-r3pm-6pq6"]["partialFingerprints"] == before


def test_two_builds_of_a_package_are_one_result_with_both_lock_entries() -> None:
    cpu = replace(TORCH, version="2.1.0+cpu")
    second = audited(cpu, replace(TORCH_CRITICAL, version="2.1.0+cpu", builds=(cpu.key,)))
    audits = [row.audit for row in sample().packages if row.audit]
    report = replace(
        sample(),
        audit=Audit((*audits, second), ()),
        packages=(*sample().packages, rated(cpu, second)),
        locations=MappingProxyType({TORCH.key: Location(21, 90), cpu.key: Location(22, 120)}),
    )
    found = [one for one in run_of(report)["results"] if one["ruleId"] == "GHSA-53q9-r3pm-6pq6"]

    assert len(found) == 1
    lines = [one["physicalLocation"]["region"]["startLine"] for one in found[0]["relatedLocations"]]
    assert lines == [90, 120]
    assert found[0]["message"]["text"].startswith("torch 2.1.0: ")


def test_ignored_findings_are_suppressed_with_their_reason() -> None:
    result = results(sample())["GHSA-2c2j-9gv5-cj73"]

    assert result["suppressions"] == [
        {
            "kind": "external",
            "status": "accepted",
            "justification": "this service takes no multipart forms (until 2026-12-31, owner web team)",
        }
    ]
    assert "suppressions" not in results(sample())["GHSA-53q9-r3pm-6pq6"]


def test_a_run_that_saw_nothing_was_not_successful() -> None:
    call = run_of(blind())["invocations"][0]
    reported = [one["message"]["text"] for one in call["toolExecutionNotifications"]]

    assert call["executionSuccessful"] is False
    assert call["exitCode"] == 3
    assert "OSV: connection refused" in reported
    assert run_of(clean())["invocations"][0]["executionSuccessful"] is True


def test_grave_signals_and_those_that_fail_the_gate_are_results() -> None:
    found = results(sample())

    assert found["signal-yanked"]["level"] == "error"
    assert "signal-sdist-only" not in found
    assert found["signal-yanked"]["message"]["text"].startswith(f"{JINJA.name} {JINJA.version}: ")


def test_every_reason_to_fail_the_gate_is_a_result() -> None:
    ended = Violation("signal", "python-end-of-life", "python: it ended", "python", "3.9")
    refused = Violation(
        "licence", "GPL-3.0", f"{JINJA.name} {JINJA.version}: not accepted", JINJA.name, JINJA.version
    )
    report = replace(clean(), packages=sample().packages, gate=Gate((ended, refused)))

    found = results(report)

    assert found["signal-python-end-of-life"]["message"]["text"] == "python 3.9: it ended"
    assert found["licence"]["message"]["text"] == f"{JINJA.name} {JINJA.version}: not accepted"
    assert {found[name]["level"] for name in ("signal-python-end-of-life", "licence")} == {"error"}


def test_a_signal_that_the_base_has_already_does_not_fail() -> None:
    report = replace(
        sample(), gate=Gate()
    )  # against a base that has it: the rules say yanked, the gate passes

    assert results(report)["signal-yanked"]["level"] == "warning"
