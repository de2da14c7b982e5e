"""A health report for a terminal: a first screen that says what to do, and every section behind ``-v``."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING, Final

from poetry_aiops.cli.escape import for_terminal
from poetry_aiops.cli.styled import StyledText, labelled, paragraph, styled, table, table_blocks
from poetry_aiops.health.report import words
from poetry_aiops.health.report.cases import folded, open_audits
from poetry_aiops.health.report.next_step import next_step
from poetry_aiops.health.report.sections import by_package, facts, reasons, sections
from poetry_aiops.health.report.trend import ASCII_BLOCKS, BLOCKS


if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from poetry_aiops.cli.styled import Line, Style
    from poetry_aiops.health.report.model import HealthReport
    from poetry_aiops.health.report.sections import Cell, Section
    from poetry_aiops.health.report.words import Note


_NARROW: Final = 36
_LABEL: Final = 9  # cells
SCREEN: Final = 25
"""Lines of a first screen of 80 columns or more."""
_REASONS: Final = 4
_ROWS: Final = 8
_REASON_LINES: Final = (4, 2, 1)
_PLAIN_BLOCKS: Final = str.maketrans(BLOCKS, ASCII_BLOCKS)


@dataclass(frozen=True, slots=True)
class TextView:
    """How the text is laid out: ``width`` in cells, ``every`` for all sections, ``unicode`` for block characters."""

    width: int = 80
    every: bool = False
    unicode: bool = True


def health_lines(report: HealthReport, view: TextView | None = None) -> tuple[Line, ...]:
    """Return the report as styled lines; foreign text in them is inert, but not escaped for any console library."""
    shown = view or TextView()
    shown = replace(shown, width=max(shown.width, _NARROW))
    if shown.every:
        return tuple(_whole(report, shown))
    screen = _FirstScreen(report, shown.width)
    lines: tuple[Line, ...] = ()
    for most, reason_lines in product(range(_ROWS, 0, -1), _REASON_LINES):
        lines = tuple(screen.lines(most, reason_lines))
        if len(lines) <= SCREEN:
            break
    return lines


def joined(lines: Iterable[Line]) -> str:
    """Return styled lines as plain text."""
    return "\n".join("".join(span.text for span in line) for line in lines)


def _whole(report: HealthReport, view: TextView) -> Iterator[Line]:
    yield from _head(report, view.width)
    yield from _notes(reasons(report), view.width)
    for section in sections(report):
        yield ()
        yield from paragraph(section.title, view.width, 0, section.style or "title")
        yield from _table(section, view.width)
        for note in section.notes:
            text = note.text if view.unicode else note.text.translate(_PLAIN_BLOCKS)
            yield from paragraph(for_terminal(text), view.width, style=note.style)
            yield from (styled(f"      {for_terminal(line)}", _diff_style(line)) for line in note.diff)


class _FirstScreen:
    """The parts of the first screen, each made once; ``lines`` lays them out with more or fewer rows."""

    def __init__(self, report: HealthReport, width: int) -> None:
        self.width = width
        self.head = _head(report, width)
        self.reasons = reasons(report)
        self.step = next_step(report)
        self.found = by_package(report)
        self.rows = [_spans(row) for row in self.found.rows[:_ROWS]]
        said = {source.problem for source in report.audit.sources} if report.audit else set()
        reasons_of = folded(open_audits(report))
        self.folded = [(why, names) for why, names in reasons_of if why not in said]
        self.also = [
            section.title[0].lower() + section.title[1:]
            for section in sections(report)
            if section.detail and (section.rows or section.notes)
        ]

    def lines(self, most: int, reason_lines: int) -> Iterator[Line]:
        """Yield the screen with at most so many rows, and lines for one reason."""
        width, few = self.width, min(_REASONS, most)
        yield from self.head
        yield from _notes(self.reasons[:few], width)
        yield from _more(len(self.reasons) - few, width)
        if self.step is not None:
            yield ()
            yield styled("What to do now", "title")
            yield from paragraph(self.step.command, width, 2, "good")
            yield from paragraph(self.step.why, width, 4, "dim")
        if self.rows:
            yield ()
            yield styled(self.found.title, "title")
            yield from table(self.found.columns, self.rows[:most], width)
            yield from _more(len(self.found.rows) - most, width)
        if self.folded:
            yield ()
            yield styled("Not audited", "warn")
            for reason, names in self.folded[:few]:
                text = f"{words.packages_in_words(names)}: {reason}"
                first, *rest = paragraph(for_terminal(text), width, style="warn")
                if len(rest) < reason_lines:
                    yield from (first, *rest)
                else:
                    yield from (first, *rest[: reason_lines - 1], styled("  ...", "dim"))
            yield from _more(len(self.folded) - few, width)
        if self.also:
            yield ()
            yield from paragraph(f"Also: {'; '.join(self.also)}. -v shows everything.", width, 0, "dim")


def _head(report: HealthReport, width: int) -> list[Line]:
    verdict = words.verdict(report)
    name = for_terminal(report.project) or "this project"
    lines = [
        *labelled("Gate ", verdict.text, width, verdict.style, "title"),
        *paragraph(f"Health of {name}, {words.moment(report.generated)}", width, 0, "dim"),
    ]
    for label, fact in facts(report):
        lines += labelled(f"{label:<{_LABEL}}", for_terminal(fact.text), width, fact.style)
    return lines


def _notes(notes: Sequence[Note], width: int) -> Iterator[Line]:
    for note in notes:
        yield from paragraph(for_terminal(note.text), width, style=note.style)


def _table(section: Section, width: int) -> Iterator[Line]:
    """Yield the table with the smaller lines of each row below it."""
    if not section.rows:
        return
    head, *blocks = table_blocks(section.columns, [_spans(row) for row in section.rows], width)
    yield from head
    for block, row in zip(blocks, section.rows, strict=True):
        yield from block
        below = ". ".join(text.rstrip(".") for cell in row for text in cell.below)
        yield from paragraph(for_terminal(below, 1000), width, 6, "dim") if below else ()


def _spans(row: Sequence[Cell]) -> list[StyledText]:
    return [StyledText(for_terminal(cell.text), cell.style) for cell in row]


def _more(count: int, width: int) -> list[Line]:
    return paragraph(f"... and {count} more (-v shows all)", width, style="dim") if count > 0 else []


def _diff_style(line: str) -> Style:
    return "good" if line.startswith("+") else "bad" if line.startswith("-") else "dim"
