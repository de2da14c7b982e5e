"""What a container runs: the project's own command or the one of ``--command``, and what is known of its program."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from packaging.requirements import InvalidRequirement, Requirement

from poetry_aiops.errors import UsageError
from poetry_aiops.project.checks import normalised
from poetry_aiops.scaffold.facts import KnownProgram, load_programs


if TYPE_CHECKING:
    from collections.abc import Callable


SUGGESTION: Final = '--command "uvicorn app.main:app --host 0.0.0.0"'
_VERSION_FROM_GIT: Final = {
    "setuptools-scm": "SETUPTOOLS_SCM_PRETEND_VERSION",
    "hatch-vcs": "SETUPTOOLS_SCM_PRETEND_VERSION",
    "poetry-dynamic-versioning": "POETRY_DYNAMIC_VERSIONING_BYPASS",
    "pdm-backend": "PDM_BUILD_SCM_VERSION",
}
"""Build requirements that ask git for the version, and the variable that answers instead (their manuals)."""

_ONLY_FOR_DYNAMIC: Final = {"pdm-backend"}
_PYTHON: Final = re.compile(r"python(?:3(?:\.\d+)?)?")
_OF_THE_SYSTEM: Final = frozenset(
    [
        ":",
        "[",
        "bash",
        "cat",
        "cd",
        "cp",
        "echo",
        "env",
        "exec",
        "export",
        "false",
        "hw-check",
        "ls",
        "mkdir",
        "nice",
        "printf",
        "rm",
        "set",
        "sh",
        "sleep",
        "tail",
        "test",
        "true",
        "ulimit",
        "umask",
        "wait",
    ]
)
_SHELL: Final = re.compile(r"(?:/bin/)?(?:ba|da)?sh")
_SEPARATORS: Final = frozenset({"&", "&&", ";", "|", "||"})
_ASSIGNMENT: Final = re.compile(r"[A-Za-z_]\w*=.*")
_MODULE: Final = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")
_ENDS: Final = ("/__init__.py", "/__main__.py", ".py")
_PORT: Final = re.compile(r"[0-9]{1,5}")
_LOCAL_HOSTS: Final = ("127.0.0.1", "localhost")


@dataclass(frozen=True, slots=True)
class Start:
    """A command, and the ``program`` in it that a package brings: empty where it is the project's or the system's.

    ``facts`` is what is known of the program; a program without a row comes from the package of its own name.
    ``is_module``: it is run as ``python -m NAME``.
    """

    command: tuple[str, ...]
    program: str = ""
    facts: KnownProgram | None = None
    is_module: bool = False

    @property
    def packages(self) -> tuple[str, ...]:
        """The packages that may bring the program."""
        return self.facts.packages if self.facts else (normalised(self.program),)

    def port(self) -> int | None:
        """Return the port that the command itself names."""
        value = self._value(self.facts.port, self.facts.short) if self.facts else ""
        number = value.rpartition(":")[2]
        return int(number) if _PORT.fullmatch(number) else None

    def listens_locally(self) -> bool:
        """Say whether the server takes connections from inside its container alone."""
        if self.facts is None or not self.facts.host:
            return False
        value = self._value(self.facts.host, self.facts.short)
        return not value or value.startswith(_LOCAL_HOSTS)

    def loaded(self) -> Start | None:
        """Return the module of another package that the program loads, as the start of its own that it is."""
        value = self._value(*self.facts.loads) if self.facts else ""
        module = value.partition(".")[0]
        return (
            Start(self.command, module, load_programs().get(module), is_module=True) if "." in value else None
        )

    def health(self, port: int | None) -> tuple[str, ...]:
        """Return the command that says whether the container works; empty where nothing can be asked."""
        if self.facts and self.facts.app and (app := self._value(*self.facts.app)):
            ask = f'{self.program} -A "$0" inspect ping --destination "celery@$(hostname)"'
            return ("sh", "-c", ask, app)
        if port is None:
            return ()
        if self.facts and self.facts.health:
            address = f"http://127.0.0.1:{port}{self.facts.health}"
            return ("python", "-c", f"import urllib.request as r; r.urlopen('{address}', timeout=5).close()")
        probe = f"import socket; socket.create_connection(('127.0.0.1', {port}), 5).close()"
        return ("python", "-c", probe)

    def _value(self, *names: str) -> str:
        for word, following in zip(self.command, (*self.command[1:], ""), strict=True):
            for name in filter(None, names):
                if word == name:
                    return following
                if word.startswith(f"{name}=") or (len(name) == 2 and word.startswith(name)):  # noqa: PLR2004 - -b
                    return word[len(name) :].removeprefix("=")
        return ""


def own_command(
    document: Mapping[str, object], name: str, exists: Callable[[str], bool], *, is_package: bool
) -> tuple[str, ...] | None:
    """Return what the project runs: its only script, the one with its own name, or its package; None for none.

    ``exists`` says whether a path of the project is a file. Without a package there are no scripts.
    """
    scripts = sorted({*_keys(document, "project", "scripts"), *_keys(document, "tool", "poetry", "scripts")})
    own = [script for script in scripts if len(scripts) == 1 or normalised(script) == normalised(name)]
    if own and is_package:
        return (own[0],)
    module = name.replace("-", "_").replace(".", "_")
    if any(exists(f"{folder}{module}/__main__.py") for folder in ("", "src/")):
        return ("python", "-m", module)
    return None


def simple_commands(command: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Return the commands that a command runs: those in the text of ``sh -c``, else itself.

    A text with anything but words and ``&& || ; | &`` between commands is not parsed.
    """
    is_shell = _SHELL.fullmatch(command[0]) and len(command) > 2  # noqa: PLR2004 - sh -c TEXT
    if not is_shell or not re.fullmatch(r"-[a-z]*c", command[1]):
        return [command]
    lexer = shlex.shlex(command[2].replace("\n", ";"), posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    found: list[list[str]] = [[]]
    try:
        for word in lexer:
            if word in _SEPARATORS:
                found.append([])
            elif set(word) & set("()<>`"):
                return [command]
            elif found[-1] or (word != "exec" and not _ASSIGNMENT.fullmatch(word)):
                found[-1].append(word)
    except ValueError:
        return [command]
    return [tuple(words) for words in found if words] or [command]


def modules_of(command: tuple[str, ...]) -> tuple[str, ...]:
    """Return what may name a module in a command: ``app.main`` of ``app.main:api``, ``--app=app.main`` or a word."""
    words = (word.rpartition("=")[2].partition(":")[0] for word in command[1:])
    return tuple(word for word in words if _MODULE.fullmatch(word))


def module_in(module: str, folder: str, exists: Callable[[str], bool]) -> bool:
    """Say whether a folder (empty for the project's, else ``src/``) holds a module or the package that it is in."""
    path, top = module.replace(".", "/"), module.partition(".")[0]
    return any(exists(f"{folder}{name}{end}") for name in (path, top) for end in _ENDS)


def start_of(
    command: tuple[str, ...],
    document: Mapping[str, object],
    exists: Callable[[str], bool],
    *,
    is_package: bool,
) -> Start:
    """Return what is known of a command; raises UsageError for one that needs Poetry, which no image holds."""
    word, is_module = command[0], False
    if word == "poetry":
        raise UsageError(
            "the final image contains no Poetry",
            where="--command",
            hint="Leave out `poetry run`: the environment is on the PATH.",
        )
    if _PYTHON.fullmatch(word):
        if command[1:2] != ("-m",) or len(command) < 3:  # noqa: PLR2004 - python -m NAME
            return Start(command)
        word, is_module = command[2].partition(".")[0], True
        ours = any(module_in(command[2], folder, exists) for folder in ("", "src/"))
        if ours or word in sys.stdlib_module_names:
            return Start(command)
    scripts = {*_keys(document, "project", "scripts"), *_keys(document, "tool", "poetry", "scripts")}
    if word in _OF_THE_SYSTEM or "/" in word or (word in scripts and is_package):
        return Start(command)
    return Start(command, word, load_programs().get(word), is_module)


def version_variables(document: Mapping[str, object]) -> tuple[str, ...]:
    """Return the variables through which the build backend takes the version that it would ask git for."""
    requires = at(document, "build-system", "requires")
    names = (
        [_name_in(text) for text in requires if isinstance(text, str)] if isinstance(requires, list) else []
    )
    dynamic = at(document, "project", "dynamic")
    is_dynamic = isinstance(dynamic, list) and "version" in dynamic
    return tuple(
        dict.fromkeys(
            _VERSION_FROM_GIT[name]
            for name in names
            if name in _VERSION_FROM_GIT and (is_dynamic or name not in _ONLY_FOR_DYNAMIC)
        )
    )


def requires_this_plugin(document: Mapping[str, object]) -> bool:
    """Say whether the project asks every Poetry that works on it for this plugin."""
    return "poetry-aiops" in _keys(document, "tool", "poetry", "requires-plugins")


def _name_in(text: str) -> str:
    try:
        return normalised(Requirement(text).name)
    except InvalidRequirement:
        return ""


def _keys(document: Mapping[str, object], *path: str) -> tuple[str, ...]:
    found = at(document, *path)
    return tuple(str(key) for key in found) if isinstance(found, Mapping) else ()


def at(document: object, *path: str) -> object:
    """Return the value under a path of keys; None where there is none."""
    for key in path:
        document = document.get(key) if isinstance(document, Mapping) else None
    return document
