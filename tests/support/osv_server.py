"""An OSV service on 127.0.0.1 with a database of its own, latency, and everything that can go wrong.

Which records apply to a version is decided here in the plainest way, so that it is a second opinion on our matcher.
Nothing here knows pytest, so that benchmarks can serve the same answers.
"""

from __future__ import annotations

import contextlib
import enum
import gzip
import hashlib
import json
import ssl
import threading
import time
import zipfile
from collections import Counter
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version
from tests.support.ports import RefusingPort


if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType
    from typing import Self


PAGE = 1000
HUGE = 10_000_000


class Fault(enum.Enum):
    """What the service does instead of answering."""

    NOT_FOUND = "404 for everything"
    SERVER_ERROR = "500 for everything"
    BUSY = "429 for everything"
    SILENCE = "the connection stays open without an answer"
    CLOSED = "the connection is closed without an answer"
    GARBAGE = "status 200 and a page of HTML"
    EMPTY_OBJECT = "status 200 and an empty JSON object"
    TRUNCATED_GZIP = "the first half of a gzip stream"
    TRUNCATED_BODY = "half of the announced body, then the connection is closed"
    HUGE = "an answer of ten megabytes"
    BOMB = "a small gzip stream that unpacks to forty megabytes"
    DRIP = "one byte every tenth of a second"
    DRIP_HEADERS = "one byte of an endless header every tenth of a second"
    ENDLESS_REDIRECT = "a redirect to itself"


class OsvServer:
    """Serves records (dicts, a folder or a zip of JSON files) and ``files`` by path; use it as a context manager.

    ``latency`` is in seconds for each answer. ``fault`` holds for the paths that begin with one of ``faulty``, or
    that are one of them with ``exactly``.
    """

    def __init__(
        self,
        records: Iterable[dict[str, Any]] | Path = (),
        *,
        latency: float = 0.0,
        page: int = PAGE,
        certificate: Path | None = None,
    ) -> None:
        self.latency = latency
        self.page = page
        self.fault: Fault | None = None
        self.faulty: tuple[str, ...] = ("/",)
        self.exactly = False
        self.fault_ends_after: int | None = None
        self.files: dict[str, bytes] = {}
        self.redirects: dict[str, str] = {}
        self.at_once = 0
        self.most_at_once = 0
        self.connections = 0
        self.lock = threading.Lock()
        self.requests: Counter[str] = Counter()
        self.questions: list[dict[str, Any]] = []
        self.stopping = threading.Event()
        self._certificate = certificate
        self._records: dict[str, dict[str, Any]] = {}
        self._bodies: dict[str, bytes] = {}
        self._by_name: dict[str, list[dict[str, Any]]] = {}
        self._answers: dict[tuple[str, str], list[str]] = {}
        self._server: ThreadingHTTPServer | None = None
        self._port = 0
        self._stopped = RefusingPort()
        for record in load(records) if isinstance(records, Path) else records:
            self.publish(record)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self._stopped.release()

    @property
    def url(self) -> str:
        scheme = "https" if self._certificate else "http"
        return f"{scheme}://127.0.0.1:{self._port}"

    def start(self) -> None:
        self.stopping.clear()
        self._stopped.release()
        self._server = _Server(("127.0.0.1", self._port), _handler(self))
        self._port = self._server.server_address[1]
        if self._certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self._certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """End the service; its port then refuses connections."""
        self.stopping.set()
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
            self._stopped.hold(self._port)

    def publish(self, record: dict[str, Any]) -> None:
        """Add a record, or put it in the place of the one with the same id."""
        self._records[record["id"]] = record
        self._bodies[record["id"]] = json.dumps(record).encode()
        self._answers.clear()
        for entries in self._by_name.values():
            entries[:] = [known for known in entries if known["id"] != record["id"]]
        for name in {_name(entry) for entry in record.get("affected", ())} - {""}:
            self._by_name.setdefault(name, []).append(record)

    def is_faulty(self, path: str) -> bool:
        if self.fault_ends_after is not None and self.requests.total() > self.fault_ends_after:
            return False
        return path in self.faulty if self.exactly else path.startswith(self.faulty)

    def body(self, identity: str) -> bytes | None:
        return self._bodies.get(identity)

    def matching(self, question: dict[str, Any]) -> list[str]:
        """Return the ids of the records that apply to a question's package and version."""
        package = question.get("package", {})
        key = (canonicalize_name(package.get("name", "")), str(question.get("version", "")))
        if key not in self._answers:
            named = self._by_name.get(key[0], ())
            self._answers[key] = [record["id"] for record in named if applies(record, *key)]
        return self._answers[key]

    def stub(self, identity: str) -> dict[str, str]:
        return {"id": identity, "modified": self._records[identity].get("modified", "2024-01-01T00:00:00Z")}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stay silent: clients hang up on purpose here."""


def load(path: Path) -> list[dict[str, Any]]:
    """Return the records of a folder or a zip."""
    if path.is_dir():
        return [json.loads(file.read_bytes()) for file in sorted(path.glob("*.json"))]
    with zipfile.ZipFile(path) as archive:
        return [json.loads(archive.read(name)) for name in archive.namelist()]


@cache
def bomb() -> bytes:
    return gzip.compress(b" " * 40_000_000, 1)


def applies(record: dict[str, Any], name: str, version: str) -> bool:
    """Tell whether a record applies, as OSV's schema describes it in pseudo code."""
    try:
        asked = Version(version)
    except InvalidVersion:
        return False
    return not record.get("withdrawn") and any(
        _name(entry) == name and (_is_listed(entry, asked) or _in_ranges(entry, asked))
        for entry in record.get("affected", ())
    )


def _name(entry: dict[str, Any]) -> str:
    package = entry.get("package", {})
    return canonicalize_name(package["name"]) if package.get("ecosystem") == "PyPI" else ""


def _is_listed(entry: dict[str, Any], asked: Version) -> bool:
    return any(_version(listed) == asked for listed in entry.get("versions", ()))


def _in_ranges(entry: dict[str, Any], asked: Version) -> bool:
    for one in entry.get("ranges", ()):
        if one["type"] == "GIT":
            continue
        bounds = [(kind, text) for event in one["events"] for kind, text in event.items()]
        events = [(_version(text) if text != "0" else Version("0.dev0"), kind) for kind, text in bounds]
        known = sorted((bound, kind) for bound, kind in events if bound is not None)
        affected = False
        for bound, kind in known:
            if kind == "introduced" and asked >= bound:
                affected = True
            elif (kind == "fixed" and asked >= bound) or (kind == "last_affected" and asked > bound):
                affected = False
        if affected:
            return True
    return False


def _version(text: str) -> Version | None:
    try:
        return Version(text)
    except InvalidVersion:
        return None


# -- answers --------------------------------------------------------------------------------------------


class _Handler(BaseHTTPRequestHandler):
    service: ClassVar[OsvServer]
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 1 << 16  # head and body in one piece

    def setup(self) -> None:
        super().setup()
        with self.service.lock:
            self.service.connections += 1

    def log_message(self, *_: object) -> None:
        """Stay silent."""

    def do_GET(self) -> None:
        self._respond(None)

    def do_POST(self) -> None:
        self._respond(json.loads(self.rfile.read(int(self.headers["content-length"])) or b"{}"))

    def _respond(self, question: Any) -> None:
        service = self.service
        with service.lock:
            service.requests[self.path.rpartition("/vulns/")[1] or self.path] += 1
            service.at_once += 1
            service.most_at_once = max(service.most_at_once, service.at_once)
        if question is not None:
            service.questions.append(question)
        if service.latency:
            service.stopping.wait(service.latency)
        with service.lock:
            service.at_once -= 1
        with contextlib.suppress(OSError):
            if self.path in service.files:
                self._file(service.files[self.path])
            elif self.path in service.redirects:
                self._send(b"", 302, location=service.redirects[self.path])
            elif service.fault and service.is_faulty(self.path):
                self._misbehave(service.fault)
            else:
                self._answer(question)

    def _answer(self, question: Any) -> None:
        service = self.service
        if self.path == "/v1/querybatch":
            self._send(json.dumps({"results": [self._result(one) for one in question["queries"]]}).encode())
        elif self.path == "/v1/query":
            bodies = [service.body(identity) or b"{}" for identity in service.matching(question)]
            self._send(b'{"vulns":[' + b",".join(bodies) + b"]}" if bodies else b"{}")
        else:
            body = service.body(self.path.rpartition("/")[2])
            self._send(body or b'{"code":5,"message":"not found"}', 200 if body else 404)

    def _file(self, content: bytes) -> None:
        tag = f'"{hashlib.sha256(content).hexdigest()}"'
        if self.headers["if-none-match"] == tag:
            self._send(b"", 304)
        else:
            self._send(content, etag=tag)

    def _result(self, question: dict[str, Any]) -> dict[str, Any]:
        service = self.service
        found = service.matching(question)
        start = int(question.get("page_token") or 0)
        shown = found[start : start + service.page]
        result: dict[str, Any] = {"vulns": [service.stub(identity) for identity in shown]} if shown else {}
        if start + service.page < len(found):
            result["next_page_token"] = str(start + service.page)
        return result

    def _send(self, body: bytes, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def _misbehave(self, fault: Fault) -> None:
        match fault:
            case Fault.NOT_FOUND:
                self._send(b"<html>nothing here</html>", 404)
            case Fault.SERVER_ERROR:
                self._send(b"<html>it broke</html>", 500)
            case Fault.BUSY:
                self._send(b"{}", 429, retry_after="0")
            case Fault.GARBAGE:
                self._send(b"<html>please log in</html>")
            case Fault.EMPTY_OBJECT:
                self._send(b"{}")
            case Fault.TRUNCATED_GZIP:
                whole = gzip.compress(json.dumps({"results": [{}] * 500, "id": "x" * 5000}).encode())
                self._send(whole[: len(whole) // 2], content_encoding="gzip")
            case Fault.HUGE:
                self._send(b'{"id":"HUGE","details":"' + b"x" * HUGE + b'"}')
            case Fault.BOMB:
                self._send(bomb(), content_encoding="gzip")
            case Fault.ENDLESS_REDIRECT:
                self._send(b"", 307, location=self.path)
            case _:
                self._hang(fault)

    def _hang(self, fault: Fault) -> None:
        self.close_connection = True
        if fault is Fault.SILENCE:
            self.service.stopping.wait(60)
        elif fault is Fault.TRUNCATED_BODY:
            self.wfile.write(b'HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{"results":')
        elif fault in (Fault.DRIP, Fault.DRIP_HEADERS):
            self.wfile.write(b"HTTP/1.1 200 OK\r\n")
            self.wfile.write(b"content-length: 100000\r\n\r\n" if fault is Fault.DRIP else b"x-drip: ")
            end = time.monotonic() + 60
            while time.monotonic() < end and not self.service.stopping.wait(0.1):
                self.wfile.write(b" " if fault is Fault.DRIP else b"x")
                self.wfile.flush()


def _handler(service: OsvServer) -> type[_Handler]:
    return type("Handler", (_Handler,), {"service": service})
