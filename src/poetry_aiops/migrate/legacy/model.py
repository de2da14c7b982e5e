"""What the report on old commands says, and what it has to know about the migration and the place of a command.

Migrated files are known by their paths in the repository.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from posixpath import dirname, join, normpath
from typing import TYPE_CHECKING, Literal

from poetry_aiops.migrate.model import Place
from poetry_aiops.migrate.planning.entry import PlannedGroup
from poetry_aiops.project.model import MAIN
from poetry_aiops.system.addresses import redact
from poetry_aiops.system.text import clean, one_line


if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


Confidence = Literal["certain", "likely"]

_NAMED = re.compile(r"\$(?:\{(?P<braced>\w+)(?::?-(?P<default>[^}]*))?\}|\((?P<make>\w+)\)|(?P<plain>\w+))")
_VARIABLE = re.compile(r"\$\{\{[^}]*\}\}|\{\{[^}]*\}\}|\$\{[^}]*\}|\$\([^)]*\)|\$\w+|%\w+%|\*+|\?|\{[^}]*\}")


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

    ``files`` are the migrated files, each with all groups that hold what pip read from it, its includes followed;
    ``extras`` are the project's own for those that name the project (``-e .[all]``).
    ``groups`` are those after the migration. ``is_package`` says that Poetry also installs the project itself,
    ``needs`` which files beside pyproject.toml and poetry.lock it reads, None where these are whole folders.
    ``paths`` are all files of the repository: a requirements file that exists beside a script and was not migrated
    is not mistaken for one that was. ``near`` is the path of a file where the command works, ``variables`` are those
    that were set before it. In an image, at ``stage``, ``folder`` is where it works, ``copied`` says which file of
    the repository a path of the image is, and ``context`` is the folder of the image that the whole repository was
    copied to.
    """

    files: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    groups: tuple[PlannedGroup, ...] = (PlannedGroup(MAIN),)
    is_package: bool = False
    paths: frozenset[str] = frozenset()
    needs: tuple[str, ...] | None = ()
    near: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)
    folder: str | None = None
    copied: Mapping[str, str] = field(default_factory=dict)
    context: str | None = None
    stage: Stage = Stage()
    extras: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def find(self, reference: str) -> tuple[str, ...]:
        """Return the migrated files that a path in a command means; several for ``*`` and variables.

        Paths may be relative to the folder where the command works, to the project, or, in images, absolute, so that
        only the end of the path is compared.
        """
        text = self.filled(reference.strip().strip("\"'").replace("\\", "/"))
        if self.folder is not None and (known := self._in_repository(text)) is not None:
            return (known,) if known in self.files else ()
        if _VARIABLE.search(text):
            return self._matching(text)
        path = _inside(text)
        for wanted in (_inside(f"{dirname(self.near)}/{text}"), path) if path else ():
            if wanted in self.files:
                return (wanted,)
            if wanted in self.paths:  # another file of that name, which is not migrated
                return ()
        return self._ending(path) if text.startswith(("/", "../", "~")) or "/" not in path else ()

    def filled(self, text: str) -> str:
        """Return a text with the variables that are known: ``$NAME``, ``${NAME:-default}``, make's ``$(NAME)``."""

        def value(found: re.Match[str]) -> str:
            name = found["braced"] or found["make"] or found["plain"]
            default = found["default"] or "$"
            return self.variables.get(name, found[0] if default.startswith("$") else default)

        return _NAMED.sub(value, text)

    def group(self, name: str) -> PlannedGroup:
        """Return a group by name; one that is not declared is taken as a plain one."""
        return next((group for group in self.groups if group.name == name), PlannedGroup(name))

    def groups_of(self, files: Iterable[str]) -> tuple[str, ...]:
        """Return the groups of migrated files, each once."""
        return tuple(dict.fromkeys(group for file in files for group in self.files[file]))

    def at(self, path: str) -> str:
        """Return a path of an image without its root, relative to the folder where the command works."""
        return normpath("/" + join(self.folder or "/", path).lstrip("/"))

    def manifest_folder(self, files: Iterable[str]) -> str:
        """Return the folder of an image where pyproject.toml is when a command installs ``files``.

        The repository's own folder where all of it was copied, else where the command works; in an image without a
        working folder, where its requirements file is.
        """
        if self.context is not None:
            return self.context
        if self.folder not in {None, "/"}:
            return str(self.folder)
        wanted = set(files)
        return dirname(next((path for path, file in self.copied.items() if file in wanted), "/"))

    def _in_repository(self, path: str) -> str | None:
        """Return which file of the repository a path of an image is; None where its COPY lines do not say."""
        inside = normpath(join(self.folder or "/", path))
        if inside in self.copied:
            return self.copied[inside]
        root = "" if self.context is None else self.context.rstrip("/") + "/"
        found = inside.removeprefix(root)
        return found if root and found != inside and (found in self.paths or found in self.files) else None

    def _ending(self, path: str) -> tuple[str, ...]:
        """Return the one file that a path ends with, else the only one that ends as the path does."""
        if whole := [file for file in self.files if f"/{path}".endswith(f"/{file}")]:
            return (max(whole, key=len),)
        ends = [path]
        while "/" in ends[-1]:
            ends.append(ends[-1].partition("/")[2])
        for end in filter(None, ends):
            if found := tuple(file for file in self.files if f"/{file}".endswith(f"/{end}")):
                return found if len(found) == 1 else ()
        return ()

    def _matching(self, text: str) -> tuple[str, ...]:
        fixed = [re.escape(part) for part in _VARIABLE.split(text.removeprefix("./"))]
        if not any(re.search(r"req|constraint|deps", part, re.IGNORECASE) for part in fixed):
            return ()
        pattern = re.compile(r"(?:.*/)?" + "[^/]*".join(fixed))
        return tuple(file for file in self.files if pattern.fullmatch(file))


def _inside(path: str) -> str:
    """Return a path without its root or home, ``.`` and ``..`` undone."""
    return normpath("/" + path.removeprefix("~").lstrip("/")).strip("/")


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
    files: tuple[str, ...] = ()
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


def _shown(text: str) -> str:
    return redact(one_line(clean(text)))


def install_files(
    files: Sequence[str], known: Knowledge, extras: Iterable[str] = (), *, with_project: bool = False
) -> str:
    """Return the ``poetry install`` in place of pip's with these files, and the project where it or a file names it."""
    named = [known.extras[file] for file in files if file in known.extras]
    without = known.is_package and not (with_project or named)
    words = [*extras, *(f"--extras {extra}" for several in named for extra in several)]
    end = (*["--no-root"] * without, *dict.fromkeys(words))
    return install_line(known.groups_of(files), known, words=end)


def install_line(
    groups: Iterable[str], known: Knowledge, *, words: tuple[str, ...] = (), command: str = "install"
) -> str:
    """Return the ``poetry install`` that gives exactly these groups, ``poetry hw-install`` for a hardware variant.

    ``words`` are put at the end, such as ``--no-root``.
    """
    declared = {MAIN, *(group.name for group in known.groups)}  # a file without lines gets no group
    wanted = {name: known.group(name).backend for name in groups if name in declared}
    backends = [backend for backend in wanted.values() if backend]
    plain = list(wanted)
    start = ["poetry", command]
    if backends and command == "install":
        start = ["poetry", "hw-install", "--hardware", backends[0]]
        plain = [name for name, backend in wanted.items() if not backend]
    default = {group.name for group in known.groups if not group.optional and not group.backend} | {MAIN}
    more = [name for name in plain if name not in default]
    if set(plain) >= default and (more or default != {MAIN}):
        selection = ["--with", ",".join(more)] if more else []
    else:
        selection = ["--only", ",".join(sorted(plain, key=lambda name: name != MAIN))] if plain else []
    return " ".join([*start, *selection, *words])
