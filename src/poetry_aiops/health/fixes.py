"""Which version each finding needs: the smallest one that no known advisory is about any more.

A version counts only where the index gives it for the lock's Pythons, it is not yanked, and it is older than the
cooldown. Where nothing but the cooldown is in the way, the exception for that one fix is proposed. A version that
could not be audited is not a fix.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

from poetry_aiops.health.advisory import Severity, Status
from poetry_aiops.index.release_records import Release, record_key, why_not_from_index
from poetry_aiops.project.versions import parsed, public_version
from poetry_aiops.system.record import Record
from poetry_aiops.system.text import counted


if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from poetry_aiops.health.advisory import Audit, Finding, PackageAudit
    from poetry_aiops.health.blockers import Search, WayOut
    from poetry_aiops.health.currency import CurrencyOf
    from poetry_aiops.health.lock_diff import LockChange
    from poetry_aiops.index.records import Cooldown
    from poetry_aiops.index.release_records import IndexRecords
    from poetry_aiops.project.model import Package, PackageKey

    AuditOf = Callable[[Sequence[Package]], Audit]


How = Literal["pin", "edit", "blocked"]
NO_FIX: Final = "no newer release is free of known advisories"


@dataclass(frozen=True, slots=True)
class ProposedFix:
    """A way out of the advisories of one locked package, or why there is none.

    ``how`` is ``pin`` (the lock alone changes), ``edit`` (pyproject.toml has to change, ``edit`` says what), or
    ``blocked`` (``blockers`` say by whom or why). ``to_version`` is empty where no fixed version is known, and the
    proposed one until a solver has answered. ``certified`` means that this one pin can change and nothing else has
    to; otherwise ``moves`` are the packages that are expected to move as well, with the smallest steps that would do. ``safe`` are all versions that
    would do, ascending. ``left`` are advisories that no newer version is free of. ``doubt`` says which
    smaller versions could not be audited, and why. ``exception`` says which cooldown would have to be set aside, and how. ``diff`` are the lines
    of the change in the lock, each with its ``+`` or ``-`` in front.
    """

    key: PackageKey
    package: str
    from_version: str
    to_version: str
    advisories: tuple[str, ...]
    how: How
    severity: Severity = Severity.UNKNOWN
    blockers: tuple[str, ...] = ()
    edit: str = ""
    diff: tuple[str, ...] = ()
    certified: bool = False
    moves: tuple[tuple[str, str], ...] = ()
    safe: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    doubt: str = ""
    exception: str = ""

    @property
    def reasons(self) -> tuple[str, ...]:
        """What is in the way, what is not known, and how the cooldown could be set aside."""
        return (*self.blockers, *filter(None, (self.doubt, self.exception)))


@dataclass(frozen=True, slots=True)
class FixOutcome:
    """What became of the proposals.

    ``fixes`` are the proposals as the solver answered them. ``changes`` is the whole difference between the locks,
    ``refreshed`` the packages whose list of files alone differs. ``after`` is the audit of the new lock, None when
    there is none. ``solves`` counts the runs of the solver.
    """

    fixes: tuple[ProposedFix, ...]
    changes: tuple[LockChange, ...] = ()
    refreshed: tuple[str, ...] = ()
    after: Audit | None = None
    written: bool = False
    solves: int = 0

    @property
    def fixed(self) -> tuple[ProposedFix, ...]:
        """The fixes that are in the new lock."""
        return tuple(one for one in self.fixes if one.diff)


@dataclass(frozen=True, slots=True)
class FixTarget:
    """One locked package with findings, and the newer versions that fix most of them, ascending.

    ``safe`` versions have none of ``findings`` and no others; ``left`` are findings that no newer version fixes.
    ``young`` are those that only the cooldown keeps back. ``problem`` says why there is neither,
    ``doubt`` which smaller versions could not be audited.
    """

    package: Package
    findings: tuple[Finding, ...]
    safe: tuple[str, ...] = ()
    young: tuple[str, ...] = ()
    left: tuple[Finding, ...] = ()
    problem: str = ""
    doubt: str = ""

    @property
    def severity(self) -> Severity:
        return max((one.severity for one in self.findings), key=lambda one: one.rank)


class _Newer(Record):
    """The newer releases that may be considered, ascending; or why there are none."""

    ready: tuple[str, ...] = ()
    young: tuple[str, ...] = ()
    problem: str = ""


def wanted_fixes(
    packages: Iterable[Package],
    findings: Iterable[Finding],
    records: IndexRecords,
    look: CurrencyOf,
    audit_of: AuditOf,
) -> tuple[FixTarget, ...]:
    """Return what each locked package with findings needs, in lock order.

    ``audit_of`` audits packages against the same advisories that gave the findings; it is asked once, for every
    newer release of every package.
    """
    by_build: dict[PackageKey, list[Finding]] = {}
    for finding in findings:
        for build in finding.builds:
            by_build.setdefault(build, []).append(finding)
    cases = [
        (package, tuple(by_build[package.key]), _newer(package, records, look))
        for package in packages
        if package.key in by_build
    ]
    audited = _audited(cases, audit_of)
    return _alike(tuple(_wanted(package, found, newer, audited) for package, found, newer in cases))


def folded(fixes: Iterable[ProposedFix]) -> tuple[ProposedFix, ...]:
    """Return the fixes with those of several builds of one version (``2.1+cpu``, ``2.1+cu118``) as one, if they agree."""
    alike: dict[object, list[ProposedFix]] = {}
    for one in fixes:
        versions = public_version(one.from_version), public_version(one.to_version)
        said = one.advisories, one.left, one.how, one.blockers, one.edit, one.exception, bool(one.diff)
        alike.setdefault((one.package, versions, said), []).append(one)
    return tuple(group[0] if len(group) == 1 else _folded(group) for group in alike.values())


def _folded(group: Sequence[ProposedFix]) -> ProposedFix:
    first = group[0]
    return replace(
        first,
        from_version=public_version(first.from_version),
        to_version=public_version(first.to_version),
        severity=max((one.severity for one in group), key=lambda one: one.rank),
        diff=tuple(dict.fromkeys(line for one in group for line in one.diff)),
    )


def without(audited: Audit, ignored: Sequence[Finding]) -> Audit:
    """Return an audit without the findings that a policy ignores, whatever version they are found in."""
    names = {(one.package, name) for one in ignored for name in one.names}
    packages = tuple(
        replace(
            package,
            findings=tuple(
                one for one in package.findings if not any((one.package, name) in names for name in one.names)
            ),
        )
        for package in audited.packages
    )
    return replace(audited, packages=packages)


def _newer(package: Package, records: IndexRecords, look: CurrencyOf) -> _Newer:
    elsewhere = why_not_from_index(package)
    record = None if elsewhere else records.of(package)
    if record is None:
        return _Newer(problem=elsewhere or records.why_missing(package))
    if parsed(package.version) is None:
        return _Newer(problem=f'"{package.version}" cannot be compared with other versions')
    locked = record.release(package.version) or Release(package.version)
    looked = [(one.version, bar.obstacle if bar else "") for one, bar in look.newer(package, record, locked)]
    looked.reverse()
    ready = tuple(version for version, obstacle in looked if not obstacle)
    young = tuple(version for version, obstacle in looked if obstacle == "in the cooldown")
    others = sorted({obstacle for _, obstacle in looked if obstacle})
    if ready or young:
        return _Newer(ready, young)
    why = f"every newer release is excluded: {', '.join(others)}" if others else "there is no newer release"
    return _Newer(problem=why)


def _audited(
    cases: Iterable[tuple[Package, tuple[Finding, ...], _Newer]], audit_of: AuditOf
) -> Mapping[PackageKey, PackageAudit]:
    """Return what the advisories say about every newer build."""
    asked = [
        replace(package, version=version)
        for package, _, newer in cases
        for version in (*newer.ready, *newer.young)
    ]
    return {one.key: one for one in audit_of(asked).packages} if asked else {}


def _wanted(
    package: Package,
    findings: tuple[Finding, ...],
    newer: _Newer,
    audited: Mapping[PackageKey, PackageAudit],
) -> FixTarget:
    versions = (*newer.ready, *newer.young)
    audits = {version: audited.get(replace(package, version=version).key) for version in versions}
    left = {version: _left(findings, audits[version]) for version in versions}
    ready = [version for version in newer.ready if left[version] is not None]
    young = [version for version in newer.young if left[version] is not None]
    sizes = [len(left[version] or ()) for version in ready or young]
    if not sizes or min(sizes) == len(findings):
        return FixTarget(package, findings, problem=newer.problem or _doubt(audits) or NO_FIX)
    best = next(left[version] for version in ready or young if len(left[version] or ()) == min(sizes)) or ()
    safe = tuple(version for version in ready if left[version] == best)
    below = versions[: versions.index(safe[0])] if safe else versions
    return FixTarget(
        package,
        tuple(one for one in findings if one not in best),
        safe=safe,
        young=tuple(version for version in young if left[version] == best),
        left=best,
        doubt=_doubt({version: audits[version] for version in below}),
    )


def _doubt(audits: Mapping[str, PackageAudit | None]) -> str:
    """Return which versions could not be audited and why, empty where all were."""
    unknown = [(version, one) for version, one in audits.items() if not one or one.status != Status.AUDITED]
    if not unknown:
        return ""
    (first, one), many = unknown[0], counted(len(unknown), "newer release")
    return f"{many} from {first} on could not be audited: {one.reason if one else 'no answer'}"


def _left(findings: tuple[Finding, ...], audited: PackageAudit | None) -> tuple[Finding, ...] | None:
    """Return the findings that a newer version still has; None when it has others, or could not be audited."""
    if audited is None or audited.status is not Status.AUDITED:
        return None
    still = tuple(one for one in findings if any(one.names & other.names for other in audited.findings))
    known = frozenset().union(*(one.names for one in still))
    return still if all(other.names & known for other in audited.findings) else None


def _alike(wanted: tuple[FixTarget, ...]) -> tuple[FixTarget, ...]:
    """Let the builds of one version (``2.1+cpu``, ``2.1+cu118``) aim at versions that all of them have."""
    shared: dict[tuple[str, str], set[str]] = {}
    for one in wanted:
        here = {public_version(version) for version in one.safe}
        known = shared.setdefault((one.package.name, public_version(one.package.version)), here)
        known &= here
    return tuple(
        _narrowed(one, shared[one.package.name, public_version(one.package.version)]) for one in wanted
    )


def _narrowed(wanted: FixTarget, shared: set[str]) -> FixTarget:
    kept = tuple(version for version in wanted.safe if public_version(version) in shared)
    return replace(wanted, safe=kept) if kept else wanted


def propose(wanted: Iterable[FixTarget], search: Search, cooldown: Cooldown) -> tuple[ProposedFix, ...]:
    """Return a proposal for each package, in the same order; the solver has the last word on ``pin``."""
    return tuple(_proposal(one, search, cooldown) for one in wanted)


def _proposal(wanted: FixTarget, search: Search, cooldown: Cooldown) -> ProposedFix:
    bare = ProposedFix(
        key=wanted.package.key,
        package=wanted.package.name,
        from_version=wanted.package.version,
        to_version="",
        advisories=tuple(one.id for one in wanted.findings),
        how="blocked",
        severity=wanted.severity,
        blockers=(wanted.problem,) if wanted.problem else (),
        safe=wanted.safe,
        left=tuple(one.id for one in wanted.left),
        doubt=wanted.doubt,
    )
    if wanted.safe:
        return _reachable(bare, wanted, search)
    return _too_young(bare, wanted, cooldown) if wanted.young else bare


def _reachable(bare: ProposedFix, wanted: FixTarget, search: Search) -> ProposedFix:
    version, way = _best(wanted, search)
    needs = search.needs_of(wanted.package, version)
    certified = search.ground.certify(wanted.package, version, needs).holds
    return replace(
        bare,
        to_version=version,
        how="pin" if way.is_free else "blocked" if way.blocked else "edit",
        blockers=tuple(map(str, way.blocked or way.steps)),
        edit="; ".join(map(str, way.edits)),
        certified=certified,
        moves=way.moves,
    )


def _best(wanted: FixTarget, search: Search) -> tuple[str, WayOut]:
    """Return the smallest safe version, unless another one is easier to reach."""
    demands = search.ground.demands.on(wanted.package)
    welcome = [one for one in wanted.safe if all(demand.accepts(one) for demand in demands)]
    looked = []
    for version in dict.fromkeys((wanted.safe[0], *welcome[:1], wanted.safe[-1])):
        way = search.way_out(wanted.package, version)
        if not way.rank[0] and not way.rank[1]:
            return version, way
        looked.append((version, way))
    return min(looked, key=lambda one: one[1].rank[:2])


def _too_young(bare: ProposedFix, wanted: FixTarget, cooldown: Cooldown) -> ProposedFix:
    """Propose an exception from the cooldown for this one fix; it is never taken by itself."""
    source, name = record_key(wanted.package)
    days = cooldown.for_package(source, name).days
    names = ",".join(sorted({*cooldown.exempt_names, name}))
    version = wanted.young[0]
    return replace(
        bare,
        to_version=version,
        blockers=(f"{name} {version} is younger than solver.min-release-age = {days} days",),
        exception="to take it now, for this run alone:"
        f" POETRY_SOLVER_MIN_RELEASE_AGE_EXCLUDE={names} poetry health --fix",
    )
