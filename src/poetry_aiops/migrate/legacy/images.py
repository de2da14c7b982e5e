"""What a Dockerfile says: the shell text of each RUN, its working folder, and which file of the repository a path is.

WORKDIR, ENV, ARG, COPY and ADD are followed through the stages as builders do (Dockerfile reference, version 1);
sources are paths of the project, as its root is the usual build context.
"""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from posixpath import join, normpath
from typing import TYPE_CHECKING, Final

from poetry_aiops.migrate.legacy.model import OldCommand, Stage
from poetry_aiops.migrate.legacy.shell import Script, one_line_of


if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from poetry_aiops.migrate.legacy.model import Knowledge, KnownFile
    from poetry_aiops.migrate.legacy.scripts import FileText
    from poetry_aiops.migrate.model import Place


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
class Copy:
    """A COPY or ADD of migrated files with its words; ``text`` is ``span`` of the file.

    ``sources`` are those that are more than migrated files, ``target`` is the image's folder that it copies to.
    """

    text: str
    span: tuple[int, int]
    name: str
    flags: tuple[str, ...]
    sources: tuple[str, ...]
    last: str
    target: str
    files: tuple[KnownFile, ...]

    def finding(self, known: Knowledge, place: Place, following: Sequence[OldCommand]) -> OldCommand:
        """Return it with pyproject.toml and poetry.lock, which go to where the commands ``following`` it install."""
        user = next((one for one in following if set(one.files) & set(self.files)), None)
        manifest = self.target
        if user is not None:
            manifest = replace(user.known, context=None).manifest_folder(user.files)
        here = "./" if manifest == known.folder else manifest.rstrip("/") + "/"
        needed = ("pyproject.toml", "poetry.lock", *(known.needs or ()))
        names = [name for name in needed if name not in self.sources]
        if not self.sources or manifest == self.target:
            today = " ".join([self.name, *self.flags, *names, *self.sources, here])
        else:
            rest = " ".join([self.name, *self.flags, *self.sources, self.last])
            today = " ".join([self.name, *self.flags, *names, here]) + "\n" + rest
        why = "`poetry install` reads pyproject.toml and poetry.lock"
        return OldCommand(
            "docker-copy",
            why,
            today,
            files=self.files,
            place=place,
            text=self.text,
            span=self.span,
            known=known,
        )


def image_parts(file: FileText, known: Knowledge) -> Iterator[tuple[Script | Copy, Knowledge]]:
    """Yield the shell text of a Dockerfile and its COPY lines, with what is known where each stands."""
    known, number = _clean(known), 0
    named: dict[str, Knowledge] = {}
    name_of_stage = ""
    for start, end in _instructions(file.lines):
        lines = [line for line in file.lines[start:end] if not line.lstrip().startswith("#")]
        head = _HEAD.match(" ".join(line.rstrip().removesuffix("\\") for line in lines))
        if head is None:
            continue
        name, rest = head["name"].lower(), head["rest"].strip()
        copy = None
        if name == "from":
            number += 1
            known, name_of_stage = _from(known, rest, number, named)
        elif name in {"arg", "env", "workdir", "user"}:
            known = _set(known, name, rest)
        elif name in {"copy", "add"}:
            span = file.starts[start], file.starts[end] - 1
            known, copy = _copy(known, one_line_of("\n".join(lines)), span, head["name"], rest)
        known = replace(known, stage=replace(known.stage, line=start + 1))
        if name_of_stage:
            named[name_of_stage] = known
        if copy is not None:
            yield copy, known
        for script in _scripts(file, start, end, rest) if name in _RUNS else ():
            yield script, known


def _from(known: Knowledge, rest: str, number: int, named: dict[str, Knowledge]) -> tuple[Knowledge, str]:
    """Return what is known behind a FROM, and the name of its stage."""
    found = _FROM.match(known.filled(rest))
    base, name = (found["base"], (found["name"] or "").lower()) if found else ("", "")
    if base.lower() in named:
        known = named[base.lower()]
        parents = (*known.stage.parents, known.stage.number)
        return replace(known, stage=replace(known.stage, number=number, parents=parents)), name
    python = _PYTHON.match(base)
    stage = Stage(number=number, python=(python["tag"] or "") if python else None)
    return replace(_clean(known), stage=stage), name


def _clean(known: Knowledge) -> Knowledge:
    return replace(known, folder="/", copied={}, context=None)


def _set(known: Knowledge, name: str, rest: str) -> Knowledge:
    if name == "workdir":
        return replace(known, folder=_absolute(known, known.filled(rest.strip("\"'"))))
    if name == "user":
        return replace(
            known, stage=replace(known.stage, is_root=rest.split(":", maxsplit=1)[0] in {"root", "0"})
        )
    pairs = {one["name"]: known.filled(one["value"].strip("\"'")) for one in _PAIR.finditer(rest)}
    if name == "env" and not _PAIR.match(rest):
        key, _, value = rest.partition(" ")
        pairs = {key: known.filled(value.strip().strip("\"'"))}
    environment = pairs.get("VIRTUAL_ENV") if name == "env" else None
    stage = replace(known.stage, environment=environment or known.stage.environment)
    return replace(known, variables={**known.variables, **pairs}, stage=stage)


def _absolute(known: Knowledge, path: str) -> str:
    return normpath("/" + join(known.folder or "/", path).lstrip("/"))


def _copy(
    known: Knowledge, text: str, span: tuple[int, int], name: str, rest: str
) -> tuple[Knowledge, Copy | None]:
    """Return what is known behind a COPY or ADD, and the line itself where it copies migrated files."""
    words = _words(rest)
    flags = tuple(word for word in words if word.startswith("--"))
    *sources, last = [word for word in words if not word.startswith("--")] or [""]
    if not sources or any(flag.startswith("--from=") for flag in flags):
        return known, None
    target = known.filled(last)
    if any(source in {".", "./", "*"} for source in sources):
        return replace(known, context=_absolute(known, target)), None
    found = {source: _copied(known, source) for source in sources}
    folders = any(is_folder for is_folder, _ in found.values())
    is_folder = folders or target.endswith(("/", ".")) or len(sources) > 1
    folder = _absolute(known, target if is_folder else str(PurePosixPath(target).parent))
    placed = {
        (join(folder, inside) if is_folder else _absolute(known, target)): path
        for _, files in found.values()
        for inside, path in files.items()
    }
    known = replace(known, copied={**known.copied, **placed})
    migrated = {file.path: file for file in known.files}
    others = tuple(
        source for source, (_, files) in found.items() if not files or set(files.values()) - migrated.keys()
    )
    files = tuple(migrated[path] for path in dict.fromkeys(placed.values()) if path in migrated)
    return known, Copy(text, span, name, flags, others, last, folder, files) if files else None


def _copied(known: Knowledge, source: str) -> tuple[bool, dict[str, str]]:
    """Return whether a source is a folder, and the repository's files of it by where each is below the target."""
    path = normpath(known.filled(source)).lstrip("/")
    files = {file.path for file in known.files} | known.paths
    inside = {one[len(path) + 1 :]: one for one in files if one.startswith(f"{path}/")}
    if inside:
        return True, inside
    outside = replace(known, folder=None)
    named = [path] if path in known.paths else [one.path for one in outside.find(source)]
    return False, {PurePosixPath(one).name: one for one in named}


def _words(rest: str) -> list[str]:
    if rest.startswith("["):
        try:
            return [str(word) for word in json.loads(rest)]
        except ValueError:
            return []
    return [word.strip("\"'") for word in rest.split()]


def _instructions(lines: list[str]) -> Iterator[tuple[int, int]]:
    """Yield the first line and the line after the last of every instruction, both 0-based.

    Comments and empty lines between continued lines do not end them.
    """
    at = 0
    while at < len(lines):
        start = at
        at += 1
        if not lines[start].strip() or lines[start].lstrip().startswith("#"):
            continue
        if opened := _DOCUMENT.search(lines[start]):
            while at < len(lines) and lines[at].strip() != opened["tag"]:
                at += 1
            at += 1
        else:
            at = start
            while at < len(lines) and (
                lines[at].rstrip().endswith("\\")
                or (at > start and (not lines[at].strip() or lines[at].lstrip().startswith("#")))
            ):
                at += 1
            at += 1
        yield start, min(at, len(lines))


def _scripts(file: FileText, start: int, end: int, rest: str) -> Iterator[Script]:
    """Yield the shell text of RUN, CMD, ENTRYPOINT and HEALTHCHECK, from which flags and comments are taken out."""
    head = _HEAD.match(file.lines[start])
    first = " " * head.start("rest") + head["rest"] if head else ""
    first = _FLAGS.sub(lambda found: " " * len(found[0]), first)
    opened = _DOCUMENT.search(first)
    if opened and not first[: opened.start()].strip():
        yield file.script(start + 1, max(end - 1, start + 1))
    elif first.lstrip().startswith("["):
        yield Script(shlex.join(_words(rest[rest.index("[") :])), start + 1)
    else:
        # a comment between continued lines does not end them: it is one more continued line
        following = [
            " " * (len(line) - 1) + "\\" if line.lstrip().startswith("#") else line
            for line in file.lines[start + 1 : end]
        ]
        yield Script("\n".join([first, *following]), start + 1, file.starts[start])
