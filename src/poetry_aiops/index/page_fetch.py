"""One answer of a package index, through Poetry's Authenticator: its passwords, certificates and proxies.

Poetry waits up to fifteen seconds for each part of an answer and asks six times, however long the server tells it to wait. For
hundreds of pages that is too patient: here an answer has a total time and size, and a second try is the last.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import requests
from poetry.exceptions import PoetryError
from poetry.utils.authenticator import Authenticator
from urllib3.exceptions import HTTPError


if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from poetry.config.config import Config


TOTAL_SECONDS: Final = 60.0
PAGE_LIMIT: Final = 64 * 1024 * 1024  # bytes; the largest pages of PyPI have about ten million
_TRIES: Final = 2
_PART: Final = 1 << 16
_SHORT_WAIT: Final = 0.5  # seconds between two tries
_LONGEST_WAIT: Final = 2.0  # seconds, whatever the server asks for
_OK: Final = 200
_NOT_MODIFIED: Final = 304
_SERVER_FAULT: Final = 500
_SHUT: Final = {401, 407, 429}  # not 403: some indexes answer it for a package that they do not have
_WORDS: Final = {
    401: "it asks for a password (401); give it with `poetry config http-basic.{source} USER PASSWORD`",
    403: "it refuses access (403); check the password in `poetry config http-basic.{source}`",
    404: "it does not have this package (404)",
    410: "it does not have this package any more (410)",
    429: "it answers that it is asked too often (429)",
}


class FetchError(Exception):
    """No usable answer; ``is_down`` says that the index itself is at fault, so that asking on is in vain."""

    def __init__(self, reason: str, *, is_down: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_down = is_down


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer: ``content`` is None when the page has not changed since the ETag that was sent."""

    content: bytes | None
    content_type: str = ""
    etag: str = ""


class PageFetcher:
    """Asks the indexes that it was given; may be used by several threads."""

    def __init__(self, config: Config, sources: Iterable[tuple[str, str]], pool_size: int) -> None:
        # The pages are not cached on disk: only what is read from them is kept, in the record cache.
        self._authenticator = _Impatient(config, disable_cache=True, pool_size=pool_size)
        for name, url in sources:
            self._authenticator.add_repository(name, url)

    def get(self, source: str, url: str, headers: Mapping[str, str]) -> Fetched:
        """Return the answer of an index; raises FetchError with a reason in words and without any password."""
        deadline = time.monotonic() + TOTAL_SECONDS
        try:
            response = self._authenticator.get(
                url, headers=dict(headers), raise_for_status=False, stream=True
            )
            with response:
                if response.status_code == _NOT_MODIFIED:
                    return Fetched(None, etag=response.headers.get("ETag", ""))
                self._check(response, source)
                content = b"".join(_parts(response, deadline))
        except (requests.RequestException, HTTPError, PoetryError, OSError, ValueError) as error:
            raise FetchError(in_words(error), is_down=True) from None
        return Fetched(
            content, response.headers.get("Content-Type", "").lower(), response.headers.get("ETag", "")
        )

    def close(self) -> None:
        self._authenticator.close()

    def _check(self, response: requests.Response, source: str) -> None:
        status = response.status_code
        if status != _OK:
            raise FetchError(
                _status_in_words(status, source), is_down=status >= _SERVER_FAULT or status in _SHUT
            )


class _Impatient(Authenticator):
    """Poetry's Authenticator, which tries twice instead of six times and waits two seconds at most in between."""

    def create_session(self) -> requests.Session:
        session = _Session()
        session.headers.update(super().create_session().headers)
        return session

    def _get_backoff(self, response: requests.Response | None, attempt: int) -> float:
        if response is not None and attempt >= _TRIES:
            raise FetchError(_status_in_words(response.status_code, ""), is_down=True)
        try:
            return min(super()._get_backoff(response, attempt), _LONGEST_WAIT)
        except ValueError:  # a Retry-After that gives a date
            return _LONGEST_WAIT


class _Session(requests.Session):
    """Tells why there is no connection: Poetry's own message for that leaves the cause out."""

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:  # noqa: ANN401 - requests' signature
        for _ in range(_TRIES - 1):
            try:
                return super().send(request, **kwargs)
            except requests.exceptions.SSLError as error:
                raise FetchError(in_words(error), is_down=True) from None
            except (requests.ConnectionError, requests.Timeout):
                time.sleep(_SHORT_WAIT)
        try:
            return super().send(request, **kwargs)
        except (requests.RequestException, OSError) as error:
            raise FetchError(in_words(error), is_down=True) from None


def _status_in_words(status: int, source: str) -> str:
    return _WORDS.get(status, f"it answers with the status {status}").format(source=source)


def in_words(error: Exception) -> str:
    """Return why an index gave no answer, in words that are safe to show (addresses may hold passwords)."""
    kinds: tuple[tuple[type[Exception], str], ...] = (
        (requests.exceptions.SSLError, "its certificate cannot be verified"),
        (requests.exceptions.ProxyError, "the proxy does not answer"),
        (requests.exceptions.Timeout, "it does not answer in time"),
        (requests.exceptions.ContentDecodingError, "its answer is damaged"),
        (requests.exceptions.ChunkedEncodingError, "its answer breaks off"),
        (requests.exceptions.TooManyRedirects, "it redirects in a circle"),
        (requests.exceptions.ConnectionError, "it cannot be reached"),
        (requests.exceptions.InvalidURL, "its address cannot be used"),
        (requests.exceptions.InvalidSchema, "its address cannot be used"),
        (PoetryError, "it cannot be reached"),
        (TimeoutError, "it does not answer in time"),
    )
    return next(
        (words for kind, words in kinds if isinstance(error, kind)),
        f"its answer cannot be read ({type(error).__name__})",
    )


def _parts(response: requests.Response, deadline: float) -> Iterator[bytes]:
    """Yield the body as it comes in; raises FetchError past the total time or size."""
    size = 0
    # iter_content waits for a whole block: a server that sends a byte a second would keep it for a day.
    read = getattr(response.raw, "read1", None) or response.raw.read
    while part := read(_PART, decode_content=True):
        size += len(part)
        if size > PAGE_LIMIT:
            raise FetchError(f"its page has more than {PAGE_LIMIT >> 20} MiB", is_down=False)
        if time.monotonic() > deadline:
            raise FetchError(f"its answer takes more than {TOTAL_SECONDS:.0f} seconds", is_down=True)
        yield part
