"""Bytes -> text -> logical lines, as pip reads them."""

from __future__ import annotations

import codecs

import pytest
from tests.support.every import for_each
from tests.support.neighbours import parsed

from poetry_aiops.migrate.reading.text import (
    Decoded,
    LogicalLine,
    Undecodable,
    decode,
    encode,
    logical_lines,
    newline_of,
)


def text_of(data: bytes) -> str:
    found = decode(data)
    assert isinstance(found, Decoded)
    return found.text


def refusal_of(data: bytes) -> Undecodable:
    found = decode(data)
    assert isinstance(found, Undecodable)
    return found


def lines_of(text: str) -> list[LogicalLine]:
    return list(logical_lines(text))


@for_each(
    ("mark", "encoding"),
    [
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
    ],
)
def test_a_byte_order_mark_says_the_encoding_and_is_no_text(mark: bytes, encoding: str) -> None:
    data = mark + "six==1.16.0  # café\r\n".encode(encoding)
    assert text_of(data) == "six==1.16.0  # café\r\n"


def test_a_coding_line_among_the_first_two_is_honoured() -> None:
    assert text_of("# caf\n# -*- coding: latin-1 -*-\n# café\n".encode("latin-1")).endswith("# café\n")


def test_a_coding_line_further_down_is_a_comment() -> None:
    assert refusal_of("#\n#\n# coding: latin-1\n# café\n".encode("latin-1")).line == 4


def test_a_file_that_is_not_utf8_is_refused_with_the_offset_and_a_coding_line() -> None:
    refusal = refusal_of(b"six\n# caf\xe9\n")
    assert (refusal.offset, refusal.line) == (9, 2)
    assert "0xe9" in refusal.what
    assert "coding: latin-1" in refusal.suggestion


@for_each("name", ["no-such", "rot13", "hex", "punycode", "idna", "undefined", "unicode_escape"])
def test_a_coding_line_that_names_no_encoding_of_files_is_refused(name: str) -> None:
    assert name in refusal_of(f"# coding: {name}\nsix\n".encode()).what


def test_utf16_without_a_mark_is_refused_as_no_text() -> None:
    assert "NUL" in refusal_of("six\n".encode("utf-16-le")).what


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbfsix\r\n",
        codecs.BOM_UTF16_BE + "six\n".encode("utf-16-be"),
        "# coding: latin-1\n# café\n".encode("latin-1"),
        b"six",
    ],
)
def test_a_file_encodes_back_to_its_own_bytes(data: bytes) -> None:
    file, _ = parsed(data)
    assert encode(file, "".join(line.raw for line in file.lines)) == data


@for_each(
    ("text", "end"), [("a\nb\n", "\n"), ("a\r\nb\r\nc\n", "\r\n"), ("a\rb\r", "\r"), ("a", "\n"), ("", "\n")]
)
def test_the_line_end_is_that_of_most_lines(text: str, end: str) -> None:
    assert newline_of(text) == end


def test_a_backslash_joins_the_next_line_without_a_blank() -> None:
    (line,) = lines_of("six==1.\\\n16.0\n")
    assert (line.text, line.number, line.last) == ("six==1.16.0", 1, 2)


def test_a_joined_line_is_not_trimmed() -> None:
    assert lines_of("six==1.\\\n  16.0\n")[0].text == "six==1.  16.0"


def test_a_backslash_may_end_the_file() -> None:
    (line,) = lines_of("six==1.16.0 \\")
    assert (line.text, line.number, line.last) == ("six==1.16.0", 1, 1)
    assert lines_of("six \\\n")[0].last == 1


def test_a_comment_line_ends_a_continuation() -> None:
    first, second = lines_of("six==1.0 \\\n  # why\n--pre\n")
    assert (first.text, first.comment, first.last) == ("six==1.0", "why", 2)
    assert second.text == "--pre"


def test_a_comment_line_is_not_continued() -> None:
    assert [line.text for line in lines_of("# a \\\nsix\n")] == ["", "six"]


def test_text_that_a_comment_swallows_is_marked() -> None:
    (line,) = lines_of("six # why \\\nidna\n")
    assert line.text == "six"
    assert line.swallowed
    assert not lines_of("six \\\n # why\n")[0].swallowed


@for_each(
    ("text", "kept", "comment"),
    [
        ("six # x#1", "six", "x#1"),
        ("six\t#x", "six", "x"),
        ("six#x", "six#x", None),
        ("#", "", ""),
        ("x @ https://h/#egg=x  # why", "x @ https://h/#egg=x", "why"),
        ("six\u00a0", "six", None),
    ],
)
def test_a_comment_begins_at_a_hash_with_white_space_before_it(
    text: str, kept: str, comment: str | None
) -> None:
    (line,) = lines_of(text)
    assert (line.text, line.comment) == (kept, comment)


def test_lines_end_where_pip_ends_them_but_count_as_editors_count_them() -> None:
    found = lines_of("a\x0cb\u2028c\r\nd\re\n")
    assert [(line.text, line.number) for line in found] == [("a", 1), ("b", 1), ("c", 1), ("d", 2), ("e", 3)]


def test_raw_parts_are_the_text() -> None:
    text = "\n# a\r\nsix \\\r\n  --pre \\\n\\\n#x\r\r\nlast \\"
    assert "".join(line.raw for line in lines_of(text)) == text
