"""The account of every input line."""

from __future__ import annotations

from tests.support.neighbours import FILE, tree_of

from poetry_aiops.migrate.model import Place, Problem
from poetry_aiops.migrate.planning.ledger import Ledger, tally


TEXT = "# top\n\nsix==1.16.0 \\\n  --hash=sha256:aa\n-r base.txt\n-c c.txt\n--no-index\nidna\n"


def ledger() -> Ledger:
    return Ledger(tree_of({FILE: TEXT, "base.txt": "attrs\n", "c.txt": ""}))


def test_every_line_has_one_outcome_in_the_order_of_the_files() -> None:
    outcomes = ledger().outcomes([])
    assert [(one.file, one.line, one.kind) for one in outcomes] == [
        (FILE, 1, "comment"),
        (FILE, 2, "blank"),
        (FILE, 3, "requirement"),
        (FILE, 5, "include"),
        (FILE, 6, "constraint"),
        (FILE, 7, "option"),
        (FILE, 8, "requirement"),
        ("base.txt", 1, "requirement"),
    ]
    assert "".join(one.raw for one in outcomes if one.file == FILE) == TEXT


def test_a_line_that_is_said_twice_keeps_the_first_outcome_and_gathers_places() -> None:
    found = ledger()
    found.say(FILE, 3, "migrated", "main")
    found.say(FILE, 3, "seed", "dev", "why")
    found.say(FILE, 3, "migrated", "main", "why")
    one = found.outcomes([])[2]
    assert (one.outcome, one.to, one.message) == ("migrated", "main, dev", "why")


def test_a_line_of_which_something_was_said_is_not_silent() -> None:
    found = ledger()
    found.say(FILE, 3, "seed", "poetry.lock")
    found.say_if_silent(FILE, 3, "migrated", "others")
    found.say_if_silent(FILE, 8, "migrated", "others")
    assert [(found.outcomes([])[at].outcome, found.outcomes([])[at].message) for at in (2, 6)] == [
        ("seed", ""),
        ("migrated", "others"),
    ]


def test_errors_refuse_their_lines() -> None:
    found = ledger()
    found.say(FILE, 8, "migrated", "main")
    errors = [Problem("error", Place(FILE, 8), "bad"), Problem("error", Place(FILE, 4), "hash")]
    refused = [(one.line, one.message, one.to) for one in found.outcomes(errors) if one.outcome == "refused"]
    assert refused == [(3, "hash", ""), (8, "bad", "")]


def test_an_error_may_span_lines_or_the_whole_file() -> None:
    span = Problem("error", Place(FILE, 2), "span", last=5)
    assert [line for _, line in ledger().refused([span])] == [2, 3, 5]
    whole = Problem("error", Place("base.txt"), "whole")
    assert list(ledger().refused([whole])) == [("base.txt", 1)]
    assert ledger().refused([Problem("error", Place("elsewhere.txt", 1), "x")]) == {}


def test_the_tally_adds_up() -> None:
    outcomes = ledger().outcomes([])
    assert tally(outcomes) == {"migrated": 2, "configured": 0, "seed": 0, "noted": 6, "refused": 0}
