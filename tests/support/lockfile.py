"""Reading poetry.lock with nothing but the standard library and ``packaging``: the tests' own second opinion."""

from __future__ import annotations

import tomllib
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.markers import Marker


if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path


_PLATFORMS = {
    "linux-x86_64": ("linux", "Linux", "x86_64", "posix"),
    "linux-aarch64": ("linux", "Linux", "aarch64", "posix"),
    "macos-arm64": ("darwin", "Darwin", "arm64", "posix"),
    "macos-x86_64": ("darwin", "Darwin", "x86_64", "posix"),
    "windows-x86_64": ("win32", "Windows", "AMD64", "nt"),
}


@dataclass(frozen=True, slots=True)
class LockedPackage:
    """One ``[[package]]`` of a lock file."""

    name: str
    version: str
    groups: tuple[str, ...]
    markers: Mapping[str, str]
    """The marker of each group; the empty text means on every machine."""
    source: str
    """The name of the source that it comes from; empty for the default index."""

    def is_installed(self, groups: Collection[str], machine: Mapping[str, str]) -> bool:
        wanted = [self.markers[group] for group in self.groups if group in groups]
        return any(_applies(marker, machine) for marker in wanted)


@dataclass(frozen=True, slots=True)
class Lockfile:
    """All packages of one poetry.lock."""

    packages: tuple[LockedPackage, ...]

    def selected(self, *groups: str, machine: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return name and version of what the groups install; fails when a name comes twice."""
        chosen = [
            p for p in self.packages if p.is_installed(groups, machine or machine_named("linux-x86_64"))
        ]
        twice = [name for name, count in Counter(p.name for p in chosen).items() if count > 1]
        assert not twice, f"{groups} install two builds of {twice} on one machine"
        return {p.name: p.version for p in chosen}

    def doubled(self, *groups: str) -> set[str]:
        """Return the names of which some machine would get two builds."""
        names: set[str] = set()
        for machine in machines():
            count = Counter(p.name for p in self.packages if p.is_installed(groups, machine))
            names.update(name for name, builds in count.items() if builds > 1)
        return names

    def builds(self, name: str) -> dict[str, tuple[str, ...]]:
        """Return the versions of one package and the groups that hold each."""
        return {p.version: p.groups for p in self.packages if p.name == name}

    def source_of(self, name: str, version: str) -> str:
        return next(p.source for p in self.packages if (p.name, p.version) == (name, version))


def read_lockfile(path: Path) -> Lockfile:
    """Read a lock file of format 2.1."""
    document = tomllib.loads(path.read_text(encoding="utf-8"))
    return Lockfile(tuple(_package(entry) for entry in document["package"]))


def machine_named(platform: str, python: str = "3.11") -> dict[str, str]:
    """Return the marker environment of one kind of machine, for example ``linux-x86_64``."""
    sys_platform, system, machine, os_name = _PLATFORMS[platform]
    return {
        "sys_platform": sys_platform,
        "platform_system": system,
        "platform_machine": machine,
        "os_name": os_name,
        "python_version": python,
        "python_full_version": f"{python}.9",
        "implementation_name": "cpython",
        "implementation_version": f"{python}.9",
        "platform_python_implementation": "CPython",
        "platform_release": "6.8",
        "platform_version": "1",
        "extra": "",
    }


def machines() -> list[dict[str, str]]:
    """Return every kind of machine on which no package may come twice."""
    return [machine_named(platform, f"3.{minor}") for platform in _PLATFORMS for minor in range(11, 15)]


def _package(entry: dict[str, object]) -> LockedPackage:
    groups = tuple(str(group) for group in _listed(entry["groups"]))
    markers = entry.get("markers", "")
    by_group = markers if isinstance(markers, dict) else dict.fromkeys(groups, str(markers))
    source = entry.get("source", {})
    assert isinstance(source, dict)
    return LockedPackage(
        name=str(entry["name"]),
        version=str(entry["version"]),
        groups=groups,
        markers={group: str(by_group.get(group, "")) for group in groups},
        source=str(source.get("reference", "")),
    )


def _listed(value: object) -> list[object]:
    assert isinstance(value, list)
    return value


def _applies(marker: str, machine: Mapping[str, str]) -> bool:
    if marker == "<empty>":  # Poetry's way to write "nowhere"
        return False
    return not marker or Marker(marker).evaluate(dict(machine))
