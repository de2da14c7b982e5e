"""What an index says about a package, reduced to what the metrics read.

The facts are those of the simple API: PEP 691 (JSON), PEP 592 (yanked), PEP 700 (upload times), PEP 740 (provenance)
and PEP 792 (project status). A fact that the index does not give is None, never a default.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from poetry_aiops.project import versions
from poetry_aiops.system.record import Record


if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from packaging.version import Version

    from poetry_aiops.project.model import Package


PYPI: Final = "PyPI"
RecordKey = tuple[str, str]

_NOT_FROM_AN_INDEX: Final = {
    "git": "it comes from a git repository",
    "url": "it comes from an address",
    "file": "it comes from a file",
    "directory": "it comes from a folder",
}


@dataclass(frozen=True, slots=True)
class Release:
    """One version on an index.

    ``version`` is in PEP 440's normal form. ``uploaded`` and ``last_upload`` are the times of its first and last
    file in UTC, None where the index gives none. ``requires_python`` are the distinct values of its files, ``""``
    for any Python. ``yanked`` is the reason (possibly empty) when every file is yanked, else None. ``provenance``
    says whether every file has an attestation; None where the index does not say.
    """

    version: str
    uploaded: datetime | None = None
    last_upload: datetime | None = None
    requires_python: tuple[str, ...] = ("",)
    has_wheel: bool = False
    has_sdist: bool = False
    yanked: str | None = None
    provenance: bool | None = None

    @property
    def parsed(self) -> Version:
        """The version as a value to compare; raises ValueError when ``version`` is not in PEP 440's form."""
        parsed = versions.parsed(self.version)
        if parsed is None:
            raise ValueError(self.version)
        return parsed


@dataclass(frozen=True, slots=True)
class About:
    """What an index says about a project beyond its files; a fact that it does not give is None.

    ``status`` and ``status_reason`` are PEP 792's; None when the index does not speak of it. ``owners`` is the number
    of people who may upload, ``inactive`` whether the newest release calls itself "Development Status :: 7 - Inactive".
    ``owners_reason`` says why ``owners`` is None.
    """

    status: str | None = None
    status_reason: str = ""
    owners: int | None = None
    inactive: bool | None = None
    owners_reason: str = ""


@dataclass(frozen=True, slots=True)
class IndexRecord:
    """The releases of one package on one index that matter to a lock (`Needed`), oldest version first, at ``fetched`` (UTC).

    ``stale`` says why an expired record was used, empty
    for a fresh one. ``metadata`` has the address of the core metadata of each locked version, where it was wanted; empty
    for one without a metadata file.
    """

    source: str
    name: str
    fetched: datetime
    releases: tuple[Release, ...]
    about: About = field(default_factory=About)
    stale: str = ""
    metadata: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def release(self, version: str) -> Release | None:
        """Return the release of a locked version; one with a build tag (``2.1+cpu``) may be listed without it."""
        wanted = versions.parsed(version)
        if wanted is None:
            return None
        public = versions.public(wanted)
        found = {
            release.parsed: release for release in self.releases if versions.public(release.parsed) == public
        }
        return found.get(wanted) or found.get(public)


class IndexUse(Record):
    """How one index was used in a run; ``address`` carries no password.

    ``asked`` packages went over the network, ``failed`` ones have no fresh record (``problem`` is the first reason),
    ``oldest`` is the time of the oldest record in use.
    """

    source: str
    address: str
    asked: int
    from_cache: int
    failed: int
    oldest: datetime | None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class IndexRecords:
    """Every record that could be had, and for the others the reason."""

    found: Mapping[RecordKey, IndexRecord] = field(default_factory=lambda: MappingProxyType({}))
    missing: Mapping[RecordKey, str] = field(default_factory=lambda: MappingProxyType({}))
    uses: tuple[IndexUse, ...] = ()

    def of(self, package: Package) -> IndexRecord | None:
        return self.found.get(record_key(package))

    def why_missing(self, package: Package) -> str:
        """Return why there is no record of a package from an index."""
        return self.missing.get(record_key(package), "its index was not queried")


def record_key(package: Package) -> RecordKey:
    """Return the name of the package's source (``PyPI`` without one, its address without a name) and its name."""
    source = package.source
    return (PYPI if source is None else source.reference or source.url, package.name)


def why_not_from_index(package: Package) -> str:
    """Return why no index knows a locked package; the empty text when it comes from an index."""
    return _NOT_FROM_AN_INDEX.get(package.source.type, "") if package.source else ""
