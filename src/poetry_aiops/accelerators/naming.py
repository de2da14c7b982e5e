"""Finding a device's architecture by its marketing name, even when a table has cut the name off."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from collections.abc import Iterable


_NOISE = (
    r"\((?:r|tm|c)\)|[®™]|nvidia corporation|\bnvidia\b|\bamd\b|advanced micro devices,? inc\.?|\[amd/ati\]"
)
_CUT = r"\.\.\.?\s{0,20}$|…\s{0,20}$"


class NameTable:
    """Patterns of names with their value; ``#`` stands for a digit, a leading ``*`` for any beginning.

    The longest pattern that begins the name wins; ``*`` patterns are looked for first. A name that was cut
    off (``NVIDIA GeForce RTX 40...``) is answered only when every pattern it may go on to agrees.
    """

    def __init__(self, rows: Iterable[tuple[str, Iterable[str]]]) -> None:
        pairs = [(pattern, value) for value, patterns in rows for pattern in patterns]
        self._inner = [(pattern[1:], value) for pattern, value in pairs if pattern.startswith("*")]
        self._heads = sorted(
            ((pattern, value) for pattern, value in pairs if not pattern.startswith("*")),
            key=lambda pair: (-len(pair[0]), pair[0].count("#")),
        )

    def find(self, name: str | None) -> str | None:
        """Return the value for a name, ``None`` when it is not known or not clear."""
        if not name:
            return None
        plain, cut = _plain(name)
        for piece, value in self._inner:
            if piece in plain:
                return value
        head, whole = next((pair for pair in self._heads if _begins(plain, pair[0])), ("", None))
        if not cut:
            return whole
        values = {
            value for pattern, value in self._heads if len(pattern) > len(plain) and _begins(pattern, plain)
        }
        if whole and (not values or len(head) == len(plain)):  # else the cut name goes on to a longer pattern
            values.add(whole)
        return values.pop() if len(values) == 1 else None


def _plain(name: str) -> tuple[str, bool]:
    lowered = re.sub(_NOISE, " ", name.lower()[:200])
    cut = re.search(_CUT, lowered)
    return " ".join((lowered[: cut.start()] if cut else lowered).split()), cut is not None


def _begins(text: str, head: str) -> bool:
    """Return whether a text begins with a head; ``#`` on either side matches a digit."""
    return len(text) >= len(head) and all(_same(a, b) for a, b in zip(text, head, strict=False))


def _same(a: str, b: str) -> bool:
    return a == b or ("#" in {a, b} and (a.isdigit() or b.isdigit()))
