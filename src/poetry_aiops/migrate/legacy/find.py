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

from poetry_aiops.migrate.legacy.images import ReadImage, read_image
from poetry_aiops.migrate.legacy.model import CommandFinding, Knowledge, KnownFile, OldCommand, shown
from poetry_aiops.migrate.legacy.pip_calls import input_files, pip_finding
from poetry_aiops.migrate.legacy.poetry_calls import PLUGINS, poetry_finding
from poetry_aiops.migrate.legacy.programs import call_of
from poetry_aiops.migrate.legacy.scripts import FileText, kind_of, scripts
from poetry_aiops.migrate.legacy.settings import settings
from poetry_aiops.migrate.legacy.shell import commands, one_line_of
from poetry_aiops.migrate.model import Place
from poetry_aiops.project.model import MAIN


if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from poetry_aiops.migrate.legacy.model import KnownGroup
    from poetry_aiops.migrate.legacy.scripts import FileKind
    from poetry_aiops.migrate.legacy.shell import Command
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
class CommandFile:
    """A file's text with LF ends, how it is read, and everything old in it; ``image`` for a Dockerfile."""

    path: str
    kind: FileKind
    file: FileText
    findings: tuple[CommandFinding, ...]
    image: ReadImage | None


def read_old_file(path: str, text: str, known: Knowledge) -> CommandFile | None:
    """Return what is old in a file, in the order of its lines; None for one that holds no commands.

    ``path`` is relative to the project, with slashes; it says how the text is read.
    """
    read = _commands_of(path, text)
    if read is None:
        return None
    found = [*read.find(known)]
    found += _copies(read.image, found, known) if read.image else ()
    found += [
        replace(finding, line=line, text=about)
        for line, about, finding in settings(read.kind, path, read.file, known)
    ]
    ordered = tuple(sorted(dict.fromkeys(found), key=lambda finding: finding.line))
    return CommandFile(path, read.kind, read.file, ordered, read.image)


def references_in(path: str, text: str, known: Knowledge) -> Iterator[tuple[KnownFile, Place, bool]]:
    """Yield the files that pip is given with ``-r`` or ``-c``, the place of the command, and whether it was ``-c``."""
    read = _commands_of(path, text)
    for command, near, local in read.placed(known) if read is not None else ():
        call = call_of(command.words)
        for name, is_constraint in input_files(call) if call is not None else ():
            for found in local.find(name, near):
                yield found, Place(path, command.line), is_constraint


def _commands_of(path: str, text: str) -> _Commands | None:
    kind = kind_of(path)
    if kind is None or not _WORTH_READING.search(text):
        return None
    return _Commands(path, kind, FileText(text.replace("\r\n", "\n").replace("\r", "\n")))


def old_command(path: str, finding: CommandFinding, *, rewritten: bool = False) -> OldCommand:
    """Return a finding fit to be shown."""
    today = "\n".join(shown(line) for line in finding.today.split("\n"))
    place = Place(shown(path), finding.line)
    text, why = shown(finding.text), shown(finding.why)
    return OldCommand(place, text, why, today, finding.confidence, finding.rule, rewritten)


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

    def __init__(self, path: str, kind: FileKind, file: FileText) -> None:
        self.path = path
        self.kind = kind
        self.file = file
        self.image: ReadImage | None = None
        self.exports = re.search(r"(?:poetry|uv) export", file.text) is not None
        self.has_own_environment = _OWN_ENVIRONMENT.search(file.text) is not None
        self.plugins = frozenset(name for name in PLUGINS if name in file.text)

    def find(self, known: Knowledge) -> Iterator[CommandFinding]:
        """Yield what is old among the commands."""
        for command, near, local in self.placed(known):
            finding = self._finding(command, near, local)
            if finding is not None:
                text = self.file.text[slice(*command.span)] if command.span else command.text
                span = command.span
                if command.reads is not None and finding.rule in {"export-pipe", "pip-stdin"}:
                    text, span = f"{command.reads.text} | {command.text}", None
                elif finding.rule == "pip-freeze":
                    text, span = f"{command.text} > {command.writes}", None
                yield replace(
                    finding, line=command.line, text=one_line_of(text), span=span, folder=local.folder
                )

    def placed(self, known: Knowledge) -> Iterator[tuple[Command, str, Knowledge]]:
        """Yield every command with the path of a file where it works, and what is known there."""
        self.image = read_image(self.file, self.path, known) if self.kind == "dockerfile" else None
        variables: dict[str, str] = {}
        for script in self.image.scripts if self.image else scripts(self.kind, self.file):
            near = self.path
            if script.folder is not None:
                near = normpath(f"{script.folder}/{PurePosixPath(self.path).name}")
            local = self.image.at(script.line).known if self.image else known
            for command in commands(script):
                variables.update(_assigned(command))
                near, local = self._moved(command, near, local)
                if variables:
                    local = replace(local, variables={**local.variables, **variables})
                yield command, near, local

    def _moved(self, command: Command, near: str, known: Knowledge) -> tuple[str, Knowledge]:
        """Return where the commands after a ``cd`` run, as the path of a file there."""
        if command.words[0].value != "cd" or len(command.words) == 1:
            return near, known
        folder = known.filled(command.words[1].value)
        if folder.startswith(("$", "~", "-", "`")):
            return near, known
        if known.folder is not None:
            return near, replace(known, folder=normpath(join(known.folder, folder)))
        if folder.startswith("/"):
            return near, known
        at_home = near == self.path and self.kind not in {"shell", "make"}
        start = "." if at_home else str(PurePosixPath(near).parent)
        return f"{start}/{folder}/{PurePosixPath(self.path).name}", known

    def _finding(self, command: Command, near: str, known: Knowledge) -> CommandFinding | None:
        if _OLD_INSTALLER.search(command.text):
            why = "Poetry's old installer is gone (not tried here; Poetry's documentation on installing)"
            today = "curl -sSL https://install.python-poetry.org | python3 -"
            return CommandFinding("poetry-installer", why, today, "likely")
        call = call_of(command.words)
        if call is None:
            return None
        # bare: nothing stands around a call that today's form would lose, as ``sudo`` or another environment's pip
        bare = [word.value for word in call.wrapped] in ([], ["poetry", "run"]) and "/" not in call.name
        bare = bare and not re.search("[<>]", command.text)
        if call.program == "poetry":
            finding = poetry_finding(call, self.plugins)
            return replace(finding, drops=bare) if finding else None
        finding = pip_finding(call, command, known, near)
        return self._in_file(replace(finding, drops=finding.drops and bare), known) if finding else None

    def _in_file(self, finding: CommandFinding, known: Knowledge) -> CommandFinding:
        """Return a finding with what the rest of the file says about it.

        Poetry makes an environment of its own, where pip used an image's Python; a file may be exported right before
        it is read; an image may hold pyproject.toml in another folder.
        """
        why, today, confidence = finding.why, finding.today, finding.confidence
        if (
            finding.files
            and known.folder is not None
            and (folder := manifest_of(finding, known)) != known.folder
        ):
            today = re.sub(r"^poetry (?=install|sync|hw-install)", f"poetry -C {folder} ", today)
        if finding.rule == "pip-install-requirements" and self.exports:
            why += "; this file exports one of that name first, which then is not needed"
            confidence = "likely"
        if self.image is not None and finding.rule.startswith("pip-install") and not self.has_own_environment:
            why += "; set POETRY_VIRTUALENVS_CREATE=false to install into the image's own Python as pip did"
        return replace(finding, why=why, today=today, confidence=confidence)


def _assigned(command: Command) -> dict[str, str]:
    """Return the variables that a command only sets, be it with ``export``."""
    words = [word.value for word in command.words]
    found = [_ASSIGNED.fullmatch(word) for word in (words[1:] if words[0] == "export" else words)]
    return {one["name"]: one["value"] for one in found if one} if all(found) else {}


def manifest_of(finding: CommandFinding, known: Knowledge) -> str:
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


def _copies(image: ReadImage, found: Iterable[CommandFinding], known: Knowledge) -> Iterator[CommandFinding]:
    """Yield every COPY of migrated files, with pyproject.toml going to where the commands after it install."""
    for copy in image.copies:
        user = next(
            (one for one in found if one.line > copy.end and one.folder and set(one.files) & set(copy.files)),
            None,
        )
        target = copy.target
        if user is not None:
            stage = replace(image.at(user.line).known, folder=user.folder, context=None)
            target = manifest_of(user, stage)
        why = "`poetry install` reads pyproject.toml and poetry.lock"
        today = copy.instead(target, known.needs or ())
        yield CommandFinding(
            "docker-copy",
            why,
            today,
            files=copy.files,
            line=copy.start + 1,
            text=copy.text,
            folder=copy.folder,
        )
