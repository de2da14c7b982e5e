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

_MODULES: Final[dict[str, Program]] = {"pip": "pip", "poetry": "poetry", "piptools": "pip-compile"}
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
_ASSIGNED: Final = re.compile(r"[A-Za-z_]\w*=.*", re.DOTALL)
_OPTIONS_WITH_VALUE: Final = frozenset(
    {"-C", "-P", "--directory", "--project", "--python", "-p", "--log", "--proxy"}
)
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
    name: str = ""


def call_of(words: Sequence[Word]) -> Call | None:
    """Return the call of pip, pip-tools or Poetry that a command is, None for every other program."""
    at = 0
    while at < len(words) and (
        _ASSIGNED.fullmatch(words[at].value) or words[at].value in {"!", "%", "-", "@"}
    ):
        at += 1
    if at == len(words):
        return None
    call = _call_at(words, at)
    if call is not None:
        return (_run_inside(call) if call.program == "poetry" else None) or call
    if words[at].value.rpartition("/")[2] in load_legacy_facts().wrappers:
        for later in range(at + 1, min(len(words), at + _FARTHEST)):
            inner = _call_at(words, later)
            if inner is not None and _does_something(inner):
                return inner
    return None


def positional(arguments: Sequence[Word]) -> int | None:
    """Return the index of the first word that is no option, the value of a global option not counted."""
    at = 0
    while at < len(arguments) and arguments[at].value.startswith("-"):
        at += 2 if arguments[at].value in _OPTIONS_WITH_VALUE else 1
    return at if at < len(arguments) else None


def _run_inside(call: Call) -> Call | None:
    """Return the call behind ``poetry run``."""
    at = next((at for at, word in enumerate(call.arguments[:3], 1) if word.value == "run"), None)
    inner = _call_at(call.arguments, at) if at is not None and at < len(call.arguments) else None
    before = (*call.wrapped, Word("poetry", "poetry"), *call.arguments[:at])
    return replace(inner, wrapped=before) if inner else None


def _call_at(words: Sequence[Word], at: int) -> Call | None:
    path = words[at].value.lstrip("!%@").replace("\\", "/")
    name = re.sub(r".*/(?![^{}]*\})", "", path)  # a slash in ${PIP:-/usr/bin/pip} is none of the path
    program = next((one for form, one in _NAMES if re.fullmatch(form, name, re.IGNORECASE)), None)
    behind = tuple(words[at + 1 :])
    if program == "python":
        found = _module(behind)
    elif program == "uv":
        found = _uv(behind)
    else:
        found = (program, behind) if program else None
    return Call(*found, tuple(words[:at]), words[at].value) if found else None


def _uv(words: tuple[Word, ...]) -> tuple[Program, tuple[Word, ...]] | None:
    """Return what ``uv pip`` does."""
    at = next((at for at, word in enumerate(words[:4], 1) if word.value == "pip"), len(words))
    tools: dict[str, Program] = {"compile": "pip-compile", "sync": "pip-sync"}
    behind = words[at:]
    if not behind:
        return None
    program = tools.get(behind[0].value)
    return (program, behind[1:]) if program else ("pip", behind)


def _module(words: tuple[Word, ...]) -> tuple[Program, tuple[Word, ...]] | None:
    """Return what ``python -m pip`` does; options of Python may be in between."""
    for at, word in enumerate(words):
        option = re.fullmatch(r"-[A-Za-z]*?m(?P<name>\w*)", word.value)
        behind = words[at + 1 :]
        name = (option["name"] or (behind[0].value if behind else "")) if option else ""
        if option and name in _MODULES:
            behind = behind if option["name"] else behind[1:]
            if name != "piptools" or not behind:
                return _MODULES[name], behind
            return "pip-sync" if behind[0].value == "sync" else "pip-compile", behind[1:]
        if not word.value.startswith("-"):
            return None
    return None


def _does_something(call: Call) -> bool:
    """Tell whether a word in the middle of a command is a program: something that it does comes behind it."""
    first = next((word.value for word in call.arguments if not word.value.startswith("-")), None)
    return call.program not in {"pip", "poetry"} or first in _ACTIONS
