"""One small transport for third-party services: bounded in time, size and attempts, with one kind of error.

Everything that goes wrong ends as :class:`TransferError` with a plain reason. Limits hold for a whole transfer, so
that a server that sends one byte a second is given up as well. Proxies and certificates come from the environment
(``HTTPS_PROXY``, ``NO_PROXY``, ``SSL_CERT_FILE``, ``SSL_CERT_DIR``, ``REQUESTS_CA_BUNDLE``).
"""

from __future__ import annotations

import json
import logging
import math
import os
import random
import re
import socket
import ssl
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar
from urllib.parse import urljoin, urlsplit

from poetry_aiops.system.addresses import redact_addresses


if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    import httpx
    from httpcore import NetworkStream


AT_ONCE: Final = 16
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_KEEPS_METHOD: Final = frozenset({307, 308})
_WORTH_ANOTHER_TRY: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
_MOST_REDIRECTS: Final = 5
_LONGEST_WAIT: Final = 10.0
_WATCH: Final = 0.05  # seconds after which time limits are checked again
_FEW_DIGITS = re.compile(r"[0-9]{1,8}")
_HEADERS: Final = {"user-agent": "poetry-aiops", "accept-encoding": "gzip, deflate"}

T = TypeVar("T")
R = TypeVar("R")


class TransferError(Exception):
    """A transfer that did not succeed: ``reason`` in plain text, without passwords.

    ``status`` is the HTTP status where there was one.
    """

    def __init__(self, reason: str, *, status: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one transfer: seconds to connect and in total over all attempts, bytes, attempts, first pause."""

    connect: float = 10.0
    total: float = 30.0
    size: int = 32_000_000
    attempts: int = 3
    pause: float = 0.4


@dataclass(frozen=True, slots=True)
class Response:
    """A successful answer: status 200, or 304 when the question carried a validator."""

    status: int
    body: bytes
    headers: Mapping[str, str]

    def json(self) -> object:
        """Return the parsed JSON; raises TransferError for anything that is none, or that names a member twice.

        Which of two members of one name counts is up to the reader (RFC 8259, section 4), so there is no answer then.
        """
        try:
            return json.loads(self.body, object_pairs_hook=_members)
        except (ValueError, RecursionError) as error:
            kind = self.headers.get("content-type", "").partition(";")[0]
            raise TransferError(
                f"the answer is not JSON ({kind or 'no type'}, {len(self.body)} bytes)"
            ) from error


def _members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a member is named twice")
    return members


class Transport:
    """Connections that are kept open between transfers until the block ends; several threads may use it.

    Each transfer has a client with one connection to itself: httpx checks every connection of a shared pool for each
    request, and its synchronous client takes half the processor time of the asynchronous one. ``budget`` bounds all
    transfers together, in seconds from now.
    """

    def __init__(self, limits: Limits | None = None, budget: float = math.inf) -> None:
        self._limits = limits or Limits()
        self._budget = budget
        self._end = time.monotonic() + budget
        self._idle: list[_Connection] = []
        self._trusted: ssl.SSLContext | None = None
        self._lock = threading.Lock()
        self._running: set[_Transfer] = set()
        self._ended = threading.Event()

    def __enter__(self) -> Self:
        _load_httpx()
        threading.Thread(target=self._watch, name="time limits", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for connection in self._idle:
            connection.client.close()
        self._idle.clear()

    def get(
        self, url: str, *, headers: Mapping[str, str] | None = None, limits: Limits | None = None
    ) -> Response:
        """Return the answer to a GET; raises TransferError."""
        return self._bounded(_Question("GET", url, None, headers or {}), limits or self._limits)

    def post_json(self, url: str, document: object, *, limits: Limits | None = None) -> Response:
        """Return the answer to a POST of a JSON document; raises TransferError."""
        body = json.dumps(document, separators=(",", ":")).encode()
        question = _Question("POST", url, body, {"content-type": "application/json"})
        return self._bounded(question, limits or self._limits)

    def at_once(self, ask: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """Yield what ``ask`` returns for each item, in order; ``AT_ONCE`` threads call it.

        A reader that stops, by Ctrl-C for example, ends the transfers that are on their way.
        """
        threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="transfer")
        try:
            yield from threads.map(ask, items)
        except BaseException:
            self._ended.set()
            for transfer in tuple(self._running):
                transfer.cut()
            raise
        finally:
            threads.shutdown(cancel_futures=True)

    def _bounded(self, question: _Question, limits: Limits) -> Response:
        transfer = _Transfer(limits, self._end, self._budget, self._connection())
        self._running.add(transfer)
        try:
            answer = self._with_attempts(question, transfer)
        except TransferError:
            if not transfer.is_cut:
                raise
        finally:
            self._running.discard(transfer)
            self._idle.append(transfer.connection)
        if transfer.is_cut:  # a body whose length is not announced then looks complete
            raise TransferError(transfer.late)
        return answer

    def _watch(self) -> None:
        while not self._ended.wait(_WATCH):
            for transfer in tuple(self._running):
                if not transfer.left:
                    transfer.cut()

    def _connection(self) -> _Connection:
        import httpx

        with self._lock:
            if self._idle:
                return self._idle.pop()
            try:
                self._trusted = self._trusted or _certificates()
                return _Connection(self._trusted)
            except (httpx.HTTPError, httpx.InvalidURL, ValueError, ImportError, OSError) as error:
                reason = f"the proxy or certificate settings cannot be used: {in_words(error)}"
                raise TransferError(reason) from error

    def _with_attempts(self, question: _Question, transfer: _Transfer) -> Response:
        limits = transfer.limits
        for attempt in range(1, limits.attempts + 1):
            try:
                return self._followed(question, transfer)
            except _AnotherTryError as error:
                if attempt == limits.attempts or transfer.is_cut:
                    raise TransferError(error.reason, status=error.status) from error
                pause = limits.pause * 2 ** (attempt - 1) * random.uniform(0.8, 1.2)  # noqa: S311 - no secret
                self._ended.wait(min(pause if error.wait is None else error.wait, transfer.left))
        raise TransferError("no attempt was made")

    def _followed(self, question: _Question, transfer: _Transfer) -> Response:
        for _ in range(_MOST_REDIRECTS):
            answer = self._once(question, transfer)
            if answer.status not in _REDIRECTS:
                return _judged(answer)
            question = replace(question, url=_redirect(question, answer))
        raise TransferError(f"more than {_MOST_REDIRECTS} redirects")

    def _once(self, question: _Question, transfer: _Transfer) -> Response:
        import httpx

        limits, left = transfer.limits, max(transfer.left, 0.001)
        try:
            with transfer.connection.client.stream(
                question.method,
                question.url,
                content=question.body,
                headers=dict(question.headers),
                timeout=httpx.Timeout(left, connect=min(limits.connect, left)),
                extensions={"trace": transfer.follow},
            ) as answer:
                content = _content(answer, limits.size)
                return Response(answer.status_code, content, dict(answer.headers))
        except (httpx.ConnectError, httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError) as error:
            if any(isinstance(cause, ssl.SSLError) for cause in _causes(error)):
                raise TransferError(in_words(error)) from error
            raise _AnotherTryError(in_words(error)) from error
        except httpx.ConnectTimeout as error:
            raise TransferError(f"no answer within {limits.connect:g} seconds") from error
        except httpx.TimeoutException as error:
            raise TransferError(transfer.late) from error
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, OSError) as error:
            raise TransferError(in_words(error)) from error


@dataclass(frozen=True, slots=True)
class _Question:
    method: str
    url: str
    body: bytes | None
    headers: Mapping[str, str]


class _Connection:
    """A client that has one connection, and the stream of that."""

    def __init__(self, trusted: ssl.SSLContext) -> None:
        import httpx

        for chatty in ("httpx", "httpcore"):  # with -vvv they would log addresses, which may hold passwords
            logging.getLogger(chatty).setLevel(logging.WARNING)
        alone = httpx.Limits(max_connections=1, max_keepalive_connections=1)
        self.client = httpx.Client(verify=trusted, limits=alone, headers=_HEADERS)
        self.stream: NetworkStream | None = None


class _Transfer:
    """One question on its way, with all attempts; ``cut`` ends it from another thread."""

    def __init__(self, limits: Limits, end: float, budget: float, connection: _Connection) -> None:
        self.limits = limits
        self.connection = connection
        self.is_cut = False
        self._end = min(time.monotonic() + limits.total, end)
        self.late = (
            f"the time limit of {budget:g} seconds was reached"
            if self._end == end
            else f"no complete answer within {limits.total:g} seconds"
        )

    @property
    def left(self) -> float:
        """The seconds that are left."""
        return max(self._end - time.monotonic(), 0.0)

    def follow(self, _event: str, values: dict[str, Any]) -> None:
        """Keep the stream that httpcore opened, so that it can be cut; https://www.encode.io/httpcore/extensions/."""
        opened = values.get("return_value")
        if hasattr(opened, "get_extra_info"):
            self.connection.stream = opened
            if self.is_cut:
                self.cut()

    def cut(self) -> None:
        """Shut the socket, so that the thread that waits for it reads its end at once."""
        self.is_cut = True
        opened = self.connection.stream and self.connection.stream.get_extra_info("socket")
        if opened:
            with suppress(OSError):
                # SSLSocket's own method would spoil a read that is under way.
                socket.socket.shutdown(opened, socket.SHUT_RDWR)


def _load_httpx() -> None:
    """Import httpx without its command line: the colours and tables of that take as long as all the rest."""
    if "httpx" in sys.modules:
        return
    sys.modules["httpx._main"] = None  # type: ignore[assignment]  # httpx is prepared for a refused import
    try:
        import httpx  # noqa: F401
    finally:
        del sys.modules["httpx._main"]


def fetch(url: str, limits: Limits | None = None, headers: Mapping[str, str] | None = None) -> Response:
    """Return the answer to one GET; raises TransferError."""
    with Transport(limits) as transport:
        return transport.get(url, headers=headers)


def _redirect(question: _Question, answer: Response) -> str:
    """Return where an answer sends us; raises TransferError unless it is the same host or https."""
    if question.method != "GET" and answer.status not in _KEEPS_METHOD:
        raise TransferError(f"it redirects the request (status {answer.status})", status=answer.status)
    try:
        target = urljoin(question.url, answer.headers.get("location", ""))
        here, there = urlsplit(question.url), urlsplit(target)
        same_host = (here.hostname, here.port, here.scheme) == (there.hostname, there.port, there.scheme)
    except ValueError as error:
        raise TransferError("it redirects to an address that cannot be read") from error
    if not same_host and there.scheme != "https":
        raise TransferError(f"it redirects to {redact_addresses(target)}, which is not https")
    return target


def in_words(error: BaseException) -> str:
    """Return the reason of an error on one line: that of the system or of TLS where there is one, without passwords."""
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"its certificate is not trusted: {cause.verify_message}"
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
    text = redact_addresses(" ".join(str(error).split()))
    return text[:300] or type(error).__name__


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and what it was raised for."""
    known: list[BaseException] = []
    while error is not None and error not in known:
        known.append(error)
        yield error
        error = error.__cause__ or error.__context__


# -- one answer -----------------------------------------------------------------------------------------


class _AnotherTryError(TransferError):
    def __init__(self, reason: str, *, status: int | None = None, wait: float | None = None) -> None:
        super().__init__(reason, status=status)
        self.wait = wait


def _content(answer: httpx.Response, size: int) -> bytes:
    """Return the decoded body; stops as soon as it is larger than ``size``."""
    blocks: list[bytes] = []
    count = 0
    for block in answer.iter_bytes(65_536):
        count += len(block)
        if count > size:
            raise TransferError(f"the answer is larger than {size:,} bytes", status=answer.status_code)
        blocks.append(block)
    return b"".join(blocks)


def _judged(answer: Response) -> Response:
    """Return an answer that is one; raises for every other status."""
    if answer.status in (200, 304):
        return answer
    from http import HTTPStatus

    known = {status.value: status.phrase for status in HTTPStatus}
    reason = f"it answers {answer.status} {known.get(answer.status, '')}".rstrip()
    if answer.status in _WORTH_ANOTHER_TRY:
        raise _AnotherTryError(reason, status=answer.status, wait=_retry_after(answer))
    raise TransferError(reason, status=answer.status)


def _retry_after(answer: Response) -> float | None:
    reported = _FEW_DIGITS.fullmatch(answer.headers.get("retry-after", ""))
    return min(float(reported.group()), _LONGEST_WAIT) if reported else None


def _certificates() -> ssl.SSLContext:
    """Return httpx's own choice, or the bundle that users of requests name."""
    import httpx

    own = any(os.environ.get(name) for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"))
    bundle = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
    if own or not bundle:
        return httpx.create_ssl_context()
    if Path(bundle).is_dir():
        return ssl.create_default_context(capath=bundle)
    return ssl.create_default_context(cafile=bundle)
