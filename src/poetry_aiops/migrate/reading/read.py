"""Requirements files with everything that they include -> Tree, followed as pip follows them.

``-r`` and ``-c`` are relative to the including file. A file that is reached on two ways is read once (pip reads it
twice, to the same end). Files outside the project's folder are followed where ``Neighbours`` answers for them.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING

from poetry_aiops.migrate.model import Reading, Tree
from poetry_aiops.migrate.reading.conda import is_environment, read_environment
from poetry_aiops.migrate.reading.notes import Notes
from poetry_aiops.migrate.reading.parse import parse_file
from poetry_aiops.system.addresses import redact


if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from poetry_aiops.migrate.model import Line, Option, Problem, ReadRequirement, RequirementsFile
    from poetry_aiops.migrate.reading.notes import Neighbours


GLOBAL_ANYWHERE = frozenset({"no-binary", "only-binary", "all-releases", "only-final"})
"""Behind a requirement, too, these hold for all packages: pip keeps them in one object for all lines."""
_FILES = frozenset({"requirement", "constraint", "editable"})
_INDEXES = frozenset({"index-url", "extra-index-url"})


DEEPEST = 100
"""No one nests files so deep; deeper includes are refused rather than followed."""


def read_tree(entries: Sequence[str], neighbours: Neighbours) -> Tree:
    """Return the given files (POSIX paths relative to the project's folder), all that they reach, and all problems."""
    reader = _TreeReader(neighbours)
    readings: dict[str, Reading] = {}
    for entry in entries:
        path = posixpath.normpath(entry)
        if path in readings:
            continue
        if reader.file(path) is None:
            reader.tell(path).error(0, "the file does not exist", "", _nearby(path, neighbours))
            continue
        readings[path] = _EntryReader(reader, path).read()
    return Tree(reader.files, readings, reader.problems())


class _TreeReader:
    """Reads each file once and keeps what is to be reported about it."""

    def __init__(self, neighbours: Neighbours) -> None:
        self.neighbours = neighbours
        self.files: dict[str, RequirementsFile] = {}
        self._told: dict[str, dict[Problem, None]] = {}
        self._notes: list[Notes] = []
        self._absent: set[str] = set()

    def file(self, path: str) -> RequirementsFile | None:
        if path in self.files or path in self._absent:
            return self.files.get(path)
        data = self.neighbours.read(path)
        if data is None:
            self._absent.add(path)
            return None
        read = read_environment if is_environment(path) else parse_file
        self.files[path], problems = read(path, data, self.neighbours)
        self._told[path] = dict.fromkeys(problems)
        return self.files[path]

    def tell(self, path: str) -> Notes:
        """Return where to put problems that only the whole tree shows."""
        notes = Notes(path, self.neighbours)
        self._notes.append(notes)
        return notes

    def problems(self) -> tuple[Problem, ...]:
        """Return all problems, file by file in the order of reading, each once, in the order of lines."""
        for notes in self._notes:
            self._told.setdefault(notes.file, {}).update(dict.fromkeys(notes.problems))
        return tuple(
            problem
            for reported in self._told.values()
            for problem in sorted(reported, key=lambda problem: problem.place.line)
        )


class _EntryReader:
    """Follows one given file."""

    def __init__(self, tree: _TreeReader, entry: str) -> None:
        self._tree = tree
        self._entry = entry
        self._requirements: list[ReadRequirement] = []
        self._constraints: list[ReadRequirement] = []
        self._options = InForce()
        self._files: dict[str, None] = {}
        self._constraint_files: dict[str, None] = {}
        self._read: set[tuple[str, bool]] = set()

    def read(self) -> Reading:
        self._follow(self._entry, (self._entry,), constraint=False)
        return Reading(
            entry=self._entry,
            requirements=tuple(self._requirements),
            constraints=tuple(self._constraints),
            options=tuple(self._options.options),
            dropped=tuple(self._options.dropped),
            files=tuple(self._files),
            constraint_files=tuple(self._constraint_files),
        )

    def _follow(self, path: str, chain: tuple[str, ...], *, constraint: bool) -> None:
        file = self._tree.file(path)
        if file is None or (path, constraint) in self._read:
            return
        self._read.add((path, constraint))
        (self._constraint_files if constraint else self._files)[path] = None
        notes = self._tree.tell(path)
        for line in file.lines:
            if line.kind in {"include", "constraint"} and line.target is not None:
                self._include(line, path, chain, notes, within_constraints=constraint)
            elif line.kind in {"requirement", "option"}:
                self._take(line, notes, constraint=constraint)

    def _take(self, line: Line, notes: Notes, *, constraint: bool) -> None:
        requirement = line.requirement
        if line.options:
            lost = self._options.read_line(line.options, with_requirement=line.kind == "requirement")
            if lost:
                _tell_dropped(line, lost, notes)
        if requirement is None:
            return
        if not constraint:
            self._requirements.append(requirement)
            return
        self._constraints.append(requirement)
        _tell_constraint(requirement, notes)

    def _include(
        self, line: Line, path: str, chain: tuple[str, ...], notes: Notes, *, within_constraints: bool
    ) -> None:
        target = line.target or ""
        inside = _resolve(target, path, line, notes)
        if inside is None:
            return
        if inside in chain:
            shown = " -> ".join((*chain[chain.index(inside) :], inside))
            notes.error(
                line.number,
                f"the files include each other: {shown}",
                "pip refuses them.",
                "Remove one of these includes.",
            )
            return
        if len(chain) > DEEPEST:
            notes.error(
                line.number, f"includes nest deeper than {DEEPEST} files", "", "Include fewer levels."
            )
            return
        if self._tree.file(inside) is None:
            _tell_missing(target, inside, line, notes)
            return
        if within_constraints and line.kind == "include":
            notes.warning(
                line.number,
                f"-r {target} in a constraints file gives requirements, not constraints",
                "pip installs them.",
                f"If constraints are meant, write: -c {target}",
            )
        self._follow(inside, (*chain, inside), constraint=line.kind == "constraint")


def _resolve(target: str, path: str, line: Line, notes: Notes) -> str | None:
    if "://" in target or target.lower().startswith(("http:", "https:", "file:", "ftp:")):
        notes.error(
            line.number,
            f"{redact(target)} is a remote file",
            "Its content can change, and migrate-reqs downloads nothing.",
            "Download it into the project and include the copy.",
        )
        return None
    if target.startswith(("/", "~")) or target[1:3] in {":\\", ":/"}:
        notes.error(
            line.number,
            f"{target} is a path on one machine",
            "No other machine has it.",
            "Write a path relative to this file.",
        )
        return None
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), target))


def _tell_missing(target: str, inside: str, line: Line, notes: Notes) -> None:
    if inside.startswith("../"):
        notes.error(
            line.number,
            f"{target} is outside the project's folder ({inside})",
            "It is not followed: there is no such file in the same repository.",
            "Copy it into the project, or run the command in the folder that holds both.",
        )
        return
    kind = "constraints" if line.kind == "constraint" else "requirements"
    variable = "Variables in it are not expanded." if "${" in target else ""
    notes.error(
        line.number,
        f"the {kind} file {inside} does not exist",
        variable or f"{target} is relative to the folder of this file.",
        _nearby(inside, notes.neighbours, posixpath.normpath(target)),
    )


def _nearby(path: str, neighbours: Neighbours, from_root: str | None = None) -> str:
    if from_root is not None and from_root != path and neighbours.read(from_root) is not None:
        return f"{from_root} exists, seen from the project's folder: write the path relative to this file."
    folder, _, name = path.rpartition("/")
    close = get_close_matches(name, [str(one) for one in neighbours.names(folder or ".")][:500], n=1)
    return f"Did you mean {f'{folder}/' if folder else ''}{close[0]}?" if close else "Correct the path."


def _tell_dropped(line: Line, lost: tuple[Option, ...], notes: Notes) -> None:
    for option in lost:
        if option.name in {"index-url", "extra-index-url"}:
            notes.warning(
                line.number,
                f"pip drops --{option.name} {redact(option.value or '')} ({option.place}) here",
                "An --index-url or --no-index replaces every index before it.",
                "Put --index-url first if both are meant.",
            )


def _tell_constraint(requirement: ReadRequirement, notes: Notes) -> None:
    line = requirement.place.line
    if requirement.editable:
        notes.error(
            line,
            "an editable requirement in a constraints file",
            "pip refuses it.",
            "Remove the line, or the -e.",
        )
    elif requirement.extras:
        notes.warning(
            line,
            f"extras in a constraints file: {', '.join(requirement.extras)}",
            "pip refuses to install with them.",
        )


@dataclass(slots=True)
class InForce:
    """Collects options in the order in which pip reads them; ``off`` says that pip asks no index any more."""

    options: list[Option] = field(default_factory=list)
    dropped: list[Option] = field(default_factory=list)
    off: bool = False

    def read_line(self, options: Iterable[Option], *, with_requirement: bool) -> tuple[Option, ...]:
        """Take the options of one line; return the extra indexes that this line drops."""
        line = [option for option in options if option.name not in _FILES and option.name != "hash"]
        if with_requirement:
            self.options.extend(option for option in line if option.name in GLOBAL_ANYWHERE)
            return ()
        lost: list[Option] = []
        off = self.off = self.off or any(option.name == "no-index" for option in line)
        if off or any(option.name == "index-url" for option in line):
            lost = [option for option in self.options if option.name in _INDEXES]
            self.options = [option for option in self.options if option.name not in _INDEXES]
        kept = line if not off else [option for option in line if option.name not in _INDEXES]
        lost.extend(option for option in line if option not in kept)
        names = [option for option in kept if option.name == "index-url"]
        lost.extend(names[:-1])
        links = [option for option in kept if option.name == "find-links"]
        lost.extend(links[1:])
        self.options.extend(option for option in kept if option not in lost)
        self.dropped.extend(lost)
        return tuple(lost)
