"""A health report in GitHub's Markdown, for the summary of a workflow step.

GitHub takes 1 MiB of UTF-8 for each step and drops all of a longer summary, so that long tables are cut, with a word
about it, until the report fits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from poetry_aiops.cli.escape import for_markdown, markdown_block, markdown_code, web_address
from poetry_aiops.health.report import words
from poetry_aiops.health.report.next_step import next_step
from poetry_aiops.health.report.sections import facts, reasons, sections


if TYPE_CHECKING:
    from collections.abc import Iterator

    from poetry_aiops.cli.styled import Style
    from poetry_aiops.health.report.model import HealthReport
    from poetry_aiops.health.report.sections import Cell, Section
    from poetry_aiops.health.report.words import Note


LARGEST: Final = 1024 * 1024 - 1024  # bytes; a little is left for what a workflow writes around it
_ROWS: Final = (5000, 1000, 200, 50, 10)  # of a table, tried in turn
_SIGNS: Final[dict[Style, str]] = {"good": "✅", "warn": "⚠️", "bad": "❌"}
_LEVELS: Final = {
    "critical": "🔴 critical",
    "high": "🟠 high",
    "unknown": "⚪ unknown",
    "medium": "🟡 medium",
    "low": "🔵 low",
}


def health_markdown(report: HealthReport, largest: int = LARGEST) -> str:
    """Return the report as Markdown of at most ``largest`` bytes in UTF-8."""
    text = ""
    for most in _ROWS:
        text = _text(report, most)
        if len(text.encode("utf-8", "replace")) <= largest:
            return text
    kept = text.encode("utf-8", "replace")[: max(0, largest - 200)].decode("utf-8", "ignore")
    return f"{kept.rpartition(chr(10))[0]}\n\n**The rest of this report was left out: it is too long for a summary.**\n"


def _text(report: HealthReport, most: int) -> str:
    verdict = words.verdict(report)
    lines = [
        f"## {_SIGNS[verdict.style]} Health of {for_markdown(report.project)}: {for_markdown(verdict.text)}",
        "",
    ]
    lines += [f"- {_sign(fact.style)}**{label}:** {for_markdown(fact.text)}" for label, fact in facts(report)]
    lines += [f"  - {_sign(note.style)}{for_markdown(note.text)}" for note in reasons(report)[:most]]
    step = next_step(report)
    if step is not None:
        lines.append(f"- **What to do now:** {markdown_code(step.command)} {for_markdown(step.why)}")
    made = sections(report)
    lines += [line for section in made for line in ("", *_section(section, most))]
    left_out = sum(max(0, len(section.rows) - most) + max(0, len(section.notes) - most) for section in made)
    if left_out:
        lines += [
            "",
            f"**{left_out} rows were left out to keep this summary short.** `poetry health --format json` has them all.",
        ]
    end = f"Made by poetry-aiops {for_markdown(report.tool_version)} at {words.moment(report.generated)}."
    return "\n".join([*lines, "", end, ""])


def _section(section: Section, most: int) -> Iterator[str]:
    title = for_markdown(section.title)
    yield f"<details><summary>{title}</summary>" if section.detail else f"### {_sign(section.style)}{title}"
    yield ""
    if section.rows:
        yield f"| {' | '.join(column.title for column in section.columns)} |"
        yield f"|{' --- |' * len(section.columns)}"
        yield from (f"| {' | '.join(map(_cell, row))} |" for row in section.rows[:most])
        yield ""
    for note in section.notes[:most]:
        yield from _note(note)
    if section.detail:
        yield from ("", "</details>")


def _cell(cell: Cell) -> str:
    address = web_address(cell.link)
    if address:
        shown = f"[{for_markdown(cell.text)}](<{address}>)"
    elif cell.code:
        shown = markdown_code(cell.text)
    elif cell.badge:
        shown = _LEVELS.get(cell.text) or f"{_sign(cell.style)}{for_markdown(cell.text)}"
    else:
        shown = for_markdown(cell.text)
    return "<br>".join([shown, *(for_markdown(text, 300) for text in cell.below)])


def _note(note: Note) -> Iterator[str]:
    yield f"- {_sign(note.style)}{for_markdown(note.text)}"
    if note.diff:
        yield from (f"  {line}" for line in markdown_block(note.diff, "diff"))


def _sign(style: Style) -> str:
    return f"{_SIGNS[style]} " if style in _SIGNS else ""
