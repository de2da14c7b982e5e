"""The audit of locked packages: coverage, findings and the score S; nothing that is unknown counts as good."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING, Final

from poetry_aiops.health.advisory import Audit, PackageAudit, Severity, Status
from poetry_aiops.health.applicability import Origins, QueryScope, applicability
from poetry_aiops.health.findings import find
from poetry_aiops.health.severity import is_malware
from poetry_aiops.system.record import Record


if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from poetry_aiops.health.advisory import Advisory, Finding
    from poetry_aiops.health.applicability import Applicability
    from poetry_aiops.health.feed import AdvisoryFeed, FeedAnswer, Lookup, QueriedPackage
    from poetry_aiops.project.model import Package


RISK: Final = {
    Severity.CRITICAL: 0.50,
    Severity.HIGH: 0.25,
    Severity.MEDIUM: 0.10,
    Severity.LOW: 0.03,
    Severity.UNKNOWN: 0.10,
}
NO_ANSWER: Final = "the advisory source gave no answer for it"
NO_SOURCE: Final = "no advisory source was queried"
NAMESAKE: Final = "is about the public project of this name, but this package comes from another source: beware of dependency confusion"
FROM_CACHE: Final = (
    "`poetry health --update-advisories` fetches the advisories, to compare them on this machine"
)


class Feeds(Record):
    """Where advisories are looked up.

    ``service`` learns the names of public packages. ``snapshot`` is on this machine and is compared with every
    package, private ones included; without a service it is the only source.
    """

    service: AdvisoryFeed | None = None
    snapshot: AdvisoryFeed | None = None


def audit(
    packages: Sequence[Package],
    feeds: Feeds,
    origins: Origins | None = None,
    dev_groups: frozenset[str] = frozenset(),
) -> Audit:
    """Return what is known about the locked packages.

    ``dev_groups`` are the groups whose packages never reach production; a package that only they bring is
    ``dev_only`` and its findings weigh half. Raises nothing for what a source does.
    """
    cases = [(package, applicability(package, origins or Origins())) for package in packages]
    service = _ask(feeds.service, cases, (QueryScope.ANYWHERE,))
    snapshot = _ask(feeds.snapshot, cases, (QueryScope.ANYWHERE, QueryScope.HERE))
    audited = tuple(_package(package, case, service, snapshot, dev_groups) for package, case in cases)
    return Audit(audited, tuple(lookup.source for lookup in (service, snapshot) if lookup))


def security_score(
    packages: Sequence[PackageAudit], findings: Sequence[Finding], selections: Iterable[frozenset[str]]
) -> float:
    """Return S = 100 * prod(1 - r), r by severity, halved for packages of development groups only.

    S is that of the worst of the ``selections``, the sets of groups that can be installed together (main and one
    hardware variant). One environment holds one build of a package, so that each name counts with its worst one.
    """
    kept = {
        one.key: prod(
            1.0 - RISK[finding.severity] * (0.5 if one.dev_only else 1.0)
            for finding in findings
            if one.key in finding.builds
        )
        for one in packages
    }
    scores = [100.0]
    for selection in selections:
        worst: dict[str, float] = {}
        for one in packages:
            if not one.groups or not selection.isdisjoint(one.groups):
                worst[one.name] = min(kept[one.key], worst.get(one.name, 1.0))
        scores.append(100.0 * prod(worst.values()))
    return min(scores)


def is_dev_only(package: Package, dev_groups: frozenset[str]) -> bool:
    """Tell whether only development groups bring a package; old locks report their category instead."""
    if package.groups is None:
        return package.category == "dev"
    return bool(package.groups) and dev_groups.issuperset(package.groups)


def _ask(
    feed: AdvisoryFeed | None, cases: Sequence[tuple[Package, Applicability]], reaches: tuple[QueryScope, ...]
) -> Lookup | None:
    if feed is None:
        return None
    subjects = {case.subject: None for _, case in cases if case.subject and case.reach in reaches}
    return feed.look_up(tuple(subjects))


def _package(
    package: Package,
    case: Applicability,
    service: Lookup | None,
    snapshot: Lookup | None,
    dev_groups: frozenset[str],
) -> PackageAudit:
    audited = PackageAudit(
        key=package.key,
        name=package.name,
        version=package.version,
        audited_as=case.subject.version if case.subject else package.version,
        groups=package.groups or (),
        dev_only=is_dev_only(package, dev_groups),
        status=Status.AUDITED,
    )
    asked = [
        lookup for lookup in (service if case.reach is QueryScope.ANYWHERE else None, snapshot) if lookup
    ]
    if case.subject is None:
        return replace(audited, status=Status.NOT_APPLICABLE, reason=case.reason)
    if not asked:
        return _unasked(audited, case)
    return _answered(audited, case, [_answer(lookup, case.subject) for lookup in asked])


def _is_about_another(advisory: Advisory, case: Applicability) -> bool:
    """Say whether a record is about the public project of a name, and the package comes from elsewhere.

    Malware was published under the name on the public index only, and a record about every version says nothing about a
    package that is no release of an index.
    """
    if case.reach is QueryScope.ANYWHERE:
        return False
    return is_malware((advisory.id, *advisory.aliases)) or (
        not case.release and advisory.is_about_every_version
    )


def _unasked(audited: PackageAudit, case: Applicability) -> PackageAudit:
    if case.reach is QueryScope.ANYWHERE:
        return replace(audited, status=Status.FAILED, reason=NO_SOURCE)
    status = Status.FAILED if case.release else Status.NOT_APPLICABLE
    return replace(audited, status=status, reason=f"{case.reason}; {FROM_CACHE}", asked=False)


def _answer(lookup: Lookup, subject: QueriedPackage) -> FeedAnswer | str:
    """Return the answer of a source, or why there is none."""
    return lookup.answers.get(subject) or lookup.source.problem or NO_ANSWER


def _answered(
    audited: PackageAudit, case: Applicability, answers: Sequence[FeedAnswer | str]
) -> PackageAudit:
    reported = [answer for answer in answers if not isinstance(answer, str)]
    failures = [answer if isinstance(answer, str) else answer.failure for answer in answers]
    # With a service and a snapshot, both speak; a record that both know counts once, in the service's words.
    advisories: dict[str, Advisory] = {}
    for answer in reported:
        for advisory in answer.advisories:
            advisories.setdefault(advisory.id, advisory)
    confirmed = frozenset(identity for answer in reported for identity in answer.confirmed)
    others = [one for one in advisories.values() if _is_about_another(one, case)]
    found = find(audited, tuple(one for one in advisories.values() if one not in others), confirmed)
    reasons = [*(failure for failure in failures if failure), *found.doubts]
    notes = (
        *([case.reason] if case.reason else []),
        *(f"{one.id} {NAMESAKE}" for one in others if not one.withdrawn),
        *found.notes,
    )
    return replace(
        audited,
        status=Status.FAILED if reasons else Status.AUDITED,
        reason="; ".join(dict.fromkeys(reasons)),
        findings=found.active,
        withdrawn=found.withdrawn,
        notes=notes,
    )
