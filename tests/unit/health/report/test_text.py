from __future__ import annotations

from dataclasses import replace

import pytest
from tests.support.styled import as_text
from tests.unit.health.health_sample import FLASK, audited, blind, clean, rated, sample

from poetry_aiops.cli.styled import cells_wide
from poetry_aiops.health.report.text import TextView, health_lines


def text_of(width: int = 80, *, every: bool = False) -> str:
    return as_text(health_lines(sample(), TextView(width, every=every)))


@pytest.mark.parametrize("width", [40, 60, 72, 80, 100, 120, 200])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    lines = text_of(width).splitlines()

    assert [line for line in lines if cells_wide(line) > width] == []


def test_the_gravest_finding_comes_first_with_its_fix_and_who_pulls_it_in() -> None:
    rows = [line for line in text_of(100).splitlines() if "GHSA-" in line or "PYSEC-2021" in line]
    told = [
        line for line in rows if line.startswith("  ") and line.split()[0] in {"critical", "high", "unknown"}
    ]

    assert [line.split()[0] for line in told] == ["critical", "high", "unknown"]
    assert told[0].split() == [
        "critical",
        "torch",
        "2.1.0+cu126",
        "GHSA-53q9-r3pm-6pq6",
        "2.6.0",
        "direct",
        "(ml-gpu)",
    ]
    assert "flask (main)" in told[1]
    assert "no fix known" in told[2]


def test_what_is_unknown_is_said_and_never_looks_good() -> None:
    lines = health_lines(blind())
    text = as_text(lines)

    assert "Score    unknown" in text
    assert "Found    unknown" in text
    assert "no known vulnerability" not in text
    assert "cannot tell" in text
    assert "connection refused" in text
    assert [span for line in lines for span in line if span.style == "good"] == []


def test_a_score_on_too_few_facts_is_called_insufficient() -> None:
    assert "insufficient (54 of 100, on 79 % of the facts)" in text_of()


def test_a_project_without_fault_says_so_and_where_that_comes_from() -> None:
    text = as_text(health_lines(clean()))

    assert "no known vulnerability" in text
    assert "OSV: advisories, as of 2026-07-01T12:00:00Z, 3 records" in text
    assert "Gate passed" in text


def test_who_holds_a_package_back_stands_beside_it() -> None:
    row = next(line for line in text_of(120).splitlines() if line.strip().startswith("starlette   0.36.3"))

    assert row.split() == [
        "starlette",
        "0.36.3",
        "0.36.3",
        "0.48.0",
        "1.9",
        "y",
        "fastapi",
        "0.110.0",
        ">=0.36.3,<0.37.0",
    ]


def test_a_narrowed_report_says_that_it_is_not_the_whole_lock() -> None:
    text = as_text(health_lines(replace(clean(), scope="only dev")))

    assert "only dev (not the whole lock)" in text


def test_long_lists_are_cut_with_a_word_and_shown_whole_on_demand() -> None:
    rows = tuple(
        rated(replace(FLASK, name=f"p{number}"), audited(FLASK), sample().packages[0].currency)
        for number in range(40)
    )
    report = replace(clean(), packages=rows)

    assert "... and 25 more (-v shows all)" in as_text(health_lines(report))
    assert "more (-v" not in as_text(health_lines(report, TextView(every=True)))


def test_a_terminal_without_unicode_gets_plain_signs() -> None:
    assert as_text(health_lines(sample(), TextView(unicode=False))).isascii()


def test_without_security_nobody_is_told_that_nothing_was_found() -> None:
    text = as_text(health_lines(replace(clean(), audit=None)))

    assert "vulnerabilities were not looked for" in text
    assert "None known" not in text
