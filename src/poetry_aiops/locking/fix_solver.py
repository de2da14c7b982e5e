"""What Poetry's solver is given so that it fixes findings: raised pins to prefer, and versions not to offer.

The lock is solved as ``poetry lock`` would, beside the project. Vulnerable packages are in its lock with the
version that fixes them, which the solver keeps where it can; of these packages only versions without known
advisories are offered, and nothing is offered in an older version than the locked one.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from poetry.core.constraints.version import Version as PoetryVersion
from poetry.core.packages.dependency import Dependency
from poetry.packages import Locker
from poetry.puzzle.exceptions import SolverProblemError
from poetry.puzzle.provider import IncompatibleConstraintsError

from poetry_aiops.errors import AiopsError, IncompleteError
from poetry_aiops.index.source import INDEX_ERRORS
from poetry_aiops.locking.pin_change import BLOCK, block_key
from poetry_aiops.locking.pool import OfferingPool
from poetry_aiops.project.checks import Checker
from poetry_aiops.project.requirements import from_pep508
from poetry_aiops.project.versions import parsed, public_version


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from poetry.core.packages.package import Package as PoetryPackage
    from poetry.poetry import Poetry
    from poetry.repositories import RepositoryPool

    from poetry_aiops.locking.staged_project import StagedProject
    from poetry_aiops.project.model import Lock, Package, PackageKey, Requirement


_VERSION = re.compile(r'(?m)^version = "[^"\n]*"')
_STYLE = re.compile(r"</?(?:(?:fg|bg|options|href)=[^>]*|b|c1|c2|info|comment|error|warning|question)?>")
_LONGEST = 400  # characters of an explanation; `poetry lock` shows all of it


@dataclass(frozen=True, slots=True)
class Offering:
    """What the solver may choose from.

    ``only`` are, by name, the versions (without local parts) of which one has to be taken. ``floors`` are the locked
    versions below which nothing is offered. ``never`` are single versions by name that turned out to be bad.
    """

    only: Mapping[str, frozenset[str]]
    floors: Mapping[str, str]
    never: frozenset[tuple[str, str]] = frozenset()

    def allows(self, package: PoetryPackage) -> bool:
        """Say whether a package may be offered."""
        version = public_version(package.version.text)
        if (package.name, version) in self.never:
            return False
        if package.name in self.only:
            return version in self.only[package.name]
        floor, offered = parsed(self.floors.get(package.name, "")), parsed(version)
        return floor is None or offered is None or offered >= floor

    @property
    def names(self) -> frozenset[str]:
        """The packages that a rule is about."""
        return frozenset((*self.only, *self.floors, *(name for name, _ in self.never)))


def with_locked(poetry: Poetry) -> RepositoryPool:
    """Return a project's repositories, in which every locked package is what the lock says it is.

    An index may report other requirements of a release than it did when that was locked, or have more files for it
    now; a fix leaves what it does not move alone, and asks no index for it.
    """
    locked = [one for one in poetry.locker.locked_repository().packages if _tells_all(one)]
    for package in locked:
        package.optional = False  # as an index gives it; the solver works it out
        _restore_extras(package)
    return OfferingPool(poetry.pool, {}, locked)


def _tells_all(package: PoetryPackage) -> bool:
    """Say whether a lock keeps apart what a package needs anyway and what its extras add; Poetry joins equal names."""
    joined = (str(one.marker) for one in package.requires if one.is_optional())
    return not any(" or " in marker and "extra" in marker for marker in joined)


def _restore_extras(package: PoetryPackage) -> None:
    """Give a locked package the requirements of extras that were not requested yet; the lock leaves them out."""
    for extra, wanted in package.extras.items():
        known = {one.name for one in package.requires if extra in one.in_extras}
        for one in wanted:
            if one.name not in known:
                text, _, marker = one.to_pep_508().partition(";")
                gate = f'({marker.strip()}) and extra == "{extra}"' if marker else f'extra == "{extra}"'
                package.add_dependency(Dependency.create_from_pep_508(f"{text.strip()} ; {gate}"))


def prepare(staged: StagedProject, pool: RepositoryPool, lock: str, offering: Offering) -> None:
    """Make a staged project ready for one solve: its lock, and what its repositories offer.

    ``pool`` is the one from ``with_locked``: its caches stay warm from solve to solve.
    """
    staged.lock_path.write_bytes(lock.encode("utf-8"))
    poetry = staged.poetry
    poetry.set_locker(Locker(staged.lock_path, poetry.pyproject.data))
    poetry.set_pool(OfferingPool(pool, dict.fromkeys(offering.names, offering.allows)))


def raised(lock: str, versions: Mapping[PackageKey, str]) -> str:
    """Return the text of a lock with other versions for some packages; one that is not found stays.

    Such a lock is for the solver alone: the files and requirements of a raised package are still the old ones.
    """
    return "".join(_raised_block(block, versions) for block in BLOCK.split(lock))


def needs_from(pool: RepositoryPool) -> Callable[[Package, str], Sequence[Requirement] | None]:
    """Return a function that asks a package's own index what a version requires; None when it does not report."""

    def needs(package: Package, version: str) -> Sequence[Requirement] | None:
        source = package.source.reference if package.source else None
        try:
            found = pool.package(package.name, PoetryVersion.parse(version), repository_name=source)
        except (*INDEX_ERRORS, IndexError, ValueError, OSError):
            return None  # or a source that the project does not declare; damaged metadata
        return _requirements(found)

    return needs


@contextmanager
def index_faults_in_words() -> Iterator[None]:
    """Turn what an index does during a solve into an IncompleteError."""
    try:
        yield
    except INDEX_ERRORS as error:
        raise IncompleteError(
            "a package index could not be read, so no lock could be solved",
            details=tuple(str(error).splitlines()),
            hint="poetry.lock is unchanged. Try again later.",
        ) from error


def explained(error: BaseException) -> tuple[frozenset[str], str] | None:
    """Return the packages in the solver's explanation and its text; None when the error is no such thing."""
    seen: list[BaseException] = []
    while error not in seen:
        seen.append(error)
        if isinstance(error, SolverProblemError):
            return _names_in(error), _on_one_line(str(error))
        if isinstance(error, IncompatibleConstraintsError):
            return frozenset(re.findall(r"[a-z0-9]+(?:-[a-z0-9]+)*", str(error))), _on_one_line(str(error))
        error = error.__cause__ or error
    return None


SOLVER_ERRORS = (SolverProblemError, IncompatibleConstraintsError, AiopsError)


def _raised_block(block: str, versions: Mapping[PackageKey, str]) -> str:
    if not block.startswith("[[package]]"):
        return block
    raised_to = versions.get(block_key(block))
    return block if raised_to is None else _VERSION.sub(f'version = "{raised_to}"', block, count=1)


def _requirements(package: PoetryPackage) -> tuple[Requirement, ...] | None:
    checker = Checker()
    read = [
        from_pep508(one.to_pep_508(), f"{package.name} {package.pretty_version}", checker)
        for one in package.requires
    ]
    return None if checker.problems else tuple(one for one in read if one is not None)


def _names_in(error: SolverProblemError) -> frozenset[str]:
    root = error.error._incompatibility  # noqa: SLF001 - the only way to what the explanation is made of
    return frozenset(
        term.dependency.name
        for incompatibility in root.external_incompatibilities
        for term in incompatibility.terms
    )


def _on_one_line(text: str) -> str:
    """Return the solver's explanation without colours and without its advice on Python versions, at most 400 characters."""
    reported = _STYLE.sub("", text.partition("* Check your dependencies")[0])
    words = " ".join(reported.split())
    return words if len(words) <= _LONGEST else f"{words[:_LONGEST].rpartition(' ')[0]} ..."


def floors_of(lock: Lock) -> dict[str, str]:
    """Return the oldest locked version of every name."""
    floors: dict[str, str] = {}
    for package in lock.packages:
        known = parsed(package.version)
        before = parsed(floors.get(package.name, ""))
        if known is not None and (before is None or known < before):
            floors[package.name] = public_version(package.version)
    return floors
