"""What a selection of groups and extras installs from poetry.lock, as Poetry and poetry-plugin-export see it.

Two ways, because lock formats differ:

* Format 2.1 and later record groups and markers, so nothing has to be walked. poetry-plugin-export's
  ``get_project_dependency_packages2`` reads them, too, but makes dependencies of all packages for each file (0.04 s for
  300 packages, and a bundle has six or more), and for poetry-core before 2.2 it drops the rest of a marker together
  with its extras. So the markers go straight through poetry-core's own algebra here; ``tests/contract`` compares the
  result with the plugin's.
* Older formats record neither, so the graph has to be walked from pyproject.toml. That is the plugin's own walker,
  ``get_project_dependency_packages``.

In both, the project's own Python range is not put on every line (the plugin does), and what follows from it is taken
out of the markers.

Private names of Poetry: ``Locker._content_hash``.
"""

from __future__ import annotations

import tomllib
from functools import cached_property
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name
from poetry.core.constraints.version import parse_constraint
from poetry.core.packages.utils.utils import create_nested_marker
from poetry.core.version.markers import EmptyMarker

from poetry_aiops.errors import InputError, UsageError
from poetry_aiops.export.header import lock_digest
from poetry_aiops.export.model import COMMAND, Pin
from poetry_aiops.locking.api import Installed, parse_lock, verify_locked
from poetry_aiops.project.constraints import read_marker
from poetry_aiops.project.lockfile import lock_from, read_lock
from poetry_aiops.project.targets import answer_extras
from poetry_aiops.system.files import reported
from poetry_aiops.system.reading import read_file


if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from poetry.core.constraints.version import VersionConstraint
    from poetry.core.packages.package import Package as PoetryPackage
    from poetry.core.version.markers import BaseMarker
    from poetry.poetry import Poetry

    from poetry_aiops.export.model import GroupSelection
    from poetry_aiops.project.model import Lock, Package, PackageKey


_ANY_PYTHON = (
    ">=3.0"  # so that answered questions about extras are decided for a project without a range, too
)


class PoetryExport:
    """One reading of poetry.lock: whatever is asked of it later belongs together."""

    def __init__(self, poetry: Poetry) -> None:
        """Read the lock; raises UsageError when there is none, InputError for one that cannot be read."""
        self._poetry = poetry
        self._text = _text_of(poetry.locker.lock)
        self._pins: dict[GroupSelection, tuple[Pin, ...]] = {}

    @cached_property
    def digest(self) -> str:
        return lock_digest(self._text)

    @cached_property
    def lock(self) -> Lock:
        path = self._poetry.locker.lock
        try:
            return lock_from(parse_lock(self._text), path)
        except tomllib.TOMLDecodeError:
            return read_lock(path)  # reads it again, for the line of what is wrong

    def refuse_stale(self) -> None:
        """Raise UsageError when pyproject.toml requires something else than what the lock was made for."""
        locker = self._poetry.locker
        if self.lock.content_hash != locker._content_hash and not locker.is_fresh():  # noqa: SLF001 - is_fresh() parses the lock again
            raise UsageError(
                "poetry.lock does not match what pyproject.toml requires",
                where=COMMAND,
                hint="Run `poetry lock` first.",
            )

    def pins(self, selection: GroupSelection) -> tuple[Pin, ...]:
        """Return what the selection installs.

        Raises LockConflictError where that is two builds of one package, InputError when an old lock does not fit the
        project.
        """
        if selection not in self._pins:
            verify_locked(self.lock, [Installed.of(selection.groups, selection.extras)])
            found = self._recorded(selection) if self.lock.has_groups else self._walked(selection)
            self._pins[selection] = tuple(found)
        return self._pins[selection]

    def _recorded(self, selection: GroupSelection) -> Iterator[Pin]:
        for package in self.lock.packages:
            texts = package.marker_for(selection.groups)
            if texts == ("",):
                yield Pin(package)
            elif texts:
                marker = self._reduced([answer_extras(text, frozenset(selection.extras)) for text in texts])
                if not marker.is_empty():
                    yield Pin(package, "" if marker.is_any() else str(marker))

    def _walked(self, selection: GroupSelection) -> Iterator[Pin]:
        from poetry_plugin_export.walker import (  # type: ignore[import-untyped]
            DependencyWalkerError,
            get_project_dependency_packages,
        )

        root = self._poetry.package.with_dependency_groups(
            [canonicalize_name(group) for group in selection.groups], only=True
        )
        by_key = {package.key: package for package in self.lock.packages}
        try:
            walked = list(
                get_project_dependency_packages(
                    self._poetry.locker,
                    project_requires=root.all_requires,
                    root_package_name=root.name,
                    project_python_marker=read_marker(create_nested_marker("python_version", self._python)),
                    extras=[canonicalize_name(extra) for extra in selection.extras],
                )
            )
        except (DependencyWalkerError, RuntimeError) as error:
            raise InputError(
                f"poetry.lock has the old format {self.lock.version or 'of Poetry 1.0'}, from which a selection of packages cannot be read: {error}",
                where=COMMAND,
                hint="Run `poetry lock` to write it in today's format.",
            ) from error
        markers: dict[PackageKey, BaseMarker] = {}  # the walker gives a package once for each set of extras
        for one in walked:
            key = _same(one.package, by_key).key
            markers[key] = markers.get(key, EmptyMarker()).union(one.dependency.marker.without_extras())
        for key, whole in markers.items():
            marker = whole.reduce_by_python_constraint(self._python)
            if not marker.is_empty():
                yield Pin(by_key[key], "" if marker.is_any() else str(marker))

    @cached_property
    def _python(self) -> VersionConstraint:
        return self._poetry.package.python_constraint.intersect(parse_constraint(_ANY_PYTHON))

    def _reduced(self, texts: Collection[str]) -> BaseMarker:
        marker: BaseMarker = EmptyMarker()
        for text in texts:
            marker = marker.union(read_marker(text).reduce_by_python_constraint(self._python))
        return marker.reduce_by_python_constraint(self._python)


def _text_of(path: Path) -> str:
    with reported("the file cannot be read", path, "Make it readable, then run this again."):
        try:
            return read_file(path).decode("utf-8")
        except FileNotFoundError:
            raise UsageError(
                "there is no poetry.lock yet", where=COMMAND, hint="Run `poetry lock` first."
            ) from None
        except UnicodeDecodeError:
            read_lock(path)  # raises, with the line
            raise


def _same(package: PoetryPackage, by_key: dict[tuple[str, str, tuple[str, str, str]], Package]) -> Package:
    """Return our package for one of Poetry's; Poetry may have put features onto its own."""
    source = (package.source_type or "", package.source_url or "", package.source_reference or "")
    version = package.version.text
    found = by_key.get((package.name, version, source))
    if found is None:  # a version or an address in another spelling
        found = next(
            (p for p in by_key.values() if p.name == package.name and p.version == version),
            None,
        ) or next(p for p in by_key.values() if p.name == package.name)
    return found
