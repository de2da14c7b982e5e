"""What a probe is: a name, how it is read, how its text is known again, and its parser."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from poetry_aiops.accelerators.reader import SourceText
from poetry_aiops.system.record import Record


if TYPE_CHECKING:
    from collections.abc import Callable

    from poetry_aiops.accelerators.facts import TextFacts
    from poetry_aiops.accelerators.reader import Reader


class File(Record):
    """One file."""

    path: str

    def read(self, reader: Reader) -> SourceText:
        """Return the file's text."""
        return reader.read_text(self.path)

    def __str__(self) -> str:
        return self.path


class Files(Record):
    """All files that match a pattern, each under a line ``==> path <==``; at most ``limit`` of them."""

    pattern: str
    limit: int = 512

    def read(self, reader: Reader) -> SourceText:
        """Return the texts of all files that can be read."""
        paths = reader.glob(self.pattern)
        if not paths:
            return SourceText(None, "missing")
        answers = [(path, reader.read_text(path)) for path in paths[: self.limit]]
        reported = [f"==> {path} <==\n{answer.text}" for path, answer in answers if answer.text is not None]
        return SourceText("\n".join(reported), "ok") if reported else SourceText(None, answers[0][1].outcome)

    def __str__(self) -> str:
        return self.pattern


class Names(Record):
    """The names alone of everything that matches one of the patterns."""

    patterns: tuple[str, ...]

    def read(self, reader: Reader) -> SourceText:
        """Return one name per line."""
        found = [path for pattern in self.patterns for path in reader.glob(pattern)]
        return SourceText("\n".join(found), "ok") if found else SourceText(None, "missing")

    def __str__(self) -> str:
        return " ".join(self.patterns)


class ProbeProgram(Record):
    """A program with a time limit in seconds; the first of several spellings that exists is run."""

    spellings: tuple[tuple[str, ...], ...]
    timeout: float

    def read(self, reader: Reader) -> SourceText:
        """Return what the program printed."""
        answer = SourceText(None, "missing")
        for argv in self.spellings:
            answer = reader.run(argv, self.timeout)
            if answer.outcome != "missing":
                break
        return answer

    def __str__(self) -> str:
        return " ".join(self.spellings[0])


Source = File | Files | Names | ProbeProgram


class Probe(Record):
    """One source of facts; ``reads`` is None for a text that is only ever pasted.

    ``parse`` takes any text and never raises; ``signs`` is what a pasted text has that may come from this source: a
    pattern, or a function where a pattern says too little.
    """

    name: str
    reads: Source | None
    parse: Callable[[str], TextFacts]
    signs: str | Callable[[str], bool]

    def recognise(self, text: str) -> bool:
        """Return whether a pasted text is worth parsing."""
        return bool(re.search(self.signs, text)) if isinstance(self.signs, str) else self.signs(text)
