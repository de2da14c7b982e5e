"""A health report as one HTML file that asks nothing of any network and runs no script.

The template is ``assets/page.html``: jinja2 escapes every text in it. Its content security policy admits the page's one style by
its hash and nothing else; only http and https addresses become links. The same report always gives the same bytes.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

from poetry_aiops.cli.document import asset, content_policy, stamp
from poetry_aiops.cli.escape import for_terminal, web_address
from poetry_aiops.health.report import words
from poetry_aiops.health.report.next_step import next_step
from poetry_aiops.health.report.sections import facts, numbers, packages, reasons, sections
from poetry_aiops.health.report.trend import finding_trend, score_trend, span_in_words, total


if TYPE_CHECKING:
    from collections.abc import Sequence

    from jinja2 import Template

    from poetry_aiops.health.history import TrendPoint
    from poetry_aiops.health.report.model import HealthReport


_PACKAGE: Final = "poetry_aiops.health"
_WIDTH: Final = 900
_HEIGHT: Final = 200
_LEFT: Final = 36
_RIGHT: Final = _WIDTH - 12
_TOP: Final = 14
_BOTTOM: Final = _HEIGHT - 26


def health_page(report: HealthReport) -> str:
    """Return the page as one HTML document."""
    style = "\n" + asset(_PACKAGE, "style.css")
    return _template().render(
        report=report,
        words=words,
        stamp=stamp,
        web_address=web_address,
        policy=content_policy(style=style),
        style=style,
        verdict=words.verdict(report),
        facts=facts(report),
        reasons=reasons(report),
        step=next_step(report),
        sections=[section for section in sections(report) if section.key != "metrics"],
        numbers=numbers(report),
        packages=packages(report),
        trend=_trend(report.trend) if report.trend else None,
    )


def _trend(points: Sequence[TrendPoint]) -> dict[str, Any]:
    """Return the drawing of the trend: scores as lines over bars of findings, each run at its place in time."""
    first, last = points[0].generated, points[-1].generated
    whole = (last - first).total_seconds() or 1.0
    most = max(map(total, points)) or 1
    drawn = [
        {
            "day": point.generated.date().isoformat(),
            "x": round(_LEFT + (_RIGHT - _LEFT) * (point.generated - first).total_seconds() / whole, 1),
            "y": None if point.score is None else _y(point.score),
            "score": "" if point.score is None else words.number(point.score),
            "findings": total(point),
            "top": round(_BOTTOM - 0.45 * (_BOTTOM - _TOP) * total(point) / most, 1),
            "lock_changed": point.lock_changed,
        }
        for point in points
    ]
    stretches = [list(group) for known, group in groupby(drawn, lambda one: one["y"] is not None) if known]
    found = f"findings {finding_trend(points)}; {span_in_words(points)}."
    return {
        "text": f"Score {score_trend(points) or 'unknown'}; {found}",
        "points": drawn,
        "lines": [
            " ".join(f"{one['x']},{one['y']}" for one in group) for group in stretches if len(group) > 1
        ],
        "axes": [(value, _y(value)) for value in (0, 50, 100)],
        "width": _WIDTH,
        "height": _HEIGHT,
        "left": _LEFT,
        "right": _RIGHT,
        "top": _TOP,
        "bottom": _BOTTOM,
    }


def _y(score: float) -> float:
    """Return the height of a score; a gap in the scores stays a gap in the line."""
    return round(_TOP + (_BOTTOM - _TOP) * (100.0 - score) / 100.0, 1)


@lru_cache(maxsize=1)
def _template() -> Template:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: for_terminal(value) if type(value) is str else value,
    )
    return environment.from_string(asset(_PACKAGE, "page.html").replace("\n\n", "\n"))
