"""What differs between two locks, package by package, and why."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from packaging.version import Version

from poetry_aiops.health.demands import accepts
from poetry_aiops.index.release_records import record_key
from poetry_aiops.project.versions import parsed


if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from poetry_aiops.project.model import Lock, Package


Kind = Literal["changed", "added", "removed"]


@dataclass(frozen=True, slots=True)
class LockChange:
    """One package that differs; ``old`` is empty for an added one, ``new`` for a removed one.

    ``source`` is the name of its package source, empty for the default one. ``why`` is a clause of a sentence.
    """

    package: str
    old: str
    new: str
    source: str = ""
    why: str = ""

    @property
    def kind(self) -> Kind:
        return "changed" if self.old and self.new else "added" if self.new else "removed"

    @property
    def is_downgrade(self) -> bool:
        old, new = parsed(self.old), parsed(self.new)
        return old is not None and new is not None and new < old

    @property
    def lines(self) -> tuple[str, ...]:
        """The change as lines of a diff."""
        old = (f"- {self.package} {self.old}",) if self.old else ()
        return (*old, f"+ {self.package} {self.new}") if self.new else old

    def __str__(self) -> str:
        versions = {
            "changed": f"{self.old} -> {self.new}",
            "added": f"{self.new} (new)",
            "removed": f"{self.old} (removed)",
        }
        source = f" [{self.source}]" if self.source else ""
        return f"{self.package}{source} {versions[self.kind]}"


def lock_changes(old: Lock, new: Lock, fixes: Mapping[str, tuple[str, ...]]) -> tuple[LockChange, ...]:
    """Return every package of which the locked builds differ, by name.

    ``fixes`` gives the ids of the advisories that a package's change is for.
    """
    before, after = _builds(old.packages), _builds(new.packages)
    found = []
    for name, source in sorted({*before, *after}):
        gone = before.get((name, source), Counter()) - after.get((name, source), Counter())
        come = after.get((name, source), Counter()) - before.get((name, source), Counter())
        found += [
            LockChange(name, left, right, source) for left, right in _pairs(gone.elements(), come.elements())
        ]
    reasons = _Reasons(old, new, fixes, frozenset((one.package, one.old) for one in found))
    return tuple(LockChange(one.package, one.old, one.new, one.source, reasons.of(one)) for one in found)


def refreshed_files(old: Lock, new: Lock) -> tuple[str, ...]:
    """Return the packages of the same build whose list of files is another one now, by name and version."""
    before = {package.key: frozenset(package.files) for package in old.packages}
    return tuple(
        f"{package.name} {package.version}"
        for package in new.packages
        if package.key in before and before[package.key] != frozenset(package.files)
    )


class _Reasons:
    def __init__(
        self, old: Lock, new: Lock, fixes: Mapping[str, tuple[str, ...]], gone: frozenset[tuple[str, str]]
    ) -> None:
        self._old = old
        self._new = new
        self._fixes = fixes
        self._gone = gone

    def of(self, change: LockChange) -> str:
        if change.kind == "removed":
            return "nothing needs it any more"
        if change.package in self._fixes and change.kind == "changed":
            return f"fixes {', '.join(self._fixes[change.package])}"
        return self._pulled(change) or self._pushed(change) or "the solver chose it"

    def _pulled(self, change: LockChange) -> str:
        """Return who needs the new version and could not have lived with the old one; an extra only brings new ones."""
        for is_optional in (False, True) if change.kind == "added" else (False,):
            for package in self._new.packages:
                for edge in package.edges:
                    is_it = edge.name == change.package and edge.optional is is_optional
                    if is_it and _needs(edge.constraint, change):
                        return f"{package.name} {package.version} needs {change.package} {edge.constraint}"
        return ""

    def _pushed(self, change: LockChange) -> str:
        """Return what the old version did not allow and is locked now."""
        held = [one for one in self._old.packages if (one.name, one.version) == (change.package, change.old)]
        now = {(one.name, one.version) for one in self._new.packages} - {
            (one.name, one.version) for one in self._old.packages
        }
        for package in held:
            for edge in package.edges:
                for name, version in sorted(now):
                    if name == edge.name and not accepts(edge.constraint, version, unreadable=True):
                        return f"{package.version} requires {name} {edge.constraint}, and {name} is {version} now"
        return ""


def _builds(packages: Iterable[Package]) -> dict[tuple[str, str], Counter[str]]:
    found: dict[tuple[str, str], Counter[str]] = {}
    for package in packages:
        source = record_key(package)[0] if package.source else ""
        found.setdefault((package.name, source), Counter())[_spelled(package)] += 1
    return found


def _spelled(package: Package) -> str:
    """Return the version, with the commit of a git package."""
    commit = package.source.resolved_reference if package.source else None
    return f"{package.version} ({commit[:10]})" if commit else package.version


def _pairs(gone: Iterable[str], come: Iterable[str]) -> list[tuple[str, str]]:
    """Return old and new versions side by side, in ascending order; the longer list ends alone."""
    left, right = sorted(gone, key=_order), sorted(come, key=_order)
    width = max(len(left), len(right))
    left += [""] * (width - len(left))
    right += [""] * (width - len(right))
    return list(zip(left, right, strict=True))


def _order(version: str) -> tuple[bool, Version, str]:
    known = parsed(version)
    return (known is not None, known or Version("0"), version)


def _needs(constraint: str, change: LockChange) -> bool:
    """Say whether a constraint is for the new version and against the old one."""
    return accepts(constraint, change.new, unreadable=True) and not (
        change.old and accepts(constraint, change.old, unreadable=True)
    )
