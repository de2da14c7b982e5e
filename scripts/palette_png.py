"""PNG pictures with few colours, by the standard library alone (PNG specification, third edition)."""

from __future__ import annotations

import struct
import zlib
from collections import Counter


_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHANNELS = {2: 3, 6: 4}  # colour types: RGB, and RGB with alpha

_DISTINCT = 250  # squared distance: rare colours keep their place against near copies of frequent ones

Colour = tuple[int, int, int]


def with_few_colours(png: bytes, most: int = 256) -> bytes:
    """Return the picture with its most frequent colours only; every other pixel takes the nearest of them.

    ``most`` is at most 256. Reads what browsers write: 8 bits a channel, RGB with or without alpha (which is dropped), not interlaced.
    """
    width, height, pixels = _read(png)
    counted = Counter(pixels)
    palette: list[Colour] = []
    for colour, _ in counted.most_common():
        if len(palette) < most and all(_far(colour, other) >= _DISTINCT for other in palette):
            palette.append(colour)
    number = {colour: index for index, colour in enumerate(palette)}
    for colour in counted:
        if colour not in number:
            number[colour] = min(range(len(palette)), key=lambda index: _far(palette[index], colour))
    rows = (
        bytes(number[pixel] for pixel in pixels[row * width : (row + 1) * width]) for row in range(height)
    )
    packed = zlib.compress(b"".join(b"\0" + row for row in rows), 9)
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    parts = (
        (b"IHDR", header),
        (b"PLTE", bytes(part for colour in palette for part in colour)),
        (b"IDAT", packed),
    )
    return _SIGNATURE + b"".join(_chunk(kind, content) for kind, content in (*parts, (b"IEND", b"")))


def _read(png: bytes) -> tuple[int, int, list[Colour]]:
    place, packed, width, height, channels = len(_SIGNATURE), b"", 0, 0, 3
    while place < len(png):
        size, kind = struct.unpack(">I4s", png[place : place + 8])
        content = png[place + 8 : place + 8 + size]
        if kind == b"IHDR":
            width, height, _, colour_type = struct.unpack(">IIBB", content[:10])
            channels = _CHANNELS[colour_type]
        elif kind == b"IDAT":
            packed += content
        place += size + 12
    data, stride = zlib.decompress(packed), width * channels
    above, pixels = bytes(stride), list[Colour]()
    for start in range(0, len(data), stride + 1):
        above = _unfiltered(data[start], data[start + 1 : start + 1 + stride], above, channels)
        pixels.extend(zip(above[0::channels], above[1::channels], above[2::channels], strict=True))
    return width, height, pixels


def _unfiltered(kind: int, line: bytes, above: bytes, channels: int) -> bytes:
    """Undo one of the five filters of a row."""
    row = bytearray(line)
    for at in range(len(row)):
        left = row[at - channels] if at >= channels else 0
        corner = above[at - channels] if at >= channels else 0
        guesses = (0, left, above[at], (left + above[at]) // 2, 0)
        guess = guesses[kind] if kind < len(guesses) - 1 else _paeth(left, above[at], corner)
        row[at] = (row[at] + guess) & 255
    return bytes(row)


def _paeth(left: int, above: int, corner: int) -> int:
    estimate = left + above - corner
    return min((left, above, corner), key=lambda value: abs(estimate - value))


def _far(one: Colour, other: Colour) -> int:
    return sum((a - b) ** 2 for a, b in zip(one, other, strict=True))


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
