"""What ``poetry health`` is to do: options beat the environment, which beats pyproject.toml."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar, get_args

from poetry_aiops.accelerators.groups import names_in_groups
from poetry_aiops.errors import UsageError
from poetry_aiops.health.gate import Rules
from poetry_aiops.health.ignores import Ignore
from poetry_aiops.health.metric import METRICS
from poetry_aiops.health.policy import FAIL_ON, NO_POLICY
from poetry_aiops.health.popularity import list_address
from poetry_aiops.health.signals import FAILING
from poetry_aiops.system.reports_folder import reports_of


if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from poetry_aiops.health.metric import MetricName
    from poetry_aiops.health.policy import FailOn, Policy


T = TypeVar("T", bound=str)
Service = Literal["osv", "pypi"]
SERVICES: Final[tuple[Service, ...]] = get_args(Service)
PUBLIC_SOURCES_VARIABLE = "POETRY_AIOPS_PUBLIC_SOURCES"
MAX_AGE_VARIABLE: Final = "POETRY_AIOPS_ADVISORIES_MAX_AGE"
LATEST: Final = "latest_report.json"
ZIP_DAYS: Final = 30
"""How old the newest record of a whole database that was handed over may be, unless the variable says otherwise."""

_FULL_SCORE: Final = 100.0
_LONGEST_AGE: Final = timedelta(days=36_500)


SHORTEST: Final = timedelta(seconds=1)
LONGEST: Final = timedelta(days=366)
_PART = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>[smhdw])", re.ASCII)
_WHOLE = re.compile(
    rf"(?:\s*{_PART.pattern.replace('?P<number>', '?:').replace('?P<unit>', '?:')})+\s*", re.ASCII
)
_BARE = re.compile(r"\d+(?:\.\d+)?", re.ASCII)
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


@dataclass(frozen=True, slots=True)
class Rounds:
    """How often the monitor looks, and how many times; None is without end."""

    interval: timedelta
    count: int | None


@dataclass(frozen=True, slots=True)
class HealthRequest:
    """The checked options of a run, and for each look at the lock the policy and the time.

    ``now`` is the time that the report shows: ``source_date`` (SOURCE_DATE_EPOCH) where there is one. ``clock`` decides
    what has expired or is too old: it never goes back behind the real time, or an old SOURCE_DATE_EPOCH would keep
    everything fresh. ``is_narrowed`` says that groups, metrics or what a base has are left out, so that the
    report is not about the whole lock. ``against`` is the revision whose merge base with HEAD the lock is compared with.
    """

    pyproject: Path
    reports: Path
    metrics: tuple[MetricName, ...]
    is_narrowed: bool
    fail_on: FailOn | None
    min_score: float | None
    only: frozenset[str]
    without: frozenset[str]
    offline: bool
    advisories: str | None
    max_age: timedelta | None
    update: bool
    public_sources: frozenset[str]
    source_date: datetime | None
    fix: bool
    dry_run: bool
    monitor: Rounds | None
    now: datetime
    clock: datetime
    ignores: tuple[Ignore, ...] = ()
    fixable_only: bool = False
    against: str | None = None
    service: Service = "osv"
    policy: Policy = NO_POLICY
    shows_licences: bool = False

    def for_look(self, policy: Policy) -> HealthRequest:
        """Return the request with the policy in pyproject.toml and the time as they are now."""
        clock = datetime.now(UTC)
        now = self.source_date or clock
        policy = replace(policy, ignores=(*policy.ignores, *self.ignores))
        return replace(self, policy=policy, now=now, clock=max(now, clock))

    @property
    def rules(self) -> Rules:
        """What fails the gate."""
        return Rules(
            fail_on=self.fail_on or self.policy.fail_on or ("high" if self.against else "any"),
            min_score=self.policy.min_score if self.min_score is None else self.min_score,
            fail_on_signals=FAILING if self.policy.fail_on_signals is None else self.policy.fail_on_signals,
            fixable_only=self.fixable_only,
            signals_required=bool(self.policy.fail_on_signals),
        )

    @property
    def looks_at_licences(self) -> bool:
        """Whether to read licences: a policy decides on them, or a format shows them."""
        return self.shows_licences or self.policy.licences.decides

    @property
    def is_address(self) -> bool:
        """Whether ``advisories`` is an address rather than something on this machine."""
        return is_address(self.advisories or "")

    @property
    def age_of_given(self) -> timedelta | None:
        """How old the advisories that are at ``advisories`` may be; a person's own records have no limit."""
        if self.max_age is None and (self.advisories or "").lower().endswith(".zip"):
            return timedelta(days=ZIP_DAYS)
        return self.max_age


def is_address(text: str) -> bool:
    return text.lower().startswith(("http://", "https://"))


def read_request(
    options: Mapping[str, Any],
    environment: Mapping[str, str],
    pyproject: Path,
    *,
    forms: frozenset[str] = frozenset(),
    several: bool = False,
) -> HealthRequest:
    """Return the request in the options of a command; raises UsageError with the option that is wrong.

    ``forms`` are the formats that the run writes. ``several`` says that the run is about several projects; then each has a request with its own ``pyproject``.
    """
    _refuse_contradictions({**options, "several": several})
    age = environment.get(MAX_AGE_VARIABLE)
    every = _every_metric(environment)
    metrics = _metrics(options["metric"], every)
    if "pip-audit" in forms and "security" not in metrics:
        raise UsageError(
            "pip-audit's document holds vulnerabilities only",
            where="--metric",
            hint="Add --metric security, or choose another format.",
        )
    now = datetime.now(UTC)
    request = HealthRequest(
        pyproject=pyproject,
        reports=Path(options["report-dir"]) if options["report-dir"] else reports_of(pyproject.parent),
        metrics=metrics,
        is_narrowed=bool(options["only"] or options["without"] or options["against"])
        or not set(every) <= set(metrics),
        fail_on=None
        if options["fail-on"] is None
        else _one_of(options["fail-on"], FAIL_ON, "--fail-on", "severity"),
        min_score=None if options["min-score"] is None else _score(options["min-score"]),
        only=frozenset(names_in_groups(options["only"])),
        without=frozenset(names_in_groups(options["without"])),
        offline=bool(options["offline"]),
        advisories=_advisories(options["advisories"]),
        max_age=read_interval(age, MAX_AGE_VARIABLE, _LONGEST_AGE) if age else None,
        update=bool(options["update-advisories"]),
        public_sources=_public_sources(environment),
        source_date=_source_date(environment),
        fix=bool(options["fix"]),
        dry_run=bool(options["dry-run"]),
        monitor=_rounds(options["interval"], options["iterations"]) if options["monitor"] else None,
        now=now,
        clock=now,
        ignores=_ignores(options["ignore"]),
        fixable_only=bool(options["fixable-only"]),
        against=options["against"],
        service=_one_of(options["service"] or "osv", SERVICES, "--service", "service"),
        shows_licences="cyclonedx" in forms or ("json" in forms and not options["metric"]),
    )
    return request.for_look(NO_POLICY)


def _rounds(interval: str | None, iterations: str | None) -> Rounds:
    """Return how often and how many times to look; 24 hours and without end by default."""
    if iterations is not None and (not iterations.isdecimal() or int(iterations) < 1):
        raise UsageError(
            f"{iterations!r} is not a number of checks", where="--iterations", hint="Write for example 3."
        )
    return Rounds(read_interval(interval or "24h"), None if iterations is None else int(iterations))


def _refuse_contradictions(options: Mapping[str, Any]) -> None:
    """Raise UsageError for options that contradict each other."""
    given = {name: bool(value) or isinstance(value, str) for name, value in options.items()}
    on_disk = given["advisories"] and not is_address(options["advisories"])
    clashes: tuple[tuple[bool, str, str, str], ...] = (
        (given["fix"] and given["monitor"], "--fix", "it cannot be combined with --monitor, which changes nothing", "Use --fix in a separate run."),
        *(
            (given["against"] and given[name], "--against", f"it covers only a change, and --{name} the whole lock", f"Leave out --against or --{name}.")
            for name in ("fix", "monitor")
        ),
        *(
            (given["several"] and given[name], f"--{name}", "it works on one project only", "Run it for each project by itself.")
            for name in ("fix", "monitor", "report-dir")
        ),
        (given["dry-run"] and not given["fix"], "--dry-run", "without --fix nothing would be written", "Leave it out."),
        (given["service"] and (given["offline"] or given["advisories"]), "--service", "with --offline or --advisories no service is queried", "Leave out one of the two."),
        (given["offline"] and given["update-advisories"], "--offline", "advisories cannot be fetched without a network", "Leave out --offline or --update-advisories."),
        (given["update-advisories"] and on_disk, "--update-advisories", "it fetches advisories, but --advisories names some on this machine", "Leave out one of the two, or give --advisories the URL of a zip."),
        *(
            (given[name] and not given["monitor"], f"--{name}", "it works only with --monitor", "Add --monitor.")
            for name in ("interval", "iterations")
        ),
    )  # fmt: skip
    for is_clash, where, what, hint in clashes:
        if is_clash:
            raise UsageError(what, where=where, hint=hint)


def _source_date(environment: Mapping[str, str]) -> datetime | None:
    epoch = environment.get("SOURCE_DATE_EPOCH", "")
    try:
        return datetime.fromtimestamp(int(epoch), UTC) if epoch.isdecimal() else None
    except (ValueError, OverflowError, OSError):
        raise UsageError(
            "it is not a valid time",
            where="SOURCE_DATE_EPOCH",
            hint="Write the seconds since 1970, as `date +%s` prints them.",
        ) from None


def _advisories(given: str | None) -> str | None:
    if given and not is_address(given) and not Path(given).exists():
        raise UsageError(
            f"{given} does not exist",
            where="--advisories",
            hint="Name an OSV zip, a folder or a record.",
        )
    return given or None


def _one_of(text: str, choices: Iterable[T], option: str, kind: str) -> T:
    found = next((one for one in choices if one == text.lower()), None)
    if found is None:
        hint = f"Choose one of {', '.join(map(str, choices))}."
        raise UsageError(f"{text!r} is not a {kind}", where=option, hint=hint)
    return found


def _metrics(names: Iterable[str], every: tuple[MetricName, ...]) -> tuple[MetricName, ...]:
    chosen = {_one_of(name, METRICS, "--metric", "metric") for name in names}
    return tuple(metric for metric in METRICS if metric in chosen) or every


def _every_metric(environment: Mapping[str, str]) -> tuple[MetricName, ...]:
    """Return the metrics of a run without ``--metric``: popularity only where its list is not switched off."""
    return tuple(metric for metric in METRICS if metric != "popularity" or list_address(environment))


def _ignores(texts: Iterable[str]) -> tuple[Ignore, ...]:
    """Return the ignores of the command line, each ``ID`` or ``ID=REASON``."""
    parts = [tuple(map(str.strip, text.partition("=")[::2])) for text in texts]
    if not all(identity for identity, _ in parts):
        raise UsageError(
            "it names no advisory", where="--ignore", hint="Write an id or an alias, such as CVE-2026-1."
        )
    return tuple(
        Ignore(identity, reason or "named on the command line", key_path="--ignore")
        for identity, reason in parts
    )


def _score(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= _FULL_SCORE:
        raise UsageError(
            f"{text!r} is not a score", where="--min-score", hint="Write a number from 0 to 100."
        )
    return value


def _public_sources(environment: Mapping[str, str]) -> frozenset[str]:
    names = environment.get(PUBLIC_SOURCES_VARIABLE, "").split(",")
    return frozenset(name.strip().lower() for name in names if name.strip())


def read_interval(text: str, where: str = "--interval", longest: timedelta = LONGEST) -> timedelta:
    """Return the time that ``text`` names (``24h``, ``1h30m``; a bare number is hours); raises UsageError for any other text, or one out of bounds."""
    plain = text.strip().lower()
    if len(plain) > 40 or not (_BARE.fullmatch(plain) or _WHOLE.fullmatch(plain)):  # noqa: PLR2004 - no interval needs more
        raise UsageError(
            f'"{text[:40]}" is not a length of time',
            where=where,
            hint='Write for example "24h", "30m", "1d" or "1h30m".',
        )
    parts = [(plain, "h")] if _BARE.fullmatch(plain) else _PART.findall(plain)
    seconds = sum(float(number) * _SECONDS[unit] for number, unit in parts)
    if not SHORTEST.total_seconds() <= seconds <= longest.total_seconds():
        raise UsageError(
            f'"{text}" is too short or too long',
            where=where,
            hint=f"Write a time between a second and {longest.days} days.",
        )
    return timedelta(seconds=seconds)


def interval_in_words(interval: timedelta) -> str:
    """Return an interval in the form that `read_interval` takes: ``1h30m``."""
    seconds, words = interval.total_seconds(), ""
    for unit in ("d", "h", "m"):
        count, seconds = divmod(seconds, _SECONDS[unit])
        words += f"{count:.0f}{unit}" if count else ""
    return words + (f"{seconds:g}s" if seconds or not words else "")
