"""Whether an advisory applies to a version, by PEP 440 and the evaluation that OSV's schema describes.

What cannot be compared errs towards "affected", with a note: a bound ``fixed`` that is no version closes nothing, and
an ``introduced`` that is none is taken to be as early as the other events allow.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from poetry_aiops.project.versions import canonical, parsed, public


if TYPE_CHECKING:
    from packaging.version import Version

    from poetry_aiops.health.advisory import Advisory, Affected, VersionRange


_MOST_FIXED: Final = 200
"""What no real record reaches: a hostile one must not keep us busy."""


@dataclass(frozen=True, slots=True)
class Match:
    """What one advisory says about one version.

    ``doubt`` says why the answer stays open although nothing matched. ``fixed_in`` are versions above this one
    that the advisory calls fixed and does not list as affected, ascending.
    """

    applies: bool
    fixed_in: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    doubt: str | None = None


@dataclass(frozen=True, slots=True)
class VersionSpan:
    """The versions from ``start`` (None: the very first) up to ``end`` (None: all later ones)."""

    start: Version | None
    end: Version | None
    includes_end: bool = False

    def covers(self, version: Version) -> bool:
        if self.start is not None and version < self.start:
            return False
        return self.end is None or version < self.end or (self.includes_end and version == self.end)


@dataclass(frozen=True, slots=True)
class Spans:
    """A range in comparable form; with ``limits`` a version must also be before one of them."""

    spans: tuple[VersionSpan, ...]
    fixed: frozenset[Version] = frozenset()
    limits: tuple[Version, ...] = ()
    notes: tuple[str, ...] = ()

    def covers(self, version: Version) -> bool:
        if self.limits and not any(version < limit for limit in self.limits):
            return False
        return any(span.covers(version) for span in self.spans)


@dataclass(frozen=True, slots=True)
class MatchEntry:
    """One affected entry in comparable form."""

    affected: Affected
    ranges: tuple[Spans, ...]

    def applies(self, locked: Version) -> bool:
        """Tell whether a version is affected; the local part counts only where the advisory names it itself."""
        if not self.affected.versions.isdisjoint(_spellings(locked)):
            return True
        shown = public(locked)
        return any(
            spans.covers(shown) and not (locked.local and locked in spans.fixed) for spans in self.ranges
        )

    @property
    def notes(self) -> tuple[str, ...]:
        return (*self.affected.notes, *(note for spans in self.ranges for note in spans.notes))


def match(advisory: Advisory, package: str, version: str) -> Match:
    """Return what an advisory says about a package's version; the withdrawal is the caller's to judge.

    ``version`` may carry a local part: ``2.1.0+cpu`` is judged as 2.1.0, unless the advisory lists it itself.
    A version that is not PEP 440 can only be compared with the listed ones and otherwise leaves a doubt.
    """
    affected = [entry for entry in advisory.affected if entry.package == package]
    locked = parsed(version)
    if locked is None:
        return _by_text(affected, version)
    entries = [MatchEntry(entry, tuple(spans_of(one) for one in entry.ranges)) for entry in affected]
    notes = tuple(dict.fromkeys(note for entry in entries for note in entry.notes))
    unreadable = [text for entry in affected for text in entry.unreadable]
    if any(entry.applies(locked) for entry in entries):
        return Match(applies=True, fixed_in=_fixed_in(entries, locked), notes=(*notes, *unreadable))
    doubt = f"{advisory.id} cannot be read in full: {'; '.join(unreadable)}" if unreadable else None
    return Match(applies=False, notes=notes, doubt=doubt)


def spans_of(version_range: VersionRange) -> Spans:
    """Return a range's events, in whatever order they stand, as spans of versions."""
    points: dict[Version | None, set[str]] = {}
    limits: list[Version | None] = []
    notes = []
    blind = 0
    for event in version_range.events:
        first = event.kind == "introduced" and event.version == "0"
        version = None if first else parsed(event.version)
        if event.kind == "limit":
            limits.append(version)
        elif first or version is not None:
            points.setdefault(version, set()).add(event.kind)
        else:
            blind += event.kind == "introduced"
        if not first and version is None and event.version != "*":
            notes.append(f'"{event.version}" ({event.kind}) is not a version and was skipped')
    if not blind and not any("introduced" in kinds for kinds in points.values()):
        blind = 1
        notes.append("no event says where the range begins; taken from the first version")
    known = tuple(limit for limit in limits if limit is not None)
    fixed = frozenset(version for version, kinds in points.items() if version and "fixed" in kinds)
    return Spans(_walk(points, blind), fixed, known if len(known) == len(limits) else (), tuple(notes))


def _walk(points: dict[Version | None, set[str]], blind: int) -> tuple[VersionSpan, ...]:
    """Return the spans between the events; ``blind`` beginnings are at unknown places."""
    spans = []
    begun = False
    start: Version | None = None
    resume: Version | None = None
    ordered: list[Version | None] = [None] if None in points else []
    for place in (*ordered, *sorted(version for version in points if version is not None)):
        kinds = points[place]
        if not begun and "introduced" not in kinds and blind:
            begun, start, blind = True, resume, blind - 1
        if begun and "fixed" in kinds:
            spans.append(VersionSpan(start, place))
            begun, resume = False, place
            if "introduced" not in kinds:
                continue
            begun, start = True, place
        elif not begun and "introduced" in kinds:
            begun, start = "fixed" not in kinds, place
        if begun and "last_affected" in kinds:
            spans.append(VersionSpan(start, place, includes_end=True))
            begun, resume = False, place
    if not begun and blind:
        begun, start = True, resume
    return (*spans, VersionSpan(start, None)) if begun else tuple(spans)


@lru_cache(maxsize=4096)
def _spellings(locked: Version) -> frozenset[str]:
    return frozenset(canonical(str(version)) for version in (locked, public(locked)))


def _fixed_in(entries: list[MatchEntry], locked: Version) -> tuple[str, ...]:
    bounds = {bound for entry in entries for spans in entry.ranges for bound in spans.fixed}
    fixed = sorted(bound for bound in bounds if bound > locked)[:_MOST_FIXED]
    return tuple(str(bound) for bound in fixed if not any(entry.applies(bound) for entry in entries))


def _by_text(entries: list[Affected], version: str) -> Match:
    if any(version in entry.versions for entry in entries):
        return Match(applies=True)
    if not entries:
        return Match(applies=False)
    return Match(applies=False, doubt=f'"{version}" is not a PEP 440 version, so ranges cannot be compared')
