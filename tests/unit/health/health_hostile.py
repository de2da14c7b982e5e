"""A health report whose every text is an attack."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

from tests.unit.health.facts import metric_of
from tests.unit.health.health_sample import NOW, audited, finding, package, trend

from poetry_aiops.health.advisory import AdvisorySource, Audit, Severity, Status
from poetry_aiops.health.currency import Currency, Ineligible
from poetry_aiops.health.demands import HeldConstraint
from poetry_aiops.health.fixes import ProposedFix
from poetry_aiops.health.gate import GateFacts, Rules, judge
from poetry_aiops.health.history import Seen
from poetry_aiops.health.ignores import IdleIgnore, Ignore, Ignored
from poetry_aiops.health.maintenance import Maintenance
from poetry_aiops.health.metric import Metric, OpenQuestion
from poetry_aiops.health.news import NewFinding, News
from poetry_aiops.health.popularity import Popularity
from poetry_aiops.health.report.model import HealthReport, Location, PackageRow
from poetry_aiops.health.score import score_of
from poetry_aiops.health.signals import Signal, SignalKind
from poetry_aiops.index.release_records import IndexUse
from poetry_aiops.project.model import LockedDependency, LockedFile, PackageSource


def hostile(text: str) -> HealthReport:
    """Return a report in which everything that others write is ``text``."""
    locked = replace(
        package("evil", "1.0", source=PackageSource("legacy", text, text)),
        name=text,
        pretty_name=text,
        version=text,
        description=text,
        groups=(text,),
        files=(LockedFile(text, text),),
        edges=(LockedDependency(text, text, (), "", optional=False),),
    )
    bad = replace(
        finding(
            locked,
            text,
            Severity.CRITICAL,
            9.8,
            aliases=(text,),
            fixed_in=(text,),
            summary=text,
            url=text,
            vector=text,
        ),
        notes=(text,),
        published=text,
    )
    dull = replace(bad, id=f"{text}2", aliases=(), severity=Severity.LOW)
    audit = Audit(
        (
            replace(audited(locked, bad, dull), notes=(text,)),
            replace(audited(locked, status=Status.FAILED, reason=text)),
        ),
        (AdvisorySource(text, text, text, reachable=False, records=1, problem=text, gaps=(text,)),),
    )
    ignore = Ignore(dull.id, text, text, None, until_fixed=True, key_path=text)
    score = score_of((metric_of(audit),))
    signal = Signal(locked.key, SignalKind.YANKED, text)
    rules = Rules(fail_on_signals=frozenset({SignalKind.YANKED}))
    demand = HeldConstraint(text, "package", text)
    currency = Currency(
        locked.key,
        direct=False,
        score=1.0,
        reason=text,
        latest=text,
        wanted=text,
        libyears=1.0,
        behind=1,
        held_back_by=(demand,),
        barred=Ineligible(text, "needs another Python", text),
    )
    kept = Maintenance(
        locked.key, direct=False, score=1.0, reason=text, owners_reason=text, status=text, status_reason=text
    )
    popular = Popularity(
        locked.key, direct=False, score=1.0, reason=text, downloads=1, source=text, date=text
    )
    row = PackageRow(
        package=locked,
        via=(text,),
        audit=audit.packages[0],
        currency=currency,
        maintenance=kept,
        popularity=popular,
        signals=(signal,),
    )
    failed = row._replace(audit=audit.packages[1])
    seen = Seen(text, text, text, Severity.HIGH, (text,))
    return HealthReport(
        generated=NOW,
        project=text,
        score=score._replace(reason=text),
        audit=audit,
        metrics=(Metric("security", 1.0, 50.0, (OpenQuestion(text),), text, MappingProxyType({text: text})),),
        gate=judge(rules, GateFacts((metric_of(audit),), (bad,), (signal,), (text,), score)),
        rules=rules,
        packages=(row, failed),
        indexes=(IndexUse(text, text, 1, 1, 1, NOW, text),),
        ignored=(Ignored(dull, ignore),),
        idle=(IdleIgnore(ignore, text, is_lapsed=True),),
        news=News(
            NOW,
            findings=(NewFinding(seen, "feed"),),
            resolved=(seen,),
            blind=(text,),
            signals=((text, SignalKind.YANKED),),
        ),
        trend=trend(),
        fixes=(
            ProposedFix(
                locked.key,
                text,
                text,
                text,
                (text,),
                "edit",
                blockers=(text,),
                edit=text,
                diff=(f"+{text}", f" {text}"),
            ),
        ),
        locations=MappingProxyType({locked.key: Location(1, 2)}),
        scope=text,
        folder=text,
        tool_version=text,
        project_version=text,
        notes=(text,),
    )
