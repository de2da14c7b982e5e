"""One JSON line for each run: what was locked, which feeds were read, and what was found.

Two lines report what changed since: the lock (other packages) or the feeds (other facts about the same packages). A
line that was cut off, by a full disk or a power failure, is passed over and goes with the next write.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from poetry_aiops.cli.document import picked, stamp
from poetry_aiops.health.advisory import Severity
from poetry_aiops.system.record import Record


if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from poetry_aiops.health.advisory import Audit, Finding
    from poetry_aiops.health.gate import GateFacts


SCHEMA: Final = "poetry-aiops/health-history/1"
LONGEST: Final = 5000  # lines; the oldest go first
LARGEST: Final = 40_000_000  # characters; likewise, as a larger file would not be read again


class Seen(Record):
    """A finding as history remembers it; ``names`` are its id and aliases, which name it again under another id."""

    package: str
    version: str
    id: str
    severity: Severity
    names: tuple[str, ...] = ()

    def is_same(self, other: Seen) -> bool:
        """Say whether two entries are one vulnerability of one package, in whatever version."""
        ours, theirs = {self.id, *self.names}, {other.id, *other.names}
        return self.package == other.package and not ours.isdisjoint(theirs)


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One run.

    ``lock`` is the sha256 of poetry.lock, ``packages`` the locked ones as ``name==version``. ``feeds`` gives the
    sha256 of each advisory source where it has one, else its date. ``findings`` are those that count, ``ignored`` the
    ids that do not. ``signals`` are ``(package, kind)`` pairs. ``open_questions`` say why the run was incomplete.
    ``scope`` says to what the run was narrowed, empty for the whole lock.
    """

    generated: datetime
    lock: str
    packages: frozenset[str] = frozenset()
    feeds: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    score: float | None = None
    coverage: float = 0.0
    metrics: Mapping[str, float | None] = field(default_factory=lambda: MappingProxyType({}))
    findings: tuple[Seen, ...] = ()
    ignored: tuple[str, ...] = ()
    signals: frozenset[tuple[str, str]] = frozenset()
    open_questions: tuple[str, ...] = ()
    scope: str = ""

    @property
    def complete(self) -> bool:
        return not self.open_questions


@dataclass(frozen=True, slots=True)
class History:
    """Every readable run, oldest first."""

    entries: tuple[HistoryEntry, ...] = ()

    @property
    def last(self) -> HistoryEntry | None:
        return self.entries[-1] if self.entries else None

    def comparable(self, entry: HistoryEntry) -> History:
        """Return the runs with the same scope as ``entry``: else what was not checked seems resolved."""
        asked = entry.scope, set(entry.metrics)
        return replace(self, entries=tuple(e for e in self.entries if (e.scope, set(e.metrics)) == asked))


class TrendPoint(Record):
    """One point of the trend: scores, and how many findings of each severity counted."""

    generated: datetime
    score: float | None
    coverage: float
    metrics: Mapping[str, float | None]
    findings: Mapping[Severity, int]
    lock_changed: bool


def with_facts(
    entry: HistoryEntry,
    facts: GateFacts,
    audit: Audit | None,
    ignored: Iterable[str],
    open_questions: Sequence[str],
) -> HistoryEntry:
    """Return the entry of a run, which names its lock and scope, with what the run found."""
    return replace(
        entry,
        feeds=MappingProxyType(_feeds(audit)),
        score=facts.score.value if facts.score else None,
        coverage=facts.score.coverage if facts.score else 0.0,
        metrics=MappingProxyType({metric.name: metric.score for metric in facts.metrics}),
        findings=tuple(_seen(finding) for finding in facts.findings),
        ignored=tuple(sorted(ignored)),
        signals=frozenset((signal.key[0], str(signal.kind)) for signal in facts.signals),
        open_questions=tuple(open_questions),
    )


def read_history(text: str) -> History:
    """Return the runs in the text of a history file; never raises for what is in it."""
    return History(tuple(entry for line in text.splitlines() if (entry := _parsed(line)) is not None))


def appended(text: str, entry: HistoryEntry) -> str:
    """Return the text of a history file with one more run, without a damaged last line and without the oldest."""
    lines = [line for line in text.splitlines() if line.strip()]
    if lines and _parsed(lines[-1]) is None and not text.endswith("\n"):
        del lines[-1]
    kept = [*lines[-(LONGEST - 1) :], line_of(entry)]
    while len(kept) > 1 and sum(map(len, kept)) > LARGEST:
        del kept[: len(kept) // 10 + 1]
    return "".join(f"{line}\n" for line in kept)


def line_of(entry: HistoryEntry) -> str:
    """Return an entry as one line of JSON without a line end."""
    document = {
        "schema": SCHEMA,
        "generated": stamp(entry.generated),
        **picked(entry, "lock score coverage"),
        "metrics": {name: score and round(score, 2) for name, score in entry.metrics.items()},
        "feeds": dict(sorted(entry.feeds.items())),
        "findings": [seen_row(seen) for seen in entry.findings],
        "ignored": list(entry.ignored),
        "signals": sorted(map(list, entry.signals)),
        "open": list(entry.open_questions),
        "packages": sorted(entry.packages),
        **({"scope": entry.scope} if entry.scope else {}),
    }
    return json.dumps(document, separators=(",", ":"))


def trend(history: History, points: int = 30) -> tuple[TrendPoint, ...]:
    """Return the last run of each of the last days on which there was one, oldest first."""
    by_day = {entry.generated.astimezone(UTC).date(): entry for entry in history.entries}
    days = sorted(by_day)[-points:]
    found: list[TrendPoint] = []
    before: HistoryEntry | None = None
    for day in days:
        entry = by_day[day]
        found.append(_point(entry, before))
        before = entry
    return tuple(found)


def _point(entry: HistoryEntry, before: HistoryEntry | None) -> TrendPoint:
    levels = [seen.severity for seen in entry.findings]
    counts = MappingProxyType({level: levels.count(level) for level in Severity if level in levels})
    changed = before is not None and before.lock != entry.lock
    return TrendPoint(entry.generated, entry.score, entry.coverage, entry.metrics, counts, changed)


def _seen(finding: Finding) -> Seen:
    names = tuple(sorted(finding.names - {finding.id}))
    return Seen(finding.package, finding.version, finding.id, finding.severity, names)


def _feeds(audit: Audit | None) -> dict[str, str]:
    """Return what identifies the state of each source; a service without a hash is asked anew each time."""
    return {source.name: source.sha256 or "" for source in audit.sources} if audit else {}


def seen_row(seen: Seen) -> dict[str, object]:
    """Return a finding as the history and the JSON document write it."""
    return {**picked(seen, "package version id severity"), "aliases": seen.names}


def _parsed(line: str) -> HistoryEntry | None:
    """Return the entry in a line, None for a line that is damaged or of another schema."""
    try:
        document = json.loads(line)
        if not isinstance(document, Mapping) or document.get("schema") != SCHEMA:
            return None
        return _entry(document)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        return None


def _entry(document: Mapping[str, Any]) -> HistoryEntry:
    generated = datetime.fromisoformat(document["generated"])
    return HistoryEntry(
        generated=generated.astimezone(UTC) if generated.tzinfo else generated.replace(tzinfo=UTC),
        lock=str(document["lock"]),
        packages=frozenset(map(str, document["packages"])),
        feeds=MappingProxyType({str(name): str(state) for name, state in document["feeds"].items()}),
        score=_optional_number(document["score"]),
        coverage=float(document["coverage"]),
        metrics=MappingProxyType(
            {str(name): _optional_number(value) for name, value in document["metrics"].items()}
        ),
        findings=tuple(_seen_in(row) for row in document["findings"]),
        ignored=tuple(map(str, document["ignored"])),
        signals=frozenset((str(package), str(kind)) for package, kind in document["signals"]),
        open_questions=tuple(map(str, document["open"])),
        scope=str(document.get("scope", "")),
    )


def _seen_in(row: Mapping[str, Any]) -> Seen:
    aliases = tuple(map(str, row["aliases"]))
    return Seen(str(row["package"]), str(row["version"]), str(row["id"]), Severity(row["severity"]), aliases)


def _optional_number(value: object) -> float | None:
    return None if value is None else float(str(value))
