from __future__ import annotations

from poetry_aiops.report.styled import Column
from poetry_aiops.report.styled import Span
from poetry_aiops.report.styled import as_text
from poetry_aiops.report.styled import cells_wide
from poetry_aiops.report.styled import table
from poetry_aiops.report.styled import wrapped


def test_a_table_gives_way_in_its_elastic_columns() -> None:
    columns = [Column("id"), Column("text", elastic=True)]
    lines = table(columns, [[Span("a-long-identity"), Span("some words that do not fit")]], 37)

    assert as_text(lines).splitlines() == [
        "  ID               TEXT",
        "  a-long-identity  some words that do",
        "                   not fit",
    ]


def test_right_columns_line_up_their_last_signs() -> None:
    lines = table([Column("score", right=True)], [[Span("7")], [Span("100")]], 80)

    assert as_text(lines).splitlines() == ["  SCORE", "      7", "    100"]


def test_words_longer_than_a_column_are_broken() -> None:
    assert wrapped("abcdefghij kl", 4) == ["abcd", "efgh", "ij", "kl"]
    assert wrapped("", 4) == [""]


def test_wide_signs_take_two_cells_and_combining_ones_none() -> None:
    assert cells_wide("a\u3042") == 3
    assert cells_wide("e\u0301") == 1
    assert wrapped("\u3042\u3042\u3042", 4) == ["\u3042\u3042", "\u3042"]
