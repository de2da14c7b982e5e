"""Console blocks in Markdown: found, parsed, and compared with what really happens.

A fenced block of the language ``console`` holds lines ``$ command``, each followed by what it prints. A comment before
the block says where it runs::

    <!-- run: anywhere -->                          an empty folder
    <!-- run: service -->                           a small project without any hardware
    <!-- run: audited -->                           a locked shop, with advisories about two of its packages
    <!-- run: chatbot -->                           a copy of examples/chatbot, locked against stand-ins
    <!-- run: chatbot, change: misspelt-backend --> the same with a change that the test names
    <!-- run: shop -->                              requirements files and a Dockerfile, no pyproject.toml
    <!-- run: shop, change: typo -->                the same with other files, which the test names
    <!-- run: moved -->                             the example that moved to Poetry; for others see places.py
    <!-- run: session -->                           where the block before on this page left off, in one empty folder
    <!-- run: session, needs: scaffold -->          the same, where Poetry has this command

On a page with a session, the files that it shows are written, or what is shown is added at their end::

    <!-- file: src/chatbot/app.py -->
    <!-- file: pyproject.toml, added -->

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
    r"(?:^[ ]*<!-- run: (?P<place>\w+)(?:, change: (?P<change>[\w-]+))?(?:, needs: (?P<needs>[\w-]+))? -->\n)?"
    r"^(?P<indent>[ ]*)```console\n(?P<body>.*?)^(?P=indent)```$",
    re.MULTILINE | re.DOTALL,
)
_FILE = re.compile(
    r"^(?P<indent>[ ]*)<!-- file: (?P<path>[^\s,]+)(?P<added>, added)? -->\n"
    r"(?P=indent)```\w*\n(?P<body>.*?)^(?P=indent)```$",
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
    needs: str | None
    steps: tuple[Step, ...]

    @property
    def name(self) -> str:
        return f"{self.page.relative_to(REPOSITORY)}:{self.line}"


@dataclass(frozen=True, slots=True)
class ShownFile:
    """A file that a page shows as a whole, or what a reader adds at its end."""

    line: int
    path: str
    text: str
    added: bool


def blocks_of(page: Path) -> list[Block]:
    """Return every console block of a page."""
    text = page.read_text(encoding="utf-8")
    return [
        Block(
            page,
            text.count("\n", 0, found.start("indent")) + 1,
            found["place"],
            found["change"],
            found["needs"],
            _steps(found["body"], found["indent"]),
        )
        for found in _BLOCK.finditer(text)
    ]


def files_of(page: Path) -> list[ShownFile]:
    """Return every file that a page tells to write."""
    text = page.read_text(encoding="utf-8")
    return [
        ShownFile(
            text.count("\n", 0, found.start()) + 1,
            found["path"],
            "".join(f"{line.removeprefix(found['indent'])}\n" for line in found["body"].splitlines()),
            found["added"] is not None,
        )
        for found in _FILE.finditer(text)
    ]


def session_of(page: Path) -> list[Block | ShownFile]:
    """Return what a reader of a page with a session does, in its order."""
    blocks = [block for block in blocks_of(page) if block.place == "session"]
    return sorted([*blocks, *files_of(page)], key=lambda part: part.line)


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
