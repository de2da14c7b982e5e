"""One look at a lock: what every metric says, what the gate makes of it, and what is new since the last look."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cached_property, partial
from typing import TYPE_CHECKING, assert_never
from urllib.parse import urlsplit

import poetry_aiops
from poetry_aiops.accelerators.frameworks import load_frameworks
from poetry_aiops.errors import UsageError
from poetry_aiops.health.advisory import Status
from poetry_aiops.health.against import brought, change_of, rules_for_change
from poetry_aiops.health.applicability import LOCAL_FOLDER, Origins
from poetry_aiops.health.certificate import Ground
from poetry_aiops.health.currency import CurrencyOf, currency_metric
from poetry_aiops.health.exploits import with_exploits
from poetry_aiops.health.feeds import feeds_of
from poetry_aiops.health.findings import released_fixes
from poetry_aiops.health.gate import LACKS, GateFacts, judge
from poetry_aiops.health.history import HistoryEntry, appended, read_history, trend, with_facts
from poetry_aiops.health.ignores import Sorted, apply_ignores
from poetry_aiops.health.licence_policy import refused_licences, unknown_licences
from poetry_aiops.health.maintenance import maintenance_metric, maintenance_of
from poetry_aiops.health.news import news
from poetry_aiops.health.popularity import (
    downloads_at,
    list_address,
    popularity_metric,
    popularity_of,
)
from poetry_aiops.health.report.formats import report_text
from poetry_aiops.health.report.model import HealthReport, Location
from poetry_aiops.health.report.rows import RatedPackages, package_rows
from poetry_aiops.health.request import LATEST
from poetry_aiops.health.score import score_of, security_metric
from poetry_aiops.health.security import NAMESAKE, audit
from poetry_aiops.health.signals import Signal, SignalKind, end_in_words, ended_pythons, signals_of
from poetry_aiops.index.licences import Licence, licences_of
from poetry_aiops.index.records import IndexAccess, RecordAge, cache_folder, cooldown_of, index_records
from poetry_aiops.index.release_records import why_not_from_index
from poetry_aiops.index.source import default_index, default_index_host, sources_of, stand_ins_of
from poetry_aiops.project.lines import asking_line, lock_lines, requirement_lines
from poetry_aiops.project.model import MAIN
from poetry_aiops.system.git import folder_in_repository
from poetry_aiops.system.reading import read_file
from poetry_aiops.system.reports_folder import read_report
from poetry_aiops.system.text import counted, few


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from poetry.poetry import Poetry

    from poetry_aiops.health.advisory import Audit
    from poetry_aiops.health.against import BaseRevision, FindingChanges
    from poetry_aiops.health.currency import Currency
    from poetry_aiops.health.demands import Demands
    from poetry_aiops.health.gate import Gate
    from poetry_aiops.health.history import History
    from poetry_aiops.health.maintenance import Maintenance
    from poetry_aiops.health.metric import Metric, MetricName
    from poetry_aiops.health.news import News
    from poetry_aiops.health.popularity import Popularity
    from poetry_aiops.health.report.model import PackageRow
    from poetry_aiops.health.request import HealthRequest
    from poetry_aiops.health.security import Feeds
    from poetry_aiops.index.records import Cooldown
    from poetry_aiops.index.release_records import IndexRecords
    from poetry_aiops.project.model import Lock, Package, PackageKey, Project
    from poetry_aiops.system.reports_folder import Content


HISTORY = "history.jsonl"
_DEVELOPMENT = frozenset({"dev", "test", "tests", "docs", "doc", "lint", "typing", "ci", "format"})


@dataclass(frozen=True)
class AuditedProject:
    """What is audited: the project, its whole lock, and the hardware variants among its groups."""

    poetry: Poetry
    project: Project
    lock: Lock
    variants: frozenset[str] = frozenset()


@dataclass
class HealthLook:
    """Everything of one look, computed once; ``progress`` hears of it. With a ``base`` only what it lacks is judged."""

    subject: AuditedProject
    request: HealthRequest
    progress: Callable[[str, int, int], None] = lambda what, done, total: None  # noqa: ARG005 - named for callers
    notes: list[str] = field(default_factory=list)
    base: BaseRevision | None = None

    # -- what is audited ---------------------------------------------------------------------------------

    @cached_property
    def packages(self) -> tuple[Package, ...]:
        """The locked packages in scope: all, unless ``--only`` or ``--without`` narrow it."""
        request, lock = self.request, self.subject.lock
        if not request.only and not request.without:
            return lock.packages
        if not lock.has_groups:
            raise UsageError(
                "this poetry.lock does not record which group requires a package",
                where="--only/--without",
                hint="Run `poetry lock` with a current Poetry.",
            )
        project = self.subject.project
        kept = {project.group(name).name for name in request.only} or set(project.groups)
        kept -= {project.group(name).name for name in request.without}
        return tuple(package for package in lock.packages if kept & set(package.groups or ()))

    @cached_property
    def base_look(self) -> HealthLook | None:
        """The same look at the lock of the base, with the groups that it has of those in scope."""
        base = self.base
        if base is None:
            return None
        groups = frozenset(base.project.groups)
        request = replace(
            self.request, only=self.request.only & groups, without=self.request.without & groups
        )
        subject = replace(self.subject, project=base.project, lock=base.lock, variants=base.variants)
        look = HealthLook(subject, request, self.progress)
        if self.request.only and not request.only:  # the base has none of these groups
            look.packages = ()
        look.lock_problems = self.lock_problems if self._has_files_of(base) else ()
        return look

    def _has_files_of(self, base: BaseRevision) -> bool:
        paths = self.subject.project.path, self.subject.lock.path
        return base.files == tuple(read_file(path) for path in paths)

    @property
    def scope(self) -> str:
        """The narrowed scope as text."""
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
        """Why the lock may not be what pyproject.toml requires: what it holds then says little about the project."""
        found = []
        locker = self.subject.poetry.locker
        try:
            same = self.subject.lock.content_hash == locker._content_hash  # noqa: SLF001 - is_fresh() parses the lock again
            if not same and not locker.is_fresh():
                found.append("poetry.lock does not match pyproject.toml; run `poetry lock`")
        except (RuntimeError, ValueError) as error:
            why = " ".join(str(error).split())
            found.append(f"Poetry cannot check whether poetry.lock matches pyproject.toml: {why}")
        if self.ground.gaps:
            found.append(f"poetry.lock {LACKS}: {', '.join(self.ground.gaps)}")
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
            self.request.policy.left_out_sources,
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
    def _looked_up(self) -> Audit:
        return audit(self.packages, self.feeds, self.origins, self._development_groups())

    @cached_property
    def asked_audit(self) -> Audit:
        found = self._with_released_fixes(self._looked_up)
        if not self.request.policy.exploited:
            return found
        folder, clock = self.folder / "advisories", self.request.clock
        return with_exploits(found, folder, os.environ, now=clock, offline=self.request.offline)

    def _with_released_fixes(self, found: Audit) -> Audit:
        open_ended = {one.package for one in found.findings if one.is_fix_unknown}
        if not open_ended:
            return found
        packages = {package.key: package for package in self.packages}
        records = self.records or self._records(
            [package for package in self.packages if package.name in open_ended], frozenset()
        )
        return released_fixes(found, records, packages)

    @cached_property
    def feeds(self) -> Feeds:
        stand_in = next(iter(self.origins.stand_ins.values()), default_index())
        index = stand_in.rstrip("/").removesuffix("/simple")
        return feeds_of(self.request, self.folder / "advisories", self.progress, index)

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
        if not (
            self._wants("currency", "maintenance")
            or self.request.rules.signals_required
            or self.request.looks_at_licences
        ):
            return None
        owners = self.demands.direct if self._wants("maintenance") else frozenset()
        return self._records(self.packages, owners)

    def _records(self, packages: Sequence[Package], owners: frozenset[str]) -> IndexRecords:
        return index_records(
            packages,
            self.access,
            owners_of=owners,
            now=self.request.clock,
            on_progress=partial(self.progress, "packages"),
            meanwhile=lambda: self._wants("security") and self._looked_up,
        )

    @cached_property
    def access(self) -> IndexAccess:
        """How the indexes are reached."""
        poetry = self.subject.poetry
        return IndexAccess(
            poetry.pool,
            poetry.config,
            cache_folder(poetry.config),
            RecordAge(offline=self.request.offline),
            metadata=self.request.looks_at_licences,
        )

    @cached_property
    def licences(self) -> Mapping[PackageKey, Licence]:
        """The licence of each package from elsewhere; what a person read beats the metadata. Empty where not examined."""
        if self.records is None or not self.request.looks_at_licences:
            return {}
        known = self.request.policy.licences.known
        packages = [one for one in self.packages if not self._is_ours(one)]
        found = licences_of([one for one in packages if one.name not in known], self.records, self.access)
        own = {one.key: Licence(known[one.name], "pyproject.toml") for one in packages if one.name in known}
        return {**found, **own}

    def _is_ours(self, package: Package) -> bool:
        """Say whether a package is a folder of the repository, or from a source that the project leaves out."""
        source = package.source
        return source is not None and (
            source.type == "directory" or (source.reference or "").lower() in self.origins.left_out
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
                signals += signals_of(package, records, now=now, young=young)
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
        listed = downloads_at(
            list_address(os.environ),
            self.folder / "downloads",
            now=self.request.clock,
            offline=self.request.offline,
        )
        direct = self.demands.direct
        return [
            popularity_of(package, listed, self.origins, direct=package.name in direct)
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
                metric = security_metric(self.asked_audit, self.sorted.active, self.selections)
                open_questions = (*metric.open_questions, *self.sorted.open_questions)
                return replace(metric, open_questions=open_questions)
            case "currency":
                return currency_metric(rated.currency, self._cooldown())
            case "maintenance":
                return maintenance_metric(rated.maintenance)
            case "popularity":
                return popularity_metric(rated.popularity)
            case "depth":
                from poetry_aiops.health.depth import (
                    depth_metric,
                )  # networkx takes longer to load than all of this

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
    def facts(self) -> GateFacts:
        records = self.records
        unseen = (
            tuple(
                f"{package.name} {package.version}"
                for package in self.packages
                if not why_not_from_index(package) and records.of(package) is None
            )
            if records is not None
            else ()
        )
        policy = self.request.policy.licences
        return GateFacts(
            self.metrics,
            self.sorted.active,
            (*self.rated.signals, *self._signals_of_python()),
            unseen,
            score_of(self.metrics),
            self.history_text[1],
            self.lock_problems,
            refused_licences(self.packages, self.licences, policy) if policy.decides else (),
            unknown_licences(self.packages, self.licences) if policy.decides else (),
        )

    def _signals_of_python(self) -> Iterator[Signal]:
        ended = ended_pythons(self.subject.lock.python_versions, self.request.clock.date())
        if ended:
            key = ("python", ended[-1], ("", "", ""))
            yield Signal(key, SignalKind.PYTHON_END_OF_LIFE, end_in_words(ended))

    @cached_property
    def change(self) -> FindingChanges | None:
        if self.base is None or self.base_look is None:
            return None
        return change_of(self.base, self.sorted, self.base_look.sorted)

    @property
    def gate(self) -> Gate:
        base, change, rules = self.base_look, self.change, self.request.rules
        if base is None or change is None:
            return judge(rules, self.facts)
        rules = rules_for_change(rules, self.facts.score, base.facts.score)
        return judge(rules, brought(self.facts, base.facts, change))

    @cached_property
    def report(self) -> HealthReport:
        """The whole look, ready for every format."""
        history = self.history
        project = self.subject.project
        return HealthReport(
            generated=self.request.now,
            project=project.name or project.path.parent.name,
            score=score_of(self.metrics),
            audit=self.audit,
            metrics=self.metrics,
            gate=self.gate,
            rules=self.request.rules,
            packages=self.rows,
            indexes=self.records.uses if self.records is not None else (),
            ignored=self.sorted.ignored,
            idle=self.sorted.idle,
            news=self.news,
            trend=trend(replace(history, entries=(*history.entries, self.entry))) if history.entries else (),
            locations=self._locations(),
            lock_digest=self.subject.lock.packages_digest,
            scope=self.scope,
            folder=folder_in_repository(project.path.parent),
            tool_version=poetry_aiops.__version__,
            project_version=project.version,
            notes=(*self.notes, *(self.base.notes if self.base else ()), *self._audit_notes()),
            change=self.change,
        )

    def _audit_notes(self) -> Iterator[str]:
        """Yield what a reader of a passed gate has to know: namesakes of malware, and sources that were left out."""
        packages = self.audit.packages if self.audit else ()
        yield from (one.message for one in self._signals_of_python())
        yield from (
            f"{one.name} {one.version}: {note}" for one in packages for note in one.notes if NAMESAKE in note
        )
        unused = self.origins.left_out - {
            (one.source.reference or "").lower() for one in self.subject.lock.packages if one.source
        }
        yield from (
            f'left-out-sources names "{name}", from which no package is locked' for name in sorted(unused)
        )
        names: dict[str, dict[str, None]] = {}
        for one in packages:
            if one.status is Status.NOT_APPLICABLE and one.reason != LOCAL_FOLDER:
                names.setdefault(one.reason, {})[one.name] = None
        for why, found in names.items():
            yield f"{counted(len(found), 'package')} not audited ({few(found)}): {why}"

    @cached_property
    def rows(self) -> tuple[PackageRow, ...]:
        """One row for each package, with what every metric says."""
        return package_rows(self.packages, self.demands, self.rated, self.licences)

    def _locations(self) -> Mapping[PackageKey, Location]:
        lock, project = self.subject.lock, self.subject.project
        lines = lock_lines(read_file(lock.path).decode("utf-8", "replace"))
        asked = requirement_lines(read_file(project.path).decode("utf-8", "replace"))
        places = dict(zip((package.key for package in lock.packages), lines, strict=False))
        return {
            row.package.key: Location(
                asking_line(asked, (row.package.name, *row.via[:1]), row.package.groups or ()),
                places.get(row.package.key),
            )
            for row in self.rows
        }

    # -- remembering -----------------------------------------------------------------------------------------

    @cached_property
    def history_text(self) -> tuple[str, tuple[str, ...]]:
        """The text of the history, and why it cannot be read, so that what is new is unknown."""
        try:
            return read_report(self.request.reports / HISTORY), ()
        except NotADirectoryError:
            return "", ()  # no folder, so no history; keeping the report gives the reason
        except OSError as error:
            return "", (f"{HISTORY} cannot be read: {error.strerror}; what is new is not known",)

    @cached_property
    def history(self) -> History:
        """The runs before with the same scope."""
        return read_history(self.history_text[0]).comparable(self.entry)

    @cached_property
    def entry(self) -> HistoryEntry:
        lock = hashlib.sha256(read_file(self.subject.lock.path)).hexdigest()
        packages = frozenset(f"{package.name}=={package.version}" for package in self.packages)
        gate = judge(self.request.rules, self.facts)
        ignored = [one.finding.id for one in self.sorted.ignored]
        entry = HistoryEntry(self.request.now, lock, packages, scope=self.scope)
        return with_facts(entry, self.facts, self.audit, ignored, gate.incomplete)

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
