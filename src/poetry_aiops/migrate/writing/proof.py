"""Old pins against the new lock: what stayed, what differs and why, and whether the files are still the same ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.version import InvalidVersion, Version

from poetry_aiops.errors import InputError
from poetry_aiops.migrate.planning.merge import holds
from poetry_aiops.migrate.planning.roles import CONSTRAINTS
from poetry_aiops.project.constraints import allows


if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from poetry_aiops.migrate.model import Place
    from poetry_aiops.migrate.planning.convert import Pin
    from poetry_aiops.migrate.planning.entry import PlannedEntry
    from poetry_aiops.project.model import Lock, Package
    from poetry_aiops.project.targets import Target


@dataclass(frozen=True, slots=True)
class Difference:
    """One old pin that the lock does not hold; ``new`` is None when the package is not locked where it was."""

    name: str
    old: str
    new: str | None
    cause: str
    place: Place


@dataclass(frozen=True, slots=True)
class ForeignHash:
    """An old hash that no locked file of that version has."""

    name: str
    version: str
    hash: str
    place: Place


@dataclass(frozen=True, slots=True)
class Proof:
    """The comparison; ``total`` counts each old pin once for its file, line and marker.

    ``constraints`` counts those on packages that are locked, ``broken`` are the ones that the lock does not keep.
    """

    total: int
    kept: int
    differences: tuple[Difference, ...]
    hashes_total: int
    foreign_hashes: tuple[ForeignHash, ...]
    constraints: int = 0
    broken: tuple[Difference, ...] = ()


def prove(
    pins: Iterable[Pin],
    lock: Lock,
    targets: Sequence[Target],
    offered: Callable[[Pin], str | None],
    constraints: Sequence[PlannedEntry] = (),
) -> Proof:
    """Compare every pin and every constraint with the lock on every machine where its marker holds.

    A local build (``2.1.2+cu121``) is what its pin without one asks for. ``offered`` says why an index does not offer a pinned version, None when it does or cannot be asked.
    """
    by_name: dict[str, list[Package]] = {}
    for package in lock.packages:
        by_name.setdefault(package.name, []).append(package)
    differences: list[Difference] = []
    foreign: list[ForeignHash] = []
    total = hashes = 0
    for pin in pins:
        total += 1
        packages = by_name.get(pin.name, [])
        if pin.group == CONSTRAINTS and not packages:
            total -= 1  # it binds what something needs, and nothing does
            continue
        same = [package for package in packages if _is_pinned(package.version, pin.version)]
        if same and not _other_on_some_target(pin, packages, targets):
            hashes += len(pin.hashes)
            foreign.extend(_foreign(pin, same))
            continue
        new = ", ".join(dict.fromkeys(package.version for package in packages)) or None
        differences.append(
            Difference(pin.name, pin.version, new, _cause(pin, packages, lock, offered), pin.place)
        )
    on = [one for one in constraints if one.specifier and one.name in by_name]
    broken = [one for entry in on if (one := _broken(entry, by_name[entry.name], targets)) is not None]
    return Proof(
        total, total - len(differences), tuple(differences), hashes, tuple(foreign), len(on), tuple(broken)
    )


def _broken(entry: PlannedEntry, packages: Sequence[Package], targets: Sequence[Target]) -> Difference | None:
    """Return a constraint that some machine breaks, whatever group brings the package there."""
    for package in packages:
        if _allowed(entry.specifier, package.version):
            continue
        markers = package.marker_for(package.groups or ())
        if any(holds(entry.marker, one) and any(holds(marker, one) for marker in markers) for one in targets):
            cause = "pyproject.toml asks for other versions"
            return Difference(entry.name, entry.specifier, package.version, cause, entry.places[0])
    return None


def _is_pinned(version: str, pin: str) -> bool:
    try:
        locked, wanted = Version(version), Version(pin)
    except InvalidVersion:
        return version == pin
    return locked == wanted or (wanted.local is None and locked.public == wanted.public)


def _other_on_some_target(pin: Pin, packages: Sequence[Package], targets: Sequence[Target]) -> bool:
    """Say whether on some machine of the pin the group would get only other versions of the package."""
    others = [package for package in packages if not _is_pinned(package.version, pin.version)]
    if not others:
        return False
    for target in targets:
        if not holds(pin.marker, target):
            continue
        installed = {
            package.version
            for package in packages
            if any(holds(marker, target) for marker in package.marker_for([pin.group]))
        }
        if installed and not any(_is_pinned(version, pin.version) for version in installed):
            return True
    return False


def _foreign(pin: Pin, packages: Sequence[Package]) -> list[ForeignHash]:
    known = {file.hash for package in packages for file in package.files}
    return [
        ForeignHash(pin.name, pin.version, one, pin.place)
        for one in pin.hashes
        if one.startswith("sha256:") and one not in known
    ]


def _cause(pin: Pin, packages: Sequence[Package], lock: Lock, offered: Callable[[Pin], str | None]) -> str:
    if not packages:
        return "no locked package requires it any more"
    owners = sorted(
        {
            f"{package.name} {package.version} requires {pin.name} {edge.constraint}"
            for package in lock.packages
            for edge in package.edges
            if edge.name == pin.name and not _allowed(edge.constraint, pin.version)
        }
    )
    if owners:
        return owners[0]
    reason = offered(pin)
    return reason if reason is not None else "other packages or their Python versions rule it out"


def _allowed(constraint: str, version: str) -> bool:
    try:
        return allows(constraint, version)
    except InputError:
        return True
