"""The bytes of a requirements file -> text -> logical lines, as pip 26 does it, with nothing lost on the way.

Facts from pip's ``req_file.py``: byte order marks first, then a PEP 263 line among the first two, then UTF-8; lines
end wherever ``str.splitlines`` ends them; a backslash at the end joins the next line without a blank, except behind
a line that is only a comment; a comment begins at a ``#`` at the start or after white space.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from collections.abc import Iterator

    from poetry_aiops.migrate.model import RequirementsFile


BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark begins it
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
NO_CHARSETS = frozenset({"idna", "punycode", "raw_unicode_escape", "undefined", "unicode_escape"})
"""Python has these among its text encodings; they are no encodings of files, and some take quadratic time."""

_CODING = re.compile(rb"coding[:=]\s*([-\w.]+)")


@dataclass(frozen=True, slots=True)
class Decoded:
    """The text of a file; ``encoding`` as Python names it, ``bom`` the bytes in front that are not part of the text."""

    text: str
    encoding: str
    bom: bytes = b""


@dataclass(frozen=True, slots=True)
class Undecodable:
    """Why there is no text: ``offset`` is the first bad byte, ``line`` the 1-based line that it is on."""

    what: str
    suggestion: str
    offset: int = 0
    line: int = 1


@dataclass(frozen=True, slots=True)
class LogicalLine:
    """One logical line: ``text`` is what pip goes on with, ``comment`` what stands behind ``#`` (None without one).

    ``number`` and ``last`` count the lines that an editor shows. ``swallowed`` says that a comment ended in a
    backslash, so that the text of the next line became part of the comment.
    """

    number: int
    last: int
    raw: str
    text: str
    comment: str | None = None
    swallowed: bool = False


def decode(data: bytes) -> Decoded | Undecodable:
    """Return the text of a requirements file, or what is in the way of it."""
    for bom, encoding in BOMS:
        if data.startswith(bom):
            return _decoded(data, encoding, bom)
    declared = _declared(data)
    if declared is None:
        return _decoded(data, "utf-8", b"")
    encoding = declared.decode("ascii", "replace")
    try:
        name = codecs.lookup(encoding).name.replace("-", "_")
        known = name not in NO_CHARSETS and b"#".decode(encoding, "ignore") is not None
    except (LookupError, UnicodeError, ValueError):
        known = False
    if not known:
        return Undecodable(
            f"the coding line names {encoding!r}, an encoding that Python does not know",
            "Write the encoding of the file there, for example: # -*- coding: utf-8 -*-",
        )
    return _decoded(data, encoding, b"")


def encode(file: RequirementsFile, text: str) -> bytes:
    """Return text as bytes in the file's own encoding, with the byte order mark that the file has.

    Raises UnicodeEncodeError where the encoding has no such character.
    """
    bom = next((mark for mark, _ in BOMS if file.data.startswith(mark)), b"")
    return bom + text.encode(file.encoding)


def newline_of(text: str) -> str:
    """Return the line end that most lines of a text have; LF for a text without any."""
    windows = text.count("\r\n")
    counts = {"\n": text.count("\n") - windows, "\r\n": windows, "\r": text.count("\r") - windows}
    return max(counts, key=lambda end: counts[end])


def logical_lines(text: str) -> Iterator[LogicalLine]:
    """Yield the logical lines of a text; their ``raw`` parts joined are the text."""
    raws: list[str] = []
    parts: list[str] = []
    first = number = 1
    for raw in text.splitlines(keepends=True):
        line, ended = _without_end(raw)
        comment_only = "#" in line and line.lstrip().startswith("#")
        goes_on = line.endswith("\\") and not comment_only
        if not (raws or goes_on):
            yield _alone(number, raw, line, comment_only=comment_only)
            number += ended
            first = number
            continue
        raws.append(raw)
        if goes_on:
            parts.append(line.strip("\\"))
        else:
            parts.append(" " + line if comment_only else line)
            yield _logical(first, number, raws, parts)
            raws, parts, first = [], [], number + ended
        number += ended
    if raws:
        yield _logical(first, number if not ended else number - 1, raws, parts)


def _alone(number: int, raw: str, line: str, *, comment_only: bool) -> LogicalLine:
    """Return the logical line of one physical line, as nearly all are."""
    if comment_only:
        return LogicalLine(number, number, raw, "", line.lstrip()[1:].strip())
    at = _comment_at(line) if "#" in line else -1
    if at < 0:
        return LogicalLine(number, number, raw, line.strip())
    return LogicalLine(number, number, raw, line[:at].strip(), line[at + 1 :].strip())


def _logical(first: int, last: int, raws: list[str], parts: list[str]) -> LogicalLine:
    joined = parts[0] if len(parts) == 1 else "".join(parts)
    at = _comment_at(joined)
    raw = raws[0] if len(raws) == 1 else "".join(raws)
    if at < 0:
        return LogicalLine(first, last, raw, joined.strip())
    swallowed = len(parts) > 1 and at < len(joined) - len(parts[-1]) and bool(parts[-1].strip())
    return LogicalLine(first, last, raw, joined[:at].strip(), joined[at + 1 :].strip(), swallowed)


def _comment_at(line: str) -> int:
    """Return where the comment of a line begins, -1 where it has none."""
    at = line.find("#")
    while at > 0 and not line[at - 1].isspace():
        at = line.find("#", at + 1)
    return at


def _without_end(raw: str) -> tuple[str, int]:
    """Return a physical line without its end, and 1 if editors, too, begin a new line there."""
    if raw.endswith("\n"):
        return raw[: -2 if raw.endswith("\r\n") else -1], 1
    if raw.endswith("\r"):
        return raw[:-1], 1
    return raw.splitlines()[0], 0


def _declared(data: bytes) -> bytes | None:
    for line in data.split(b"\n", 2)[:2]:
        found = _CODING.search(line) if line.startswith(b"#") else None
        if found:
            return found[1]
    return None


def _decoded(data: bytes, encoding: str, bom: bytes) -> Decoded | Undecodable:
    try:
        text = data[len(bom) :].decode(encoding)
    except UnicodeDecodeError as error:
        offset = error.start + len(bom)
        byte = data[offset : offset + 1].hex()
        return Undecodable(
            f"the byte at offset {offset} (0x{byte}) is not {encoding.upper()}",
            "Save the file as UTF-8, or say its encoding in the first line, for example: # -*- coding: latin-1 -*-",
            offset,
            data.count(b"\n", 0, offset) + 1,
        )
    except (UnicodeError, ValueError) as error:
        return Undecodable(f"the file cannot be read as {encoding}: {error}", "Save the file as UTF-8.")
    if "\0" in text:
        return Undecodable(
            "the file holds NUL characters: it is not text, or it is UTF-16 without a byte order mark",
            "Save the file as UTF-8.",
            data.index(b"\0"),
            text.count("\n", 0, text.index("\0")) + 1,
        )
    return Decoded(text, encoding, bom)
