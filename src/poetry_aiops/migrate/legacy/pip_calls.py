"""Commands of pip and pip-tools that read or write migrated requirements files, and today's form of each.

Facts tried on pip 23.2.1: ``-r -`` looks for a file of the name ``-``, ``-r /dev/stdin`` reads the pipe.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from poetry_aiops.migrate.legacy.facts import load_legacy_facts
from poetry_aiops.migrate.legacy.model import OldCommand, install_files, install_line
from poetry_aiops.migrate.legacy.programs import call_of


if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from poetry_aiops.migrate.legacy.model import Confidence, Knowledge
    from poetry_aiops.migrate.legacy.programs import Call
    from poetry_aiops.migrate.legacy.shell import Command, Word


_REQUIREMENT: Final = frozenset({"-r", "--requirement", "--requirements"})
_EDITABLE: Final = frozenset({"-e", "--editable"})
_PROJECT: Final = re.compile(r"(?:file:)?\./?(?:\[(?P<extras>[^\]]*)\])?")
_SUBSTITUTION: Final = ("$(", "`", "<(")
_TOOLS: Final = frozenset({"build", "pip", "poetry", "setuptools", "uv", "virtualenv", "wheel"})
_SUBCOMMANDS: Final = frozenset({"install", "download", "wheel", "freeze"})
_REQUIREMENTS_NAME: Final = re.compile(
    r"(?:^|[-_./])(?:requirements?|reqs?|constraints?)(?:[-_.\w]*)\.(?:txt|in)$", re.IGNORECASE
)


class _Arguments:
    """pip's arguments: ``options`` with their values, and ``names``, of which ``projects`` are ``.`` in any form."""

    def __init__(self, words: Sequence[Word]) -> None:
        self.facts = load_legacy_facts().pip
        of_pip = (self.facts[name] for name in ("with_value", "places", "folders"))
        self.with_value = (_REQUIREMENT | _EDITABLE).union(*of_pip)
        self.options: list[tuple[str, str]] = []
        names: list[str] = []
        values = iter(words)
        for value in values:
            if value.startswith("-"):
                name, given = self._option(value)
                self.options.append((name, next(values, "") if given is None else given))
            else:
                names.append(value)
        self.files = self.values(_REQUIREMENT)
        editable = self.values(_EDITABLE)
        self.is_editable = any(_PROJECT.fullmatch(value) for value in editable)
        self.projects = [found for one in (*editable, *names) if (found := _PROJECT.fullmatch(one))]
        self.packages = [one for one in (*editable, *names) if not _PROJECT.fullmatch(one)]

    def _option(self, value: str) -> tuple[str, str | None]:
        """Return an option and its value: ``-rX``, ``--requirement=X``; None for the next word, ``""`` for none."""
        name, joined, text = value.partition("=")
        if value.startswith("--") and joined:
            return name, text
        if value in self.with_value:
            return value, None
        if re.match(r"-[rcetdw][^-=]", value) and value[:2] in self.with_value:
            return value[:2], value[2:]
        if re.fullmatch(r"-[A-Za-z]{1,4}[re]", value):  # -Ur requirements.txt
            return f"-{value[-1]}", None
        return value, ""

    def values(self, names: Iterable[str]) -> list[str]:
        return [value for name, value in self.options if name in names and value]


def pip_finding(call: Call, command: Command, known: Knowledge) -> OldCommand | None:
    """Return what is old about a call of pip or pip-tools, None when it has nothing to do with the migration."""
    if call.program != "pip":
        use = _compile if call.program == "pip-compile" else _sync
        return use(_Arguments(call.arguments), known)
    at = next((at for at, word in enumerate(call.arguments) if word in _SUBCOMMANDS), None)
    if at is None or (at and not call.arguments[0].startswith("-")):
        return None
    subcommand, arguments = call.arguments[at], _Arguments(call.arguments[at + 1 :])
    if subcommand == "freeze":
        return _freeze(command, known)
    piped = _piped(arguments, command, subcommand, known)
    names = arguments.files
    if subcommand == "install":  # also of `pip install $(cat X)` and `cat X | xargs pip install`
        texts = " ".join(word for word in arguments.packages if word.startswith(_SUBSTITUTION))
        names = names + re.findall(r"[\w./-]+\.(?:txt|in)\b", texts)
        source = call_of(command.words) if command.reads else None
        if source is not None and command.reads is not None and "xargs" in source.wrapped:
            names = [*names, *command.reads.words]
    files = [file for name in names for file in known.find(name)]
    return piped or (_install if subcommand == "install" else _download)(arguments, files, known)


def input_files(call: Call) -> list[tuple[str, bool]]:
    """Return the files that a call of pip reads, as it names them, and whether as constraints."""
    if call.program != "pip":
        return []
    arguments = _Arguments(call.arguments)
    constraints = arguments.values({"-c", "--constraint"})
    return [*((name, False) for name in arguments.files), *((name, True) for name in constraints)]


def _install(arguments: _Arguments, files: list[str], known: Knowledge) -> OldCommand | None:
    extras = [one.strip() for found in arguments.projects for one in (found["extras"] or "").split(",")]
    groups = {group.name for group in known.groups}
    with_groups = [name for name in extras if name in groups]
    with_groups += [name for name in arguments.values({"--group"}) if known.group(name).optional]
    words = [f"--with {','.join(with_groups)}"] if with_groups else []
    words += [f"--extras {name}" for name in extras if name and name not in groups]
    if not files:
        if not arguments.projects:
            return None
        only = [] if arguments.is_editable or with_groups else ["--only main"]
        why = "pip chooses the versions of the dependencies again; Poetry installs the project with those of poetry.lock"
        return OldCommand("pip-install-project", why, " ".join(["poetry install", *only, *words]), "likely")
    why = _reads(files) + "; poetry.lock holds those packages now"
    if arguments.values(arguments.facts["places"]):
        why += ", and Poetry has no --target: `poetry sync-reqs` keeps the file up to date with poetry.lock"
        return OldCommand("pip-install-target", why, "poetry sync-reqs", "likely")
    others = [
        name
        for name in arguments.packages
        if not name.startswith(_SUBSTITUTION)
        and re.split(r"[\[<>=!~; @]", name, maxsplit=1)[0].lower() not in _TOOLS
    ]
    if others:
        why += f"; {', '.join(others)} would not be in it: use `poetry add`"
    sure = len(files) <= max(len(arguments.files), 1)
    if not sure:
        why += "; the variable decides which of them"
    drops = len(files) == len(arguments.files) and not (others or arguments.projects)
    drops = drops and all(
        name in arguments.facts["dropped"] or re.fullmatch(r"-[qvUr]+", name) for name, _ in arguments.options
    )
    today = install_files(files, known, words, with_project=bool(arguments.projects))
    confidence: Confidence = "certain" if sure else "likely"
    return OldCommand("pip-install-requirements", why, today, confidence, tuple(files), drops)


def _reads(files: Iterable[str]) -> str:
    return "reads " + ", ".join(dict.fromkeys(files))


def _piped(arguments: _Arguments, command: Command, subcommand: str, known: Knowledge) -> OldCommand | None:
    """Return what is old about ``poetry export | pip ... -r -``."""
    source = call_of(command.reads.words) if command.reads else None
    stdin = next((name for name in arguments.files if name in {"-", "/dev/stdin"}), None)
    if source is None or command.reads is None or source.program != "poetry" or stdin is None:
        return None
    why = "pip takes `-r -` for a file of that name"
    if subcommand == "install":
        pairs = pairwise([*source.arguments, ""])
        only = " ".join(
            name if "=" in name or name.startswith("--all") else f"{name} {value}".rstrip()
            for name, value in pairs
            if re.match(r"--(?:with|only|extras|all-groups|all-extras)\b", name)
        )
        needs = "`poetry export` needs poetry-plugin-export since Poetry 2.0"
        today = f"poetry sync {only}" if only else install_line(("main",), known, command="sync")
        if stdin == "-":
            return OldCommand("export-pipe", f"{needs}, and {why}", today)
        return OldCommand("export-pipe", needs, today, "likely")
    if stdin != "-":
        return None
    text = f"{command.reads.text} | {command.text}"
    today = re.sub(r"(-r|--requirement)[ =]-(?=\s|$)", r"\1 /dev/stdin", text)
    return OldCommand("pip-stdin", f"{why}; `-r /dev/stdin` reads the pipe", today)


def _download(arguments: _Arguments, files: list[str], known: Knowledge) -> OldCommand | None:
    if not files:
        return None
    backends = [known.group(group).backend for group in known.groups_of(files)]
    chosen = next((f" --hardware {backend}" for backend in backends if backend), "")
    folder = next(iter(arguments.values(arguments.facts["folders"])), "wheels")
    why = _reads(files) + "; poetry.lock names the exact files to fetch"
    return OldCommand("pip-download", why, f"poetry sync-reqs --wheelhouse {folder}{chosen}", "likely")


def _freeze(command: Command, known: Knowledge) -> OldCommand | None:
    ours = command.writes is not None and bool(known.find(command.writes))
    if not ours and not _REQUIREMENTS_NAME.search(command.writes or ""):
        return None
    why = (
        f"writes {command.writes} from whatever is installed; `poetry lock` keeps the versions now, "
        "and `poetry sync-reqs` writes such files from poetry.lock"
    )
    return OldCommand("pip-freeze", why, "poetry sync-reqs", "certain" if ours else "likely")


def _compile(arguments: _Arguments, known: Knowledge) -> OldCommand | None:
    sources = arguments.packages
    named = [*sources, *arguments.values({"-o", "--output-file"})]
    ours = any(known.find(name) for name in named)
    if not ours and (any(name.endswith((".in", ".txt")) for name in sources) or not (known.files or named)):
        return None
    packages = arguments.values({"-P", "--upgrade-package"})
    upgrade = packages or any(name in {"-U", "--upgrade"} for name, _ in arguments.options)
    today = " ".join(["poetry update --lock", *packages]) if upgrade else "poetry lock"
    why = "compiles pins that poetry.lock holds now; `poetry sync-reqs` writes the file where others still read it"
    return OldCommand("pip-compile", why, today, "certain" if ours else "likely")


def _sync(arguments: _Arguments, known: Knowledge) -> OldCommand | None:
    groups = known.groups_of(file for name in arguments.packages for file in known.find(name))
    if arguments.packages and not groups:
        return None
    today = install_line(groups, known, command="sync") if groups else "poetry sync"
    if any(known.group(group).backend for group in groups):
        today = install_line(groups, known, words=("--sync",))
    return OldCommand(
        "pip-sync", "brings an environment up to date with files that poetry.lock replaces", today
    )
