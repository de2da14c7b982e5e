from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from tests.unit.health.facts import NOW

from poetry_aiops.health.advisory import Severity
from poetry_aiops.health.history import History, HistoryEntry, Seen
from poetry_aiops.health.news import in_words, news


APPLE = Seen("apple", "1.0", "GHSA-1", Severity.HIGH, ("CVE-1",))
PEAR = Seen("pear", "2.0", "GHSA-2", Severity.LOW)
BEFORE = HistoryEntry(NOW, "lock-1", frozenset({"apple==1.0", "pear==1.0"}), {"snapshot": "feed-1"})
LATER = NOW + timedelta(days=1)


def after(*entries: HistoryEntry) -> History:
    return History(entries)


def test_nothing_new_is_no_alert() -> None:
    same = replace(BEFORE, findings=(APPLE,))
    reported = news(replace(same, generated=LATER), after(same))
    assert (
        reported.findings,
        reported.resolved,
        reported.lock_changed,
        reported.feeds,
        in_words(reported),
    ) == (
        (),
        (),
        False,
        (),
        (),
    )


def test_an_advisory_about_a_version_that_was_locked_before_comes_from_the_feed() -> None:
    reported = news(replace(BEFORE, findings=(APPLE,), feeds={"snapshot": "feed-2"}), after(BEFORE))
    assert [(one.seen, one.cause) for one in reported.findings] == [(APPLE, "feed")]
    assert (reported.feeds, reported.lock_changed) == (("snapshot",), False)
    assert "new in the advisories" in in_words(reported)[0]


def test_an_advisory_about_a_version_that_was_not_comes_from_the_lock() -> None:
    now = replace(BEFORE, lock="lock-2", packages=frozenset({"apple==1.0", "pear==2.0"}), findings=(PEAR,))
    reported = news(now, after(BEFORE))
    assert [one.cause for one in reported.findings] == ["lock"]
    assert (reported.locked, reported.dropped, reported.lock_changed) == (
        ("pear==2.0",),
        ("pear==1.0",),
        True,
    )


def test_the_same_vulnerability_under_another_id_or_version_is_not_new() -> None:
    renamed = Seen("apple", "1.1", "CVE-1", Severity.HIGH, ("PYSEC-7",))
    reported = news(replace(BEFORE, findings=(renamed,)), after(replace(BEFORE, findings=(APPLE,))))
    assert (reported.findings, reported.resolved) == ((), ())


def test_a_graver_rating_is_news() -> None:
    graver = APPLE._replace(severity=Severity.CRITICAL)
    reported = news(replace(BEFORE, findings=(graver,)), after(replace(BEFORE, findings=(APPLE,))))
    assert [(one.worse, one.seen.severity) for one in reported.findings] == [(True, Severity.CRITICAL)]
    assert in_words(reported) == ("apple 1.0: GHSA-1 (now rated critical)",)
    milder = news(replace(BEFORE, findings=(APPLE,)), after(replace(BEFORE, findings=(graver,))))
    assert milder.findings == ()


def test_a_finding_that_is_gone_is_resolved_when_everything_was_seen() -> None:
    before = replace(BEFORE, findings=(APPLE,))
    assert news(BEFORE, after(before)).resolved == (APPLE,)
    assert news(replace(BEFORE, open_questions=("no answer",)), after(before)).resolved == ()


def test_what_is_ignored_from_now_on_is_not_resolved_and_what_is_no_longer_ignored_is_not_new() -> None:
    counts, ignored = replace(BEFORE, findings=(APPLE,)), replace(BEFORE, ignored=("GHSA-1",))
    assert news(ignored, after(counts)).resolved == ()
    (again,) = news(counts, after(ignored)).findings
    assert (again.cause, in_words(news(counts, after(ignored)))) == (
        "ignore",
        ("apple 1.0: GHSA-1 (high, ignored before)",),
    )


def test_a_gap_does_not_make_old_findings_new_again() -> None:
    known = replace(BEFORE, findings=(APPLE,), signals=frozenset({("pear", "yanked")}))
    gap = replace(BEFORE, open_questions=("no answer",))
    reported = news(known, after(known, gap, gap))
    assert (reported.findings, reported.signals, reported.sees_again) == ((), (), True)
    assert in_words(reported) == ("all sources answer again",)


def test_a_finding_that_was_resolved_and_comes_back_is_news() -> None:
    known = replace(BEFORE, findings=(APPLE,))
    assert [one.seen for one in news(known, after(known, BEFORE)).findings] == [APPLE]


def test_going_blind_is_told_once() -> None:
    blind = replace(BEFORE, open_questions=("osv: no answer",))
    assert news(blind, after(BEFORE)).blind == ("osv: no answer",)
    assert news(blind, after(BEFORE, blind)).blind == ()


def test_only_grave_signals_are_reported() -> None:
    young = replace(BEFORE, signals=frozenset({("pear", "young")}))
    yanked = replace(BEFORE, signals=frozenset({("pear", "yanked"), ("pear", "from-a-later-release")}))
    assert in_words(news(young, after(BEFORE))) == ()
    assert in_words(news(yanked, after(BEFORE))) == ("pear: yanked",)


def test_on_the_first_run_everything_is_new() -> None:
    reported = news(replace(BEFORE, findings=(PEAR, APPLE)), History())
    assert (reported.since, [one.cause for one in reported.findings]) == (None, ["first", "first"])
    assert in_words(reported) == ("apple 1.0: GHSA-1 (high)", "pear 2.0: GHSA-2 (low)")


def test_a_service_without_a_hash_never_shows_as_changed() -> None:
    reported = news(replace(BEFORE, feeds={"osv": ""}), after(replace(BEFORE, feeds={"osv": ""})))
    assert reported.feeds == ()
