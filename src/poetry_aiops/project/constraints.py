"""Version constraints as poetry-core reads them, and the markers that Poetry makes of Python and platform keys."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from poetry.core.constraints.generic import parse_constraint as parse_platforms
from poetry.core.constraints.version import Version, parse_constraint, parse_marker_version_constraint
from poetry.core.packages.utils.utils import create_nested_marker
from poetry.core.version.markers import parse_marker

from poetry_aiops.errors import InputError
from poetry_aiops.project.checks import has_long_number


if TYPE_CHECKING:
    from collections.abc import Callable

    from poetry.core.constraints.version import VersionConstraint
    from poetry.core.version.markers import BaseMarker


_READ_IN_PART = re.compile(r"<>|\*\.\*")  # poetry-core 2.5 reads "<>1.0" as 1.0, and "1.*.*" as 1.*
_ALWAYS = {"", "*"}
_NEVER = 'python_version < "0"'
_SHOWN = 200  # characters of a constraint in a message


def read_constraint(text: str) -> VersionConstraint:
    """Return what a constraint in Poetry's or PEP 440's spelling allows; the empty text allows every version.

    Raises InputError when the text is no version constraint.
    """
    return _read(text, parse_constraint)


def read_python(text: str) -> VersionConstraint:
    """Return what a constraint on Python allows, comparable with those of markers; raises InputError as above."""
    return _read(text, parse_marker_version_constraint)


@lru_cache(maxsize=8192)
def _read(text: str, parse: Callable[[str], VersionConstraint]) -> VersionConstraint:
    try:
        if has_long_number(text) or _READ_IN_PART.search(text):
            raise _unreadable(text)
        return parse(text.replace("===", "==").strip() or "*")
    except ValueError:
        raise _unreadable(text) from None


def allows(constraint: str, version: str) -> bool:
    """Say whether ``constraint`` allows ``version``, pre-releases included; raises InputError if one cannot be read."""
    return read_constraint(constraint).allows(_version(version))


@lru_cache(maxsize=8192)
def _version(text: str) -> Version:
    try:
        return Version.parse(text)
    except ValueError:
        raise InputError(f'"{text[:_SHOWN]}" is not a version') from None


@lru_cache(maxsize=4096)
def read_marker(text: str) -> BaseMarker:
    """Return an environment marker of a user's file or a lock, the empty text and ``*`` for one that always holds.

    Raises InputError for text that is no marker, and for one that poetry-core cannot compare (``"a" in extras``).
    """
    from lark.exceptions import LarkError  # poetry-core brings it, and loads it with its first marker

    try:
        if has_long_number(text):
            raise _no_marker(text)
        return parse_marker(text)
    except (LarkError, RecursionError, ValueError):
        raise _no_marker(text) from None


def is_pin(constraint: str) -> bool:
    """Say whether a constraint allows only single versions, or the releases of one (``==2.1.*``)."""
    try:
        parts = read_constraint(constraint).flatten()
    except InputError:
        return False
    return all(isinstance(part, Version) or str(part).startswith("==") for part in parts)


def as_pep440(constraint: str) -> str | None:
    """Return a constraint as PEP 440 writes it: ``"^2.9"`` gives ``">=2.9,<3.0"``, ``"*"`` the empty text.

    None for alternatives (``||``), which PEP 440 has no word for. Raises InputError when the text is no constraint.
    """
    found = read_constraint(constraint)
    try:
        SpecifierSet(constraint)
    except InvalidSpecifier:
        text = f"=={found}" if isinstance(found, Version) else str(found)
    else:
        text = re.sub(r"\s+", "", constraint).rstrip(",")
    return None if "||" in text else text.replace("*", "") if found.is_any() else text


def both(first: str, second: str) -> str:
    """Return the constraint that holds when both hold, as text: ``"^2"`` and ``">=2.1"`` give ``"^2,>=2.1"``."""
    if second in {*_ALWAYS, first}:
        return first or "*"
    if first in _ALWAYS:
        return second
    left, right = (re.split(r"\s*\|\|?\s*", text.strip()) for text in (first, second))
    return " || ".join(f"{one},{other}" for one in left for other in right)


@lru_cache(maxsize=1024)
def python_marker(constraint: str) -> str:
    """Return a Python constraint as a marker: ``"^3.9"`` gives ``python_version >= "3.9" and python_version < "4.0"``."""
    found = read_python(constraint)
    return _NEVER if found.is_empty() else create_nested_marker("python_version", found)


def platform_marker(constraint: str) -> str:
    """Return Poetry's ``platform`` key as a marker: ``"linux || darwin"``, ``"!=win32"``."""
    return create_nested_marker("sys_platform", parse_platforms(constraint))


def any_of(markers: list[str]) -> str:
    """Return the marker that holds when one of ``markers`` does."""
    if len(markers) == 1:
        return markers[0]
    return " or ".join(f"({marker})" if " and " in marker else marker for marker in markers)


def all_of(*markers: str) -> str:
    """Return the marker that holds when all of ``markers`` do; the empty marker always holds."""
    wanted = list(dict.fromkeys(marker for marker in markers if marker not in _ALWAYS))
    if len(wanted) == 1:
        return wanted[0]
    return " and ".join(f"({marker})" if " or " in marker else marker for marker in wanted)


def _no_marker(text: str) -> InputError:
    return InputError(
        f"this environment marker cannot be read: {_shortened(text)}",
        hint="Correct it where it is written; in poetry.lock, `poetry lock --regenerate` writes it again.",
    )


def _shortened(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _unreadable(constraint: str) -> InputError:
    return InputError(
        f'"{_shortened(constraint)}" is not a version constraint',
        hint='Write for example "^3.11", ">=3.11,<4.0" or "~=2.1".',
    )
