"""One look at a lock: what every metric says, what the gate makes of it, and what is new since the last look."""

from __future__ import annotations

import hashlib
import json
import os

from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING
from typing import assert_never
from urllib.parse import urlsplit

import poetry_aiops

from poetry_aiops.adapters.indexes.downloads import download_counts
from poetry_aiops.adapters.indexes.downloads import services_from
from poetry_aiops.adapters.indexes.pypi_address import default_index_host
from poetry_aiops.adapters.indexes.records import Freshness
from poetry_aiops.adapters.indexes.records import IndexAccess
from poetry_aiops.adapters.indexes.records import cache_folder
from poetry_aiops.adapters.indexes.records import cooldown_of
from poetry_aiops.adapters.indexes.records import index_records
from poetry_aiops.adapters.indexes.source import sources_of
from poetry_aiops.adapters.indexes.source import stand_ins_of
from poetry_aiops.adapters.reports_folder import read_report
from poetry_aiops.errors import UsageError
from poetry_aiops.hardware.frameworks import load_frameworks
from poetry_aiops.health.applicability import Origins
from poetry_aiops.health.certificate import Ground
from poetry_aiops.health.currency import CurrencyOf
from poetry_aiops.health.currency import currency_metric
from poetry_aiops.health.depth import depth_metric
from poetry_aiops.health.gate import Facts
from poetry_aiops.health.gate import judge
from poetry_aiops.health.history import Run
from poetry_aiops.health.history import appended
from poetry_aiops.health.history import entry_of
from poetry_aiops.health.history import read_history
from poetry_aiops.health.history import trend
from poetry_aiops.health.ignores import Sorted
from poetry_aiops.health.ignores import apply_ignores
from poetry_aiops.health.maintenance import maintenance_metric
from poetry_aiops.health.maintenance import maintenance_of
from poetry_aiops.health.news import news
from poetry_aiops.health.popularity import popularity_metric
from poetry_aiops.health.popularity import popularity_of
from poetry_aiops.health.popularity import public_names
from poetry_aiops.health.records import why_not_from_index
from poetry_aiops.health.score import score_of
from poetry_aiops.health.score import security_metric
from poetry_aiops.health.security import audit
from poetry_aiops.health.signals import signals_of
from poetry_aiops.project.lines import asking_line
from poetry_aiops.project.lines import lock_lines
from poetry_aiops.project.lines import requirement_lines
from poetry_aiops.project.model import MAIN
from poetry_aiops.report.health.formats import report_text
from poetry_aiops.report.health.model import HealthReport
from poetry_aiops.report.health.model import Location
from poetry_aiops.report.health.rows import RatedPackages
from poetry_aiops.report.health.rows import package_rows
from poetry_aiops.runs.health.feeds import feeds_of
from poetry_aiops.runs.health.request import LATEST
from poetry_aiops.system.reading import read_file


if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Mapping
    from pathlib import Path

    from poetry.poetry import Poetry

    from poetry_aiops.adapters.reports_folder import Content
    from poetry_aiops.health.advisory import Audit
    from poetry_aiops.health.cooldown import Cooldown
    from poetry_aiops.health.currency import Currency
    from poetry_aiops.health.demands import Demands
    from poetry_aiops.health.history import Entry
    from poetry_aiops.health.history import History
    from poetry_aiops.health.maintenance import Maintenance
    from poetry_aiops.health.metric import Metric
    from poetry_aiops.health.metric import MetricName
    from poetry_aiops.health.news import News
    from poetry_aiops.health.popularity import Popularity
    from poetry_aiops.health.records import IndexRecords
    from poetry_aiops.health.security import Feeds
    from poetry_aiops.health.signals import Signal
    from poetry_aiops.project.model import Lock
    from poetry_aiops.project.model import Package
    from poetry_aiops.project.model import PackageKey
    from poetry_aiops.project.model import Project
    from poetry_aiops.runs.health.request import HealthRequest


HISTORY = "history.jsonl"
_DEVELOPMENT = frozenset({"dev", "test", "tests", "docs", "doc", "lint", "typing", "ci", "format"})


@dataclass(frozen=True)
class Subject:
    """What is looked at: the project, its whole lock, and the hardware variants among its groups."""

    poetry: Poetry
    project: Project
    lock: Lock
    variants: frozenset[str] = frozenset()


@dataclass
class HealthLook:
    """Everything of one look, computed once; ``progress`` hears of it."""

    subject: Subject
    request: HealthRequest
    progress: Callable[[str, int, int], None] = lambda what, done, total: None  # noqa: ARG005 - named for callers
    notes: list[str] = field(default_factory=list)

    # -- what is looked at ---------------------------------------------------------------------------------

    @cached_property
    def packages(self) -> tuple[Package, ...]:
        """The locked packages in scope: all, unless ``--only`` or ``--without`` narrow it."""
        request, lock = self.request, self.subject.lock
        if not request.only and not request.without:
            return lock.packages
        if not lock.has_groups:
            raise UsageError(
                "this poetry.lock does not record which group brings a package",
                where="--only/--without",
                hint="Run `poetry lock` with a current Poetry.",
            )
        project = self.subject.project
        kept = {project.group(name).name for name in request.only} or set(project.groups)
        kept -= {project.group(name).name for name in request.without}
        return tuple(package for package in lock.packages if kept & set(package.groups or ()))

    @property
    def scope(self) -> str:
        """The narrowed scope in words."""
        parts = [f"only {', '.join(sorted(self.request.only))}"] if self.request.only else []
        parts += [f"without {', '.join(sorted(self.request.without))}"] if self.request.without else []
        return "; ".join(parts)

    @cached_property
    def ground(self) -> Ground:
        return Ground(self.subject.lock, self.subject.project)

    @property
    def demands(self) -> Demands:
        return self.ground.demands

    @cached_property
    def lock_problems(self) -> tuple[str, ...]:
        """Why the lock may not be what pyproject.toml asks for: what it holds then says little about the project."""
        found = []
        try:
            if not self.subject.poetry.locker.is_fresh():
                found.append("poetry.lock does not match pyproject.toml; run `poetry lock`")
        except (RuntimeError, ValueError) as error:
            why = " ".join(str(error).split())
            found.append(f"Poetry cannot tell whether poetry.lock matches pyproject.toml: {why}")
        if self.ground.gaps:
            found.append(f"poetry.lock lacks what pyproject.toml asks for: {', '.join(self.ground.gaps)}")
        return tuple(found)

    @cached_property
    def origins(self) -> Origins:
        torch = urlsplit(load_frameworks().torch_index).hostname or ""
        pool = self.subject.poetry.pool
        return Origins(
            frozenset({torch, default_index_host()}),
            self.request.public_sources,
            stand_ins_of(pool),
            {name: source.url for name, source in sources_of(pool).items()},
        )

    @property
    def folder(self) -> Path:
        return cache_folder(self.subject.poetry.config).parent

    def _wants(self, *names: str) -> bool:
        return bool(set(names) & set(self.request.metrics))

    # -- security --------------------------------------------------------------------------------------------

    @property
    def audit(self) -> Audit | None:
        return self.asked_audit if self._wants("security") else None

    @cached_property
    def asked_audit(self) -> Audit:
        return audit(self.packages, self.feeds, self.origins, self._development_groups())

    @cached_property
    def feeds(self) -> Feeds:
        return feeds_of(self.request, self.folder / "advisories", self.progress)

    def _development_groups(self) -> frozenset[str]:
        """Return the groups that never reach production: not main, not a variant, and on by default or named so."""
        return frozenset(
            group.name
            for group in self.subject.project.groups.values()
            if group.name not in {MAIN, *self.subject.variants}
            and (not group.optional or group.name in _DEVELOPMENT)
        )

    # -- what the indexes say -----------------------------------------------------------------------------

    @cached_property
    def records(self) -> IndexRecords | None:
        if not self._wants("currency", "maintenance") and not self.request.rules.fail_on_signals:
            return None
        poetry = self.subject.poetry
        access = IndexAccess(
            poetry.pool,
            poetry.config,
            cache_folder(poetry.config),
            Freshness(offline=self.request.offline),
        )
        return index_records(
            self.packages,
            access,
            owners_of=self.demands.direct if self._wants("maintenance") else frozenset(),
            now=self.request.clock,
            on_progress=lambda done, total: self.progress("packages", done, total),
        )

    @cached_property
    def rated(self) -> RatedPackages:
        """What each metric says of each package."""
        records, now, direct = self.records, self.request.now, self.demands.direct
        currency: list[Currency] = []
        signals: list[Signal] = []
        maintenance: list[Maintenance] = []
        popularity: list[Popularity] = []
        if records is not None:
            young = timedelta(days=self.request.policy.young_days)
            look = CurrencyOf(self.subject.lock, self.demands, self._cooldown(), now)
            for package in self.packages:
                rated = look.package(package, records)
                currency.append(rated)
                signals += signals_of(package, records, rated, now=now, young=young)
                is_direct = package.name in direct
                maintenance.append(maintenance_of(package, records, direct=is_direct, now=now))
        if self._wants("popularity"):
            popularity = self._popularity()
        return RatedPackages(
            self.audit,
            currency if self._wants("currency") else (),
            maintenance if self._wants("maintenance") else (),
            popularity,
            signals,
        )

    def _cooldown(self) -> Cooldown:
        return cooldown_of(self.subject.poetry.config)

    def _popularity(self) -> list[Popularity]:
        services = replace(services_from(os.environ), offline=self.request.offline)
        counts = download_counts(
            public_names(self.packages, self.origins),
            services,
            self.folder / "downloads",
            now=self.request.clock,
        )
        direct = self.demands.direct
        return [
            popularity_of(package, counts, self.origins, direct=package.name in direct)
            for package in self.packages
        ]

    # -- judging ---------------------------------------------------------------------------------------------

    @cached_property
    def metrics(self) -> tuple[Metric, ...]:
        return tuple(self._metric(name) for name in self.request.metrics)

    def _metric(self, name: MetricName) -> Metric:
        rated = self.rated
        match name:
            case "security":
                return security_metric(self.asked_audit, self.sorted.active, self.selections)
            case "currency":
                return currency_metric(rated.currency, self._cooldown())
            case "maintenance":
                return maintenance_metric(rated.maintenance)
            case "popularity":
                return popularity_metric(rated.popularity)
            case "depth":
                lock = replace(self.subject.lock, packages=self.packages)
                return depth_metric(lock, self.subject.project)
            case _:
                assert_never(name)

    @property
    def selections(self) -> tuple[frozenset[str], ...]:
        """The groups that can be installed together: all that are no variant, with one variant each."""
        groups, variants = frozenset(self.subject.project.groups), self.subject.variants
        return tuple(groups - variants | {one} for one in variants) or (groups,)

    @cached_property
    def sorted(self) -> Sorted:
        if self.audit is None:
            return Sorted(())
        complete = self.audit.complete and not self.scope
        today = self.request.clock.date()
        return apply_ignores(self.audit.findings, self.request.policy.ignores, today, complete=complete)

    @cached_property
    def facts(self) -> Facts:
        records = self.records
        unseen = (
            tuple(
                package.name
                for package in self.packages
                if not why_not_from_index(package) and records.of(package) is None
            )
            if records is not None
            else ()
        )
        refused = tuple(use.refused for use in records.uses if use.refused) if records is not None else ()
        return Facts(
            self.metrics,
            self.sorted.active,
            tuple(self.rated.signals),
            unseen,
            score_of(self.metrics),
            refused,
            self.history_text[1],
            self.lock_problems,
        )

    @cached_property
    def report(self) -> HealthReport:
        """The whole look, ready for every format."""
        facts, history = self.facts, self.history
        project = self.subject.project
        return HealthReport(
            generated=self.request.now,
            project=project.name or project.path.parent.name,
            score=score_of(self.metrics),
            audit=self.audit,
            metrics=self.metrics,
            gate=judge(self.request.rules, facts),
            rules=self.request.rules,
            packages=package_rows(self.packages, self.demands, self.rated),
            indexes=self.records.uses if self.records is not None else (),
            ignored=self.sorted.ignored,
            idle=self.sorted.idle,
            news=self.news,
            trend=trend(replace(history, entries=(*history.entries, self.entry))) if history.entries else (),
            locations=self._locations(),
            lock_digest=self.subject.lock.packages_digest,
            scope=self.scope,
            tool_version=poetry_aiops.__version__,
            project_version=project.version,
            notes=tuple(self.notes),
        )

    def _locations(self) -> Mapping[PackageKey, Location]:
        lock, project = self.subject.lock, self.subject.project
        lines = lock_lines(read_file(lock.path).decode("utf-8", "replace"))
        asked = requirement_lines(read_file(project.path).decode("utf-8", "replace"))
        places = dict(zip((package.key for package in lock.packages), lines, strict=False))
        rows = package_rows(self.packages, self.demands, RatedPackages())
        return {
            row.package.key: Location(
                asking_line(asked, (row.package.name, *row.via[:1]), row.package.groups or ()),
                places.get(row.package.key),
            )
            for row in rows
        }

    # -- remembering -----------------------------------------------------------------------------------------

    @cached_property
    def history_text(self) -> tuple[str, tuple[str, ...]]:
        """The text of the history, and why it cannot be read, so that nobody can tell what is new."""
        try:
            return read_report(self.request.reports / HISTORY), ()
        except OSError as error:
            return "", (f"{HISTORY} cannot be read: {error.strerror}; what is new is not known",)

    @cached_property
    def history(self) -> History:
        """The runs before that looked at the same."""
        return read_history(self.history_text[0]).comparable(self.entry)

    @cached_property
    def entry(self) -> Entry:
        lock = hashlib.sha256(read_file(self.subject.lock.path)).hexdigest()
        packages = frozenset(f"{package.name}=={package.version}" for package in self.packages)
        gate = judge(self.request.rules, self.facts)
        ignored = [one.finding.id for one in self.sorted.ignored]
        return entry_of(
            Run(self.request.now, lock, packages, self.scope),
            self.facts,
            self.audit,
            ignored,
            gate.incomplete,
        )

    @cached_property
    def news(self) -> News:
        return news(self.entry, self.history)

    def to_keep(self, report: HealthReport) -> Mapping[str, Content]:
        """Return what goes into the folder of reports.

        The last report stays the last complete one of the whole lock, as others (``poetry graph``) rely on it: a
        narrowed run does not touch it, and a run with open questions replaces only another such one.
        """
        history: dict[str, Content] = {HISTORY: lambda before: appended(before, self.entry)}
        if self.request.is_narrowed:
            return history
        text = report_text(report, "json")
        return {
            LATEST: lambda before: before if not report.complete and _is_complete(before) else text,
            **history,
        }


def _is_complete(report: str) -> bool:
    try:
        document = json.loads(report)
        return isinstance(document, dict) and document.get("complete") is True and "lock" in document
    except (ValueError, RecursionError):
        return False
