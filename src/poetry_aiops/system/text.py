"""Reading foreign text: decoding, taking hidden characters out, small numbers and versions.

Every function takes any text, never raises, and works in time linear in its length.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final


VERSION: Final = re.compile(r"\d{1,5}(?:\.\d{1,5}){1,3}")
_SUSPECT: Final = re.compile(r"[^ -~]")
_HIDDEN: Final = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
_ESCAPE: Final = re.compile(r"\x1b\[[0-9;?]{0,20}[ -/]?[@-~]")
_LONGEST_LINE: Final = 2000
_LONGEST_NAME: Final = 120
_LONGEST_NUMBER: Final = 9
_SIXTEEN_BITS: Final = 0xFFFF


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


def lines(text: str) -> list[str]:
    """Return the cleaned lines of a text, each cut at 2000 characters."""
    return [line[:_LONGEST_LINE] for line in clean(text).split("\n")]


def name(value: str) -> str | None:
    """Return a device name fit for messages, or ``None`` for the ways in which programs say nothing."""
    short = " ".join(value.split())[:_LONGEST_NAME].strip(" *")
    return None if is_nothing(short) else short


def is_nothing(value: str) -> bool:
    """Return whether a program's field says that it has no value."""
    bare = value.strip().strip("[]").strip().lower()
    return bare in {
        "",
        "n/a",
        "err!",
        "error",
        "unknown",
        "unknown error",
        "not supported",
        "none",
        "redacted",
    }


def version(value: str) -> str | None:
    """Return the first version number (two to four parts) in a text."""
    found = VERSION.search(value[:_LONGEST_LINE])
    return found.group() if found else None


def number(value: str) -> int | None:
    """Return the leading decimal number of at most 12 digits, ``None`` when there is none."""
    found = re.match(r"\s{0,50}(\d{1,12})(?!\d)", value)
    return int(found.group(1)) if found else None


def version_key(value: str) -> tuple[int, ...]:
    """Return the parts of a version as numbers to compare; anything else counts as 0."""
    return tuple(
        int(part) if part.isascii() and part.isdigit() and len(part) <= _LONGEST_NUMBER else 0
        for part in value.split(".")
    )


def bus_key(value: str) -> str | None:
    """Return a PCI address as ``0000:01:00.0`` whatever way a program spells it."""
    found = re.search(
        r"(?:([0-9a-fA-F]{4,8}):)?([0-9a-fA-F]{2}):([0-9a-fA-F]{2})\.([0-7])(?![0-9a-fA-F])", value[:200]
    )
    if not found:
        return None
    domain = (found.group(1) or "0000")[-4:]
    return f"{domain}:{found.group(2)}:{found.group(3)}.{found.group(4)}".lower()


def bus_of_location(location: int, domain: int = 0) -> str | None:
    """Return the PCI address of a bus, device and function packed into 16 bits; 0 means none."""
    if not 0 < location <= _SIXTEEN_BITS:
        return None
    return f"{domain & _SIXTEEN_BITS:04x}:{location >> 8:02x}:{location >> 3 & 31:02x}.{location & 7}"


def pci_id(value: str) -> str | None:
    """Return a PCI id as four lower-case hexadecimal digits, from ``0x744c``, ``744C`` or ``0x0000744c``."""
    found = re.fullmatch(r"\s{0,9}(?:0[xX])?0{0,4}([0-9a-fA-F]{4})\s{0,9}", value[:40])
    return found.group(1).lower() if found else None


def counted(number: int, one: str, many: str = "") -> str:
    """Return ``1 package`` or ``2 packages``."""
    return f"{number} {one}" if number == 1 else f"{number} {many or f'{one}s'}"
