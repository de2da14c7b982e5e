"""Small damage to real inputs: what a slip, a bad merge, a cut transfer or a joker would do to them."""

from __future__ import annotations

import json
import re
import tomllib
from typing import TYPE_CHECKING, Any, Final

import tomlkit
from tomlkit.exceptions import TOMLKitError


if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from random import Random


_WORD: Final = re.compile(rb"[\w.+-]+|[^\w\s]|\s+")
_STEPS: Final = (1, 1, 2, 3, 6)
_REPEATS: Final = (2, 3, 40, 600)
_LARGEST: Final = 60_000
_GO_DEEPER: Final = 0.85
_VALUES: Final[tuple[Any, ...]] = (
    None,
    True,
    0,
    -1,
    10**400,
    1.5,
    float("nan"),
    "",
    "\ud800",
    "x\x00\x1b[31m\u202e",
    [],
    {},
    [[]],
    [None],
)


def mutated(data: bytes, tokens: Sequence[bytes], random: Random) -> bytes:
    """Return ``data`` with one to six changes; ``tokens`` are the words that may come in."""
    for _ in range(random.choice(_STEPS)):
        data = random.choice(_WAYS)(data, tokens, random)
    return data[:_LARGEST]


def _without_piece(data: bytes, _tokens: Sequence[bytes], random: Random) -> bytes:
    start = random.randint(0, len(data))
    return data[:start] + data[start + random.choice((1, 2, 8, 64)) :]


def _cut(data: bytes, _tokens: Sequence[bytes], random: Random) -> bytes:
    return data[: random.randint(0, len(data))]


def _with_byte(data: bytes, _tokens: Sequence[bytes], random: Random) -> bytes:
    at = random.randint(0, len(data))
    return data[:at] + bytes([random.randrange(256)]) + data[at + random.randrange(2) :]


def _with_token(data: bytes, tokens: Sequence[bytes], random: Random) -> bytes:
    at = random.randint(0, len(data))
    return data[:at] + random.choice(tokens) + data[at:]


def _with_other_word(data: bytes, tokens: Sequence[bytes], random: Random) -> bytes:
    """Replace a whole word, which leaves the structure of the input alone."""
    at = random.randint(0, len(data))
    found = _WORD.search(data, at) or _WORD.search(data)
    if found is None:
        return random.choice(tokens)
    return data[: found.start()] + random.choice(tokens) + data[found.end() :]


def _with_own_word(data: bytes, _tokens: Sequence[bytes], random: Random) -> bytes:
    """Put one word of the input in the place of another."""
    words = [found.span() for found in _WORD.finditer(data[:_LARGEST])]
    if not words:
        return data
    (start, end), (first, last) = random.choice(words), random.choice(words)
    return data[:start] + data[first:last] + data[end:]


def _with_repeated_piece(data: bytes, _tokens: Sequence[bytes], random: Random) -> bytes:
    start = random.randint(0, len(data))
    end = start + random.choice((1, 2, 5, 20))
    return data[:start] + data[start:end] * random.choice(_REPEATS) + data[end:]


def _with_lines_moved(data: bytes, _tokens: Sequence[bytes], random: Random) -> bytes:
    lines = data.splitlines(keepends=True)
    if not lines:
        return data
    line = random.choice(lines)
    at = random.randint(0, len(lines))
    return b"".join([*lines[:at], line, *lines[at + random.randrange(2) :]])


def _with_value_changed(data: bytes, tokens: Sequence[bytes], random: Random) -> bytes:
    """Put another value or key somewhere into a document of JSON or TOML; other inputs get another word."""
    for read, write in ((json.loads, json.dumps), (_toml, tomlkit.dumps)):
        try:
            return write(_changed(read(data), tokens, random)).encode()
        except (ValueError, TypeError, AttributeError, RecursionError, TOMLKitError):
            continue
    return _with_other_word(data, tokens, random)


def _toml(data: bytes) -> dict[str, Any]:
    return tomllib.loads(data.decode())


def _changed(value: Any, tokens: Sequence[bytes], random: Random) -> Any:
    if isinstance(value, dict) and value and random.random() < _GO_DEEPER:
        key = random.choice(list(value))
        if random.random() < 1 - _GO_DEEPER:
            return {**value, random.choice(tokens).decode("utf-8", "replace"): value[key]}
        return {**value, key: _changed(value[key], tokens, random)}
    if isinstance(value, list) and value and random.random() < _GO_DEEPER:
        at = random.randrange(len(value))
        return [*value[:at], _changed(value[at], tokens, random), *value[at + random.randrange(2) :]]
    word = random.choice(tokens).decode("utf-8", "replace")
    return random.choice((*_VALUES, word, [value], {word: value}, [value] * 50))


_WAYS: Final[tuple[Callable[[bytes, Sequence[bytes], Random], bytes], ...]] = (
    _without_piece,
    _cut,
    _with_byte,
    _with_token,
    _with_other_word,
    _with_other_word,
    _with_own_word,
    _with_repeated_piece,
    _with_lines_moved,
    _with_value_changed,
    _with_value_changed,
)
