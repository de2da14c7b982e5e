"""Whether the running Poetry has everything that the solver for variants, its installer and its writers touch.

This is the one list of Poetry's private names in ``locking``; ``tests/contract`` runs it with every supported
minor.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, Final

from packaging.version import Version
from poetry.__version__ import __version__ as poetry_version
from poetry.core.packages.dependency_group import DependencyGroup
from poetry.core.packages.project_package import ProjectPackage
from poetry.installation.installer import Installer
from poetry.packages.locker import Locker
from poetry.packages.transitive_package_info import TransitivePackageInfo
from poetry.puzzle.provider import Provider
from poetry.puzzle.solver import Solver
from poetry.puzzle.transaction import Transaction
from poetry.repositories import RepositoryPool
from poetry.toml import TOMLFile

from poetry_aiops.cli.known_poetry import NEWEST_KNOWN, foreign_poetry
from poetry_aiops.cli.terminal import silent_io


if TYPE_CHECKING:
    from collections.abc import Callable


_OF_CLASSES: Final[tuple[tuple[type, tuple[str, ...]], ...]] = (
    (Solver, ("provider",)),
    (Provider, ("use_latest_for", "search_for_direct_origin_dependency")),
    (Installer, ("run", "_do_refresh", "_do_install", "_execute", "executor", "is_updating", "set_locker")),
    (Locker, ("locked_packages", "is_locked_groups_and_markers", "lock_data", "is_locked", "set_lock_data")),
    (Locker, ("_write_lock_data",)),
    (DependencyGroup, ("dependencies_for_locking", "add_dependency", "is_optional")),
    (Transaction, ("get_solved_packages", "calculate_operations")),
    (TOMLFile, ("write",)),
)
_OF_OBJECTS: Final[dict[type, tuple[str, ...]]] = {
    Solver: ("_package", "_pool", "_installed_packages", "_locked_packages", "_io"),
    Provider: ("_env", "_source_root", "_deferred_cache"),
    DependencyGroup: ("_dependencies",),
    ProjectPackage: ("_dependency_groups",),
    Installer: ("_groups", "_extras", "_env", "_locker", "_installed_repository"),
    Locker: ("_lock",),
    TOMLFile: ("_path",),
}
_PARAMETERS: Final[tuple[tuple[type, str, tuple[str, ...]], ...]] = (
    (Solver, "__init__", ("self", "package", "pool", "installed", "locked", "io")),
    (Solver, "solve", ("self", "use_latest")),
    (Solver, "_aggregate_solved_packages", ("self", "packages")),
    (Solver, "_progress", ("self",)),
    (Locker, "set_lock_data", ("self", "root", "packages")),
    (Locker, "_write_lock_data", ("self", "data")),
    (TransitivePackageInfo, "__init__", ("self", "depth", "groups", "markers")),
)


def check_poetry(*objects: object, version: str = poetry_version) -> str | None:
    """Return a warning for a Poetry newer than the newest that was tried; None when it is known.

    ``objects`` are the installer and the files of the command. Raises UsageError when names that the adapter needs are
    gone, whatever the version: locking variants would be a gamble.
    """
    if missing := missing_names(*objects):
        raise foreign_poetry(f"missing: {', '.join(missing)}")
    if Version(version).release[:2] <= NEWEST_KNOWN:
        return None
    return (
        f"Poetry {version} is newer than the newest that poetry-aiops is tested with ({'.'.join(map(str, NEWEST_KNOWN))});"
        " the lock is still verified before it is written."
    )


def missing_names(*objects: object) -> list[str]:
    """Return the names of Poetry that the adapters need and do not find, in its classes and in these objects."""
    missing = [
        _title(owner, name) for owner, names in _OF_CLASSES for name in names if not hasattr(owner, name)
    ]
    missing += [
        f"{_title(owner, name)}({', '.join(names)})"
        for owner, name, names in _PARAMETERS
        if _parameters(getattr(owner, name, None))[: len(names)] != names
    ]
    if missing:
        return missing
    try:
        root = ProjectPackage("sample", "1")
        solver = Solver(root, RepositoryPool(), [], [], silent_io())
        samples = (solver, solver.provider, root, DependencyGroup("sample"))
    except (AttributeError, TypeError) as error:
        return [f"{_title(Solver, '__init__')}: {error}"]
    return [
        _title(owner, name)
        for one in (*objects, *samples)
        for owner, names in _OF_OBJECTS.items()
        if isinstance(one, owner)
        for name in names
        if not hasattr(one, name)
    ]


def _parameters(function: Callable[..., Any] | None) -> tuple[str, ...]:
    return tuple(inspect.signature(function).parameters) if function else ()


def _title(owner: type, name: str) -> str:
    return f"{owner.__module__}.{owner.__name__}.{name}"
