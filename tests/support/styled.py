"""Styled lines as plain text."""

from __future__ import annotations

from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from collections.abc import Iterable

    from poetry_aiops.cli.styled import Line


def as_text(lines: Iterable[Line]) -> str:
    """Return the lines without styles, joined by line ends."""
    return "\n".join("".join(span.text for span in line).rstrip() for line in lines)
