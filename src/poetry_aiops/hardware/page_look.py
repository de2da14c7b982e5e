"""A look at a package's page on an index, through Poetry's own repositories with their addresses and passwords."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name
from poetry.core.constraints.version import parse_constraint
from poetry.repositories.exceptions import PackageNotFoundError, RepositoryError
from poetry.repositories.http_repository import HTTPRepository


if TYPE_CHECKING:
    from poetry.core.packages.utils.link import Link
    from poetry.repositories import RepositoryPool


@dataclass(frozen=True, slots=True)
class PageLook:
    """What the page says about the newest version that fits: how many of its files carry no sha256.

    ``problem`` says why nothing could be seen.
    """

    source: str
    package: str
    version: str | None = None
    files: int = 0
    without_hash: int = 0
    problem: str | None = None


def look_at_page(pool: RepositoryPool, source: str, package: str, constraint: str) -> PageLook:
    """Return what the page of ``package`` on the source says; never raises for network or index failures.

    One request, which Poetry keeps for the length of the process: locking afterwards does not ask again.
    """
    name = canonicalize_name(package)
    try:
        repository = pool.repository(source)
        if not isinstance(repository, HTTPRepository):
            return PageLook(source, package)
        page = repository.get_page(name)
    except (PackageNotFoundError, RepositoryError, IndexError, OSError) as error:
        return PageLook(source, package, problem=_in_words(error))
    fitting = [version for version in page.versions(name) if parse_constraint(constraint).allows(version)]
    if not fitting:
        return PageLook(source, package)
    newest = max(fitting)
    links = list(page.links_for_version(name, newest))
    return PageLook(source, package, newest.text, len(links), sum(not _has_sha256(link) for link in links))


def _has_sha256(link: Link) -> bool:
    return "sha256" in link.hashes


def _in_words(error: Exception) -> str:
    return str(error).partition("\n")[0] or type(error).__name__
