"""From one file of a repository to the old commands in it.

Pure: a file's path and text in, findings out. Nothing is run. A line that only talks about a command (a comment, a
step's name, ``echo``) is no finding. Facts about Poetry come from ``data/legacy_commands.toml``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from posixpath import basename, dirname, join, normpath
from typing import TYPE_CHECKING, Final

from poetry_aiops.migrate.legacy.images import Copy, image_parts
from poetry_aiops.migrate.legacy.model import OldCommand
from poetry_aiops.migrate.legacy.pip_calls import input_files, pip_finding
from poetry_aiops.migrate.legacy.poetry_calls import PLUGINS, poetry_finding
from poetry_aiops.migrate.legacy.programs import call_of
from poetry_aiops.migrate.legacy.scripts import FileText, kind_of, scripts
from poetry_aiops.migrate.legacy.settings import settings
from poetry_aiops.migrate.legacy.shell import commands, one_line_of
from poetry_aiops.migrate.model import Place


if TYPE_CHECKING:
    from collections.abc import Iterator

    from poetry_aiops.migrate.legacy.model import Knowledge
    from poetry_aiops.migrate.legacy.scripts import FileKind
    from poetry_aiops.migrate.legacy.shell import Command


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
    """A file's text with LF ends, how it is read, and everything old in it."""

    path: str
    kind: FileKind
    file: FileText
    findings: tuple[OldCommand, ...]


def read_old_file(path: str, text: str, known: Knowledge) -> CommandFile | None:
    """Return what is old in a file, in the order of its lines; None for one that holds no commands.

    ``path`` is relative to the project, with slashes; it says how the text is read.
    """
    kind = kind_of(path)
    if kind is None or not _WORTH_READING.search(text):
        return None
    file, known = FileText(text), replace(known, near=path)
    found: list[OldCommand] = []
    copies: list[Copy] = []
    for item, here in _commands(kind, file, known):
        if isinstance(item, Copy):
            copies.append(item)
        elif (finding := _finding(item, kind, file.text, here)) is not None:
            shown, span = file.text[slice(*item.span)] if item.span else item.text, item.span
            if item.reads is not None and finding.rule in {"export-pipe", "pip-stdin"}:
                shown, span = f"{item.reads.text} | {item.text}", None
            elif finding.rule == "pip-freeze":
                shown, span = f"{item.text} > {item.writes}", None
            place = Place(path, item.line)
            found.append(replace(finding, place=place, text=one_line_of(shown), span=span, known=here))
    for copy in copies:
        line = copy.known.stage.line
        following = [one for one in found if one.place.line > line]
        found.append(copy.finding(Place(path, line), following))
    found += settings(kind, path, file, known)
    ordered = sorted(dict.fromkeys(found), key=lambda finding: finding.place.line)
    return CommandFile(path, kind, file, tuple(ordered))


def references_in(path: str, text: str, known: Knowledge) -> Iterator[tuple[str, Place, bool]]:
    """Yield the files that pip is given with ``-r`` or ``-c``, the place of the command, and whether it was ``-c``."""
    kind = kind_of(path)
    if kind is None or not _WORTH_READING.search(text):
        return
    for item, here in _commands(kind, FileText(text), replace(known, near=path)):
        if not isinstance(item, Copy) and (call := call_of(item.words)) is not None:
            for name, is_constraint in input_files(call):
                for found in here.find(name):
                    yield found, Place(path, item.line), is_constraint


def _commands(kind: FileKind, file: FileText, known: Knowledge) -> Iterator[tuple[Command | Copy, Knowledge]]:
    """Yield the commands of a file, and the COPY lines of an image, with what is known where each works."""
    variables: dict[str, str] = {}
    outside = ((one, known) for one in scripts(kind, file)) if kind != "dockerfile" else None
    for item, before in outside or image_parts(file, known):
        here = before
        if isinstance(item, Copy):
            yield item, here
            continue
        if item.folder is not None:
            here = replace(here, near=normpath(f"{item.folder}/{basename(known.near)}"))
        for command in commands(item):
            words = command.words
            found = [_ASSIGNED.fullmatch(word) for word in (words[1:] if words[0] == "export" else words)]
            if all(found):
                variables.update({one["name"]: one["value"] for one in found if one})
            if words[0] == "cd" and len(words) > 1:
                here = _moved(here, here.filled(words[1]), known.near, kind)
            if variables:
                here = replace(here, variables={**here.variables, **variables})
            yield command, here


def _moved(known: Knowledge, folder: str, path: str, kind: FileKind) -> Knowledge:
    """Return what is known behind a ``cd`` to a folder in a file at ``path``."""
    if folder.startswith(("$", "~", "-", "`")):
        return known
    if known.folder is not None:
        return replace(known, folder=normpath(join(known.folder, folder)))
    if folder.startswith("/"):
        return known
    at_home = known.near == path and kind not in {"shell", "make"}
    start = "." if at_home else dirname(known.near) or "."
    return replace(known, near=f"{start}/{folder}/{basename(path)}")


def _finding(command: Command, kind: FileKind, text: str, known: Knowledge) -> OldCommand | None:
    """Return what is old about a command of a file that holds ``text``.

    Poetry makes an environment of its own, where pip used an image's Python; a file may be exported right before it
    is read; an image may hold pyproject.toml in another folder.
    """
    if _OLD_INSTALLER.search(command.text):
        why = "Poetry's old installer is gone (not tested; Poetry's documentation on installing)"
        today = "curl -sSL https://install.python-poetry.org | python3 -"
        return OldCommand("poetry-installer", why, today, "likely")
    call = call_of(command.words)
    if call is None:
        return None
    # bare: nothing stands around a call that today's form would lose, as ``sudo`` or another environment's pip
    bare = call.wrapped in {(), ("poetry", "run")} and "/" not in call.name
    bare = bare and not re.search("[<>]", command.text)
    if call.program == "poetry":
        plugins = frozenset(name for name in PLUGINS if name in text)
        finding = poetry_finding(call, plugins)
        return replace(finding, drops=bare) if finding else None
    finding = pip_finding(call, command, known)
    if finding is None:
        return None
    why, today, confidence = finding.why, finding.today, finding.confidence
    if finding.files and known.folder is not None:
        folder = known.manifest_folder(finding.files)
        if folder != known.folder:
            today = re.sub(r"^poetry (?=install|sync|hw-install)", f"poetry -C {folder} ", today)
    if finding.rule == "pip-install-requirements" and re.search(r"(?:poetry|uv) export", text):
        why += "; this file exports one of that name first, which then is not needed"
        confidence = "likely"
    if kind == "dockerfile" and finding.rule.startswith("pip-install") and not _OWN_ENVIRONMENT.search(text):
        why += "; set POETRY_VIRTUALENVS_CREATE=false to install into the image's own Python as pip did"
    return replace(finding, why=why, today=today, confidence=confidence, drops=finding.drops and bare)
