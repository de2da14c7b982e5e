"""Where ``make demo`` plays: folders of its own, the real ``poetry`` program in them, and a narrator's voice."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TextIO


if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


TIME_LIMIT = 120.0  # seconds for one command; it takes two
# Port 9 is "discard": whatever tries to leave this machine fails at once instead of reaching out.
NOWHERE = "http://127.0.0.1:9"

_NOT_HANDED_ON = re.compile(
    r"(POETRY|PIP|UV|XDG|CONDA)_.*|VIRTUAL_ENV|PYTHON(PATH|HOME)|.*_proxy", re.IGNORECASE
)
_SGR = {"bold": "1", "command": "36", "good": "32", "bad": "31", "dim": "2"}


class DemoError(Exception):
    """Something was not as promised; the text says what."""


@dataclass(slots=True)
class Narrator:
    """Prints what happens; ``colours`` only for a terminal. ``brief`` leaves one line for each step."""

    output: TextIO
    colours: bool
    steps: int
    brief: bool = False
    _title: str = field(default="", init=False)
    _promises: list[str] = field(default_factory=list, init=False)
    _step: int = field(default=0, init=False)

    def step(self, title: str, text: str) -> None:
        """Begin the next step with its title and one or two sentences."""
        self._end_step()
        self._step += 1
        self._title = f"[{self._step}/{self.steps}] {title}"
        self._line()
        self._line(self._styled("bold", self._title))
        self.say(text)

    def say(self, text: str) -> None:
        """Print sentences of ours."""
        self._line(text)

    def end(self, text: str) -> None:
        """Print a line after the last step, in the brief form too."""
        self._end_step()
        self._print(text)

    def _end_step(self) -> None:
        if self.brief and self._title:
            between = " " if self._title.endswith("?") else ": "
            self._print(self._styled("good", "  ok  ") + between.join([self._title, *self._promises[:1]]))
        self._title = ""
        self._promises.clear()

    def command(self, text: str) -> None:
        self._line()
        self._line(self._styled("command", f"    $ {text}"))

    def shown(self, line: str) -> None:
        """Print a line that a program wrote."""
        self._line(f"    {line}".rstrip())

    def aside(self, text: str) -> None:
        self._line(self._styled("dim", f"    ({text})"))

    def good(self, text: str) -> None:
        self._promises.append(text)
        self._line(self._styled("good", f"  ok  {text}"))

    def bad(self, text: str) -> None:
        self._title = ""  # the step is not done
        self._print(self._styled("bad", text))

    def _line(self, text: str = "") -> None:
        if not self.brief:
            self._print(text)

    def _print(self, text: str) -> None:
        print(text, file=self.output, flush=True)

    def _styled(self, style: str, text: str) -> str:
        return f"\x1b[{_SGR[style]}m{text}\x1b[0m" if self.colours else text


def _show_all(_line: str) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class How:
    """What is special about one command: its exit code, ``NAME=value`` variables, lines that only count."""

    expected_code: int = 0
    variables: tuple[str, ...] = ()
    hidden: Callable[[str], bool] = _show_all


HOW = How()


@dataclass(frozen=True, slots=True)
class Stage:
    """A folder with a home, a cache and a configuration of its own for Poetry."""

    folder: Path
    narrator: Narrator

    def play(self, program: Path, arguments: Sequence[str], where: Path, how: How = HOW) -> str:
        """Show a command, run it, show what it writes as it comes, and return that.

        Raises DemoError when the exit code is not the one that was expected.
        """
        words = [*how.variables, program.stem, *(_quoted(argument) for argument in arguments)]
        self.narrator.command(" ".join(words))
        started = time.monotonic()
        lines, code = self._run([str(program), *arguments], where, how)
        left_out = sum(how.hidden(line) for line in lines)
        note = f"{time.monotonic() - started:.1f} s"
        self.narrator.aside(f"{note}; {left_out} lines 'Already installed' left out" if left_out else note)
        if code != how.expected_code:
            raise DemoError(f"`{' '.join(words)}` ended with exit code {code}, not {how.expected_code}.")
        return "\n".join(lines)

    def _run(self, command: Sequence[str], where: Path, how: How) -> tuple[list[str], int]:
        lines: list[str] = []
        with subprocess.Popen(
            command,
            cwd=where,
            env={**self._environment(), **dict(variable.split("=") for variable in how.variables)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        ) as process:
            guard = threading.Timer(TIME_LIMIT, process.kill)
            guard.start()
            for line in process.stdout or ():
                lines.append(line.rstrip())
                if not how.hidden(line):
                    self.narrator.shown(line.rstrip())
            code = process.wait()
            guard.cancel()
        return lines, code

    def poetry(self, where: Path, *arguments: str, how: How = HOW) -> str:
        """Run the ``poetry`` of the environment that runs this program."""
        found = shutil.which("poetry", path=Path(sys.executable).parent)
        if found is None:
            raise DemoError(f"There is no poetry beside {sys.executable}. `make demo` makes the environment.")
        return self.play(Path(found), arguments, where, how)

    def _environment(self) -> dict[str, str]:
        """Return the caller's variables without those that lead Poetry to the caller's own things."""
        home = self.folder / "home"
        home.mkdir(exist_ok=True)
        kept = {name: value for name, value in os.environ.items() if not _NOT_HANDED_ON.fullmatch(name)}
        return {
            **kept,
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
            "HOME": str(home),
            "USERPROFILE": str(home),
            "VIRTUALENV_OVERRIDE_APP_DATA": str(home / "virtualenv"),
            "POETRY_CONFIG_DIR": str(home / "config"),
            "POETRY_DATA_DIR": str(home / "data"),
            "POETRY_CACHE_DIR": str(home / "cache"),
            "POETRY_KEYRING_ENABLED": "false",
            "POETRY_VIRTUALENVS_IN_PROJECT": "true",
            "POETRY_VIRTUALENVS_OPTIONS_NO_PIP": "true",
            "PYTHONUTF8": "1",
            "PYTHONUNBUFFERED": "1",
            "NO_COLOR": "1",
            "HTTP_PROXY": NOWHERE,
            "HTTPS_PROXY": NOWHERE,
            "ALL_PROXY": NOWHERE,
            "NO_PROXY": "127.0.0.1",
            "POETRY_AIOPS_TRUSTED_ADDRESSES": "127.0.0.1",
        }


def _quoted(argument: str) -> str:
    return f'"{argument}"' if " " in argument else argument
