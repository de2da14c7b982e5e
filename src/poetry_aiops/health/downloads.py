"""Download figures of public packages, from one list of the most used ones: a file that is fetched whole, without any name."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from poetry_aiops.health.popularity import Count, Counts
from poetry_aiops.project.checks import normalised
from poetry_aiops.system.addresses import redact_addresses
from poetry_aiops.system.http import Limits, TransferError, open_transport
from poetry_aiops.system.json_cache import JsonCache, is_fresh


if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


LIST_VARIABLE: Final = "POETRY_AIOPS_TOP_PACKAGES_URL"
NONE: Final = "none"
TOP_PACKAGES: Final = "https://hugovk.github.io/top-pypi-packages/top-pypi-packages.min.json"
"""The 15,000 packages with the most downloads in 30 days."""

AGE: Final = timedelta(days=7)
_USABLE: Final = timedelta(days=60)
_SCHEMA: Final = "downloads/2"
_LIST: Final = "the list of the most used packages"
_LIMITS: Final = Limits(connect=5.0, total=15.0, attempts=2)


@dataclass(frozen=True, slots=True)
class TopPackages:
    """Downloads by name, the day that the list says, and when it was fetched."""

    downloads: Mapping[str, int]
    date: str
    fetched: datetime


def list_address(environment: Mapping[str, str]) -> str | None:
    """Return the address of the list; None where the environment says ``none``."""
    chosen = environment.get(LIST_VARIABLE) or TOP_PACKAGES
    return None if chosen == NONE else chosen


def download_counts(
    names: Sequence[str],
    address: str | None,
    folder: Path | None,
    *,
    now: datetime,
    offline: bool = False,
) -> Counts:
    """Return the downloads of public packages in 30 days; never raises for what the source does.

    ``folder`` keeps the list for a week; where it cannot be fetched it may be two months old.
    """
    if address is None:
        return Counts(otherwise=f"{_LIST} is switched off")
    digest = hashlib.sha256(redact_addresses(address).encode()).hexdigest()[:16]
    cache = JsonCache(folder and folder / f"downloads-{digest}.json", _SCHEMA)
    known, problem = cache.read(_kept), "its downloads are not known (offline)"
    if not offline and not (known and _is_younger(known, AGE, now)):
        try:
            downloads, date = asyncio.run(_fetched(address))
            known = TopPackages(downloads, date, now)
            cache.keep({"downloads": downloads, "date": date, "fetched": now.timestamp()})
        except TransferError as error:
            problem = f"{_LIST} could not be fetched: {error.reason}"
    if known is None or not _is_younger(known, _USABLE, now):
        return Counts(missing=MappingProxyType(dict.fromkeys(names, problem)))
    host = urlsplit(address).hostname or "its source"
    listed = {
        name: Count(known.downloads[name], host, known.date) for name in names if name in known.downloads
    }
    unlisted = [name for name in names if name not in listed]
    missing = dict.fromkeys(unlisted, f"{_LIST} does not hold it")
    return Counts(MappingProxyType(listed), MappingProxyType(missing), frozenset(unlisted))


async def _fetched(address: str) -> tuple[dict[str, int], str]:
    async with open_transport(_LIMITS) as transport:
        return _top_packages((await transport.get(address)).json())


def _is_younger(known: TopPackages, age: timedelta, now: datetime) -> bool:
    return is_fresh(known.fetched.timestamp(), now.timestamp(), age.total_seconds())


def _top_packages(document: object) -> tuple[dict[str, int], str]:
    """Return downloads by name and the date of a list ``{"last_update": ..., "rows": [{"project", "download_count"}]}``."""
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


def _kept(content: Any) -> TopPackages:  # noqa: ANN401 - untrusted JSON, checked here
    downloads = {str(name): int(count) for name, count in content["downloads"].items()}
    return TopPackages(
        downloads, str(content["date"]), datetime.fromtimestamp(float(content["fetched"]), UTC)
    )
