"""Which file of a locked version an installer takes on a machine: tags in order of preference (PEP 425, 600, 656)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Final

from packaging.tags import compatible_tags
from packaging.tags import cpython_tags
from packaging.utils import InvalidWheelFilename
from packaging.utils import parse_wheel_filename


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Mapping

    from packaging.tags import Tag

    from poetry_aiops.project.model import LockedFile


SDISTS: Final = (".tar.gz", ".zip", ".tar.bz2", ".tar.xz", ".tgz", ".tar")
"""How the names of source archives end."""

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


def has_wheel_for(files: Iterable[LockedFile], python: str) -> bool:
    """Return whether one of the files is a wheel for a CPython (``3.12``), on whatever platform."""
    pairs = {(tag.interpreter, tag.abi) for tag in ranked_tags(python, ["any"])}
    return any((tag.interpreter, tag.abi) in pairs for file in files for tag in _tags(file.name))


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
