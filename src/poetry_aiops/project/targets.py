"""Concrete machines, and whether an environment marker holds on one of them.

Values are those that CPython reports on such a machine (PEP 508, "Environment Markers").
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from packaging.markers import InvalidMarker, Marker, UndefinedComparison, UndefinedEnvironmentName

from poetry_aiops.errors import InputError
from poetry_aiops.project.checks import has_long_number, normalised
from poetry_aiops.project.constraints import allows


if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


NO_EXTRAS: Final[frozenset[str]] = frozenset()
_MINORS = range(8, 16)
_PATCHES = range(40, -1, -1)  # no CPython minor has had more than 40 patch releases
_ALWAYS = 'python_version >= "0"'
_NEVER = 'python_version < "0"'
_EXTRA = re.compile(
    r"""
    (?P<left>"[^"]*"|'[^']*') \s* (?P<left_op>==|!=) \s* extra\b   # "gpu" == extra
    | \bextra\b \s* (?P<op>==|!=) \s* (?P<right>"[^"]*"|'[^']*')   # extra == "gpu"
    | "[^"]*" | '[^']*'                                            # any other text stays as it is
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Target:
    """One kind of machine with one Python, for example ``linux-x86_64-py3.12``.

    ``python`` is the minor version; ``environment`` maps every marker variable of PEP 508 but ``extra`` to its value.
    """

    name: str
    python: str
    environment: Mapping[str, str] = field(hash=False, repr=False)


def platform_of(target: str) -> str:
    """Return the platform in a target's name: ``linux-x86_64`` of ``linux-x86_64-py3.12``."""
    return target.rpartition("-py")[0]


def platform_variables(
    os_name: str, sys_platform: str, system: str, machine: str, release: str
) -> dict[str, str]:
    """Return the marker variables that the operating system and the processor give."""
    return {
        "os_name": os_name,
        "platform_machine": machine,
        "platform_release": release,
        "platform_system": system,
        "platform_version": release,
        "sys_platform": sys_platform,
    }


def python_variables(full: str) -> dict[str, str]:
    """Return the marker variables that a CPython such as ``3.12.1`` gives."""
    return {
        "implementation_name": "cpython",
        "implementation_version": full,
        "platform_python_implementation": "CPython",
        "python_full_version": full,
        "python_version": full.rpartition(".")[0],
    }


_PLATFORMS: Final[Mapping[str, Mapping[str, str]]] = {
    "linux-x86_64": platform_variables("posix", "linux", "Linux", "x86_64", "6.8.0"),
    "linux-aarch64": platform_variables("posix", "linux", "Linux", "aarch64", "6.8.0"),
    "macos-arm64": platform_variables("posix", "darwin", "Darwin", "arm64", "24.0.0"),
    "macos-x86_64": platform_variables("posix", "darwin", "Darwin", "x86_64", "24.0.0"),
    "windows-amd64": platform_variables("nt", "win32", "Windows", "AMD64", "10"),
}
PLATFORM_NAMES: Final = tuple(_PLATFORMS)


def targets(python_constraint_allows: Callable[[str], bool]) -> tuple[Target, ...]:
    """Return every platform with each CPython minor that the project allows, oldest Python first.

    ``python_constraint_allows`` is called with full versions such as ``3.11.40``. A minor is there when one of its
    patch releases is allowed; the highest allowed one is the target's ``python_full_version``.
    """
    pythons = (f"3.{minor}" for minor in _MINORS)
    releases = ((python, highest_patch(python, python_constraint_allows)) for python in pythons)
    return tuple(
        Target(f"{name}-py{python}", python, MappingProxyType({**python_variables(full), **variables}))
        for python, full in releases
        if full is not None
        for name, variables in _PLATFORMS.items()
    )


def highest_patch(python: str, allowed: Callable[[str], bool]) -> str | None:
    """Return the highest patch release of a minor version (``3.12``) that is allowed, None for none."""
    return next((full for patch in _PATCHES if allowed(full := f"{python}.{patch}")), None)


@lru_cache(maxsize=64)
def machines_for(python: str) -> tuple[Target, ...]:
    """Return every kind of machine that a Python constraint allows, those of every Python when it allows none here."""
    try:
        return targets(lambda version: allows(python, version)) or targets(lambda _: True)
    except InputError:
        return targets(lambda _: True)


def marker_applies(marker: str, target: Target, extras: frozenset[str] | None = NO_EXTRAS) -> bool:
    """Say whether ``marker`` holds on ``target`` while ``extras`` are active.

    ``""`` and ``*`` always hold, ``<empty>`` never. ``extra == "x"`` means that x is among the active extras, and
    ``extra != "x"`` that it is not; without extras (None) the answer is for some choice of them. Raises InputError
    for text that is no marker.
    """
    if marker in {"", "*"}:
        return True
    if marker == "<empty>":
        return False
    return _evaluate(answer_extras(marker, extras), target)


def extras_in(marker: str) -> frozenset[str]:
    """Return the extras that a marker asks about, in canonical form."""
    found = (match["left"] or match["right"] for match in _EXTRA.finditer(marker))
    return frozenset(normalised(quoted[1:-1]) for quoted in found if quoted)


def extras_switching(marker: str) -> frozenset[str]:
    """Return the extras of which one is needed for a marker to hold; those that must be off are not among them."""
    return frozenset(
        normalised((match["left"] or match["right"])[1:-1])
        for match in _EXTRA.finditer(marker)
        if (match["left_op"] or match["op"]) == "=="
    )


@lru_cache(maxsize=16384)
def answer_extras(marker: str, extras: frozenset[str] | None) -> str:
    """Return the marker with every question about an extra replaced by its answer, yes to all without extras."""
    active = {normalised(extra) for extra in extras or ()}

    def answer(match: re.Match[str]) -> str:
        quoted = match["left"] or match["right"]
        if not quoted:
            return match.group()
        if extras is None:
            return _ALWAYS
        equal = (match["left_op"] or match["op"]) == "=="
        return _ALWAYS if (normalised(quoted[1:-1]) in active) == equal else _NEVER

    return _EXTRA.sub(answer, marker)


@lru_cache(maxsize=8192)
def _parsed(marker: str) -> Marker:
    try:
        if has_long_number(marker):
            raise _unreadable(marker)
        return Marker(marker)
    except (InvalidMarker, RecursionError):
        raise _unreadable(marker) from None


@lru_cache(maxsize=131072)
def _evaluate(marker: str, target: Target) -> bool:
    try:
        return _parsed(marker).evaluate(dict(target.environment))
    except (UndefinedComparison, UndefinedEnvironmentName):
        raise _unreadable(marker) from None


def _unreadable(marker: str) -> InputError:
    return InputError(
        f"this environment marker cannot be read: {marker}", hint="Run `poetry lock` to write it again."
    )
