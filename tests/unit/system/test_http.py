from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from tests.support.osv_server import Fault, OsvServer

from poetry_aiops.system.http import (
    AT_ONCE,
    Limits,
    Response,
    TransferError,
    Transport,
    _Question,
    _redirect,
    _retry_after,
    fetch,
)


if TYPE_CHECKING:
    from collections.abc import Iterator


PATIENT = Limits(connect=30.0, total=30.0, attempts=3, pause=0.01)


@pytest.fixture
def server() -> Iterator[OsvServer]:
    with OsvServer() as running:
        running.files["/file"] = b"content"
        yield running


def failure(url: str, limits: Limits = PATIENT) -> TransferError:
    with pytest.raises(TransferError) as caught:
        fetch(url, limits)
    return caught.value


def test_an_answer_is_its_content(server: OsvServer) -> None:
    assert fetch(f"{server.url}/file", PATIENT).body == b"content"


@pytest.mark.parametrize(
    ("fault", "asked"), [(Fault.SERVER_ERROR, 3), (Fault.BUSY, 3), (Fault.CLOSED, 3), (Fault.NOT_FOUND, 1)]
)
def test_only_what_may_pass_is_tried_again(server: OsvServer, fault: Fault, asked: int) -> None:
    server.fault = fault
    failure(f"{server.url}/x")
    assert server.requests["/x"] == asked


def test_a_second_attempt_may_succeed(server: OsvServer) -> None:
    server.fault, server.fault_ends_after = Fault.SERVER_ERROR, 2
    server.publish({"id": "T-1"})
    assert fetch(f"{server.url}/v1/vulns/T-1", PATIENT).json() == {"id": "T-1"}


@pytest.mark.parametrize(
    ("reported", "seconds"),
    [
        ("2", 2.0),
        ("3600", 10.0),
        ("0", 0.0),
        ("-1", None),
        ("Mon, 30 Nov 2026 12:00:00 GMT", None),
        ("9" * 400, None),
    ],
)
def test_a_server_says_when_to_ask_again_but_not_to_wait_for_long(
    reported: str, seconds: float | None
) -> None:
    assert _retry_after(Response(503, b"", {"retry-after": reported})) == seconds


def test_an_answer_that_names_a_member_twice_is_none() -> None:
    twice = Response(200, b'{"results": [{"vulns": [{"id": "T-1"}]}], "results": [{}]}', {})
    with pytest.raises(TransferError, match="not JSON"):
        twice.json()


def test_a_larger_answer_than_allowed_is_not_taken_in(server: OsvServer) -> None:
    server.fault = Fault.HUGE
    assert "larger than 1,000 bytes" in failure(f"{server.url}/x", Limits(size=1000)).reason


def test_a_small_answer_that_unpacks_to_a_large_one_is_stopped(server: OsvServer) -> None:
    server.fault = Fault.BOMB
    assert "larger than 1,000,000 bytes" in failure(f"{server.url}/x", Limits(size=1_000_000)).reason


@pytest.mark.parametrize("fault", [Fault.SILENCE, Fault.DRIP, Fault.DRIP_HEADERS])
def test_the_time_limit_holds_for_the_whole_transfer(server: OsvServer, fault: Fault) -> None:
    server.fault = fault
    begin = time.monotonic()
    assert "within 0.5 seconds" in failure(f"{server.url}/x", Limits(total=0.5)).reason
    assert time.monotonic() - begin < 40  # without a limit it takes a minute


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("http://user:secret@elsewhere.example/x", "not https"),
        ("file:///etc/passwd", "not https"),
        ("http://elsewhere.example:port/", "Invalid URL"),
    ],
)
def test_a_redirect_to_another_host_without_tls_is_refused(
    server: OsvServer, target: str, reason: str
) -> None:
    server.redirects["/away"] = target
    found = failure(f"{server.url}/away")
    assert reason in found.reason
    assert "secret" not in found.reason


def test_a_redirect_on_the_same_host_is_followed(server: OsvServer) -> None:
    server.redirects["/moved"] = "/file"
    assert fetch(f"{server.url}/moved", PATIENT).body == b"content"


def test_no_more_than_sixteen_transfers_run_at_once(server: OsvServer) -> None:
    server.latency = 0.01
    with Transport(PATIENT) as transport:
        answers = list(transport.at_once(transport.get, [f"{server.url}/file"] * 100))
    assert [answer.body for answer in answers] == [b"content"] * 100
    assert server.most_at_once <= AT_ONCE
    assert server.requests["/file"] == 100


def test_a_host_that_does_not_exist_is_told() -> None:
    assert failure("http://nowhere.invalid/x", Limits(attempts=1)).reason


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "ALL_PROXY"])
def test_a_proxy_that_cannot_be_used_is_told(
    server: OsvServer, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv(variable, "gopher://user:secret@proxy.example")
    found = failure(f"{server.url}/file")
    assert "proxy or certificate settings cannot be used" in found.reason
    assert "secret" not in found.reason


@pytest.mark.parametrize(
    ("location", "leads_to"),
    [
        ("https://other.example/y", "https://other.example/y"),
        ("//other.example/y", "https://other.example/y"),
    ],
)
def test_a_redirect_to_another_host_takes_no_password_along(location: str, leads_to: str) -> None:
    question = _Question("GET", "https://user:secret@here.example/x", None, {})
    assert _redirect(question, Response(302, b"", {"location": location})) == leads_to


def test_a_question_that_is_posted_is_not_posted_elsewhere_by_an_ordinary_redirect() -> None:
    question = _Question("POST", "https://here.example/x", b"{}", {})
    with pytest.raises(TransferError, match="redirects the request"):
        _redirect(question, Response(302, b"", {"location": "https://other.example/"}))


@pytest.mark.parametrize("location", ["http://here.example/x", "http://here.example:8443/x"])
def test_a_redirect_that_gives_up_https_on_the_same_host_is_not_followed(location: str) -> None:
    question = _Question("GET", "https://user:secret@here.example/y", None, {})
    with pytest.raises(TransferError, match="not https"):
        _redirect(question, Response(302, b"", {"location": location}))


def test_a_redirect_from_http_to_another_port_of_the_same_host_is_not_the_same_host() -> None:
    question = _Question("GET", "http://here.example/y", None, {})
    with pytest.raises(TransferError, match="not https"):
        _redirect(question, Response(302, b"", {"location": "http://here.example:8080/x"}))
