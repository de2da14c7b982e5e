"""What the audit asks of a source of advisories; the adapters answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from poetry_aiops.system.record import Record


if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from poetry_aiops.health.advisory import Advisory, AdvisorySource


@dataclass(frozen=True, slots=True, order=True)
class QueriedPackage:
    """What is asked about: a canonical name and a version without its local part."""

    name: str
    version: str


class FeedAnswer(Record):
    """What a source says about one subject.

    ``advisories`` are every record about the name that may apply. ``confirmed`` are the ids that the source itself
    matched: they count even where our own matching disagrees. ``failure`` says why the answer is not the whole
    truth; known advisories are given nevertheless.
    """

    advisories: tuple[Advisory, ...] = ()
    confirmed: frozenset[str] = frozenset()
    failure: str | None = None


@dataclass(frozen=True, slots=True)
class Lookup:
    """The answers of one source; a subject without an answer counts as failed."""

    source: AdvisorySource
    answers: Mapping[QueriedPackage, FeedAnswer] = field(default_factory=lambda: MappingProxyType({}))


class AdvisoryFeed(Protocol):
    """A source of advisories. ``look_up`` never raises for what the source does: failures are answers."""

    def look_up(self, subjects: Sequence[QueriedPackage]) -> Lookup:
        """Return an answer for each subject."""
