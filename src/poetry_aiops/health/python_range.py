"""Whether a release fits every Python that a locked package is installed on.

Poetry takes a release only when its requires-python holds for all Pythons of the project, as far as the package's
marker lets it be installed there. Both are unions of intervals, so it is enough to look at sample versions: one in
every minor, one behind its last patch, and each version that the release's own text mentions.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from poetry_aiops.errors import InputError
from poetry_aiops.project.constraints import allows
from poetry_aiops.project.targets import Target, extras_in, marker_applies, targets


_MINORS: Final = range(6, 20)
_SAMPLES: Final = (
    "2.7.18",
    *(f"3.{minor}.{patch}" for minor in _MINORS for patch in (0, 40)),
    "3.99.0",
    "4.0.0",
)
_VERSION = re.compile(r"\d+(?:\.\d+)*")
_PARTS: Final = 3


def fits(requires_python: tuple[str, ...], needed: frozenset[str]) -> bool:
    """Say whether one of a release's ``requires_python`` values allows every Python in ``needed``."""
    return any(_holds(text, needed) for text in requires_python)


@lru_cache(maxsize=4096)
def _holds(text: str, needed: frozenset[str]) -> bool:
    return not text or all(_allows(text, python) for python in needed)


def needed_pythons(
    project: str, markers: tuple[str, ...], locked: str, mentioned: frozenset[str]
) -> frozenset[str]:
    """Return the sample Pythons that a locked package must work with.

    ``project`` is the Python constraint of the lock, ``markers`` are alternatives of which one must hold, ``locked``
    is the Python constraint of the locked version: where that does not hold, the package is not installed (formats
    before 2.1 have no markers). ``mentioned`` are Pythons that releases name, from `mentioned_in`.
    """
    samples = _of_project(project) | {python for python in mentioned if _allows(project, python)}
    usable = {python for python in samples if _allows(locked, python)}
    if not markers or "" in markers:
        return frozenset(usable)
    return frozenset(python for python in usable if any(_marker_holds(marker, python) for marker in markers))


def mentioned_in(requires_python: tuple[str, ...]) -> frozenset[str]:
    """Return the full Python versions that requires-python texts name: ``!=3.9.7`` gives ``3.9.7``."""
    return frozenset().union(*map(_mentioned, requires_python))


@lru_cache(maxsize=4096)
def _mentioned(text: str) -> frozenset[str]:
    return frozenset(found for found in _VERSION.findall(text) if found.count(".") >= _PARTS - 1)


@lru_cache(maxsize=64)
def _of_project(project: str) -> frozenset[str]:
    return frozenset(python for python in _SAMPLES if _allows(project, python))


@lru_cache(maxsize=16384)
def _allows(constraint: str, python: str) -> bool:
    """Say whether a constraint allows a Python; text that is none allows all, as pip reads it."""
    try:
        return allows(constraint or "*", python)
    except InputError:
        return True


@lru_cache(maxsize=16384)
def _marker_holds(marker: str, python: str) -> bool:
    """Say whether a marker holds with this Python on one platform; an unreadable one holds."""
    try:
        return any(marker_applies(marker, target, extras_in(marker)) for target in _machines(python))
    except InputError:
        return True


@lru_cache(maxsize=256)
def _machines(python: str) -> tuple[Target, ...]:
    return tuple(_with_python(target, python) for target in _one_python())


@lru_cache(maxsize=1)
def _one_python() -> tuple[Target, ...]:
    return targets(lambda version: version.startswith("3.12."))


def _with_python(target: Target, python: str) -> Target:
    minor = ".".join(python.split(".")[:2])
    versions = {"python_version": minor, "python_full_version": python, "implementation_version": python}
    environment = MappingProxyType({**target.environment, **versions})
    return replace(target, name=f"{target.name}-{python}", python=minor, environment=environment)
