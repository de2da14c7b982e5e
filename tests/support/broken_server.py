"""A server that sends whatever bytes a test wants: each answer is written as it is, and the connection then closed."""

from __future__ import annotations

import contextlib
import json
import socketserver
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Answer = Callable[[str, Any], bytes | list[bytes]]

PAUSE = 0.1  # seconds between the parts of an answer in parts


def ok(document: Any, *headers: str, status: str = "200 OK") -> bytes:
    """Return an answer with a JSON document, or with bytes as they are."""
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return raw(body, "content-type: application/json", *headers, status=status)


def raw(body: bytes, *headers: str, status: str = "200 OK", length: int | None = None) -> bytes:
    """Return an answer; ``length`` is what it says of its body, which may be wrong."""
    lines = [f"HTTP/1.1 {status}", *headers, f"content-length: {len(body) if length is None else length}"]
    return "\r\n".join((*lines, "connection: close", "", "")).encode() + body


@dataclass
class BrokenServer:
    """``answer`` gets the path and the JSON that was posted, and returns bytes, or parts that are sent slowly."""

    answer: Answer
    url: str = ""


@contextlib.contextmanager
def broken(answer: Answer) -> Iterator[BrokenServer]:
    """Serve on 127.0.0.1 until the block ends."""
    over = threading.Event()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            path, posted = self._question()
            sent = served.answer(path, posted)
            with contextlib.suppress(OSError):
                for part in [sent] if isinstance(sent, bytes) else sent:
                    self.wfile.write(part)
                    if not isinstance(sent, bytes) and over.wait(PAUSE):
                        return

        def _question(self) -> tuple[str, Any]:
            path = self.rfile.readline().decode("latin-1").split(" ")[1:2]
            length = 0
            while (line := self.rfile.readline().strip()) != b"":
                name, _, value = line.decode("latin-1").partition(":")
                length = int(value) if name.lower() == "content-length" else length
            body = self.rfile.read(length)
            return path[0] if path else "", json.loads(body) if body else None

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        allow_reuse_address = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            """Stay silent: what speaks TLS here or hangs up does it on purpose."""

    served = BrokenServer(answer)
    with Server(("127.0.0.1", 0), Handler) as server:
        served.url = f"http://127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield served
        finally:
            over.set()
            server.shutdown()
