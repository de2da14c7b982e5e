"""Words for people: foreign text on one line, numbers with their noun."""

from __future__ import annotations

from poetry_aiops.system.text import one_line


plain = one_line


def counted(number: int, one: str, many: str = "") -> str:
    """Return ``1 package`` or ``2 packages``."""
    return f"{number} {one}" if number == 1 else f"{number} {many or f'{one}s'}"
