"""pip-audit's private modules as ``health/advisories/pip_audit.py`` uses them: this is what breaks when they change."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import pytest
from packaging.version import Version
from pip_audit._audit import Auditor  # type: ignore[import-untyped]  # it ships no py.typed
from pip_audit._service import OsvService as TheirOsv  # type: ignore[import-untyped]  # as above
from pip_audit._service import interface
from tests.support.osv_server import Fault, OsvServer
from tests.unit.health.locked import locked
from tests.unit.health.osv import record

from poetry_aiops.health.advisories.osv import OsvService, OsvSettings
from poetry_aiops.health.advisories.pip_audit import FeedService, PipAuditFeed, as_dependencies
from poetry_aiops.health.advisory import Status
from poetry_aiops.health.feed import Subject
from poetry_aiops.health.security import Feeds, audit
from poetry_aiops.project.model import PackageSource
from poetry_aiops.system.http import Limits


if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


RECORDS = (
    record("GHSA-1", "flawed", {"introduced": "0"}, {"fixed": "2.0"}, aliases=["PYSEC-1"], summary="A flaw"),
    record("PYSEC-1", "flawed", {"introduced": "0"}, {"fixed": "2.0"}),
)
BAD_VERSION = record("PYSEC-2", "odd", {"introduced": "0"}, {"fixed": "0.2.0-n653"})
QUICK = OsvSettings(Limits(connect=1.0, total=5.0, attempts=1))


class Source:
    """A dependency source as pip-audit's auditor wants one."""

    def __init__(self, *specs: Any) -> None:
        self.specs = specs

    def collect(self) -> Iterator[Any]:
        yield from self.specs


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


def test_their_auditor_runs_on_our_batching_service(server: OsvServer) -> None:
    service = FeedService(OsvService(server.url, settings=QUICK))
    specs = [interface.ResolvedDependency(name, Version("1.0")) for name in ("Flawed", "sound")]
    results = dict(Auditor(service).audit(Source(*specs)))
    assert [(str(one.id), one.aliases, one.fix_versions) for one in results[specs[0]]] == [
        ("PYSEC-1", {"GHSA-1"}, [Version("2.0")])
    ]
    assert results[specs[1]] == []
    assert server.requests["/v1/querybatch"] == 1


def test_a_failure_of_ours_is_their_service_error(server: OsvServer) -> None:
    server.fault = Fault.NOT_FOUND
    service = FeedService(OsvService(server.url, settings=QUICK))
    with pytest.raises(interface.ServiceError, match="404 Not Found"):
        service.query(interface.ResolvedDependency("flawed", Version("1.0")))


def test_a_skipped_dependency_stays_skipped(server: OsvServer) -> None:
    service = FeedService(OsvService(server.url, settings=QUICK))
    skipped = interface.SkippedDependency("flawed", "a local folder")
    assert service.query(skipped) == (skipped, [])


def test_their_osv_service_is_a_feed_of_ours_and_one_bad_record_spoils_one_answer(
    server: OsvServer, tmp_path: Path
) -> None:
    theirs = TheirOsv(tmp_path, 5, osv_url=f"{server.url}/v1/query")
    packages = [locked("flawed", "1.0"), locked("odd", "0.1"), locked("sound", "1.0")]
    result = audit(packages, Feeds(service=PipAuditFeed(theirs, "pip-audit")))
    assert [package.status for package in result.packages] == [Status.AUDITED, Status.FAILED, Status.AUDITED]
    assert [(one.id, one.fixed_in) for one in result.findings] == [("PYSEC-1", ("2.0",))]
    assert "InvalidVersion" in result.packages[1].reason


@pytest.mark.parametrize("fault", [Fault.NOT_FOUND, Fault.SERVER_ERROR, Fault.GARBAGE, Fault.TRUNCATED_BODY])
def test_their_failing_service_leaves_every_package_failed(
    server: OsvServer, tmp_path: Path, fault: Fault
) -> None:
    server.fault = fault
    feed = PipAuditFeed(TheirOsv(tmp_path, 5, osv_url=f"{server.url}/v1/query"), "pip-audit")
    result = audit([locked("flawed", "1.0"), locked("sound", "1.0")], Feeds(service=feed))
    assert {package.status for package in result.packages} == {Status.FAILED}
    assert not result.sources[0].reachable


def test_a_version_that_is_none_is_a_failed_answer() -> None:
    feed = PipAuditFeed(FeedService(PipAuditFeed(TheirOsv(), "unused")), "pip-audit")
    (answer,) = feed.look_up([Subject("demo", "2013-odd")]).answers.values()
    assert answer.failure == '"2013-odd" is not a PEP 440 version'


def test_audited_packages_become_their_models() -> None:
    folder = PackageSource("directory", "../demo")
    packages = audit([locked("demo", "1.0", source=folder), locked("sound", "1.0")], Feeds()).packages
    skipped, failed = as_dependencies(packages)
    assert skipped == interface.SkippedDependency("demo", "a local folder, which no advisory names")
    assert failed.is_skipped()
