"""Which file of a locked version an installer takes on a machine: tags in order of preference (PEP 425, 600, 656)."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from packaging.tags import compatible_tags, cpython_tags, mac_platforms
from packaging.utils import InvalidWheelFilename, parse_wheel_filename


if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from packaging.tags import Tag

    from poetry_aiops.project.model import LockedFile
    from poetry_aiops.project.targets import Target


SDISTS: Final = (".tar.gz", ".zip", ".tar.bz2", ".tar.xz", ".tgz", ".tar")
"""How the names of source archives end."""

_GLIBC: Final = (2, 39)
_MACOS: Final = (14, 0)
_MUSL: Final = 5
_NEWEST: Final = {"linux": "glibc 2.99", "macos": "40.0"}  # a system that any wheel is old enough for
_OLD_NAMES: Final = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}  # PEP 600
_OLDEST_GLIBC: Final = {"x86_64": 5, "i686": 5}  # others were first built for 2.17
_FIRST_GLIBC_OF_OTHERS: Final = 17


def ranked_tags(python: str, platforms: Iterable[str]) -> dict[Tag, int]:
    """Return the tags of CPython ``python`` (``3.12``) on these platforms with their ranks, 0 for the best."""
    major, minor = (int(part) for part in python.split(".")[:2])
    known = list(platforms)
    interpreter = f"cp{major}{minor}"
    found = dict.fromkeys(cpython_tags((major, minor), [interpreter], known))
    found.update(dict.fromkeys(compatible_tags((major, minor), interpreter, known)))
    return {tag: rank for rank, tag in enumerate(found)}


def manylinux(minor: int, arch: str) -> tuple[str, ...]:
    """Return the platform tags of a Linux with glibc 2.``minor``, the newest first."""
    tags = []
    for step in range(minor, _OLDEST_GLIBC.get(arch, _FIRST_GLIBC_OF_OTHERS) - 1, -1):
        tags.append(f"manylinux_2_{step}_{arch}")
        if step in _OLD_NAMES:
            tags.append(f"{_OLD_NAMES[step]}_{arch}")
    return (*tags, f"linux_{arch}")


def musllinux(minor: int, arch: str) -> tuple[str, ...]:
    """Return the platform tags of a Linux with musl 1.``minor``, the newest first."""
    return (*(f"musllinux_1_{step}_{arch}" for step in range(minor, -1, -1)), f"linux_{arch}")


@lru_cache(maxsize=128)
def tags_on(
    python: str, *, system: str, arch: str, libc: str | None = None, os_version: str | None = None
) -> dict[Tag, int]:
    """Return the tags of a described machine in order of preference.

    ``python`` is a minor version (``3.12``), ``libc`` is ``musl`` or ``glibc 2.31``, ``os_version`` macOS's own.
    """
    return ranked_tags(python, _platforms(system, arch, libc, os_version))


def _platforms(system: str, arch: str, libc: str | None, os_version: str | None) -> Iterator[str]:
    if system == "windows":
        yield {"amd64": "win_amd64", "arm64": "win_arm64"}.get(arch, arch)
    elif system == "macos":
        yield from mac_platforms(_numbers(os_version) or _MACOS, arch)
    elif (libc or "").startswith("musl"):
        yield from musllinux(_MUSL, arch)
    else:
        newest = _numbers((libc or "").removeprefix("glibc ")) or _GLIBC
        yield from manylinux(newest[1], arch)


def _numbers(text: str | None) -> tuple[int, int] | None:
    parts = [int(part) for part in (text or "").split(".")[:2] if part.isdecimal()]
    return (parts[0], parts[1] if len(parts) > 1 else 0) if parts else None


def best_file(
    files: Iterable[LockedFile], ranks: Mapping[Tag, int], *, sdists: bool = True
) -> LockedFile | None:
    """Return the file that pip prefers among those of one version; None when none can be installed.

    The best wheel tag wins, then the highest build number; a source archive only where no wheel fits, and only
    with ``sdists``.
    """
    found: list[tuple[int, tuple[int, str], LockedFile]] = []
    for file in files:
        if file.name.endswith(".whl"):
            rank, build = _rank(file.name, ranks)
            if rank is not None:
                found.append((rank, build, file))
        elif sdists and file.name.endswith(SDISTS):
            found.append((len(ranks), (0, ""), file))
    if not found:
        return None
    best = min(rank for rank, _, _ in found)
    return max((one for one in found if one[0] == best), key=lambda one: one[1])[2]


def wheel_obstacle(
    files: Iterable[LockedFile], python: str, system: str, arch: str, release: str | None
) -> str | None:
    """Return why none of the wheels among the files is for a machine, None where one is.

    ``release`` is the C library on Linux (``glibc 2.31``, ``musl``) and the version of macOS; None: new enough.
    """
    tags = frozenset(tag for file in files for tag in _tags(file.name))
    newest = _NEWEST.get(system)
    if release and release.startswith("musl"):
        newest = release

    def on(version: str | None) -> dict[Tag, int]:
        return tags_on(python, system=system, arch=arch, libc=version, os_version=version)

    if not tags.isdisjoint(on(release or newest)):
        return None
    pairs = {(tag.interpreter, tag.abi) for tag in ranked_tags(python, ["any"])}
    platforms = ", ".join(sorted({tag.platform for tag in tags if (tag.interpreter, tag.abi) in pairs}))
    if not platforms:
        pythons = sorted({tag.interpreter for tag in tags}, key=lambda tag: (len(tag), tag))
        return f"its locked wheels are for {', '.join(pythons)} and not for Python {python}"
    if not tags.isdisjoint(on(newest)):
        return f"its locked wheels ({platforms}) need a newer system than {release}"
    return f"none of its locked wheels is for {system} on {arch} ({platforms})"


def is_for(files: Iterable[str], target: Target) -> bool:
    """Say whether one of the files (by name) installs on a kind of machine with a new system: a wheel, or a source.

    Files of which only the hash is known are taken to.
    """
    names = tuple(files)
    if not all(name.endswith(".whl") for name in names) or not names:
        return True
    system, arch, _ = target.name.split("-", 2)
    newest = _NEWEST.get(system)
    tags = tags_on(target.python, system=system, arch=arch, libc=newest, os_version=newest)
    return any(not _tags(name).isdisjoint(tags) for name in names)


@lru_cache(maxsize=4096)
def _tags(filename: str) -> frozenset[Tag]:
    try:
        return parse_wheel_filename(filename)[3]
    except (InvalidWheelFilename, ValueError):
        return frozenset()


def _rank(filename: str, ranks: Mapping[Tag, int]) -> tuple[int | None, tuple[int, str]]:
    try:
        _, _, build, tags = parse_wheel_filename(filename)
    except (InvalidWheelFilename, ValueError):
        return None, (0, "")
    fitting = [ranks[tag] for tag in tags if tag in ranks]
    return (min(fitting) if fitting else None), (build or (0, ""))
