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

_EXACT: Final[dict[str, Program]] = {
    "pip-compile": "pip-compile",
    "pip-sync": "pip-sync",
    "poetry": "poetry",
    "poetry.exe": "poetry",
}
_PIP: Final = re.compile(r"pip(?:[23](?:\.\d+)?)?(?:\.exe)?", re.IGNORECASE)
_PYTHON: Final = re.compile(r"(?:python|pypy|py)(?:[23](?:\.\d+)?)?w?(?:\.exe)?", re.IGNORECASE)
_VARIABLE: Final = re.compile(r"\$\{?(?P<name>\w+)(?::?[-=?+](?P<default>[^}]*))?\}?")
_PIP_VARIABLE: Final = re.compile(r"(?:^|_)PIP[23]?(?:_?(?:BIN|CMD|COMMAND|EXE))?$", re.IGNORECASE)
_FARTHEST: Final = 40
_ASSIGNED: Final = re.compile(r"[A-Za-z_]\w*=.*", re.DOTALL)
_OPTIONS_WITH_VALUE: Final = frozenset(
    {"-C", "-P", "--directory", "--project", "--python", "-p", "--log", "--proxy"}
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
    found = _call_at(words, at)
    if found is not None and found.program == "poetry" and (inner := _run_inside(found)) is not None:
        return inner
    if found is not None:
        return found
    first = _name(words[at].value)
    if first in load_legacy_facts().wrappers:
        for later in range(at + 1, min(len(words), at + _FARTHEST)):
            inner = _call_at(words, later)
            if inner is not None and _is_call(inner):
                return inner
    return None


def _run_inside(call: Call) -> Call | None:
    """Return the call behind ``poetry run``."""
    values = [word.value for word in call.arguments]
    if "run" not in values[:3]:
        return None
    at = values.index("run") + 1
    found = _call_at(call.arguments, at) if at < len(values) else None
    if found is None:
        return None
    words = (*call.wrapped, Word("poetry", "poetry"), *call.arguments[:at])
    return replace(found, wrapped=words)


def _call_at(words: Sequence[Word], at: int) -> Call | None:
    found = _program_at(words, at)
    return replace(found, name=words[at].value) if found else None


def _program_at(words: Sequence[Word], at: int) -> Call | None:
    value = words[at].value.lstrip("!%@")
    name = _name(value)
    variable = _VARIABLE.fullmatch(words[at].value)
    if name in _EXACT:
        return Call(_EXACT[name], tuple(words[at + 1 :]), tuple(words[:at]))
    if _PIP.fullmatch(name) or (variable and _PIP_VARIABLE.search(variable["name"])):
        return Call("pip", tuple(words[at + 1 :]), tuple(words[:at]))
    if variable and re.search(r"(?:^|_)POETRY(?:_BIN|_CMD|_EXE)?$", variable["name"], re.IGNORECASE):
        return Call("poetry", tuple(words[at + 1 :]), tuple(words[:at]))
    if name == "uv":
        return _uv(words, at)
    is_python = _PYTHON.fullmatch(name) or (variable and re.match(r"_?PY", variable["name"], re.IGNORECASE))
    return _module(words, at) if is_python else None


def _uv(words: Sequence[Word], at: int) -> Call | None:
    values = [word.value for word in words[at + 1 :]]
    if "pip" not in values[:4]:
        return None
    behind = tuple(words[at + 2 + values.index("pip") :])
    if not behind:
        return None
    tools: dict[str, Program] = {"compile": "pip-compile", "sync": "pip-sync"}
    program = tools.get(behind[0].value, "pip")
    return Call(program, behind if program == "pip" else behind[1:], tuple(words[:at]))


def _module(words: Sequence[Word], at: int) -> Call | None:
    """Return the call of ``python -m pip``; options of Python may stand in between."""
    modules: dict[str, Program] = {"pip": "pip", "poetry": "poetry", "piptools": "pip-compile"}
    for index in range(at + 1, len(words) - 1):
        value = words[index].value
        joined = re.fullmatch(r"-[A-Za-z]*?m(?P<name>\w*)", value)
        name = (joined["name"] or words[index + 1].value) if joined else ""
        if joined and name in modules:
            behind = tuple(words[index + 1 + (not joined["name"]) :])
            program = modules[name]
            if name == "piptools" and behind:
                program, behind = ("pip-sync" if behind[0].value == "sync" else program), behind[1:]
            return Call(program, behind, tuple(words[:at]))
        if not value.startswith("-"):
            return None
    return None


def _is_call(call: Call) -> bool:
    """Tell whether a word in the middle of a command is a program: something that it does comes behind it."""
    if call.program not in {"pip", "poetry"}:
        return True
    values = [word.value for word in call.arguments if not word.value.startswith("-")]
    return bool(values) and values[0] in {
        *("install", "download", "wheel", "freeze", "sync"),
        *("add", "config", "export", "lock", "remove", "run", "self", "shell", "show", "source", "update"),
    }


def _name(value: str) -> str:
    return value.replace("\\", "/").rpartition("/")[2]


def positional(arguments: Sequence[Word]) -> int | None:
    """Return the index of the first word that is no option, the value of a global option not counted."""
    at = 0
    while at < len(arguments):
        value = arguments[at].value
        if value in _OPTIONS_WITH_VALUE:
            at += 2
        elif value.startswith("-"):
            at += 1
        else:
            return at
    return None
