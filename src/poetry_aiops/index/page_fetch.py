"""One answer of a package index, through Poetry's Authenticator: its certificates and proxies, the user's logins.

Which login goes where is decided by `index.access`; a redirect never takes one along to another scheme, host or port.

Poetry waits up to fifteen seconds for each part of an answer and tries six times, however long the server says to wait. For
hundreds of pages that is too patient: here an answer has a total time and size, and a second try is the last.
"""

from __future__ import annotations

import shlex
import time
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import requests
from poetry.exceptions import PoetryError
from poetry.utils.authenticator import Authenticator, RepositoryCertificateConfig
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError

from poetry_aiops.index.access import TRUSTED_VARIABLE, UserAccess, origin_of, settling_line
from poetry_aiops.system.addresses import public_address
from poetry_aiops.system.record import Record


if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from poetry.config.config import Config
    from poetry.utils.password_manager import HTTPAuthCredential


TOTAL_SECONDS: Final = 60.0
PAGE_LIMIT: Final = 64 * 1024 * 1024  # bytes; the largest pages of PyPI have about ten million
_TRIES: Final = 2
_PART: Final = 1 << 16
_SHORT_WAIT: Final = 0.5  # seconds between two tries
_LONGEST_WAIT: Final = 2.0  # seconds, whatever the server requests
_DIGITS: Final = 15  # of a length in bytes
_OK: Final = 200
_NOT_MODIFIED: Final = 304
_SERVER_FAULT: Final = 500
_SHUT: Final = {401, 407, 429}  # not 403: some indexes answer it for a package that they do not have
_NO_ENTRY: Final = {401: "it requires a password (401)", 403: "it refuses access (403)"}
_WORDS: Final = {
    404: "it does not have this package (404)",
    410: "it does not have this package any more (410)",
    429: "it limits the rate of requests (429)",
}


class FetchError(Exception):
    """No usable answer; ``is_down`` says that the index itself is at fault, so that further requests cannot succeed.

    ``is_refused`` says that a login or the user's word is missing: what the index has is then an open question.
    """

    def __init__(self, reason: str, *, is_down: bool, is_refused: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_down = is_down
        self.is_refused = is_refused


class Fetched(Record):
    """An answer: ``content`` is None when the page has not changed since the ETag that was sent."""

    content: bytes | None
    content_type: str = ""
    etag: str = ""


class PageFetcher:
    """Asks the indexes that it was given; may be used by several threads."""

    def __init__(self, config: Config, sources: Iterable[tuple[str, str]], pool_size: int) -> None:
        self._urls = dict(sources)
        self._access = UserAccess(self._urls)
        # The pages are not cached on disk: only what is read from them is kept, in the record cache.
        self._authenticator = _Impatient(config, self._access, self._urls, pool_size)
        for name, url in self._urls.items():
            self._authenticator.add_repository(name, url)

    def get(self, source: str, url: str, headers: Mapping[str, str]) -> Fetched:
        """Return the answer of an index; raises FetchError with a readable reason and without any password."""
        deadline = time.monotonic() + TOTAL_SECONDS
        if not self._access.may_ask(url):
            trust = f"{TRUSTED_VARIABLE}={urlsplit(url).hostname or ''}"
            raise FetchError(
                "its address is inside this machine or network, and only the project names it; if that is right, run "
                f"`{settling_line(source, self._urls[source])}` or set {trust}",
                is_down=True,
                is_refused=True,
            )
        try:
            response = self._authenticator.get(
                url, headers=dict(headers), raise_for_status=False, stream=True
            )
            with response:
                self._check(response, source, url)
                content = b"".join(_parts(response, deadline))  # read to its end, or its connection is closed
        except (requests.RequestException, HTTPError, PoetryError, OSError, ValueError) as error:
            raise FetchError(in_words(error), is_down=True) from None
        unchanged = response.status_code == _NOT_MODIFIED
        return Fetched(
            None if unchanged else content,
            response.headers.get("Content-Type", "").lower(),
            response.headers.get("ETag", ""),
        )

    def length(self, url: str) -> int | None:
        """Return how long a file is, without fetching it; None where its index does not say it. Raises FetchError."""
        try:
            with self._authenticator.request("head", url, raise_for_status=False) as response:
                length = response.headers.get("Content-Length", "") if response.ok else ""
        except (HTTPError, PoetryError, OSError, ValueError) as error:
            raise FetchError(in_words(error), is_down=True) from None
        return int(length) if length.isdecimal() and len(length) < _DIGITS else None

    def close(self) -> None:
        self._authenticator.close()

    def _check(self, response: requests.Response, source: str, url: str) -> None:
        status = response.status_code
        if status in _NO_ENTRY:
            raise FetchError(
                f"{_NO_ENTRY[status]}; {self._way_in(source, url)}", is_down=status in _SHUT, is_refused=True
            )
        if status not in (_OK, _NOT_MODIFIED):
            raise FetchError(_status_in_words(status), is_down=status >= _SERVER_FAULT or status in _SHUT)

    def _way_in(self, source: str, url: str) -> str:
        if name := self._access.name_for(url):
            return f"give or check it with `poetry config http-basic.{shlex.quote(name)} USER PASSWORD`"
        return (
            "a login goes only to an address that your own configuration names; if this one may have it, run "
            f"`{settling_line(source, self._urls[source])}`"
        )


class _Impatient(Authenticator):
    """Poetry's Authenticator with the user's logins; it tries twice instead of six times, two seconds apart at most."""

    def __init__(self, config: Config, access: UserAccess, urls: Mapping[str, str], pool_size: int) -> None:
        super().__init__(config, disable_cache=True, pool_size=pool_size)
        self._access = access
        self._indexes = {origin_of(url): url for url in urls.values()}

    def create_session(self) -> requests.Session:
        session = _Session(self._access)
        session.headers.update(super().create_session().headers)
        for scheme in ("https://", "http://"):  # Poetry gives its pool size only to a session with a cache
            session.mount(scheme, HTTPAdapter(pool_maxsize=self._pool_size))
        return session

    def get_session(self, url: str | None = None) -> requests.Session:
        # Poetry logs the requested host, with its userinfo.
        return super().get_session(url and public_address(url))

    def get_credentials_for_url(self, url: str) -> HTTPAuthCredential:
        if "@" in urlsplit(url).netloc:  # the author of the address gave the login for this host
            return super().get_credentials_for_url(url)
        return self._access.login(url, self._indexes.get(origin_of(url), ""))

    def get_certs_for_url(self, url: str) -> RepositoryCertificateConfig:
        """Return the user's own settings where the user's login goes: a poetry.toml may switch checks off."""
        login = self._access.login(url, self._indexes.get(origin_of(url), ""))
        if login.username is None and login.password is None:
            return super().get_certs_for_url(url)
        repository = self.get_repository_config_for_url(url)
        name = self._access.name_for(url) or (repository.name if repository else "")
        return RepositoryCertificateConfig.create(name, self._access.config)

    def _get_backoff(self, response: requests.Response | None, attempt: int) -> float:
        if response is not None and attempt >= _TRIES:
            raise FetchError(_status_in_words(response.status_code), is_down=True)
        try:
            return min(super()._get_backoff(response, attempt), _LONGEST_WAIT)
        except ValueError:  # a Retry-After that gives a date
            return _LONGEST_WAIT


class _Session(requests.Session):
    """Guards every hop, and reports why there is no connection: Poetry's own message leaves the cause out."""

    def __init__(self, access: UserAccess) -> None:
        super().__init__()
        self._access = access
        self._settings: dict[tuple[object, ...], Any] = {}

    def merge_environment_settings(self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any) -> Any:  # noqa: ANN401 - requests' signature
        """Return proxies and certificates; the environment is read once for each host, not for each page."""
        key = (origin_of(str(url)), stream, str(verify), str(cert), tuple((proxies or {}).items()))
        if key not in self._settings:
            self._settings[key] = super().merge_environment_settings(url, proxies, stream, verify, cert)
        return dict(self._settings[key])

    def prepare_request(self, request: requests.Request) -> requests.PreparedRequest:
        # Without a login requests takes one from .netrc, whose default entry is for every host.
        if request.auth is None and not self._access.name_for(str(request.url)):
            request.auth = _without_login
        return super().prepare_request(request)

    def rebuild_auth(self, prepared_request: requests.PreparedRequest, response: requests.Response) -> None:
        """Take the login off a request that a redirect sends to another scheme, host or port."""
        before, after = origin_of(str(response.request.url)), origin_of(str(prepared_request.url))
        if before[0] == "https" != after[0]:
            raise FetchError("it redirects from https to http", is_down=True)
        if before != after:
            prepared_request.headers.pop("Authorization", None)

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:  # noqa: ANN401 - requests' signature
        if not self._access.may_ask(str(request.url)):
            raise FetchError("it leads to an address inside this machine or network", is_down=False)
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


def _without_login(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _status_in_words(status: int) -> str:
    return _WORDS.get(status, f"it answers with the status {status}")


def in_words(error: Exception) -> str:
    """Return why an index gave no answer, as a message that is safe to show (addresses may hold passwords)."""
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
