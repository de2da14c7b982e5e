"""Advisories and what an audit says about locked packages, as frozen values.

Package names are canonical (PEP 503). Times are text in RFC 3339 as the record gives them. Texts that come from
advisories are on one line and free of control characters, but not escaped for any format.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from packaging.version import Version

from poetry_aiops.health.aliases import closures, preference
from poetry_aiops.health.metric import OpenQuestion
from poetry_aiops.project import versions
from poetry_aiops.system.record import Record


if TYPE_CHECKING:
    from collections.abc import Sequence

    from poetry_aiops.project.model import PackageKey


EventKind = Literal["introduced", "fixed", "last_affected", "limit"]


class Severity(StrEnum):
    """The levels of CVSS 3 and 4; ``none`` (score 0) counts as low, and unknown is its own level."""

    UNKNOWN = "unknown"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """The place from 0 (unknown) to 4 (critical)."""
        return list(Severity).index(self)


class Rating(Record):
    """How bad an advisory is: ``cvss`` is the base score from 0 to 10; ``origin`` says where the level is from.

    ``origin`` is ``CVSS_V4``, ``CVSS_V3``, ``CVSS_V2``, ``database`` (a word of the database), ``malware``, or empty
    when the severity is unknown.
    """

    severity: Severity = Severity.UNKNOWN
    cvss: float | None = None
    vector: str | None = None
    origin: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Event:
    """One bound of a range; ``introduced`` ``0`` stands before every version."""

    kind: EventKind
    version: str


@dataclass(frozen=True, slots=True)
class VersionRange:
    """The events of one range, in any order."""

    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class Affected:
    """What one advisory says about one package.

    ``versions`` are the versions that it lists, in canonical form where they follow PEP 440. ``vectors`` are
    ``(type, vector)`` pairs and ``label`` a severity in a word, where they hold for this package only.
    ``unreadable`` says which parts could not be read: without a match they leave the answer open.
    """

    package: str
    ranges: tuple[VersionRange, ...] = ()
    versions: frozenset[str] = frozenset()
    vectors: tuple[tuple[str, str], ...] = ()
    label: str = ""
    notes: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Advisory:
    """One record of an advisory database; ``affected`` holds the entries for packages of the Python index only."""

    id: str
    aliases: tuple[str, ...] = ()
    summary: str = ""
    url: str = ""
    published: str = ""
    modified: str = ""
    withdrawn: str | None = None
    affected: tuple[Affected, ...] = ()
    vectors: tuple[tuple[str, str], ...] = ()
    label: str = ""
    notes: tuple[str, ...] = ()

    @property
    def is_about_every_version(self) -> bool:
        """Whether a name is all that it says about a package."""
        return all(
            not entry.versions
            and all(event.kind == "introduced" for one in entry.ranges for event in one.events)
            and any(event.version == "0" for one in entry.ranges for event in one.events)
            for entry in self.affected
        )

    @property
    def has_last_affected(self) -> bool:
        kinds = (event.kind for entry in self.affected for one in entry.ranges for event in one.events)
        return "last_affected" in kinds

    @property
    def packages(self) -> tuple[str, ...]:
        """The names that the record is about."""
        return tuple(dict.fromkeys(entry.package for entry in self.affected))


class UnreadableRecord(Record):
    """Something in an advisory database that is no record: ``where`` it is and ``why`` it cannot be read."""

    where: str
    why: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One vulnerability of one package, all aliases folded together, with the locked builds that it concerns.

    In a ``PackageAudit`` it is about that build alone; ``Audit.findings`` holds one for all builds of the package.
    ``builds`` are their keys, ``version`` is what they are called together (``2.14.1`` for CPU and CUDA builds of it),
    ``groups`` are the groups that bring any of them, and it is ``dev_only`` when all of them are. ``records`` are the ids of the records that match, ``aliases`` every other name of the vulnerability.
    ``fixed_in`` are the versions above the locked one that the matching records call fixed, ascending; for several
    builds those from the highest first fix on, none where one build has no fix.
    ``bounded`` are its records where one of them ends with a last affected version instead of a fixed one, until the
    index has answered which releases are newer.
    ``withdrawn`` is the time at which the record was taken back; such a finding never counts. ``exploited`` is the day on
    which CISA's catalogue took it in, empty for one that is not in it or was not looked up; ``epss`` is the probability
    (0 to 1) that it is exploited within 30 days.
    """

    package: str
    version: str
    id: str
    aliases: tuple[str, ...]
    records: tuple[str, ...]
    severity: Severity
    cvss: float | None
    fixed_in: tuple[str, ...]
    withdrawn: str | None
    summary: str
    url: str
    published: str
    rating: Rating
    notes: tuple[str, ...]
    groups: tuple[str, ...]
    dev_only: bool
    builds: tuple[PackageKey, ...]
    bounded: tuple[Advisory, ...] = ()
    exploited: str = ""
    epss: float | None = None

    @property
    def identity(self) -> tuple[str, str]:
        """Package and id: what identifies a finding in one audit."""
        return self.package, self.id

    @property
    def is_fix_unknown(self) -> bool:
        """Whether a fixed version may be out, and no index said so."""
        return bool(self.bounded) and not self.fixed_in

    @property
    def names(self) -> frozenset[str]:
        """The id and every alias: what an ignore may name."""
        return frozenset((self.id, *self.aliases))


class Status(StrEnum):
    """What became of one locked package."""

    AUDITED = "audited"
    NOT_APPLICABLE = "not-applicable"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class PackageAudit:
    """One locked package: ``reason`` says why it is not applicable or failed; a failed one may have findings.

    ``version`` is the locked text, ``audited_as`` the version that was compared (without the local part). No source
    was asked about one that is not ``asked``: its name stays on this machine, whatever its version is.
    """

    key: PackageKey
    name: str
    version: str
    audited_as: str
    groups: tuple[str, ...]
    dev_only: bool
    status: Status
    reason: str = ""
    findings: tuple[Finding, ...] = ()
    withdrawn: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    asked: bool = True


@dataclass(frozen=True, slots=True)
class AdvisorySource:
    """Where advisories came from.

    ``date`` is the newest change in a snapshot or the time of the questions, ``sha256`` a snapshot's hash.
    ``problem`` says why it could not be used or is too old. ``gaps`` name what could not be read in it.
    """

    name: str
    date: str | None = None
    sha256: str | None = None
    reachable: bool = True
    records: int | None = None
    problem: str | None = None
    gaps: tuple[str, ...] = ()


@dataclass(frozen=True)
class Audit:
    """The audit of a lock: one entry for each locked build, in lock order."""

    packages: tuple[PackageAudit, ...]
    sources: tuple[AdvisorySource, ...]

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """One finding for each advisory and package, whatever the number of its builds, in lock order."""
        by_package: dict[str, list[Finding]] = {}
        for package in filter(lambda one: one.findings, self.packages):
            by_package.setdefault(package.name, []).extend(package.findings)
        return tuple(
            _of_all(group[0].id, [one for one in found if one in group])
            for found in by_package.values()
            for group in closures(found)
        )

    @property
    def blind(self) -> str:
        """Why nothing is known about any package; empty where something is."""
        states = {package.status for package in self.packages}
        if Status.AUDITED in states or self.findings:
            return ""
        if not states:
            return "the lock holds no packages"
        if Status.FAILED in states:
            return "no package could be audited"
        return "no advisory can cover these packages"

    @property
    def failed(self) -> tuple[PackageAudit, ...]:
        """The packages of which it is unknown whether they are vulnerable."""
        return tuple(package for package in self.packages if package.status is Status.FAILED)

    @property
    def coverage(self) -> float | None:
        """How many percent of the applicable packages were audited; None where none is applicable."""
        applicable = [package for package in self.packages if package.status is not Status.NOT_APPLICABLE]
        if not applicable:
            return None
        return 100.0 * sum(package.status is Status.AUDITED for package in applicable) / len(applicable)

    @property
    def open_questions(self) -> tuple[OpenQuestion, ...]:
        """Why this audit is incomplete; empty when nothing is open."""
        reported = [f"{source.name}: {source.problem}" for source in self.sources if source.problem]
        reported += [f"{source.name}: {gap}" for source in self.sources for gap in source.gaps]
        questions = [OpenQuestion(text) for text in reported]
        if self.failed:
            text = f"{len(self.failed)} of {len(self.packages)} packages could not be audited"
            # What is known about no package is a question about the run, whatever an earlier lock held.
            about = (one.name if not one.asked else f"{one.name} {one.version}" for one in self.failed)
            questions.append(OpenQuestion(text, frozenset() if self.blind else frozenset(about)))
        return tuple(questions)

    @property
    def problems(self) -> tuple[str, ...]:
        """The open questions as text."""
        return tuple(question.text for question in self.open_questions)

    @property
    def complete(self) -> bool:
        """Whether "no findings" would mean "none known"."""
        return not self.problems


def _of_all(name: str, found: Sequence[Finding]) -> Finding:
    """Return one finding for the builds of a package that have the same vulnerability; the worst one speaks for all."""
    if len(found) == 1:
        return found[0]
    first = max(found, key=lambda one: (one.severity.rank, one.cvss or 0.0))
    names = set().union(*(one.names for one in found)) - {name}
    return replace(
        first,
        version=_called(tuple(dict.fromkeys(one.version for one in found))),
        id=name,
        aliases=tuple(sorted(names, key=preference)),
        records=tuple(dict.fromkeys(record for one in found for record in one.records)),
        fixed_in=_fixing([one.fixed_in for one in found]),
        published=min((one.published for one in found if one.published), default=""),
        notes=tuple(dict.fromkeys(note for one in found for note in one.notes)),
        groups=tuple(dict.fromkeys(group for one in found for group in one.groups)),
        dev_only=all(one.dev_only for one in found),
        builds=tuple(dict.fromkeys(build for one in found for build in one.builds)),
        bounded=tuple(dict.fromkeys(record for one in found for record in one.bounded)),
        exploited=min((one.exploited for one in found if one.exploited), default=""),
        epss=max((one.epss for one in found if one.epss is not None), default=None),
    )


def _called(locked: tuple[str, ...]) -> str:
    """Return what several locked versions are called together: without build tags, where that makes them one."""
    parsed = [versions.parsed(version) for version in locked]
    public = dict.fromkeys(
        known.public if known else version for known, version in zip(parsed, locked, strict=True)
    )
    return locked[0] if len(locked) == 1 else ", ".join(public)


def _fixing(offered: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """Return the fixed versions that are above every build; none where one build has no fix."""
    if not all(offered):
        return ()
    needed = max(Version(fixed[0]) for fixed in offered)
    return tuple(sorted({one for fixed in offered for one in fixed if Version(one) >= needed}, key=Version))
