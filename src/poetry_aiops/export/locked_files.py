"""The addresses of locked files, from Poetry's own repositories with their caches and their passwords.

Private names of Poetry: ``CachedRepository._release_cache`` and ``_disable_cache``. (``get_release_info`` would download a release that is not
in the cache, and build its source archive, where the index names no metadata.)
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from poetry.core.constraints.version import Version
from poetry.core.packages.package import Package as PoetryPackage
from poetry.repositories.cached_repository import CachedRepository
from poetry.repositories.http_repository import HTTPRepository

from poetry_aiops.export.model import Address
from poetry_aiops.index.source import INDEX_ERRORS
from poetry_aiops.system.addresses import public_address


if TYPE_CHECKING:
    from collections.abc import Iterable

    from poetry.repositories import RepositoryPool
    from poetry.repositories.repository import Repository

    from poetry_aiops.export.model import FileKey
    from poetry_aiops.project.model import LockedFile, Package


PYPI = "PyPI"
FILE_ERRORS = (*INDEX_ERRORS, IndexError, OSError)
_THREADS = 8


def default_index(pool: RepositoryPool) -> str:
    """Return the address of the index that Poetry asks by itself, ``""`` where the project does without it."""
    repository = pool.repository(PYPI) if pool.has_repository(PYPI) else None
    return public_address(repository.url).rstrip("/") if isinstance(repository, HTTPRepository) else ""


def repository_of(pool: RepositoryPool, package: Package) -> Repository:
    """Return the repository that the package is locked from; raises IndexError when the project has it no more."""
    if package.source is not None and package.source.reference:
        return pool.repository(package.source.reference)
    return pool.repository(PYPI) if pool.has_repository(PYPI) else pool.repositories[0]


def find_addresses(
    pool: RepositoryPool, files: Iterable[tuple[Package, LockedFile]], *, cached: bool = True
) -> tuple[dict[FileKey, Address], list[str]]:
    """Return the addresses of files, and a sentence for each package whose index did not help.

    Never raises for network or index failures.

    ``cached``: what Poetry remembers of a release will do, which needs no request (Poetry 2.3 and later).
    """
    wanted: dict[tuple[str, str, str], tuple[Package, list[LockedFile]]] = {}
    for package, file in files:
        key = (package.name, package.version, package.source.url if package.source else "")
        wanted.setdefault(key, (package, []))[1].append(file)
    with ThreadPoolExecutor(_THREADS) as threads:
        looks = list(threads.map(lambda one: _look(pool, *one, cached=cached), wanted.values()))
    addresses = {key: address for found, _ in looks for key, address in found.items()}
    return addresses, [problem for _, problem in looks if problem]


def _look(
    pool: RepositoryPool, package: Package, files: list[LockedFile], *, cached: bool
) -> tuple[dict[FileKey, Address], str]:
    title = f"{package.name} {package.version}"
    try:
        repository = repository_of(pool, package)
        offered = _remembered(repository, package) if cached else {}
        if not all(file.name in offered for file in files):
            offered |= _listed(repository, package)
    except FILE_ERRORS as error:
        return {}, f"{title}: {in_words(error)}"
    if not any(file.name in offered for file in files):
        return {}, f"{title}: the index does not offer its files"
    changed = [file.name for file in files if _differs(file, offered.get(file.name))]
    if changed:
        return {}, f"{title}: the index offers another file under the name {changed[0]}"
    return {
        (file.name, file.hash): offered[file.name][0] if file.name in offered else Address("")
        for file in files
    }, ""


_Offered = dict[str, tuple[Address, dict[str, str]]]


def _remembered(repository: Repository, package: Package) -> _Offered:
    """Return what Poetry's cache of the release says, unless --no-cache; it names no addresses before Poetry 2.3."""
    if not isinstance(repository, CachedRepository) or repository._disable_cache:  # noqa: SLF001
        return {}
    key = f"{package.name}:{Version.parse(package.version)}"
    cached = repository._release_cache.get(key) or {}  # noqa: SLF001 - only what is there already
    return {
        file["file"]: (
            Address(str(file["url"]), file.get("size"), file.get("upload_time")),
            dict([file["hash"].split(":", 1)]),
        )
        for file in cached.get("files", ())
        if file.get("url")
    }


def _listed(repository: Repository, package: Package) -> _Offered:
    links = repository.find_links_for_package(PoetryPackage(package.name, Version.parse(package.version)))
    return {
        link.filename: (
            Address(
                link.url_without_fragment,
                getattr(link, "size", None),
                getattr(link, "upload_time_isoformat", None),
            ),
            dict(link.hashes),
        )
        for link in links
    }


def _differs(file: LockedFile, offered: tuple[Address, dict[str, str]] | None) -> bool:
    kind, _, digest = file.hash.rpartition(":")
    return offered is not None and offered[1].get(kind, digest) != digest


def in_words(error: Exception) -> str:
    """Return the first line of an error, without the markup of Poetry's own."""
    reason = str(getattr(error, "reason", "")) or str(error)
    text = reason.strip().partition("\n")[0]
    for tag in ("<error>", "</error>", "<c1>", "</>"):
        text = text.replace(tag, "")
    return text or type(error).__name__
