"""Foreign text made harmless: names, constraints and markers of a lock were written by anybody."""

from __future__ import annotations

import unicodedata
from typing import Final


_HIDDEN: Final = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})


def plain(text: str) -> str:
    """Return the text as one line without control, direction, invisible and unassigned characters."""
    if text.isascii() and text.isprintable():
        return text
    spaced = " ".join(text.split())
    return "".join(sign for sign in spaced if unicodedata.category(sign) not in _HIDDEN)


def counted(number: int, one: str, many: str = "") -> str:
    """Return ``1 package`` or ``2 packages``."""
    return f"{number} {one}" if number == 1 else f"{number} {many or f'{one}s'}"
