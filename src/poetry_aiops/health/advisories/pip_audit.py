"""Everything that touches pip-audit: its models and its service interface, which are private modules of it.

Two directions: a feed of ours as one of pip-audit's services (for its auditor and its output formats), and any of
pip-audit's services as a feed of ours. ``tests/contract/test_pip_audit.py`` names what is used. Loading pip-audit takes
half a second, so this module is imported by who needs it only.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from packaging.version import InvalidVersion, Version
from pip_audit._service.interface import (  # type: ignore[import-untyped]
    Dependency,
    ResolvedDependency,
    ServiceError,
    SkippedDependency,
    VulnerabilityID,
    VulnerabilityResult,
    VulnerabilityService,
)

from poetry_aiops.health.advisory import (
    Advisory,
    AdvisorySource,
    Affected,
    Event,
    PackageAudit,
    Status,
    VersionRange,
)
from poetry_aiops.health.feed import Answer, Lookup, Subject
from poetry_aiops.health.findings import find
from poetry_aiops.health.osv_records import one_line
from poetry_aiops.project.checks import normalised
from poetry_aiops.system.addresses import redact_addresses


if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from poetry_aiops.health.advisory import Finding
    from poetry_aiops.health.feed import AdvisoryFeed


class FeedService(VulnerabilityService):  # type: ignore[misc]  # the base class is untyped
    """A feed of ours on pip-audit's interface: all packages in one question, failures as ServiceError."""

    def __init__(self, feed: AdvisoryFeed) -> None:
        self._feed = feed

    def query(self, spec: Dependency) -> tuple[Dependency, list[VulnerabilityResult]]:
        """Return the vulnerabilities of one dependency; raises ServiceError when they are not known."""
        return next(iter(self.query_all(iter([spec]))))

    def query_all(
        self, specs: Iterable[Dependency]
    ) -> Iterator[tuple[Dependency, list[VulnerabilityResult]]]:
        """Yield every dependency with its vulnerabilities; raises ServiceError at the first that failed."""
        listed = list(specs)
        subjects = {spec: _subject(spec) for spec in listed if isinstance(spec, ResolvedDependency)}
        lookup = self._feed.look_up(tuple(dict.fromkeys(subjects.values())))
        if lookup.source.problem:
            raise ServiceError(f"{lookup.source.name}: {lookup.source.problem}")
        for spec in listed:
            yield spec, self._results(spec, subjects, lookup)

    def _results(
        self, spec: Dependency, subjects: dict[ResolvedDependency, Subject], lookup: Lookup
    ) -> list[VulnerabilityResult]:
        if not isinstance(spec, ResolvedDependency):
            return []
        answer = lookup.answers.get(subjects[spec])
        if answer is None or answer.failure:
            raise ServiceError(f"{spec.name}: {answer.failure if answer else 'no answer came'}")
        found = find(_blank(subjects[spec]), answer.advisories, answer.confirmed)
        if found.doubts:
            raise ServiceError(f"{spec.name}: {'; '.join(found.doubts)}")
        return [as_result(finding) for finding in found.active]


class PipAuditFeed:
    """One of pip-audit's services as a feed: each package for itself, so that one failure spoils one answer."""

    def __init__(self, service: VulnerabilityService, name: str) -> None:
        self._service = service
        self._name = name

    def look_up(self, subjects: Sequence[Subject]) -> Lookup:
        """Return an answer for each subject; what the service raises becomes the answer's failure."""
        answers = {subject: self._ask(subject) for subject in subjects}
        failures = [answer.failure for answer in answers.values()]
        dead = bool(failures) and all(failures)
        source = AdvisorySource(self._name)
        return Lookup(
            replace(source, reachable=False, problem=failures[0]) if dead else source,
            answers,
        )

    def _ask(self, subject: Subject) -> Answer:
        try:
            spec = ResolvedDependency(subject.name, Version(subject.version))
        except InvalidVersion:
            return Answer(failure=f'"{subject.version}" is not a PEP 440 version')
        try:
            told, results = self._service.query(spec)
        except (ServiceError, OSError) as error:
            cause = error.__cause__ or error
            return Answer(
                failure=redact_addresses(" ".join(str(cause).split()))[:300] or type(cause).__name__
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            # pip-audit takes records apart without looking; one bad version ends in any of these.
            return Answer(failure=f"pip-audit could not read the answer: {type(error).__name__}: {error}")
        if isinstance(told, SkippedDependency):
            return Answer(failure=one_line(told.skip_reason))
        advisories = tuple(as_advisory(subject, result) for result in results)
        return Answer(advisories, frozenset(advisory.id for advisory in advisories))


def as_dependencies(packages: Iterable[PackageAudit]) -> list[Dependency]:
    """Return audited packages as pip-audit's models; what was not audited is skipped with its reason."""
    return [_dependency(package) for package in packages]


def as_result(finding: Finding) -> VulnerabilityResult:
    """Return a finding as pip-audit's model."""
    aliases: set[VulnerabilityID] = {VulnerabilityID(alias) for alias in finding.aliases}
    fixed = [Version(version) for version in finding.fixed_in]
    return VulnerabilityResult(VulnerabilityID(finding.id), finding.summary or "N/A", fixed, aliases)


def as_advisory(subject: Subject, result: VulnerabilityResult) -> Advisory:
    """Return pip-audit's model as an advisory about exactly the version that was asked for."""
    events = tuple(Event("fixed", str(version)) for version in result.fix_versions)
    entry = Affected(
        subject.name,
        ranges=(VersionRange((Event("introduced", subject.version), *events)),),
        versions=frozenset(),
    )
    return Advisory(
        id=str(result.id),
        aliases=tuple(sorted(result.aliases)),
        summary=one_line(result.description),
        published=result.published.isoformat() if result.published else "",
        affected=(entry,),
    )


def _subject(spec: ResolvedDependency) -> Subject:
    return Subject(normalised(spec.name), spec.version.public)


def _dependency(package: PackageAudit) -> Dependency:
    if package.status is Status.AUDITED:
        try:
            return ResolvedDependency(package.name, Version(package.version))
        except InvalidVersion:
            return SkippedDependency(package.name, f'"{package.version}" is not a PEP 440 version')
    return SkippedDependency(package.name, package.reason)


def _blank(subject: Subject) -> PackageAudit:
    return PackageAudit(
        key=(subject.name, subject.version, ("", "", "")),
        name=subject.name,
        version=subject.version,
        audited_as=subject.version,
        groups=(),
        dev_only=False,
        status=Status.AUDITED,
    )
