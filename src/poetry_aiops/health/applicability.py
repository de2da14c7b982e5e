"""Which locked packages can be audited, and of which the name may leave this machine.

Names go out only for packages of the public index and of sources that are known to be public. A mirror of the public
index looks like any private source; who runs one names it in ``public_sources`` or audits offline.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from poetry_aiops.health.feed import Subject
from poetry_aiops.project.versions import parsed


if TYPE_CHECKING:
    from packaging.version import Version

    from poetry_aiops.project.model import Package, PackageSource


_HOST = re.compile(r"[a-z][a-z0-9+.-]*://(?:[^/?#@]*@)?(\[[^\]]*\]|[^/:?#]*)", re.IGNORECASE)


class Reach(StrEnum):
    """How far a question about a package may travel."""

    ANYWHERE = "its name may be sent to an advisory service"
    HERE = "it is compared on this machine only"
    NOWHERE = "no advisory can name it"


@dataclass(frozen=True, slots=True)
class Origins:
    """What is public: hosts of indexes (``download.pytorch.org``) and names of the project's sources."""

    public_hosts: frozenset[str] = frozenset()
    public_sources: frozenset[str] = frozenset()

    def is_public(self, source: PackageSource) -> bool:
        """Tell whether a package source is known to be public."""
        named = source.type == "legacy" and (source.reference or "").lower() in self.public_sources
        return named or host_of(source.url) in self.public_hosts


@dataclass(frozen=True, slots=True)
class Applicability:
    """What can be asked about one locked package.

    ``subject`` is None when nothing can be. ``reason`` says why it stays ``HERE`` or goes ``NOWHERE``; without
    advisories on this machine, ``HERE`` ends as failed when ``release`` holds (an index's release, which a public
    advisory may well name) and as not applicable otherwise.
    """

    reach: Reach
    subject: Subject | None
    reason: str = ""
    release: bool = True


def applicability(package: Package, origins: Origins) -> Applicability:
    """Return how a locked package can be audited."""
    source = package.source
    subject = Subject(package.name, audited_version(package.version))
    if source is None:
        return Applicability(Reach.ANYWHERE, subject)
    if source.type == "directory":
        return Applicability(Reach.NOWHERE, None, "a local folder, which no advisory names", release=False)
    if source.type in ("legacy", "url") and origins.is_public(source):
        return Applicability(Reach.ANYWHERE, subject)
    return Applicability(Reach.HERE, subject, _why_here(source), release=source.type == "legacy")


def audited_version(version: str) -> str:
    """Return the version that advisories speak of: without the local part; text that is no version as it is."""
    known: Version | None = parsed(version)
    return known.public if known else version


def host_of(url: str) -> str:
    """Return the host of a URL in small letters, empty where there is none; never a password."""
    found = _HOST.match(url)
    return found.group(1).lower() if found else ""


def _why_here(source: PackageSource) -> str:
    if source.type == "legacy":
        return f'it comes from the source "{source.reference or host_of(source.url)}", whose names stay on this machine'
    kinds = {"git": "a git repository", "url": "an address of its own", "file": "a local file"}
    return f"it comes from {kinds.get(source.type, 'elsewhere than an index')}, not from a public index"
