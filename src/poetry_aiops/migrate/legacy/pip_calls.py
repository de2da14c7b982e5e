"""Commands of pip and pip-tools that read or write migrated requirements files, and today's form of each.

Facts tried on pip 23.2.1: ``-r -`` looks for a file of the name ``-``, ``-r /dev/stdin`` reads the pipe.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from poetry_aiops.migrate.legacy.facts import load_legacy_facts
from poetry_aiops.migrate.legacy.model import Finding, install_line
from poetry_aiops.migrate.legacy.programs import call_of


if TYPE_CHECKING:
    from collections.abc import Sequence

    from poetry_aiops.migrate.legacy.model import Knowledge, KnownFile
    from poetry_aiops.migrate.legacy.programs import Call
    from poetry_aiops.migrate.legacy.shell import Command, Word


_REQUIREMENT: Final = ("-r", "--requirement", "--requirements")
_EDITABLE: Final = ("-e", "--editable")
_PROJECT: Final = re.compile(r"(?:file:)?\.{1}/?(?:\[(?P<extras>[^\]]*)\])?")
_TOOLS: Final = frozenset({"build", "pip", "poetry", "setuptools", "uv", "virtualenv", "wheel"})
_NAMED: Final = re.compile(
    r"(?:^|[-_./])(?:requirements?|reqs?|constraints?)(?:[-_.\w]*)\.(?:txt|in)$", re.IGNORECASE
)


@dataclass(slots=True)
class _Arguments:
    """pip's arguments, sorted: ``files`` of ``-r``, ``projects`` are ``.`` in any form, ``packages`` other names."""

    files: list[str] = field(default_factory=list)
    projects: list[str] = field(default_factory=list)
    packages: list[str] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    options: list[tuple[str, str | None]] = field(default_factory=list)

    def has(self, *names: str) -> bool:
        return any(name in names for name, _ in self.options)

    def values(self, *names: str) -> list[str]:
        return [value for name, value in self.options if name in names and value is not None]


def pip_finding(call: Call, command: Command, known: Knowledge, path: str) -> Finding | None:
    """Return what is old about a call of pip or pip-tools, None when it has nothing to do with the migration."""
    if call.program == "pip-compile":
        return _compile(_sorted(call.arguments), known, path)
    if call.program == "pip-sync":
        return _sync(_sorted(call.arguments), known, path)
    at = next((index for index, word in enumerate(call.arguments) if word.value in _SUBCOMMANDS), None)
    if at is None or any(not word.value.startswith("-") for word in call.arguments[: min(at, 1)]):
        return None
    arguments = _sorted(call.arguments[at + 1 :])
    subcommand = call.arguments[at].value
    if subcommand == "freeze":
        return _freeze(command, known, path)
    reading = _install if subcommand == "install" else _download
    return _piped(arguments, command, subcommand, known) or reading(arguments, command, known, path)


def given_files(call: Call) -> list[tuple[str, bool]]:
    """Return the files that a call of pip reads, as it names them, and whether as constraints."""
    if call.program != "pip":
        return []
    arguments = _sorted(call.arguments)
    constraints = arguments.values("-c", "--constraint")
    return [*((name, False) for name in arguments.files), *((name, True) for name in constraints)]


_SUBCOMMANDS: Final = frozenset({"install", "download", "wheel", "freeze"})


def _sorted(words: Sequence[Word]) -> _Arguments:
    facts = load_legacy_facts().pip
    found = _Arguments()
    at = 0
    while at < len(words):
        name, value, at = _option(words, at)
        found.options.append((name, value))
        if name in _REQUIREMENT and value:
            found.files.append(value)
        elif name in _EDITABLE and value:
            (found.projects if _PROJECT.fullmatch(value) else found.packages).append(value)
        elif name in facts["places"] and value:
            found.places.append(value)
        elif name in facts["folders"] and value:
            found.folders.append(value)
        elif not name.startswith("-"):
            (found.projects if _PROJECT.fullmatch(name) else found.packages).append(name)
    return found


def _option(words: Sequence[Word], at: int) -> tuple[str, str | None, int]:
    """Return an option, its value (``-r X``, ``-rX``, ``--requirement=X``) and the index after both."""
    value = words[at].value
    if value.startswith("--") and "=" in value:
        name, _, text = value.partition("=")
        return name, text, at + 1
    if value in _with_value():
        return value, words[at + 1].value if at + 1 < len(words) else None, at + 2
    if re.match(r"-[rcetdw][^-=]", value) and value[:2] in _with_value():
        return value[:2], value[2:], at + 1
    if re.fullmatch(r"-[A-Za-z]{1,4}[re]", value) and at + 1 < len(words):  # -Ur requirements.txt
        return f"-{value[-1]}", words[at + 1].value, at + 2
    return value, None, at + 1


def _with_value() -> frozenset[str]:
    facts = load_legacy_facts().pip
    return facts["with_value"] | facts["places"] | facts["folders"] | {*_REQUIREMENT, *_EDITABLE}


def _install(arguments: _Arguments, command: Command, known: Knowledge, path: str) -> Finding | None:
    files = [file for name in arguments.files for file in known.find(name, path)]
    files += _substituted(arguments, command, known, path)
    if not files:
        return _project(arguments, known) if arguments.projects else None
    names = ", ".join(dict.fromkeys(file.path for file in files))
    why = f"reads {names}; poetry.lock holds those packages now"
    if arguments.places:
        why += ", and Poetry has no --target: `poetry sync-reqs` keeps the file up to date with poetry.lock"
        return Finding("pip-install-target", why, "poetry sync-reqs", "likely")
    rest = [name for name in arguments.packages if _bare(name) not in _TOOLS and not _is_substitution(name)]
    if rest:
        why += f"; {', '.join(rest)} would stay outside of it: `poetry add` it"
    words = () if arguments.projects or not known.is_package else ("--no-root",)
    words = (*words, *_extras(arguments, known))
    sure = len(files) <= max(len(arguments.files), 1)
    drops = (
        len(files) == len(arguments.files)
        and not (rest or arguments.projects)
        and all(
            name in load_legacy_facts().pip["dropped"] or re.fullmatch(r"-[qvUr]+", name)
            for name, _ in arguments.options
            if name.startswith("-")
        )
    )
    if not sure:
        why += "; which of them is meant, only the variable says"
    today = install_line(dict.fromkeys(group for file in files for group in file.groups), known, words=words)
    return Finding(
        "pip-install-requirements", why, today, "certain" if sure else "likely", tuple(files), drops=drops
    )


def _substituted(arguments: _Arguments, command: Command, known: Knowledge, path: str) -> list[KnownFile]:
    """Return the files of ``pip install $(cat X)`` and ``cat X | xargs pip install``."""
    texts = [word for word in arguments.packages if _is_substitution(word)]
    names = [name for text in texts for name in re.findall(r"[\w./-]+\.(?:txt|in)\b", text)]
    piped = call_of(command.words)
    if (
        piped is not None
        and any(word.value == "xargs" for word in piped.wrapped)
        and command.reads is not None
    ):
        names += [word.value for word in command.reads.words]
    return [file for name in names for file in known.find(name, path)]


def _is_substitution(text: str) -> bool:
    return text.startswith(("$(", "`", "<("))


def _project(arguments: _Arguments, known: Knowledge) -> Finding:
    editable = any(_PROJECT.fullmatch(value) for value in arguments.values(*_EDITABLE))
    extras = _extras(arguments, known)
    today = " ".join(["poetry install", *(() if editable else ("--only main",)), *extras])
    if not editable and any(word.startswith("--with") for word in extras):
        today = " ".join(["poetry install", *extras])
    why = "pip chooses the versions of the dependencies again; Poetry installs the project with those of poetry.lock"
    return Finding("pip-install-project", why, today, "likely")


def _extras(arguments: _Arguments, known: Knowledge) -> tuple[str, ...]:
    found = [_PROJECT.fullmatch(value) for value in arguments.projects]
    names = [name.strip() for one in found if one and one["extras"] for name in one["extras"].split(",")]
    groups = {group.name for group in known.groups}
    with_groups = [name for name in names if name in groups]
    with_groups += [name for name in arguments.values("--group") if known.group(name).optional]
    extras = [name for name in names if name and name not in groups]
    words = [f"--with {','.join(with_groups)}"] if with_groups else []
    return (*words, *(f"--extras {name}" for name in extras))


def _bare(requirement: str) -> str:
    return re.split(r"[\[<>=!~; @]", requirement, maxsplit=1)[0].lower()


def _piped(arguments: _Arguments, command: Command, subcommand: str, known: Knowledge) -> Finding | None:
    """Return what is old about ``poetry export | pip ... -r -``."""
    source = call_of(command.reads.words) if command.reads is not None else None
    stdin = next((name for name in arguments.files if name in {"-", "/dev/stdin"}), None)
    if source is None or source.program != "poetry" or stdin is None:
        return None
    if subcommand == "install":
        only = _selection_of(source)
        return Finding(
            "export-pipe",
            "`poetry export` needs poetry-plugin-export since Poetry 2.0"
            + (", and pip takes `-r -` for a file of that name" if stdin == "-" else ""),
            f"poetry sync {only}" if only else install_line(("main",), known, command="sync"),
            "certain" if stdin == "-" else "likely",
        )
    if stdin == "-":
        text = f"{command.reads.text} | {command.text}" if command.reads else command.text
        why = "pip takes `-r -` for a file of that name; `-r /dev/stdin` reads the pipe"
        return Finding("pip-stdin", why, re.sub(r"(-r|--requirement)[ =]-(?=\s|$)", r"\1 /dev/stdin", text))
    return None


def _selection_of(export: Call) -> str:
    values = [word.value for word in export.arguments]
    chosen = [value for value in values if re.match(r"--(?:with|only|extras|all-groups|all-extras)\b", value)]
    if not chosen:
        return ""
    kept: list[str] = []
    for at, value in enumerate(values):
        if value in chosen:
            kept.append(value)
            if "=" not in value and not value.startswith("--all") and at + 1 < len(values):
                kept.append(values[at + 1])
    return " ".join(kept)


def _download(arguments: _Arguments, _command: Command, known: Knowledge, path: str) -> Finding | None:
    files = [file for name in arguments.files for file in known.find(name, path)]
    if not files:
        return None
    backends = [known.group(group).backend for file in files for group in file.groups]
    chosen = next((backend for backend in backends if backend), None)
    folder = arguments.folders[0] if arguments.folders else "wheels"
    today = f"poetry sync-reqs --wheelhouse {folder}" + (f" --hardware {chosen}" if chosen else "")
    names = ", ".join(dict.fromkeys(file.path for file in files))
    return Finding(
        "pip-download", f"reads {names}; poetry.lock knows the very files to fetch", today, "likely"
    )


def _freeze(command: Command, known: Knowledge, path: str) -> Finding | None:
    if command.writes is None or not (known.find(command.writes, path) or _NAMED.search(command.writes)):
        return None
    why = (
        f"writes {command.writes} from whatever happens to be installed; `poetry lock` keeps the versions now, "
        "and `poetry sync-reqs` writes such files from poetry.lock"
    )
    return Finding(
        "pip-freeze", why, "poetry sync-reqs", "certain" if known.find(command.writes, path) else "likely"
    )


def _compile(arguments: _Arguments, known: Knowledge, path: str) -> Finding | None:
    sources = arguments.packages
    named = [*sources, *arguments.values("-o", "--output-file")]
    ours = any(known.find(name, path) for name in named)
    if not ours and any(name.endswith((".in", ".txt")) for name in sources):
        return None
    if not known.files and not named:
        return None
    packages = arguments.values("-P", "--upgrade-package")
    upgrade = bool(packages) or arguments.has("-U", "--upgrade")
    today = " ".join(["poetry update --lock", *packages]) if upgrade else "poetry lock"
    why = "compiles pins that poetry.lock holds now; `poetry sync-reqs` writes the file where others still read it"
    return Finding("pip-compile", why, today, "certain" if ours else "likely")


def _sync(arguments: _Arguments, known: Knowledge, path: str) -> Finding | None:
    files = [file for name in arguments.packages for file in known.find(name, path)]
    if arguments.packages and not files:
        return None
    groups = dict.fromkeys(group for file in files for group in file.groups)
    today = install_line(groups, known, command="sync") if groups else "poetry sync"
    backends = [backend for group in groups if (backend := known.group(group).backend)]
    if backends:
        today = install_line(groups, known, words=("--sync",))
    return Finding("pip-sync", "brings an environment up to date with files that poetry.lock replaces", today)
