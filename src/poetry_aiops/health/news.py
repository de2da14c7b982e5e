"""What is new since the last run, and whether the lock or a feed brought it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from poetry_aiops.health.signals import SignalKind
from poetry_aiops.system.record import Record


if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from poetry_aiops.health.history import History, HistoryEntry, Seen


Cause = Literal["first", "lock", "feed", "ignore"]

_REMEMBERED: Final = 10  # runs whose signals are not reported again


class NewFinding(Record):
    """A finding that the last run did not have, or not as grave (``worse``).

    ``cause`` is ``lock`` when the package was not locked in this version then, ``feed`` when it was, ``ignore`` when
    it was ignored then, and ``first`` when nothing is known of a run before.
    """

    seen: Seen
    cause: Cause
    worse: bool = False


class News(Record):
    """What is new against the last run.

    ``since`` is its time, None for the first run. ``locked`` and ``dropped`` are ``name==version`` that came and
    went. ``feeds`` are the advisory sources whose content is another; one without a hash never shows up there.
    ``resolved`` are findings that are gone, which is not reported while the audit is incomplete. ``blind`` are the
    questions that are open now and were not then; ``sees_again`` that the last run had some and this one has none.
    """

    since: datetime | None
    lock_changed: bool = False
    locked: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    feeds: tuple[str, ...] = ()
    findings: tuple[NewFinding, ...] = ()
    resolved: tuple[Seen, ...] = ()
    signals: tuple[tuple[str, SignalKind], ...] = ()
    blind: tuple[str, ...] = ()
    sees_again: bool = False


def news(now: HistoryEntry, history: History) -> News:
    """Return what is new in a run against the runs before, of which ``history`` holds all but this one.

    An incomplete run knows less than the one before it, so that findings are compared with everything known since
    the last complete run; else each gap would make old findings new again. Signals are compared with the last runs
    for the same reason.
    """
    before = history.last
    if before is None:
        findings = tuple(NewFinding(seen, "first") for seen in now.findings)
        return News(None, findings=findings, signals=tuple(_kinds(now.signals)), blind=now.open_questions)
    known = _known_since_complete(history)
    signals = frozenset().union(*(entry.signals for entry in history.entries[-_REMEMBERED:]))
    return News(
        since=before.generated,
        lock_changed=now.lock != before.lock,
        locked=tuple(sorted(now.packages - before.packages)),
        dropped=tuple(sorted(before.packages - now.packages)),
        feeds=tuple(sorted(_other_feeds(now, before))),
        findings=tuple(_new_findings(now, before, known)),
        resolved=_resolved(now, known),
        signals=tuple(_kinds(now.signals - signals)),
        blind=now.open_questions if before.complete else (),
        sees_again=now.complete and not before.complete,
    )


def _known_since_complete(history: History) -> tuple[Seen, ...]:
    found: list[Seen] = []
    for entry in reversed(history.entries):
        found.extend(entry.findings)
        if entry.complete:
            break
    return tuple(dict.fromkeys(found))


def _new_findings(now: HistoryEntry, before: HistoryEntry, known: tuple[Seen, ...]) -> Iterator[NewFinding]:
    by_package = _by_package(known)
    for seen in now.findings:
        names = {seen.id, *seen.names}
        same = [other for other in by_package.get(seen.package, ()) if seen.is_same(other)]
        cause: Cause = "lock"
        if f"{seen.package}=={seen.version}" in before.packages:
            cause = "feed" if names.isdisjoint(before.ignored) else "ignore"
        if not same:
            yield NewFinding(seen, cause)
        elif seen.severity.rank > max(other.severity.rank for other in same):
            yield NewFinding(seen, cause, worse=True)


def _resolved(now: HistoryEntry, known: tuple[Seen, ...]) -> tuple[Seen, ...]:
    if not now.complete:
        return ()
    by_package = _by_package(now.findings)
    return tuple(
        seen
        for seen in known
        if not any(map(seen.is_same, by_package.get(seen.package, ())))
        and {seen.id, *seen.names}.isdisjoint(now.ignored)
    )


def _by_package(findings: Iterable[Seen]) -> dict[str, list[Seen]]:
    found: dict[str, list[Seen]] = {}
    for seen in findings:
        found.setdefault(seen.package, []).append(seen)
    return found


def _other_feeds(now: HistoryEntry, before: HistoryEntry) -> Iterator[str]:
    for name, state in now.feeds.items():
        if state and before.feeds.get(name) not in {None, "", state}:
            yield name


def _kinds(signals: frozenset[tuple[str, str]]) -> Iterator[tuple[str, SignalKind]]:
    known = {str(kind) for kind in SignalKind}
    yield from ((package, SignalKind(kind)) for package, kind in sorted(signals) if kind in known)


def in_words(reported: News) -> tuple[str, ...]:
    """Return the news as plain lines, the most severe first; texts in them are single lines, not escaped."""
    ordered = sorted(reported.findings, key=lambda one: (-one.seen.severity.rank, one.seen.package))
    lines = [_finding_in_words(one) for one in ordered]
    lines += [f"{package}: {kind}" for package, kind in reported.signals if kind.is_grave]
    lines += [f"unknown: {question}" for question in reported.blind]
    lines += [f"resolved: {seen.package} {seen.version} {seen.id}" for seen in reported.resolved]
    return (*lines, *(["all sources answer again"] if reported.sees_again else []))


def _finding_in_words(new: NewFinding) -> str:
    seen = new.seen
    why = {
        "first": "",
        "lock": ", came with a change of poetry.lock",
        "feed": ", new in the advisories about a version that was locked before",
        "ignore": ", ignored before",
    }[new.cause]
    grade = "now rated " if new.worse else ""
    return f"{seen.package} {seen.version}: {seen.id} ({grade}{seen.severity}{'' if new.worse else why})"
