"""Shell text -> commands: words, pipes and redirections, each with its place in the file.

No shell is run and nothing is expanded. Quotes, continuations, comments, here-documents and the joining operators
are understood as far as the beginning and the end of a command need it.
"""

from __future__ import annotations

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
_SHELLS: Final = frozenset({"bash", "sh", "zsh"})


@dataclass(frozen=True, slots=True)
class Script:
    """Shell text that begins at ``line`` of its file.

    ``start`` is the offset in the file where the text stands character by character, blanks in place of what is no
    shell; None where a reader composed the text. ``shown`` is the same text as the file has it. ``folded`` lets a
    line end be a blank, as in YAML's ``>``. ``folder`` is where a workflow runs it.
    """

    text: str
    line: int
    start: int | None = None
    shown: str | None = None
    folded: bool = False
    folder: str | None = None


@dataclass(frozen=True, slots=True)
class Word:
    """One word: ``value`` without quotes, ``raw`` as written."""

    value: str
    raw: str


@dataclass(frozen=True, slots=True)
class Command:
    """One command: its words, the line where it begins, its text on one line.

    ``span`` are the offsets of its words in the file, None where it does not stand there as it is. ``reads`` is the
    command whose output is piped into it, ``writes`` the file that its output goes to.
    """

    words: tuple[Word, ...]
    line: int
    text: str
    span: tuple[int, int] | None = None
    reads: Command | None = None
    writes: str | None = None


def commands(script: Script) -> tuple[Command, ...]:
    """Return the commands of a script in their order, those of here-documents for a shell included."""
    return tuple(_Reader(script).read())


class _Reader:
    def __init__(self, script: Script) -> None:
        self.script = script
        self.text = script.text
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
        elif kind == "newline" and not self.script.folded:
            self._close()

    def _word(self, token: re.Match[str]) -> None:
        raw = token[0]
        if self.redirect is not None:
            if self.redirect.lstrip("1&").startswith(">") and not raw.startswith("&"):
                self.writes = plain(raw)
            self.redirect = None
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
            start = self.script.start
            command = Command(
                tuple(self.words),
                self._line(self.begin),
                one_line_of((self.script.shown or self.text)[self.begin : self.end]),
                None if start is None else (start + self.begin, start + self.end),
                self.left,
                self.writes,
            )
            self.found.append(command)
        self.left = command if piped else None
        self.words, self.begin, self.writes, self.redirect = [], None, None, None

    def _skip_documents(self, at: int) -> int:
        """Step over here-documents; the lines for a shell are read as commands of their own."""
        last = self.found[-1].words if self.found else ()
        is_shell = bool(last) and last[0].value.rpartition("/")[2] in _SHELLS
        for tag in self.pending:
            end = re.compile(rf"^[ \t]*{re.escape(tag)}[ \t]*$", re.MULTILINE).search(self.text, at)
            if is_shell:
                stop = end.start() if end else len(self.text)
                start = self.script.start
                inner = Script(self.text[at:stop], self._line(at), None if start is None else start + at)
                self.found.extend(commands(inner))
            at = end.end() if end else len(self.text)
        self.pending = []
        return at

    def _line(self, offset: int) -> int:
        return self.script.line + self.text.count("\n", 0, offset)


def plain(raw: str) -> str:
    """Return a word without its quotes and escapes."""
    if not any(character in raw for character in "\\'\""):
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
    joined = " ".join(re.sub(r"\\[ \t]*\r?\n", " ", text).split())
    return joined if len(joined) <= _LONGEST_SHOWN else joined[: _LONGEST_SHOWN - 1] + "…"


def scripts_inside(found: Iterable[Command]) -> Sequence[Command]:
    """Return the commands that other commands carry as one word: ``bash -c "..."``, ``su -c '...'``."""
    inner: list[Command] = []
    for command in found:
        values = [word.value for word in command.words]
        for index, value in enumerate(values[:-1]):
            if value.rpartition("/")[2] in {*_SHELLS, "su"} and (at := _after_c(values, index)):
                inner.extend(commands(Script(values[at], command.line)))
                break
    return inner


def _after_c(values: list[str], index: int) -> int | None:
    for at in range(index + 1, len(values) - 1):
        if re.fullmatch(r"-[a-z]*c", values[at]):
            return at + 1
    return None
