"""Text for a person at a terminal: errors, and foreign text made harmless."""

from __future__ import annotations

import os
import shutil
from io import TextIOWrapper
from typing import TYPE_CHECKING

from cleo.formatters.formatter import Formatter
from cleo.io.outputs.output import Verbosity
from cleo.io.outputs.stream_output import StreamOutput

from poetry_aiops.cli.escape import for_log
from poetry_aiops.cli.styled import hanging
from poetry_aiops.system.streams import lost_reader, outlive_reader


if TYPE_CHECKING:
    from cleo.io.io import IO
    from cleo.io.outputs.output import Output

    from poetry_aiops.errors import AiopsError


_NARROWEST = 20


def plain(text: str) -> str:
    """Return foreign text for cleo's outputs: inert as in a log, and without a meaning as markup."""
    return str(Formatter.escape(for_log(text)))


def outlive_readers(io: IO) -> None:
    """Let a command come to its end and to its exit code although nothing reads its output any more."""
    for stream in _streams(io):
        outlive_reader(stream)


def lost_readers(io: IO) -> bool:
    """Return whether the reader of one of the outputs has gone."""
    return lost_reader(*_streams(io))


def _streams(io: IO) -> list[TextIOWrapper]:
    streams = (getattr(output, "stream", None) for output in (io.output, io.error_output))
    return [stream for stream in streams if isinstance(stream, TextIOWrapper)]


def accept_every_sign(io: IO) -> None:
    """Let the outputs write signs that their encoding does not have as escapes, instead of ending with an error.

    That is every sign but ASCII with ``LC_ALL=C``, and the name of a file that is no UTF-8 anywhere.
    """
    for stream in _streams(io):
        stream.reconfigure(errors="backslashreplace")


def write_documents_in_utf8(output: Output) -> None:
    """Let an output whose text is for programs be UTF-8 whatever the terminal's encoding is, as a file would be."""
    stream = getattr(output, "stream", None)
    if isinstance(stream, TextIOWrapper):
        stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def columns(output: Output) -> int | None:
    """Return how many cells a line of the terminal has that an output goes to; None for a pipe or a file."""
    try:
        there = os.isatty(output.stream.fileno()) if isinstance(output, StreamOutput) else False
    except (OSError, ValueError):  # a stream without a file, or a closed one
        return None
    return shutil.get_terminal_size().columns if there else None


def fitted(output: Output, text: str) -> str:
    """Return a text broken into lines that fit the terminal; as it is where no terminal reads it."""
    width = columns(output)
    return text if width is None else hanging(text, max(_NARROWEST, width))


def shows_progress(output: Output) -> bool:
    """Tell whether a line that is written over and over may go to an output: not into a pipe, nor when quiet."""
    return bool(output.is_decorated()) and not output.is_quiet() and columns(output) is not None


def suit_terminal(io: IO) -> None:
    """Leave out colours on a terminal that shows none."""
    if os.environ.get("TERM") == "dumb" and not io.input.has_parameter_option("--ansi", only_params=True):
        io.decorated(decorated=False)


def print_warning(io: IO, text: str) -> None:
    """Write a warning to stderr."""
    io.write_error_line(f"<warning>Warning: {plain(text)}</warning>")


def print_error(io: IO, error: AiopsError) -> None:
    """Write an error to stderr, with ``--quiet`` too: what and where, then the details and what to do next."""
    head, *rest = (" ".join(line.splitlines()) for line in error.lines())
    io.write_error_line(f"<error>{plain(head)}</error>", verbosity=Verbosity.QUIET)
    for line in rest:
        io.write_error_line(plain(line), verbosity=Verbosity.QUIET)
