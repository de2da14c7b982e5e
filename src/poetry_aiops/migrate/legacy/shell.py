"""Shell text -> commands: words, pipes and redirections, each with the physical line where it begins.

No shell is run and nothing is expanded. Quotes, continuations, comments, here-documents and the joining operators
are understood as far as telling where a command begins and ends needs it.
"""

from __future__ import annotations

import bisect
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final


if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


_LONGEST_SHOWN: Final = 240
_TOKEN: Final = re.compile(
    r"""
    (?P<continued>\\[ \t]*\r?\n)
  | (?P<newline>\r?\n)
  | (?P<space>[ \t\r]+)
  | (?P<comment>\#[^\n]*)
  | (?P<document><<-?[ \t]*(?P<mark>["']?)(?P<tag>\w+)(?P=mark))
  | (?P<redirect>[0-9]?(?:&>>|&>|>>|>\||>&|>|<<<|<&|<))
  | (?P<operator>&&|\|\||\|&|;;|[;&|()])
  | (?P<word>(?:
        \\[^\n]
      | '[^']*'
      | "(?:\\.|[^"\\])*"
      | `[^`]*`
      | \$\{\{[^\n]{0,300}?\}\}
      | \{\{[^\n]{0,300}?\}\}
      | \$\{[^}\n]{0,300}\}
      | \$\((?:[^()]|\([^()]*\))*\)
      | [^\s;&|()<>\\]
      )+)
  | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_QUOTED: Final = re.compile(
    r"""\\(?P<escaped>.)|'(?P<single>[^']*)'|"(?P<double>(?:\\.|[^"\\])*)\"""", re.DOTALL
)
_KEYWORDS: Final = frozenset(
    {"then", "do", "else", "elif", "if", "while", "until", "!", "{", "}", "fi", "done"}
)


@dataclass(frozen=True, slots=True)
class Script:
    """Shell text with the file's line number of each of its lines.

    ``shown`` is the same text before a reader made it shell (same length); ``folded`` lets a line end be a blank,
    as in YAML's ``>``.
    """

    lines: tuple[tuple[int, str], ...]
    shown: tuple[str, ...] | None = None
    folded: bool = False


@dataclass(frozen=True, slots=True)
class Word:
    """One word: ``value`` without quotes, ``raw`` as written."""

    value: str
    raw: str


@dataclass(frozen=True, slots=True)
class Command:
    """One command: its words, the line where it begins, its text on one line.

    ``reads`` is the command whose output is piped into it, ``writes`` the file that its output goes to.
    """

    words: tuple[Word, ...]
    line: int
    text: str
    reads: Command | None = None
    writes: str | None = None


def one_line(line: int, text: str) -> Script:
    """Return a script of one line."""
    return Script(((line, text),))


def commands(script: Script) -> tuple[Command, ...]:
    """Return the commands of a script in their order, those of here-documents for a shell included."""
    return tuple(_Reader(script).read())


class _Reader:
    def __init__(self, script: Script) -> None:
        self.text = "\n".join(text for _, text in script.lines)
        self.shown = "\n".join(script.shown) if script.shown is not None else self.text
        self.numbers = [number for number, _ in script.lines]
        self.starts = [0]
        for _, text in script.lines:
            self.starts.append(self.starts[-1] + len(text) + 1)
        self.folded = script.folded
        self.found: list[Command] = []
        self.words: list[Word] = []
        self.begin: int | None = None
        self.end = 0
        self.left: Command | None = None
        self.writes: str | None = None
        self.redirect: str | None = None
        self.pending: list[str] = []

    def read(self) -> list[Command]:
        at = 0
        while at < len(self.text):
            token = _TOKEN.match(self.text, at)
            if token is None:  # cannot be: the last alternative takes any character
                break
            at = token.end()
            self._token(str(token.lastgroup), token)
            if token.lastgroup == "newline" and self.pending:
                at = self._skip_documents(at)
        self._close()
        return self.found

    def _token(self, kind: str, token: re.Match[str]) -> None:
        if kind in {"word", "other"}:
            self._word(token)
        elif token["tag"]:
            self.pending.append(token["tag"])
        elif kind == "comment":
            return
        elif kind == "redirect":
            self.redirect = token[0]
        elif kind == "operator":
            self._close(piped=token[0] in {"|", "|&"})
        elif kind == "newline" and not self.folded:
            self._close()

    def _word(self, token: re.Match[str]) -> None:
        raw = token[0]
        if self.redirect is not None:
            if self.redirect.lstrip("1&").startswith(">") and not raw.startswith("&"):
                self.writes = plain(raw)
            self.redirect = None
            self.end = token.end()
            return
        if not self.words and raw in _KEYWORDS:
            return
        if self.begin is None:
            self.begin = token.start()
        self.end = token.end()
        self.words.append(Word(plain(raw), raw))

    def _close(self, *, piped: bool = False) -> None:
        command = None
        if self.words and self.begin is not None:
            text = one_line_of(self.shown[self.begin : self.end])
            command = Command(tuple(self.words), self._line(self.begin), text, self.left, self.writes)
            self.found.append(command)
        self.left = command if piped else None
        self.words, self.begin, self.writes, self.redirect = [], None, None, None

    def _skip_documents(self, at: int) -> int:
        """Step over here-documents; the lines for a shell are read as commands of their own."""
        last = self.found[-1].words if self.found else ()
        is_shell = bool(last) and last[0].value.rpartition("/")[2] in {"bash", "sh", "zsh"}
        for tag in self.pending:
            end = re.compile(rf"^[ \t]*{re.escape(tag)}[ \t]*$", re.MULTILINE).search(self.text, at)
            stop = end.start() if end else len(self.text)
            if is_shell:
                first = bisect.bisect_right(self.starts, at) - 1
                body = self.text[at:stop].split("\n")
                self.found.extend(
                    commands(Script(tuple(zip(self.numbers[first : first + len(body)], body, strict=False))))
                )
            at = end.end() if end else len(self.text)
        self.pending = []
        return at

    def _line(self, offset: int) -> int:
        return self.numbers[bisect.bisect_right(self.starts, offset) - 1]


def plain(raw: str) -> str:
    """Return a word without its quotes and escapes."""
    if not any(sign in raw for sign in "\\'\""):
        return raw
    return _QUOTED.sub(_unquoted, raw)


def _unquoted(found: re.Match[str]) -> str:
    if found["single"] is not None:
        return found["single"]
    if found["double"] is not None:
        return re.sub(r'\\(["\\$`])', r"\1", found["double"])
    return found["escaped"]


def one_line_of(text: str) -> str:
    """Return text on one line, without continuation signs, cut at 240 characters."""
    joined = " ".join(re.sub(r"[\\^`][ \t]*\r?\n", " ", text).split())
    return joined if len(joined) <= _LONGEST_SHOWN else joined[: _LONGEST_SHOWN - 1] + "…"


def scripts_inside(found: Iterable[Command]) -> Sequence[Command]:
    """Return the commands that other commands carry as one word: ``bash -c "..."``, ``su -c '...'``."""
    inner: list[Command] = []
    for command in found:
        values = [word.value for word in command.words]
        for index, value in enumerate(values[:-1]):
            if value.rpartition("/")[2] in {"bash", "sh", "zsh", "su"} and (at := _after_c(values, index)):
                inner.extend(commands(one_line(command.line, values[at])))
                break
    return inner


def _after_c(values: list[str], index: int) -> int | None:
    for at in range(index + 1, len(values) - 1):
        if re.fullmatch(r"-[a-z]*c", values[at]):
            return at + 1
    return None
