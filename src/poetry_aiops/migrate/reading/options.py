"""The options of a requirements file, read as pip reads them: shlex, then optparse with its abbreviations.

The list is pip 26.3's ``SUPPORTED_OPTIONS`` and ``SUPPORTED_OPTIONS_REQ``; what older pips took is known by name.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal


if TYPE_CHECKING:
    from collections.abc import Iterator


WITH_VALUE = frozenset(
    {
        "all-releases", "config-settings", "constraint", "editable", "extra-index-url", "find-links", "hash",
        "index-url", "no-binary", "only-binary", "only-final", "pypi-url", "requirement", "trusted-host",
        "use-feature",
    }
)  # fmt: skip
FLAGS = frozenset({"no-index", "no-require-hashes", "pre", "prefer-binary", "require-hashes"})
SHORT = {
    "C": "config-settings",
    "c": "constraint",
    "e": "editable",
    "f": "find-links",
    "i": "index-url",
    "r": "requirement",
}
ALIASES = {"pypi-url": "index-url"}
BUILD_OPTIONS = frozenset({"build-option", "global-option", "install-option"})
"""Taken out of pip (23.1 and later); their meaning lives on in build settings."""
RETIRED = {
    "allow-all-external": False, "allow-external": True, "allow-insecure": True, "allow-unverified": True,
    "always-unzip": False, "no-allow-external": False, "no-use-wheel": False, "process-dependency-links": False,
    "use-wheel": False,
}  # fmt: skip
"""Options of pips long gone -> whether they took a value; nothing is left to do for them."""
COMMAND_FLAGS = frozenset(
    {
        "break-system-packages", "force-reinstall", "ignore-installed", "no-build-isolation", "no-cache-dir",
        "no-clean", "no-compile", "no-deps", "no-dependencies", "quiet", "system", "upgrade", "use-pep517", "user",
        "verbose",
    }
)  # fmt: skip
COMMAND_SHORT = frozenset("IUqv")
STRONG_HASHES = ("sha256", "sha384", "sha512")
_HASHES = re.compile(rf"(?: +--hash=(?:{'|'.join(STRONG_HASHES)}):[0-9A-Fa-f]+)+")
_LONG = tuple(sorted(WITH_VALUE | FLAGS))

Trouble = Literal[
    "unknown", "command", "retired", "ambiguous", "no value", "value", "quote", "hash", "settings"
]


@dataclass(frozen=True, slots=True)
class GivenOption:
    """One option as given: its long name, its value without quotes, and how it was spelled."""

    name: str
    value: str | None
    spelled: str


@dataclass(frozen=True, slots=True)
class BadOption:
    """An option that pip refuses; ``word`` is what is in the line, ``rest`` the words without it."""

    trouble: Trouble
    word: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class LineOptions:
    """The options of a line, the words behind them that belong to none, and what pip refuses."""

    given: tuple[GivenOption, ...] = ()
    leftover: tuple[str, ...] = ()
    bad: tuple[BadOption, ...] = ()

    def values(self, name: str) -> tuple[str, ...]:
        return tuple(option.value or "" for option in self.given if option.name == name)


NONE = LineOptions()


def split_arguments(text: str) -> tuple[str, str]:
    """Return a line up to its first option, and from there on; only blanks separate words, tabs do not."""
    if text.startswith("-"):
        return "", text
    at = text.find(" -")
    return (text, "") if at < 0 else (text[:at], text[at + 1 :])


def split_hashes(text: str) -> tuple[str, tuple[str, ...]]:
    """Return a line without the ``--hash=`` options that end it, and those; where anything else follows, it is left.

    Most lines of a compiled file have nothing but hashes, and this is much quicker than reading any options.
    """
    at = text.find(" --hash=")
    if at < 0 or _HASHES.fullmatch(text, at) is None:
        return text, ()
    return text[:at], tuple(text[at:].replace(" ", "").split("--hash=")[1:])


def parse_options(text: str) -> LineOptions:
    """Return the options in the second part of a line."""
    if not text:
        return NONE
    try:
        words = _words(text)
    except ValueError:
        return LineOptions(bad=(BadOption("quote", text),))
    reader = _OptionReader(words)
    reader.run()
    return LineOptions(tuple(reader.given), tuple(reader.leftover), tuple(reader.bad))


def _words(text: str) -> list[str]:
    if not any(mark in text for mark in "'\"\\"):
        return [word for part in text.split(" ") for word in (part.split() if not part.isalnum() else [part])]
    return shlex.split(text)


class _OptionReader:
    def __init__(self, words: list[str]) -> None:
        self._words = iter(words)
        self.given: list[GivenOption] = []
        self.leftover: list[str] = []
        self.bad: list[BadOption] = []

    def run(self) -> None:
        for word in self._words:
            if word == "--":
                self.leftover.extend(self._words)
            elif word.startswith("--"):
                self._long(word)
            elif word.startswith("-") and word != "-":
                self._short(word)
            else:
                self.leftover.append(word)

    def _long(self, word: str) -> None:
        spelled, equals, attached = word.partition("=")
        candidates = matching(spelled[2:])
        if len(candidates) != 1:
            self._unknown(spelled[2:], word, attached if equals else None, candidates)
            return
        name = candidates[0]
        if name in FLAGS:
            if equals:
                self.bad.append(BadOption("value", word, name))
            else:
                self.given.append(GivenOption(name, None, word))
            return
        self._value(name, spelled, attached if equals else next(self._words, None))

    def _short(self, word: str) -> None:
        name = SHORT.get(word[1])
        if name:
            self._value(name, word[:2], word[2:] or next(self._words, None))
        elif word[1] in COMMAND_SHORT:
            self.bad.append(BadOption("command", word))
        else:
            self.bad.append(BadOption("unknown", word))

    def _value(self, name: str, spelled: str, value: str | None) -> None:
        if value is None:
            self.bad.append(BadOption("no value", spelled, name))
        elif name == "hash" and not value.startswith(tuple(f"{algorithm}:" for algorithm in STRONG_HASHES)):
            self.bad.append(BadOption("hash", f"{spelled}={value}", value))
        elif name == "config-settings" and "=" not in value:
            self.bad.append(BadOption("settings", f"{spelled} {value}", value))
        else:
            self.given.append(GivenOption(ALIASES.get(name, name), value, spelled))

    def _unknown(self, name: str, word: str, attached: str | None, candidates: tuple[str, ...]) -> None:
        if name in BUILD_OPTIONS:
            self._value(name, f"--{name}", attached if attached is not None else next(self._words, None))
        elif name in RETIRED:
            value = next(self._words, None) if RETIRED[name] and attached is None else None
            self.bad.append(BadOption("retired", word if value is None else f"{word} {value}"))
        elif name in COMMAND_FLAGS:
            self.bad.append(BadOption("command", word))
        elif candidates:
            self.bad.append(BadOption("ambiguous", word, ", ".join(f"--{name}" for name in candidates)))
        else:
            self.bad.append(BadOption("unknown", word))


def matching(name: str) -> tuple[str, ...]:
    """Return the option that is called so, else those that begin so: optparse takes what begins only one."""
    if name in WITH_VALUE or name in FLAGS:
        return (name,)
    return tuple(_beginning(name)) if name else ()


def _beginning(name: str) -> Iterator[str]:
    return (long for long in _LONG if long.startswith(name))
