from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.support.schemas import conforming
from tests.unit.health.health_hostile import hostile
from tests.unit.health.health_sample import blind, clean, sample

from poetry_aiops.health.report.document import health_json


if TYPE_CHECKING:
    from poetry_aiops.health.report.model import HealthReport


@pytest.mark.parametrize(
    "report", [sample(), clean(), blind(), hostile("x")], ids=["sample", "clean", "blind", "hostile"]
)
def test_the_document_conforms_to_its_schema(report: HealthReport) -> None:
    assert conforming(health_json(report))["schema"] == "poetry-aiops/health/1"


def test_the_parts_that_the_contract_names_are_there() -> None:
    document = json.loads(health_json(sample()))

    assert document["score"] == pytest.approx(54.4, abs=0.1)
    assert document["sufficient"] is False
    assert document["metrics"]["popularity"]["score"] is None
    assert document["metrics"]["popularity"]["reason"] == "no source of download figures was queried"
    assert document["gate"]["passed"] is False
    assert document["gate"]["exit_code"] == 1
    assert document["ignored"][0]["expires"] == "2026-12-31"
    assert [fix["how"] for fix in document["fixes"]] == ["pin", "edit", "blocked"]


def test_every_package_says_what_became_of_its_audit() -> None:
    packages = {one["name"]: one for one in json.loads(health_json(sample()))["packages"]}

    assert packages["odd"]["audited"] == "failed"
    assert packages["odd"]["reason"] == "its version is not one of PEP 440"
    assert packages["inhouse"]["audited"] == "not-applicable"
    assert packages["markupsafe"]["via"] == ["flask", "jinja2"]
    assert packages["starlette"]["advisories"][0]["ignored"] is True
    assert packages["torch"]["location"] == {"pyproject": 21, "lock": 90}


def test_a_metric_that_nobody_asked_for_is_null_with_that_reason() -> None:
    metrics = json.loads(health_json(clean()))["metrics"]

    assert metrics["currency"] == {
        "asked": False,
        "score": None,
        "coverage": None,
        "weight": None,
        "reason": "not requested",
        "inputs": {},
    }


def test_an_audit_that_nobody_asked_for_is_not_an_audit_without_findings() -> None:
    row = clean().packages[0]._replace(audit=None)
    package = json.loads(health_json(replace(clean(), audit=None, packages=(row,))))["packages"][0]

    assert package["audited"] is None
    assert package["reason"] == "not requested"


def test_the_same_report_gives_the_same_bytes() -> None:
    assert health_json(sample()) == health_json(sample())
