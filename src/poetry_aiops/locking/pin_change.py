"""Changing certified pins in a poetry.lock without a solve: every other byte of the file stays.

It is what the solver would do as well: it keeps locked versions where constraints allow, and a version that requires
the same packages under the same markers moves no groups or markers. Where the new version requires other
packages, or under other markers, only a solver can decide what follows.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from poetry.core.constraints.version import Version
from poetry.packages import Locker

from poetry_aiops.project.checks import normalised
from poetry_aiops.system.reading import read_file


if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from poetry.core.packages.package import Package
    from poetry.poetry import Poetry
    from poetry.repositories import RepositoryPool

    from poetry_aiops.project.model import PackageKey

    Extras = Mapping[str, frozenset[str]]


BLOCK: Final = re.compile(r"(?m)^(?=\[\[package\]\]|\[extras\]|\[metadata)")


def changed_pins(
    poetry: Poetry, pool: RepositoryPool, path: Path, versions: Mapping[PackageKey, str], asked: Extras
) -> str | None:
    """Return the text of the lock at ``path`` with these pins changed; None when only a solver can decide.

    ``asked`` are the extras of each package that anybody requires. The lock has to be of format 2.1 or later. The
    file at ``path`` is used as a scratch file.
    """
    before = read_file(path).decode("utf-8")
    locker = Locker(path, poetry.pyproject.data)
    if not locker.is_locked_groups_and_markers():
        return None
    whole = {package: package for package in locker.locked_repository().packages}
    newer: dict[Package, Package] = {}
    packages = {}
    for package, info in locker.locked_packages().items():
        old = whole[package]
        version = versions.get(key_of(old))
        if version is None:
            packages[old] = info
            continue
        new = _newer(old, pool.package(old.name, Version.parse(version), old.source_reference), poetry, asked)
        if _shape(old) != _shape(new):
            return None
        newer[old] = new
        packages[new] = info
    if len(newer) != len(versions) or not _fit(list(newer.values())):
        return None
    locker.set_lock_data(poetry.package, packages)
    return _spliced(before, read_file(path).decode("utf-8"), newer)


def in_format_of(before: str, after: str) -> str:
    """Return a solved lock in the format of the one that it came from: Poetry writes its newest, 2.1.

    Format 2.0 (Poetry 1.5 to 1.8) has no groups and markers of packages; its metadata, with the hash of the same
    pyproject.toml, stays as it is.
    """
    if not re.search(r'(?m)^lock-version = "2\.0"', before):
        return after
    head, *blocks = BLOCK.split(before)
    rest = [block for block in blocks if not _is_package(block)]
    return "".join([head, *map(_ungrouped, filter(_is_package, BLOCK.split(after))), *rest])


def _is_package(block: str) -> bool:
    return block.startswith("[[package]]")


def _ungrouped(block: str) -> str:
    head, table, rest = block.partition("\n[package.")
    return re.sub(r"(?m)^(?:groups|markers) = .*\n", "", head) + table + rest


def key_of(package: Package) -> PackageKey:
    """Return what distinguishes a locked package, as the project's own model does."""
    source = (package.source_type or "", package.source_url or "", package.source_reference or "")
    return (package.name, package.version.text, source)


def _newer(old: Package, found: Package, poetry: Poetry, asked: Extras) -> Package:
    """Return a package of an index as the solver leaves it: with what counts for the project's Pythons and extras."""
    wanted = asked.get(old.name, frozenset())
    python = poetry.package.python_constraint
    new = found.clone()
    new.optional = old.optional
    new._dependency_groups = {}  # noqa: SLF001 - there is no public way to leave requirements out
    for one in found.requires:
        asked_for = wanted.intersection(one.in_extras) if one.in_extras else not one.is_optional()
        if asked_for and python.allows_any(one.python_constraint):
            new.add_dependency(one)
    return new


def _shape(package: Package) -> frozenset[tuple[object, ...]]:
    """Return what a package requires without the versions."""
    return frozenset(
        (one.name, frozenset(one.extras), str(one.marker), one.is_optional(), one.source_name)
        for one in package.requires
    )


def _fit(newer: list[Package]) -> bool:
    """Say whether the new versions allow each other."""
    return all(
        one.constraint.allows(other.version)
        for package in newer
        for one in package.requires
        for other in newer
        if other.name == one.name
    )


def _spliced(before: str, dumped: str, newer: Mapping[Package, Package]) -> str | None:
    """Return the old text with the blocks of the new versions in the place of the old ones."""
    blocks = {_head(block): block for block in BLOCK.split(dumped)}
    renamed = {_block_head(old): _block_head(new) for old, new in newer.items()}
    kept = [(_head(block), block) for block in BLOCK.split(before)]
    if not sum(head in renamed for head, _ in kept) == len(newer) == len(renamed):
        return None
    return "".join(blocks[renamed[head]] if head in renamed else block for head, block in kept)


def _block_head(package: Package) -> tuple[str, str, str]:
    """Return what the block of a package begins and ends with; Poetry writes no source for one without an address.

    A mirror plugin gives packages of the public index such a source, a reference without an address.
    """
    return (package.name, package.version.text, (package.source_url and package.source_reference) or "")


def _head(block: str) -> tuple[str, str, str]:
    """Return name, version and name of the source that a block of the lock begins and ends with."""
    name, version, source = block_key(block)
    return (name, version, source[2])


def block_key(block: str) -> PackageKey:
    """Return the key of a package as Poetry writes it; anything else simply matches nothing."""
    top, _, source = block.partition("[package.source]")
    origin = (field(source, "type"), field(source, "url"), field(source, "reference"))
    return (normalised(field(top, "name")), field(top, "version"), origin)


def field(block: str, key: str) -> str:
    """Return the first value of a key in a block as Poetry writes it, empty without one."""
    found = re.search(rf'(?m)^{key} = "([^"\n]*)"', block)
    return found[1] if found else ""
