"""Shell text -> commands: words, pipes and redirections, each with its place in the file.

No shell is run and nothing is expanded. Quotes, continuations, comments, here-documents and the joining operators
are understood as far as the beginning and the end of a command need it. (``shlex`` says neither where a word is nor
what joins two commands, and stops at an open quote.)
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self


if TYPE_CHECKING:
    from collections.abc import Iterator


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


class Word(str):
    """A word without its quotes and escapes; ``raw`` is how it is written."""

    __slots__ = ("raw",)
    raw: str

    def __new__(cls, raw: str) -> Self:
        """Return the word that a shell would make of ``raw``."""

        def unquoted(found: re.Match[str]) -> str:
            if found["double"] is not None:
                return re.sub(r'\\(["\\$`])', r"\1", found["double"])
            return found["escaped"] if found["single"] is None else found["single"]

        word = super().__new__(cls, _QUOTED.sub(unquoted, raw))
        word.raw = raw
        return word


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
    """Yield the commands of a script in their order, then those that others carry: ``bash -c "..."``, ``su -c '...'``."""
    found = list(_commands(script))
    yield from found
    for command in found:
        words = iter(command.words)
        if any(word.rpartition("/")[2] in {*_SHELLS, "su"} for word in words):
            text = next((next(words, "") for word in words if re.fullmatch(r"-[a-z]*c", word)), "")
            yield from _commands(Script(text, command.line))


def _commands(script: Script) -> Iterator[Command]:
    text, at = script.text, 0
    tokens: list[re.Match[str]] = []
    tags: list[str] = []
    reads: Command | None = None
    while True:
        token = _TOKEN.match(text, at)
        kind, at = (token.lastgroup, token.end()) if token else ("end", at)
        if token and kind in {"word", "redirect"}:
            tokens.append(token)
        elif token and kind == "document":
            tags.append(token["tag"])
        elif kind in {"operator", "end"} or (kind == "newline" and not script.folded):
            command = _command(script, tokens, reads)
            tokens, reads = [], command if token and token[0] in {"|", "|&"} else None
            if command is not None:
                yield command
            while kind == "newline" and tags:
                end = re.compile(rf"^[ \t]*{tags.pop(0)}[ \t]*$", re.MULTILINE).search(text, at)
                if command is not None and command.words[0].rpartition("/")[2] in _SHELLS:
                    start = None if script.start is None else script.start + at
                    line = script.line + text.count("\n", 0, at)
                    yield from _commands(Script(text[at : end.start() if end else None], line, start))
                at = end.end() if end else len(text)
        if token is None:
            return


def _command(script: Script, tokens: list[re.Match[str]], reads: Command | None) -> Command | None:
    words: list[re.Match[str]] = []
    redirect, writes = "", None
    for token in tokens:
        if token.lastgroup == "redirect":
            redirect = token[0]
        elif redirect:
            if redirect.lstrip("1&").startswith(">") and token[0][0] != "&":
                writes = Word(token[0])
            redirect = ""
        elif words or token[0] not in _KEYWORDS:
            words.append(token)
    if not words:
        return None
    first, last = words[0].start(), words[-1].end()
    span = None if script.start is None else (script.start + first, script.start + last)
    line = script.line + script.text.count("\n", 0, first)
    text = one_line_of(script.text[first:last])
    return Command(tuple(Word(word[0]) for word in words), line, text, span, reads, writes)


def one_line_of(text: str) -> str:
    """Return text on one line, without continuation signs, cut at 240 characters."""
    joined = " ".join(re.sub(r"\\[ \t]*\r?\n", " ", text).split())
    return joined if len(joined) <= _LONGEST_SHOWN else joined[: _LONGEST_SHOWN - 1] + "…"
