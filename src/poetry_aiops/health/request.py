"""What ``poetry health`` was asked for: options beat the environment, which beats pyproject.toml."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from poetry_aiops.accelerators.groups import names_in_groups
from poetry_aiops.errors import UsageError
from poetry_aiops.health.downloads import services_from
from poetry_aiops.health.gate import Rules
from poetry_aiops.health.ignores import Ignore
from poetry_aiops.health.interval import read_interval
from poetry_aiops.health.metric import METRICS
from poetry_aiops.health.policy import FAIL_ON, Policy
from poetry_aiops.system.reports_folder import reports_of


if TYPE_CHECKING:
    from poetry_aiops.health.command import HealthCommand
    from poetry_aiops.health.metric import MetricName
    from poetry_aiops.health.policy import FailOn


PUBLIC_SOURCES_VARIABLE = "POETRY_AIOPS_PUBLIC_SOURCES"
LATEST: Final = "latest_report.json"
ZIP_DAYS: Final = 30
"""How old the newest record of a whole database that was handed over may be, unless an option says otherwise."""

_FULL_SCORE: Final = 100.0
_LONGEST_AGE: Final = timedelta(days=36_500)


@dataclass(frozen=True, slots=True)
class HealthRequest:
    """The checked options of one run.

    ``now`` is the time that the report tells; it honours SOURCE_DATE_EPOCH. ``clock`` decides what has expired or is
    too old: it never goes back behind the real time, or an old SOURCE_DATE_EPOCH would keep everything fresh.
    ``is_narrowed`` says that groups, metrics or what a base has are left out, so that the report is not about the whole
    lock. ``against`` is the revision whose merge base with HEAD the lock is compared with.
    """

    now: datetime
    clock: datetime
    metrics: tuple[MetricName, ...]
    is_narrowed: bool
    rules: Rules
    policy: Policy
    only: frozenset[str]
    without: frozenset[str]
    offline: bool
    advisories: str | None
    max_age: timedelta | None
    update: bool
    public_sources: frozenset[str]
    reports: Path
    against: str | None = None

    @property
    def is_address(self) -> bool:
        """Whether ``advisories`` is an address rather than something on this machine."""
        return is_address(self.advisories or "")

    @property
    def age_of_given(self) -> timedelta | None:
        """How old the advisories that lie at ``advisories`` may be; a person's own records have no limit."""
        if self.max_age is None and (self.advisories or "").lower().endswith(".zip"):
            return timedelta(days=ZIP_DAYS)
        return self.max_age


@dataclass(frozen=True, slots=True)
class Rounds:
    """How often the monitor looks, and how many times; None is without end."""

    interval: timedelta
    count: int | None


def is_address(text: str) -> bool:
    return text.lower().startswith(("http://", "https://"))


def request_of(command: HealthCommand, policy: Policy, root: Path) -> HealthRequest:
    """Return the request in a command's options; raises UsageError with the option that is wrong."""
    option = command.option
    age = option("advisories-max-age")
    now = _now()
    metrics = _metrics(option("metric") or ())
    return HealthRequest(
        now=now,
        clock=max(now, datetime.now(UTC)),
        metrics=metrics,
        is_narrowed=bool(option("only") or option("without") or option("against"))
        or not set(_every_metric()) <= set(metrics),
        rules=_rules(command, policy),
        policy=replace(policy, ignores=(*policy.ignores, *_ignores(option("ignore") or ()))),
        only=frozenset(names_in_groups(option("only") or ())),
        without=frozenset(names_in_groups(option("without") or ())),
        offline=bool(option("offline")),
        advisories=_advisories(option("advisories")),
        max_age=read_interval(age, "--advisories-max-age", _LONGEST_AGE) if age else None,
        update=bool(option("update-advisories")),
        public_sources=_public_sources(),
        reports=Path(option("report-dir")) if option("report-dir") else reports_of(root),
        against=option("against"),
    )


def rounds_of(command: HealthCommand) -> Rounds:
    """Return how often and how many times to look; 24 hours and without end by default."""
    interval = read_interval(command.option("interval") or "24h", "--interval")
    given = command.option("iterations")
    if given is not None and (not str(given).isdecimal() or int(given) < 1):
        raise UsageError(
            f"{given!r} is not a number of checks", where="--iterations", hint="Write for example 3."
        )
    return Rounds(interval, None if given is None else int(given))


def refuse_contradictions(command: HealthCommand) -> None:
    """Raise UsageError for options that do not go together."""
    option = command.option
    if option("fix") and option("monitor"):
        raise UsageError(
            "it cannot be combined with --monitor, which changes nothing",
            where="--fix",
            hint="Use --fix in a run of its own.",
        )
    for name in ("fix", "monitor"):
        if option("against") and option(name):
            raise UsageError(
                f"it judges a change, --{name} the whole lock",
                where="--against",
                hint=f"Leave out --against or --{name}.",
            )
    if option("dry-run") and not option("fix"):
        raise UsageError("without --fix nothing would be written", where="--dry-run", hint="Leave it out.")
    if option("offline") and option("update-advisories"):
        raise UsageError(
            "advisories cannot be fetched without a network",
            where="--offline",
            hint="Leave out --offline or --update-advisories.",
        )
    if option("update-advisories") and option("advisories") and not is_address(option("advisories")):
        raise UsageError(
            "it fetches advisories, but --advisories names some on this machine",
            where="--update-advisories",
            hint="Leave out one of the two, or give --advisories the URL of a zip.",
        )
    for name in ("interval", "iterations", "notify"):
        if option(name) is not None and not option("monitor"):
            raise UsageError("it works only with --monitor", where=f"--{name}", hint="Add --monitor.")


def _now() -> datetime:
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    try:
        return datetime.fromtimestamp(int(epoch), UTC) if epoch.isdecimal() else datetime.now(UTC)
    except (ValueError, OverflowError, OSError):
        raise UsageError(
            "it is not a valid time",
            where="SOURCE_DATE_EPOCH",
            hint="Write the seconds since 1970, as `date +%s` prints them.",
        ) from None


def _advisories(given: str | None) -> str | None:
    if given and not is_address(given) and not Path(given).exists():
        raise UsageError(
            f"there is nothing at {given}",
            where="--advisories",
            hint="Name an OSV zip, a folder or a record.",
        )
    return given or None


def _metrics(names: tuple[str, ...]) -> tuple[MetricName, ...]:
    for name in names:
        if name not in METRICS:
            raise UsageError(
                f"{name!r} is not a metric", where="--metric", hint=f"They are {', '.join(METRICS)}."
            )
    return tuple(metric for metric in METRICS if metric in names) if names else _every_metric()


def _every_metric() -> tuple[MetricName, ...]:
    """Return the metrics of a run without ``--metric``: popularity only where some source of downloads is set."""
    services = services_from(os.environ)
    has_downloads = services.top_packages or services.by_name
    return tuple(metric for metric in METRICS if metric != "popularity" or has_downloads)


def _rules(command: HealthCommand, policy: Policy) -> Rules:
    min_score = command.option("min-score")
    return Rules(
        fail_on=_fail_on(command.option("fail-on"))
        or policy.fail_on
        or ("high" if command.option("against") else "any"),
        min_score=policy.min_score if min_score is None else _score(min_score),
        fail_on_signals=policy.fail_on_signals,
        fixable_only=bool(command.option("fixable-only")),
    )


def _ignores(texts: tuple[str, ...]) -> tuple[Ignore, ...]:
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


def _fail_on(text: str | None) -> FailOn | None:
    if text is None:
        return None
    found = next((level for level in FAIL_ON if level == text.lower()), None)
    if found is None:
        raise UsageError(
            f"{text!r} is not a severity", where="--fail-on", hint=f"Choose one of {', '.join(FAIL_ON)}."
        )
    return found


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


def _public_sources() -> frozenset[str]:
    names = os.environ.get(PUBLIC_SOURCES_VARIABLE, "").split(",")
    return frozenset(name.strip().lower() for name in names if name.strip())
