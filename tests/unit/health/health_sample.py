"""Health reports for tests: with something of everything, without a fault, and of an audit that saw nothing."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType

from tests.unit.health.facts import metric_of

from poetry_aiops.health.advisory import (
    AdvisorySource,
    Audit,
    Finding,
    PackageAudit,
    Rating,
    Severity,
    Status,
)
from poetry_aiops.health.currency import Currency
from poetry_aiops.health.demands import HeldConstraint
from poetry_aiops.health.fixes import ProposedFix
from poetry_aiops.health.gate import GateFacts, Rules, judge
from poetry_aiops.health.history import Seen, TrendPoint
from poetry_aiops.health.ignores import IdleIgnore, Ignore, Ignored
from poetry_aiops.health.maintenance import Maintenance
from poetry_aiops.health.metric import Metric
from poetry_aiops.health.news import NewFinding, News
from poetry_aiops.health.popularity import Popularity
from poetry_aiops.health.report.model import HealthReport, Location, PackageRow
from poetry_aiops.health.score import score_of
from poetry_aiops.health.signals import Signal, SignalKind
from poetry_aiops.index.release_records import IndexUse
from poetry_aiops.project.model import LockedDependency, LockedFile, Package, PackageSource


NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)


def package(
    name: str,
    version: str,
    *needs: str,
    groups: tuple[str, ...] = ("main",),
    source: PackageSource | None = None,
    files: int = 1,
) -> Package:
    edges = tuple(LockedDependency(need, "*", (), "", optional=False) for need in needs)
    locked = tuple(
        LockedFile(f"{name}-{version}-{number}.whl", f"sha256:{number:064x}") for number in range(files)
    )
    return Package(
        name=name,
        pretty_name=name,
        version=version,
        description=f"The {name} library",
        optional=False,
        python_versions=">=3.10",
        groups=groups,
        markers="",
        files=locked,
        edges=edges,
        extras=MappingProxyType({}),
        source=source,
    )


def finding(
    locked: Package,
    id: str,  # noqa: A002 - the field's name
    severity: Severity,
    cvss: float | None = None,
    *,
    aliases: tuple[str, ...] = (),
    fixed_in: tuple[str, ...] = (),
    summary: str = "",
    url: str = "https://advisories.example/1",
    vector: str | None = None,
) -> Finding:
    return Finding(
        package=locked.name,
        version=locked.version,
        id=id,
        aliases=aliases,
        records=(id,),
        severity=severity,
        cvss=cvss,
        fixed_in=fixed_in,
        withdrawn=None,
        summary=summary,
        url=url,
        published="2025-04-18T00:00:00Z",
        rating=Rating(severity, cvss, vector, "CVSS_V3" if vector else ""),
        notes=(),
        groups=locked.groups or (),
        dev_only=False,
        builds=(locked.key,),
    )


def rated(
    locked: Package,
    audit: PackageAudit,
    currency: Currency | None = None,
    kept: float | None = None,
    *,
    via: tuple[str, ...] = (),
) -> PackageRow:
    maintenance = None if kept is None else _kept(locked, kept)
    return PackageRow(locked, not via, via, audit, currency, maintenance)


def audited(
    locked: Package, *findings: Finding, status: Status = Status.AUDITED, reason: str = ""
) -> PackageAudit:
    return PackageAudit(
        key=locked.key,
        name=locked.name,
        version=locked.version,
        audited_as=locked.version.partition("+")[0],
        groups=locked.groups or (),
        dev_only=False,
        status=status,
        reason=reason,
        findings=findings,
    )


FLASK = package("flask", "3.0.0", "jinja2", "werkzeug")
JINJA = package("jinja2", "2.11.3", "markupsafe", files=2)
TORCH = package(
    "torch",
    "2.1.0+cu126",
    "jinja2",
    groups=("ml-gpu",),
    source=PackageSource("legacy", "https://wheels.example/cu126", "torch-cu126"),
)
STARLETTE = package("starlette", "0.36.3")
FASTAPI = package("fastapi", "0.110.0", "starlette")
INHOUSE = package(
    "inhouse", "1.0", source=PackageSource("git", "https://git.example/inhouse.git", "main", "abc")
)
MARKUPSAFE = package("markupsafe", "1.1.1")
ODD = package("odd", "2004d")

JINJA_HIGH = finding(
    JINJA,
    "GHSA-h75v-3vvj-5mfj",
    Severity.HIGH,
    7.6,
    aliases=("CVE-2024-34064", "PYSEC-2024-60"),
    fixed_in=("3.1.4", "3.1.6"),
    summary="Jinja vulnerable to HTML attribute injection when passing user input as keys to xmlattr filter",
    vector="CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:U/C:H/I:L/A:L",
)
JINJA_UNKNOWN = finding(
    JINJA, "PYSEC-2021-66", Severity.UNKNOWN, summary="A pattern that backtracks without end"
)
TORCH_CRITICAL = finding(
    TORCH,
    "GHSA-53q9-r3pm-6pq6",
    Severity.CRITICAL,
    9.8,
    aliases=("CVE-2025-32434",),
    fixed_in=("2.6.0",),
    summary="PyTorch: torch.load with weights_only=True leads to remote code execution",
    vector="CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
)
STARLETTE_LOW = finding(
    STARLETTE, "GHSA-2c2j-9gv5-cj73", Severity.LOW, 3.7, fixed_in=("0.47.2",), summary="Slow multipart forms"
)
IGNORED_LOW = Ignore(
    "GHSA-2c2j-9gv5-cj73",
    "this service takes no multipart forms",
    owner="web team",
    expires=date(2026, 12, 31),
    key_path="[tool.poetry-aiops.health] ignores[0]",
)


def rows() -> tuple[PackageRow, ...]:
    held = (HeldConstraint("fastapi 0.110.0", "package", ">=0.36.3,<0.37.0"),)
    yanked = Signal(JINJA.key, SignalKind.YANKED, "2.11.3 was yanked: broken on 3.12")
    ceiling = Signal(
        TORCH.key, SignalKind.SDIST_ONLY, "2.1.0 has no wheel: installing it runs its build script"
    )
    downloads = Popularity(
        JINJA.key, direct=False, score=95.0, downloads=400_000_000, source="top list", date="2026-06-01"
    )
    elsewhere = audited(INHOUSE, status=Status.NOT_APPLICABLE, reason="it comes from a git repository")
    unreadable = audited(ODD, status=Status.FAILED, reason="its version is not one of PEP 440")
    jinja = audited(JINJA, JINJA_HIGH, JINJA_UNKNOWN)
    behind = _currency(STARLETTE, 1.9, "0.48.0", 21)._replace(wanted="0.36.3", held_back_by=held)
    return (
        rated(FASTAPI, audited(FASTAPI), _currency(FASTAPI, 1.2, "0.128.0", 12), 97.0),
        rated(FLASK, audited(FLASK), _currency(FLASK, 0.0, "3.0.0", 0), 90.0),
        rated(INHOUSE, elsewhere),
        rated(JINJA, jinja, _currency(JINJA, 4.1, "3.1.6", 9), 88.0, via=("flask",))._replace(
            popularity=downloads, signals=(yanked,)
        ),
        rated(
            MARKUPSAFE,
            audited(MARKUPSAFE),
            _currency(MARKUPSAFE, 4.9, "3.0.2", 14),
            20.0,
            via=("flask", "jinja2"),
        ),
        rated(ODD, unreadable),
        rated(STARLETTE, audited(STARLETTE, STARLETTE_LOW), behind, 99.0, via=("fastapi",)),
        rated(TORCH, audited(TORCH, TORCH_CRITICAL), _currency(TORCH, 2.3, "2.6.0+cu126", 8), 99.0)._replace(
            signals=(ceiling,)
        ),
    )


def sample() -> HealthReport:
    """Return a report with findings, gaps, fixes, ignores, news and a trend."""
    listed = rows()
    source = AdvisorySource("OSV snapshot", "2026-06-30T04:00:00Z", "ab" * 32, records=12345)
    audits = tuple(row.audit for row in listed if row.audit)
    findings = tuple(one for row in audits for one in row.findings)
    audit = Audit(audits, (source,))
    metrics = (
        metric_of(audit),
        Metric(
            "currency",
            47.2,
            100.0 * 6 / 7,
            (),
            "1 of 7 packages: its index gives no upload times",
            MappingProxyType({"libyears": 14.4, "outdated": 5}),
        ),
        Metric("maintenance", 82.0, 100.0 * 6 / 7, ()),
        Metric(
            "depth",
            100.0,
            100.0,
            (),
            "",
            MappingProxyType({"longest_chain": 3, "chain": "flask -> jinja2 -> markupsafe"}),
        ),
        Metric("popularity", None, 0.0, (), "no source of download figures was queried"),
    )
    score = score_of(metrics)
    rules = Rules("high", 80.0, frozenset({SignalKind.YANKED}))
    active = tuple(one for one in findings if one is not STARLETTE_LOW)
    signals = tuple(signal for row in listed for signal in row.signals)
    return HealthReport(
        generated=NOW,
        project="demo-app",
        score=score,
        audit=audit,
        metrics=metrics,
        gate=judge(rules, GateFacts(metrics, active, signals, (), score)),
        rules=rules,
        packages=listed,
        indexes=(
            IndexUse("PyPI", "https://index.example/simple", 5, 120, 1, NOW - timedelta(hours=3), "odd: 503"),
        ),
        ignored=(Ignored(STARLETTE_LOW, IGNORED_LOW),),
        idle=(
            IdleIgnore(
                Ignore("CVE-2020-1", "old", key_path="[tool.poetry-aiops.health] ignores[1]"),
                "it expired on 2026-01-01",
                is_lapsed=True,
            ),
        ),
        news=_news(),
        trend=trend(),
        fixes=_fixes(),
        locations=MappingProxyType(
            {
                JINJA.key: Location(8, 40),
                TORCH.key: Location(21, 90),
                STARLETTE.key: Location(7, 70),
                ODD.key: Location(9, 60),
            }
        ),
        tool_version="0.1.0",
        project_version="1.2.3",
    )


def clean() -> HealthReport:
    """Return a report of a project in which everything is known and nothing is wrong."""
    row = rated(FLASK, audited(FLASK), _currency(FLASK, 0.0, "3.0.0", 0), 90.0)
    source = AdvisorySource("OSV", "2026-07-01T12:00:00Z", records=3)
    audit = Audit((audited(FLASK),), (source,))
    metrics = (metric_of(audit), Metric("depth", 100.0, 100.0, ()))
    score = score_of(metrics)
    gate = judge(Rules(), GateFacts(metrics, (), (), (), score))
    return HealthReport(NOW, "demo-app", score, audit, metrics, gate, Rules(), (row,))


def blind() -> HealthReport:
    """Return a report of an audit that reached no service."""
    reason = "the advisory service could not be reached: every request was refused"
    one = audited(FLASK, status=Status.FAILED, reason=reason)
    source = AdvisorySource("OSV", None, reachable=False, problem="connection refused")
    audit = Audit((one,), (source,))
    metrics = (metric_of(audit),)
    score = score_of(metrics)
    gate = judge(Rules(), GateFacts(metrics, (), (), (), score))
    return HealthReport(
        NOW, "demo-app", score, audit, metrics, gate, Rules(), (PackageRow(FLASK, direct=True, audit=one),)
    )


def _currency(locked: Package, libyears: float, latest: str, behind: int) -> Currency:
    return Currency(
        locked.key,
        direct=True,
        score=100 * 2 ** (-libyears / 2),
        latest=latest,
        wanted=latest,
        libyears=libyears,
        behind=behind,
        released=NOW - timedelta(days=900),
        latest_released=NOW - timedelta(days=30),
    )


def _kept(locked: Package, score: float) -> Maintenance:
    return Maintenance(
        locked.key,
        direct=True,
        score=score,
        last_release=NOW - timedelta(days=400),
        years=1.1,
        releases_24_months=2,
        owners_reason="the index does not tell",
    )


def _news() -> News:
    return News(
        since=NOW - timedelta(days=1),
        findings=(
            NewFinding(Seen("torch", "2.1.0+cu126", "GHSA-53q9-r3pm-6pq6", Severity.CRITICAL), "feed"),
        ),
        resolved=(Seen("idna", "3.4", "GHSA-jjg7-2v4v-x38h", Severity.MEDIUM),),
    )


def trend() -> tuple[TrendPoint, ...]:
    scores = (71.0, 71.0, 74.5, None, 80.0, 78.0, 56.0)
    return tuple(
        TrendPoint(
            NOW - timedelta(days=len(scores) - number),
            score,
            90.0,
            MappingProxyType({"security": score}),
            MappingProxyType({Severity.HIGH: number % 3, Severity.CRITICAL: int(number == 6)}),
            lock_changed=number in {2, 5},
        )
        for number, score in enumerate(scores)
    )


def _fixes() -> tuple[ProposedFix, ...]:
    return (
        ProposedFix(
            ("jinja2", "2.11.3", ("", "", "")),
            "jinja2",
            "2.11.3",
            "3.1.6",
            ("GHSA-h75v-3vvj-5mfj",),
            "pin",
            diff=('-version = "2.11.3"', '+version = "3.1.6"'),
        ),
        ProposedFix(
            ("starlette", "0.36.3", ("", "", "")),
            "starlette",
            "0.36.3",
            "0.47.2",
            ("GHSA-2c2j-9gv5-cj73",),
            "edit",
            blockers=("fastapi 0.110.0 needs starlette<0.37.0",),
            edit='fastapi = ">=0.128,<0.129" in pyproject.toml, line 7',
        ),
        ProposedFix(("odd", "2004d", ("", "", "")), "odd", "2004d", "", ("PYSEC-1",), "blocked"),
    )
