"""A package index of the project as the record reader sees it: its addresses, and whether it still answers."""

from __future__ import annotations

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from inspect import signature
from typing import TYPE_CHECKING, Final, Self, TypeVar
from urllib.parse import urlsplit

import requests
from poetry.console.exceptions import PoetryRuntimeError
from poetry.repositories.exceptions import PackageNotFoundError, RepositoryError
from poetry.repositories.http_repository import HTTPRepository
from poetry.repositories.pypi_repository import PyPiRepository

from poetry_aiops.index.access import mirror_of, origin_of, user_configuration
from poetry_aiops.index.page_fetch import FetchError, PageFetcher
from poetry_aiops.index.simple_page import ACCEPT, UnreadablePageError, files_on
from poetry_aiops.system.addresses import public_address


if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from poetry.config.config import Config
    from poetry.repositories import RepositoryPool

    from poetry_aiops.index.page_fetch import Fetched
    from poetry_aiops.index.simple_page import ListedFile
    from poetry_aiops.project.model import Package


INDEX_ERRORS: Final = (
    PackageNotFoundError,
    RepositoryError,
    PoetryRuntimeError,
    requests.RequestException,
)
"""What Poetry raises for an index that does not answer, or does not have what is requested."""

_PATIENCE: Final = 3
"""Answers that fail in a row, after which an index is not asked any more in this run."""
_SIMPLE: Final = "/simple"
_PYPI: Final = "pypi"
_NAME: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")

T = TypeVar("T")
R = TypeVar("R")


class IndexSource:
    """One index; its counters may be touched by several threads."""

    def __init__(self, name: str, url: str) -> None:
        self.name = name
        self.url = url
        self.address = public_address(url)
        self.given_up = ""
        self._root = url.rstrip("/").removesuffix(_SIMPLE) if url.rstrip("/").endswith(_SIMPLE) else None
        self._failures = 0
        self._silent = 0
        self._lock = threading.Lock()

    def page(self, name: str) -> str:
        """Return the address of a project's page (PEP 503)."""
        return f"{self.url.rstrip('/')}/{name}/"

    def about(self, name: str) -> str:
        """Return where PyPI, and indexes that are built like it, describe a project with its owners."""
        return f"{self._root}/pypi/{name}/json"

    @property
    def gives_about(self) -> bool:
        """Whether it is worth asking for owners: the address looks like PyPI's, and it has not only said no."""
        return self._root is not None and self._silent < _PATIENCE and not self.given_up

    def answered(self) -> None:
        with self._lock:
            self._failures = 0

    def failed(self, error: FetchError) -> None:
        """Remember an answer that did not come; after three in a row the index is given up."""
        with self._lock:
            self._failures += error.is_down
            if self._failures >= _PATIENCE:
                self.given_up = f"{self.name}: {error.reason}; no more requests after {_PATIENCE} failures"

    def told_about(self) -> None:
        with self._lock:
            self._silent = -1_000_000  # it answers: from now on a missing answer is about one package

    def did_not_tell_about(self) -> None:
        with self._lock:
            self._silent += 1


def _counted(answers: Iterator[R], total: int, on_progress: Callable[[int, int], None]) -> Iterator[R]:
    for done, answer in enumerate(answers, start=1):
        on_progress(done, total)
        yield answer


class IndexClient:
    """The package indexes of a project, asked by several threads over connections that stay open until the block ends.

    An index that fails three times in a row is not asked any more. Only the sources that pyproject.toml names are: an
    address that only the lock knows never is.
    """

    def __init__(self, pool: RepositoryPool, config: Config, threads: int) -> None:
        self.sources = sources_of(pool)
        named = ((source.name, source.url) for source in self.sources.values())
        self.fetcher = PageFetcher(config, named, threads)
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="index")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.shutdown(cancel_futures=True)
        self.fetcher.close()

    def each(
        self,
        ask: Callable[[T], R],
        items: Collection[T],
        on_progress: Callable[[int, int], None] | None = None,
    ) -> Iterator[R]:
        """Begin to ask for all items, and return the answers in order; ``on_progress`` hears how many of how many are done."""
        answers = self._threads.map(ask, items)
        return answers if on_progress is None else _counted(answers, len(items), on_progress)

    def find(self, source: str, name: str) -> IndexSource:
        """Return the source of a locked package, by any case of its name; raises FetchError where it cannot be asked."""
        found = self.sources.get(source.lower())
        if found is None:
            reason = f'poetry.lock names the source "{source}", which pyproject.toml does not declare'
            raise FetchError(reason, is_down=False)
        if not _NAME.fullmatch(name):
            raise FetchError("its name is not the name of a package", is_down=False)
        return found

    def page(self, source: IndexSource, name: str, headers: Mapping[str, str]) -> Fetched:
        """Return a project's page; raises FetchError whose reason names the source."""
        if source.given_up:
            raise FetchError(source.given_up, is_down=True)
        try:
            fetched = self.fetcher.get(source.name, source.page(name), {"Accept": ACCEPT, **headers})
        except FetchError as error:
            source.failed(error)
            reason = f"{source.name}: {error.reason}"
            raise FetchError(reason, is_down=error.is_down, is_refused=error.is_refused) from None
        source.answered()
        return fetched

    def files(self, source: str, name: str) -> tuple[ListedFile, ...]:
        """Return the files that a source lists for a package; raises FetchError."""
        found = self.find(source, name)
        fetched = self.page(found, name, {})
        try:
            return files_on(fetched.content or b"", fetched.content_type, found.page(name))
        except UnreadablePageError as error:
            raise FetchError(f"{found.name}: {error}", is_down=False) from None


def sources_of(pool: RepositoryPool) -> dict[str, IndexSource]:
    """Return the indexes of Poetry's pool, explicit ones too, by their name in small letters."""
    repositories = [one for one in pool.all_repositories if isinstance(one, HTTPRepository)]
    return {one.name.lower(): IndexSource(one.name, one.url) for one in repositories}


def source_key(package: Package) -> str:
    """Return the key in :func:`sources_of` of the index that a locked package comes from."""
    named = package.source.reference if package.source else None
    return (named or _PYPI).lower()


def stand_ins_of(pool: RepositoryPool) -> dict[str, str]:
    """Return the addresses that serve packages of the default index, by name in small letters.

    Empty where that is the default index itself: no plugin, variable or setting for a mirror, and no sources of the
    project in its place. The variable and setting of poetry-plugin-pypi-mirror count even where that is not installed.
    """
    asked = [one for one in pool.all_repositories if one.name.lower() == _PYPI] or pool.repositories
    found = {one.name.lower(): one.url for one in asked if isinstance(one, HTTPRepository)}
    mirror = mirror_of(user_configuration())
    if mirror and is_default_index(found.get(_PYPI, "")):
        found[_PYPI] = mirror
    return {} if all(map(is_default_index, found.values())) else found


def default_index() -> str:
    """Return the address of the default index, taken from Poetry's own constant, without a slash at its end."""
    return str(signature(PyPiRepository).parameters["url"].default).rstrip("/")


def default_index_host() -> str:
    """Return the host name of the default index."""
    return urlsplit(default_index()).hostname or ""


def is_default_index(url: str) -> bool:
    """Tell whether an address is the default index, by scheme, host and port."""
    return origin_of(url) == origin_of(default_index())
