"""Download figures of public packages: a list of the most used packages, then a service asked by name.

Both are optional and can be replaced by an address in an option or the environment. Only names that may be told to
third parties are asked for; the list needs no names at all. What cannot be had is missing with a reason.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import quote, urlsplit

from poetry_aiops.health.popularity import Count, Counts
from poetry_aiops.project.checks import normalised
from poetry_aiops.system.addresses import redact_addresses
from poetry_aiops.system.http import Limits, TransferError, open_transport
from poetry_aiops.system.json_cache import JsonCache, is_fresh


if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from poetry_aiops.system.http import Response


LIST_VARIABLE: Final = "POETRY_AIOPS_TOP_PACKAGES_URL"
SERVICE_VARIABLE: Final = "POETRY_AIOPS_DOWNLOADS_URL"
NONE: Final = "none"
TOP_PACKAGES: Final = "https://hugovk.github.io/top-pypi-packages/top-pypi-packages.min.json"
DOWNLOADS: Final = "https://pypistats.org/api"
"""Answers ``/packages/<name>/recent`` with ``{"data": {"last_month": N}}``; its operators ask for few requests."""

AGE: Final = timedelta(days=7)
_USABLE: Final = timedelta(days=60)
_AT_ONCE: Final = 4
_PATIENCE: Final = 3
_NOT_FOUND: Final = 404
_SCHEMA: Final = "downloads/1"
_LIST: Final = "the list of the most used packages"
_LIMITS: Final = Limits(connect=5.0, total=15.0, attempts=2)


class Asks(Protocol):
    """The part of a transport that is needed here."""

    async def get(self, url: str, *, limits: Limits | None = None) -> Response: ...


@dataclass(frozen=True, slots=True)
class DownloadServices:
    """The addresses of the two sources, None for one that shall not be used; ``offline`` asks neither."""

    top_packages: str | None = TOP_PACKAGES
    by_name: str | None = DOWNLOADS
    offline: bool = False

    @property
    def digest(self) -> str:
        """What tells figures of these addresses from those of others."""
        return hashlib.sha256(redact_addresses(f"{self.top_packages} {self.by_name}").encode()).hexdigest()[
            :16
        ]


@dataclass(frozen=True, slots=True)
class Kept:
    """Figures on disk: those of the list (as of ``listed``) and those by name, each with the time of asking."""

    top: Mapping[str, int] = field(default_factory=dict)
    top_date: str = ""
    listed: datetime | None = None
    by_name: Mapping[str, tuple[int | None, datetime]] = field(default_factory=dict)


def services_from(environment: Mapping[str, str]) -> DownloadServices:
    """Return the addresses that the environment asks for; ``none`` switches a source off."""
    chosen = DownloadServices()
    top, service = environment.get(LIST_VARIABLE), environment.get(SERVICE_VARIABLE)
    if top:
        chosen = replace(chosen, top_packages=None if top == NONE else top)
    if service:
        chosen = replace(chosen, by_name=None if service == NONE else service)
    return chosen


def download_counts(
    names: Sequence[str],
    services: DownloadServices,
    folder: Path | None,
    *,
    now: datetime | None = None,
    transport: Callable[[], AbstractAsyncContextManager[Asks]] = open_transport,
) -> Counts:
    """Return the downloads of public packages in 30 days; never raises for what a source does.

    ``names`` must hold public names only (`health.popularity.public_names`). ``folder`` keeps what was read for a
    week; without the network it may be two months old.
    """
    file = JsonCache(folder and folder / f"downloads-{services.digest}.json", _SCHEMA)
    reader = _Reader(services, file.read(_kept) or Kept(), now or datetime.now(UTC))
    if not services.offline:
        try:
            asyncio.run(reader.ask(tuple(names), transport))
        except TransferError as error:
            reason = f"no source of download figures can be asked: {error.reason}"
            reader.list_problem, reader.service_problem = reason, reason
        file.keep(_document(reader.kept))
    return reader.counts(names)


class _Reader:
    def __init__(self, services: DownloadServices, kept: Kept, now: datetime) -> None:
        self._services = services
        self._now = now
        self._failures = 0
        self.kept = kept
        self.list_problem = ""
        self.service_problem = ""

    async def ask(
        self, names: tuple[str, ...], transport: Callable[[], AbstractAsyncContextManager[Asks]]
    ) -> None:
        """Ask the list when it is too old, then the service for every name that it does not hold."""
        wants_list = self._services.top_packages is not None and not self._is_fresh(self.kept.listed)
        if not wants_list and not self._open_names(names):
            return
        async with transport() as line:
            if wants_list:
                await self._ask_list(line)
            slots = asyncio.Semaphore(_AT_ONCE)
            await asyncio.gather(*(self._ask_name(line, slots, name) for name in self._open_names(names)))

    def counts(self, names: Sequence[str]) -> Counts:
        found = {name: count for name in names if (count := self._count(name)) is not None}
        missing = {name: self._why(name) for name in names if name not in found}
        unlisted = frozenset(name for name in missing if self._is_unlisted(name))
        return Counts(MappingProxyType(found), MappingProxyType(missing), unlisted)

    def _open_names(self, names: tuple[str, ...]) -> list[str]:
        if self._services.by_name is None:
            return []
        return [name for name in names if name not in self._listed() and not self._is_known(name)]

    async def _ask_list(self, line: Asks) -> None:
        try:
            answer = await line.get(str(self._services.top_packages), limits=_LIMITS)
            top, date = _top_packages(answer.json())
        except TransferError as error:
            self.list_problem = f"{_LIST} could not be fetched: {error.reason}"
            return
        self.kept = replace(self.kept, top=top, top_date=date, listed=self._now)

    async def _ask_name(self, line: Asks, slots: asyncio.Semaphore, name: str) -> None:
        address = f"{str(self._services.by_name).rstrip('/')}/packages/{quote(name, safe='')}/recent"
        async with slots:
            if self.service_problem:
                return
            try:
                count: int | None = _last_month((await line.get(address, limits=_LIMITS)).json())
            except TransferError as error:
                if error.status != _NOT_FOUND:
                    self._failed(error)
                    return
                count = None
        self._failures = 0
        self.kept = replace(self.kept, by_name={**self.kept.by_name, name: (count, self._now)})

    def _failed(self, error: TransferError) -> None:
        self._failures += 1
        if self._failures >= _PATIENCE:
            self.service_problem = f"{_host(self._services.by_name)}: {error.reason}; it was not asked again"

    def _count(self, name: str) -> Count | None:
        listed = self._listed().get(name)
        if listed is not None:
            return Count(listed, _host(self._services.top_packages), self.kept.top_date)
        count, asked = self.kept.by_name.get(name, (None, None))
        if count is None or asked is None or self._services.by_name is None or not self._is_usable(asked):
            return None
        return Count(count, _host(self._services.by_name), asked.date().isoformat())

    def _why(self, name: str) -> str:
        if self._is_unlisted(name):
            return "no source knows its downloads" if self._services.by_name else f"{_LIST} does not hold it"
        if self._services.offline:
            return "its downloads are not known (offline)"
        reasons = [reason for reason in (self.list_problem, self.service_problem) if reason]
        if reasons:
            return "; ".join(reasons)
        return (
            "the service did not answer for it" if self._services.by_name else "no source of downloads is set"
        )

    def _is_unlisted(self, name: str) -> bool:
        """Say whether the last source in the row answered lately that it has no figure for a name."""
        if self._services.by_name is None:
            return self._is_usable(self.kept.listed) and self._services.top_packages is not None
        count, asked = self.kept.by_name.get(name, (None, None))
        return count is None and self._is_usable(asked)

    def _listed(self) -> Mapping[str, int]:
        """Return the list where it may be used: it is wanted and not too old."""
        usable = self._services.top_packages is not None and self._is_usable(self.kept.listed)
        return self.kept.top if usable else {}

    def _is_usable(self, asked: datetime | None) -> bool:
        return asked is not None and self._now - asked <= _USABLE

    def _is_known(self, name: str) -> bool:
        return self._is_fresh(self.kept.by_name.get(name, (None, None))[1])

    def _is_fresh(self, asked: datetime | None) -> bool:
        return asked is not None and is_fresh(asked.timestamp(), self._now.timestamp(), AGE.total_seconds())


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


def _last_month(document: object) -> int:
    data = document.get("data") if isinstance(document, Mapping) else None
    count = data.get("last_month") if isinstance(data, Mapping) else None
    if not _is_count(count):
        raise TransferError("its answer has no figure for the last month")
    return int(str(count))


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _host(address: str | None) -> str:
    return urlsplit(address or "").hostname or "its source"


def _kept(document: Any) -> Kept:  # noqa: ANN401 - untrusted JSON, checked here
    by_name = {name: (count, _time(asked)) for name, (count, asked) in document["by_name"].items()}
    listed = document["listed"]
    top = {str(name): int(count) for name, count in document["top"].items()}
    return Kept(top, str(document["top_date"]), None if listed is None else _time(listed), by_name)


def _document(kept: Kept) -> dict[str, object]:
    return {
        "top": dict(kept.top),
        "top_date": kept.top_date,
        "listed": None if kept.listed is None else kept.listed.timestamp(),
        "by_name": {name: (count, asked.timestamp()) for name, (count, asked) in kept.by_name.items()},
    }


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
