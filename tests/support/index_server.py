"""The HTTP server of the package index for tests: it passes GET and HEAD on and sends what comes back."""

from __future__ import annotations

import urllib.parse
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar, Protocol


_PART = 1 << 20  # bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer."""

    status: HTTPStatus
    content_type: str = "text/plain"
    body: bytes = b""
    etag: str = ""


class Answers(Protocol):
    """What answers the requests."""

    def answer(self, path: str, accept: str) -> Answer | None:
        """Answer one GET request; ``None`` closes the connection."""


class IndexServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, index: Answers, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.index = index


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Headers and body leave in two writes: without this, Nagle's algorithm waits 40 ms for each answer.
    disable_nagle_algorithm = True
    timeout: ClassVar[float | None] = 10

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def _answer(self, *, with_body: bool) -> None:
        path = urllib.parse.unquote(urllib.parse.urlsplit(self.path).path)
        assert isinstance(self.server, IndexServer)
        answer = self.server.index.answer(path, self.headers.get("Accept", ""))
        if answer is None:
            self.close_connection = True
            return
        if answer.etag and self.headers.get("If-None-Match") == answer.etag:
            answer = Answer(HTTPStatus.NOT_MODIFIED, etag=answer.etag)
        self.send_response(answer.status)
        if answer.etag:
            self.send_header("ETag", answer.etag)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if with_body:
            # `timeout` counts for a whole write: a large wheel on a busy machine needs more than one of them.
            for start in range(0, len(answer.body), _PART):
                self.wfile.write(answer.body[start : start + _PART])

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Keep the test's output quiet."""
