"""Which locked packages can be audited, and of which the name may leave this machine.

Names go out only for packages of the public index and of sources that are known to be public, judged by the address
that is really asked. A mirror of the public index looks like any private source; who runs one names it in
``public_sources`` or audits offline.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from poetry_aiops.health.feed import QueriedPackage
from poetry_aiops.project.versions import public_version
from poetry_aiops.system.record import Record


if TYPE_CHECKING:
    from collections.abc import Mapping

    from poetry_aiops.project.model import Package, PackageSource


_HOST = re.compile(r"[a-z][a-z0-9+.-]*://(?:[^/?#@]*@)?(\[[^\]]*\]|[^/:?#]*)", re.IGNORECASE)


LOCAL_FOLDER = "a local folder, which advisories do not cover"
LEFT_OUT = "left-out-sources in pyproject.toml leaves out"


class QueryScope(StrEnum):
    """How far a question about a package may travel."""

    ANYWHERE = "its name may be sent to an advisory service"
    HERE = "it is compared on this machine only"
    NOWHERE = "no advisory can cover it"


@dataclass(frozen=True, slots=True)
class Origins:
    """What is public: hosts of indexes (``download.pytorch.org``), and names or hosts that the user declared public.

    ``stand_ins`` are the addresses that are asked in place of the public index, by name in small letters; empty where it is asked
    itself. ``left_out`` are the sources, by name in small letters, that the project leaves out. ``addresses`` are those of the project's sources by name in small letters.
    """

    public_hosts: frozenset[str] = frozenset()
    public_sources: frozenset[str] = frozenset()
    stand_ins: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    addresses: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    left_out: frozenset[str] = frozenset()

    def is_public(self, source: PackageSource) -> bool:
        """Tell whether a package source is known to be public: where it was locked from, and where it is asked now."""
        name = (source.reference or "").lower() if source.type == "legacy" else ""
        asked = self.addresses.get(name, source.url) if name else source.url
        return name in self.public_sources or all(
            host_of(url) in self.public_hosts or host_of(url) in self.public_sources
            for url in (source.url, asked)
        )

    @property
    def private_stand_ins(self) -> tuple[str, ...]:
        """The hosts that replace the public index and that are not declared public."""
        return tuple(
            host_of(url)
            for name, url in self.stand_ins.items()
            if name not in self.public_sources and host_of(url) not in self.public_hosts | self.public_sources
        )


class Applicability(Record):
    """What can be asked about one locked package.

    ``subject`` is None when nothing can be. ``reason`` says why it stays ``HERE`` or goes ``NOWHERE``; without
    advisories on this machine, ``HERE`` ends as failed when ``release`` holds (an index's release, which a public
    advisory may well name) and as not applicable otherwise.
    """

    reach: QueryScope
    subject: QueriedPackage | None
    reason: str = ""
    release: bool = True


def applicability(package: Package, origins: Origins) -> Applicability:
    """Return how a locked package can be audited."""
    source = package.source
    subject = QueriedPackage(package.name, public_version(package.version))
    if source is None:
        hosts = origins.private_stand_ins
        if not hosts:
            return Applicability(QueryScope.ANYWHERE, subject)
        names = _declared(origins, *origins.stand_ins)
        reason = (
            f"not sent, as {', '.join(hosts)} serves in place of the public index; "
            f"if that is a mirror of public packages only, set POETRY_AIOPS_PUBLIC_SOURCES={names}"
        )
        return Applicability(QueryScope.HERE, subject, reason)
    if source.type == "directory":
        return Applicability(QueryScope.NOWHERE, None, LOCAL_FOLDER, release=False)
    name = (source.reference or "").lower() if source.type == "legacy" else ""
    if name and name in origins.left_out:
        reason = f'{LEFT_OUT} the source "{source.reference}"'
        return Applicability(QueryScope.NOWHERE, None, reason, release=False)
    if source.type in ("legacy", "url") and origins.is_public(source):
        return Applicability(QueryScope.ANYWHERE, subject)
    return Applicability(
        QueryScope.HERE, subject, _why_here(source, origins), release=source.type == "legacy"
    )


def host_of(url: str) -> str:
    """Return the host of a URL in small letters, empty where there is none; never a password."""
    found = _HOST.match(url)
    return found.group(1).lower() if found else ""


def _declared(origins: Origins, *names: str) -> str:
    """Return the value of the variable that declares more sources public, beside those that it declares now."""
    return ",".join(sorted({*origins.public_sources, *map(str.lower, names)}))


def _why_here(source: PackageSource, origins: Origins) -> str:
    if source.type == "legacy":
        name = source.reference or host_of(source.url)
        return (
            f'from the source "{name}", whose names stay on this machine; '
            f"public: POETRY_AIOPS_PUBLIC_SOURCES={_declared(origins, name)}; "
            f'leave it out: left-out-sources = ["{name}"]'
        )
    kinds = {"git": "a git repository", "url": "an address of its own", "file": "a local file"}
    return f"from {kinds.get(source.type, 'another place than an index')}, not from a public index"
