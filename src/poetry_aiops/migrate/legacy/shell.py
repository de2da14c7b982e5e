"""Shell text -> commands: words, pipes and redirections, each with its place in the file.

No shell is run and nothing is expanded. Quotes, continuations, comments, here-documents and the joining operators
are understood as far as the beginning and the end of a command need it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final


if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


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
      )+
    | .)
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
    shell; None where a reader composed the text. ``folded`` lets a line end be a blank, as in YAML's ``>``.
    ``folder`` is where a workflow runs it.
    """

    text: str
    line: int
    start: int | None = None
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


def commands(script: Script) -> Iterator[Command]:
    """Yield the commands of a script in their order, those of here-documents and of ``sh -c "..."`` included."""
    found = list(_ShellReader(script).read())
    yield from found
    for command in found:
        yield from _inside(command)


class _ShellReader:
    def __init__(self, script: Script) -> None:
        self.script = script
        self.text = script.text
        self.tags: list[str] = []
        self.reads: Command | None = None
        self._begin()

    def _begin(self) -> None:
        self.words: list[Word] = []
        self.first = self.last = 0
        self.writes: str | None = None
        self.redirect = ""

    def read(self) -> Iterator[Command]:
        at = 0
        while token := _TOKEN.match(self.text, at):
            at = token.end()
            kind = token.lastgroup
            if kind == "word":
                self._word(token)
            elif kind == "document":
                self.tags.append(token["tag"])
            elif kind == "redirect":
                self.redirect = token[0]
            elif kind == "operator" or (kind == "newline" and not self.script.folded):
                is_shell = bool(self.words) and _name(self.words[0].value) in _SHELLS
                yield from self._end(piped=token[0] in {"|", "|&"})
                if kind == "newline":
                    for tag in self.tags:
                        inner, at = self._document(tag, at)
                        yield from _ShellReader(inner).read() if is_shell else ()
                    self.tags = []
        yield from self._end()

    def _word(self, token: re.Match[str]) -> None:
        raw = token[0]
        if self.redirect:
            if self.redirect.lstrip("1&").startswith(">") and not raw.startswith("&"):
                self.writes = plain(raw)
            self.redirect = ""
        elif self.words or raw not in _KEYWORDS:
            if not self.words:
                self.first = token.start()
            self.last = token.end()
            self.words.append(Word(plain(raw), raw))

    def _end(self, *, piped: bool = False) -> Iterator[Command]:
        command = None
        if self.words:
            start = self.script.start
            command = Command(
                tuple(self.words),
                self._line(self.first),
                one_line_of(self.text[self.first : self.last]),
                None if start is None else (start + self.first, start + self.last),
                self.reads,
                self.writes,
            )
            yield command
        self.reads = command if piped else None
        self._begin()

    def _document(self, tag: str, at: int) -> tuple[Script, int]:
        """Return the text of a here-document that begins at an offset, and where the shell goes on."""
        end = re.compile(rf"^[ \t]*{re.escape(tag)}[ \t]*$", re.MULTILINE).search(self.text, at)
        stop, following = end.span() if end else (len(self.text), len(self.text))
        start = self.script.start
        inner = Script(self.text[at:stop], self._line(at), None if start is None else start + at)
        return inner, following

    def _line(self, offset: int) -> int:
        return self.script.line + self.text.count("\n", 0, offset)


def plain(raw: str) -> str:
    """Return a word without its quotes and escapes."""
    return _QUOTED.sub(_unquoted, raw) if any(sign in raw for sign in "\\'\"") else raw


def _unquoted(found: re.Match[str]) -> str:
    if found["double"] is not None:
        return re.sub(r'\\(["\\$`])', r"\1", found["double"])
    return found["escaped"] if found["single"] is None else found["single"]


def one_line_of(text: str) -> str:
    """Return text on one line, without continuation signs, cut at 240 characters."""
    joined = " ".join(re.sub(r"\\[ \t]*\r?\n", " ", text).split())
    return joined if len(joined) <= _LONGEST_SHOWN else joined[: _LONGEST_SHOWN - 1] + "…"


def _inside(command: Command) -> Iterable[Command]:
    """Return the commands that another one carries as one word: ``bash -c "..."``, ``su -c '...'``."""
    values = [word.value for word in command.words]
    shell = next((at for at, value in enumerate(values) if _name(value) in {*_SHELLS, "su"}), len(values))
    for option, text in zip(values[shell + 1 :], values[shell + 2 :], strict=False):
        if re.fullmatch(r"-[a-z]*c", option):
            return _ShellReader(Script(text, command.line)).read()
    return ()


def _name(path: str) -> str:
    return path.rpartition("/")[2]
