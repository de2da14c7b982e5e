"""A health report is read with patience: what it says about the lock is taken, the rest is left alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.support.every import for_each
from tests.unit.graph.small import graph_of

from poetry_aiops.errors import InputError
from poetry_aiops.graph.advisories import HealthFindings, ReportedAdvisory, read_findings
from poetry_aiops.project.lockfile import lock_from


GRAPH = graph_of("web", "web base", versions={"base": ("1.5", "1.6"), "web": ("1.0",)})


def package(name: str, version: str, *advisories: Any) -> dict[str, Any]:
    return {"name": name, "version": version, "audited": "audited", "advisories": list(advisories)}


def advisory(name: str, severity: object = "high", **more: Any) -> dict[str, Any]:
    return {"id": name, "severity": severity, "fixed_in": ["2.0"], **more}


def read(*packages: Any, **more: Any) -> HealthFindings:
    document = {"schema": "poetry-aiops/health/1", "packages": list(packages), **more}
    return read_findings(json.dumps(document), "report.json")


def test_advisories_of_locked_versions_are_taken_the_worst_first() -> None:
    findings = read(
        package("Base", "1.6.0", advisory("B", "low"), advisory("A", "CRITICAL", summary="Reads too far")),
        package("base", "1.4", advisory("C")),
        package("web", "1.0"),
    )
    assert findings.on(GRAPH).found == {
        "base": (
            ReportedAdvisory("A", "critical", "Reads too far", ("2.0",)),
            ReportedAdvisory("B", "low", "", ("2.0",)),
        )
    }


def test_an_advisory_of_two_locked_versions_is_told_once() -> None:
    findings = read(package("base", "1.5", advisory("A")), package("base", "1.6", advisory("A")))
    assert [one.id for one in findings.on(GRAPH).found["base"]] == ["A"]


@for_each(
    ("severity", "read_as"),
    [("MODERATE", "medium"), ("important", "high"), (None, ""), (7, ""), ("dire", "")],
)
def test_severities_in_other_words_are_understood(severity: object, read_as: str) -> None:
    assert (
        read(package("base", "1.5", advisory("A", severity))).on(GRAPH).found["base"][0].severity == read_as
    )


def test_withdrawn_and_damaged_entries_are_passed_over() -> None:
    findings = read(
        package("base", "1.5", advisory("A", withdrawn="2026-01-01"), {"severity": "high"}, 7, None),
        {"name": "web"},
        "web",
        {"name": "web", "version": "1.0", "advisories": "none"},
        package("web", "1.0", {"id": "B", "fixed_in": "2.0"}, {"id": "C", "fixed_in": [1, "2.0"]}),
    )
    assert findings.on(GRAPH).found == {
        "web": (ReportedAdvisory("B"), ReportedAdvisory("C", fixed_in=("2.0",)))
    }


@for_each(
    "text",
    ["", "[]", "{}", '{"schema": "poetry-aiops/graph/1", "packages": []}', "[" * 100_000, '{"packages": 1}'],
)
def test_what_is_no_health_report_is_an_error_that_names_the_file(text: str) -> None:
    with pytest.raises(InputError) as reported:
        read_findings(text, "report.json")
    assert reported.value.where == "report.json"


def test_only_what_every_row_calls_audited_was_audited() -> None:
    failed = {**package("base", "1.6"), "audited": "failed"}
    known = read(package("base", "1.5"), package("base", "1.6"), failed, package("web", "1.0.0")).on(GRAPH)
    assert known.audited == {"web"}
    assert (known.extent, known.is_complete) == ("1 of 2 audited", False)
    assert read(package("base", "1.5"), package("web", "1.0")).on(GRAPH).audited == {"web"}
    assert read({**package("web", "1.0"), "audited": None}).on(GRAPH).extent == "not audited"


def test_a_report_is_about_a_lock_by_the_digest_of_its_packages() -> None:
    rows: list[dict[str, object]] = [
        {
            "name": name,
            "version": "1.0",
            "optional": False,
            "python-versions": "*",
            "description": "",
            "files": [],
        }
        for name in ("web", "base")
    ]
    metadata = {"lock-version": "2.0", "python-versions": "*", "content-hash": "x"}
    lock = lock_from({"package": rows, "metadata": metadata}, Path("poetry.lock"))
    digest = lock.packages_digest
    turned = lock_from(
        {"package": rows[::-1], "metadata": {**metadata, "content-hash": "y"}}, Path("poetry.lock")
    )
    rows[0]["source"] = {
        "type": "legacy",
        "url": "https://elsewhere.example/simple",
        "reference": "elsewhere",
    }
    other = lock_from({"package": rows, "metadata": metadata}, Path("poetry.lock"))
    report = read(package("web", "1.0"), package("base", "1.0"), lock={"packages_sha256": digest})
    assert report.is_about(lock)
    assert report.is_about(turned)
    assert not report.is_about(other)
    assert not read(package("web", "1.0"), package("base", "1.0")).is_about(lock)
