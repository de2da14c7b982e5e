"""Download figures of public packages, from one list of the most used ones: a file that is fetched whole, without any name."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from poetry_aiops.health.popularity import Count, Counts
from poetry_aiops.health.public_list import PublicList
from poetry_aiops.project.checks import normalised
from poetry_aiops.system.addresses import redact_addresses
from poetry_aiops.system.http import Limits, Response, TransferError
from poetry_aiops.system.json_cache import JsonCache


if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path


LIST_VARIABLE: Final = "POETRY_AIOPS_TOP_PACKAGES_URL"
NONE: Final = "none"
TOP_PACKAGES: Final = "https://hugovk.github.io/top-pypi-packages/top-pypi-packages.min.json"
"""The 15,000 packages with the most downloads in 30 days."""

_FRESH: Final = 7 * 86_400.0  # seconds
_USABLE: Final = 60 * 86_400.0
_SCHEMA: Final = "downloads/3"
_LIST: Final = "the list of the most used packages"
_LIMITS: Final = Limits(connect=5.0, total=15.0, attempts=2)


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
    known = PublicList(address, cache, _LIMITS, _FRESH, _USABLE, _top_packages, _parsed).known(
        now, offline=offline
    )
    if known.content is None:
        failed = known.failure and f"{_LIST} could not be fetched: {known.failure}"
        problem = failed or "its downloads are not known (offline)"
        return Counts(missing=MappingProxyType(dict.fromkeys(names, problem)))
    downloads, date = known.content
    host = urlsplit(address).hostname or "its source"
    listed = {name: Count(downloads[name], host, date) for name in names if name in downloads}
    unlisted = [name for name in names if name not in listed]
    missing = dict.fromkeys(unlisted, f"{_LIST} does not hold it")
    return Counts(MappingProxyType(listed), MappingProxyType(missing), frozenset(unlisted))


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
