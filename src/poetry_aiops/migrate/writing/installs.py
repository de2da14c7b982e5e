"""The proof by installs: what an old file selects beside what the printed command installs from the new lock.

Both are evaluated on every kind of machine that the project is for. pip cannot say what it would do on another
machine, so a file's lines are solved alone, without the old pins as a start; ``--prove`` asks pip for this machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from poetry_aiops.migrate.writing.causes import is_same, is_several
from poetry_aiops.project.targets import marker_applies


if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from poetry_aiops.migrate.writing.causes import Causes
    from poetry_aiops.project.model import Lock, Package
    from poetry_aiops.project.targets import Target


Selection = dict[str, tuple[str, ...]]
"""The versions of each package, one unless two builds would be installed at once."""


@dataclass(frozen=True, slots=True)
class InstallDifference:
    """A package that the two do not have alike; None: not installed.

    ``cause`` is None where nothing shows it; then ``next_step`` says what would settle it.
    """

    name: str
    old: str | None
    new: str | None
    cause: str | None
    targets: tuple[str, ...]
    next_step: str = ""


@dataclass(frozen=True, slots=True)
class InstallProof:
    """One old file: its command today, and how many packages both select; ``by`` is ``solver`` or ``pip``.

    ``failure`` says why the file alone selects nothing that could be compared.
    """

    file: str
    command: str
    by: str
    packages: int
    differences: tuple[InstallDifference, ...] = ()
    failure: str = ""

    @property
    def unexplained(self) -> tuple[InstallDifference, ...]:
        return tuple(one for one in self.differences if one.cause is None)


@dataclass(frozen=True, slots=True)
class OldRequirementsFile:
    """A requirements file, the groups that its command installs, and what its lines select alone.

    ``lock`` is that of its lines solved alone, None where that failed or pip was asked instead.
    """

    file: str
    groups: tuple[str, ...]
    command: str
    lock: Lock | None = None
    failure: str = ""


def selected(lock: Lock, groups: Iterable[str], target: Target) -> dict[str, list[Package]]:
    """Return what an installation of these groups takes from a lock on one machine."""
    found: dict[str, list[Package]] = {}
    names = tuple(groups)
    for package in lock.packages:
        if any(marker_applies(marker, target) for marker in package.marker_for(names)):
            found.setdefault(package.name, []).append(package)
    return found


def compare(old: OldRequirementsFile, targets: Sequence[Target], causes: Causes) -> InstallProof:
    """Compare a file that was solved alone with the new lock on every machine."""
    if old.lock is None:
        return InstallProof(old.file, old.command, "solver", 0, failure=old.failure)
    pairs = {
        target: (selected(old.lock, ["main"], target), selected(causes.lock, old.groups, target))
        for target in targets
    }
    names = {name for both in pairs.values() for one in both for name in one}
    found = _differences(
        {target: (_versions(before), _versions(after)) for target, (before, after) in pairs.items()}
    )
    changed = {name for name, _, _ in found}
    differences = [_difference(one, old, pairs[one[1][0]][0], causes, changed) for one in found.items()]
    return InstallProof(old.file, old.command, "solver", len(names), tuple(differences))


def compare_with_pip(
    old: OldRequirementsFile, reported: Mapping[str, str], target: Target, causes: Causes
) -> InstallProof:
    """Compare what pip would install on this machine (names and versions) with the new lock there."""
    after = _versions(selected(causes.lock, old.groups, target))
    before: Selection = {name: (version,) for name, version in reported.items()}
    found = _differences({target: (before, after)})
    changed = {name for name, _, _ in found}
    differences = [_difference(one, old, {}, causes, changed) for one in found.items()]
    return InstallProof(old.file, old.command, "pip", len(before), tuple(differences))


def _versions(packages: Mapping[str, Sequence[Package]]) -> Selection:
    return {name: tuple(package.version for package in found) for name, found in packages.items()}


_Key = tuple[str, "str | None", "str | None"]


def _differences(pairs: Mapping[Target, tuple[Selection, Selection]]) -> dict[_Key, list[Target]]:
    found: dict[_Key, list[Target]] = {}
    for target, (before, after) in pairs.items():
        for name in sorted(before.keys() | after.keys()):
            old, new = before.get(name, ()), after.get(name, ())
            if len(old) == len(new) == 1 and is_same(new[0], old[0]):
                continue
            if sorted(old) != sorted(new):
                key = (name, ", ".join(old) or None, ", ".join(new) or None)
                found.setdefault(key, []).append(target)
    return found


def _difference(
    found: tuple[_Key, Sequence[Target]],
    old: OldRequirementsFile,
    before: Mapping[str, Sequence[Package]],
    causes: Causes,
    changed: Iterable[str],
) -> InstallDifference:
    key, on = found
    cause = _cause(key, old, before, causes, changed)
    step = "" if cause is not None else causes.next_step(*key, old.file)
    return InstallDifference(*key, cause, tuple(one.name for one in on), step)


def _cause(
    key: _Key,
    old: OldRequirementsFile,
    before: Mapping[str, Sequence[Package]],
    causes: Causes,
    changed: Iterable[str],
) -> str | None:
    name, version, new = key
    if is_several(new) and not is_several(version):
        return None  # two versions on one machine overwrite each other, whatever asks for them
    if version is None:
        return causes.of_addition(name, old.file, old.groups, changed)
    packages = [package for found in before.values() for package in found]
    if new is None:
        return causes.of_absence(name, old.file, packages, changed)
    edges = [edge for package in before.get(name, ()) for edge in package.edges]
    return causes.of_version(name, version, edges)
