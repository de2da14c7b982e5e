"""Everything that touches pip-audit: its models and its service interface, which are private modules of it.

Any of pip-audit's services serves as a feed of ours, and `StrictPyPIService` is one that fails closed.
``tests/contract/test_pip_audit.py`` names what is used. Loading pip-audit takes a third of a second, so this module is
imported by who needs it only.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from packaging.version import InvalidVersion, Version
from pip_audit._service.interface import (  # type: ignore[import-untyped]
    Dependency,
    ResolvedDependency,
    ServiceError,
    SkippedDependency,
    VulnerabilityResult,
    VulnerabilityService,
)

from poetry_aiops.health.advisory import Advisory, AdvisorySource, Affected, Event, VersionRange
from poetry_aiops.health.feed import FeedAnswer, Lookup, QueriedPackage
from poetry_aiops.health.osv_records import one_line, withdrawal
from poetry_aiops.project.checks import normalised
from poetry_aiops.project.versions import parsed
from poetry_aiops.system.addresses import redact_addresses
from poetry_aiops.system.http import TransferError, Transport


if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from poetry_aiops.system.http import Limits


BUDGET: Final = 180.0
"""Seconds over all packages of a look-up."""

_NOT_READ: Final = "its list of vulnerabilities cannot be read"


class StrictPyPIService(VulnerabilityService):  # type: ignore[misc]  # the base class is untyped
    """The vulnerabilities in the JSON of a release (the documented JSON API of the default index), read strictly.

    pip-audit's own service takes a missing list for an empty one and skips a release that is missing; here both are a
    ServiceError, and so is an answer about another release.
    """

    def __init__(self, url: str, transport: Transport, now: datetime) -> None:
        self._url = url.rstrip("/")
        self._transport = transport
        self._now = now

    def query(self, spec: Dependency) -> tuple[Dependency, list[VulnerabilityResult]]:
        """Return the vulnerabilities of one release; raises ServiceError when they are not known."""
        if not isinstance(spec, ResolvedDependency):
            return spec, []
        try:
            release = f"{quote(spec.canonical_name)}/{quote(str(spec.version))}"
            document = self._transport.get(f"{self._url}/pypi/{release}/json").json()
        except TransferError as error:
            raise ServiceError(error.reason) from error
        return spec, _vulnerabilities(document, spec, self._now)


def _vulnerabilities(document: object, spec: ResolvedDependency, now: datetime) -> list[VulnerabilityResult]:
    info = document.get("info") if isinstance(document, Mapping) else None
    listed = document.get("vulnerabilities") if isinstance(document, Mapping) else None
    if not isinstance(info, Mapping) or not isinstance(listed, list):
        raise ServiceError("its answer holds no list of vulnerabilities")
    name, version = str(info.get("name")), parsed(str(info.get("version")))
    if normalised(name) != spec.canonical_name or version != spec.version:
        raise ServiceError("its answer is about another release")
    results = [_vulnerability(one, now) for one in listed]
    return [result for result in results if result is not None]


def _vulnerability(record: object, now: datetime) -> VulnerabilityResult | None:
    """Return one entry, None for a withdrawn one; raises ServiceError for one without an id or with odd parts."""
    if not isinstance(record, Mapping):
        raise ServiceError(_NOT_READ)
    with suppress(ValueError):
        if withdrawal(record.get("withdrawn"), now):
            return None
    names = [record.get("id"), *_list(record, "aliases")]
    if not all(isinstance(name, str) and name and name == one_line(name) for name in names):
        raise ServiceError(_NOT_READ)
    fixed = filter(None, (parsed(str(text)) for text in _list(record, "fixed_in")))
    summary = str(record.get("summary") or record.get("details") or "")
    return VulnerabilityResult.create(
        ids=names, description=one_line(summary), fix_versions=sorted(fixed), published=None
    )


def _list(record: Mapping[object, object], key: str) -> list[object]:
    value = record.get(key, [])
    if not isinstance(value, list):
        raise ServiceError(_NOT_READ)
    return value


class PipAuditFeed:
    """One of pip-audit's services as a feed: each package for itself, so that one failure spoils one answer.

    ``service`` makes the service for a look-up, whose connections are those of the given transport.
    """

    def __init__(
        self,
        service: Callable[[Transport], VulnerabilityService],
        name: str,
        limits: Limits | None = None,
    ) -> None:
        self._service = service
        self._name = name
        self._limits = limits

    def look_up(self, subjects: Sequence[QueriedPackage]) -> Lookup:
        """Return an answer for each subject; what the service raises becomes the answer's failure."""
        with Transport(self._limits, BUDGET) as transport:
            ask = partial(_answer, self._service(transport))
            answers = dict(zip(subjects, transport.at_once(ask, subjects), strict=True))
        failures = [answer.failure for answer in answers.values()]
        dead = bool(failures) and all(failures)
        source = AdvisorySource(self._name)
        return Lookup(
            replace(source, reachable=False, problem=failures[0]) if dead else source,
            answers,
        )


def _answer(service: VulnerabilityService, subject: QueriedPackage) -> FeedAnswer:
    try:
        spec = ResolvedDependency(subject.name, Version(subject.version))
    except InvalidVersion:
        return FeedAnswer(failure=f'"{subject.version}" is not a PEP 440 version')
    try:
        reported, results = service.query(spec)
    except (ServiceError, OSError) as error:
        cause = error.__cause__ or error
        return FeedAnswer(
            failure=redact_addresses(" ".join(str(cause).split()))[:300] or type(cause).__name__
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        # pip-audit takes records apart without looking; one bad version ends in any of these.
        return FeedAnswer(failure=f"pip-audit could not read the answer: {type(error).__name__}: {error}")
    if isinstance(reported, SkippedDependency):
        return FeedAnswer(failure=one_line(reported.skip_reason))
    advisories = tuple(as_advisory(subject, result) for result in results)
    return FeedAnswer(advisories, frozenset(advisory.id for advisory in advisories))


def as_advisory(subject: QueriedPackage, result: VulnerabilityResult) -> Advisory:
    """Return pip-audit's model as an advisory about exactly the version that was requested."""
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
