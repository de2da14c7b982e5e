"""Whether a release fits every Python that a locked package is installed on.

Poetry takes a release only when its requires-python holds for all Pythons of the project, as far as the package's
marker lets it be installed there.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from poetry.core.constraints.version import EmptyConstraint, VersionRange
from poetry.core.packages.utils.utils import get_python_constraint_from_marker

from poetry_aiops.errors import InputError
from poetry_aiops.project.constraints import read_marker, read_python


if TYPE_CHECKING:
    from poetry.core.constraints.version import VersionConstraint


def fits(requires_python: tuple[str, ...], needed: VersionConstraint) -> bool:
    """Say whether one of a release's ``requires_python`` values allows every Python in ``needed``."""
    return any(_holds(text, needed) for text in requires_python)


@lru_cache(maxsize=4096)
def _holds(text: str, needed: VersionConstraint) -> bool:
    return _allowed(text).allows_all(needed)


@lru_cache(maxsize=1024)
def needed_pythons(project: str, markers: tuple[str, ...], locked: str) -> VersionConstraint:
    """Return the Pythons that a locked package must work with.

    ``project`` is the Python constraint of the lock, ``markers`` are alternatives of which one must hold, ``locked``
    is the Python constraint of the locked version: where that does not hold, the package is not installed (formats
    before 2.1 have no markers).
    """
    found = _allowed(project).intersect(_allowed(locked))
    if not markers or "" in markers:
        return found
    marked: VersionConstraint = EmptyConstraint()
    for marker in markers:
        marked = marked.union(_of_marker(marker))
    return found.intersect(marked)


def _allowed(constraint: str) -> VersionConstraint:
    """Return the Pythons that a constraint allows; text that is none allows all, as pip reads it."""
    try:
        return read_python(constraint)
    except InputError:
        return VersionRange()


def _of_marker(marker: str) -> VersionConstraint:
    """Return the Pythons with which a marker holds on some platform; an unreadable one holds with all."""
    try:
        return get_python_constraint_from_marker(read_marker(marker))
    except InputError:
        return VersionRange()
