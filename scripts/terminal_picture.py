"""Make the picture of the README: docs/images/terminal.svg, what three commands really print at a terminal.

    python scripts/terminal_picture.py [--output docs/images/terminal.svg]

Runs in a copy of examples/chatbot, locked against stand-ins that this program serves on 127.0.0.1. The picture asks no
other host for anything: its letters are the reader's own.
"""

from __future__ import annotations

import argparse
import re
import shlex
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text


REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from scripts.demo_index import demo_index, with_own_sources
from tests.support.poetry_program import PoetryProgram
from tests.support.terminal import on_terminal


COLUMNS = 100
MOST_LINES = 16  # of one command; the picture shows what it answers, not everything
SHOWN: Final = (
    ("poetry lock", r"One lock for"),
    ('poetry hw-install --dry-run --target "driver=580.65,gpu=GTX 1080"', r"hw-install:|Installing torch"),
    ('poetry hw-info --target "driver=535.54,gpu=A100"', r""),
)
"""Each command, and which of its lines are shown: all where the pattern is empty."""


def main() -> int:
    """Run the commands and write the picture."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--output", type=Path, default=REPOSITORY / "docs" / "images" / "terminal.svg")
    chosen = options.parse_args()
    console = Console(
        record=True, width=COLUMNS, file=sys.stderr, force_terminal=True, color_system="truecolor"
    )
    with tempfile.TemporaryDirectory() as name, demo_index() as index:
        folder = Path(name) / "chatbot"
        shutil.copytree(REPOSITORY / "examples" / "chatbot", folder)
        pyproject = folder / "pyproject.toml"
        pyproject.write_text(with_own_sources(pyproject.read_text("utf-8"), index), "utf-8")
        poetry = PoetryProgram.of_this_environment(Path(name) / "home")
        poetry.must(folder, "lock")
        for command, wanted in SHOWN:
            console.print(Text.assemble(("$ ", "bold green"), (command, "bold")))
            screen = on_terminal(poetry, folder, *shlex.split(command)[1:], columns=COLUMNS)
            console.print(Text.from_ansi(_shown(screen.raw, wanted)))
            console.print()
    svg = console.export_svg(title="poetry-aiops", theme=MONOKAI)
    chosen.output.write_text(_without_fonts_from_elsewhere(svg), "utf-8")
    return 0


def _shown(raw: str, wanted: str) -> str:
    """Return the lines that match, each with those that continue it."""
    lines = raw.replace("\r\n", "\n").replace("\r", "\n").strip().split("\n")
    if not wanted:
        return "\n".join(lines[:MOST_LINES])
    kept: list[str] = []
    goes_on = False
    for line in lines:
        text = re.sub(r"\x1b\[[0-9;]*m", "", line)
        goes_on = bool(re.search(wanted, text)) or (goes_on and re.match(r" +(?!- )\S", text) is not None)
        if goes_on:
            kept.append(line)
    return "\n".join(kept[:MOST_LINES])


def _without_fonts_from_elsewhere(svg: str) -> str:
    own = re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL)
    return re.sub(r"[ \t]+$", "", own.replace("Fira Code, ", ""), flags=re.MULTILINE).rstrip("\n") + "\n"


if __name__ == "__main__":
    sys.exit(main())
