"""Small locked packages for tests."""

from __future__ import annotations

from types import MappingProxyType

from poetry_aiops.project.checks import normalised
from poetry_aiops.project.model import Package, PackageSource


def locked(
    name: str,
    version: str,
    *,
    groups: tuple[str, ...] | None = ("main",),
    source: PackageSource | None = None,
    category: str | None = None,
) -> Package:
    """Return a locked package of the public index, or of ``source``."""
    return Package(
        name=normalised(name),
        pretty_name=name,
        version=version,
        description="",
        optional=False,
        python_versions="*",
        groups=groups,
        markers="",
        files=(),
        edges=(),
        extras=MappingProxyType({}),
        source=source,
        category=category,
    )
