"""From one file of a repository to the old commands in it.

Pure: a file's path and text in, findings out. Nothing is run. A line that only talks about a command (a comment, a
step's name, ``echo``) is no finding. Facts about Poetry come from ``data/legacy_commands.toml``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from posixpath import join, normpath
from typing import TYPE_CHECKING, Final

from poetry_aiops.migrate.legacy.images import Image, read_image
from poetry_aiops.migrate.legacy.model import Finding, Hit, Knowledge, KnownFile, OldCommand, shown
from poetry_aiops.migrate.legacy.pip_calls import given_files, pip_finding
from poetry_aiops.migrate.legacy.poetry_calls import PLUGINS, poetry_finding
from poetry_aiops.migrate.legacy.programs import call_of
from poetry_aiops.migrate.legacy.scripts import FileText, kind_of, scripts
from poetry_aiops.migrate.legacy.settings import settings
from poetry_aiops.migrate.legacy.shell import commands, scripts_inside
from poetry_aiops.migrate.model import Place
from poetry_aiops.project.model import MAIN


if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from poetry_aiops.migrate.legacy.model import KnownGroup
    from poetry_aiops.migrate.legacy.programs import Call
    from poetry_aiops.migrate.legacy.scripts import FileKind
    from poetry_aiops.migrate.legacy.shell import Command, Script
    from poetry_aiops.migrate.model import Tree
    from poetry_aiops.migrate.planning.roles import Role


_WORTH_READING: Final = re.compile(r"pip|poetry|req|constraints|install\.py", re.IGNORECASE)
_OLD_INSTALLER: Final = re.compile(
    r"get-poetry\.py|python-poetry/poetry/(?:master|main|HEAD)/install-poetry\.py"
)
_OWN_ENVIRONMENT: Final = re.compile(
    r"virtualenvs\.create|POETRY_VIRTUALENVS_CREATE|VIRTUAL_ENV|\.venv/bin", re.IGNORECASE
)
_ASSIGNED: Final = re.compile(r"(?P<name>[A-Za-z_]\w*)=(?P<value>.*)", re.DOTALL)


@dataclass(frozen=True)
class OldFile:
    """A file's text with LF ends, how it is read, and everything old in it; ``image`` for a Dockerfile."""

    path: str
    kind: FileKind
    file: FileText
    hits: tuple[Hit, ...]
    image: Image | None


def read_old_file(path: str, text: str, known: Knowledge) -> OldFile | None:
    """Return what is old in a file, in the order of its lines; None for one that holds no commands.

    ``path`` is relative to the project, with slashes; it says how the text is read.
    """
    read = _commands_of(path, text, known)
    if read is None:
        return None
    hits = list(read.find(known))
    if read.image is not None:
        hits += _copies(read.image, hits, known)
    hits += settings(read.kind, path, read.file, known)
    found = tuple(sorted(dict.fromkeys(hits), key=lambda hit: hit.line))
    return OldFile(path, read.kind, read.file, found, read.image)


def references_in(path: str, text: str, known: Knowledge) -> Iterator[tuple[KnownFile, Place, bool]]:
    """Yield the files that pip is given with ``-r`` or ``-c``, the place of the command, and whether it was ``-c``."""
    read = _commands_of(path, text, known)
    for command, here, local in read.placed(known) if read is not None else ():
        call = call_of(command.words)
        for name, is_constraint in given_files(call) if call is not None else ():
            for found in local.find(name, here):
                yield found, Place(path, command.line), is_constraint


def _commands_of(path: str, text: str, known: Knowledge) -> _Commands | None:
    kind = kind_of(path)
    if kind is None or not _WORTH_READING.search(text):
        return None
    file = FileText(text.replace("\r\n", "\n").replace("\r", "\n"))
    return _Commands(path, kind, file, read_image(file, path, known) if kind == "dockerfile" else None)


def old_command(path: str, hit: Hit, *, rewritten: bool = False) -> OldCommand:
    """Return a finding fit to be shown."""
    found = hit.finding
    today = "\n".join(shown(line) for line in found.today.split("\n"))
    place = Place(shown(path), hit.line)
    return OldCommand(
        place, shown(hit.text), shown(found.why), today, found.confidence, found.rule, rewritten
    )


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
        read = [
            file
            for one in (
                path,
                role.pins,
            )  # compiled pins are installed in place of what they were compiled from
            if one is not None
            for file in (tree.readings[one].files if one in tree.readings else (one,))
        ]
        names = [
            roles[file].group for file in (*read, path) if file in roles and roles[file].kind != "constraints"
        ]
        own = dict.fromkeys(sorted(names, key=lambda name: name != MAIN))
        files.append(KnownFile(path, tuple(own)))
    return Knowledge(tuple(files), tuple(groups), is_package, frozenset(paths))


class _Commands:
    """The commands of one file, with the folder and the variables that hold at each of them."""

    def __init__(self, path: str, kind: FileKind, file: FileText, image: Image | None) -> None:
        self.path = path
        self.kind = kind
        self.file = file
        self.image = image
        self.exports = re.search(r"(?:poetry|uv) export", file.text) is not None
        self.has_own_environment = _OWN_ENVIRONMENT.search(file.text) is not None
        self.plugins = frozenset(name for name in PLUGINS if name in file.text)
        self.variables: dict[str, str] = {}

    def find(self, known: Knowledge) -> Iterator[Hit]:
        for command, here, local in self.placed(known):
            finding = self._finding(command, here, local)
            if finding is not None:
                more = finding.rule in {"export-pipe", "pip-stdin", "pip-freeze"}
                span = None if more else command.span
                yield Hit(command.line, _whole(command, finding), self._in_file(finding), span, local.folder)

    def placed(self, known: Knowledge) -> Iterator[tuple[Command, str, Knowledge]]:
        """Yield every command with the path of a file where it works, and what is known there."""
        for script in scripts(self.kind, self.file):
            here = self._start(script)
            local = self.image.at(script.line).known if self.image is not None else known
            for command in (*(outer := commands(script)), *scripts_inside(outer)):
                self._remember(command)
                here, local = self._moved(command, here, local or known)
                local = replace(local, variables={**local.variables, **self.variables})
                yield command, here, local

    def _start(self, script: Script) -> str:
        """Return the path of a file where a script works, for what is relative to it."""
        if script.folder is None:
            return self.path
        return normpath(f"{script.folder}/{PurePosixPath(self.path).name}")

    def _remember(self, command: Command) -> None:
        found = [_ASSIGNED.fullmatch(word.value) for word in command.words]
        words = [word.value for word in command.words]
        if words[:1] == ["export"]:
            found = found[1:]
        for one in found if all(found) else ():
            if one is not None:
                self.variables[one["name"]] = one["value"]

    def _moved(self, command: Command, here: str, known: Knowledge) -> tuple[str, Knowledge]:
        """Return where the commands after a ``cd`` are at work, as the path of a file there."""
        words = [known.filled(word.value) for word in command.words]
        if words[:1] != ["cd"] or len(words) == 1 or words[1].startswith(("$", "~", "-", "`")):
            return here, known
        if known.folder is not None:
            return here, replace(known, folder=normpath(join(known.folder, words[1])))
        if words[1].startswith("/"):
            return here, known
        at_home = here == self.path and self.kind not in {"shell", "make"}
        start = "." if at_home else str(PurePosixPath(here).parent)
        return f"{start}/{words[1]}/{PurePosixPath(self.path).name}", known

    def _finding(self, command: Command, here: str, known: Knowledge) -> Finding | None:
        if _OLD_INSTALLER.search(command.text):
            why = "Poetry's old installer is gone (not tried here; Poetry's documentation on installing)"
            today = "curl -sSL https://install.python-poetry.org | python3 -"
            return Finding("poetry-installer", why, today, "likely")
        call = call_of(command.words)
        if call is None:
            return None
        bare = _is_bare(call) and not re.search("[<>]", command.text)
        if call.program == "poetry":
            finding = poetry_finding(call, self.plugins)
            return replace(finding, drops=bare) if finding else None
        finding = pip_finding(call, command, known, here)
        if finding is None:
            return None
        today = finding.today
        if finding.files and known.folder is not None:
            folder = manifest_of(finding, known)
            today = today if folder == known.folder else _elsewhere(today, folder)
        return replace(finding, today=today, drops=finding.drops and bare)

    def _in_file(self, finding: Finding) -> Finding:
        """Return a finding with what the rest of the file says about it.

        Poetry makes an environment of its own, where pip used an image's Python; a file may be exported right before
        it is read.
        """
        if not finding.rule.startswith("pip-"):
            return finding
        why, confidence = finding.why, finding.confidence
        if finding.rule == "pip-install-requirements" and self.exports:
            why += "; this file exports one of that name first, which then is not needed"
            confidence = "likely"
        if self.image is not None and finding.rule.startswith("pip-install") and not self.has_own_environment:
            why += "; set POETRY_VIRTUALENVS_CREATE=false to install into the image's own Python as pip did"
        return replace(finding, why=why, confidence=confidence)


def _is_bare(call: Call) -> bool:
    """Say whether nothing stands around a call that today's form would lose: ``sudo``, another environment's pip."""
    return [word.value for word in call.wrapped] in ([], ["poetry", "run"]) and "/" not in call.name


def manifest_of(finding: Finding, known: Knowledge) -> str:
    """Return the folder of an image where pyproject.toml is when a command installs.

    The repository's own folder where all of it was copied, else where the command works; in an image without a
    working folder, where its requirements file is.
    """
    if known.context is not None:
        return known.context
    if known.folder not in {None, "/"}:
        return str(known.folder)
    names = {file.path for file in finding.files}
    placed = [path for path, file in known.copied.items() if file in names]
    return str(PurePosixPath(placed[0]).parent) if placed else "/"


def _elsewhere(today: str, folder: str) -> str:
    return re.sub(r"^poetry (?=install|sync|hw-install)", f"poetry -C {folder} ", today)


def _copies(image: Image, hits: Iterable[Hit], known: Knowledge) -> Iterator[Hit]:
    """Yield every COPY of migrated files, with pyproject.toml going to where the commands after it install."""
    for copy in image.copies:
        users = [
            hit
            for hit in hits
            if hit.line > copy.end and hit.folder is not None and set(hit.finding.files) & set(copy.files)
        ]
        target = copy.target
        if users:
            stage = image.at(users[0].line).known
            target = manifest_of(
                users[0].finding, replace(stage or known, folder=users[0].folder, context=None)
            )
        why = "`poetry install` reads pyproject.toml and poetry.lock"
        finding = Finding("docker-copy", why, copy.instead(target, known.needs or ()), files=copy.files)
        yield Hit(copy.start + 1, copy.text, finding, None, copy.folder)


def _whole(command: Command, finding: Finding) -> str:
    """Return the command's text, with what is piped into it where the finding is about both."""
    if finding.rule in {"export-pipe", "pip-stdin"} and command.reads is not None:
        return f"{command.reads.text} | {command.text}"
    return f"{command.text} > {command.writes}" if finding.rule == "pip-freeze" else command.text
