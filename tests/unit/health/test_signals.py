from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.support.every import for_each
from tests.unit.health.facts import NOW, record, records, release
from tests.unit.health.locked import locked

from poetry_aiops.health.signals import Signal, SignalKind, signals_of
from poetry_aiops.index.release_records import About, IndexRecords, Release


PACKAGE = locked("apple", "1.0")


def signals(*releases: Release, about: About | None = None, stale: str = "") -> tuple[Signal, ...]:
    known = records(apple=replace(record("apple", *releases, about=about), stale=stale))
    return signals_of(PACKAGE, known, now=NOW, young=timedelta(days=7))


def test_an_ordinary_release_gives_no_signal() -> None:
    assert signals(release("1.0", "2024-01-01", provenance=True)) == ()
    assert signals(release("1.0")) == ()


@for_each(
    ("locked_release", "kind", "words"),
    [
        (release("1.0", "2024-01-01", yanked="bad hash"), SignalKind.YANKED, "bad hash"),
        (release("1.0", "2024-01-01", yanked=""), SignalKind.YANKED, "no reason is given"),
        (release("1.0", "2024-01-01", wheel=False), SignalKind.SDIST_ONLY, "runs its build script"),
        (release("1.0", "2026-06-28"), SignalKind.YOUNG, "3 days ago"),
        (release("1.0", "2026-07-01"), SignalKind.YOUNG, "today"),
        (release("1.0", "2024-01-01", provenance=False), SignalKind.NO_PROVENANCE, "no provenance"),
        (release("2.0", "2024-01-01"), SignalKind.GONE, "no longer on PyPI"),
    ],
)
def test_a_fact_about_the_locked_release_is_a_signal(
    locked_release: Release, kind: SignalKind, words: str
) -> None:
    (signal,) = signals(locked_release)
    assert signal.kind is kind
    assert words in signal.message


@pytest.mark.parametrize("status", ["quarantined", "archived", "deprecated"])
def test_a_project_status_is_a_signal_with_its_reason(status: str) -> None:
    (signal,) = signals(release("1.0", "2024-01-01"), about=About(status, "see the notice"))
    assert signal.kind == status
    assert signal.message.endswith("(see the notice)")


def test_provenance_that_was_lost_is_graver_than_none() -> None:
    releases = [
        release("0.8", provenance=False),
        release("0.9", provenance=True),
        release("1.0", provenance=False),
    ]
    (signal,) = signals(*releases)
    assert signal.kind is SignalKind.PROVENANCE_LOST
    assert signal.kind.is_grave
    assert not SignalKind.NO_PROVENANCE.is_grave


def test_a_release_that_an_old_record_lacks_is_not_called_gone() -> None:
    assert signals(release("0.9"), stale="the index cannot be reached") == ()


def test_the_most_severe_comes_first() -> None:
    found = signals(release("1.0", "2026-06-30", yanked="", wheel=False), about=About("quarantined"))
    assert [signal.kind for signal in found] == ["quarantined", "yanked", "young", "sdist-only"]


def test_without_a_record_nothing_is_said() -> None:
    assert signals_of(PACKAGE, IndexRecords(), now=NOW, young=timedelta(days=7)) == ()
