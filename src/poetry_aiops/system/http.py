"""One small transport for third-party services: bounded in time, size and attempts, with one kind of error.

Everything that goes wrong ends as :class:`TransferError` with a plain reason. Limits hold for a whole transfer, so
that a server that sends one byte a second is given up as well. Proxies and certificates come from the environment
(``HTTPS_PROXY``, ``NO_PROXY``, ``SSL_CERT_FILE``, ``SSL_CERT_DIR``, ``REQUESTS_CA_BUNDLE``).
"""

from __future__ import annotations

import json
import math
import os
import random
import re
import socket
import ssl
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from http.client import HTTPException, RemoteDisconnected
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import unquote, urljoin, urlsplit

from requests.utils import DEFAULT_CA_BUNDLE_PATH, get_environ_proxies, prepend_scheme_if_needed, select_proxy
from urllib3 import (
    HTTPConnectionPool,
    HTTPSConnectionPool,
    PoolManager,
    Timeout,
    make_headers,
    proxy_from_url,
)
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NewConnectionError,
    ProtocolError,
    ReadTimeoutError,
)

from poetry_aiops.system.addresses import redact_addresses


if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from urllib3 import BaseHTTPResponse


AT_ONCE: Final = 16
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_KEEPS_METHOD: Final = frozenset({307, 308})
_WORTH_ANOTHER_TRY: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
_MOST_REDIRECTS: Final = 5
_LONGEST_WAIT: Final = 10.0
_FEW_DIGITS = re.compile(r"[0-9]{1,8}")
_TRUST: Final = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_HEADERS: Final = {"user-agent": "poetry-aiops", "accept-encoding": "gzip, deflate"}

T = TypeVar("T")
R = TypeVar("R")


class TransferError(Exception):
    """A transfer that did not succeed: ``reason`` in plain words, without passwords.

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
    """A successful answer (status 200; 202 and 204 from a webhook), or 304 when the question carried a validator."""

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
    """Connections that are kept open between transfers, as long as this value lives; several threads may use it.

    ``budget`` bounds all transfers together, in seconds from now.
    """

    def __init__(self, limits: Limits | None = None, budget: float = math.inf) -> None:
        self._limits = limits or Limits()
        self._budget = budget
        self._end = time.monotonic() + budget
        self._managers: dict[tuple[str, str], PoolManager] = {}
        self._running: set[_Transfer] = set()
        self._closed = threading.Event()

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

        Whoever stops reading, by Ctrl-C for example, ends the transfers that are on their way.
        """
        threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="transfer")
        try:
            yield from threads.map(ask, items)
        except BaseException:
            self._closed.set()
            for transfer in tuple(self._running):
                transfer.cut()
            raise
        finally:
            threads.shutdown(cancel_futures=True)

    def _bounded(self, question: _Question, limits: Limits) -> Response:
        transfer = _Transfer(limits, self._end, self._budget)
        self._running.add(transfer)
        watch = threading.Timer(transfer.left, transfer.cut)
        watch.daemon = True
        watch.start()
        try:
            answer = self._with_attempts(question, transfer)
        except TransferError:
            if not transfer.is_cut:
                raise
        finally:
            watch.cancel()
            self._running.discard(transfer)
        if transfer.is_cut:  # a body whose length is not announced then looks complete
            raise TransferError(transfer.late)
        return answer

    def _with_attempts(self, question: _Question, transfer: _Transfer) -> Response:
        limits = transfer.limits
        for attempt in range(1, limits.attempts + 1):
            try:
                return self._followed(question, transfer)
            except _AnotherTryError as error:
                if attempt == limits.attempts or transfer.is_cut:
                    raise TransferError(error.reason, status=error.status) from error
                pause = limits.pause * 2 ** (attempt - 1) * random.uniform(0.8, 1.2)  # noqa: S311 - no secret
                self._closed.wait(min(pause if error.wait is None else error.wait, transfer.left))
        raise TransferError("no attempt was made")

    def _followed(self, question: _Question, transfer: _Transfer) -> Response:
        for _ in range(_MOST_REDIRECTS):
            answer = self._once(question, transfer)
            if answer.status not in _REDIRECTS:
                return _judged(answer)
            question = replace(question, url=_redirect(question, answer))
        raise TransferError(f"more than {_MOST_REDIRECTS} redirects")

    def _once(self, question: _Question, transfer: _Transfer) -> Response:
        limits, left = transfer.limits, max(transfer.left, 0.001)
        _here.transfer = transfer
        try:
            with self._manager(question.url).request(
                question.method,
                question.url,
                body=question.body,
                headers={**_HEADERS, **_login(question.url), **question.headers},
                timeout=Timeout(connect=min(limits.connect, left), read=left),
                retries=False,
                redirect=False,
                preload_content=False,
            ) as answer:
                content = _content(answer, limits.size)
                headers = {name.lower(): value for name, value in answer.headers.items()}
                return Response(answer.status, content, headers)
        except (NewConnectionError, ProtocolError) as error:
            raise _AnotherTryError(in_words(error)) from error
        except ConnectTimeoutError as error:
            raise TransferError(f"no answer within {limits.connect:g} seconds") from error
        except ReadTimeoutError as error:
            raise TransferError(transfer.late) from error
        except (HTTPError, ValueError, OSError) as error:
            raise TransferError(in_words(error)) from error

    def _manager(self, url: str) -> PoolManager:
        """Return the connections to use for an address: direct ones, or those to the environment's proxy for it."""
        scheme = urlsplit(url).scheme
        try:
            proxy = select_proxy(url, get_environ_proxies(url)) or ""
            if (scheme, proxy) not in self._managers:
                self._managers[scheme, proxy] = _connections(scheme, proxy)
            return self._managers[scheme, proxy]
        except (HTTPError, ValueError, OSError) as error:
            reason = f"the proxy or certificate settings cannot be used: {in_words(error)}"
            raise TransferError(reason) from error


@dataclass(frozen=True, slots=True)
class _Question:
    method: str
    url: str
    body: bytes | None
    headers: Mapping[str, str]


class _Transfer:
    """One question on its way, with all attempts; ``cut`` ends it from another thread."""

    def __init__(self, limits: Limits, end: float, budget: float) -> None:
        self.limits = limits
        self.connection: HTTPConnection | None = None
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

    def cut(self) -> None:
        """Shut the socket, so that whoever waits for it reads its end at once."""
        self.is_cut = True
        opened = self.connection.sock if self.connection else None
        if opened is not None:
            with suppress(OSError):
                # SSLSocket's own method would spoil a read that is under way.
                socket.socket.shutdown(opened, socket.SHUT_RDWR)


class _Here(threading.local):
    transfer: _Transfer


_here = _Here()


class _Connection(HTTPConnection):
    """A connection that its transfer knows, so that it can be cut."""

    def putrequest(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - urllib3's signature
        _here.transfer.connection = self
        super().putrequest(*arguments, **options)


class _SafeConnection(_Connection, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SafePool(HTTPSConnectionPool):
    ConnectionCls = _SafeConnection


def fetch(url: str, limits: Limits | None = None, headers: Mapping[str, str] | None = None) -> Response:
    """Return the answer to one GET; raises TransferError."""
    return Transport(limits).get(url, headers=headers)


def _connections(scheme: str, proxy: str) -> PoolManager:
    """Return what opens connections, directly or through a proxy; raises what urllib3 raises for unusable settings."""
    settings: dict[str, Any] = {"maxsize": AT_ONCE}
    if scheme == "https" or proxy.startswith("https"):
        settings["ssl_context"] = _certificates()
    if proxy:
        address = prepend_scheme_if_needed(proxy, "http")
        login = make_headers(proxy_basic_auth=_userinfo(address)) if _userinfo(address) else {}
        manager: PoolManager = proxy_from_url(address, proxy_headers=login, **settings)
    else:
        manager = PoolManager(**settings)
    manager.pool_classes_by_scheme = {"http": _Pool, "https": _SafePool}
    return manager


def _login(url: str) -> dict[str, str]:
    return make_headers(basic_auth=_userinfo(url)) if _userinfo(url) else {}


def _userinfo(url: str) -> str:
    """Return the user and password that an address holds, ``user:password``."""
    return unquote(urlsplit(url).netloc.rpartition("@")[0])


def _redirect(question: _Question, answer: Response) -> str:
    """Return where an answer sends us; raises TransferError unless it is the same host or https."""
    if question.method != "GET" and answer.status not in _KEEPS_METHOD:
        raise TransferError(f"it redirects the question (status {answer.status})", status=answer.status)
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
        if isinstance(cause, RemoteDisconnected):
            return "the connection was closed without an answer"
        if isinstance(cause, HTTPException):
            return "the answer breaks off or cannot be read"
    text = redact_addresses(" ".join(str(error).split()))
    return text[:300] or type(error).__name__


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and what it was raised for; urllib3 keeps that among the arguments."""
    known: list[BaseException] = [error]
    for one in known:
        yield one
        for cause in (one.__cause__, one.__context__, *one.args):
            if isinstance(cause, BaseException) and cause not in known:
                known.append(cause)


# -- one answer -----------------------------------------------------------------------------------------


class _AnotherTryError(TransferError):
    def __init__(self, reason: str, *, status: int | None = None, wait: float | None = None) -> None:
        super().__init__(reason, status=status)
        self.wait = wait


def _content(answer: BaseHTTPResponse, size: int) -> bytes:
    """Return the decoded body; stops as soon as it is larger than ``size``."""
    announced = answer.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > size:
        raise TransferError(f"the answer is larger than {size:,} bytes", status=answer.status)
    blocks: list[bytes] = []
    count = 0
    for block in answer.stream(65_536, decode_content=True):
        count += len(block)
        if count > size:
            raise TransferError(f"the answer is larger than {size:,} bytes", status=answer.status)
        blocks.append(block)
    return b"".join(blocks)


def _judged(answer: Response) -> Response:
    """Return an answer that is one; raises for every other status."""
    if answer.status in (200, 202, 204, 304):
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
    """Return what is trusted: what the environment names, for OpenSSL or for requests, else the list of certifi."""
    name = next((one for one in _TRUST if os.environ.get(one)), "")
    path = os.environ[name] if name else DEFAULT_CA_BUNDLE_PATH
    if name == "SSL_CERT_DIR" or Path(path).is_dir():
        return ssl.create_default_context(capath=path)
    return ssl.create_default_context(cafile=path)
