"""Words for people: numbers with their noun."""

from __future__ import annotations


def counted(number: int, one: str, many: str = "") -> str:
    """Return ``1 package`` or ``2 packages``."""
    return f"{number} {one}" if number == 1 else f"{number} {many or f'{one}s'}"
