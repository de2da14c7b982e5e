"""Old pins against the new lock: what stayed, what differs and why, and whether the files are still the same ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from poetry_aiops.migrate.planning.merge import holds
from poetry_aiops.migrate.planning.roles import CONSTRAINTS
from poetry_aiops.migrate.writing.causes import is_allowed, is_same


if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from poetry_aiops.migrate.model import Place
    from poetry_aiops.migrate.planning.convert import OldPin
    from poetry_aiops.migrate.planning.entry import PlannedEntry
    from poetry_aiops.migrate.writing.causes import Causes
    from poetry_aiops.migrate.writing.installs import InstallProof
    from poetry_aiops.project.model import Package
    from poetry_aiops.project.targets import Target


_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Difference:
    """One old pin that the lock does not hold; ``new`` is None when the package is not locked where it was.

    ``cause`` is None where neither files nor metadata show one.
    """

    name: str
    old: str
    new: str | None
    cause: str | None
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
    ``installs`` compares what each old file installs.
    """

    total: int
    kept: int
    differences: tuple[Difference, ...]
    hashes_total: int
    foreign_hashes: tuple[ForeignHash, ...]
    constraints: int = 0
    broken: tuple[Difference, ...] = ()
    installs: tuple[InstallProof, ...] = ()

    @property
    def unexplained(self) -> tuple[str, ...]:
        """What differs without a cause that could be shown, for a person."""
        pins = [
            f"{one.place}: {one.name} {one.old}, but {one.new or 'nothing'} is locked"
            for one in (*self.differences, *self.broken)
            if one.cause is None
        ]
        return (
            *pins,
            *(
                f"{install.file}: {one.name} {one.old or '(none)'} -> {one.new or '(none)'}"
                f" on {', '.join(one.targets[:_SHOWN])}{' and others' if len(one.targets) > _SHOWN else ''}; {one.next_step}"
                for install in self.installs
                for one in install.unexplained
            ),
        )


def prove(
    pins: Iterable[OldPin],
    targets: Sequence[Target],
    causes: Causes,
    constraints: Sequence[PlannedEntry] = (),
    installs: Sequence[InstallProof] = (),
) -> Proof:
    """Compare every pin and every constraint with the lock on every machine where its marker holds.

    A local build (``2.1.2+cu121``) is what its pin without one requires.
    """
    lock = causes.lock
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
        same = [package for package in packages if is_same(package.version, pin.version)]
        if same and not _other_on_some_target(pin, packages, targets):
            hashes += len(pin.hashes)
            known = {file.hash for package in same for file in package.files}
            foreign += [
                ForeignHash(pin.name, pin.version, one, pin.place)
                for one in pin.hashes
                if one.startswith("sha256:") and one not in known
            ]
            continue
        new = ", ".join(dict.fromkeys(package.version for package in packages)) or None
        cause: str | None = "no locked package requires it any more"
        if packages:
            cause = causes.of_version(pin.name, pin.version)
        elif not any(holds(pin.marker, target) for target in targets):
            cause = f"its marker holds nowhere with Python {lock.python_versions}"
        differences.append(Difference(pin.name, pin.version, new, cause, pin.place))
    on = [one for one in constraints if one.specifier and one.name in by_name]
    broken = [
        one for entry in on if (one := _broken(entry, by_name[entry.name], targets, causes)) is not None
    ]
    return Proof(
        total,
        total - len(differences),
        tuple(differences),
        hashes,
        tuple(foreign),
        len(on),
        tuple(broken),
        tuple(installs),
    )


def _broken(
    entry: PlannedEntry, packages: Sequence[Package], targets: Sequence[Target], causes: Causes
) -> Difference | None:
    """Return a constraint that some machine breaks, whatever group brings the package there."""
    for package in packages:
        if is_allowed(entry.specifier, package.version):
            continue
        markers = package.marker_for(package.groups or ())
        if any(holds(entry.marker, one) and any(holds(marker, one) for marker in markers) for one in targets):
            cause = causes.of_constraint(entry.name, entry.specifier)
            return Difference(entry.name, entry.specifier, package.version, cause, entry.places[0])
    return None


def _other_on_some_target(pin: OldPin, packages: Sequence[Package], targets: Sequence[Target]) -> bool:
    """Say whether on some machine of the pin the group would get only other versions of the package."""
    others = [package for package in packages if not is_same(package.version, pin.version)]
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
        if installed and not any(is_same(version, pin.version) for version in installed):
            return True
    return False
