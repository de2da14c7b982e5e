"""What programs write into their fields: names, numbers, versions and PCI addresses.

Every function takes any text, never raises, and works in time linear in its length.
"""

from __future__ import annotations

import re
from typing import Final

from poetry_aiops.system.text import clean


_VERSION: Final = re.compile(r"\d{1,5}(?:\.\d{1,5}){1,3}")
_LONGEST_LINE: Final = 2000
_LONGEST_NAME: Final = 120
_SIXTEEN_BITS: Final = 0xFFFF


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
    found = _VERSION.search(value[:_LONGEST_LINE])
    return found.group() if found else None


def number(value: str) -> int | None:
    """Return the leading decimal number of at most 12 digits, ``None`` when there is none."""
    found = re.match(r"\s{0,50}(\d{1,12})(?!\d)", value)
    return int(found.group(1)) if found else None


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
