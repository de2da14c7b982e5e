"""Console blocks in Markdown: found, parsed, and compared with what really happens.

A fenced block of the language ``console`` holds lines ``$ command``, each followed by what it prints. A comment before
the block says where it runs::

    <!-- run: anywhere -->                          an empty folder
    <!-- run: service -->                           a small project without any hardware
    <!-- run: audited -->                           a locked shop, with advisories about two of its packages
    <!-- run: chatbot -->                           a copy of examples/chatbot, locked against stand-ins
    <!-- run: chatbot, change: not-optional -->     the same with a change that the test names
    <!-- run: shop -->                              requirements files and a Dockerfile, no pyproject.toml
    <!-- run: shop, change: typo -->                the same with other files, which the test names
    <!-- run: moved -->                             the example that moved to Poetry; for others see places.py

In the expected output, ``...`` alone on a line stands for any lines. Blanks and line breaks do not count.
"""

from __future__ import annotations

import re
import shlex

from dataclasses import dataclass
from pathlib import Path


REPOSITORY = Path(__file__).resolve().parents[2]
PAGES = (
    REPOSITORY / "README.md",
    *sorted((REPOSITORY / "docs").rglob("*.md")),
    *sorted((REPOSITORY / "examples").rglob("README.md")),
)

_BLOCK = re.compile(
    r"(?:^[ ]*<!-- run: (?P<place>\w+)(?:, change: (?P<change>[\w-]+))? -->\n)?"
    r"^(?P<indent>[ ]*)```console\n(?P<body>.*?)^(?P=indent)```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Step:
    """One command and the output that the page shows for it."""

    command: str
    expected: str

    @property
    def words(self) -> list[str]:
        return shlex.split(self.command)


@dataclass(frozen=True, slots=True)
class Block:
    """One console block; ``place`` is None when the page does not say that it runs."""

    page: Path
    line: int
    place: str | None
    change: str | None
    steps: tuple[Step, ...]

    @property
    def name(self) -> str:
        return f"{self.page.relative_to(REPOSITORY)}:{self.line}"


def blocks_of(page: Path) -> list[Block]:
    """Return every console block of a page."""
    text = page.read_text(encoding="utf-8")
    return [
        Block(
            page,
            text.count("\n", 0, found.start("indent")) + 1,
            found["place"],
            found["change"],
            _steps(found["body"], found["indent"]),
        )
        for found in _BLOCK.finditer(text)
    ]


def all_blocks() -> list[Block]:
    return [block for page in PAGES for block in blocks_of(page)]


def _steps(body: str, indent: str) -> tuple[Step, ...]:
    steps: list[Step] = []
    for line in body.splitlines():
        text = line.removeprefix(indent)
        if text.startswith("$ "):
            steps.append(Step(text.removeprefix("$ "), ""))
        elif steps:
            steps[-1] = Step(steps[-1].command, f"{steps[-1].expected}{text}\n")
    return tuple(steps)


def matches(expected: str, actual: str) -> bool:
    """Say whether the shown output is what was printed."""
    parts = [_squeezed(part) for part in re.split(r"^[ ]*\.\.\.$", expected, flags=re.MULTILINE)]
    pattern = ".*?".join(re.escape(part) for part in parts)
    return re.fullmatch(pattern, _squeezed(actual), re.DOTALL) is not None


def _squeezed(text: str) -> str:
    return "".join(text.split())
