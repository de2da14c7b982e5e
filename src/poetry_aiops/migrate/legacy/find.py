"""From one file of a repository to the old commands in it.

Pure: a file's path and text in, findings out. Nothing is run. A line that only talks about a command (a comment, a
step's name, ``echo``) is no finding. Facts about Poetry come from ``data/legacy_commands.toml``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from poetry_aiops.migrate.legacy.files import kind_of
from poetry_aiops.migrate.legacy.model import Knowledge, KnownFile, OldCommand, shown
from poetry_aiops.migrate.legacy.pip_calls import Finding, pip_finding
from poetry_aiops.migrate.legacy.poetry_calls import PLUGINS, poetry_finding
from poetry_aiops.migrate.legacy.programs import call_of
from poetry_aiops.migrate.legacy.readers import scripts
from poetry_aiops.migrate.legacy.settings import settings
from poetry_aiops.migrate.legacy.shell import commands, scripts_inside
from poetry_aiops.migrate.model import Place
from poetry_aiops.project.model import MAIN


if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from poetry_aiops.migrate.legacy.files import FileKind
    from poetry_aiops.migrate.legacy.model import KnownGroup
    from poetry_aiops.migrate.legacy.shell import Command
    from poetry_aiops.migrate.model import Tree
    from poetry_aiops.migrate.planning.roles import Role


_WORTH_READING: Final = re.compile(r"pip|poetry|requirements|constraints|install\.py", re.IGNORECASE)
_OLD_INSTALLER: Final = re.compile(
    r"get-poetry\.py|python-poetry/poetry/(?:master|main|HEAD)/install-poetry\.py"
)
_OWN_ENVIRONMENT: Final = re.compile(
    r"virtualenvs\.create|POETRY_VIRTUALENVS_CREATE|VIRTUAL_ENV|\.venv/bin", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class _File:
    """What a whole file says that bears on each of its commands; ``plugins`` are those of Poetry that it names."""

    path: str
    kind: FileKind
    exports: bool
    has_own_environment: bool
    sets_folders: bool
    plugins: frozenset[str]


def find_old_commands(path: str, text: str, known: Knowledge) -> tuple[OldCommand, ...]:
    """Return what one file of the repository does the old way, in the order of its lines.

    ``path`` is relative to the project, with slashes; it tells how the text is read. Texts are free of credentials
    and control characters. A file of no known kind has no findings.
    """
    kind = kind_of(path)
    if kind is None or not _WORTH_READING.search(text):
        return ()
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    hits = [*_commands(_file(kind, path, text), lines, known), *settings(kind, path, lines, known)]
    found = [_shown(path, kind, hit) for hit in hits]
    return tuple(sorted(dict.fromkeys(found), key=lambda one: one.place.line))


def knowledge_of(
    roles: Mapping[str, Role],
    tree: Tree,
    groups: Iterable[KnownGroup],
    *,
    is_package: bool,
    paths: Iterable[str] = (),
) -> Knowledge:
    """Return what the report has to know, from the roles of all files and the groups that were planned.

    ``paths`` are all files of the repository.
    """
    files = []
    for path, role in roles.items():
        if role.kind == "constraints":
            continue
        reading = tree.readings.get(path)
        read = reading.files if reading is not None else (path,)
        names = [
            roles[file].group for file in (*read, path) if file in roles and roles[file].kind != "constraints"
        ]
        own = dict.fromkeys(sorted(names, key=lambda name: name != MAIN))
        files.append(KnownFile(path, tuple(own)))
    return Knowledge(tuple(files), tuple(groups), is_package, frozenset(paths))


def _file(kind: FileKind, path: str, text: str) -> _File:
    return _File(
        path,
        kind,
        exports=re.search(r"(?:poetry|uv) export", text) is not None,
        has_own_environment=_OWN_ENVIRONMENT.search(text) is not None,
        sets_folders="working-directory:" in text,
        plugins=frozenset(name for name in PLUGINS if name in text),
    )


def _commands(file: _File, lines: list[str], known: Knowledge) -> Iterator[tuple[int, str, Finding]]:
    for script in scripts(file.kind, lines):
        here = file.path
        outer = commands(script)
        for command in (*outer, *scripts_inside(outer)):
            here = _place_after(command, here, file)
            finding = _finding(command, here, file, known)
            if finding is not None:
                yield command.line, _whole(command, finding), _in_file(finding, file)


def _place_after(command: Command, here: str, file: _File) -> str:
    """Return where the commands after a ``cd`` are at work, as the path of a file there; else ``here``."""
    words = [word.value for word in command.words]
    if words[:1] != ["cd"] or len(words) == 1 or words[1].startswith(("/", "$", "~", "-", "`")):
        return here
    at_home = here == file.path and file.kind not in {"shell", "make", "just"}
    start = "." if at_home else str(PurePosixPath(here).parent)
    return f"{start}/{words[1]}/{PurePosixPath(file.path).name}"


def _finding(command: Command, here: str, file: _File, known: Knowledge) -> Finding | None:
    if _OLD_INSTALLER.search(command.text):
        why = "Poetry's old installer is gone (not tried here; Poetry's documentation on installing)"
        today = "curl -sSL https://install.python-poetry.org | python3 -"
        return Finding("poetry-installer", why, today, "likely")
    call = call_of(command.words)
    if call is None:
        return None
    if call.program == "poetry":
        return poetry_finding(call, file.plugins)
    return pip_finding(call, command, known, here)


def _whole(command: Command, finding: Finding) -> str:
    """Return the command's text, with what is piped into it where the finding is about both."""
    if finding.rule in {"export-pipe", "pip-stdin"} and command.reads is not None:
        return f"{command.reads.text} | {command.text}"
    return f"{command.text} > {command.writes}" if finding.rule == "pip-freeze" else command.text


def _in_file(finding: Finding, file: _File) -> Finding:
    """Return a finding with what the rest of the file says about it.

    Poetry makes an environment of its own, where pip used an image's Python; a file may be exported right before it
    is read; a workflow may set the folder of its commands elsewhere.
    """
    if not finding.rule.startswith("pip-"):
        return finding
    why, confidence = finding.why, finding.confidence
    if finding.rule == "pip-install-requirements" and file.exports:
        why += "; this file exports one of that name first, which then is not needed"
        confidence = "likely"
    if file.kind == "dockerfile" and finding.rule.startswith("pip-install") and not file.has_own_environment:
        why += "; set POETRY_VIRTUALENVS_CREATE=false to install into the image's own Python as pip did"
    return replace(finding, why=why, confidence="likely" if file.sets_folders else confidence)


def _shown(path: str, kind: FileKind, hit: tuple[int, str, Finding]) -> OldCommand:
    line, text, finding = hit
    confidence = "document" if kind == "document" else finding.confidence
    place = Place(shown(path), line)
    return OldCommand(place, shown(text), shown(finding.why), shown(finding.today), confidence, finding.rule)
