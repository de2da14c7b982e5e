"""A Poetry project whose pyproject.toml is not written yet, to lock it before anything of the user's changes.

Both files are in a temporary folder outside of the project, so that a killed run leaves nothing beside the user's
files and nothing has to be cleared away there. Poetry reads relative paths from pyproject.toml's folder, and writes
them relative to poetry.lock's: it is given paths whose ``parent`` is the project's folder.
"""

from __future__ import annotations

import os
import sys
import tempfile
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from poetry.core.constraints.version import Version
from poetry.factory import Factory
from poetry.inspection import info
from poetry.packages import Locker
from poetry.repositories.http_repository import HTTPRepository

from poetry_aiops.errors import InputError
from poetry_aiops.project.constraints import read_python
from poetry_aiops.project.model import LockedDependency
from poetry_aiops.system.files import reported, write_new


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from poetry.console.application import Application
    from poetry.core.packages.package import Package
    from poetry.core.packages.utils.link import Link
    from poetry.poetry import Poetry
    from poetry.repositories import RepositoryPool


if sys.platform == "win32":
    from pathlib import WindowsPath as ConcretePath
else:
    from pathlib import PosixPath as ConcretePath  # before Python 3.12 no subclass of Path itself works


@dataclass(frozen=True, slots=True)
class OfferedVersion:
    """A version that an index has: its files, their Requires-Python, and what it requires, read when it is requested."""

    version: str
    python: str
    files: tuple[str, ...]
    requires: Callable[[], tuple[LockedDependency, ...]]


@dataclass(frozen=True)
class StagedProject:
    """``poetry`` works on the staged files; ``lock_path`` is where its lock is written, ``scratch`` a folder for its sources."""

    poetry: Poetry
    lock_path: Path
    scratch: Path

    def offered_as(self, name: str, version: str, source: str | None) -> str | None:
        """Return the version by which the indexes have a pin, a local build of it if need be; None when they have none."""
        versions = [package.version for package in self._found(name, f"=={version}", source)]
        exact = [found for found in versions if found.text == version or found == Version.parse(version)]
        return max(exact or versions).text if versions else None

    def why_not_offered(self, name: str, version: str, source: str | None) -> str | None:
        """Return why the indexes do not give a version for this project's Python, None when they do."""
        packages = self._found(name, f"=={version}", source)
        if not packages:
            return f"no index offers {name} {version} any more"
        python = self.poetry.package.python_constraint
        needs = sorted({self._python(package) for package in packages})
        if any(read_python(one).allows_all(python) for one in needs):
            return None
        project = f", the project for {self.poetry.package.python_versions}"
        meets = any(read_python(one).allows_any(python) for one in needs)
        return f"{name} {version} is for Python {', '.join(needs)}{project if meets else ''}"

    def offered(self, name: str, constraint: str, source: str | None) -> tuple[OfferedVersion, ...]:
        """Return the versions that the indexes have within a constraint, newest first, without what was yanked.

        Pre-releases are among them where the constraint names one, or where there is nothing else.
        """
        found = self._found(name, constraint, source, prereleases=False)
        found.sort(key=lambda package: package.version, reverse=True)
        return tuple(
            OfferedVersion(
                package.version.text,
                self._python(package),
                tuple(link.filename for link in self._links(package)),
                partial(self._requires, package),
            )
            for package in found
            if not package.yanked
        )

    def _requires(self, package: Package) -> tuple[LockedDependency, ...]:
        whole = self.poetry.pool.package(package.name, package.version, package.source_reference)
        return tuple(
            LockedDependency(
                one.name,
                str(one.constraint),
                tuple(one.extras),
                str(one.marker),
                optional=bool(one.in_extras),
            )
            for one in whole.requires
        )

    def _found(
        self, name: str, version: str, source: str | None, *, prereleases: bool = True
    ) -> list[Package]:
        constraint = {"version": version, "allow-prereleases": prereleases or None, "source": source}
        dependency = Factory.create_dependency(name, {key: one for key, one in constraint.items() if one})
        # For a version that does not exist, Poetry's page remembers it without files, as yanked, from then on.
        return [
            package
            for package in self.poetry.pool.find_packages(dependency)
            if not package.yanked or self._links(package)
        ]

    def _python(self, package: Package) -> str:
        """Return the Python that a found version is for; Poetry reads that with its metadata only."""
        return next((link.requires_python for link in self._links(package) if link.requires_python), "*")

    def _links(self, package: Package) -> list[Link]:
        repository = self.poetry.pool.repository(package.source_reference or "PyPI")
        if not isinstance(repository, HTTPRepository):
            return []
        return list(repository.get_page(package.name).links_for_version(package.name, package.version))


@contextmanager
def staged_project(
    root: Path,
    pyproject: str,
    lock: str | None,
    application: Application,
) -> Iterator[StagedProject]:
    """Give a Poetry project with these texts, as if they were in ``root``; both files are gone afterwards.

    Plugins and the cache are on or off as for the application's own project. Raises
    InputError when Poetry does not accept the pyproject.toml.
    """
    what = "The planned project cannot be written to the folder for temporary files, so nothing was changed"
    with ExitStack() as stack:
        with reported(what, Path(tempfile.gettempdir())):
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="poetry-aiops-staged-"))
            staged = _path_as_in(root, folder, "pyproject.toml")
            lock_path = _path_as_in(root, folder, "poetry.lock")
            write_new(staged, pyproject.encode("utf-8"))
            if lock is not None:
                write_new(lock_path, lock.encode("utf-8"))
        poetry = _poetry(root, staged, lock_path, application)
        stack.enter_context(_builds_from(poetry.pool))
        yield StagedProject(poetry, lock_path, Path(folder) / "env")


@contextmanager
def _builds_from(pool: RepositoryPool) -> Iterator[None]:
    """Let Poetry take from this pool what a source distribution needs to be built for its metadata.

    It takes it from the indexes of the pyproject.toml in the working directory, which does not exist yet or has others.
    """
    names = vars(info)
    own = names["isolated_builder"]
    names["isolated_builder"] = partial(own, pool=pool)
    try:
        yield
    finally:
        names["isolated_builder"] = own


def _path_as_in(root: Path, folder: str, name: str) -> Path:
    """Return the path of a file in ``folder`` that says it is in ``root``."""

    class StagedPath(ConcretePath):
        @property
        def parent(self) -> Path:  # type: ignore[override] # the folder, which is no staged path
            return root

    return StagedPath(os.path.join(folder, name))  # noqa: PTH118 - no other kind of path may come in between


def _poetry(root: Path, staged: Path, lock_path: Path, application: Application) -> Poetry:
    class StagedFactory(Factory):
        @classmethod
        def locate(cls, cwd: Path | None = None) -> Path:  # noqa: ARG003 - Poetry's signature
            return staged

    try:
        poetry = StagedFactory().create_poetry(
            root,
            io=application._io,  # noqa: SLF001 - as the application makes its own project
            disable_plugins=application._disable_plugins,  # noqa: SLF001
            disable_cache=application._disable_cache,  # noqa: SLF001
        )
    except (RuntimeError, ValueError) as error:
        raise InputError(
            "Poetry does not accept the pyproject.toml that was planned",
            where="pyproject.toml",
            details=tuple(str(error).replace(staged.as_posix(), "pyproject.toml").splitlines()),
            hint="Nothing was written. `--dry-run` shows it.",
        ) from error
    poetry.set_locker(Locker(lock_path, poetry.pyproject.data))
    return poetry
