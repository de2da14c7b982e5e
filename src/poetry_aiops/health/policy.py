"""``[tool.poetry-aiops.health]`` -> what the project itself demands of its dependencies.

Nothing here can make the program talk to another address or run a command: a clone or a pull request could otherwise
redirect it. Such entries are refused, with the option or variable that takes them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal, get_args

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

from poetry_aiops.errors import ConfigError
from poetry_aiops.health.ignores import Ignore
from poetry_aiops.health.licence_policy import LicencePolicy
from poetry_aiops.health.signals import SignalKind
from poetry_aiops.project.checks import Checker, did_you_mean, kind_of, normalised


if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


FailOn = Literal["low", "medium", "high", "critical", "any"]
FAIL_ON: Final[tuple[FailOn, ...]] = get_args(FailOn)
HEALTH: Final = "[tool.poetry-aiops.health]"
YOUNG_DAYS: Final = 7

_KEYS: Final = (
    "exploited",
    "fail-on",
    "fail-on-signals",
    "ignores",
    "left-out-sources",
    "licenses",
    "min-score",
    "young-days",
)
_LICENCE_KEYS: Final = ("allow", "deny", "known")
_IGNORE_KEYS: Final = ("expires", "id", "owner", "packages", "reason", "until-fixed")
_FULL_SCORE: Final = 100
_LONGEST_YOUTH: Final = 3650  # days
_OUTWARD: Final = frozenset(
    [
        "address",
        "addresses",
        "advisories",
        "api",
        "command",
        "commands",
        "endpoint",
        "exec",
        "feed",
        "host",
        "hook",
        "hooks",
        "mirror",
        "notify",
        "osv",
        "proxy",
        "run",
        "script",
        "server",
        "service",
        "services",
        "shell",
        "snapshot",
        "token",
        "uri",
        "url",
        "urls",
        "webhook",
        "webhooks",
    ]
)
_OUTWARD_HINT: Final = (
    "A clone or a pull request must not redirect or run anything. Use --advisories or a POETRY_AIOPS_* variable"
    " instead."
)


@dataclass(frozen=True, slots=True)
class Policy:
    """What the project demands; None where it says nothing.

    ``fail_on`` is the lowest severity that fails the gate, ``fail_on_signals`` the supply-chain signals that do.
    ``left_out_sources`` are sources, by name in small letters, whose packages no advisory is about.
    ``young_days`` is the age below which a locked release is reported as too young. ``exploited`` asks which
    vulnerabilities are exploited.
    """

    fail_on: FailOn | None = None
    min_score: float | None = None
    ignores: tuple[Ignore, ...] = ()
    fail_on_signals: frozenset[SignalKind] | None = None
    young_days: int = YOUNG_DAYS
    left_out_sources: frozenset[str] = frozenset()
    licences: LicencePolicy = field(default_factory=LicencePolicy)
    exploited: bool = False


NO_POLICY: Final = Policy()


def read_policy(tool_table: object) -> Policy:
    """Return the policy in the table ``[tool.poetry-aiops]``; an empty one when it has none.

    Raises ConfigError that names every wrong entry by its key path.
    """
    checker = Checker()
    table = checker.table(tool_table, "[tool.poetry-aiops]") if tool_table is not None else {}
    policy = policy_from(table["health"], checker) if "health" in table else NO_POLICY
    hint = "Correct these entries in pyproject.toml."
    checker.fail(ConfigError, HEALTH, "{count} entries cannot be used", hint)
    return policy


def policy_from(value: object, checker: Checker) -> Policy:
    """Return the policy in the table ``[tool.poetry-aiops.health]``; what is wrong is remembered in ``checker``."""
    table = checker.table(value, HEALTH)
    _known_keys(table, _KEYS, HEALTH, checker)
    return Policy(
        fail_on=_fail_on(table, checker),
        min_score=_number(table, "min-score", _FULL_SCORE, checker),
        ignores=_ignores(table.get("ignores", []), checker),
        fail_on_signals=_signals(table["fail-on-signals"], checker) if "fail-on-signals" in table else None,
        left_out_sources=frozenset(
            name.lower()
            for name in checker.texts(table.get("left-out-sources", []), f"{HEALTH} left-out-sources")
        ),
        young_days=int(_number(table, "young-days", _LONGEST_YOUTH, checker) or 0)
        if "young-days" in table
        else YOUNG_DAYS,
        licences=_licences(table.get("licenses", {}), checker),
        exploited=checker.flag(table.get("exploited", False), f"{HEALTH} exploited"),
    )


def _licences(value: object, checker: Checker) -> LicencePolicy:
    where = f"{HEALTH} licenses"
    table = checker.table(value, where)
    _known_keys(table, _LICENCE_KEYS, where, checker)
    allow, deny = (
        frozenset(
            _spdx(text, f"{where} {key}", checker, alone=True).lower()
            for text in checker.texts(table.get(key, []), f"{where} {key}")
        )
        for key in ("allow", "deny")
    )
    known = {
        normalised(name): _spdx(checker.text(text, f"{where} known {name}"), f"{where} known {name}", checker)
        for name, text in checker.table(table.get("known", {}), f"{where} known").items()
    }
    return LicencePolicy(allow, deny, MappingProxyType(known))


def _spdx(text: str, where: str, checker: Checker, *, alone: bool = False) -> str:
    """Return a licence in SPDX's spelling; ``alone`` takes no AND and OR, for a list of accepted licences."""
    try:
        found = str(canonicalize_license_expression(text))
    except InvalidLicenseExpression:
        found = ""
    if not found or (alone and re.search(r"[()]| (?:AND|OR) ", found)):
        kind = "the identifier of a licence" if alone else "a licence expression"
        checker.report(
            where, f'"{text}" is not {kind} in SPDX\'s list', "Write for example MIT or GPL-3.0-only."
        )
    return found


def _known_keys(table: Mapping[str, object], known: Iterable[str], where: str, checker: Checker) -> None:
    for key, value in table.items():
        words = set(re.split(r"[^a-z0-9]+", key.casefold()))
        if key not in known and (words & _OUTWARD or _has_address(value)):
            checker.report(
                f"{where} {key}", "addresses and commands cannot be set in pyproject.toml", _OUTWARD_HINT
            )
        else:
            checker.known_keys([key], known, where)


def _has_address(value: object) -> bool:
    return isinstance(value, str) and "://" in value


def _fail_on(table: Mapping[str, object], checker: Checker) -> FailOn | None:
    if "fail-on" not in table:
        return None
    where = f"{HEALTH} fail-on"
    text = checker.text(table["fail-on"], where)
    found = next((level for level in FAIL_ON if level == text), None)
    if found is None and isinstance(table["fail-on"], str):
        hint = did_you_mean(text, FAIL_ON) or f"Write one of: {', '.join(FAIL_ON)}."
        checker.report(where, f'"{text}" is not a severity', hint)
    return found


def _number(table: Mapping[str, object], key: str, highest: int, checker: Checker) -> float | None:
    if key not in table:
        return None
    value = table[key]
    where = f"{HEALTH} {key}"
    if isinstance(value, bool) or not isinstance(value, int | float):
        checker.report(where, f"must be a number, but is {kind_of(value)}")
        return None
    if not 0 <= value <= highest:
        checker.report(where, f"must be between 0 and {highest}, but is {value}")
        return None
    return float(value)


def _signals(value: object, checker: Checker) -> frozenset[SignalKind]:
    where = f"{HEALTH} fail-on-signals"
    kinds = [str(kind) for kind in SignalKind]
    texts = checker.texts(value, where)
    for text in texts:
        if text not in kinds:
            hint = did_you_mean(text, kinds) or f"Known signals are {', '.join(kinds)}."
            checker.report(where, f'"{text}" is not a signal', hint)
    return frozenset(SignalKind(text) for text in texts if text in kinds)


def _ignores(value: object, checker: Checker) -> tuple[Ignore, ...]:
    where = f"{HEALTH} ignores"
    return tuple(
        _ignore(table, f"{where}[{index}]", checker)
        for index, table in enumerate(checker.tables(value, where))
    )


def _ignore(table: Mapping[str, object], where: str, checker: Checker) -> Ignore:
    _known_keys(table, _IGNORE_KEYS, where, checker)
    return Ignore(
        id=_needed(table, "id", where, "Write the advisory's id or an alias, such as a CVE number.", checker),
        reason=_needed(table, "reason", where, "Write why the advisory does not harm this project.", checker),
        owner=checker.text(table.get("owner", ""), f"{where} owner"),
        expires=_day(table["expires"], f"{where} expires", checker) if "expires" in table else None,
        until_fixed=checker.flag(table.get("until-fixed", False), f"{where} until-fixed"),
        packages=frozenset(map(normalised, checker.texts(table.get("packages", []), f"{where} packages"))),
        key_path=where,
    )


def _needed(table: Mapping[str, object], key: str, where: str, hint: str, checker: Checker) -> str:
    value = table.get(key)
    if key in table and not isinstance(value, str):
        return checker.text(value, f"{where} {key}")
    if not isinstance(value, str) or not value.strip():
        checker.report(f"{where} {key}", "is missing", hint)
        return ""
    return value.strip()


def _day(value: object, where: str, checker: Checker) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    text = checker.text(value, where)
    try:
        return date.fromisoformat(text)
    except ValueError:
        if isinstance(value, str):
            checker.report(where, f'"{text}" is not a date', "Write for example 2027-01-31.")
        return None
