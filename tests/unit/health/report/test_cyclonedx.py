from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from tests.unit.health.health_hostile import hostile
from tests.unit.health.health_sample import INHOUSE, NOW, TORCH, audited, blind, clean, rated, sample

from poetry_aiops.health.ignores import Ignored
from poetry_aiops.health.report.cyclonedx import health_cyclonedx
from poetry_aiops.project.model import PackageSource


if TYPE_CHECKING:
    from poetry_aiops.health.report.model import HealthReport


def document(report: HealthReport) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(health_cyclonedx(report))
    return found


@pytest.mark.parametrize(
    "report", [sample(), clean(), blind(), hostile("x y:/")], ids=["sample", "clean", "blind", "hostile"]
)
def test_the_document_conforms_to_the_schema_of_cyclonedx(report: HealthReport) -> None:
    pytest.importorskip(
        "jsonschema", reason="cyclonedx-python-lib validates with its extra json-validation only"
    )
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(health_cyclonedx(report)) is None


def test_components_have_package_urls_that_name_their_source() -> None:
    urls = {one["name"]: one["purl"] for one in document(sample())["components"]}

    assert urls["jinja2"] == "pkg:pypi/jinja2@2.11.3"
    assert urls["torch"] == "pkg:pypi/torch@2.1.0%2Bcu126?repository_url=https://wheels.example/cu126"
    assert urls["inhouse"] == "pkg:pypi/inhouse@1.0?vcs_url=git%2Bhttps://git.example/inhouse.git%40abc"


def test_every_locked_file_has_its_hash() -> None:
    jinja = next(one for one in document(sample())["components"] if one["name"] == "jinja2")
    files = [(one["url"], one["hashes"][0]["content"][-1]) for one in jinja["externalReferences"]]

    assert files == [("jinja2-2.11.3-0.whl", "0"), ("jinja2-2.11.3-1.whl", "1")]
    assert "hashes" not in jinja  # which of two files would it be?


def test_passwords_in_addresses_stay_out() -> None:
    source = PackageSource("git", "https://me:hush@git.example/inhouse.git", "main", "abc")
    secret = replace(INHOUSE, source=source)
    text = health_cyclonedx(replace(sample(), packages=(rated(secret, audited(secret)),)))

    assert "hush" not in text
    assert "git.example/inhouse.git" in text


def test_the_dependencies_of_the_lock_are_told_from_the_project_on() -> None:
    needs = {one["ref"]: one.get("dependsOn", []) for one in document(sample())["dependencies"]}

    assert needs["pkg:pypi/flask@3.0.0"] == ["pkg:pypi/jinja2@2.11.3"]
    assert "pkg:pypi/fastapi@0.110.0" in needs["project"]
    assert "pkg:pypi/jinja2@2.11.3" not in needs["project"]


def test_vulnerabilities_carry_ratings_aliases_and_what_to_do() -> None:
    found = {one["id"]: one for one in document(sample())["vulnerabilities"]}
    torch = found["GHSA-53q9-r3pm-6pq6"]

    assert torch["ratings"][0]["method"] == "CVSSv31"
    assert torch["ratings"][0]["score"] == 9.8
    assert [one["id"] for one in torch["references"]] == ["CVE-2025-32434"]
    assert torch["recommendation"] == "Upgrade torch to 2.6.0 or later."
    assert TORCH.name in torch["affects"][0]["ref"]
    assert found["PYSEC-2021-66"]["ratings"][0] == {"severity": "unknown"}


def test_an_ignore_that_ends_is_in_triage_and_one_without_an_end_is_not_affected() -> None:
    ending = sample()
    lasting = replace(
        ending,
        ignored=tuple(Ignored(one.finding, one.ignore._replace(expires=None)) for one in ending.ignored),
    )

    assert _analysis(ending)["state"] == "in_triage"
    assert _analysis(lasting)["state"] == "not_affected"
    assert "this service takes no multipart forms" in _analysis(lasting)["detail"]
    assert sum("analysis" in one for one in document(ending)["vulnerabilities"]) == 1


def test_an_incomplete_audit_says_so_in_the_document() -> None:
    facts = {one["name"]: one["value"] for one in document(blind())["metadata"]["properties"]}

    assert facts["poetry-aiops:complete"] == "false"


def test_the_serial_number_is_made_of_the_content() -> None:
    later = replace(sample(), generated=NOW.replace(year=2027))

    assert health_cyclonedx(sample()) == health_cyclonedx(sample())
    assert document(sample())["serialNumber"] != document(later)["serialNumber"]
    assert document(sample())["serialNumber"].startswith("urn:uuid:")


def _analysis(report: HealthReport) -> dict[str, str]:
    found = next(one for one in document(report)["vulnerabilities"] if one["id"] == "GHSA-2c2j-9gv5-cj73")
    analysis: dict[str, str] = found["analysis"]
    return analysis
