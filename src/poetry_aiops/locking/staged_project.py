"""A Poetry project whose pyproject.toml is not written yet, to lock it before anything of the user's changes.

Poetry finds a project by the name ``pyproject.toml`` and reads relative paths from that file's folder, and the lock
writes them relative to the lock's. So both lie in the project's folder under other names while Poetry works.
"""

from __future__ import annotations

import secrets
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from poetry.factory import Factory
from poetry.packages import Locker

from poetry_aiops.errors import InputError
from poetry_aiops.system.files import write_new
from poetry_aiops.system.transaction.store import told


if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from poetry.console.application import Application
    from poetry.core.packages.package import Package
    from poetry.poetry import Poetry


_PREFIX = ".migration-"
_SURELY_LEFT = 3600.0  # seconds


@dataclass(frozen=True)
class StagedProject:
    """``poetry`` works on the staged files; ``lock_path`` is where its lock is written."""

    poetry: Poetry
    lock_path: Path

    def offers(self, name: str, version: str, source: str | None) -> bool:
        """Say whether the indexes still have a version."""
        return bool(self._found(name, version, source))

    def why_not_offered(self, name: str, version: str, source: str | None) -> str | None:
        """Return why the indexes do not give a version for this project's Python, None when they do."""
        packages = self._found(name, version, source)
        if not packages:
            return f"no index offers {name} {version} any more"
        python = self.poetry.package.python_constraint
        if not any(package.python_constraint.allows_any(python) for package in packages):
            needs = ", ".join(sorted({package.python_versions for package in packages}))
            return f"{name} {version} is for Python {needs}"
        if not any(package.python_constraint.allows_all(python) for package in packages):
            needs = ", ".join(sorted({package.python_versions for package in packages}))
            return f"{name} {version} is for Python {needs}, the project for {self.poetry.package.python_versions}"
        return None

    def _found(self, name: str, version: str, source: str | None) -> list[Package]:
        constraint = {"version": f"=={version}", "allow-prereleases": True, "source": source}
        dependency = Factory.create_dependency(name, {key: one for key, one in constraint.items() if one})
        pool = self.poetry.pool
        # Asked for a version that is not there, Poetry's page remembers it without files, as yanked, from then on.
        return [
            package
            for package in pool.find_packages(dependency)
            if not package.yanked
            or pool.repository(package.source_reference or "PyPI").find_links_for_package(package)
        ]


@contextmanager
def staged_project(
    root: Path, pyproject: str, lock: str | None, application: Application
) -> Iterator[StagedProject]:
    """Give a Poetry project with these texts in ``root``; both files are gone afterwards.

    Plugins and the cache are on or off as for the application's own project. Raises InputError when Poetry does not accept the pyproject.toml.
    """
    remove_leftovers(root)
    token = secrets.token_hex(6)
    staged = root / f"{_PREFIX}{token}.toml"
    lock_path = root / f"{_PREFIX}{token}.lock"
    try:
        with told("The planned project cannot be written beside this one, so nothing was changed", root):
            write_new(staged, pyproject.encode("utf-8"))
            if lock is not None:
                write_new(lock_path, lock.encode("utf-8"))
        yield StagedProject(_poetry(staged, lock_path, application), lock_path)
    finally:
        staged.unlink(missing_ok=True)
        lock_path.unlink(missing_ok=True)


def remove_leftovers(root: Path) -> None:
    """Remove what a killed run left an hour ago or earlier; younger files may be those of a run that goes on."""
    for path in root.glob(f"{_PREFIX}*"):
        if path.suffix in {".toml", ".lock"} and path.is_file() and _age(path) > _SURELY_LEFT:
            path.unlink(missing_ok=True)


def _age(path: Path) -> float:
    """Return the seconds since a file was written; none for one that is just being removed."""
    try:
        return time.time() - path.stat().st_mtime
    except OSError:
        return 0.0


def _poetry(staged: Path, lock_path: Path, application: Application) -> Poetry:
    class StagedFactory(Factory):
        @classmethod
        def locate(cls, cwd: Path | None = None) -> Path:  # noqa: ARG003 - Poetry's signature
            return staged

    try:
        poetry = StagedFactory().create_poetry(
            staged.parent,
            io=application._io,  # noqa: SLF001 - as the application makes its own project
            disable_plugins=application._disable_plugins,  # noqa: SLF001
            disable_cache=application._disable_cache,  # noqa: SLF001
        )
    except (RuntimeError, ValueError) as error:
        raise InputError(
            "Poetry does not accept the pyproject.toml that was planned",
            where="pyproject.toml",
            details=tuple(str(error).replace(staged.name, "pyproject.toml").splitlines()),
            hint="Nothing was written. `--dry-run` shows it.",
        ) from error
    poetry.set_locker(Locker(lock_path, poetry.pyproject.data))
    return poetry
