"""How long the monitor waits between two looks: ``24h``, ``30m``, ``1h30m``, ``90s``, ``1d``; a bare number is hours."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

from poetry_aiops.errors import UsageError


SHORTEST: Final = timedelta(seconds=1)
LONGEST: Final = timedelta(days=366)
_PART = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>[smhdw])", re.ASCII)
_WHOLE = re.compile(
    rf"(?:\s*{_PART.pattern.replace('?P<number>', '?:').replace('?P<unit>', '?:')})+\s*", re.ASCII
)
_BARE = re.compile(r"\d+(?:\.\d+)?", re.ASCII)
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def read_interval(text: str, where: str = "--interval", longest: timedelta = LONGEST) -> timedelta:
    """Return the time that ``text`` names; raises UsageError for text that names none, or one out of bounds."""
    plain = text.strip().lower()
    if len(plain) > 40 or not (_BARE.fullmatch(plain) or _WHOLE.fullmatch(plain)):  # noqa: PLR2004 - no interval needs more
        raise UsageError(
            f'"{text[:40]}" is not a length of time',
            where=where,
            hint='Write for example "24h", "30m", "1d" or "1h30m".',
        )
    parts = [(plain, "h")] if _BARE.fullmatch(plain) else _PART.findall(plain)
    seconds = sum(float(number) * _SECONDS[unit] for number, unit in parts)
    if not SHORTEST.total_seconds() <= seconds <= longest.total_seconds():
        raise UsageError(
            f'"{text}" is too short or too long',
            where=where,
            hint=f"Write a time between a second and {longest.days} days.",
        )
    return timedelta(seconds=seconds)


def interval_in_words(interval: timedelta) -> str:
    """Return an interval in the form that `read_interval` takes: ``1h30m``."""
    seconds, words = interval.total_seconds(), ""
    for unit in ("d", "h", "m"):
        count, seconds = divmod(seconds, _SECONDS[unit])
        words += f"{count:.0f}{unit}" if count else ""
    return words + (f"{seconds:g}s" if seconds or not words else "")
