"""Small pieces of Markdown for the pages that are made from code."""

from __future__ import annotations

from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from collections.abc import Iterable


MADE = "This page is made from {source} by `scripts/reference.py`, and a test keeps it up to date."


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a table; a pipe within a cell is escaped."""
    titles = list(head)
    lines = [_row(titles), "|" + "---|" * len(titles)]
    return "\n".join([*lines, *(_row(row) for row in rows)]) + "\n"


def code(text: object) -> str:
    """Return text as code."""
    return f"`{text}`"


def listed(items: Iterable[object]) -> str:
    """Return items as code, separated by commas; a dash for none."""
    return ", ".join(code(item) for item in items) or "-"


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
