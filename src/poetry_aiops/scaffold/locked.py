"""What one selection of the lock needs on Linux: its packages, a Python that suits them, and what must be compiled."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from poetry_aiops.errors import UsageError
from poetry_aiops.project.constraints import allows
from poetry_aiops.project.targets import highest_patch, marker_applies, targets
from poetry_aiops.project.wheels import best_file, manylinux, ranked_tags


if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from poetry_aiops.project.model import Lock, Package
    from poetry_aiops.scaffold.facts import ImageFacts


ARCHITECTURES = {"x86_64": "linux/amd64", "aarch64": "linux/arm64"}
OLDEST_FOR_PLUGIN = (3, 11)
_BUILT_FROM_SOURCE = ("git", "url", "directory")  # where no wheel can be expected


@dataclass(frozen=True, slots=True)
class ImageSelection:
    """What an image installs: groups, extras and a machine such as ``x86_64``."""

    groups: tuple[str, ...]
    extras: frozenset[str] = frozenset()
    arch: str = "x86_64"


@dataclass(frozen=True, slots=True)
class LockOnLinux:
    """A lock as images install from it; ``constraint`` are the Python versions that the project allows."""

    lock: Lock
    constraint: str
    facts: ImageFacts

    def packages(self, wanted: ImageSelection, python: str) -> list[Package]:
        """Return the locked packages that a selection installs with a minor version of Python."""
        machines = targets(_allowed_by(self.constraint, python))
        machine = next(one for one in machines if one.name == f"linux-{wanted.arch}-py{python}")
        return [
            package
            for package in self.lock.packages
            if any(
                marker_applies(marker, machine, wanted.extras) for marker in package.marker_for(wanted.groups)
            )
        ]

    def names(self, wanted: ImageSelection, python: str) -> frozenset[str]:
        return frozenset(one.name for one in self.packages(wanted, python))

    def choose_python(self, asked: str | None, selections: Sequence[ImageSelection]) -> str:
        """Return the minor of Python for the images: what was requested, else the newest that needs least compiling.

        Raises UsageError where the project does not take the requested one, and where it takes none that there is.
        """
        if asked is not None:
            return _checked(asked, self.constraint)
        pythons = self.facts.pythons
        fitting = [
            python
            for python in reversed(pythons)
            if highest_patch(python, lambda version: allows(self.constraint, version)) is not None
        ]
        if not fitting:
            raise UsageError(
                f"the project allows Python {self.constraint}, and scaffold makes images with {' or '.join(pythons)}",
                where="requires-python",
                hint="Name another one with --python X.Y (3.11 or newer).",
            )
        return min(fitting, key=lambda one: len(self.without_wheel(selections, one)))

    def without_wheel(self, selections: Iterable[ImageSelection], python: str) -> tuple[str, ...]:
        """Return the names of packages that have to be built from source, sorted."""
        found = set()
        for wanted in selections:
            ranks = ranked_tags(python, manylinux(self.facts.glibc_minor, wanted.arch))
            for package in self.packages(wanted, python):
                local = package.source is not None and package.source.type in _BUILT_FROM_SOURCE
                if not local and package.files and best_file(package.files, ranks, sdists=False) is None:
                    found.add(package.name)
        return tuple(sorted(found))

    def platforms(self, wanted: ImageSelection, python: str) -> tuple[str, ...]:
        """Return the platforms on which every package of a selection has a file to install."""
        found = []
        for arch, platform in ARCHITECTURES.items():
            ranks = ranked_tags(python, manylinux(self.facts.glibc_minor, arch))
            packages = self.packages(replace(wanted, arch=arch), python)
            if all(best_file(one.files, ranks, sdists=True) for one in packages if one.files):
                found.append(platform)
        return tuple(found)


def _checked(asked: str, constraint: str) -> str:
    parts = asked.split(".")
    if len(parts) != 2 or not all(part.isascii() and part.isdigit() for part in parts):  # noqa: PLR2004 - X.Y
        raise UsageError(
            f"{asked!r} is not a minor version of Python", where="--python", hint="Write for example 3.12."
        )
    if (int(parts[0]), int(parts[1])) < OLDEST_FOR_PLUGIN:
        raise UsageError(
            f"Poetry with this plugin needs Python 3.11 or newer, and the images share one Python with it, not {asked}",
            where="--python",
            hint="Name 3.11 or a newer one.",
        )
    if not any(one.python == asked for one in targets(_allowed_by(constraint, asked))):
        raise UsageError(
            f"the project does not allow Python {asked}, but {constraint}",
            where="--python",
            hint="Name one that `requires-python` allows.",
        )
    return asked


def _allowed_by(constraint: str, python: str) -> Callable[[str], bool]:
    return lambda version: version.startswith(f"{python}.") and allows(constraint, version)
