"""A public list that is fetched whole and kept: without a login, and without sending the name of a package."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from poetry_aiops.system.http import Limits, Response, TransferError, fetch
from poetry_aiops.system.json_cache import JsonCache, is_fresh


if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class KnownList(Generic[T]):
    """``content`` is None where nothing usable is known; ``at`` says when it was fetched, in seconds since the epoch.

    ``failure`` says why it could not be fetched now, None where it was or did not have to be.
    """

    content: T | None
    at: float = 0.0
    failure: str | None = None


@dataclass(frozen=True, slots=True)
class PublicList(Generic[T]):
    """A list at an address, asked again once it is older than ``fresh``, of use until ``usable`` (both in seconds).

    ``read`` turns an answer into JSON values and raises TransferError for another document; ``parse`` reads these values.
    """

    url: str
    cache: JsonCache
    limits: Limits
    fresh: float
    usable: float
    read: Callable[[Response], T]
    parse: Callable[[Any], T]

    def known(self, now: datetime, *, offline: bool) -> KnownList[T]:
        """Return the list as it is known now; never raises for what the source does."""
        seconds = now.timestamp()
        at, content = self.cache.read(self._cached) or (0.0, None)
        failure = None
        if not offline and (content is None or not is_fresh(at, seconds, self.fresh)):
            try:
                content, at = self.read(fetch(self.url, self.limits)), seconds
                self.cache.keep({"at": at, "entries": content})
            except TransferError as error:
                failure = error.reason
        return KnownList(content if is_fresh(at, seconds, self.usable) else None, at, failure)

    def _cached(self, kept: Any) -> tuple[float, T]:  # noqa: ANN401 - untrusted JSON, checked here
        return float(kept["at"]), self.parse(kept["entries"])
