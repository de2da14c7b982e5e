"""What a Dockerfile says: the shell text of each RUN, its working folder, and which file of the repository a path is.

WORKDIR, ENV, ARG, COPY and ADD are followed through the stages as builders do (Dockerfile reference, version 1);
sources are paths of the project, as its root is the usual build context.
"""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from posixpath import join, normpath
from typing import TYPE_CHECKING, Final

from poetry_aiops.migrate.legacy.shell import Script, one_line_of


if TYPE_CHECKING:
    from collections.abc import Iterator

    from poetry_aiops.migrate.legacy.model import Knowledge, KnownFile
    from poetry_aiops.migrate.legacy.scripts import FileText


_HEAD: Final = re.compile(
    r"^\s*(?:ONBUILD\s+)?(?P<name>[A-Za-z]+)\s+(?P<rest>.*)$", re.DOTALL | re.IGNORECASE
)
_FROM: Final = re.compile(r"(?:--\S+\s+)*(?P<base>\S+)(?:\s+AS\s+(?P<name>\S+))?\s*$", re.IGNORECASE)
_PYTHON: Final = re.compile(r"(?:\S*/)?python(?::(?P<tag>[^@]*)|@|$)")
_PAIR: Final = re.compile(r"(?P<name>\w+)=(?P<value>\"[^\"]*\"|'[^']*'|\S*)")
_DOCUMENT: Final = re.compile(r"<<-?\s*[\"']?(?P<tag>\w+)[\"']?\s*$")
_FLAGS: Final = re.compile(r"--[\w-]+=\S+|^(\s*)CMD(?=\s)")
_RUNS: Final = frozenset({"run", "cmd", "entrypoint", "healthcheck"})


@dataclass(frozen=True)
class Stage:
    """What a stage has become at some line.

    ``python`` is the tag of the image of Python that it is built upon, ``""`` without a tag, None for another image.
    ``number`` counts the FROM lines, ``parents`` are the stages that it is built upon.
    """

    known: Knowledge
    number: int = 0
    parents: tuple[int, ...] = ()
    python: str | None = None
    is_root: bool = True
    environment: str | None = None


@dataclass(frozen=True)
class Copy:
    """A COPY or ADD of migrated files: its lines (0-based, the last not included) and its words.

    ``sources`` are those that are more than migrated files, ``target`` is the image's folder that it copies to,
    ``folder`` the one where it works.
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
class ReadImage:
    """A Dockerfile, read: its shell text, what is known at each instruction, and every COPY of a migrated file."""

    stages: dict[int, Stage]
    """By the instruction's first line, 1-based."""
    scripts: list[Script] = field(default_factory=list)
    copies: list[Copy] = field(default_factory=list)

    def at(self, line: int) -> Stage:
        """Return the stage at the instruction that a line belongs to."""
        return self.stages[self.start(line)]

    def start(self, line: int) -> int:
        """Return the first line of the instruction that a line belongs to."""
        return max(start for start in self.stages if start <= line)


def read_image(file: FileText, path: str, known: Knowledge) -> ReadImage:
    """Return what a Dockerfile at ``path`` says."""
    return _DockerfileReader(file, path, known).read()


class _DockerfileReader:
    def __init__(self, file: FileText, path: str, known: Knowledge) -> None:
        self.file = file
        self.path = path
        self.known = replace(known, folder="/", copied={})
        self.stage = Stage(self.known)
        self.named: dict[str, Stage] = {}
        self.name = ""
        self.image = ReadImage({0: self.stage})

    def read(self) -> ReadImage:
        count = 0
        for start, end in _instructions(self.file.lines):
            lines = [line for line in self.file.lines[start:end] if not line.lstrip().startswith("#")]
            head = _HEAD.match(" ".join(line.rstrip().removesuffix("\\") for line in lines))
            if head is None:
                continue
            name, rest = head["name"].lower(), head["rest"].strip()
            if name == "from":
                count += 1
                self._from(rest, count)
            elif name in {"arg", "env"}:
                self._set(name, rest)
            elif name == "workdir":
                self.known = replace(self.known, folder=self._absolute(self.known.filled(rest.strip("\"'"))))
            elif name == "user":
                self.stage = replace(self.stage, is_root=rest.split(":")[0] in {"root", "0"})
            elif name in {"copy", "add"}:
                self._copy(start, end, one_line_of("\n".join(lines)), head["name"], rest)
            elif name in _RUNS:
                self.image.scripts += _scripts(self.file, start, end, rest)
            self.stage = self.image.stages[start + 1] = replace(self.stage, known=self.known)
            if self.name:
                self.named[self.name] = self.stage
        return self.image

    def _from(self, rest: str, number: int) -> None:
        found = _FROM.match(self.known.filled(rest))
        base = found["base"] if found else ""
        self.name = (found["name"] or "").lower() if found else ""
        if base.lower() in self.named:
            stage = self.named[base.lower()]
            self.known = stage.known
            self.stage = replace(stage, number=number, parents=(*stage.parents, stage.number))
        else:
            self.known = replace(self.known, folder="/", copied={}, context=None)
            python = _PYTHON.match(base)
            self.stage = Stage(self.known, number, python=(python["tag"] or "") if python else None)

    def _set(self, name: str, rest: str) -> None:
        pairs = {one["name"]: self.known.filled(one["value"].strip("\"'")) for one in _PAIR.finditer(rest)}
        if name == "env" and not _PAIR.match(rest):
            key, _, value = rest.partition(" ")
            pairs = {key: self.known.filled(value.strip().strip("\"'"))}
        self.known = replace(self.known, variables={**self.known.variables, **pairs})
        if name == "env" and "VIRTUAL_ENV" in pairs:
            self.stage = replace(self.stage, environment=pairs["VIRTUAL_ENV"])

    def _absolute(self, path: str) -> str:
        return normpath("/" + join(self.known.folder or "/", path).lstrip("/"))

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
        found = {source: self._copied(source) for source in sources}
        folders = any(is_folder for is_folder, _ in found.values())
        is_folder = folders or target.endswith(("/", ".")) or len(sources) > 1
        folder = self._absolute(target if is_folder else str(PurePosixPath(target).parent))
        placed = {
            (join(folder, inside) if is_folder else self._absolute(target)): path
            for _, files in found.values()
            for inside, path in files.items()
        }
        self.known = replace(self.known, copied={**self.known.copied, **placed})
        migrated = {file.path: file for file in self.known.files}
        others = tuple(
            source
            for source, (_, files) in found.items()
            if not files or set(files.values()) - migrated.keys()
        )
        files = tuple(migrated[path] for path in dict.fromkeys(placed.values()) if path in migrated)
        if files:
            here = str(self.known.folder)
            self.image.copies.append(Copy(start, end, text, name, flags, others, last, folder, files, here))

    def _copied(self, source: str) -> tuple[bool, dict[str, str]]:
        """Return whether a source is a folder, and the repository's files of it by where each is below the target."""
        path = normpath(self.known.filled(source)).lstrip("/")
        files = {file.path for file in self.known.files} | self.known.paths
        inside = {one[len(path) + 1 :]: one for one in files if one.startswith(f"{path}/")}
        if inside:
            return True, inside
        outside = replace(self.known, folder=None)
        named = [path] if path in self.known.paths else [one.path for one in outside.find(source, self.path)]
        return False, {PurePosixPath(one).name: one for one in named}


def _words(rest: str) -> list[str]:
    if rest.startswith("["):
        try:
            return [str(word) for word in json.loads(rest)]
        except ValueError:
            return []
    return [word.strip("\"'") for word in rest.split()]


def _instructions(lines: list[str]) -> Iterator[tuple[int, int]]:
    """Yield the first line and the line after the last of every instruction, both 0-based."""
    at = 0
    while at < len(lines):
        start = at
        at += 1
        if not lines[start].strip() or lines[start].lstrip().startswith("#"):
            continue
        opened = _DOCUMENT.search(lines[start])
        if opened:
            while at < len(lines) and lines[at].strip() != opened["tag"]:
                at += 1
            at += 1
        else:
            at = _continued(lines, start)
        yield start, min(at, len(lines))


def _continued(lines: list[str], start: int) -> int:
    """Return the line after a continued one; comments and empty lines in between do not end it."""
    at = start
    while at < len(lines) and (
        lines[at].rstrip().endswith("\\")
        or (at > start and (not lines[at].strip() or lines[at].lstrip().startswith("#")))
    ):
        at += 1
    return at + 1


def _scripts(file: FileText, start: int, end: int, rest: str) -> Iterator[Script]:
    """Yield the shell text of RUN, CMD, ENTRYPOINT and HEALTHCHECK, from which flags and comments are taken out."""
    head = _HEAD.match(file.lines[start])
    first = " " * head.start("rest") + head["rest"] if head else ""
    first = _FLAGS.sub(lambda found: " " * len(found[0]), first)
    opened = _DOCUMENT.search(first)
    if opened and not first[: opened.start()].strip():
        yield file.script(start + 1, max(end - 1, start + 1))
    elif first.lstrip().startswith("["):
        words = _words(rest[rest.index("[") :])
        yield Script(shlex.join(words), start + 1)
    else:
        # a comment between continued lines does not end them: it is one more continued line
        following = [
            " " * (len(line) - 1) + "\\" if line.lstrip().startswith("#") else line
            for line in file.lines[start + 1 : end]
        ]
        yield Script("\n".join([first, *following]), start + 1, file.starts[start])
