"""The gate at every door: what is locked is verified before it is installed, exported or written.

Private names of Poetry: none. ``Locker.set_lock_data`` is the one way in which Poetry's installer writes poetry.lock.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from poetry_aiops.cli.known_poetry import foreign_poetry
from poetry_aiops.locking.declaration import variant_kind
from poetry_aiops.locking.model import placements_of
from poetry_aiops.locking.verify import Installed, Terms, every_installation, verify
from poetry_aiops.project.lockfile import lock_from, read_lock
from poetry_aiops.project.targets import machines_for
from poetry_aiops.system.files import write_atomically
from poetry_aiops.system.reading import read_file


if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from poetry.core.packages.package import Package
    from poetry.core.packages.project_package import ProjectPackage
    from poetry.packages.locker import Locker
    from poetry.packages.transitive_package_info import TransitivePackageInfo

    from poetry_aiops.config import HardwareConfig
    from poetry_aiops.project.model import Lock, Project


def locked_by(locker: Locker) -> Lock | None:
    """Return the lock as it is now, None without one; raises InputError with the line that is wrong.

    Poetry keeps what it parsed until it writes the lock, so the file is not parsed a second time.
    """
    if not locker.is_locked():
        return None
    try:
        return lock_from(locker.lock_data, locker.lock)
    except RuntimeError:
        return read_lock(locker.lock)


def verify_locked(lock: Lock | None, installations: Iterable[Installed], terms: Terms | None = None) -> None:
    """Raise LockConflictError for what is wrong with an installation from this lock; no solve, no network.

    A lock of a format before 2.1 records no groups: Poetry solves again from it, and each name gets one build.
    Without ``terms`` (a project without variants) only double builds count.
    """
    if lock is None or not lock.has_groups:
        return
    if terms is not None or len({package.name for package in lock.packages}) < len(lock.packages):
        verify(placements_of(lock), installations, machines_for(lock.python_versions), terms)


def verify_project(lock: Lock | None, project: Project, hardware: HardwareConfig | None) -> None:
    """Raise LockConflictError for what is wrong with any installation that a project's groups and variants offer.

    These are all groups with each hardware variant in turn; without variants, the groups that are not optional.
    """
    if hardware is None:
        groups = frozenset(name for name, group in project.groups.items() if not group.optional)
        verify_locked(lock, [Installed("without a variant", groups)])
        return
    names = [variant.group for variant in hardware.variants]
    extras = variant_kind(hardware, project) == "extras"
    every = every_installation(names, frozenset(project.groups), extras=extras)
    verify_locked(lock, every, Terms.of(project, hardware))


class LockGuard:
    """Lets poetry.lock be written only with what the solver for variants has solved and verified."""

    def __init__(self, locker: Locker) -> None:
        self._path = locker.lock
        self._before = self._content()
        self._verified: dict[Package, TransitivePackageInfo] | None = None
        self._wrote = False

    def verified(self, packages: dict[Package, TransitivePackageInfo]) -> None:
        """Take note of a solution that our solver found and verified."""
        self._verified = packages

    def require(self) -> None:
        """Raise UsageError unless our solver has run: before packages of a new solution are installed."""
        if self._verified is None:
            raise foreign_poetry("it solved without the plugin's solver")

    @contextmanager
    def watching(self, locker: Any) -> Iterator[None]:  # noqa: ANN401 - a Locker, of which a method is exchanged
        """Refuse, for a while, to write another lock than the verified one."""
        write = locker.set_lock_data

        def guarded(root: ProjectPackage, packages: dict[Package, TransitivePackageInfo]) -> bool:
            self.require()
            if packages != self._verified:
                raise foreign_poetry("it would write other packages than the plugin verified")
            self._wrote = True
            done: bool = write(root, packages)
            return done

        locker.set_lock_data = guarded
        try:
            yield
        finally:
            del locker.set_lock_data

    def conclude(self) -> None:
        """Put poetry.lock back and raise UsageError when it was written past the guard."""
        if self._wrote or self._content() == self._before:
            return
        if self._before is None:
            self._path.unlink()
        else:
            write_atomically(self._path, self._before)
        raise foreign_poetry("it bypassed the plugin's check of poetry.lock; the file is unchanged")

    def _content(self) -> bytes | None:
        return read_file(self._path) if self._path.is_file() else None
