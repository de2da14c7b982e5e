"""What a Dockerfile says about places: the working folder of each RUN, and which file of the repository a path is.

WORKDIR, ENV, ARG, COPY and ADD are followed through the stages as builders do (Dockerfile reference, version 1); sources
are paths of the project, as its root is the usual build context.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from posixpath import join, normpath
from typing import TYPE_CHECKING, Final

from poetry_aiops.migrate.legacy.scripts import instructions
from poetry_aiops.migrate.legacy.shell import one_line_of


if TYPE_CHECKING:
    from collections.abc import Iterator

    from poetry_aiops.migrate.legacy.model import Knowledge, KnownFile
    from poetry_aiops.migrate.legacy.scripts import FileText


_HEAD: Final = re.compile(r"^\s*(?:ONBUILD\s+)?(?P<name>[A-Za-z]+)\s+(?P<rest>.*)$", re.DOTALL)
_FROM: Final = re.compile(r"(?:--\S+\s+)*(?P<base>\S+)(?:\s+AS\s+(?P<name>\S+))?\s*$", re.IGNORECASE)
_PYTHON: Final = re.compile(r"(?:\S*/)?python(?::|@|$)")
_PAIR: Final = re.compile(r"(?P<name>\w+)=(?P<value>\"[^\"]*\"|'[^']*'|\S*)")


@dataclass
class Stage:
    """What a stage has become at some line; ``has_python``: its base is an image of Python.

    ``number`` counts the FROM lines, ``parents`` are the stages that it is built upon.
    """

    number: int = 0
    parents: tuple[int, ...] = ()
    has_python: bool = False
    is_root: bool = True
    environment: str | None = None
    known: Knowledge | None = None


@dataclass(frozen=True)
class Copy:
    """A COPY or ADD of migrated files: its lines (0-based, the last not included) and its words.

    ``sources`` are those that are more than migrated files, ``target`` is the image's folder that it copies to.
    """

    start: int
    end: int
    text: str
    name: str
    flags: tuple[str, ...]
    sources: tuple[str, ...]
    last: str
    target: str
    files: tuple[KnownFile, ...]
    folder: str

    def instead(self, manifest: str, needs: tuple[str, ...]) -> str:
        """Return the lines that bring pyproject.toml and poetry.lock into the folder ``manifest``."""
        here = "./" if manifest == self.folder else manifest.rstrip("/") + "/"
        names = [name for name in ("pyproject.toml", "poetry.lock", *needs) if name not in self.sources]
        if not self.sources or manifest == self.target:
            return " ".join([self.name, *self.flags, *names, *self.sources, here])
        rest = " ".join([self.name, *self.flags, *self.sources, self.last])
        return "\n".join([" ".join([self.name, *self.flags, *names, here]), rest])


@dataclass
class Image:
    """A Dockerfile, read: what is known at each RUN, and every COPY of a migrated file."""

    runs: dict[int, Stage] = field(default_factory=dict)
    """By the instruction's first line, 1-based."""
    copies: list[Copy] = field(default_factory=list)

    def at(self, line: int) -> Stage:
        """Return the stage at the instruction that a line belongs to."""
        return self.runs[max(start for start in self.runs if start <= line)]


def read_image(file: FileText, path: str, known: Knowledge) -> Image:
    """Return what a Dockerfile at ``path`` says about places."""
    return _Reader(path, known).read(file)


class _Reader:
    def __init__(self, path: str, known: Knowledge) -> None:
        self.path = path
        self.known = replace(known, folder="/", copied={})
        self.stage = Stage(known=self.known)
        self.named: dict[str, tuple[Stage, Knowledge]] = {}
        self.name = ""
        self.count = 0
        self.image = Image(runs={0: Stage(known=self.known)})

    def read(self, file: FileText) -> Image:
        for start, end in instructions(file.lines):
            lines = [line for line in file.lines[start:end] if not line.lstrip().startswith("#")]
            head = _HEAD.match(" ".join(line.rstrip().removesuffix("\\") for line in lines))
            if head is None:
                continue
            name, rest = head["name"].lower(), head["rest"].strip()
            if name == "from":
                self._from(rest)
            elif name in {"arg", "env"}:
                self._set(name, rest)
            elif name == "workdir":
                self.known = replace(self.known, folder=self._absolute(self.known.filled(rest.strip("\"'"))))
            elif name == "user":
                self.stage = replace(self.stage, is_root=rest.split(":")[0] in {"root", "0"})
            elif name in {"copy", "add"}:
                self._copy(start, end, one_line_of("\n".join(lines)), head["name"], rest)
            self.image.runs[start + 1] = replace(self.stage, known=self.known)
            if self.name:
                self.named[self.name] = (self.stage, self.known)
        return self.image

    def _from(self, rest: str) -> None:
        found = _FROM.match(self.known.filled(rest))
        base = found["base"] if found else ""
        self.name = (found["name"] or "").lower() if found else ""
        self.count += 1
        if base.lower() in self.named:
            stage, self.known = self.named[base.lower()]
            self.stage = replace(stage, number=self.count, parents=(*stage.parents, stage.number))
        else:
            self.stage = Stage(self.count, has_python=_PYTHON.match(base) is not None)
            self.known = replace(self.known, folder="/", copied={}, context=None)

    def _set(self, name: str, rest: str) -> None:
        pairs = {one["name"]: self.known.filled(one["value"].strip("\"'")) for one in _PAIR.finditer(rest)}
        if name == "env" and not _PAIR.match(rest):
            key, _, value = rest.partition(" ")
            pairs = {key: self.known.filled(value.strip().strip("\"'"))}
        self.known = replace(self.known, variables={**self.known.variables, **pairs})
        if name == "env" and "VIRTUAL_ENV" in pairs:
            self.stage = replace(self.stage, environment=pairs["VIRTUAL_ENV"])

    def _absolute(self, path: str) -> str:
        found = normpath(join(self.known.folder or "/", path))
        return found if found.startswith("/") else f"/{found}"

    def _copy(self, start: int, end: int, text: str, name: str, rest: str) -> None:
        words = _words(rest)
        flags = tuple(word for word in words if word.startswith("--"))
        *sources, last = [word for word in words if not word.startswith("--")] or [""]
        if not sources or any(flag.startswith("--from=") for flag in flags):
            return
        target = self.known.filled(last)
        if any(source in {".", "./", "*"} for source in sources):
            self.known = replace(self.known, context=self._absolute(target))
            return
        found = {source: dict(self._copied(source)) for source in sources}
        is_folder = target.endswith(("/", ".")) or len(sources) > 1 or any(map(self._is_folder, sources))
        folder = self._absolute(target if is_folder else str(PurePosixPath(target).parent))
        placed = {
            (join(folder, inside) if is_folder else self._absolute(target)): path
            for files in found.values()
            for inside, path in files.items()
        }
        self.known = replace(self.known, copied={**self.known.copied, **placed})
        mine = {file.path: file for file in self.known.files}
        kept = tuple(
            source for source, files in found.items() if not files or set(files.values()) - mine.keys()
        )
        files = tuple(mine[path] for path in dict.fromkeys(placed.values()) if path in mine)
        if files:
            here = str(self.known.folder)
            self.image.copies.append(Copy(start, end, text, name, flags, kept, last, folder, files, here))

    def _copied(self, source: str) -> Iterator[tuple[str, str]]:
        """Yield the repository's files of a source, with where each is put below the target."""
        outside = replace(self.known, folder=None)
        folder = normpath(self.known.filled(source)).lstrip("/")
        files = {file.path for file in self.known.files} | self.known.paths
        inside = [path for path in files if path.startswith(f"{folder}/")]
        yield from ((path[len(folder) + 1 :], path) for path in inside)
        if not inside and folder in self.known.paths:
            yield PurePosixPath(folder).name, folder
        elif not inside:
            yield from ((PurePosixPath(one.path).name, one.path) for one in outside.find(source, self.path))

    def _is_folder(self, source: str) -> bool:
        folder = normpath(self.known.filled(source)).lstrip("/")
        files = {file.path for file in self.known.files} | self.known.paths
        return any(path.startswith(f"{folder}/") for path in files)


def _words(rest: str) -> list[str]:
    if rest.lstrip().startswith("["):
        try:
            return [str(word) for word in json.loads(rest)]
        except ValueError:
            return []
    return [word.strip("\"'") for word in rest.split()]
