"""The trend of the HTML report: a drawing without script, and the same numbers as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from poetry_aiops.cli.escape import for_html
from poetry_aiops.health.report.trend import total
from poetry_aiops.health.report.words import number


if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from poetry_aiops.health.history import TrendPoint


_WIDTH: Final = 900
_HEIGHT: Final = 200
_LEFT: Final = 36
_RIGHT: Final = 12
_TOP: Final = 14
_BOTTOM: Final = 26


def trend_drawing(points: Sequence[TrendPoint], told: str) -> str:
    """Return the scores as a line over bars of findings, each run at its place in time; gaps stay gaps."""
    places = _places(points)
    parts = [*_axes(points), *_bars(points, places), *_changes(points, places), *_lines(points, places)]
    return (
        f'<svg class="trend" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{for_html(told)}">'
        f"{''.join(parts)}</svg>"
        '<p class="dim">Line: score. Bars: findings. Dashed: the lock changed.</p>'
    )


def trend_table(points: Sequence[TrendPoint]) -> str:
    """Return the numbers of the trend, the newest first."""
    rows = "\n".join(
        f'<tr><th scope="row">{point.generated.date().isoformat()}</th>'
        f'<td class="number">{"unknown" if point.score is None else number(point.score)}</td>'
        f'<td class="number">{number(point.coverage)} %</td><td class="number">{total(point)}</td>'
        f"<td>{'changed' if point.lock_changed else ''}</td></tr>"
        for point in reversed(points)
    )
    head = '<th scope="col">Day</th>' + "".join(
        f'<th scope="col" class="number">{title}</th>' for title in ("Score", "Coverage", "Findings")
    )
    return f'<div class="scroll"><table><thead><tr>{head}<th scope="col">Lock</th></tr></thead><tbody>\n{rows}\n</tbody></table></div>'


def _places(points: Sequence[TrendPoint]) -> list[float]:
    first, last = points[0].generated, points[-1].generated
    whole = (last - first).total_seconds() or 1.0
    span = _WIDTH - _LEFT - _RIGHT
    return [_LEFT + span * (point.generated - first).total_seconds() / whole for point in points]


def _axes(points: Sequence[TrendPoint]) -> Iterator[str]:
    for value in (0, 50, 100):
        y = _y(value)
        yield f'<line class="axis" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y}" y2="{y}"/>'
        yield f'<text x="{_LEFT - 6}" y="{y + 4}" text-anchor="end">{value}</text>'
    first, last = points[0].generated.date(), points[-1].generated.date()
    yield f'<text x="{_LEFT}" y="{_HEIGHT - 8}">{first.isoformat()}</text>'
    yield f'<text x="{_WIDTH - _RIGHT}" y="{_HEIGHT - 8}" text-anchor="end">{last.isoformat()}</text>'


def _bars(points: Sequence[TrendPoint], places: Sequence[float]) -> Iterator[str]:
    most = max(map(total, points)) or 1
    for point, x in zip(points, places, strict=True):
        count = total(point)
        height = round(0.45 * (_HEIGHT - _TOP - _BOTTOM) * count / most, 1)
        if count:
            y = round(_HEIGHT - _BOTTOM - height, 1)
            yield f'<rect class="found" x="{x - 3:.1f}" y="{y}" width="6" height="{height}"><title>{point.generated.date().isoformat()}: {count} findings</title></rect>'


def _changes(points: Sequence[TrendPoint], places: Sequence[float]) -> Iterator[str]:
    for point, x in zip(points, places, strict=True):
        if point.lock_changed:
            yield f'<line class="change" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" y2="{_HEIGHT - _BOTTOM}"/>'


def _lines(points: Sequence[TrendPoint], places: Sequence[float]) -> Iterator[str]:
    """Yield a line for each stretch of known scores, and a dot for each of them."""
    stretch: list[str] = []
    for point, x in zip(points, places, strict=True):
        if point.score is None:
            yield from _stretch(stretch)
            stretch = []
            continue
        stretch.append(f"{x:.1f},{_y(point.score)}")
        day = point.generated.date().isoformat()
        yield f'<circle class="dot" cx="{x:.1f}" cy="{_y(point.score)}" r="3"><title>{day}: {number(point.score)}</title></circle>'
    yield from _stretch(stretch)


def _stretch(places: Sequence[str]) -> Iterator[str]:
    if len(places) > 1:
        yield f'<polyline class="line" points="{" ".join(places)}"/>'


def _y(score: float) -> float:
    return round(_TOP + (_HEIGHT - _TOP - _BOTTOM) * (100.0 - score) / 100.0, 1)
