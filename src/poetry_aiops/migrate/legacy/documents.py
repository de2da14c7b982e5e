"""Commands in prose: fenced and indented code, and code between backquotes, of Markdown and reStructuredText."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from poetry_aiops.migrate.legacy.shell import Script, one_line


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from poetry_aiops.migrate.legacy.files import FileKind

    Reader = Callable[[FileKind, Sequence[str]], list[Script]]

_FENCE: Final = re.compile(r"^\s*(?:[>*+-]\s+)?(?P<sign>`{3,}|~{3,})\s*\{?\.?(?P<language>[\w+-]*)")
_DIRECTIVE: Final = re.compile(
    r"^(?P<indent>\s*)(?:\.\.\s+(?:code|code-block|sourcecode)::\s*(?P<language>\S*)|(?P<text>.*)::)\s*$"
)
_INLINE: Final = re.compile(r"(?<!`)(?P<sign>`{1,2})(?!`)(?P<body>[^`]+)(?P=sign)(?!`)")
_PROMPT: Final = re.compile(
    r"^\s*(?:>\s+)?(?:\([\w.-]+\)\s*)?(?:\w+@[\w.-]+[:~\w/.-]*)?(?:[$%#>!]|RUN\s|PS[^>]*>|C:[^>]*>)\s*(?=\w)"
)
_LANGUAGES: Final[dict[str, FileKind]] = {
    "": "shell",
    "bash": "shell",
    "bat": "batch",
    "batch": "batch",
    "cmd": "batch",
    "console": "shell",
    "docker": "dockerfile",
    "dockerfile": "dockerfile",
    "makefile": "make",
    "none": "shell",
    "powershell": "batch",
    "ps1": "batch",
    "sh": "shell",
    "shell": "shell",
    "shell-session": "shell",
    "terminal": "shell",
    "text": "shell",
    "toml": "toml",
    "yaml": "yaml",
    "yml": "yaml",
    "zsh": "shell",
}


def document_scripts(lines: Sequence[str], read: Reader) -> list[Script]:
    """Return the shell text of a document; ``read`` reads the code of other kinds that it shows."""
    found: list[Script] = []
    at = 0
    while at < len(lines):
        fence = _FENCE.match(lines[at])
        directive = None if fence else _DIRECTIVE.match(lines[at])
        if fence:
            end = _fence_end(lines, at + 1, fence["sign"])
            found.extend(_code(lines, at + 1, end, fence["language"], read))
            at = end + 1
        elif directive:
            end = _indented_end(lines, at + 1, len(directive["indent"]))
            found.extend(_code(lines, at + 1, end, directive["language"] or "", read))
            at = max(end, at + 1)
        else:
            found.extend(_inline(at + 1, lines[at]))
            at += 1
    return found


def _fence_end(lines: Sequence[str], at: int, sign: str) -> int:
    while at < len(lines) and not re.match(rf"^\s*(?:>\s+)?{re.escape(sign)}", lines[at]):
        at += 1
    return at


def _indented_end(lines: Sequence[str], at: int, indent: int) -> int:
    while at < len(lines) and (not lines[at].strip() or len(lines[at]) - len(lines[at].lstrip()) > indent):
        at += 1
    return at


def _code(lines: Sequence[str], start: int, end: int, language: str, read: Reader) -> Iterator[Script]:
    kind = _LANGUAGES.get(language.lower())
    body = lines[start:end]
    if kind is None:
        return
    if kind == "shell":
        for group in _prompted(body, start):
            yield Script(group)
        return
    for script in read(kind, body):
        yield Script(
            tuple((number + start, text) for number, text in script.lines), script.shown, script.folded
        )


def _prompted(body: Sequence[str], start: int) -> Iterator[tuple[tuple[int, str], ...]]:
    """Yield the code without prompts, every line that is not a continuation for itself: prose has lone quotes."""
    group: list[tuple[int, str]] = []
    for number, line in enumerate(body, start + 1):
        group.append((number, _PROMPT.sub("", line) if not group else line))
        if not line.rstrip().endswith("\\"):
            yield tuple(group)
            group = []
    if group:
        yield tuple(group)


def _inline(number: int, line: str) -> Iterator[Script]:
    for found in _INLINE.finditer(line):
        if " " in found["body"].strip():
            yield one_line(number, found["body"])
