"""What the report on old commands says, and what it has to know about the migration and the place of a command."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import PurePosixPath
from posixpath import join, normpath
from typing import TYPE_CHECKING, Literal

from poetry_aiops.migrate.model import Place
from poetry_aiops.project.model import MAIN
from poetry_aiops.system.addresses import redact
from poetry_aiops.system.text import clean, one_line


if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


Confidence = Literal["certain", "likely"]


@dataclass(frozen=True, slots=True)
class KnownGroup:
    """A group after the migration; ``backend`` makes it a hardware variant."""

    name: str
    optional: bool = False
    backend: str | None = None


@dataclass(frozen=True, slots=True)
class KnownFile:
    """A migrated requirements file; ``groups`` are all that hold what pip read from it, its includes followed.

    ``extras`` are the project's own where it names the project (``-e .[all]``), None where it does not.
    """

    path: str
    groups: tuple[str, ...]
    extras: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Stage:
    """The stage of an image at one of its instructions, which begins at ``line``.

    ``python`` is the tag of the image of Python that the stage is built upon, ``""`` without a tag, None for another
    image. ``number`` counts the FROM lines, ``parents`` are the stages that it is built upon.
    """

    line: int = 0
    number: int = 0
    parents: tuple[int, ...] = ()
    python: str | None = None
    is_root: bool = True
    environment: str | None = None


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What was migrated into what, and where a command works.

    ``is_package`` says that Poetry also installs the project itself, ``needs`` which files beside pyproject.toml and
    poetry.lock it reads, None where these are whole folders. ``paths`` are all files of the repository: a
    requirements file that exists beside a script and was not migrated is not mistaken for one that was.
    ``near`` is the path of a file where the command works, ``variables`` are those that were set before it. In an
    image, at ``stage``, ``folder`` is where it works, ``copied`` says which file of the repository a path of the
    image is, and ``context`` is the folder of the image that the whole repository was copied to.
    """

    files: tuple[KnownFile, ...] = ()
    groups: tuple[KnownGroup, ...] = (KnownGroup(MAIN),)
    is_package: bool = False
    paths: frozenset[str] = frozenset()
    needs: tuple[str, ...] | None = ()
    near: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)
    folder: str | None = None
    copied: Mapping[str, str] = field(default_factory=dict)
    context: str | None = None
    stage: Stage = Stage()

    def find(self, reference: str) -> tuple[KnownFile, ...]:
        """Return the migrated files that a path in a command means; several for ``*`` and variables.

        Paths may be relative to the folder where the command works, to the project, or, in images, absolute, so that
        only the end of the path is compared.
        """
        text = self.filled(reference.strip().strip("\"'").replace("\\", "/"))
        if self.folder is not None and (path := self._in_repository(text)) is not None:
            return tuple(file for file in self.files if file.path == path)
        if _VARIABLE.search(text):
            return self._matching(text)
        parts = _parts(text)
        for wanted in (_parts(f"{PurePosixPath(self.near).parent}/{text}"), parts) if parts else ():
            path = "/".join(wanted)
            found = tuple(file for file in self.files if file.path == path)
            if found or path in self.paths:  # else: another file of that name, which is not migrated
                return found
        is_elsewhere = text.startswith(("/", "../", "~")) or len(parts) == 1
        return self._ending(parts) if parts and is_elsewhere else ()

    def filled(self, text: str) -> str:
        """Return a text with the variables that are known: ``$NAME``, ``${NAME:-default}``, make's ``$(NAME)``."""

        def value(found: re.Match[str]) -> str:
            name = found["braced"] or found["make"] or found["plain"]
            default = found["default"] or "$"
            return self.variables.get(name, found[0] if default.startswith("$") else default)

        return _NAMED.sub(value, text)

    def group(self, name: str) -> KnownGroup:
        """Return a group by name; one that is not declared is taken as a plain one."""
        return next((group for group in self.groups if group.name == name), KnownGroup(name))

    def manifest_folder(self, files: Iterable[KnownFile]) -> str:
        """Return the folder of an image where pyproject.toml is when a command installs ``files``.

        The repository's own folder where all of it was copied, else where the command works; in an image without a
        working folder, where its requirements file is.
        """
        if self.context is not None:
            return self.context
        if self.folder not in {None, "/"}:
            return str(self.folder)
        names = {file.path for file in files}
        placed = next((path for path, file in self.copied.items() if file in names), "/")
        return str(PurePosixPath(placed).parent)

    def _in_repository(self, path: str) -> str | None:
        """Return which file of the repository a path of an image is; None where its COPY lines do not say."""
        inside = normpath(join(self.folder or "/", path))
        if inside in self.copied:
            return self.copied[inside]
        root = "" if self.context is None else self.context.rstrip("/") + "/"
        found = inside.removeprefix(root)
        is_known = found in self.paths or any(file.path == found for file in self.files)
        return found if root and inside.startswith(root) and is_known else None

    def _ending(self, parts: tuple[str, ...]) -> tuple[KnownFile, ...]:
        """Return the one file that an absolute path ends with, else the only one that ends as the path does."""
        named = [file for file in self.files if file.path.endswith(parts[-1])]
        whole = [file for file in named if parts[-len(_parts(file.path)) :] == _parts(file.path)]
        if whole:
            return (max(whole, key=lambda file: len(file.path)),)
        for length in range(len(parts), 0, -1):
            found = tuple(file for file in named if _parts(file.path)[-length:] == parts[-length:])
            if found:
                return found if len(found) == 1 else ()
        return ()

    def _matching(self, text: str) -> tuple[KnownFile, ...]:
        fixed = [re.escape(part) for part in _VARIABLE.split(text.removeprefix("./"))]
        if not any(re.search(r"req|constraint|deps", part, re.IGNORECASE) for part in fixed):
            return ()
        pattern = re.compile(r"(?:.*/)?" + "[^/]*".join(fixed))
        return tuple(file for file in self.files if pattern.fullmatch(file.path))


_NOWHERE = Place("")


@dataclass(frozen=True, slots=True)
class OldCommand:
    """A place of the repository that still does something the old way.

    ``rule`` is the stable name of the kind of finding, ``today`` what to write there instead, ``""`` where the line
    can go, and ``text`` the command on one line. ``confidence`` is ``certain`` for what fails today or reads a
    migrated file, ``likely`` where a person has to look (a variable, a file name that only may be meant, something
    that works on but passes poetry.lock by). ``files`` are the migrated files that the command reads. ``drops``: all
    else that the command says has no meaning for today's form, so that this form can take its place, which is
    ``span``. ``known`` is what holds at that place. ``rewritten``: ``--rewrite`` makes the change.
    """

    rule: str
    why: str
    today: str
    confidence: Confidence = "certain"
    files: tuple[KnownFile, ...] = ()
    drops: bool = False
    place: Place = _NOWHERE
    text: str = ""
    span: tuple[int, int] | None = None
    known: Knowledge = field(default_factory=Knowledge, compare=False, repr=False)
    rewritten: bool = False

    def shown(self) -> OldCommand:
        """Return the finding fit to be shown: no credentials, no control characters."""
        today = "\n".join(_shown(line) for line in self.today.split("\n"))
        place = replace(self.place, file=_shown(self.place.file))
        return replace(self, place=place, text=_shown(self.text), why=_shown(self.why), today=today)


_NAMED = re.compile(r"\$(?:\{(?P<braced>\w+)(?::?-(?P<default>[^}]*))?\}|\((?P<make>\w+)\)|(?P<plain>\w+))")
_VARIABLE = re.compile(r"\$\{\{[^}]*\}\}|\{\{[^}]*\}\}|\$\{[^}]*\}|\$\([^)]*\)|\$\w+|%\w+%|\*+|\?|\{[^}]*\}")


@lru_cache(4096)
def _parts(text: str) -> tuple[str, ...]:
    """Return a path's parts without ``.``, with ``..`` undone; its root does not count."""
    found: list[str] = []
    for part in PurePosixPath(text).parts:
        if part == ".." and found:
            found.pop()
        elif part not in {"/", ".", "..", "~"}:
            found.append(part)
    return tuple(found)


def _shown(text: str) -> str:
    return redact(one_line(clean(text)))


def install_files(
    files: Sequence[KnownFile], known: Knowledge, extras: Sequence[str] = (), *, with_project: bool = False
) -> str:
    """Return the ``poetry install`` in place of pip's with these files, and the project where it or a file names it."""
    named = [file.extras for file in files if file.extras is not None]
    without = known.is_package and not (with_project or named)
    words = [*extras, *(f"--extras {extra}" for several in named for extra in several)]
    groups = (group for file in files for group in file.groups)
    return install_line(groups, known, words=(*["--no-root"] * without, *dict.fromkeys(words)))


def install_line(
    groups: Iterable[str], known: Knowledge, *, words: tuple[str, ...] = (), command: str = "install"
) -> str:
    """Return the ``poetry install`` that gives exactly these groups, ``poetry hw-install`` for a hardware variant.

    ``words`` are put at the end, such as ``--no-root``.
    """
    declared = {MAIN, *(group.name for group in known.groups)}  # a file without lines of its own gets no group
    wanted = {name: known.group(name) for name in groups if name in declared}
    backends = [group.backend for group in wanted.values() if group.backend]
    plain = list(wanted)
    start = ["poetry", command]
    if backends and command == "install":
        start = ["poetry", "hw-install", "--hardware", backends[0]]
        plain = [name for name, group in wanted.items() if not group.backend]
    default = {group.name for group in known.groups if not group.optional and not group.backend} | {MAIN}
    more = [name for name in plain if name not in default]
    if set(plain) >= default and (more or default != {MAIN}):
        selection = ["--with", ",".join(more)] if more else []
    else:
        selection = ["--only", ",".join(sorted(plain, key=lambda name: name != MAIN))] if plain else []
    return " ".join([*start, *selection, *words])
