"""Reading foreign text: decoding, taking hidden characters out, comparing versions.

Every function takes any text, never raises, and works in time linear in its length.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import islice
from typing import TYPE_CHECKING, Final


if TYPE_CHECKING:
    from collections.abc import Collection


FEW: Final = 3
"""How many names a sentence lists."""

_SUSPECT: Final = re.compile(r"[^ -~]")
_HIDDEN: Final = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
_ESCAPE: Final = re.compile(r"\x1b\[[0-9;?]{0,20}[ -/]?[@-~]")
_LONGEST_NUMBER: Final = 9


def decode(data: bytes) -> str:
    """Return the text of bytes in UTF-8, UTF-16 (PowerShell writes it) or, failing both, Latin-1."""
    for mark, encoding in (
        (b"\xff\xfe", "utf-16-le"),
        (b"\xfe\xff", "utf-16-be"),
        (b"\xef\xbb\xbf", "utf-8"),
    ):
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, errors="replace")
    head = data[:2000]
    if head.count(0) * 3 > len(head):
        big_endian = head[0::2].count(0) > head[1::2].count(0)
        return data.decode("utf-16-be" if big_endian else "utf-16-le", errors="replace")
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")


def without_hidden(text: str, keep: str = "") -> str:
    """Return text without control, direction, invisible and unassigned characters (Unicode's categories), but ``keep``.

    Every escape for a terminal, a report or a file begins here.
    """
    return _SUSPECT.sub(
        lambda found: "" if found[0] not in keep and unicodedata.category(found[0]) in _HIDDEN else found[0],
        text,
    )


def one_line(text: str) -> str:
    """Return foreign text on one line without hidden characters; blanks stay where there is nothing to take out."""
    return text if text.isprintable() else without_hidden(" ".join(text.split()))


def clean(text: str) -> str:
    """Return text without terminal escapes and hidden characters; lines and tabs stay."""
    return without_hidden(_ESCAPE.sub("", text.replace("\r\n", "\n").replace("\r", "\n")), "\n\t")


def version_key(value: str) -> tuple[int, ...]:
    """Return the parts of a version as numbers to compare; anything else counts as 0."""
    return tuple(
        int(part) if part.isascii() and part.isdigit() and len(part) <= _LONGEST_NUMBER else 0
        for part in value.split(".")
    )


def counted(number: int, one: str, many: str = "") -> str:
    """Return ``1 package`` or ``2 packages``."""
    return f"{number} {one}" if number == 1 else f"{number} {many or f'{one}s'}"


def few(names: Collection[str]) -> str:
    """Return the first three names in one line, with dots for the rest."""
    return ", ".join([*islice(names, FEW), *(["..."] if len(names) > FEW else [])])
