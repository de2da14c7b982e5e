"""What a Dockerfile says: the shell text of each RUN, its working folder, and which file of the repository a path is.

WORKDIR, ENV, ARG, COPY and ADD are followed through the stages as builders do (Dockerfile reference, version 1);
sources are paths of the project, as its root is the usual build context.
"""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass, replace
from posixpath import basename, dirname, join, normpath
from typing import TYPE_CHECKING, Final

from poetry_aiops.migrate.legacy.model import Knowledge, OldCommand, Stage
from poetry_aiops.migrate.legacy.shell import Script, one_line_of


if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

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


@dataclass(frozen=True)
class Copy:
    """A COPY or ADD of migrated ``files``, which is ``span`` of the file; ``known`` is what holds behind it.

    ``front`` is the instruction with its flags, ``sources`` are those that are more than migrated files, ``target``
    is the image's folder that it copies to and ``last`` how it is written.
    """

    text: str
    span: tuple[int, int]
    front: str
    sources: tuple[str, ...]
    last: str
    target: str
    files: tuple[str, ...]
    known: Knowledge

    def finding(self, place: Place, following: Sequence[OldCommand]) -> OldCommand:
        """Return it with pyproject.toml and poetry.lock, which go to where the commands ``following`` it install."""
        known, manifest = self.known, self.target
        user = next((one for one in following if set(one.files) & set(self.files)), None)
        if user is not None:
            manifest = replace(user.known, context=None).manifest_folder(user.files)
        here = "./" if manifest == known.folder else manifest.rstrip("/") + "/"
        needed = ("pyproject.toml", "poetry.lock", *(known.needs or ()))
        names = [name for name in needed if name not in self.sources]
        if not self.sources or manifest == self.target:
            today = " ".join([self.front, *names, *self.sources, here])
        else:
            rest = " ".join([self.front, *self.sources, self.last])
            today = " ".join([self.front, *names, here]) + "\n" + rest
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
    outside = replace(known, folder="/")
    known, number = outside, 0
    named: dict[str, Knowledge] = {}
    name_of_stage = ""
    for start, end in _instructions(file.lines):
        lines = [line for line in file.lines[start:end] if not line.lstrip().startswith("#")]
        head = _HEAD.match(" ".join(line.rstrip().removesuffix("\\") for line in lines))
        if head is None:
            continue
        name, rest = head["name"].lower(), head["rest"].strip()
        if name == "from":
            number += 1
            found = _FROM.match(known.filled(rest))
            base, name_of_stage = (found["base"], (found["name"] or "").lower()) if found else ("", "")
            if base.lower() in named:
                known = named[base.lower()]
                parents = (*known.stage.parents, known.stage.number)
                known = replace(known, stage=replace(known.stage, number=number, parents=parents))
            else:
                python = _PYTHON.match(base)
                tag = (python["tag"] or "") if python else None
                known = replace(outside, variables=known.variables, stage=Stage(number=number, python=tag))
        else:
            known = _behind(known, name, rest)
        known = replace(known, stage=replace(known.stage, line=start + 1))
        if name in {"copy", "add"}:
            span = file.starts[start], file.starts[end] - 1
            known, copy = _copied(known, one_line_of("\n".join(lines)), span, head["name"], _words(rest))
            if copy is not None:
                yield copy, known
        elif name in {"run", "cmd", "entrypoint", "healthcheck"}:
            yield from ((script, known) for script in _scripts(file, start, end, rest))
        if name_of_stage:
            named[name_of_stage] = known


def _behind(known: Knowledge, name: str, rest: str) -> Knowledge:
    """Return what is known behind WORKDIR, USER, ARG and ENV, of which one may be written without ``=``."""
    stage = known.stage
    if name == "workdir":
        return replace(known, folder=known.at(known.filled(rest.strip("\"'"))))
    if name == "user":
        return replace(known, stage=replace(stage, is_root=rest.partition(":")[0] in {"root", "0"}))
    if name not in {"arg", "env"}:
        return known
    pairs = [(one["name"], one["value"]) for one in _PAIR.finditer(rest)]
    if name == "env" and not _PAIR.match(rest):
        key, _, value = rest.partition(" ")
        pairs = [(key, value.strip())]
    new = {key: known.filled(value.strip("\"'")) for key, value in pairs}
    if name == "env" and new.get("VIRTUAL_ENV"):
        stage = replace(stage, environment=new["VIRTUAL_ENV"])
    return replace(known, variables={**known.variables, **new}, stage=stage)


def _copied(
    known: Knowledge, text: str, span: tuple[int, int], name: str, words: list[str]
) -> tuple[Knowledge, Copy | None]:
    """Return what is known behind a COPY or ADD, and the line itself where it copies migrated files."""
    flags = [word for word in words if word.startswith("--")]
    *sources, last = [word for word in words if not word.startswith("--")] or [""]
    if not sources or any(flag.startswith("--from=") for flag in flags):
        return known, None
    target = known.filled(last)
    if {".", "./", "*"}.intersection(sources):
        return replace(known, context=known.at(target)), None
    is_folder = target.endswith(("/", ".")) or len(sources) > 1
    # the repository's files of each source, by their paths below the target
    found: dict[str, dict[str, str]] = {}
    for source in sources:
        path = normpath(known.filled(source)).lstrip("/")
        inside = {
            one[len(path) + 1 :]: one for one in {*known.files, *known.paths} if one.startswith(f"{path}/")
        }
        is_folder = is_folder or bool(inside)
        alone = (path,) if path in known.paths else replace(known, folder=None).find(source)
        found[source] = inside or {basename(one): one for one in alone}
    folder = known.at(target if is_folder else dirname(target))
    placed = {
        join(folder, inside) if is_folder else known.at(target): path
        for files in found.values()
        for inside, path in files.items()
    }
    known = replace(known, copied={**known.copied, **placed})
    migrated = tuple(path for path in dict.fromkeys(placed.values()) if path in known.files)
    others = tuple(
        one for one, files in found.items() if not files or set(files.values()) - known.files.keys()
    )
    copy = Copy(text, span, " ".join([name, *flags]), others, last, folder, migrated, known)
    return known, copy if migrated else None


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
        if _is_blank(lines[start]):
            continue
        if opened := _DOCUMENT.search(lines[start]):
            while at < len(lines) and lines[at].strip() != opened["tag"]:
                at += 1
            at += 1
        else:
            is_open = lines[start].rstrip().endswith("\\")
            while is_open and at < len(lines):
                is_open = _is_blank(lines[at]) or lines[at].rstrip().endswith("\\")
                at += 1
        yield start, min(at, len(lines))


def _is_blank(line: str) -> bool:
    return line.lstrip()[:1] in {"", "#"}


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
