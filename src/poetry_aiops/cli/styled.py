"""Text with styles and columns for a terminal, as values: the command turns styles into colours."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final, Literal

from poetry_aiops.system.record import Record


if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


_LABEL: Final = r"\s*(?:[A-Z][\w ]{0,40}: +)?"

Style = Literal["", "title", "bad", "warn", "good", "dim", "info", "place"]

_GAP: Final = 2
_NARROWEST: Final = 6
_LONGEST_WHOLE: Final = 24


class StyledText(Record):
    """A piece of a line in one style; its text has neither line ends nor control characters."""

    text: str
    style: Style = ""


Line = tuple[StyledText, ...]


class Column(Record):
    """A column of a table; one that is not ``elastic`` keeps its width as long as any other can give way."""

    title: str
    elastic: bool = False
    right: bool = False


def styled(text: str, style: Style = "") -> Line:
    """Return a line of one style."""
    return (StyledText(text, style),)


def cells_wide(text: str) -> int:
    """Return how many cells of a terminal a text takes: wide East Asian characters two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(_cells(sign) for sign in text)


def wrapped(text: str, width: int, *, keep_words: bool = False) -> list[str]:
    """Return the text in lines of at most ``width`` cells, broken at blanks where that is possible.

    ``keep_words`` leaves a word that is too long as it is: a path or an address to copy.
    """
    lines, line = [], ""
    for word in text.split():
        for piece in [word] if keep_words else _pieces(word, width):
            longer = f"{line} {piece}" if line else piece
            if line and cells_wide(longer) > width:
                lines.append(line)
                line = piece
            else:
                line = longer
    return [*lines, line] if line or not lines else lines


def paragraph(text: str, width: int, indent: int = 2, style: Style = "") -> list[Line]:
    """Return a text wrapped into indented lines."""
    return [styled(" " * indent + line, style) for line in wrapped(text, max(_NARROWEST, width - indent))]


def hanging(text: str, width: int) -> str:
    """Return the lines of a text broken at ``width`` cells, what goes on standing below the value of its label."""
    return "\n".join(part for line in text.split("\n") for part in _hung(line, width))


def _hung(line: str, width: int) -> list[str]:
    if cells_wide(line) <= width:
        return [line]
    label, blanks = re.match(_LABEL, line), line[: len(line) - len(line.lstrip())]
    lead = label[0] if label and len(label[0]) <= width // 2 else blanks
    indent = len(lead) if len(lead) > len(blanks) else len(blanks) + _GAP
    first, *rest = wrapped(line[len(lead) :], max(_NARROWEST, width - indent), keep_words=True)
    return [lead + first, *(" " * indent + part for part in rest)]


def labelled(label: str, text: str, width: int, style: Style = "", label_style: Style = "") -> list[Line]:
    """Return a text beside its label; further lines stand below the first."""
    indent = cells_wide(label)
    first, *rest = wrapped(text, max(_NARROWEST, width - indent))
    return [
        (StyledText(label, label_style), StyledText(first, style)),
        *(styled(" " * indent + line, style) for line in rest),
    ]


def table(
    columns: Sequence[Column], rows: Sequence[Sequence[StyledText]], width: int, indent: int = 2
) -> list[Line]:
    """Return a table under its titles; cells that are too long go on in the next line."""
    return [line for block in table_blocks(columns, rows, width, indent) for line in block]


def table_blocks(
    columns: Sequence[Column], rows: Sequence[Sequence[StyledText]], width: int, indent: int = 2
) -> list[list[Line]]:
    """Return the lines of the titles and of each row; where not even words fit, each cell stands beside its title."""
    titles = [StyledText(column.title.upper(), "dim") for column in columns]
    widths = _widths(columns, [titles, *rows], width - indent)
    if sum(widths) + _GAP * (len(columns) - 1) > width - indent:
        return [[], *(_stacked(titles, row, width, indent) for row in rows)]
    return [list(_row(columns, row, widths, indent)) for row in [titles, *rows]]


def _row(
    columns: Sequence[Column], row: Sequence[StyledText], widths: Sequence[int], indent: int
) -> Iterator[Line]:
    parts = [wrapped(cell.text, width) for cell, width in zip(row, widths, strict=True)]
    for number in range(max(map(len, parts))):
        line = [StyledText(" " * indent)]
        for column, cell, width, texts in zip(columns, row, widths, parts, strict=True):
            text = texts[number] if number < len(texts) else ""
            space = " " * (width - cells_wide(text))
            line.append(StyledText(space + text if column.right else text + space, cell.style))
            line.append(StyledText(" " * _GAP))
        yield tuple(line[:-1])


def _stacked(titles: Sequence[StyledText], row: Sequence[StyledText], width: int, indent: int) -> list[Line]:
    """Return a row as one line for each cell that says something, the first one further to the left."""
    label = max(cells_wide(title.text) for title in titles) + _GAP
    lines: list[Line] = []
    for title, cell in zip(titles, row, strict=True):
        space = " " * (indent if title is titles[0] else indent + _GAP)
        room = max(_NARROWEST, width - len(space) - label)
        for number, text in enumerate(wrapped(cell.text, room) if cell.text else ()):
            named = "" if number else title.text
            lines.append(
                (
                    StyledText(space),
                    StyledText(f"{named:<{label}}", title.style),
                    StyledText(text, cell.style),
                )
            )
    return lines


def _widths(columns: Sequence[Column], rows: Sequence[Sequence[StyledText]], available: int) -> list[int]:
    widths = [max(cells_wide(row[index].text) for row in rows) for index in range(len(columns))]
    floors = [
        max(_NARROWEST, cells_wide(column.title), 0 if column.elastic else _longest_word(rows, index))
        for index, column in enumerate(columns)
    ]
    excess = sum(widths) + _GAP * (len(columns) - 1) - available
    for elastic in (True, False):
        while excess > 0:
            able = [
                index
                for index, column in enumerate(columns)
                if (column.elastic or not elastic) and widths[index] > floors[index]
            ]
            if not able:
                break
            widest = max(able, key=lambda index: widths[index])
            widths[widest] -= 1
            excess -= 1
    return widths


def _longest_word(rows: Sequence[Sequence[StyledText]], index: int) -> int:
    """Return how wide a column has to be for its words to stay whole, within reason."""
    words = (word for row in rows for word in row[index].text.split())
    return min(_LONGEST_WHOLE, max(map(cells_wide, words), default=0))


def _pieces(word: str, width: int) -> Iterator[str]:
    piece, taken = "", 0
    for sign in word:
        cells = _cells(sign)
        if piece and taken + cells > width:
            yield piece
            piece, taken = "", 0
        piece += sign
        taken += cells
    if piece:
        yield piece


def _cells(sign: str) -> int:
    if unicodedata.combining(sign):
        return 0
    return 2 if unicodedata.east_asian_width(sign) in {"W", "F"} else 1
