"""Whether the running Poetry is one that the solver's adapter knows."""

from __future__ import annotations

from typing import Final

from packaging.version import Version
from poetry.__version__ import __version__ as poetry_version
from poetry.core.packages.dependency_group import DependencyGroup
from poetry.installation.installer import Installer
from poetry.packages.locker import Locker
from poetry.puzzle.provider import Provider
from poetry.puzzle.solver import Solver

from poetry_aiops.errors import UsageError


NEWEST_KNOWN: Final = (2, 5)
_FIRST_WITH_DEPENDENCY_GROUPS: Final = (2, 2)
_NEEDED: Final[tuple[tuple[type, tuple[str, ...]], ...]] = (
    (Solver, ("solve", "_solve", "_aggregate_solved_packages", "_progress", "provider")),
    (Provider, ("use_latest_for", "search_for_direct_origin_dependency")),
    (Installer, ("run", "_do_refresh", "_do_install", "_execute", "executor", "only_groups")),
    (Locker, ("locked_packages", "is_locked_groups_and_markers", "lock_data")),
    (DependencyGroup, ("dependencies_for_locking", "add_dependency", "is_optional")),
)


def check_poetry(version: str = poetry_version) -> str | None:
    """Return a warning for a Poetry newer than the newest that was tried; None when it is known.

    Raises UsageError when names that the adapter needs are gone: locking variants would then be a gamble.
    """
    if Version(version).release[:2] <= NEWEST_KNOWN:
        return None
    missing = missing_names()
    newest = ".".join(map(str, NEWEST_KNOWN))
    if missing:
        raise UsageError(
            f"Poetry {version} works differently inside than the versions that poetry-aiops knows (up to {newest})",
            details=(f"missing: {', '.join(missing)}",),
            hint=f"Update the plugin (`poetry self update poetry-aiops`), or use Poetry {newest}.",
        )
    return (
        f"Poetry {version} is newer than the newest that poetry-aiops was tried with ({newest});"
        " the lock is verified all the same before it is written."
    )


def knows_dependency_groups(version: str = poetry_version) -> bool:
    """Say whether the running Poetry reads ``[dependency-groups]`` (PEP 735), as it does from 2.2 on."""
    return Version(version).release[:2] >= _FIRST_WITH_DEPENDENCY_GROUPS


def missing_names() -> list[str]:
    """Return the names of Poetry that the adapters need and do not find."""
    return [
        f"{owner.__module__}.{owner.__name__}.{name}"
        for owner, names in _NEEDED
        for name in names
        if not hasattr(owner, name)
    ]
