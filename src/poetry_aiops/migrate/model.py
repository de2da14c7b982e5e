"""What is in requirements files, as frozen values; every physical line of a file belongs to exactly one Line.

Paths are POSIX paths relative to the project's folder. No value of these classes is shown to anyone before
``redact`` has been over it: ``raw``, ``url`` and option values hold what the file holds, credentials included.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal


if TYPE_CHECKING:
    from collections.abc import Mapping


LineKind = Literal["requirement", "include", "constraint", "option", "comment", "blank"]
Origin = Literal["index", "url", "git", "path", "file", "project"]
Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a file; ``line`` is 1-based, 0 for the file as a whole."""

    file: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


@dataclass(frozen=True, slots=True)
class Problem:
    """Something to report about a line: an ``error`` stops the migration, a ``warning`` is shown, a ``note`` reported.

    ``suggestion`` is what to do; ``fixed`` is the line that ``--fix`` would write instead, ``""`` to take it out,
    None where no machine can know. ``last`` is the last line of a problem that spans several.
    """

    severity: Severity
    place: Place
    what: str
    why: str = ""
    suggestion: str = ""
    fixed: str | None = None
    last: int | None = None


@dataclass(frozen=True, slots=True)
class Option:
    """One option of pip: its long name without dashes (``extra-index-url``) and its value as written."""

    name: str
    value: str | None
    place: Place


@dataclass(frozen=True, slots=True)
class ReadRequirement:
    """One requirement as pip reads it.

    ``name`` is canonical, ``pretty_name`` as written; ``name_guessed`` where only a repository or folder name says
    it. ``specifier`` is PEP 440 in the order of the file, ``marker`` in packaging's spelling, ``""`` for none.
    ``url`` is what pip would fetch, for every origin but ``index``; for ``git`` without the ``git+``'s revision and
    fragment, which are ``revision`` and ``subdirectory``. ``path`` is the local place relative to the project.
    ``origin`` ``project`` is the project itself (``-e .``). ``via`` are the lines of a pip-compile annotation;
    None without one. ``hashes`` are ``sha256:...``, from ``--hash`` and from URL fragments. ``comments`` are the
    comment lines right above, then the one behind it, without ``#``. ``link`` is the whole URL as pip holds it,
    credentials and fragment included, a local place as ``file:`` and ``path``; None for a plain name. ``direct``
    is ``name @ url``; ``pretty_extras`` are the extras as written. A ``file:`` URL of a conda build is origin ``index`` with its ``link`` kept.
    """

    place: Place
    name: str
    pretty_name: str
    origin: Origin = "index"
    extras: tuple[str, ...] = ()
    specifier: str = ""
    marker: str = ""
    url: str | None = None
    revision: str | None = None
    subdirectory: str | None = None
    path: str | None = None
    editable: bool = False
    name_guessed: bool = False
    hashes: tuple[str, ...] = ()
    options: tuple[Option, ...] = ()
    via: tuple[str, ...] | None = None
    comments: tuple[str, ...] = ()
    link: str | None = None
    direct: bool = False
    pretty_extras: tuple[str, ...] = ()

    @property
    def pin(self) -> str | None:
        """The version of a ``==`` or ``===`` without wildcard, None when it is not pinned to one."""
        if not self.specifier.startswith("==") or "," in self.specifier or self.specifier.endswith(".*"):
            return None
        return self.specifier.lstrip("=")


@dataclass(frozen=True, slots=True)
class Line:
    """One logical line; ``raw`` is its physical text with line ends, so that all of them joined are the file's text.

    ``number`` and ``last`` are its physical lines. ``target`` is the file of an include or constraint as written.
    ``options`` are all options of the line, those of a requirement included.
    """

    number: int
    last: int
    raw: str
    kind: LineKind
    comment: str = ""
    requirement: ReadRequirement | None = None
    target: str | None = None
    options: tuple[Option, ...] = ()


@dataclass(frozen=True, slots=True)
class RequirementsFile:
    """One file: ``encoding`` and ``newline`` (LF, CRLF or CR) as found; ``generated`` by pip-compile or uv."""

    path: str
    data: bytes
    encoding: str
    newline: str
    lines: tuple[Line, ...]
    generated: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """What pip reads from one file, its includes followed: in pip's order, includes before what comes after them.

    ``options`` are those in force in the end: a later ``--index-url`` drops the extra indexes before it.
    ``files`` are the followed files, itself first; ``constraint_files`` those that came by ``-c``.
    """

    entry: str
    requirements: tuple[ReadRequirement, ...]
    constraints: tuple[ReadRequirement, ...]
    options: tuple[Option, ...]
    dropped: tuple[Option, ...]
    files: tuple[str, ...]
    constraint_files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tree:
    """All files that were given or are reached from them, each once, and the reading of each given one."""

    files: Mapping[str, RequirementsFile]
    readings: Mapping[str, Reading]
    problems: tuple[Problem, ...]

    @property
    def errors(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.problems if problem.severity == "error")
