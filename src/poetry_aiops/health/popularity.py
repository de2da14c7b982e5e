"""Popularity: how many people would notice if something were wrong with a package.

P = min(100, 100 * log10(1 + downloads in 30 days) / 9): nine digits, a thousand million downloads, are 100. Downloads
count machines rather than people, so this metric is never a gate of its own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from poetry_aiops.health.applicability import Reach, applicability
from poetry_aiops.health.metric import weighted


if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from poetry_aiops.health.applicability import Origins
    from poetry_aiops.health.metric import Input, Metric
    from poetry_aiops.project.model import Package, PackageKey


FULL_SCORE_DIGITS: Final = 9
_NICHE: Final = 1000  # downloads in 30 days


@dataclass(frozen=True, slots=True)
class Count:
    """Downloads of a package in 30 days, who says so, and as of which day (``2026-11-01``, empty when unknown)."""

    downloads: int
    source: str
    date: str = ""


@dataclass(frozen=True, slots=True)
class Counts:
    """What the sources said of each public package name: a count, or why there is none.

    ``unlisted`` are the names of which the sources answered that they have no figure.
    """

    found: Mapping[str, Count] = field(default_factory=lambda: MappingProxyType({}))
    missing: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    unlisted: frozenset[str] = frozenset()
    otherwise: str = "no source of download figures was asked"

    def why_missing(self, name: str) -> str:
        return self.missing.get(name, self.otherwise)


@dataclass(frozen=True, slots=True)
class Popularity:
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


def public_names(packages: Sequence[Package], origins: Origins) -> tuple[str, ...]:
    """Return the names that may be sent to third parties: those that no private source has as well."""
    private = {package.name for package in packages if not _is_public(package, origins)}
    return tuple(sorted({package.name for package in packages} - private))


def popularity_of(package: Package, counts: Counts, origins: Origins, *, direct: bool) -> Popularity:
    """Return how widely a locked package is used, with the reason when that is unknown."""
    if not _is_public(package, origins):
        reason = applicability(package, origins).reason
        # A package of the default index has figures somewhere, even where its name may not be sent.
        return Popularity(package.key, direct, applicable=package.source is None, reason=reason)
    count = counts.found.get(package.name)
    if count is None:
        return Popularity(
            package.key,
            direct,
            answered=package.name in counts.unlisted,
            reason=counts.why_missing(package.name),
        )
    return Popularity(
        package.key,
        direct,
        answered=True,
        score=score_of(count.downloads),
        downloads=count.downloads,
        source=count.source,
        date=count.date,
    )


def _is_public(package: Package, origins: Origins) -> bool:
    return applicability(package, origins).reach is Reach.ANYWHERE


def popularity_metric(rated: Sequence[Popularity]) -> Metric:
    """Return the metric of the lock, a weighted mean."""
    known = [one.downloads for one in rated if one.downloads is not None]
    inputs: dict[str, Input] = {
        "fewest_downloads": min(known, default=None),
        "below_1000_downloads": sum(downloads < _NICHE for downloads in known),
        "sources": ", ".join(sorted({one.source for one in rated if one.source})),
    }
    return weighted("popularity", rated, inputs)
