"""One small transport for third-party services: bounded in time, size and attempts, with one kind of error.

Everything that goes wrong ends as :class:`TransferError` with a plain reason. Limits hold for a whole transfer, so
that a server that sends one byte a second is given up as well. Proxies and certificates come from the environment
(``HTTPS_PROXY``, ``NO_PROXY``, ``SSL_CERT_FILE``, ``SSL_CERT_DIR``, ``REQUESTS_CA_BUNDLE``).
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import random
import re
import ssl
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from poetry_aiops.system.addresses import redact_addresses


if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    import httpx


AT_ONCE: Final = 16
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_KEEPS_METHOD: Final = frozenset({307, 308})
_WORTH_ANOTHER_TRY: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
_MOST_REDIRECTS: Final = 5
_LONGEST_WAIT: Final = 10.0
_FEW_DIGITS = re.compile(r"[0-9]{1,8}")


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
    """At most ``AT_ONCE`` transfers at a time; made by :func:`open_transport`.

    Each has a client with a connection of its own: httpx checks every connection of a shared pool for each
    request, which takes more time than the request.
    """

    def __init__(self, clients: Sequence[httpx.AsyncClient], limits: Limits) -> None:
        self._limits = limits
        self._idle: asyncio.LifoQueue[httpx.AsyncClient] = asyncio.LifoQueue()
        for client in clients:
            self._idle.put_nowait(client)

    async def get(
        self, url: str, *, headers: Mapping[str, str] | None = None, limits: Limits | None = None
    ) -> Response:
        """Return the answer to a GET; raises TransferError."""
        return await self._bounded("GET", url, None, headers or {}, limits or self._limits)

    async def post_json(self, url: str, document: object, *, limits: Limits | None = None) -> Response:
        """Return the answer to a POST of a JSON document; raises TransferError."""
        body = json.dumps(document, separators=(",", ":")).encode()
        headers = {"content-type": "application/json"}
        return await self._bounded("POST", url, body, headers, limits or self._limits)

    async def _bounded(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str], limits: Limits
    ) -> Response:
        question = _Question(method, url, body, headers)
        client = await self._idle.get()
        try:
            async with asyncio.timeout(limits.total):
                return await _with_attempts(client, question, limits)
        except TimeoutError:
            raise TransferError(f"no complete answer within {limits.total:g} seconds") from None
        finally:
            self._idle.put_nowait(client)


@dataclass(frozen=True, slots=True)
class _Question:
    method: str
    url: str
    body: bytes | None
    headers: Mapping[str, str]


async def _with_attempts(client: httpx.AsyncClient, question: _Question, limits: Limits) -> Response:
    for attempt in range(1, limits.attempts + 1):
        try:
            return await _followed(client, question, limits)
        except _AnotherTryError as error:
            if attempt == limits.attempts:
                raise TransferError(error.reason, status=error.status) from error
            pause = limits.pause * 2 ** (attempt - 1) * random.uniform(0.8, 1.2)  # noqa: S311 - no secret
            await asyncio.sleep(pause if error.wait is None else error.wait)
    raise TransferError("no attempt was made")


async def _followed(client: httpx.AsyncClient, question: _Question, limits: Limits) -> Response:
    for _ in range(_MOST_REDIRECTS):
        answer = await _once(client, question, limits)
        if answer.status not in _REDIRECTS:
            return _judged(answer)
        question = replace(question, url=_redirect(question, answer))
    raise TransferError(f"more than {_MOST_REDIRECTS} redirects")


async def _once(client: httpx.AsyncClient, question: _Question, limits: Limits) -> Response:
    import httpx

    timeout = httpx.Timeout(limits.total, connect=limits.connect)
    method, url, headers = question.method, question.url, dict(question.headers)
    try:
        async with client.stream(
            method, url, content=question.body, headers=headers, timeout=timeout
        ) as answer:
            content = await _content(answer, limits.size)
            return Response(answer.status_code, content, dict(answer.headers))
    except (httpx.ConnectError, httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError) as error:
        reason = in_words(error)
        if _is_tls(error):
            raise TransferError(reason) from error
        raise _AnotherTryError(reason) from error
    except httpx.TimeoutException as error:
        raise TransferError(f"no answer within {_seconds(error, limits):g} seconds") from error
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, OSError) as error:
        raise TransferError(in_words(error)) from error


def _redirect(question: _Question, answer: Response) -> str:
    """Return where an answer sends us; raises TransferError unless it is the same host or https."""
    import httpx

    if question.method != "GET" and answer.status not in _KEEPS_METHOD:
        raise TransferError(f"it redirects the question (status {answer.status})", status=answer.status)
    try:
        here = httpx.URL(question.url)
        there = here.join(answer.headers.get("location", ""))
    except (httpx.InvalidURL, ValueError) as error:
        raise TransferError("it redirects to an address that cannot be read") from error
    same_host = (here.host, here.port, here.scheme) == (there.host, there.port, there.scheme)
    if not same_host and there.scheme != "https":
        raise TransferError(f"it redirects to {redact_addresses(str(there))}, which is not https")
    return str(there)


@asynccontextmanager
async def open_transport(limits: Limits | None = None) -> AsyncIterator[Transport]:
    """Yield a transport; raises TransferError when the environment's proxy or certificates cannot be used."""
    import httpx

    for chatty in ("httpx", "httpcore"):  # with -vvv they would log addresses, which may hold passwords
        logging.getLogger(chatty).setLevel(logging.WARNING)
    alone = httpx.Limits(max_connections=1, max_keepalive_connections=1)
    headers = {"user-agent": "poetry-aiops", "accept-encoding": "gzip, deflate"}
    async with AsyncExitStack() as stack:
        try:
            trusted = _certificates()
            clients = [
                httpx.AsyncClient(verify=trusted, follow_redirects=False, limits=alone, headers=headers)
                for _ in range(AT_ONCE)
            ]
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, ImportError, OSError) as error:
            raise TransferError(
                f"the proxy or certificate settings cannot be used: {in_words(error)}"
            ) from error
        for client in clients:
            await stack.enter_async_context(client)
        yield Transport(clients, limits or Limits())


def in_words(error: BaseException) -> str:
    """Return an error's own words on one line, without passwords."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message}"
    deeper = error.__cause__ or error.__context__
    if _is_tls(error) and deeper is not None:
        return in_words(deeper)
    text = redact_addresses(" ".join(str(error).split()))
    return text[:300] or type(error).__name__


# -- one answer -----------------------------------------------------------------------------------------


class _AnotherTryError(TransferError):
    def __init__(self, reason: str, *, status: int | None = None, wait: float | None = None) -> None:
        super().__init__(reason, status=status)
        self.wait = wait


async def _content(answer: httpx.Response, size: int) -> bytes:
    """Return the decoded body; stops as soon as it is larger than ``size``."""
    announced = answer.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > size:
        raise TransferError(f"the answer is larger than {size:,} bytes", status=answer.status_code)
    blocks: list[bytes] = []
    count = 0
    async for block in answer.aiter_bytes(65_536):
        count += len(block)
        if count > size:
            raise TransferError(f"the answer is larger than {size:,} bytes", status=answer.status_code)
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


def _seconds(error: httpx.TimeoutException, limits: Limits) -> float:
    return limits.connect if "Connect" in type(error).__name__ else limits.total


def _is_tls(error: BaseException | None) -> bool:
    seen = 0
    while error is not None and seen < 10:  # noqa: PLR2004 - chains of causes are short
        if isinstance(error, ssl.SSLError):
            return True
        error, seen = error.__cause__ or error.__context__, seen + 1
    return False


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
