"""Small locked packages and selections for the tests of what is exported."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from poetry_aiops.export.model import Exported, GroupSelection, Pin
from poetry_aiops.project.model import Lock, LockedDependency, LockedFile, Package, PackageSource
from poetry_aiops.project.pyproject import project_from


if TYPE_CHECKING:
    from collections.abc import Mapping

    from poetry_aiops.export.model import Address, FileKey
    from poetry_aiops.project.model import Project


HASH = "sha256:" + "a" * 64
DIGEST = "d" * 64
PYPROJECT: Mapping[str, object] = {
    "project": {
        "name": "chatbot",
        "version": "1",
        "requires-python": ">=3.11,<4.0",
        "dependencies": ["alpha"],
        "optional-dependencies": {"speed": ["turbo"]},
    },
    "dependency-groups": {"dev": ["pytest"], "ml-cpu": ["torch"], "ml-gpu": ["torch"], "prod": ["gunicorn"]},
    "tool": {
        "poetry": {
            "group": {name: {"optional": True} for name in ("ml-cpu", "ml-gpu", "prod")},
            "source": [
                {"name": "mirror", "url": "https://mirror.example/simple", "priority": "supplemental"},
                {"name": "cpu", "url": "https://cpu.example/simple", "priority": "explicit"},
            ],
        }
    },
}
MAIN = GroupSelection(("main",))


def project(document: Mapping[str, object] = PYPROJECT) -> Project:
    return project_from(document, Path("pyproject.toml"))


def edge(
    name: str, *, constraint: str = "*", extras: tuple[str, ...] = (), optional: bool = False
) -> LockedDependency:
    return LockedDependency(name, constraint, extras, "", optional=optional)


def package(
    name: str,
    version: str = "1.0",
    *,
    groups: tuple[str, ...] = ("main",),
    files: tuple[str, ...] | None = None,
    edges: tuple[LockedDependency, ...] = (),
    source: PackageSource | None = None,
    develop: bool = False,
    extras: Mapping[str, tuple[str, ...]] = MappingProxyType({}),
    hash_: str = HASH,
    python: str = ">=3.8",
) -> Package:
    names = (f"{name}-{version}-py3-none-any.whl",) if files is None else files
    return Package(
        name=name,
        pretty_name=name,
        version=version,
        description="",
        optional=False,
        python_versions=python,
        groups=groups,
        markers="",
        files=tuple(LockedFile(one, hash_) for one in names),
        edges=edges,
        extras=extras,
        source=source,
        develop=develop,
    )


def index(name: str, url: str) -> PackageSource:
    return PackageSource("legacy", url, name)


def exported(
    pins: Mapping[GroupSelection, tuple[Pin, ...]] | tuple[Pin, ...],
    *,
    variant_files: Mapping[str, str] = MappingProxyType({}),
    addresses: Mapping[FileKey, Address] = MappingProxyType({}),
    of: Project | None = None,
) -> Exported:
    """Return what is exported when each selection (or any) installs these pins."""
    by_selection = pins if not isinstance(pins, tuple) else None
    everything = (
        {pin.package.key: pin.package for some in by_selection.values() for pin in some}
        if by_selection is not None
        else {pin.package.key: pin.package for pin in pins if isinstance(pin, Pin)}
    )
    lock = Lock("2.1", ">=3.11,<4.0", "x", tuple(everything.values()), {}, Path("poetry.lock"))

    def select(selection: GroupSelection) -> tuple[Pin, ...]:
        return (
            by_selection[selection]
            if by_selection is not None
            else tuple(p for p in pins if isinstance(p, Pin))
        )

    return Exported(
        of or project(), lock, DIGEST, select, variant_files, "https://default.example/simple", addresses
    )
