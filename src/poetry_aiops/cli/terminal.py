"""Terminals: foreign text made harmless, and streams prepared for what is written to them."""

from __future__ import annotations

import os
from io import TextIOWrapper
from typing import TYPE_CHECKING

from cleo.formatters.formatter import Formatter
from cleo.io.null_io import NullIO

from poetry_aiops.cli.escape import for_log
from poetry_aiops.system.streams import outlive_reader


if TYPE_CHECKING:
    from cleo.io.io import IO
    from cleo.io.outputs.output import Output


def plain(text: str) -> str:
    """Return foreign text for cleo's outputs: inert as in a log, and without a meaning as markup."""
    return str(Formatter.escape(for_log(text)))


def silent_io() -> IO:
    """Return an io that reads and writes nothing, for Poetry's own classes."""
    return NullIO()


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
