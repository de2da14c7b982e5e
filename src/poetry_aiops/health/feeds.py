"""Where one look takes its advisories from: what is given, what was fetched before, and the service."""

from __future__ import annotations

import os
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from poetry_aiops.health.advisories.download import DEFAULT_URL, VARIABLE, cached_snapshot, update_snapshot
from poetry_aiops.health.advisories.osv import OsvService
from poetry_aiops.health.advisories.osv_protocol import DEFAULT_URL as OSV_URL
from poetry_aiops.health.advisories.osv_protocol import VARIABLE as OSV_VARIABLE
from poetry_aiops.health.advisories.osv_protocol import base_url
from poetry_aiops.health.advisories.snapshot import SnapshotAge, open_snapshot
from poetry_aiops.health.security import Feeds
from poetry_aiops.system.addresses import redact_addresses


if TYPE_CHECKING:
    from collections.abc import Callable

    from poetry_aiops.health.feed import AdvisoryFeed
    from poetry_aiops.health.request import HealthRequest


PYPI_VARIABLE: Final = "POETRY_AIOPS_PYPI_URL"
KEPT_DAYS: Final = 7
"""How long a fetched database counts, unless an option says otherwise."""


def feeds_of(
    request: HealthRequest, folder: Path, progress: Callable[[str, int, int], None], index: str
) -> Feeds:
    """Return the sources of advisories: ``--advisories`` alone, else the service and what was fetched before.

    ``folder`` keeps what is fetched. ``index`` is the address of the public index or of what replaces it, whose JSON
    ``--service pypi`` reads. Raises UsageError for an address that is none, IncompleteError for advisories
    that cannot be fetched or read.
    """
    given = request.advisories
    if given and not request.is_address:
        freshness = SnapshotAge(request.clock, request.age_of_given)
        return Feeds(snapshot=open_snapshot(Path(given), freshness, cache_folder=folder))
    url = given or os.environ.get(VARIABLE) or DEFAULT_URL
    if (given or request.update) and not request.offline:
        update_snapshot(folder, url, now=request.clock)
    kept = _kept_snapshot(request, folder, url)
    if given or request.offline:
        return Feeds(snapshot=kept)
    if request.service == "pypi":
        from poetry_aiops.health.advisories.pip_audit import PipAuditFeed, StrictPyPIService

        url = base_url(os.environ.get(PYPI_VARIABLE) or index, PYPI_VARIABLE)
        asked = partial(StrictPyPIService, url, now=request.clock)
        return Feeds(service=PipAuditFeed(asked, f"PyPI ({redact_addresses(url)})"), snapshot=kept)
    service = OsvService(
        os.environ.get(OSV_VARIABLE) or OSV_URL,
        cache_folder=folder,
        clock=request.clock.timestamp,
        progress=lambda done, total: progress("advisories", done, total),
    )
    return Feeds(service=service, snapshot=kept)


def _kept_snapshot(request: HealthRequest, folder: Path, url: str) -> AdvisoryFeed | None:
    kept = cached_snapshot(folder, url)
    if kept is None:
        return None
    limit = request.max_age or timedelta(days=KEPT_DAYS)
    if not request.offline and not request.advisories and request.clock - kept.checked > limit:
        return None  # the service answers; what is here is too old to add anything
    freshness = SnapshotAge(request.clock, limit, kept.checked)
    return open_snapshot(kept.path, freshness, cache_folder=folder, name=f"OSV snapshot ({kept.url})")
