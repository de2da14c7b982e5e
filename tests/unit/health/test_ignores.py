from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from tests.unit.health.facts import finding

from poetry_aiops.health.advisory import Advisory
from poetry_aiops.health.ignores import Ignore, apply_ignores


TODAY = date(2026, 7, 1)
FOUND = finding(aliases=("CVE-2026-1",), fixed_in=("1.1", "2.0"))


@pytest.mark.parametrize("name", ["GHSA-1", "ghsa-1", "CVE-2026-1"])
def test_an_ignore_names_an_id_or_an_alias(name: str) -> None:
    outcome = apply_ignores([FOUND], [Ignore(name, "not reachable")], TODAY, complete=True)
    assert outcome.active == ()
    assert outcome.ignored[0].ignore.reason == "not reachable"
    assert outcome.idle == ()


def test_another_id_or_package_is_not_ignored() -> None:
    other = Ignore("GHSA-2", "r")
    elsewhere = Ignore("GHSA-1", "r", packages=frozenset({"pear"}))
    assert apply_ignores([FOUND], [other, elsewhere], TODAY, complete=True).active == (FOUND,)


def test_the_day_of_expiry_is_the_last() -> None:
    last = Ignore("GHSA-1", "r", expires=TODAY)
    over = Ignore("GHSA-1", "r", expires=date(2026, 6, 30))
    assert apply_ignores([FOUND], [last], TODAY, complete=True).active == ()
    outcome = apply_ignores([FOUND], [over], TODAY, complete=True)
    assert outcome.active == (FOUND,)
    assert (outcome.idle[0].why, outcome.idle[0].is_lapsed) == ("it expired on 2026-06-30", True)


def test_until_fixed_ends_with_the_fix() -> None:
    waiting = Ignore("GHSA-1", "r", until_fixed=True)
    unfixed = finding()
    assert apply_ignores([unfixed], [waiting], TODAY, complete=True).active == ()
    outcome = apply_ignores([FOUND], [waiting], TODAY, complete=True)
    assert outcome.active == (FOUND,)
    assert "apple 1.1" in outcome.idle[0].why


def test_until_fixed_is_an_open_question_where_no_index_said_whether_a_fix_is_out() -> None:
    bounded = replace(finding(), bounded=(Advisory("GHSA-1"),))
    for until_fixed, fixed_in, texts in ((True, (), 1), (False, (), 0), (True, ("2.0",), 0)):
        found, ignore = replace(bounded, fixed_in=fixed_in), Ignore("GHSA-1", "r", until_fixed=until_fixed)
        outcome = apply_ignores([found], [ignore], TODAY, complete=True)
        assert len(outcome.open_questions) == texts
        assert all(one.packages == {"apple"} for one in outcome.open_questions)


def test_one_entry_may_hold_for_one_package_and_be_over_for_another() -> None:
    waiting = Ignore("GHSA-1", "r", until_fixed=True)
    unfixed = finding("pear")
    outcome = apply_ignores([FOUND, unfixed], [waiting], TODAY, complete=True)
    assert outcome.active == (FOUND,)
    assert [one.finding for one in outcome.ignored] == [unfixed]


def test_an_entry_that_nothing_needs_is_told_only_when_everything_was_seen() -> None:
    idle = Ignore("GHSA-9", "r")
    (reported,) = apply_ignores([FOUND], [idle], TODAY, complete=True).idle
    assert not reported.is_lapsed
    assert "remove the entry" in reported.why
    assert apply_ignores([FOUND], [idle], TODAY, complete=False).idle == ()


def test_a_second_entry_takes_over_from_an_expired_one() -> None:
    over = Ignore("GHSA-1", "old", expires=date(2026, 1, 1))
    holding = Ignore("GHSA-1", "new")
    outcome = apply_ignores([FOUND], [over, holding], TODAY, complete=True)
    assert outcome.ignored[0].ignore is holding
    assert [one.ignore for one in outcome.idle] == [over]
