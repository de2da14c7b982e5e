"""Advisories and what an audit says about locked packages, as frozen values.

Package names are canonical (PEP 503). Times are text in RFC 3339 as the record gives them. Texts that come from
advisories are on one line and free of control characters, but not escaped for any format.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Literal


if TYPE_CHECKING:
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


@dataclass(frozen=True, slots=True)
class Rating:
    """How bad an advisory is: ``cvss`` is the base score from 0 to 10; ``origin`` says where the level is from.

    ``origin`` is ``CVSS_V4``, ``CVSS_V3``, ``CVSS_V2``, ``database`` (a word of the database), ``malware``, or empty
    when nothing tells the severity.
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
    def packages(self) -> tuple[str, ...]:
        """The names that the record is about."""
        return tuple(dict.fromkeys(entry.package for entry in self.affected))


@dataclass(frozen=True, slots=True)
class UnreadableRecord:
    """Something in an advisory database that is no record: ``where`` it lies and ``why`` it cannot be read."""

    where: str
    why: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One vulnerability of one locked package, all aliases folded together.

    ``records`` are the ids of the records that match, ``aliases`` every other name of the vulnerability.
    ``fixed_in`` are the versions above the locked one that the matching records call fixed, ascending.
    ``withdrawn`` is the time at which the record was taken back; such a finding never counts.
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

    ``version`` is the locked text, ``audited_as`` the version that was compared (without the local part).
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


@dataclass(frozen=True, slots=True)
class Audit:
    """The audit of a lock: one entry for each locked package, in lock order.

    ``score`` is S from 0 to 100, None where nothing could be audited; ``reason`` then says why.
    """

    packages: tuple[PackageAudit, ...]
    sources: tuple[AdvisorySource, ...]
    score: float | None
    reason: str = ""

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Every finding that counts, in lock order."""
        return tuple(finding for package in self.packages for finding in package.findings)

    @property
    def failed(self) -> tuple[PackageAudit, ...]:
        """The packages of which nobody knows whether they are vulnerable."""
        return tuple(package for package in self.packages if package.status is Status.FAILED)

    @property
    def coverage(self) -> float | None:
        """How many percent of the applicable packages were audited; None where none is applicable."""
        applicable = [package for package in self.packages if package.status is not Status.NOT_APPLICABLE]
        if not applicable:
            return None
        return 100.0 * sum(package.status is Status.AUDITED for package in applicable) / len(applicable)

    @property
    def problems(self) -> tuple[str, ...]:
        """Why this audit is incomplete, in words; empty when nothing is open."""
        told = [f"{source.name}: {source.problem}" for source in self.sources if source.problem]
        told += [f"{source.name}: {gap}" for source in self.sources for gap in source.gaps]
        count = len(self.failed)
        if count:
            told.append(f"{count} of {len(self.packages)} packages could not be audited")
        return tuple(told)

    @property
    def complete(self) -> bool:
        """Whether "no findings" would mean "none known"."""
        return not self.problems
