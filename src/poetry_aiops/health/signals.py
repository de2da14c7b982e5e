"""Supply-chain signals: facts about a locked release that its own index gives, before any advisory does."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from poetry.core.constraints.version import parse_constraint

from poetry_aiops.health.maintenance import status_of
from poetry_aiops.index.release_records import why_not_from_index
from poetry_aiops.system.record import Record


if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime, timedelta

    from poetry_aiops.index.release_records import IndexRecord, IndexRecords, Release
    from poetry_aiops.project.model import Package, PackageKey


ENDS: Final[Mapping[str, date]] = {
    "3.6": date(2021, 12, 23),
    "3.7": date(2023, 6, 27),
    "3.8": date(2024, 10, 7),
    "3.9": date(2025, 10, 31),
    "3.10": date(2026, 10, 31),
    "3.11": date(2027, 10, 31),
    "3.12": date(2028, 10, 31),
    "3.13": date(2029, 10, 31),
    "3.14": date(2030, 10, 31),
}
"""Until when each Python gets security fixes (https://devguide.python.org/versions/, read 2026-11)."""


class SignalKind(StrEnum):
    """What a signal is about, the most severe first."""

    QUARANTINED = "quarantined"
    GONE = "gone"
    YANKED = "yanked"
    PROVENANCE_LOST = "provenance-lost"
    ARCHIVED = "archived"
    DEPRECATED = "deprecated"
    INACTIVE = "inactive"
    YOUNG = "young"
    SDIST_ONLY = "sdist-only"
    NO_PROVENANCE = "no-provenance"
    PYTHON_END_OF_LIFE = "python-end-of-life"

    @property
    def is_grave(self) -> bool:
        """Whether the release or the project was taken back, or could have been taken over."""
        return self in _GRAVE


FAILING: Final = frozenset({SignalKind.QUARANTINED, SignalKind.GONE})
"""What fails the gate where the project does not say otherwise: such a release cannot or must not be installed."""
_GRAVE: Final = frozenset(
    {SignalKind.QUARANTINED, SignalKind.GONE, SignalKind.YANKED, SignalKind.PROVENANCE_LOST}
)
_STATUS_WORDS: Final = {
    "quarantined": "the index has quarantined the project: it may be malicious",
    "archived": "the project is archived: expect no more releases",
    "deprecated": "the project is deprecated",
    "inactive": 'the project calls itself "7 - Inactive"',
}


class Signal(Record):
    """One signal of one locked package; ``message`` is a sentence, texts of the index in it are on one line."""

    key: PackageKey
    kind: SignalKind
    message: str


def signals_of(
    package: Package, records: IndexRecords, *, now: datetime, young: timedelta
) -> tuple[Signal, ...]:
    """Return the signals of one locked package, the most severe first; none for what its index does not report.

    ``young`` is the age below which a locked release is reported as too young.
    """
    record = None if why_not_from_index(package) else records.of(package)
    if record is None:
        return ()
    locked = record.release(package.version)
    found = [*_of_project(record)]
    if locked is None and not record.stale:
        found.append((SignalKind.GONE, f"{package.version} is no longer on {record.source}"))
    elif locked is not None:
        found += [*_of_release(locked), *_of_age(locked, now, young), *_of_provenance(record, locked)]
    order = list(SignalKind)
    return tuple(Signal(package.key, *one) for one in sorted(found, key=lambda one: order.index(one[0])))


def _of_project(record: IndexRecord) -> Iterator[tuple[SignalKind, str]]:
    status = status_of(record.about)
    if status in _STATUS_WORDS:
        reason = record.about.status_reason
        yield SignalKind(status), _STATUS_WORDS[status] + (f" ({reason})" if reason else "")


def _of_release(locked: Release) -> Iterator[tuple[SignalKind, str]]:
    if locked.yanked is not None:
        reason = locked.yanked or "no reason is given"
        yield SignalKind.YANKED, f"{locked.version} was yanked: {reason}"
    if locked.has_sdist and not locked.has_wheel:
        yield SignalKind.SDIST_ONLY, f"{locked.version} has no wheel: installing it runs its build script"


def _of_age(locked: Release, now: datetime, young: timedelta) -> Iterator[tuple[SignalKind, str]]:
    """Tell of a release that few eyes have seen; most malicious releases are found within days."""
    if locked.uploaded is not None and now - locked.uploaded < young:
        age = max(0, (now - locked.uploaded).days)
        days = "today" if age == 0 else "a day ago" if age == 1 else f"{age} days ago"
        yield SignalKind.YOUNG, f"{locked.version} was released {days}"


def _of_provenance(record: IndexRecord, locked: Release) -> Iterator[tuple[SignalKind, str]]:
    """Tell of a release without attestations (PEP 740), and above all of one that lost them."""
    if locked.provenance is not False:
        return
    before = next(
        (one for one in reversed(record.releases) if one.parsed < locked.parsed and _is_final(one)), None
    )
    if before is not None and before.provenance:
        message = f"{locked.version} has no provenance, although {before.version} before it has"
        yield SignalKind.PROVENANCE_LOST, message
    else:
        yield SignalKind.NO_PROVENANCE, f"{locked.version} has no provenance for every file"


def _is_final(release: Release) -> bool:
    return not release.parsed.is_prerelease and release.yanked is None


def ended_pythons(python_versions: str, today: date) -> tuple[str, ...]:
    """Return the Pythons that a constraint allows and that get no more security fixes, oldest first."""
    try:
        allowed = parse_constraint(python_versions)
    except ValueError:
        return ()
    return tuple(
        minor
        for minor, end in ENDS.items()
        if end < today and allowed.allows_any(parse_constraint(f"~{minor}"))
    )


def end_in_words(ended: tuple[str, ...]) -> str:
    """Return what to know about Pythons that have ended."""
    newest = ended[-1]
    names = newest if len(ended) == 1 else f"{ended[0]} to {newest}"
    return f"the project allows Python {names}, without security fixes since {ENDS[newest].isoformat()}"
