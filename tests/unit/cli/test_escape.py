"""The base of every escape: what is hidden goes, what can be read stays."""

from __future__ import annotations

from tests.support.every import for_each

from poetry_aiops.cli.escape import for_log, for_terminal, markdown_code
from poetry_aiops.cli.terminal import plain
from poetry_aiops.system.text import clean, one_line, without_hidden


HIDDEN = ("\x07", "\x9b", "\u00ad", "\u200b", "\u202e", "\u2066", "\ufeff", "\U000e0041", "\ue000", "\u2028")


@for_each("character", HIDDEN)
def test_every_escape_takes_hidden_characters_out(character: str) -> None:
    text = f"a{character}ß"
    assert without_hidden(text) == for_log(text) == plain(text) == clean(text) == "aß"
    assert one_line(text) in {"aß", "a ß"}  # a line end becomes a blank
    assert for_terminal(text) == one_line(text)


def test_what_can_be_read_stays_as_it_is() -> None:
    assert one_line("naïve  путь 包") == "naïve  путь 包"
    assert one_line("two\r\nlines\tand\u2029more") == "two lines and more"


def test_lines_stay_in_a_log_and_so_do_the_bytes_of_a_name() -> None:
    name = b"caf\xe9".decode("utf-8", "surrogateescape")
    assert for_log(f"one\n\t{name}") == f"one\n\t{name}"
    assert one_line(name) == "caf"


def test_no_line_of_a_log_begins_with_a_command_of_a_build_service() -> None:
    assert for_log("x\n  ::error::y\nz ##[group]") == "x\n  : :error::y\nz ## [group]"


def test_a_code_span_has_a_longer_fence_and_blanks_only_where_it_holds_backticks() -> None:
    assert markdown_code("a|b") == "`a\\|b`"
    assert markdown_code("a`b``") == "``` a`b`` ```"
    assert markdown_code("") == ""
