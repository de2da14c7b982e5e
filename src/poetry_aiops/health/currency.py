"""Version currency: how far the locked versions are behind what they could be, and who holds them back.

The drift of a package is the libyear of Cox, Bouwers, van Eekelen and Visser, "Measuring Dependency Freshness in
Software Systems" (ICSE 2015): D = (release date of the newest eligible version - release date of the locked one) /
365.25 days, never below 0. Its score halves every two years: s = 100 * 2^(-D/2).
"""

from __future__ import annotations

from functools import lru_cache
from itertools import takewhile
from typing import TYPE_CHECKING, Final, Literal

from poetry.core.constraints.version import EmptyConstraint, VersionRange
from poetry.core.packages.utils.utils import get_python_constraint_from_marker

from poetry_aiops.errors import InputError
from poetry_aiops.health.metric import weighted
from poetry_aiops.index.release_records import record_key, why_not_from_index
from poetry_aiops.project import versions
from poetry_aiops.project.constraints import read_marker, read_python
from poetry_aiops.system.record import Record


if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    from poetry.core.constraints.version import VersionConstraint

    from poetry_aiops.health.demands import Demands, HeldConstraint
    from poetry_aiops.health.metric import Input, Metric
    from poetry_aiops.index.records import Cooldown
    from poetry_aiops.index.release_records import IndexRecord, IndexRecords, Release
    from poetry_aiops.project.model import Lock, Package, PackageKey


DAYS_IN_A_YEAR: Final = 365.25
HALVES_IN: Final = 2.0  # years

Obstacle = Literal["yanked", "pre-release", "needs another Python", "in the cooldown"]


class Ineligible(Record):
    """A newer release that may not be proposed, and why; ``needs`` is its requires-python where that is the reason."""

    version: str
    obstacle: Obstacle
    needs: str = ""


class Currency(Record):
    """How current one locked package is.

    ``latest`` is the newest eligible version, ``wanted`` the newest one that every constraint in the project and the
    lock allows as well (what the new version requires itself is not examined). ``held_back_by`` are the constraints
    that exclude ``latest``. ``barred`` is the newest release above ``latest`` that needs another Python or is still in
    the cooldown. ``libyears`` is
    the drift D in years, ``behind`` the number of eligible releases above the locked one.
    """

    key: PackageKey
    direct: bool
    applicable: bool = True
    answered: bool = False
    score: float | None = None
    reason: str = ""
    released: datetime | None = None
    latest: str | None = None
    latest_released: datetime | None = None
    wanted: str | None = None
    libyears: float | None = None
    behind: int | None = None
    held_back_by: tuple[HeldConstraint, ...] = ()
    barred: Ineligible | None = None


def score_of(libyears: float) -> float:
    """Return 100 * 2^(-D/2) for a drift of D years."""
    return float(100.0 * 2.0 ** (-libyears / HALVES_IN))


def libyears_between(locked: datetime, newest: datetime) -> float:
    """Return the drift in years; a newest version that was released earlier (a backport) counts as no drift."""
    return max(0.0, (newest - locked).total_seconds() / 86400 / DAYS_IN_A_YEAR)


class CurrencyOf:
    """Reads packages of one lock: the Pythons, the constraints and the cooldown are the same for all."""

    def __init__(self, lock: Lock, demands: Demands, cooldown: Cooldown, now: datetime) -> None:
        self._lock = lock
        self._demands = demands
        self._cooldown = cooldown
        self._now = now

    def package(self, package: Package, records: IndexRecords) -> Currency:
        """Return the currency of a locked package, with the reason when that is unknown."""
        direct = package.name in self._demands.direct
        elsewhere = why_not_from_index(package)
        if elsewhere:
            return Currency(package.key, direct, applicable=False, reason=elsewhere)
        record = records.of(package)
        if record is None:
            return Currency(package.key, direct, reason=records.why_missing(package))
        locked = record.release(package.version)
        if locked is None:
            return Currency(
                package.key,
                direct,
                answered=not record.stale,
                reason=record.stale or "the locked version is no longer on its index",
            )
        return self._compared(package, record, locked)

    def newer(
        self, package: Package, record: IndexRecord, locked: Release
    ) -> list[tuple[Release, Ineligible | None]]:
        """Return every release above the locked one, newest first, with the obstacle of those not eligible.

        Pre-releases are eligible where one is locked and no final release follows it.
        """
        floor = versions.public(locked.parsed)
        above = takewhile(lambda one: versions.public(one.parsed) > floor, reversed(record.releases))
        newer = [one for one in above if _is_for_this_hardware(one, package)]
        markers = package.marker_for(package.groups or ())
        needed = needed_pythons(self._lock.python_versions, markers, package.python_versions)
        looked = [(one, self._obstacle(package, one, needed)) for one in newer]
        if locked.parsed.is_prerelease and not any(obstacle is None for _, obstacle in looked):
            return [(one, self._obstacle(package, one, needed, previews=True)) for one in newer]
        return looked

    def _compared(self, package: Package, record: IndexRecord, locked: Release) -> Currency:
        newer = self.newer(package, record, locked)
        eligible = [release for release, obstacle in newer if obstacle is None]
        demands = self._demands.on(package)
        latest = eligible[0] if eligible else locked
        wanted = next((one for one in eligible if all(d.accepts(one.version) for d in demands)), locked)
        libyears = _drift(locked, latest)
        return Currency(
            key=package.key,
            direct=package.name in self._demands.direct,
            answered=not record.stale,
            score=None if libyears is None else score_of(libyears),
            reason=record.stale or ("" if libyears is not None else "its index gives no upload times"),
            released=locked.uploaded,
            latest=latest.version,
            latest_released=latest.uploaded,
            wanted=wanted.version,
            libyears=libyears,
            behind=len(eligible),
            held_back_by=tuple(d for d in demands if eligible and not d.accepts(latest.version)),
            barred=next((bar for one, bar in newer if _is_bar(bar) and one.parsed > latest.parsed), None),
        )

    def _obstacle(
        self, package: Package, release: Release, needed: VersionConstraint, *, previews: bool = False
    ) -> Ineligible | None:
        """Return why a release may not be proposed: yanked, a pre-release, another Python, or too young."""
        if release.yanked is not None:
            return Ineligible(release.version, "yanked")
        if release.parsed.is_prerelease and not previews:
            return Ineligible(release.version, "pre-release")
        if not fits(release.requires_python, needed):
            return Ineligible(release.version, "needs another Python", " or ".join(release.requires_python))
        if self._is_young(package, release):
            return Ineligible(release.version, "in the cooldown")
        return None

    def _is_young(self, package: Package, release: Release) -> bool:
        """Say whether a file of the release is younger than the cooldown; without upload times it is not (as Poetry)."""
        age: timedelta = self._cooldown.for_package(*record_key(package))
        return bool(age) and release.last_upload is not None and self._now - release.last_upload < age


def currency_metric(rated: Sequence[Currency], cooldown: Cooldown) -> Metric:
    """Return the metric of the lock: a weighted mean, and the libyears of all packages added up.

    A package counts once with its worst build, however many builds of it are locked.
    """
    drifts: dict[str, float] = {}
    for one in rated:
        if one.libyears is not None:
            drifts[one.key[0]] = max(one.libyears, drifts.get(one.key[0], 0.0))
    direct = {one.key[0] for one in rated if one.direct}
    inputs: dict[str, Input] = {
        "libyears": round(sum(drifts.values()), 2),
        "libyears_direct": round(sum(drift for name, drift in drifts.items() if name in direct), 2),
        "outdated": len({one.key[0] for one in rated if one.behind}),
        "held_back": len({one.key[0] for one in rated if one.behind and one.held_back_by}),
        "cooldown_days": cooldown.days,
    }
    return weighted("currency", rated, inputs)


def _drift(locked: Release, latest: Release) -> float | None:
    if locked is latest:
        return 0.0
    if locked.uploaded is None or latest.uploaded is None:
        return None
    return libyears_between(locked.uploaded, latest.uploaded)


def _is_for_this_hardware(release: Release, package: Package) -> bool:
    """Say whether a release has the build tag of the locked one (``+cu126``), or none."""
    return release.parsed.local in {None, package.version.partition("+")[2]}


def _is_bar(barred: Ineligible | None) -> bool:
    """Say whether a release is out of reach for a reason that a person can do something about."""
    return barred is not None and barred.obstacle in {"needs another Python", "in the cooldown"}


def fits(requires_python: tuple[str, ...], needed: VersionConstraint) -> bool:
    """Say whether one of a release's ``requires_python`` values allows every Python in ``needed``."""
    return any(_holds(text, needed) for text in requires_python)


@lru_cache(maxsize=4096)
def _holds(text: str, needed: VersionConstraint) -> bool:
    return _allowed(text).allows_all(needed)


@lru_cache(maxsize=1024)
def needed_pythons(project: str, markers: tuple[str, ...], locked: str) -> VersionConstraint:
    """Return the Pythons that a locked package must work with.

    ``project`` is the Python constraint of the lock, ``markers`` are alternatives of which one must hold, ``locked``
    is the Python constraint of the locked version: where that does not hold, the package is not installed (formats
    before 2.1 have no markers).
    """
    found = _allowed(project).intersect(_allowed(locked))
    if not markers or "" in markers:
        return found
    marked: VersionConstraint = EmptyConstraint()
    for marker in markers:
        marked = marked.union(_of_marker(marker))
    return found.intersect(marked)


def _allowed(constraint: str) -> VersionConstraint:
    """Return the Pythons that a constraint allows; text that is none allows all, as pip reads it."""
    try:
        return read_python(constraint)
    except InputError:
        return VersionRange()


def _of_marker(marker: str) -> VersionConstraint:
    """Return the Pythons with which a marker holds on some platform; an unreadable one holds with all."""
    try:
        return get_python_constraint_from_marker(read_marker(marker))
    except InputError:
        return VersionRange()
