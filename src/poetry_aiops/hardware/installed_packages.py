"""What an environment's site-packages folders say about the frameworks in them; nothing is imported from there."""

from __future__ import annotations

from importlib.metadata import distributions
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from poetry_aiops.hardware.installed import InstalledFacts, InstalledPackage
from poetry_aiops.system.reading import ANYWHERE, read_file
from poetry_aiops.system.text import decode


if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from importlib.metadata import Distribution
    from pathlib import Path


_LARGEST = 100_000


def read_installed(site_packages: Sequence[Path], os: str = "linux") -> InstalledFacts:
    """Return the installed distributions and torch's ``version.py``; what cannot be read is left out.

    ``os`` is the system in the spelling of ``hw-info``.
    """
    folders = list(dict.fromkeys(str(folder) for folder in site_packages))
    packages: dict[str, InstalledPackage] = {}
    for package in _packages(folders):
        packages.setdefault(package.name, package)
    return InstalledFacts(tuple(packages.values()), _torch_version_file(site_packages), os)


def _packages(folders: list[str]) -> Iterator[InstalledPackage]:
    for distribution in distributions(path=folders):
        if package := _package(distribution):
            yield package


def _package(distribution: Distribution) -> InstalledPackage | None:
    """Return a distribution's name and version, ``None`` for the remains of a broken one."""
    try:
        metadata = distribution.metadata
        if "Name" not in metadata or "Version" not in metadata:
            return None
        return InstalledPackage(canonicalize_name(metadata["Name"]), metadata["Version"])
    except (OSError, ValueError, TypeError, AttributeError):  # a folder without a readable METADATA file
        return None


def _torch_version_file(site_packages: Sequence[Path]) -> str | None:
    for folder in site_packages:
        try:
            return decode(read_file(folder / "torch" / "version.py", within=ANYWHERE, limit=_LARGEST))
        except OSError:
            continue
    return None
