"""What a run writes: text for a person, one document for a program, and the files of ``--output``."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cleo.io.null_io import NullIO
from cleo.io.outputs.output import Type, Verbosity
from cleo.io.outputs.stream_output import StreamOutput

from poetry_aiops.cli.document import document_text
from poetry_aiops.cli.styled import hanging
from poetry_aiops.cli.terminal import plain, streams_of
from poetry_aiops.system.files import reported, write_atomically
from poetry_aiops.system.streams import lost_reader


if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cleo.io.io import IO
    from cleo.io.outputs.output import Output as Stream

    from poetry_aiops.cli.styled import Line, Style
    from poetry_aiops.errors import AiopsError


_NARROWEST = 20
_TAGS: Final[dict[Style, str]] = {
    "title": "options=bold",
    "bad": "fg=red",
    "warn": "fg=yellow",
    "good": "fg=green",
    "dim": "fg=default;options=dark",
    "info": "info",
    "place": "fg=cyan",
}
_DIFF: Final[dict[str, Style]] = {"+": "info", "-": "bad", "@": "place"}


class Output:
    """The outputs of one run. No text is taken for markup, and control characters do not reach a terminal.

    ``form`` is the format of standard output, ``files`` maps each file of ``--output`` to its format, and
    ``documents`` is standard output where it is kept for a document (:meth:`AiopsCommand.claim_output`).
    """

    def __init__(
        self,
        io: IO,
        form: str = "text",
        files: Mapping[str, str] | None = None,
        documents: Stream | None = None,
    ) -> None:
        self._io = io
        self._documents = documents
        self._progress = ""
        self.form = form
        self.files = files or {}

    @property
    def io(self) -> IO:
        """What Poetry's own classes write to."""
        return self._io

    def silent(self) -> Output:
        """Return an output for the same input that writes nothing."""
        return Output(NullIO(self._io.input))

    @property
    def is_very_verbose(self) -> bool:
        return bool(self._io.is_very_verbose())

    @property
    def is_verbose(self) -> bool:
        return bool(self._io.is_verbose())

    @property
    def supports_utf8(self) -> bool:
        return bool(self._io.output.supports_utf8())

    @property
    def width(self) -> int | None:
        """How many cells a line of the terminal has; None where standard output is a pipe or a file."""
        return _columns(self._io.output)

    @property
    def lost_reader(self) -> bool:
        """Whether the reader of one of the outputs has gone."""
        return lost_reader(*streams_of(self._io))

    def without_styles(self, text: str) -> str:
        """Return a message of Poetry's without its tags for colours."""
        return self._io.output.formatter.remove_format(text)

    # -- for a person -------------------------------------------------------------------------------------

    def line(self, text: str = "", style: Style = "") -> None:
        """Write a line to standard output."""
        self._io.write_line(_marked(text, style))

    def fitted(self, text: str) -> None:
        """Write a text broken into lines that fit the terminal; as it is where no terminal reads it."""
        self.line(self.fit(text))

    def fit(self, text: str) -> str:
        """Return a text broken into lines that fit the terminal."""
        return text if self.width is None else hanging(text, max(_NARROWEST, self.width))

    def styled(self, lines: Iterable[Line]) -> None:
        """Write lines whose parts have styles of their own."""
        for line in lines:
            self._io.write_line("".join(_marked(span.text, span.style) for span in line))

    def diff(self, text: str) -> None:
        """Write a unified diff."""
        for line in text.splitlines():
            self.line(line, _DIFF.get(line[:1], ""))

    def remark(self, text: str) -> None:
        """Write a line to stderr."""
        self._io.write_error_line(plain(text))

    def note(self, text: str) -> None:
        """Write a note to stderr."""
        self.remark(f"Note: {text}")

    def warning(self, text: str) -> None:
        """Write a warning to stderr."""
        self._io.write_error_line(f"<warning>Warning: {plain(text)}</warning>")

    def failure(self, text: str, hint: str = "") -> None:
        """Write to stderr what failed, and what to do about it."""
        self._io.write_error_line(f"<error>{plain(text)}</error>{plain(f' {hint}' if hint else '')}")

    def error(self, error: AiopsError) -> None:
        """Write an error to stderr, with ``--quiet`` too: what and where, then the details and what to do next."""
        head, *rest = (" ".join(line.splitlines()) for line in error.lines())
        self._io.write_error_line(f"<error>{plain(head)}</error>", verbosity=Verbosity.QUIET)
        for line in rest:
            self._io.write_error_line(plain(line), verbosity=Verbosity.QUIET)

    def progress(self, what: str, done: int, total: int) -> None:
        """Show on a terminal how far something is, over and over in one line; nothing in a pipe or when quiet."""
        stream = self._io.error_output
        text = f"\r{what}: {done} of {total}\x1b[K" if done < total else "\r\x1b[K"
        if (
            text == self._progress
            or not stream.is_decorated()
            or stream.is_quiet()
            or _columns(stream) is None
        ):
            return
        self._progress = text
        stream.write(text)

    # -- for a program ------------------------------------------------------------------------------------

    def document(self, name: str, content: dict[str, Any]) -> None:
        """Write the JSON document of the schema ``poetry-aiops/<name>/1`` to where JSON was requested."""
        if "json" not in (self.form, *self.files.values()):
            return
        text = document_text(name, content)
        self.write_files({"json": text})
        if self.form == "json":
            self.raw(text)

    def raw(self, text: str) -> None:
        """Write a text to standard output as it is."""
        stream = self._documents or self._io.output
        stream.write(text, new_line=not text.endswith("\n"), verbosity=Verbosity.NORMAL, type=Type.RAW)

    def write_files(self, texts: Mapping[str, str]) -> None:
        """Write the files of ``--output`` that have one of these formats, each whole or not at all.

        Raises InputError for a file that cannot be written.
        """
        for name, form in self.files.items():
            hint = "Name a file in a folder that exists and can be written."
            with reported("cannot be written", f"--output {name}", hint):
                if form in texts:
                    write_atomically(Path(name), (texts[form].rstrip("\n") + "\n").encode())


def _marked(text: str, style: Style) -> str:
    return f"<{_TAGS[style]}>{plain(text)}</>" if style else plain(text)


def _columns(stream: Stream) -> int | None:
    try:
        is_terminal = os.isatty(stream.stream.fileno()) if isinstance(stream, StreamOutput) else False
    except (OSError, ValueError):  # a stream without a file, or a closed one
        return None
    return shutil.get_terminal_size().columns if is_terminal else None
