"""The repairs of --fix, byte for byte."""

from __future__ import annotations

import codecs

import pytest
from tests.support.every import for_each
from tests.support.neighbours import FILE, tree_of

from poetry_aiops.migrate.request import repaired


def fixed(data: bytes) -> bytes:
    tree = tree_of({FILE: data})
    return repaired(tree.files[FILE], tree.problems)


def test_the_suggested_line_takes_the_place_of_the_refused_one() -> None:
    assert fixed(b"# top\nidna\nsix=1.16.0  # why\nattrs\n") == b"# top\nidna\nsix==1.16.0  # why\nattrs\n"


def test_line_ends_stay() -> None:
    assert fixed(b"idna\r\nsix=1.16.0\r\nattrs") == b"idna\r\nsix==1.16.0\r\nattrs"


def test_a_line_may_become_several() -> None:
    assert fixed(b"six==1.16.0 idna==3.4\r\nattrs\r\n") == b"six==1.16.0\r\nidna==3.4\r\nattrs\r\n"


def test_a_line_may_go() -> None:
    assert fixed(b"idna\n- \nattrs\n") == b"idna\nattrs\n"


def test_the_last_line_stays_without_an_end() -> None:
    assert fixed(b"idna\nsix=1.16.0") == b"idna\nsix==1.16.0"


@pytest.mark.parametrize(
    ("bom", "encoding"),
    [(codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")],
)
def test_encoding_and_byte_order_mark_stay(bom: bytes, encoding: str) -> None:
    before, after = "# größe\r\nsix=1.16.0\r\n", "# größe\r\nsix==1.16.0\r\n"
    assert fixed(bom + before.encode(encoding)) == bom + after.encode(encoding)


def test_a_declared_encoding_stays() -> None:
    before = "# -*- coding: latin-1 -*-\n# é\nsix=1.16.0\n"
    assert fixed(before.encode("latin-1")) == before.replace("=1.16", "==1.16").encode("latin-1")


@for_each("data", [b"", b"six\n", b"six==1 # ok", b"\xff\xfa bad", b"https://host/archive/main.zip\n"])
def test_what_cannot_be_repaired_stays_as_it_is(data: bytes) -> None:
    assert fixed(data) == data


def test_the_repaired_file_is_read_without_errors() -> None:
    text = fixed(b"six=1.16.0\ntransformers>=4.38.*\nidna==3.4 attrs\n")
    assert tree_of({FILE: text}).errors == ()
