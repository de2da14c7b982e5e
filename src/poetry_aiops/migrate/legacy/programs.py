"""Which program a command really runs, whatever stands before it: ``sudo``, a variable, ``python -m``, ``docker run``."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from poetry_aiops.migrate.legacy.facts import load_legacy_facts
from poetry_aiops.migrate.legacy.shell import Word


if TYPE_CHECKING:
    from collections.abc import Sequence


_NAMES: Final = (
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
_DEFAULTS: Final = {"uv pip": "pip", "piptools": "pip-compile"}
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
    """``pip``, ``poetry``, ``pip-compile`` or ``pip-sync`` and the words behind it.

    ``wrapped`` are the words before it, ``name`` is how it is called.
    """

    program: str
    arguments: tuple[Word, ...]
    wrapped: tuple[Word, ...]
    name: str


def call_of(words: Sequence[Word]) -> Call | None:
    """Return the call of pip, pip-tools or Poetry that a command is, None for every other program."""
    at = next((at for at, word in enumerate(words) if not _BEFORE.fullmatch(word)), None)
    if at is None:
        return None
    call = _call_at(words, at)
    if call is not None and call.program == "poetry" and "run" in call.arguments[:3]:
        behind = call.arguments.index(Word("run")) + 1
        inner = _call_at(call.arguments, behind) if call.arguments[behind:] else None
        before = (*call.wrapped, Word("poetry"), *call.arguments[:behind])
        return replace(inner, wrapped=before) if inner else call
    if call is None and words[at].rpartition("/")[2] in load_legacy_facts().wrappers:
        for later in range(at + 1, min(len(words), at + _FARTHEST)):
            inner = _call_at(words, later)
            # a word in the middle is a program where something that it does comes behind it
            does = next((one for one in inner.arguments if not one.startswith("-")), None) if inner else None
            if inner is not None and (inner.program not in {"pip", "poetry"} or does in _ACTIONS):
                return inner
    return call


def _call_at(words: Sequence[Word], at: int) -> Call | None:
    path = words[at].lstrip("!%@").replace("\\", "/")
    name = re.sub(r".*/(?![^{}]*\})", "", path)  # a slash in ${PIP:-/usr/bin/pip} is none of the path
    program = next((one for form, one in _NAMES if re.fullmatch(form, name, re.IGNORECASE)), None)
    behind = tuple(words[at + 1 :])
    if program == "python":
        program, behind = _module(behind)
    elif program == "uv":
        program = "uv pip" if "pip" in behind[:4] else None
        behind = behind[behind.index(Word("pip")) + 1 :] if program else ()
    if program in {"uv pip", "piptools"}:
        tool = {"compile": "pip-compile", "sync": "pip-sync"}.get("".join(behind[:1]))
        program, behind = (tool, behind[1:]) if tool else (_DEFAULTS[program], behind)
    return Call(program, behind, tuple(words[:at]), words[at]) if program else None


def _module(words: tuple[Word, ...]) -> tuple[str | None, tuple[Word, ...]]:
    """Return which known module ``python -m`` runs, and the words behind; options of Python may be in between."""
    for at, word in enumerate(words):
        if option := re.fullmatch(r"-[A-Za-z]*?m(\w*)", word):
            behind = words[at + 1 :]
            name, behind = (option[1], behind) if option[1] else ("".join(behind[:1]), behind[1:])
            if name in {"pip", "poetry", "piptools"}:
                return name, behind
        if not word.startswith("-"):
            break
    return None, ()
