from __future__ import annotations

from dataclasses import replace

from tests.unit.health.health_sample import TORCH_CRITICAL, blind, clean, sample

from poetry_aiops.health.advisory import Severity
from poetry_aiops.health.report.github import MOST, health_annotations


def test_a_finding_that_fails_the_gate_is_an_error_on_the_line_that_pulls_it_in() -> None:
    first = health_annotations(sample()).splitlines()[1]

    assert first.startswith(
        "::error file=pyproject.toml,line=21,title=torch 2.1.0+cu126 - GHSA-53q9-r3pm-6pq6::torch 2.1.0+cu126: PyTorch"
    )


def test_files_are_named_from_the_root_of_the_repository() -> None:
    first = health_annotations(replace(sample(), folder="services/api")).splitlines()[1]

    assert first.startswith("::error file=services/api/pyproject.toml,line=21,")


def test_ignored_findings_are_not_annotated_and_lapsed_ignores_are() -> None:
    text = health_annotations(sample())

    assert "GHSA-2c2j-9gv5-cj73" not in text
    assert "CVE-2020-1: it expired on 2026-01-01" in text


def test_the_verdict_comes_first() -> None:
    assert (
        health_annotations(clean())
        .splitlines()[0]
        .startswith("::notice title=poetry health of demo-app::Gate passed")
    )
    assert (
        health_annotations(blind())
        .splitlines()[0]
        .startswith("::error title=poetry health of demo-app::Gate inconclusive")
    )


def test_percent_signs_and_colons_are_escaped_as_the_toolkit_does() -> None:
    last = health_annotations(replace(sample(), project="a:b,c%d")).splitlines()[0]

    assert "title=poetry health of a%3Ab%2Cc%25d::" in last
    assert "79 %25 of the checks" in last


def test_packages_that_were_not_audited_for_one_reason_are_one_line() -> None:
    report = blind()
    first = report.packages[0]
    assert first.audit is not None
    rows = tuple(first._replace(package=replace(first.package, name=f"p{n}")) for n in range(30))

    lines = health_annotations(replace(report, packages=rows)).splitlines()

    assert len([line for line in lines if "not audited" in line]) == 1
    assert "30 packages - not audited" in lines[1]


def test_of_each_kind_there_are_as_many_as_github_shows_and_the_worst_stay() -> None:
    report = sample()
    row = next(row for row in report.packages if row.package.name == "jinja2")
    assert row.audit is not None
    assert report.audit is not None
    many = tuple(
        replace(row.audit.findings[0], id=f"GHSA-{n}", aliases=(), severity=Severity.LOW) for n in range(25)
    )
    audits = (*report.audit.packages, replace(row.audit, findings=many))

    lines = health_annotations(replace(report, audit=replace(report.audit, packages=audits))).splitlines()

    for kind in ("error", "warning", "notice"):
        assert len([line for line in lines if line.startswith(f"::{kind} ")]) <= MOST
    assert TORCH_CRITICAL.id in lines[1]


def test_the_most_severe_come_first_although_they_concern_several_packages() -> None:
    report = sample()
    assert report.audit is not None
    first, second = report.packages[:2]
    assert first.audit is not None
    assert second.audit is not None
    of = [
        (first.audit, [replace(TORCH_CRITICAL, package=first.package.name, builds=(first.package.key,), id=f"GHSA-{n}", aliases=(), severity=Severity.LOW if n else Severity.CRITICAL) for n in range(12)]),
        (second.audit, [replace(TORCH_CRITICAL, package=second.package.name, builds=(second.package.key,), id="GHSA-OTHER", aliases=())]),
    ]  # fmt: skip
    audits = tuple(replace(audit, name=found[0].package, findings=tuple(found)) for audit, found in of)
    lines = health_annotations(replace(report, audit=replace(report.audit, packages=audits), ignored=()))

    assert ["GHSA-0" in line or "GHSA-OTHER" in line for line in lines.splitlines()[1:4]] == [
        True,
        True,
        False,
    ]


def test_of_more_projects_than_github_shows_one_verdict_names_those_that_do_not_pass() -> None:
    lines = health_annotations(*[clean()] * MOST, replace(sample(), folder="services/api")).splitlines()

    assert lines[0] == "::error title=poetry health::Gate not passed in 1 of 11 projects: services/api"
    assert "pulled in" in lines[1]
    assert health_annotations(*[clean()] * 11) == "::notice title=poetry health::Gate passed in 11 projects"


def test_a_reason_that_is_about_no_package_is_an_error_too() -> None:
    lines = health_annotations(sample()).splitlines()

    assert "::error file=pyproject.toml,title=min-score::the score is 54.4, 80 is required" in lines
