"""What the monitor tells: an alert about news for a person, and one line for each look."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from poetry_aiops.cli.escape import for_terminal
from poetry_aiops.cli.plain import counted
from poetry_aiops.health.news import in_words
from poetry_aiops.health.report import words


if TYPE_CHECKING:
    from poetry_aiops.health.news import News
    from poetry_aiops.health.report.model import HealthReport


_MOST: Final = 40
_CHAT: Final = str.maketrans(
    {"<": "\u2039", ">": "\u203a", "@": "(at)", "`": "'", "*": "\u2217", "[": "(", "]": ")"}
)


def alert_text(report: HealthReport, news: News | None = None) -> str:
    """Return an alert: what is new, then how things stand; empty where nothing is new.

    ``news`` are those to tell, the report's own by default. No line can mention people or become a link in the chat
    programs that take webhooks.
    """
    new = news or report.news
    reported = in_words(new) if new else ()
    if not reported:
        return ""
    lines = [f"poetry health of {_chat(report.project)}: {counted(len(reported), 'piece')} of news"]
    lines += [f"- {_chat(text)}" for text in reported[:_MOST]]
    lines += [f"- and {len(reported) - _MOST} more"] if len(reported) > _MOST else []
    return "\n".join([*lines, f"Now: {_chat(_state(report))}", f"As of {words.moment(report.generated)}"])


def look_line(report: HealthReport) -> str:
    """Return one line about a look for the monitor's standard output."""
    reported = in_words(report.news) if report.news else ()
    news = counted(len(reported), "piece") + " of news" if reported else "no news"
    return for_terminal(f"{words.stamp(report.generated)} {report.project}: {_state(report)}; {news}", 1000)


def _state(report: HealthReport) -> str:
    parts = [
        words.found_in_words(report).text,
        words.audited_in_words(report).text,
        f"score {words.score_in_words(report).text}",
        f"gate {words.verdict(report).text}",
    ]
    return "; ".join(parts)


def _chat(text: str) -> str:
    return for_terminal(text).translate(_CHAT).replace("://", ": //")
