"""The address of the default package index, taken from Poetry's own constant and never written by us."""

from __future__ import annotations

from inspect import signature
from urllib.parse import urlsplit

from poetry.repositories.pypi_repository import PyPiRepository

from poetry_aiops.index.access import origin_of


def default_index() -> str:
    """Return the address of the default index without a slash at its end."""
    return str(signature(PyPiRepository).parameters["url"].default).rstrip("/")


def default_index_host() -> str:
    """Return the host name of the default index."""
    return urlsplit(default_index()).hostname or ""


def is_default_index(url: str) -> bool:
    """Tell whether an address is the default index, by scheme, host and port."""
    return origin_of(url) == origin_of(default_index())
