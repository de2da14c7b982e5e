"""Which files of a repository may hold commands, and the shell text in those that are neither YAML nor images."""

from __future__ import annotations

import ast
import re
import shlex
from itertools import accumulate
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final, Literal

from poetry_aiops.migrate.legacy.pipelines import pipeline_scripts
from poetry_aiops.migrate.legacy.shell import Script
from poetry_aiops.migrate.reading.setup_files import parsed_python
from poetry_aiops.system.repository_files import LARGEST, SKIPPED_FOLDERS


if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from poetry_aiops.system.repository_files import RepositoryFile


FileKind = Literal["shell", "dockerfile", "yaml", "make", "ini", "python", "toml"]

_KINDS: Final[tuple[tuple[str, FileKind], ...]] = (
    (
        r"(docker|container)file([-_.].*)?(?<!\.md)(?<!\.rst)(?<!\.txt)|.*\.(docker|container)file",
        "dockerfile",
    ),
    (r".+\.(sh|bash|zsh)", "shell"),
    (r".+\.ya?ml", "yaml"),
    (r".+\.(mk|just)|makefile(\..*)?|gnumakefile|\.?justfile", "make"),
    (r"tox\.ini|setup\.cfg", "ini"),
    (r"(noxfile|tasks)\.py", "python"),
    (r"pyproject\.toml", "toml"),
)
_ASSIGNMENT: Final = re.compile(
    r"^ *(?:export\s+)?[\w.-]+\s*(?::{0,3}|\?|\+|!)?=\s*(?P<quote>[\"']?)(?P<value>.*)$"
)
_TOX_COMMANDS: Final = re.compile(
    r"^(?:commands(?:_pre|_post)?|install_command|list_dependencies_command)\s*="
)
_TOX_FRONT: Final = re.compile(r"^(\s*)(?:[\w.,!{}-]+:\s+)?(?:-\s*)?")
_TASK: Final = re.compile(
    r"(?P<quote>[\"'])(?P<body>(?:python3?\s+-m\s+)?(?:pip|poetry|uv)[\w.-]*\s(?:\\.|(?!(?P=quote)).)*)(?P=quote)"
)
_CALLS: Final = frozenset(
    {"run", "run_always", "run_install", "call", "check_call", "check_output", "system", "Popen"}
)


def kind_of(path: str) -> FileKind | None:
    """Return how the commands of a file are to be read, None for a file that holds none."""
    name = PurePosixPath(path).name
    return next((kind for form, kind in _KINDS if re.fullmatch(form, name, re.IGNORECASE)), None)


def files_to_read(listing: Iterable[RepositoryFile]) -> tuple[str, ...]:
    """Return the files of a listing that may hold commands, sorted.

    Left out are other people's code (vendored folders, environments, version control) and files above 1 MiB.
    """
    return tuple(
        sorted(
            file.path
            for file in listing
            if file.size <= LARGEST
            and kind_of(file.path) is not None
            and not SKIPPED_FOLDERS.intersection(PurePosixPath(file.path.lower()).parts[:-1])
        )
    )


class FileText:
    """The lines of a file without their ends, and where each begins; line ends become LF."""

    def __init__(self, text: str) -> None:
        self.text = text.replace("\r\n", "\n").replace("\r", "\n")
        self.lines = self.text.split("\n")
        self.starts = [0, *accumulate(len(line) + 1 for line in self.lines)]

    def script(self, first: int, end: int, *, column: int = 0, folded: bool = False) -> Script:
        """Return the lines from ``first``, there from ``column`` on, to before ``end`` (0-based)."""
        start = self.starts[first] + column
        return Script(self.text[start : self.starts[end] - 1], first + 1, start, folded)


def scripts(kind: FileKind, file: FileText) -> Iterator[Script]:
    """Yield the shell text of a file; that of an image is read with its folders (``images``)."""
    readers = {"yaml": pipeline_scripts, "make": _make, "ini": _tox, "python": _python, "toml": _tasks}
    return readers[kind](file) if kind in readers else iter([file.script(0, len(file.lines))])


def _make(file: FileText) -> Iterator[Script]:
    """Recipes, indented, and variables that hold a command, of make and just."""
    at = 0
    while at < len(file.lines):
        start, line = at, file.lines[at]
        while at < len(file.lines) - 1 and file.lines[at].rstrip().endswith("\\"):
            at += 1
        at += 1
        assigned = _ASSIGNMENT.match(line)
        if line[:1] == "\t" or (line[:1] == " " and not assigned):
            yield file.script(start, at, column=len(line) - len(line.lstrip("\t @+-")))
        elif assigned and assigned["quote"]:
            yield Script(assigned["value"].strip()[:-1], start + 1)
        elif assigned:
            yield file.script(start, at, column=assigned.start("value"))


def _tox(file: FileText) -> Iterator[Script]:
    """Read the commands of tox without their factors (``py311,lint: ``), ``-`` and the braces of its variables."""
    inside = False
    texts = []
    for line in file.lines:
        head = _TOX_COMMANDS.match(line)
        inside = head is not None or (inside and line[:1] in {" ", "\t", ""})
        front = head.end() if head else 0 if inside else len(line)
        text = " " * front + line[front:]
        text = _TOX_FRONT.sub(lambda hit: " " * len(hit[0]), text)
        text = re.sub(r"\{env(?:bin)?dir\}/?", lambda hit: " " * len(hit[0]), text)
        texts.append(text.replace("{envpython}", "python".ljust(11)))
    yield Script("\n".join(texts), 1, 0)


def _tasks(file: FileText) -> Iterator[Script]:
    """Read the strings of task runners in pyproject.toml that begin with a program that this report knows."""
    for at, line in enumerate(file.lines):
        for found in _TASK.finditer("" if line.lstrip().startswith("#") else line):
            yield Script(found["body"].replace('\\"', '"'), at + 1)


def _python(file: FileText) -> Iterator[Script]:
    """Read calls that run a command: ``session.install``, ``subprocess.run([...])``, ``os.system("...")``."""
    tree = parsed_python(file.text)
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Call) and (words := _call_words(node)):
            yield Script(words, node.lineno)


def _call_words(call: ast.Call) -> str:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    arguments = list(call.args)
    if len(arguments) == 1 and isinstance(arguments[0], ast.List):
        arguments = arguments[0].elts
    texts = [argument.value for argument in arguments if isinstance(argument, ast.Constant)]
    words = [text for text in texts if isinstance(text, str)]
    if name == "install" and any(word.startswith(("-r", ".", "-e", "--requirement")) for word in words):
        return "pip install " + shlex.join(words)
    if name not in _CALLS or not words:
        return ""
    return words[0] if len(arguments) == 1 else shlex.join(words)
