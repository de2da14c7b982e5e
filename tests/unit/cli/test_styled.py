from __future__ import annotations

from tests.support.styled import as_text

from poetry_aiops.cli.styled import Column, StyledText, cells_wide, hanging, table, wrapped


def test_a_table_gives_way_in_its_elastic_columns() -> None:
    columns = [Column("id"), Column("text", elastic=True)]
    lines = table(columns, [[StyledText("a-long-identity"), StyledText("some words that do not fit")]], 37)

    assert as_text(lines).splitlines() == [
        "  ID               TEXT",
        "  a-long-identity  some words that do",
        "                   not fit",
    ]


def test_right_columns_line_up_their_last_signs() -> None:
    lines = table([Column("score", right=True)], [[StyledText("7")], [StyledText("100")]], 80)

    assert as_text(lines).splitlines() == ["  SCORE", "      7", "    100"]


def test_words_longer_than_a_column_are_broken() -> None:
    assert wrapped("abcdefghij kl", 4) == ["abcd", "efgh", "ij", "kl"]
    assert wrapped("", 4) == [""]


def test_wide_signs_take_two_cells_and_combining_ones_none() -> None:
    assert cells_wide("a\u3042") == 3
    assert cells_wide("e\u0301") == 1
    assert wrapped("\u3042\u3042\u3042", 4) == ["\u3042\u3042", "\u3042"]


def test_where_not_even_words_fit_each_cell_stands_beside_its_title() -> None:
    columns = [Column("level"), Column("package", elastic=True), Column("advisory"), Column("fixed in")]
    rows = [
        [StyledText("high"), StyledText("toolkit 1.0"), StyledText("GHSA-aaaa-bbbb-cccc"), StyledText("")]
    ]

    assert as_text(table(columns, rows, 36)).splitlines() == [
        "  LEVEL     high",
        "    PACKAGE   toolkit 1.0",
        "    ADVISORY  GHSA-aaaa-bbbb-cccc",
    ]


def test_words_of_a_column_that_does_not_give_way_stay_whole() -> None:
    columns = [Column("package", elastic=True), Column("status")]

    assert as_text(
        table(columns, [[StyledText("long name 1.0"), StyledText("archived")]], 19)
    ).splitlines() == [
        "  PACKAGE  STATUS",
        "  long     archived",
        "  name",
        "  1.0",
    ]


def test_a_long_line_goes_on_below_the_value_of_its_label() -> None:
    assert hanging("System:  linux\nNVIDIA:  one GPU, driver 535.54", 24).splitlines() == [
        "System:  linux",
        "NVIDIA:  one GPU, driver",
        "         535.54",
    ]
    assert hanging("  a reason that is long", 14).splitlines() == ["  a reason", "    that is", "    long"]


def test_a_path_that_is_wider_than_the_terminal_is_not_torn() -> None:
    assert hanging("at /a/path/that/somebody/copies", 12).splitlines() == [
        "at",
        "  /a/path/that/somebody/copies",
    ]
