"""Which program a command really runs, whatever stands before it: ``sudo``, a variable, ``python -m``, ``docker run``."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

from poetry_aiops.migrate.legacy.facts import load_legacy_facts
from poetry_aiops.migrate.legacy.shell import Word


if TYPE_CHECKING:
    from collections.abc import Sequence


Program = Literal["pip", "poetry", "pip-compile", "pip-sync"]

_NAMES: Final[tuple[tuple[str, Program | Literal["python", "uv"]], ...]] = (
    (r"pip-compile", "pip-compile"),
    (r"pip-sync", "pip-sync"),
    (r"poetry(\.exe)?|\$[{(]?(\w*_)?POETRY(_BIN|_CMD|_EXE)?[})]?", "poetry"),
    (
        r"pip([23](\.\d+)?)?(\.exe)?|\$[{(]?(\w*_)?PIP[23]?(_?(BIN|CMD|COMMAND|EXE))?(:?[-=?+][^}]*)?[})]?",
        "pip",
    ),
    (r"uv", "uv"),
    (r"(python|pypy|py)([23](\.\d+)?)?w?(\.exe)?|\$[{(]?_?PY\w*(:?[-=?+][^}]*)?[})]?", "python"),
)
_FARTHEST: Final = 40
_BEFORE: Final = re.compile(r"[A-Za-z_]\w*=.*|[!%@-]", re.DOTALL)
_ACTIONS: Final = frozenset(
    [
        *("install", "download", "wheel", "freeze", "sync"),
        *("add", "config", "export", "lock", "remove", "run", "self", "shell", "show", "source", "update"),
    ]
)


@dataclass(frozen=True, slots=True)
class Call:
    """A program and the words behind it; ``wrapped`` are the words before it, ``name`` is how it is called."""

    program: Program
    arguments: tuple[Word, ...]
    wrapped: tuple[Word, ...]
    name: str


def call_of(words: Sequence[Word]) -> Call | None:
    """Return the call of pip, pip-tools or Poetry that a command is, None for every other program."""
    at = next((at for at, word in enumerate(words) if not _BEFORE.fullmatch(word)), None)
    if at is None:
        return None
    call = _call_at(words, at)
    if call is not None:
        return (_run_inside(call) if call.program == "poetry" else None) or call
    if words[at].rpartition("/")[2] in load_legacy_facts().wrappers:
        for later in range(at + 1, min(len(words), at + _FARTHEST)):
            inner = _call_at(words, later)
            if inner is not None and _does_something(inner):
                return inner
    return None


def _run_inside(call: Call) -> Call | None:
    """Return the call behind ``poetry run``."""
    at = next((at for at, word in enumerate(call.arguments[:3], 1) if word == "run"), len(call.arguments))
    inner = _call_at(call.arguments, at) if at < len(call.arguments) else None
    before = (*call.wrapped, Word("poetry"), *call.arguments[:at])
    return replace(inner, wrapped=before) if inner else None


def _call_at(words: Sequence[Word], at: int) -> Call | None:
    path = words[at].lstrip("!%@").replace("\\", "/")
    name = re.sub(r".*/(?![^{}]*\})", "", path)  # a slash in ${PIP:-/usr/bin/pip} is none of the path
    program = next((one for form, one in _NAMES if re.fullmatch(form, name, re.IGNORECASE)), None)
    behind = tuple(words[at + 1 :])
    if program == "python":
        found = _module(behind)
    elif program == "uv":
        start = next((at for at, word in enumerate(behind[:4], 1) if word == "pip"), len(behind))
        found = _tool("pip", behind[start:]) if behind[start:] else None
    else:
        found = (program, behind) if program else None
    return Call(*found, tuple(words[:at]), words[at]) if found else None


def _tool(default: Program, words: tuple[Word, ...]) -> tuple[Program, tuple[Word, ...]]:
    """Return what ``uv pip`` or ``python -m piptools`` runs, where the first word says it."""
    if words[:1] == ("compile",):
        return "pip-compile", words[1:]
    return ("pip-sync", words[1:]) if words[:1] == ("sync",) else (default, words)


def _module(words: tuple[Word, ...]) -> tuple[Program, tuple[Word, ...]] | None:
    """Return what ``python -m pip`` does; options of Python may be in between."""
    for at, word in enumerate(words):
        if option := re.fullmatch(r"-[A-Za-z]*?m(?P<name>\w*)", word):
            joined = option["name"]
            name, rest = (
                (joined, words[at + 1 :]) if joined else ("".join(words[at + 1 : at + 2]), words[at + 2 :])
            )
            if name == "piptools":
                return _tool("pip-compile", rest)
            if name in {"pip", "poetry"}:
                return ("pip" if name == "pip" else "poetry"), rest
        if not word.startswith("-"):
            return None
    return None


def _does_something(call: Call) -> bool:
    """Tell whether a word in the middle of a command is a program: something that it does comes behind it."""
    first = next((word for word in call.arguments if not word.startswith("-")), None)
    return call.program not in {"pip", "poetry"} or first in _ACTIONS
