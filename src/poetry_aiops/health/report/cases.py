"""What a report lists, in the order in which every format lists it: findings, signals, packages that were not audited."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from poetry_aiops.health.advisory import Severity, Status
from poetry_aiops.health.security import RISK
from poetry_aiops.health.signals import SignalKind
from poetry_aiops.system.addresses import redact_addresses
from poetry_aiops.system.record import Record
from poetry_aiops.system.text import one_line


if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from poetry_aiops.health.advisory import Finding
    from poetry_aiops.health.ignores import Ignore
    from poetry_aiops.health.report.model import HealthReport, PackageRow
    from poetry_aiops.health.signals import Signal


WORST_FIRST: Final = tuple(sorted(Severity, key=lambda one: (-RISK[one], one is not Severity.UNKNOWN)))
"""Critical, high, unknown, medium, low: an unknown severity weighs as a medium one and is listed before it."""

PYPROJECT: Final = "pyproject.toml"
LOCK: Final = "poetry.lock"
_UNSAFE: Final = re.compile(rb"[^A-Za-z0-9._~/-]")


class FindingRows(Record):
    """One finding and the rows of the builds that it concerns; ``ignore`` is the entry that takes it out of the count."""

    finding: Finding
    rows: tuple[PackageRow, ...]
    ignore: Ignore | None = None

    @property
    def row(self) -> PackageRow:
        """The first of the builds: the one that a reader is sent to."""
        return self.rows[0]

    @property
    def severity(self) -> tuple[int, float, str]:
        """What findings are ordered by: known to be exploited, severity, score, id."""
        finding = self.finding
        place = -1 if finding.exploited else WORST_FIRST.index(finding.severity)
        return place, -(finding.cvss or 0.0), finding.id


def cases(report: HealthReport) -> tuple[FindingRows, ...]:
    """Return the findings that count, the most severe packages first, each package's findings together."""
    ignored = {one.finding.identity for one in report.ignored}
    found = [one for one in report.audit.findings if one.identity not in ignored] if report.audit else []
    groups = _by_package(sorted(_cases(report, [(one, None) for one in found]), key=lambda one: one.severity))
    groups.sort(key=lambda group: (group[0].severity[0], -len(group), group[0].row.package.name))
    return tuple(case for group in groups for case in group)


def by_package(report: HealthReport) -> list[list[FindingRows]]:
    """Return the findings that count, grouped by package; against a base those that the change brings."""
    change = report.change
    new = None if change is None else {finding.identity for finding in change.new}
    return _by_package(case for case in cases(report) if new is None or case.finding.identity in new)


def ignored_cases(report: HealthReport) -> tuple[FindingRows, ...]:
    """Return the findings that an ignore takes out of the count, in the order of the report."""
    return tuple(_cases(report, [(one.finding, one.ignore) for one in report.ignored]))


def signalled(report: HealthReport) -> list[tuple[PackageRow, Signal]]:
    """Return every signal with its row, the most severe kinds first."""
    order = {kind: place for place, kind in enumerate(SignalKind)}
    found = [(row, signal) for row in report.packages for signal in row.signals]
    return sorted(found, key=lambda one: (order[one[1].kind], one[0].package.name))


def open_audits(report: HealthReport) -> tuple[PackageRow, ...]:
    """Return the rows of which it is unknown whether they are vulnerable."""
    return tuple(row for row in report.packages if row.audit and row.audit.status is Status.FAILED)


def folded(rows: Sequence[PackageRow]) -> list[tuple[str, tuple[str, ...]]]:
    """Return each reason for which packages were not audited, with the packages; the most frequent first."""
    found: dict[str, dict[str, None]] = {}
    for row in rows:
        name = f"{row.package.name} {row.package.version}"
        found.setdefault(row.audit.reason if row.audit else "", {})[name] = None
    return sorted(((why, tuple(names)) for why, names in found.items()), key=lambda one: -len(one[1]))


def place_of(report: HealthReport, row: PackageRow | None) -> tuple[str, int | None]:
    """Return the file and line that a person can change: pyproject.toml's, else the entry in poetry.lock."""
    place = report.locations.get(row.package.key) if row else None
    if place is None or place.pyproject is not None or place.lock is None:
        return in_repository(report, PYPROJECT), place.pyproject if place else None
    return in_repository(report, LOCK), place.lock


def in_repository(report: HealthReport, name: str) -> str:
    """Return a file of the project relative to the repository, with ``/`` and without steps upwards."""
    folder = redact_addresses(one_line(report.folder)).replace("\\", "/")
    parts = [part for part in folder.split("/") if part not in {"", ".", ".."}]
    return "/".join([*parts, name])


def as_uri(path: str) -> str:
    """Return a relative path as a URI reference (RFC 3986), everything else than plain letters percent-encoded."""
    return _UNSAFE.sub(lambda match: b"%%%02X" % match[0][0], path.encode("utf-8", "replace")).decode("ascii")


def _by_package(found: Iterable[FindingRows]) -> list[list[FindingRows]]:
    groups: dict[str, list[FindingRows]] = {}
    for case in found:
        groups.setdefault(case.finding.package, []).append(case)
    return list(groups.values())


def _cases(report: HealthReport, found: Iterable[tuple[Finding, Ignore | None]]) -> list[FindingRows]:
    rows = {row.package.key: row for row in report.packages}
    concerned = ((one, tuple(rows[key] for key in one.builds if key in rows), why) for one, why in found)
    return [FindingRows(*one) for one in concerned if one[1]]
