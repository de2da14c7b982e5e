"""The fault table: whatever a server does, a vulnerable package is never called clean.

``flawed`` 1.0 has PYSEC-1. Each mode spoils the answers of an honest service; the audit then either still has the
finding or leaves an open question, so that the gate is 1 or 3 and never 0.
"""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.broken_server import broken, ok, raw
from tests.unit.health.locked import locked
from tests.unit.health.osv import record

from poetry_aiops.health.advisories.osv import OsvService, OsvSettings
from poetry_aiops.health.advisory import Status
from poetry_aiops.health.gate import GateFacts, Rules, judge
from poetry_aiops.health.score import security_metric
from poetry_aiops.health.security import Feeds, audit
from poetry_aiops.system.http import Limits


if TYPE_CHECKING:
    from collections.abc import Callable

    from poetry_aiops.health.advisory import Audit

    Spoil = Callable[[str, Any, bytes], bytes | list[bytes]]

QUICK = OsvSettings(Limits(connect=1.0, total=1.0, attempts=2, pause=0.01), budget=4.0)
PATIENT = OsvSettings(Limits(connect=30.0, total=30.0, attempts=2, pause=0.01), budget=60.0)
WAIT = ("silence", "slow drip", "slow headers", "503 with Retry-After")
RECORD = record("PYSEC-1", "flawed", {"introduced": "0"}, {"fixed": "2.0"})
STUB = {"id": "PYSEC-1", "modified": RECORD["modified"]}
LOGIN = b"<html><form>Please log in</form></html>"
LOCKED = [locked("flawed", "1.0"), locked("sound", "1.0")]
NOTHING = b'{"results": [{}, {}]}'


def honest(path: str, posted: Any) -> bytes:
    """Answer as OSV does."""
    if path == "/v1/querybatch":
        names = [one["package"]["name"] for one in posted["queries"]]
        return ok({"results": [{"vulns": [STUB]} if name == "flawed" else {} for name in names]})
    return ok({"vulns": [RECORD]} if path == "/v1/query" else RECORD)


def always(answer: bytes | list[bytes]) -> Spoil:
    return lambda *_: answer


def batch(document: Any, *headers: str) -> Spoil:
    """Spoil the answer about which advisories there are."""
    spoiled = ok(document, *headers)
    return lambda path, _, whole: spoiled if path == "/v1/querybatch" else whole


def results(*elements: Any, **more: Any) -> Spoil:
    return batch({"results": list(elements), **more})


def records(document: Any, *headers: str, status: str = "200 OK") -> Spoil:
    """Spoil the record by its id."""
    spoiled = ok(document, *headers, status=status)
    return lambda path, _, whole: spoiled if path.startswith("/v1/vulns/") else whole


def changed(**fields: Any) -> Spoil:
    return records({name: value for name, value in (RECORD | fields).items() if value is not None})


def second_page(path: str, posted: Any, whole: bytes) -> bytes:
    """Promise a second page, and then break."""
    if path != "/v1/querybatch":
        return whole
    asked = posted["queries"]
    if "page_token" in asked[0]:
        return ok({"results": []})
    return ok({"results": [{"next_page_token": "2"} for _ in asked]})


def endless(path: str, posted: Any, whole: bytes) -> bytes:
    if path != "/v1/querybatch":
        return whole
    return ok({"results": [{"next_page_token": "again"} for _ in posted["queries"]]})


PACKED = gzip.compress(NOTHING)
MODES: dict[str, Spoil] = {
    "reset in the middle": always(raw(NOTHING)[:60]),
    "closed without an answer": always(b""),
    "no HTTP": always(b"220 mail.example ESMTP\r\n"),
    "silence": always([b""] * 30),
    "slow drip": always([bytes([one]) for one in raw(NOTHING)]),
    "slow headers": always([b"HTTP/1.1 200 OK\r\n", *[b"x-more: 1\r\n"] * 60]),
    "500": always(ok({}, status="500 Internal Server Error")),
    "502": always(raw(LOGIN, "content-type: text/html", status="502 Bad Gateway")),
    "503": always(ok(NOTHING, status="503 Service Unavailable")),
    "503 with Retry-After": always(ok(NOTHING, "retry-after: 3600", status="503 Service Unavailable")),
    "429 with a date": always(
        ok(NOTHING, "retry-after: Mon, 30 Nov 2026 12:00:00 GMT", status="429 Too Many Requests")
    ),
    "404": always(ok(NOTHING, status="404 Not Found")),
    "403": always(ok(NOTHING, status="403 Forbidden")),
    "401": always(ok(NOTHING, "www-authenticate: Basic", status="401 Unauthorized")),
    "407": always(ok(NOTHING, status="407 Proxy Authentication Required")),
    "418": always(ok(NOTHING, status="418 I am a teapot")),
    "301 to a login page": lambda path, *_: (
        raw(LOGIN, "content-type: text/html")
        if path == "/login"
        else raw(b"", "location: /login", status="301 Moved Permanently")
    ),
    "redirect in a circle": always(raw(b"", "location: /v1/querybatch", status="307 Temporary Redirect")),
    "HTML with 200": always(raw(LOGIN, "content-type: text/html")),
    "empty body": always(ok(b"")),
    "204": always(raw(b"", status="204 No Content")),
    "304": always(raw(b"", status="304 Not Modified")),
    "truncated JSON": always(ok(NOTHING[:-1])),
    "more after the JSON": always(ok(NOTHING + NOTHING)),
    "wrong encoding": always(ok('{"results": [{"vulns": [], "é": 1}, {}]}'.encode("latin-1"))),
    "NaN": always(ok(b'{"results": [{"vulns": NaN}, {"vulns": NaN}]}')),
    "broken gzip": always(ok(PACKED[:-12], "content-encoding: gzip")),
    "gzip that is none": always(ok(NOTHING, "content-encoding: gzip")),
    "content length too long": always(raw(NOTHING, length=len(NOTHING) + 9)),
    "content length too short": always(raw(NOTHING, length=len(NOTHING) - 1)),
    "chunks that break off": always(
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + b"%x\r\n%s" % (len(NOTHING) + 5, NOTHING)
    ),
    "a list": batch([{}, {}]),
    "null": batch(None),
    "an empty object": batch({}),
    "results null": batch({"results": None}),
    "results by name": batch({"results": {"flawed": {}, "sound": {}}}),
    "one result too few": results({}),
    "one result too many": results({}, {}, {}),
    "an element null": results(None, {}),
    "an element that is a list": results([], {}),
    "an error as element": results({"code": 14, "message": "unavailable"}, {}),
    "an error beside an empty list": results({"vulns": [], "error": "overloaded"}, {}),
    "an error beside the results": results({}, {}, error="overloaded"),
    "vulns null": results({"vulns": None}, {}),
    "vulns that are no objects": results({"vulns": ["PYSEC-1"]}, {}),
    "an advisory without an id": results({"vulns": [{"modified": "2024-01-01T00:00:00Z"}]}, {}),
    "a member twice": batch(b'{"results": [{"vulns": [{"id": "PYSEC-1"}], "vulns": []}, {}]}'),
    "pages without end": endless,
    "a second page that does not come": second_page,
    "a record that is not there": records({}, status="404 Not Found"),
    "an empty record": records({}),
    "a record that is a list": records([RECORD]),
    "another record": changed(id="PYSEC-2"),
    "a record about another package": changed(affected=record("x", "elsewhere")["affected"]),
    "a record about another ecosystem": changed(
        affected=[{"package": {"ecosystem": "npm", "name": "flawed"}, "versions": ["1.0"]}]
    ),
    "a record without affected": changed(affected=None),
    "a record with nothing affected": changed(affected=[]),
    "a record of commits alone": changed(
        affected=[
            {"package": {"ecosystem": "PyPI", "name": "flawed"}, "ranges": [{"type": "GIT", "events": []}]}
        ]
    ),
    "a record that is withdrawn in the future": changed(withdrawn="2990-01-01T00:00:00Z"),
    "a record that is withdrawn without a time": changed(withdrawn=True),
    "a record that was modified before": changed(modified="1999-01-01T00:00:00Z"),
    "a record with a member twice": records(
        json.dumps(RECORD).replace('"id"', '"affected": [], "id"', 1).encode()
    ),
}


def looked_up(url: str, settings: OsvSettings = PATIENT) -> Audit:
    return audit(LOCKED, Feeds(service=OsvService(url, settings=settings)))


def code_of(found: Audit) -> int:
    return judge(Rules(), GateFacts((security_metric(found, found.findings, ()),), found.findings)).exit_code


@pytest.mark.parametrize("mode", MODES)
def test_no_broken_answer_is_clean(mode: str) -> None:
    with broken(lambda path, posted: MODES[mode](path, posted, honest(path, posted))) as server:
        found = looked_up(server.url, QUICK if mode in WAIT else PATIENT)

    flawed = found.packages[0]
    assert code_of(found) == (1 if flawed.findings else 3)
    assert flawed.findings or (flawed.status is Status.FAILED and flawed.reason)


def test_the_honest_service_is_one_and_a_server_that_is_not_there_or_speaks_no_tls_three() -> None:
    with broken(honest) as server:
        (flawed, sound), secure = looked_up(server.url).packages, server.url.replace("http:", "https:")
        assert ([one.id for one in flawed.findings], sound.status) == (["PYSEC-1"], Status.AUDITED)
        assert code_of(looked_up(secure, QUICK)) == 3
    assert code_of(looked_up(server.url)) == 3
