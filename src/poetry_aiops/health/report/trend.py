"""The trend of a project's health: a sparkline with numbers for a terminal, the points of a drawing for a page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from poetry_aiops.health.report.words import number
from poetry_aiops.system.text import counted


if TYPE_CHECKING:
    from collections.abc import Sequence

    from poetry_aiops.health.history import TrendPoint


BLOCKS: Final = "▁▂▃▄▅▆▇█"
ASCII_BLOCKS: Final = "_.-=+*#@"
UNKNOWN: Final = "?"


def sparkline(values: Sequence[float | None]) -> str:
    """Return one sign for each value between the lowest and the highest; ``?`` where nothing is known."""
    known = [value for value in values if value is not None]
    if not known:
        return UNKNOWN * len(values)
    low, span = min(known), max(known) - min(known)
    return "".join(
        UNKNOWN
        if value is None
        else BLOCKS[int((value - low) / span * (len(BLOCKS) - 1) + 0.5) if span else 3]
        for value in values
    )


def score_trend(points: Sequence[TrendPoint]) -> str:
    """Return the scores of a trend as text: ``61 to 72, lowest 58``; empty for fewer than two."""
    known = [point.score for point in points if point.score is not None]
    if len(known) < 2:  # noqa: PLR2004 - a trend has two ends
        return ""
    return f"{number(known[0])} to {number(known[-1])} (lowest {number(min(known))}, highest {number(max(known))})"


def finding_trend(points: Sequence[TrendPoint]) -> str:
    """Return how many findings counted at both ends of a trend."""
    return f"{total(points[0])} to {total(points[-1])}" if points else ""


def total(point: TrendPoint) -> int:
    """Return how many findings counted on a day."""
    return sum(point.findings.values())


def span_in_words(points: Sequence[TrendPoint]) -> str:
    """Return the days of a trend: ``12 days with a report, 2026-06-01 to 2026-07-01``."""
    first, last = points[0].generated.date(), points[-1].generated.date()
    changes = sum(point.lock_changed for point in points)
    reported = f"{counted(len(points), 'day')} with a report, {first.isoformat()} to {last.isoformat()}"
    return f"{reported}, the lock changed {counted(changes, 'time')}" if changes else reported
