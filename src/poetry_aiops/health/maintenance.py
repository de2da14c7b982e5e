"""Maintenance: whether releases still come, and whether more than one person can make them.

M = 100 * (0.6 * 2^(-max(0, A - 0.5) / 1.5) + 0.3 * min(1, n24 / 4) + 0.1 * [two or more owners]), with A the years
since the last release and n24 the releases of the last 24 months. The half year of grace, the half-life of 18 months
and the weights are this project's own choice, not a measured law. An unknown number of owners leaves
its tenth out and is said so. A status of PEP 792 other than active, or the classifier "7 - Inactive", caps M.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from poetry_aiops.health.currency import DAYS_IN_A_YEAR
from poetry_aiops.health.metric import weighted
from poetry_aiops.index.release_records import why_not_from_index
from poetry_aiops.system.record import Record


if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from poetry_aiops.health.metric import Input, Metric
    from poetry_aiops.index.release_records import About, IndexRecord, IndexRecords
    from poetry_aiops.project.model import Package, PackageKey


INACTIVE: Final = "inactive"
CAPS: Final = {"quarantined": 0.0, "archived": 20.0, "deprecated": 20.0, INACTIVE: 20.0}

_RECENT: Final = 0.6
_FREQUENT: Final = 0.3
_SHARED: Final = 0.1
_GRACE: Final = 0.5  # years
_HALVES_IN: Final = 1.5  # years
_WINDOW: Final = 2.0  # years
_ENOUGH_RELEASES: Final = 4
_ENOUGH_OWNERS: Final = 2
_LONG_AGO: Final = 2.0  # years


class Maintenance(Record):
    """How well one locked package is looked after.

    ``years`` is A, ``releases_24_months`` n24. ``owners`` is None with ``owners_reason`` where the index does not
    report. ``status`` is PEP 792's, ``inactive`` for the classifier, None where the index speaks of neither.
    """

    key: PackageKey
    direct: bool
    applicable: bool = True
    answered: bool = False
    score: float | None = None
    reason: str = ""
    last_release: datetime | None = None
    years: float | None = None
    releases_24_months: int | None = None
    owners: int | None = None
    owners_reason: str = ""
    status: str | None = None
    status_reason: str = ""


def score_of(years: float, releases: int, owners: int | None, status: str | None) -> float:
    """Return M for A years since the last release, n24 releases, and the owners when they are known."""
    parts = [
        (_RECENT, 2.0 ** (-max(0.0, years - _GRACE) / _HALVES_IN)),
        (_FREQUENT, min(1.0, releases / _ENOUGH_RELEASES)),
    ]
    if owners is not None:
        parts.append((_SHARED, 1.0 if owners >= _ENOUGH_OWNERS else 0.0))
    value = 100.0 * sum(weight * part for weight, part in parts) / sum(weight for weight, _ in parts)
    return float(min(value, CAPS.get(status or "", 100.0)))


def maintenance_of(package: Package, records: IndexRecords, *, direct: bool, now: datetime) -> Maintenance:
    """Return how well a locked package is looked after, with the reason when that is unknown."""
    elsewhere = why_not_from_index(package)
    if elsewhere:
        return Maintenance(package.key, direct, applicable=False, reason=elsewhere)
    record = records.of(package)
    if record is None:
        return Maintenance(package.key, direct, reason=records.why_missing(package))
    return _from_record(package, record, direct, now)


def status_of(about: About) -> str | None:
    """Return the project's status; a classifier counts where the index itself has nothing to object."""
    if about.status in CAPS:
        return about.status
    return INACTIVE if about.inactive else about.status


def maintenance_metric(rated: Sequence[Maintenance]) -> Metric:
    """Return the metric of the lock, a weighted mean."""
    inputs: dict[str, Input] = {
        "no_release_in_2_years": sum(one.years is not None and one.years > _LONG_AGO for one in rated),
        "capped_by_status": sum(one.status in CAPS for one in rated),
        "owners_known": sum(one.owners is not None for one in rated),
    }
    return weighted("maintenance", rated, inputs)


def _from_record(package: Package, record: IndexRecord, direct: bool, now: datetime) -> Maintenance:  # noqa: FBT001 - a fact of the package, not a switch
    dates = [release.uploaded for release in record.releases if release.uploaded and release.yanked is None]
    about = record.about
    status = status_of(about)
    if not dates:
        reason = "its index gives no upload times" if record.releases else "its index lists no release"
        return Maintenance(
            package.key,
            direct,
            answered=not record.stale,
            reason=record.stale or reason,
            status=status,
            status_reason=about.status_reason,
        )
    ages = [(now - date).total_seconds() / 86400 / DAYS_IN_A_YEAR for date in dates]
    years, recent = max(0.0, min(ages)), sum(age <= _WINDOW for age in ages)
    return Maintenance(
        key=package.key,
        direct=direct,
        answered=not record.stale,
        score=score_of(years, recent, about.owners, status),
        reason=record.stale,
        last_release=max(dates),
        years=years,
        releases_24_months=recent,
        owners=about.owners,
        owners_reason=about.owners_reason,
        status=status,
        status_reason=about.status_reason,
    )
