"""Popularity: how many people would notice if something were wrong with a package.

P = min(100, 100 * log10(1 + downloads in 30 days) / 9): nine digits, a thousand million downloads, are 100. Downloads
count machines rather than people, so this metric is never a gate of its own.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from poetry_aiops.health.applicability import QueryScope, applicability
from poetry_aiops.health.metric import weighted
from poetry_aiops.health.public_list import PublicList
from poetry_aiops.project.checks import normalised
from poetry_aiops.system.addresses import redact_addresses
from poetry_aiops.system.http import Limits, Response, TransferError
from poetry_aiops.system.json_cache import JsonCache
from poetry_aiops.system.record import Record


if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from poetry_aiops.health.applicability import Origins
    from poetry_aiops.health.metric import Input, Metric
    from poetry_aiops.project.model import Package, PackageKey


FULL_SCORE_DIGITS: Final = 9
_NICHE: Final = 1000  # downloads in 30 days


LIST_VARIABLE: Final = "POETRY_AIOPS_TOP_PACKAGES_URL"
NONE: Final = "none"
TOP_PACKAGES: Final = "https://hugovk.github.io/top-pypi-packages/top-pypi-packages.min.json"
"""The 15,000 packages with the most downloads in 30 days."""

_FRESH: Final = 7 * 86_400.0  # seconds
_USABLE: Final = 60 * 86_400.0
_SCHEMA: Final = "downloads/3"
_LIST: Final = "the list of the most used packages"
_LIMITS: Final = Limits(connect=5.0, total=15.0, attempts=2)


@dataclass(frozen=True, slots=True)
class Downloads:
    """A list of downloads in 30 days by public package name, whose it is, and of which day (``2026-11-01``, empty when unknown).

    ``problem`` says why there is no list; empty where there is one.
    """

    by_name: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    source: str = ""
    date: str = ""
    problem: str = ""


class Popularity(Record):
    """How widely one locked package is used."""

    key: PackageKey
    direct: bool
    applicable: bool = True
    answered: bool = False
    score: float | None = None
    reason: str = ""
    downloads: int | None = None
    source: str = ""
    date: str = ""


def score_of(downloads: int) -> float:
    """Return P for the downloads of 30 days."""
    return min(100.0, 100.0 * math.log10(1 + max(0, downloads)) / FULL_SCORE_DIGITS)


def popularity_of(package: Package, listed: Downloads, origins: Origins, *, direct: bool) -> Popularity:
    """Return how widely a locked package is used, with the reason when that is unknown."""
    case = applicability(package, origins)
    if case.reach is not QueryScope.ANYWHERE:  # another package may have its name on the list
        return Popularity(package.key, direct, applicable=package.source is None, reason=case.reason)
    count = listed.by_name.get(package.name)
    if count is None:
        reason = listed.problem or f"{_LIST} does not hold it"
        return Popularity(package.key, direct, answered=not listed.problem, reason=reason)
    return Popularity(
        package.key,
        direct,
        answered=True,
        score=score_of(count),
        downloads=count,
        source=listed.source,
        date=listed.date,
    )


def popularity_metric(rated: Sequence[Popularity]) -> Metric:
    """Return the metric of the lock, a weighted mean."""
    known = [one.downloads for one in rated if one.downloads is not None]
    inputs: dict[str, Input] = {
        "fewest_downloads": min(known, default=None),
        "below_1000_downloads": sum(downloads < _NICHE for downloads in known),
        "sources": ", ".join(sorted({one.source for one in rated if one.source})),
    }
    return weighted("popularity", rated, inputs)


def list_address(environment: Mapping[str, str]) -> str | None:
    """Return the address of the list; None where the environment says ``none``."""
    chosen = environment.get(LIST_VARIABLE) or TOP_PACKAGES
    return None if chosen == NONE else chosen


def downloads_at(
    address: str | None, folder: Path | None, *, now: datetime, offline: bool = False
) -> Downloads:
    """Return the downloads of public packages in 30 days; never raises for what the source does.

    The list is fetched whole, so that no name is sent. ``folder`` keeps it for a week; where it cannot be fetched it may
    be two months old.
    """
    if address is None:
        return Downloads(problem=f"{_LIST} is switched off")
    digest = hashlib.sha256(redact_addresses(address).encode()).hexdigest()[:16]
    cache = JsonCache(folder and folder / f"downloads-{digest}.json", _SCHEMA)
    known = PublicList(address, cache, _LIMITS, _FRESH, _USABLE, _top_packages, _parsed).known(
        now, offline=offline
    )
    if known.content is None:
        failed = known.failure and f"{_LIST} could not be fetched: {known.failure}"
        return Downloads(problem=failed or "its downloads are not known (offline)")
    return Downloads(known.content[0], urlsplit(address).hostname or "its source", known.content[1])


def _top_packages(answer: Response) -> tuple[dict[str, int], str]:
    """Return downloads by name and the date of a list ``{"last_update": ..., "rows": [{"project", "download_count"}]}``."""
    document = answer.json()
    rows = document.get("rows") if isinstance(document, Mapping) else None
    if not isinstance(document, Mapping) or not isinstance(rows, list):
        raise TransferError("its answer has no rows")
    found = {
        normalised(row["project"]): row["download_count"]
        for row in rows
        if isinstance(row, Mapping)
        and isinstance(row.get("project"), str)
        and _is_count(row.get("download_count"))
    }
    if not found:
        raise TransferError("its answer has no readable row")
    date = document.get("last_update")
    return found, date[:10] if isinstance(date, str) else ""


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _parsed(kept: Any) -> tuple[dict[str, int], str]:  # noqa: ANN401 - untrusted JSON, checked here
    downloads, date = kept
    return {str(name): int(count) for name, count in downloads.items()}, str(date)
