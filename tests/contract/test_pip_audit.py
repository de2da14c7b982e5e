"""pip-audit's private modules as ``health/advisories/pip_audit.py`` uses them: this is what breaks when they change."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from pip_audit._service import OsvService as TheirOsv  # type: ignore[import-untyped]  # it ships no py.typed
from pip_audit._service import interface
from tests.support.osv_server import Fault, OsvServer
from tests.unit.health.facts import NOW
from tests.unit.health.health_sample import clean
from tests.unit.health.locked import locked
from tests.unit.health.osv import record

from poetry_aiops.health.advisories.osv import OsvService, OsvSettings
from poetry_aiops.health.advisories.pip_audit import PipAuditFeed, StrictPyPIService
from poetry_aiops.health.advisory import Status
from poetry_aiops.health.feed import FeedAnswer, QueriedPackage
from poetry_aiops.health.report.pip_audit import health_pip_audit
from poetry_aiops.health.security import Feeds, audit
from poetry_aiops.system.http import AT_ONCE, Limits


if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


RECORDS = (
    record("GHSA-1", "flawed", {"introduced": "0"}, {"fixed": "2.0"}, aliases=["PYSEC-1"], summary="A flaw"),
    record("PYSEC-1", "flawed", {"introduced": "0"}, {"fixed": "2.0"}),
)
BAD_VERSION = record("PYSEC-2", "odd", {"introduced": "0"}, {"fixed": "0.2.0-n653"})
QUICK = OsvSettings(Limits(connect=30.0, total=30.0, attempts=1))


@pytest.fixture
def server() -> Iterator[OsvServer]:
    with OsvServer((*RECORDS, BAD_VERSION)) as running:
        yield running


def test_the_models_have_the_fields_that_are_used() -> None:
    fields = {name: set(inspect.signature(getattr(interface, name)).parameters) for name in ("ResolvedDependency", "SkippedDependency", "VulnerabilityResult")}  # fmt: skip
    assert fields["ResolvedDependency"] == {"name", "version"}
    assert fields["SkippedDependency"] == {"name", "skip_reason"}
    assert {"id", "description", "fix_versions", "aliases", "published"} <= fields["VulnerabilityResult"]
    assert issubclass(interface.ConnectionError, interface.ServiceError)


def test_a_service_needs_query_and_may_bring_its_own_query_all() -> None:
    assert interface.VulnerabilityService.__abstractmethods__ == {"query"}
    assert list(inspect.signature(interface.VulnerabilityService.query_all).parameters) == ["self", "specs"]


def test_their_osv_service_is_a_feed_of_ours_and_one_bad_record_spoils_one_answer(
    server: OsvServer, tmp_path: Path
) -> None:
    theirs = TheirOsv(tmp_path, 5, osv_url=f"{server.url}/v1/query")
    packages = [locked("flawed", "1.0"), locked("odd", "0.1"), locked("sound", "1.0")]
    result = audit(packages, Feeds(service=PipAuditFeed(lambda _: theirs, "pip-audit")))
    assert [package.status for package in result.packages] == [Status.AUDITED, Status.FAILED, Status.AUDITED]
    assert [(one.id, one.fixed_in) for one in result.findings] == [("PYSEC-1", ("2.0",))]
    assert "InvalidVersion" in result.packages[1].reason


@pytest.mark.parametrize("fault", [Fault.NOT_FOUND, Fault.SERVER_ERROR, Fault.GARBAGE, Fault.TRUNCATED_BODY])
def test_their_failing_service_leaves_every_package_failed(
    server: OsvServer, tmp_path: Path, fault: Fault
) -> None:
    server.fault = fault
    theirs = TheirOsv(tmp_path, 5, osv_url=f"{server.url}/v1/query")
    feed = PipAuditFeed(lambda _: theirs, "pip-audit")
    result = audit([locked("flawed", "1.0"), locked("sound", "1.0")], Feeds(service=feed))
    assert {package.status for package in result.packages} == {Status.FAILED}
    assert not result.sources[0].reachable


def test_a_version_that_is_none_is_a_failed_answer() -> None:
    feed = PipAuditFeed(lambda _: TheirOsv(), "pip-audit")
    (answer,) = feed.look_up([QueriedPackage("demo", "2013-odd")]).answers.values()
    assert answer.failure == '"2013-odd" is not a PEP 440 version'


# -- the program itself ---------------------------------------------------------------------------------------


def test_the_real_program_finds_the_same_and_writes_the_same_document(tmp_path: Path) -> None:
    records = (
        record(
            "GHSA-3", "flawed", {"introduced": "0"}, {"fixed": "2.0"}, aliases=["CVE-3"], summary="A flaw"
        ),
        record("PYSEC-4", "flawed", {"introduced": "0"}, {"fixed": "3.0"}, summary="Another"),
        record("PYSEC-5", "sound", {"introduced": "1.1"}, summary="Not in this version"),
    )
    with OsvServer(records) as server:
        _compare(server, tmp_path)


def _compare(server: OsvServer, tmp_path: Path) -> None:
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("flawed==1.0\nsound==1.0\n")
    options = ["--vulnerability-service", "osv", "--osv-url", f"{server.url}/v1/query", "--format", "json"]
    ended = subprocess.run(
        [sys.executable, "-m", "pip_audit", "-r", str(requirements), "--disable-pip", "--no-deps", "--desc",
         "on", "--aliases", "on", "--cache-dir", str(tmp_path / "cache"), *options],
        capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert ended.returncode == 1, ended.stderr
    packages = [locked("flawed", "1.0"), locked("sound", "1.0")]
    found = audit(packages, Feeds(service=OsvService(server.url, settings=QUICK)))
    report = replace(clean(), audit=found, packages=())

    assert comparable(json.loads(ended.stdout)) == comparable(json.loads(health_pip_audit(report)))


def comparable(document: dict[str, Any]) -> object:
    """Return a document whose vulnerabilities are sets of names, as their order is not promised."""
    rows = [
        (row["name"], row["version"],
         {(frozenset((one["id"], *one["aliases"])), *one["fix_versions"], one["description"]) for one in row["vulns"]})
        for row in document["dependencies"]
    ]  # fmt: skip
    return (
        rows,
        document.keys(),
        {key for row in document["dependencies"] for one in row["vulns"] for key in one},
    )


# -- PyPI's own list ------------------------------------------------------------------------------------------

INFO = {"name": "Flawed", "version": "1.0"}
ENTRY = {"id": "PYSEC-1", "aliases": ["CVE-1"], "fixed_in": ["2.0", "not a version"], "summary": "A flaw"}


def asked(server: OsvServer, document: object) -> FeedAnswer:
    """Return what the strict service makes of a release's JSON."""
    server.files["/pypi/flawed/1.0/json"] = (
        document if isinstance(document, bytes) else json.dumps(document).encode()
    )
    (answer,) = strict(server).look_up([QueriedPackage("flawed", "1.0")]).answers.values()
    return answer


def strict(server: OsvServer) -> PipAuditFeed:
    return PipAuditFeed(partial(StrictPyPIService, server.url, now=NOW), "PyPI", QUICK.limits)


def test_only_a_withdrawal_that_has_come_takes_an_entry_back(server: OsvServer) -> None:
    for odd in ("2027-03-01T00:00:00Z", "soon", "", True, None):
        answer = asked(server, {"info": INFO, "vulnerabilities": [{**ENTRY, "withdrawn": odd}]})
        assert [one.id for one in answer.advisories] == ["PYSEC-1"], odd


def test_the_releases_are_asked_for_over_few_connections(server: OsvServer) -> None:
    names = [f"p{number}" for number in range(60)]
    server.files |= {
        f"/pypi/{name}/1.0/json": json.dumps(
            {"info": {"name": name, "version": "1.0"}, "vulnerabilities": []}
        ).encode()
        for name in names
    }
    answers = strict(server).look_up([QueriedPackage(name, "1.0") for name in names]).answers

    assert {answer.failure for answer in answers.values()} == {None}
    assert server.connections <= AT_ONCE


def test_a_service_that_knows_one_of_two_releases_is_reachable(server: OsvServer) -> None:
    server.files["/pypi/flawed/1.0/json"] = json.dumps({"info": INFO, "vulnerabilities": [ENTRY]}).encode()
    both = [QueriedPackage("flawed", "1.0"), QueriedPackage("missing", "1.0")]
    assert strict(server).look_up(both).source.reachable
    assert not strict(server).look_up(both[1:]).source.reachable


def test_the_list_of_a_release_is_read(server: OsvServer) -> None:
    withdrawn = {**ENTRY, "id": "PYSEC-9", "aliases": [], "withdrawn": "2026-01-01T00:00:00Z"}
    answer = asked(server, {"info": INFO, "vulnerabilities": [ENTRY, withdrawn]})

    assert answer.failure is None
    assert [(one.id, one.aliases) for one in answer.advisories] == [("PYSEC-1", ("CVE-1",))]
    found = audit([locked("flawed", "1.0")], Feeds(service=strict(server)))
    assert [(one.id, one.fixed_in) for one in found.findings] == [("PYSEC-1", ("2.0",))]
    assert asked(server, {"info": INFO, "vulnerabilities": []}) == FeedAnswer()


@pytest.mark.parametrize(
    "document",
    [
        {"info": INFO},
        {"info": INFO, "vulnerabilities": None},
        {"info": INFO, "vulnerabilities": {}},
        {"info": INFO, "vulnerabilities": [None]},
        {"info": INFO, "vulnerabilities": [{}]},
        {"info": INFO, "vulnerabilities": [{**ENTRY, "id": ""}]},
        {"info": INFO, "vulnerabilities": [{**ENTRY, "id": 7}]},
        {"info": INFO, "vulnerabilities": [{**ENTRY, "aliases": "CVE-1"}]},
        {"info": INFO, "vulnerabilities": [{**ENTRY, "fixed_in": None}]},
        {"vulnerabilities": []},
        {"info": {**INFO, "name": "another"}, "vulnerabilities": []},
        {"info": {**INFO, "version": "1.1"}, "vulnerabilities": []},
        [],
        None,
        b"<html>",
        b"",
    ],
)
def test_what_is_no_list_of_this_release_is_never_clean(server: OsvServer, document: object) -> None:
    answer = asked(server, document)

    assert answer.failure
    assert answer.advisories == ()


@pytest.mark.parametrize(
    "fault", [None, Fault.NOT_FOUND, Fault.SERVER_ERROR, Fault.GARBAGE, Fault.TRUNCATED_BODY]
)
def test_a_release_that_is_not_there_and_a_broken_server_are_failures(
    server: OsvServer, fault: Fault | None
) -> None:
    server.fault = fault
    result = audit([locked("flawed", "1.0"), locked("sound", "1.0")], Feeds(service=strict(server)))

    assert {package.status for package in result.packages} == {Status.FAILED}
