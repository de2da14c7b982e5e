"""What the locked packages weigh on one machine: of each build, the file that an installer would take there. Pure.

Files are chosen by the tags in their names (PEP 425, 600, 656): the first wheel in the machine's order of preference,
else the source archive. Sizes themselves come from elsewhere: poetry.lock does not hold them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Final

from packaging import tags
from packaging.utils import InvalidWheelFilename
from packaging.utils import parse_wheel_filename


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Mapping
    from collections.abc import Sequence

    from packaging.tags import Tag

    from poetry_aiops.graph.model import Diff
    from poetry_aiops.project.model import LockedFile


NO_FILE_FITS: Final = "no file of it fits this machine"
"""The reason of a build that is not downloaded there at all."""

_SDISTS: Final = (".tar.gz", ".zip", ".tar.bz2", ".tar.xz", ".tgz", ".tar")
_GLIBC: Final = (2, 39)
_MACOS: Final = (14, 0)
_OLDEST_GLIBC: Final[dict[str, int]] = {"x86_64": 5, "aarch64": 17}
_LEGACY: Final[dict[int, str]] = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}
_MUSL: Final = range(5, -1, -1)


@dataclass(frozen=True, slots=True)
class BuildSize:
    """The size of one locked build in bytes to download; None with the ``reason`` in words where nobody tells it.

    ``source`` is spelled as ``Build.source``; ``file`` is the file that would be installed, empty when none fits.
    """

    name: str
    version: str
    source: str = ""
    file: str = ""
    size: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Sizes:
    """Sizes of the builds of a graph, in its order; ``machine`` says in words where the files would be installed."""

    machine: str
    builds: tuple[BuildSize, ...]

    def by_name(self) -> dict[str, int]:
        """Return bytes by package name; of several builds, which exclude each other, the largest."""
        found: dict[str, int] = {}
        for build in self.builds:
            if build.size is not None:
                found[build.name] = max(build.size, found.get(build.name, 0))
        return found

    def by_build(self) -> Mapping[tuple[str, str, str], BuildSize]:
        """Return each build by its name, version and source."""
        return {(build.name, build.version, build.source): build for build in self.builds}

    def change(self, diff: Diff) -> int | None:
        """Return how many bytes more the newer side of a diff downloads; None where a build's size is not known."""
        known: dict[tuple[str, str], int | None] = {
            (one.name, f"{one.version} from {one.source}" if one.source else one.version): (
                0 if one.reason == NO_FILE_FITS else one.size
            )
            for one in self.builds
        }
        sides = (
            (
                1,
                [
                    *((one.name, one.builds) for one in diff.added),
                    *((one.name, one.new) for one in diff.changed),
                ],
            ),
            (
                -1,
                [
                    *((one.name, one.builds) for one in diff.removed),
                    *((one.name, one.old) for one in diff.changed),
                ],
            ),
        )
        total = 0
        for sign, changes in sides:
            for name, builds in changes:
                sizes = [known.get((name, build)) for build in builds]
                if None in sizes:
                    return None
                total += sign * max((size for size in sizes if size is not None), default=0)
        return total

    @property
    def unknown(self) -> tuple[BuildSize, ...]:
        return tuple(build for build in self.builds if build.size is None)

    @property
    def total(self) -> int:
        """The bytes of one build of every name."""
        return sum(self.by_name().values())


def best_file(files: Sequence[LockedFile], order: Mapping[Tag, int]) -> LockedFile | None:
    """Return the file that an installer takes on a machine whose tags are ``order``, best first; None for none."""
    ranked = [(rank, file) for file in files if (rank := _rank(file.name, order)) is not None]
    return min(ranked, key=lambda found: (found[0], found[1].name))[1] if ranked else None


def tags_on(
    python: str, *, system: str, arch: str, libc: str | None = None, os_version: str | None = None
) -> dict[Tag, int]:
    """Return the tags of a described machine in order of preference.

    ``python`` is a minor version (``3.12``), ``libc`` is ``musl`` or ``glibc 2.31``, ``os_version`` macOS's own.
    """
    return tags_for(python, _platforms(system, arch, libc, os_version))


def tags_for(python: str, platforms: Iterable[str]) -> dict[Tag, int]:
    """Return the tags of CPython on a machine with these platform tags, in order of preference."""
    major, minor = (int(part) for part in python.split(".")[:2])
    known = list(platforms)
    found = dict.fromkeys(tags.cpython_tags((major, minor), platforms=known))
    found.update(dict.fromkeys(tags.compatible_tags((major, minor), f"cp{major}{minor}", known)))
    return {tag: rank for rank, tag in enumerate(found)}


def _rank(filename: str, order: Mapping[Tag, int]) -> int | None:
    if filename.endswith(_SDISTS):
        return len(order)
    try:
        written = parse_wheel_filename(filename)[3]
    except (InvalidWheelFilename, ValueError):
        return None
    return min((order[tag] for tag in written if tag in order), default=None)


def _platforms(system: str, arch: str, libc: str | None, os_version: str | None) -> Iterator[str]:
    if system == "windows":
        yield {"amd64": "win_amd64", "arm64": "win_arm64"}.get(arch, arch)
    elif system == "macos":
        yield from tags.mac_platforms(_numbers(os_version) or _MACOS, arch)
    elif libc == "musl":
        yield from (f"musllinux_1_{minor}_{arch}" for minor in _MUSL)
        yield f"linux_{arch}"
    else:
        newest = _numbers((libc or "").removeprefix("glibc ")) or _GLIBC
        for minor in range(newest[1], _OLDEST_GLIBC.get(arch, 17) - 1, -1):
            yield f"manylinux_2_{minor}_{arch}"
            if minor in _LEGACY:
                yield f"{_LEGACY[minor]}_{arch}"
        yield f"linux_{arch}"


def _numbers(text: str | None) -> tuple[int, int] | None:
    parts = [int(part) for part in (text or "").split(".")[:2] if part.isdecimal()]
    return (parts[0], parts[1] if len(parts) > 1 else 0) if parts else None
