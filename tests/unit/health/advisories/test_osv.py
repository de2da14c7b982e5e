from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.every import for_each
from tests.support.osv_server import Fault, OsvServer, bomb
from tests.unit.health.locked import locked
from tests.unit.health.osv import record

from poetry_aiops.errors import UsageError
from poetry_aiops.health.advisories.osv import OsvService, OsvSettings
from poetry_aiops.health.advisories.osv_protocol import stubs_in
from poetry_aiops.health.advisory import Severity, Status
from poetry_aiops.health.feed import QueriedPackage
from poetry_aiops.health.security import Feeds, audit
from poetry_aiops.system.http import Limits, Response, Transport


if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from poetry_aiops.health.advisory import Audit


SECONDS = 40.0
"""Generous for a busy machine; without limits these faults take a minute each."""

QUICK = OsvSettings(Limits(connect=1.0, total=1.0, attempts=2, pause=0.01), budget=5.0)
"""For what ends at a time limit: nothing else can be expected within it on a busy machine."""
PATIENT = OsvSettings(Limits(connect=30.0, total=30.0, attempts=2, pause=0.01), budget=60.0)
HANGS = (Fault.SILENCE, Fault.DRIP, Fault.DRIP_HEADERS)
SEVERE = [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}]
RECORDS = (
    record("PYSEC-1", "flawed", {"introduced": "0"}, {"fixed": "2.0"}, aliases=["CVE-1"], severity=SEVERE),
    record("GHSA-1", "flawed", {"introduced": "0"}, {"fixed": "2.0"}, aliases=["CVE-1"]),
    record("PYSEC-2", "flawed", {"introduced": "0"}, {"fixed": "1.5"}),
    *(record(f"PYSEC-9{number}", "troubled") for number in range(5)),
)
LOCKED = [locked("flawed", "1.0"), locked("sound", "1.0"), locked("troubled", "3.0")]


@pytest.fixture
def server() -> Iterator[OsvServer]:
    with OsvServer(RECORDS) as running:
        yield running


def ask(server: OsvServer, settings: OsvSettings = PATIENT, **more: Any) -> Audit:
    return audit(LOCKED, Feeds(service=OsvService(server.url, settings=settings, **more)))


def test_findings_come_with_aliases_folded_and_everything_is_audited(server: OsvServer) -> None:
    result = ask(server)
    flawed = result.packages[0]
    assert result.complete
    assert result.coverage == 100.0
    assert [finding.id for finding in flawed.findings] == ["PYSEC-1", "PYSEC-2"]
    assert flawed.findings[0].aliases == ("GHSA-1", "CVE-1")
    assert flawed.findings[0].severity is Severity.CRITICAL
    assert flawed.findings[0].fixed_in == ("2.0",)
    assert result.packages[1].findings == ()


def test_one_question_asks_for_all_packages_and_many_records_of_one_come_together(server: OsvServer) -> None:
    result = ask(server)
    assert len(result.packages[2].findings) == 5
    assert server.requests == {"/v1/querybatch": 1, "/v1/query": 2}


def test_records_come_singly_where_the_service_knows_no_other_way(server: OsvServer) -> None:
    expected = ask(server).packages
    server.requests.clear()
    server.fault, server.faulty, server.exactly = Fault.NOT_FOUND, ("/v1/query",), True
    assert ask(server).packages == expected
    assert server.requests == {"/v1/querybatch": 1, "/v1/query": 2, "/vulns/": 8}


def test_pages_are_followed(server: OsvServer) -> None:
    server.page = 2
    result = ask(server)
    assert len(result.packages[2].findings) == 5
    assert server.requests["/v1/querybatch"] == 3


def test_more_than_a_thousand_packages_are_asked_for_in_parts(server: OsvServer) -> None:
    subjects = [QueriedPackage(f"package-{number}", "1.0") for number in range(2100)]
    lookup = OsvService(server.url, settings=PATIENT).look_up(subjects)
    assert len(lookup.answers) == 2100
    assert max(len(question["queries"]) for question in server.questions) == 1000
    assert server.requests["/v1/querybatch"] == 3


def test_answers_are_kept_for_ten_minutes_and_records_until_they_change(
    server: OsvServer, tmp_path: Path
) -> None:
    now = 1_700_000_000.0
    first = ask(server, cache_folder=tmp_path, clock=lambda: now)
    server.requests.clear()
    assert ask(server, cache_folder=tmp_path, clock=lambda: now + 599).packages == first.packages
    assert server.requests == {}
    assert ask(server, cache_folder=tmp_path, clock=lambda: now + 601).packages == first.packages
    assert server.requests == {"/v1/querybatch": 1}
    server.publish(record("PYSEC-2", "flawed", modified="2024-06-01T00:00:00Z"))
    changed = ask(server, cache_folder=tmp_path, clock=lambda: now + 1300)
    assert changed.packages[0].findings[1].fixed_in == ()
    assert server.requests == {"/v1/querybatch": 2, "/vulns/": 1}


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b'{"schema": "osv/1"}', b'{"schema": "osv/1", "content": {"answers": 3, "records": {}}}'],
)
def test_a_broken_cache_counts_as_an_empty_one(server: OsvServer, tmp_path: Path, content: bytes) -> None:
    first = ask(server, cache_folder=tmp_path)
    (kept,) = tmp_path.iterdir()
    kept.write_bytes(content)
    assert ask(server, cache_folder=tmp_path).packages == first.packages


def test_nothing_is_kept_of_what_failed(server: OsvServer, tmp_path: Path) -> None:
    server.fault = Fault.SERVER_ERROR
    assert not ask(server, cache_folder=tmp_path).complete
    server.fault = None
    assert ask(server, cache_folder=tmp_path).complete


@pytest.mark.parametrize(
    "odd",
    [
        None,
        {"error": "overloaded"},
        {"code": 14, "message": "unavailable", "vulns": []},
        {"vulns": None},
        {"vulns": {"id": "PYSEC-1"}},
        {"vulns": [None]},
        {"vulns": [], "next_page_token": 7},
        False,
        [[]],
    ],
    ids=str,
)
def test_an_element_that_is_no_list_of_advisories_fails_its_package_and_is_not_kept(
    server: OsvServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, odd: object
) -> None:
    sent = Transport.post_json

    def answer(self: Transport, url: str, body: Any, **more: Any) -> Response:
        given = sent(self, url, body, **more)
        document = json.loads(given.body)
        if "results" in document:
            document["results"][0] = odd
        return replace(given, body=json.dumps(document).encode())

    with monkeypatch.context() as patched:
        patched.setattr(Transport, "post_json", answer)
        flawed, sound, troubled = ask(server, cache_folder=tmp_path).packages
    assert (flawed.status, flawed.findings) == (Status.FAILED, ())
    assert (sound.status, len(troubled.findings)) == (Status.AUDITED, 5)
    after = ask(server, cache_folder=tmp_path)
    assert after.complete
    assert len(after.packages[0].findings) == 2


def test_an_answer_that_holds_an_error_beside_its_results_is_no_answer(
    server: OsvServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(self: Transport, url: str, body: Any, **more: Any) -> Response:
        del self, url, more
        document = {"results": [{} for _ in body["queries"]], "error": "the database is being loaded"}
        return Response(200, json.dumps(document).encode(), {})

    monkeypatch.setattr(Transport, "post_json", answer)
    assert {package.status for package in ask(server).packages} == {Status.FAILED}


@pytest.mark.parametrize("empty", [{}, {"vulns": []}])
def test_an_empty_result_names_no_advisory(empty: object) -> None:
    assert stubs_in(empty) == ([], "")


def test_only_public_names_without_local_parts_are_sent(server: OsvServer) -> None:
    packages = [locked("torch", "2.1.0+cpu"), locked("demo", "1.0")]
    audit(packages, Feeds(service=OsvService(server.url, settings=PATIENT)))
    sent = [(one["package"]["name"], one["version"]) for one in server.questions[0]["queries"]]
    assert sent == [("torch", "2.1.0"), ("demo", "1.0")]


@for_each("address", ["", "osv.example", "ftp://osv.example", "file:///etc/passwd", "http://[::1"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(UsageError, match=r"POETRY_AIOPS_OSV_URL: .* is not the address of a service"):
        OsvService(address)


@for_each("ending", ["", "/", "/v1", "/v1/", "/v1/query", "/v1/querybatch"])
def test_an_address_may_name_the_version_of_the_interface(ending: str) -> None:
    assert OsvService(f"https://osv.example/mirror{ending}").url == "https://osv.example/mirror"


# -- everything that can go wrong -----------------------------------------------------------------------


WORDS = {
    Fault.NOT_FOUND: "404 Not Found",
    Fault.SERVER_ERROR: "500 Internal Server Error",
    Fault.BUSY: "429 Too Many Requests",
    Fault.SILENCE: "within 1 seconds",
    Fault.CLOSED: "disconnected",
    Fault.GARBAGE: "not JSON",
    Fault.EMPTY_OBJECT: "exactly one result for each query",
    Fault.TRUNCATED_GZIP: "not JSON",
    Fault.TRUNCATED_BODY: "without sending complete message body",
    Fault.HUGE: "exactly one result for each query",
    Fault.BOMB: "larger than 32,000,000 bytes",
    Fault.DRIP: "within 1 seconds",
    Fault.DRIP_HEADERS: "within 1 seconds",
    Fault.ENDLESS_REDIRECT: "redirects",
}


@pytest.mark.parametrize("fault", list(Fault), ids=lambda fault: str(fault.name))
def test_a_service_that_fails_leaves_every_package_failed_with_the_reason(
    server: OsvServer, fault: Fault
) -> None:
    server.fault = fault
    bomb()  # made before anybody waits for it
    begin = time.monotonic()
    result = ask(server, QUICK if fault in HANGS else PATIENT)
    assert time.monotonic() - begin < SECONDS
    assert {package.status for package in result.packages} == {Status.FAILED}
    assert all(WORDS[fault] in package.reason for package in result.packages)
    assert result.coverage == 0.0
    assert result.blind == "no package could be audited"
    assert not result.sources[0].reachable
    assert not result.complete


@pytest.mark.parametrize(
    "fault", [fault for fault in Fault if fault is not Fault.EMPTY_OBJECT], ids=lambda fault: str(fault.name)
)
def test_records_that_do_not_come_leave_their_packages_failed_and_their_ids_told(
    server: OsvServer, fault: Fault
) -> None:
    server.fault, server.faulty = fault, ("/v1/vulns/",)
    server.publish(record("PYSEC-7", "lone"))
    begin = time.monotonic()
    settings = PATIENT
    if fault in HANGS:  # the question before comes within the limit
        settings = replace(PATIENT, limits=replace(PATIENT.limits, total=4.0))
    lone = audit(
        [locked("lone", "1.0"), locked("sound", "1.0")],
        Feeds(service=OsvService(server.url, settings=settings)),
    )
    assert time.monotonic() - begin < SECONDS
    failed, sound = lone.packages
    assert failed.status is Status.FAILED
    assert failed.reason.startswith("PYSEC-7: its record cannot be read: ")
    assert [finding.id for finding in failed.findings] == ["PYSEC-7"]
    assert failed.findings[0].severity is Severity.UNKNOWN
    assert sound.status is Status.AUDITED
    assert lone.coverage == 50.0
    assert not lone.complete


def test_a_refused_connection_leaves_every_package_failed(server: OsvServer) -> None:
    server.stop()
    result = ask(server)
    assert {package.status for package in result.packages} == {Status.FAILED}
    assert not result.complete


def test_an_untrusted_certificate_is_told_and_not_tried_again(certificate: Path) -> None:
    with OsvServer(RECORDS, certificate=certificate) as server:
        result = ask(server)
    assert {package.status for package in result.packages} == {Status.FAILED}
    assert "certificate is not trusted" in result.packages[0].reason


def test_a_certificate_that_the_environment_trusts_is_trusted(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    with OsvServer(RECORDS, certificate=certificate) as server:
        assert ask(server).complete


def test_a_certificate_bundle_that_is_not_there_is_told(
    certificate: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "missing.pem"))
    with OsvServer(RECORDS, certificate=certificate) as server:
        result = ask(server)
    assert "proxy or certificate settings" in result.packages[0].reason


def test_a_version_in_a_record_that_is_none_spoils_nothing(server: OsvServer) -> None:
    server.publish(record("PYSEC-3", "sound", {"introduced": "0"}, {"fixed": "0.2.0-n653"}))
    result = ask(server)
    assert result.complete
    assert result.coverage == 100.0
    (finding,) = result.packages[1].findings
    assert any('"0.2.0-n653" (fixed) is not a version' in note for note in finding.notes)


def test_a_record_of_ten_megabytes_fails_its_package_only(server: OsvServer) -> None:
    server.publish(record("PYSEC-4", "sound", details="x" * 10_000_000))
    result = ask(server)
    assert [package.status for package in result.packages] == [Status.AUDITED, Status.FAILED, Status.AUDITED]
    assert "larger than 5,000,000 bytes" in result.packages[1].reason
    assert not result.complete


def test_after_many_failures_in_a_row_no_more_records_are_asked_for(server: OsvServer) -> None:
    packages = [locked(f"lone-{number}", "1.0") for number in range(200)]
    for number in range(200):
        server.publish(record(f"PYSEC-X{number}", f"lone-{number}"))
    server.fault, server.faulty = Fault.NOT_FOUND, ("/v1/vulns/",)
    result = audit(packages, Feeds(service=OsvService(server.url, settings=PATIENT)))
    assert server.requests["/vulns/"] < 50
    assert {package.status for package in result.packages} == {Status.FAILED}


def test_the_budget_bounds_the_whole_look_up(server: OsvServer) -> None:
    server.fault = Fault.SILENCE
    settings = OsvSettings(Limits(connect=30.0, total=60.0), budget=0.3)
    begin = time.monotonic()
    result = ask(server, settings)
    assert time.monotonic() - begin < SECONDS
    assert "time limit of 0.3 seconds" in result.packages[0].reason


def test_passwords_in_the_address_are_not_told(server: OsvServer) -> None:
    server.fault = Fault.NOT_FOUND
    url = server.url.replace("//", "//user:secret@")
    result = audit(LOCKED, Feeds(service=OsvService(url, settings=PATIENT)))
    assert "secret" not in str(result)
    assert "user" not in result.sources[0].name
