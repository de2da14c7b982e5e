"""Terminals: foreign text made harmless, and streams prepared for what is written to them."""

from __future__ import annotations

import os
import re
from io import TextIOWrapper
from typing import TYPE_CHECKING

from cleo.formatters.formatter import Formatter

from poetry_aiops.system.streams import outlive_reader


if TYPE_CHECKING:
    from cleo.io.io import IO
    from cleo.io.outputs.output import Output


_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_COMMAND = re.compile(r"^(\s*)::", re.MULTILINE)


def plain(text: str) -> str:
    """Return foreign text without control characters, with cleo's markup and the commands of build services made inert.

    GitHub Actions takes a line of the log that begins with ``::``, and ``##[`` anywhere, for a command of its own.
    """
    inert = _COMMAND.sub(r"\1: :", _CONTROL.sub("", text)).replace("##[", "## [")
    return str(Formatter.escape(inert))


def outlive_readers(io: IO) -> None:
    """Let a command come to its end and to its exit code although nothing reads its output any more."""
    for stream in streams_of(io):
        outlive_reader(stream)


def streams_of(io: IO) -> list[TextIOWrapper]:
    """Return the streams of both outputs that are files, pipes or terminals."""
    streams = (getattr(output, "stream", None) for output in (io.output, io.error_output))
    return [stream for stream in streams if isinstance(stream, TextIOWrapper)]


def accept_every_sign(io: IO) -> None:
    """Let the outputs write signs that their encoding does not have as escapes, instead of ending with an error.

    That is every sign but ASCII with ``LC_ALL=C``, and the name of a file that is no UTF-8 anywhere.
    """
    for stream in streams_of(io):
        stream.reconfigure(errors="backslashreplace")


def write_documents_in_utf8(output: Output) -> None:
    """Let an output whose text is for programs be UTF-8 whatever the terminal's encoding is, as a file would be."""
    stream = getattr(output, "stream", None)
    if isinstance(stream, TextIOWrapper):
        stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def suit_terminal(io: IO) -> None:
    """Leave out colours on a terminal that shows none."""
    if os.environ.get("TERM") == "dumb" and not io.input.has_parameter_option("--ansi", only_params=True):
        io.decorated(decorated=False)
