"""What the reports of ``poetry health`` read: one frozen value, filled by the command.

Every format is a pure function of a ``HealthReport``: the same value gives the same bytes. Texts in it may come from
anybody who can write an advisory or a package; each format makes them inert by itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from poetry_aiops.health.gate import Gate, Rules
from poetry_aiops.system.record import Record


if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from poetry_aiops.health.advisory import Audit, PackageAudit
    from poetry_aiops.health.against import FindingChanges
    from poetry_aiops.health.currency import Currency
    from poetry_aiops.health.fixes import ProposedFix
    from poetry_aiops.health.history import TrendPoint
    from poetry_aiops.health.ignores import IdleIgnore, Ignored
    from poetry_aiops.health.maintenance import Maintenance
    from poetry_aiops.health.metric import Metric
    from poetry_aiops.health.news import News
    from poetry_aiops.health.popularity import Popularity
    from poetry_aiops.health.score import Score
    from poetry_aiops.health.signals import Signal
    from poetry_aiops.index.licences import Licence
    from poetry_aiops.index.release_records import IndexUse
    from poetry_aiops.project.model import Package, PackageKey


class Location(Record):
    """The line (from 1) of pyproject.toml that pulls a package in, and of its entry in poetry.lock."""

    pyproject: int | None = None
    lock: int | None = None


class PackageRow(Record):
    """One locked package and what each metric found about it; None for what was not requested or is unknown.

    ``direct`` says that the project requires it by name. ``via`` is a shortest chain of names from a direct
    dependency down to a package that requires this one; empty for a direct one.
    """

    package: Package
    direct: bool = False
    via: tuple[str, ...] = ()
    audit: PackageAudit | None = None
    currency: Currency | None = None
    maintenance: Maintenance | None = None
    popularity: Popularity | None = None
    signals: tuple[Signal, ...] = ()
    licence: Licence | None = None


@dataclass(frozen=True, slots=True, eq=False)
class HealthReport:
    """Everything that a report of ``poetry health`` shows.

    ``generated`` is an aware time; the caller honours ``SOURCE_DATE_EPOCH``. ``tool_version`` is this program's.
    ``audit`` is None when security was not requested. ``metrics`` are those that were requested, in any order.
    ``packages`` are in lock order. ``indexes`` say how the package indexes were used. ``scope`` says what a
    narrowed report covers (``groups main, dev``), empty for the whole lock. ``folder`` is the project's folder
    relative to the repository (``services/api``), empty for its root; files in SARIF and annotations start with it.
    ``lock_digest`` is that of the lock's packages. ``notes`` are warnings of the run. ``change`` compares the lock with a
    base, None where it was not requested.
    """

    generated: datetime
    project: str
    score: Score
    audit: Audit | None = None
    metrics: tuple[Metric, ...] = ()
    gate: Gate = field(default_factory=Gate)
    rules: Rules = field(default_factory=Rules)
    packages: tuple[PackageRow, ...] = ()
    indexes: tuple[IndexUse, ...] = ()
    ignored: tuple[Ignored, ...] = ()
    idle: tuple[IdleIgnore, ...] = ()
    news: News | None = None
    trend: tuple[TrendPoint, ...] = ()
    fixes: tuple[ProposedFix, ...] = ()
    locations: Mapping[PackageKey, Location] = field(default_factory=lambda: MappingProxyType({}))
    lock_digest: str = ""
    scope: str = ""
    folder: str = ""
    tool_version: str = ""
    project_version: str = ""
    notes: tuple[str, ...] = ()
    change: FindingChanges | None = None

    @property
    def ignored_names(self) -> frozenset[tuple[PackageKey, str]]:
        """The builds and names of the findings that an ignore takes out of the count."""
        found = (one.finding for one in self.ignored)
        return frozenset((key, name) for one in found for key in one.builds for name in one.names)

    @property
    def complete(self) -> bool:
        """Whether nothing is open, so that "no findings" means "none known"."""
        return not self.gate.incomplete and not any(one.open_questions for one in self.metrics)
