"""The proof by installs: what an old file selects beside what the printed command installs from the new lock.

Both are evaluated on every kind of machine that the project is for. pip cannot say what it would do on another
machine, so metadata says what a file's lines select; ``--prove`` asks pip for this machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from poetry_aiops.migrate.writing.causes import is_allowed, is_same, is_several
from poetry_aiops.migrate.writing.evaluation import ANY_VERSION
from poetry_aiops.migrate.writing.pythons import narrowed
from poetry_aiops.project.targets import marker_applies


if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from poetry_aiops.migrate.writing.causes import Causes
    from poetry_aiops.migrate.writing.evaluation import LineEvaluation, NewerVersion
    from poetry_aiops.project.model import Lock, LockedDependency, Package
    from poetry_aiops.project.targets import Target


Selection = dict[str, tuple[str, ...]]
"""The versions of each package, one unless two builds would be installed at once."""


@dataclass(frozen=True, slots=True)
class InstallDifference:
    """A package that the two do not have alike; None: not installed.

    ``cause`` is None where nothing shows it; then ``next_step`` says what would settle it. ``either`` where both
    versions meet the file's lines, so that another solver may take the other one.
    """

    name: str
    old: str | None
    new: str | None
    cause: str | None
    targets: tuple[str, ...]
    next_step: str = ""
    either: bool = False


@dataclass(frozen=True, slots=True)
class InstallProof:
    """One old file: its command today, and how many packages both select; ``by`` is ``metadata``, ``solver`` or ``pip``."""

    file: str
    command: str
    by: str
    packages: int
    differences: tuple[InstallDifference, ...] = ()

    @property
    def unexplained(self) -> tuple[InstallDifference, ...]:
        return tuple(one for one in self.differences if one.cause is None)


@dataclass(frozen=True, slots=True)
class OldRequirementsFile:
    """A requirements file, the groups and the project's extras that its command installs, and its lines."""

    file: str
    groups: tuple[str, ...]
    command: str
    lines: tuple[LockedDependency, ...] = ()
    constraints: tuple[LockedDependency, ...] = ()
    extras: frozenset[str] = frozenset()


def selected(
    lock: Lock, groups: Iterable[str], target: Target, extras: frozenset[str] = frozenset()
) -> dict[str, list[Package]]:
    """Return what an installation of these groups and extras takes from a lock on one machine."""
    found: dict[str, list[Package]] = {}
    names = tuple(groups)
    for package in lock.packages:
        if any(marker_applies(marker, target, extras) for marker in package.marker_for(names)):
            found.setdefault(package.name, []).append(package)
    return found


def evaluated(old: OldRequirementsFile, evaluation: LineEvaluation, causes: Causes) -> InstallProof:
    """Return what an evaluation of a file's lines says about the new lock."""
    rows: dict[_Key, int] = {}
    doubled = evaluation.doubled()
    edges: dict[str, Sequence[LockedDependency]] = {}
    known: dict[_Key, tuple[str | None, bool]] = {}
    unusable: dict[_Key, str] = {}
    others: dict[_Key, NewerVersion] = {
        (one.name, one.version, one.locked): one for one in evaluation.others()
    }
    rows |= {key: one.where for key, one in others.items()}
    for one in evaluation.newer:
        where = one.where if one.name in doubled else one.where & evaluation.needs(one.name)
        if not where:
            continue
        locked = doubled[one.name][0] if one.name in doubled else one.locked
        key: _Key = (one.name, one.version, locked)
        rows[key] = rows.get(key, 0) | where
        edges[one.name] = one.edges
        if not one.is_usable:
            python = narrowed(causes.lock.python_versions, [one.python]) if one.python else None
            takes = (
                f"`--python '{python}'` takes {one.version}" if python else "give a `--python` that it is for"
            )
            unusable[key] = f"{one.name} {locked} has no file for this Python: {takes}"
        if one.by:
            owner = one.by[0].partition(" ")[0]
            known[key] = f"{one.by[0]}; with an older {owner} both are possible, and pip may take that", True
    for name, (versions, where) in doubled.items():
        if all(row[0] != name for row in rows):
            rows[name, versions.rpartition(", ")[2], versions] = where
    added = evaluation.added()
    rows |= {(name, None, versions): where for name, (versions, where) in added.items()}
    explained = _Explaining(old, causes, frozenset(name for name, _, _ in rows), evaluation.is_met)
    known |= {
        key: explained.of_other(one, is_direct=evaluation.is_direct(one.name)) for key, one in others.items()
    }
    found = [
        InstallDifference(*key, None, evaluation.names(where), unusable[key])
        if key in unusable
        else explained.difference(
            key, evaluation.names(where), edges=edges.get(key[0], ()), known=known.get(key, (None, False))
        )
        for key, where in rows.items()
    ]
    found.sort(key=lambda one: one.name)
    names = {*evaluation.versions(), *explained.changed}
    return InstallProof(old.file, old.command, "metadata", len(names), tuple(found))


def wanted_versions(found: InstallProof, evaluation: LineEvaluation) -> dict[str, str]:
    """Return the version that a file selects alone of each package that is locked for it, where it is one."""
    either = {one.name for one in evaluation.newer if one.by} | {one.name for one in evaluation.others()}
    versions = {name: several[0] for name, several in evaluation.versions().items() if len(several) == 1}
    for one in found.differences:
        if one.old and one.new and one.name not in either and one.old != ANY_VERSION:
            versions[one.name] = one.old
    return versions


def compare_with_pip(
    old: OldRequirementsFile, reported: Lock, target: Target, causes: Causes, *, is_met: bool
) -> InstallProof:
    """Compare what pip would install on a machine with the new lock; ``is_met`` where the lock meets the lines too."""
    before = selected(reported, ["main"], target)
    after = _versions(selected(causes.lock, old.groups, target, old.extras))
    packages = [package for several in before.values() for package in several]
    found = _differences(_versions(before), after)
    explained = _Explaining(old, causes, frozenset(name for name, _, _ in found), is_met)
    differences = []
    for key in found:
        edges = [edge for package in before.get(key[0], ()) for edge in package.edges]
        differences.append(explained.difference(key, (target.name,), edges, packages))
    return InstallProof(old.file, old.command, "pip", len(before.keys() | after.keys()), tuple(differences))


def _versions(packages: Mapping[str, Sequence[Package]]) -> Selection:
    return {name: tuple(package.version for package in found) for name, found in packages.items()}


_Key = tuple[str, "str | None", "str | None"]


def _differences(before: Selection, after: Selection) -> list[_Key]:
    found = []
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name, ()), after.get(name, ())
        if len(old) == len(new) == 1 and is_same(new[0], old[0]):
            continue
        if sorted(old) != sorted(new):
            found.append((name, ", ".join(old) or None, ", ".join(new) or None))
    return found


@dataclass(frozen=True, slots=True)
class _Explaining:
    """Finds the cause of each difference of a file; ``is_met`` where what is locked meets all its lines as well."""

    old: OldRequirementsFile
    causes: Causes
    changed: frozenset[str]
    is_met: bool

    def difference(
        self,
        key: _Key,
        targets: tuple[str, ...],
        edges: Sequence[LockedDependency] = (),
        packages: Sequence[Package] = (),
        known: tuple[str | None, bool] = (None, False),
    ) -> InstallDifference:
        """Return a difference with what shows it, and whether pip may take either, where that is ``known``.

        ``packages`` are the file's own selection, ``edges`` those of this one.
        """
        cause, either = known
        cause = cause or self._cause(key, edges, packages)
        if cause is None and self.is_met and key[1] and key[2] and not is_several(key[2]):
            cause, either = f"both meet {self.old.file} and all that its packages require", True
        step = "" if cause is not None else self.causes.next_step(*key, self.old.file)
        return InstallDifference(*key, cause, targets, step, either)

    def of_other(self, one: NewerVersion, *, is_direct: bool) -> tuple[str, bool]:
        """Return why the lock has not what a newer version of another package needs, and whether pip may take either."""
        owner, _, wanted = one.by[0].partition(" requires ")
        if one.locked is None:
            return f"only {owner} requires it", False
        shown = self.causes.of_version(one.name, one.version, changed=self.changed)
        if shown or not is_direct:
            return shown or f"{owner}, which {self.old.file} selects alone, requires {wanted}", False
        older = owner.partition(" ")[0]
        return f"{one.by[0]}; with an older {older} both are possible, and pip may take that", True

    def _cause(self, key: _Key, edges: Sequence[LockedDependency], packages: Sequence[Package]) -> str | None:
        name, version, new = key
        file = self.old.file
        if is_several(new) and not is_several(version):
            return None  # two versions on one machine overwrite each other, whatever requires them
        if version is None:
            return self.causes.of_addition(name, file, self.old.groups, self.changed)
        if new is None:
            return self.causes.of_absence(name, file, packages, self.changed)
        known = self.causes.of_version(name, version, edges, self.changed) if version != ANY_VERSION else None
        return known or next(
            (
                f"{package.name} {package.version}, which {file} selects alone, requires {name} {edge.constraint}"
                for package in packages
                for edge in package.edges
                if edge.name == name and not edge.optional and not is_allowed(edge.constraint, new)
            ),
            None,
        )
