"""The program at a terminal of a certain width: what a person sees, with the colours taken off."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import termios
import time

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.support.poetry_program import TIMEOUT


if TYPE_CHECKING:
    import subprocess

    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.fork_server import Forked
    from tests.support.poetry_program import PoetryProgram


LINES = 50
_ESCAPE = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True, slots=True)
class Screen:
    """What one call wrote to a terminal; ``raw`` holds standard output and standard error as they came."""

    args: tuple[str, ...]
    code: int
    raw: str

    @property
    def lines(self) -> list[str]:
        """The lines that are left to be seen: without colours, and without what a later text wrote over."""
        return [_left_over(line) for line in self.raw.replace("\r\n", "\n").split("\n")]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    @property
    def has_escapes(self) -> bool:
        return "\x1b" in self.raw

    @property
    def has_colours(self) -> bool:
        return _COLOUR.search(self.raw) is not None

    def __str__(self) -> str:
        return f"poetry {' '.join(self.args)} -> {self.code}\n{self.text}"


def on_terminal(
    poetry: PoetryProgram, folder: Path, *args: str, columns: int = 80, **environment: str
) -> Screen:
    """Run ``poetry ARGS`` at a terminal with so many columns; ``NO_COLOR`` holds only where it is given."""
    poetry.home.mkdir(parents=True, exist_ok=True)
    inherited = {name: value for name, value in poetry._environment().items() if name != "NO_COLOR"}
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, columns, 0, 0))
    given = {**inherited, "TERM": "xterm-256color", **environment}
    program = poetry.start(folder, *args, streams=(theirs, theirs, theirs), environment=given)
    os.close(theirs)
    try:
        raw = b"".join(_read_all(ours, program))
        code = program.wait(TIMEOUT)
    finally:
        os.close(ours)
    return Screen(args, code, raw.decode("utf-8", "replace"))


def _read_all(terminal: int, program: Forked | subprocess.Popen[bytes]) -> Iterator[bytes]:
    """Read until the program and its children have closed the terminal, which Linux reports as an error."""
    deadline = time.monotonic() + TIMEOUT
    while time.monotonic() < deadline:
        try:
            chunk = os.read(terminal, 65536)
        except OSError:
            return
        if not chunk:
            return
        yield chunk
    program.kill()


def _left_over(line: str) -> str:
    """Return what a line shows at the end: a text after a carriage return stands over the one before."""
    seen = ""
    for part in line.split("\r"):
        text = _ESCAPE.sub("", part)
        seen = text if "\x1b[K" in part or "\x1b[2K" in part else text + seen[len(text) :]
    return seen.rstrip()
