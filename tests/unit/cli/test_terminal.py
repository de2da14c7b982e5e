from __future__ import annotations

import io
import os

import pytest
from cleo.formatters.formatter import Formatter
from cleo.io.inputs.argv_input import ArgvInput
from cleo.io.io import IO
from cleo.io.outputs.stream_output import StreamOutput
from tests.support.every import for_each

from poetry_aiops.cli.output import Output
from poetry_aiops.cli.terminal import accept_every_sign, plain, write_documents_in_utf8
from poetry_aiops.errors import InputError


def shown(text: str) -> str:
    """Return what a terminal gets of foreign text."""
    return Formatter().format(plain(text))


@for_each(
    ("text", "seen"),
    [
        ("\x1b[31mred\x1b[0m", "[31mred[0m"),
        ("\x1b]0;title\x07x\x9b2J", "]0;titlex2J"),
        ("safe\u202egpj.exe\u2066", "safegpj.exe"),
        ("one\rtwo\bthree\x00", "onetwothree"),
        ("<fg=red>x</> <error>y</error>", "<fg=red>x</> <error>y</error>"),
        ("a\n::set-output name=x::y", "a\n: :set-output name=x::y"),
        ("  ::error::x", "  : :error::x"),
        ("x ##[add-mask]y", "x ## [add-mask]y"),
        ("torch::cuda stays", "torch::cuda stays"),
    ],
)
def test_foreign_text_moves_no_cursor_and_gives_no_command(text: str, seen: str) -> None:
    assert shown(text) == seen


def terminal(encoding: str) -> tuple[IO, io.BytesIO]:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding, write_through=True)
    return IO(ArgvInput(["x"]), StreamOutput(stream), StreamOutput(stream)), raw


def test_a_name_with_a_line_end_makes_no_line_of_its_own_in_an_error() -> None:
    out, raw = terminal("utf-8")
    error = InputError("is no version", where="package x\n::error::y", details=("a\r\nb",), hint="Do\nthis.")
    Output(out).error(error)
    assert raw.getvalue().decode().splitlines() == [
        "package x : :error::y: is no version",
        "  a b",
        "Do this.",
    ]


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_what_a_terminal_cannot_show_is_escaped_and_ends_nothing(encoding: str) -> None:
    out, raw = terminal(encoding)
    accept_every_sign(out)
    Output(out).warning(f"\u5927 \u2192 {os.fsdecode(bytes([0xFF]))}")
    Output(out).error(InputError("\u5927"))
    text = raw.getvalue().decode(encoding)
    assert "\\udcff" in text
    assert text.count("\\u5927") == (0 if encoding == "utf-8" else 2)


def test_a_document_is_utf_8_on_any_terminal() -> None:
    out, raw = terminal("ascii")
    write_documents_in_utf8(out.output)
    out.output.write("\u5927 \u2192")
    assert raw.getvalue().decode("utf-8") == "\u5927 \u2192"
