"""A package index of the project as the record reader sees it: its addresses, and whether it still answers."""

from __future__ import annotations

import threading
from inspect import signature
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import requests
from poetry.console.exceptions import PoetryRuntimeError
from poetry.repositories.exceptions import PackageNotFoundError, RepositoryError
from poetry.repositories.http_repository import HTTPRepository
from poetry.repositories.pypi_repository import PyPiRepository

from poetry_aiops.index.access import mirror_of, origin_of, user_configuration
from poetry_aiops.system.addresses import public_address


if TYPE_CHECKING:
    from poetry.repositories import RepositoryPool

    from poetry_aiops.index.page_fetch import FetchError
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
