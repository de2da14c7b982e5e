"""From the records about one package to its findings."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Final

from packaging.version import Version

from poetry_aiops.health.advisory import Finding
from poetry_aiops.health.aliases import closures, preference
from poetry_aiops.health.matching import Match, match
from poetry_aiops.health.severity import rate, worst
from poetry_aiops.project.versions import parsed, public
from poetry_aiops.system.record import Record


if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from poetry_aiops.health.advisory import Advisory, Audit, PackageAudit
    from poetry_aiops.index.release_records import IndexRecords
    from poetry_aiops.project.model import Package, PackageKey


CONFIRMED: Final = "the advisory service calls this version affected, although the record's own ranges do not"


class PackageFindings(Record):
    """The findings of one package; ``doubts`` say which records leave the answer open."""

    active: tuple[Finding, ...]
    withdrawn: tuple[Finding, ...]
    notes: tuple[str, ...]
    doubts: tuple[str, ...]


def find(package: PackageAudit, advisories: Sequence[Advisory], confirmed: frozenset[str]) -> PackageFindings:
    """Return what the records say about a package; ``confirmed`` are ids that the source matched itself."""
    judged = {advisory.id: _judge(advisory, package, confirmed) for advisory in advisories}
    matching = [advisory for advisory in advisories if judged[advisory.id].applies]
    active = closures([advisory for advisory in matching if advisory.withdrawn is None])
    counted = {identity for group in active for one in group for identity in (one.id, *one.aliases)}
    withdrawn = [one for one in matching if one.withdrawn is not None and one.id not in counted]
    return PackageFindings(
        active=tuple(_finding(package, group, judged) for group in active),
        withdrawn=tuple(_finding(package, group, judged) for group in closures(withdrawn)),
        notes=tuple(
            f"{one.id}: {note}"
            for one in advisories
            if one.withdrawn is None and not judged[one.id].applies
            for note in judged[one.id].notes
        ),
        doubts=tuple(
            doubt for one in advisories if one.withdrawn is None and (doubt := judged[one.id].doubt)
        ),
    )


def _judge(advisory: Advisory, package: PackageAudit, confirmed: frozenset[str]) -> Match:
    found = match(advisory, package.name, package.version)
    if found.applies or advisory.id not in confirmed:
        return found
    return Match(applies=True, fixed_in=found.fixed_in, notes=(*found.notes, CONFIRMED))


def _finding(package: PackageAudit, group: Sequence[Advisory], judged: dict[str, Match]) -> Finding:
    first = group[0]
    ratings = [rate(one, package.name) for one in group]
    rating = worst(ratings)
    names = {identity for one in group for identity in (one.id, *one.aliases)} - {first.id}
    notes = (note for one in group for note in (*judged[one.id].notes, *one.notes))
    reported = (*notes, *(note for one in ratings for note in one.notes))
    return Finding(
        package=package.name,
        version=package.version,
        id=first.id,
        aliases=tuple(sorted(names, key=preference)),
        records=tuple(one.id for one in group),
        severity=rating.severity,
        cvss=rating.cvss,
        fixed_in=_fixed_in(package.name, group, judged),
        withdrawn=first.withdrawn,
        summary=next((one.summary for one in group if one.summary), ""),
        url=next((one.url for one in group if one.url), ""),
        published=min((one.published for one in group if one.published), default=""),
        rating=rating,
        notes=tuple(dict.fromkeys(reported)),
        groups=package.groups,
        dev_only=package.dev_only,
        builds=(package.key,),
        bounded=tuple(group) if any(one.has_last_affected for one in group) else (),
    )


def released_fixes(audit: Audit, records: IndexRecords, packages: Mapping[PackageKey, Package]) -> Audit:
    """Return the audit in which a finding without a fixed version names the first newer release that is not affected.

    That holds for records that end with a last affected version; ``records`` say what the index has.
    """
    return replace(
        audit,
        packages=tuple(
            replace(
                one, findings=tuple(_released(found, packages[one.key], records) for found in one.findings)
            )
            for one in audit.packages
        ),
    )


def _released(finding: Finding, package: Package, records: IndexRecords) -> Finding:
    record = records.of(package) if finding.is_fix_unknown else None
    locked = parsed(package.version)
    if record is None or locked is None:
        return finding
    newer = (
        one.version
        for one in record.releases
        if one.parsed > public(locked)
        and one.yanked is None
        and (not one.parsed.is_prerelease or locked.is_prerelease)
        and not any(match(advisory, finding.package, one.version).applies for advisory in finding.bounded)
    )
    fixed = tuple(islice(newer, 1))
    return replace(finding, fixed_in=fixed, bounded=finding.bounded if record.stale and not fixed else ())


def _fixed_in(name: str, group: Sequence[Advisory], judged: dict[str, Match]) -> tuple[str, ...]:
    """Return the versions that some record calls fixed and none of the group calls affected."""
    if len(group) == 1:
        return judged[group[0].id].fixed_in
    offered = {version for one in group for version in judged[one.id].fixed_in}
    fixed = (version for version in offered if not any(match(one, name, version).applies for one in group))
    return tuple(sorted(fixed, key=Version))
