"""Which files of a repository may hold commands, and the shell text in each kind of them.

No YAML or Python is evaluated: a pipeline that does not parse still has commands worth a look. What cannot be known
from prose (a step's name, a description, a comment) is left out.
"""

from __future__ import annotations

import ast
import json
import re
import shlex
from itertools import accumulate
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final, Literal

from poetry_aiops.migrate.legacy.shell import Script
from poetry_aiops.system.repository_files import LARGEST, SKIPPED_FOLDERS


if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from poetry_aiops.system.repository_files import ListedFile


FileKind = Literal["shell", "dockerfile", "yaml", "make", "ini", "python", "toml", "procfile"]

_DOCKERFILE: Final = re.compile(
    r"^(docker|container)file([-_.].*)?$|\.(docker|container)file$", re.IGNORECASE
)
_KINDS: Final[dict[FileKind, tuple[str, ...]]] = {
    "shell": (".sh", ".bash", ".zsh"),
    "yaml": (".yml", ".yaml"),
    "make": (".mk", ".just", "makefile", "gnumakefile", "justfile", ".justfile"),
    "python": ("noxfile.py", "tasks.py", "fabfile.py", "dodo.py"),
    "ini": ("tox.ini", "setup.cfg"),
    "toml": ("pyproject.toml",),
    "procfile": ("procfile",),
}
_BY_NAME: Final = {name: kind for kind, names in _KINDS.items() for name in names}

_INSTRUCTION: Final = re.compile(r"^\s*(?:ONBUILD\s+)?(?P<name>[A-Za-z]+)\s+", re.IGNORECASE)
_RUNS: Final = frozenset({"run", "cmd", "entrypoint", "healthcheck"})
_DOCUMENT: Final = re.compile(r"<<-?\s*[\"']?(?P<tag>\w+)[\"']?\s*$")
_PROSE: Final = frozenset(
    [
        "about",
        "body",
        "comment",
        "description",
        "displayname",
        "help",
        "id",
        "if",
        "label",
        "message",
        "name",
        "notes",
        "repo",
        "summary",
        "text",
        "title",
        "uses",
        "when",
    ]
)
_ITEM: Final = re.compile(
    r"^(?P<indent>\s*)(?P<dashes>(?:-\s+)*)(?:(?P<key>[\w.$-]+|\"[^\"]*\"|'[^']*')\s*:(?=\s|$))?\s*(?P<value>.*)$"
)
_BLOCK: Final = re.compile(r"^(?P<style>[|>])[+\-0-9]*\s*(?:#.*)?$")
_FOLDER: Final = re.compile(r"^(?P<indent>\s*(?:-\s+)?)working-directory:\s*[\"']?(?P<folder>[^\s\"'#]+)")
_ASSIGNMENT: Final = re.compile(r"^[ ]*(?:export\s+)?[\w.-]+\s*(?::{0,3}|\?|\+|!)?=\s*(?P<value>.*)$")
_COMMAND_KEYS: Final = re.compile(
    r"^(?:commands(?:_pre|_post)?|install_command|list_dependencies_command)\s*="
)
_TOML_STRING: Final = re.compile(r"(?P<quote>[\"'])(?P<body>(?:\\.|(?!(?P=quote)).)*)(?P=quote)")
_CALLS: Final = frozenset(
    {"run", "run_always", "run_install", "call", "check_call", "check_output", "system", "Popen"}
)


def kind_of(path: str) -> FileKind | None:
    """Return how the commands of a file are to be read, None for a file that holds none."""
    pure = PurePosixPath(path)
    name, suffix = pure.name.lower(), pure.suffix.lower()
    if _DOCKERFILE.search(name) and suffix not in {".md", ".rst", ".txt"}:
        return "dockerfile"
    if name.startswith("makefile."):
        return "make"
    return _BY_NAME.get(name) or (_BY_NAME.get(suffix) if pure.stem else None)


def files_to_read(listing: Iterable[ListedFile]) -> tuple[str, ...]:
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
    """The lines of a file without their ends, and where each begins; line ends are LF."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.lines = text.split("\n")
        self.starts = [0, *accumulate(len(line) + 1 for line in self.lines)]

    def script(
        self,
        first: int,
        end: int,
        change: Callable[[int, str], str] = lambda _, line: line,
        *,
        folded: bool = False,
    ) -> Script:
        """Return the lines from ``first`` to before ``end`` (0-based); ``change`` keeps a line's length."""
        texts = [change(at, self.lines[at]) for at in range(first, min(end, len(self.lines)))]
        shown = self.text[self.starts[first] : self.starts[min(end, len(self.lines))]]
        return Script("\n".join(texts), first + 1, self.starts[first], shown, folded)

    def piece(self, line: int, start: int, end: int, *, folded: bool = False) -> Script:
        """Return a part of one line (0-based)."""
        at = self.starts[line]
        return Script(self.lines[line][start:end], line + 1, at + start, folded=folded)


def scripts(kind: FileKind, file: FileText) -> list[Script]:
    """Return the shell text of a file."""
    return list(_READERS[kind](file))


def _blank(found: re.Match[str]) -> str:
    return " " * len(found[0])


def _shell(file: FileText) -> Iterator[Script]:
    yield file.script(0, len(file.lines))


# -- images ------------------------------------------------------------------------------------------------


def _dockerfile(file: FileText) -> Iterator[Script]:
    for start, end in instructions(file.lines):
        head = _INSTRUCTION.match(file.lines[start])
        if head is not None and head["name"].lower() in _RUNS:
            yield from _run(file, start, end, head)


def _run(file: FileText, start: int, end: int, head: re.Match[str]) -> Iterator[Script]:
    first = re.sub(r"--[\w-]+=\S+", _blank, " " * head.end() + file.lines[start][head.end() :])
    first = re.sub(r"^(\s*)CMD(?=\s)", _blank, first)
    opened = _DOCUMENT.search(first)
    if opened and not first[: opened.start()].strip():
        yield file.script(start + 1, end - 1)
    elif first.lstrip().startswith("["):
        body = [line for line in file.lines[start + 1 : end] if not line.lstrip().startswith("#")]
        yield from _json_form(start + 1, [first, *body])
    else:
        yield file.script(start, end, lambda at, line: first if at == start else _without_comment(line))


def _without_comment(line: str) -> str:
    """Turn a comment between continued lines, which does not end them, into one more continued line."""
    return f"{' ' * (len(line) - 1)}\\" if line.lstrip().startswith("#") else line


def instructions(lines: list[str]) -> Iterator[tuple[int, int]]:
    """Yield the first line and the line after the last of every Dockerfile instruction, both 0-based."""
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


def _json_form(line: int, parts: list[str]) -> Iterator[Script]:
    try:
        words = json.loads(" ".join(part.rstrip().removesuffix("\\") for part in parts))
    except ValueError:
        return
    if isinstance(words, list) and all(isinstance(word, str) for word in words):
        yield Script(shlex.join(words), line)


# -- YAML ------------------------------------------------------------------------------------------------------


def _yaml(file: FileText) -> Iterator[Script]:
    lines, at = file.lines, 0
    folders = _folders(lines)
    while at < len(lines):
        here, item = at, _ITEM.match(lines[at])
        at += 1
        if item is None or lines[here].lstrip().startswith("#"):
            continue
        key = (item["key"] or "").strip("\"'").lower()
        block = _BLOCK.match(item["value"])
        found: list[Script] = []
        if block:
            at = _deeper(lines, at, len(item["indent"]))
            if key not in _PROSE:
                found = [file.script(here + 1, at, folded=block["style"] == ">")]
        elif item["value"] and key not in _PROSE and (item["dashes"] or key):
            at = _plain_end(lines, at, item)
            found = list(_value(file, here, at, item))
        column = len(item["indent"]) + len(item["dashes"])
        yield from (_in_folder(script, _folder_of(folders, lines, here, column)) for script in found)


def _in_folder(script: Script, folder: str | None) -> Script:
    return Script(script.text, script.line, script.start, script.shown, script.folded, folder)


def _folders(lines: list[str]) -> list[tuple[int, int, str]]:
    """Return every ``working-directory`` of a workflow: its line, its column, its value."""
    found = [(at, _FOLDER.match(line)) for at, line in enumerate(lines)]
    return [(at, len(one["indent"]), one["folder"]) for at, one in found if one]


def _folder_of(folders: list[tuple[int, int, str]], lines: list[str], at: int, column: int) -> str | None:
    """Return the folder of a step: its own key beside ``run``, else the job's or the workflow's ``defaults``."""
    best: tuple[int, str] | None = None
    for line, inside, folder in folders:
        # ``defaults:`` / ``run:`` / ``working-directory:`` counts for all that is as deep as ``defaults``
        own = inside == column
        reach = inside if own else max(inside - 4, 0)
        first, last = sorted((line, at))
        between = (text for text in lines[first + 1 : last] if text.strip())
        if not own and (inside > column or not _under_defaults(lines, line)):
            continue
        if all(_column(text, own=own) >= reach for text in between) and (best is None or inside > best[0]):
            best = (inside, folder)
    return best[1] if best else None


def _under_defaults(lines: list[str], at: int) -> bool:
    return any(re.match(r"\s*defaults:\s*$", line) for line in lines[max(at - 3, 0) : at])


def _column(line: str, *, own: bool) -> int:
    """Return where a line's key begins; the dash of a list begins another step."""
    indent = len(line) - len(line.lstrip())
    return indent if own or not line.lstrip().startswith("- ") else indent + 2


def _deeper(lines: list[str], at: int, indent: int) -> int:
    while at < len(lines) and (not lines[at].strip() or len(lines[at]) - len(lines[at].lstrip()) > indent):
        at += 1
    return at


def _plain_end(lines: list[str], at: int, item: re.Match[str]) -> int:
    """Return the line after a plain value that goes on over deeper lines without keys or dashes."""
    if item["value"][0] in "#&*!":
        return at
    least = len(item["indent"]) + (len(item["dashes"]) if item["key"] else 0)
    while at < len(lines) and lines[at].strip():
        text = lines[at].lstrip()
        if (
            len(lines[at]) - len(text) <= least
            or text.startswith(("- ", "#"))
            or re.match(r"[\w.-]+:(\s|$)", text)
        ):
            break
        at += 1
    return at


def _value(file: FileText, at: int, end: int, item: re.Match[str]) -> Iterator[Script]:
    start, text = item.start("value"), item["value"].strip()
    if text.startswith("["):
        yield from _flow(at + 1, " ".join(line.strip() for line in [text, *file.lines[at + 1 : end]]))
    elif text[:1] in {"'", '"'} and end == at + 1:
        closed = re.match(r"(?P<quote>[\"'])(?P<body>.*)(?P=quote)\s*(?:#.*)?$", text)
        escape = {'"': "\\", "'": "''"}[text[0]]
        if closed and escape not in closed["body"]:
            yield file.piece(at, start + 1, start + 1 + len(closed["body"]))
        elif closed:
            yield Script(closed["body"].replace('\\"' if escape == "\\" else "''", text[0]), at + 1)
    else:
        yield file.script(
            at, end, lambda line, full: " " * start + full[start:] if line == at else full, folded=True
        )


def _flow(line: int, text: str) -> Iterator[Script]:
    """Yield a list on one line as one command (``["pip", "install"]``) and its entries as commands of their own."""
    inside = re.match(r"\[(.*)\]\s*(?:#.*)?$", text)
    if inside is None:
        return
    entries = [entry.strip() for entry in re.findall(r"\"(?:\\.|[^\"\\])*\"|'[^']*'|[^,\"']+", inside[1])]
    values = [entry[1:-1] if entry[:1] in {"'", '"'} else entry for entry in entries if entry]
    yield Script(shlex.join(values), line)
    yield from (Script(value, line) for value in values if " " in value)


# -- the rest ----------------------------------------------------------------------------------------------------


def _make(file: FileText) -> Iterator[Script]:
    """Recipes, indented, and variables that hold a command; ``$(NAME)`` is a variable here."""
    at = 0
    while at < len(file.lines):
        start = at
        while at < len(file.lines) - 1 and file.lines[at].rstrip().endswith("\\"):
            at += 1
        at += 1
        line = file.lines[start]
        assigned = _ASSIGNMENT.match(line)
        if line[:1] == "\t" or (line[:1] == " " and not assigned):
            skipped = len(line) - len(line.lstrip("\t @+-"))
        elif assigned:
            skipped = assigned.start("value") + (assigned["value"][:1] in {'"', "'"})
            if skipped > assigned.start("value"):  # a string of just
                yield Script(assigned["value"].strip()[1:-1], start + 1)
                continue
        else:
            continue
        yield file.script(start, at, _recipe(start, skipped))


def _recipe(start: int, skipped: int) -> Callable[[int, str], str]:
    def change(at: int, line: str) -> str:
        text = " " * skipped + line[skipped:] if at == start else line
        return re.sub(r"\$\(([\w.-]+)\)", r"${\1}", text)

    return change


def _ini(file: FileText) -> Iterator[Script]:
    """tox.ini and setup.cfg: the lines of ``commands`` and ``install_command``."""
    for at, line in enumerate(file.lines):
        if _COMMAND_KEYS.match(line):
            end = _deeper(file.lines, at + 1, 0)
            head = line.index("=") + 1
            yield file.script(at, end, _bare_command(at, head))


def _bare_command(start: int, head: int) -> Callable[[int, str], str]:
    """Take the factors of tox (``py311,lint: ``), ``-`` and the braces of its variables out of a line."""

    def change(at: int, line: str) -> str:
        text = " " * head + line[head:] if at == start else line
        text = re.sub(r"^(\s*)(?:[\w.,!{}-]+:\s+)?(?:-\s*)?", _blank, text)
        return re.sub(
            r"\{(?:envpython|envbindir|envdir)\}/?",
            lambda hit: ("python" if "python" in hit[0] else "").ljust(len(hit[0])),
            text,
        )

    return change


def _procfile(file: FileText) -> Iterator[Script]:
    for at, line in enumerate(file.lines):
        name, colon, _ = line.partition(":")
        if colon and re.fullmatch(r"[\w-]+", name):
            yield file.piece(at, len(name) + 1, len(line))


def _toml(file: FileText) -> Iterator[Script]:
    """Read the strings of task runners: those that begin with a program that this report knows."""
    for at, line in enumerate(file.lines):
        for found in _TOML_STRING.finditer("" if line.lstrip().startswith("#") else line):
            if re.match(r"(?:python3?\s+-m\s+)?(?:pip|poetry|uv)[\w.-]*\s", found["body"]):
                yield Script(found["body"].replace('\\"', '"'), at + 1)


def _python(file: FileText) -> Iterator[Script]:
    """Read calls that run a command: ``session.install``, ``subprocess.run([...])``, ``os.system("...")``."""
    try:
        tree = ast.parse(file.text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and (words := _call_words(node)):
            yield Script(words, node.lineno)


def _call_words(call: ast.Call) -> str:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    arguments = list(call.args)
    if len(arguments) == 1 and isinstance(arguments[0], ast.List):
        arguments = arguments[0].elts
    texts = [argument.value for argument in arguments if isinstance(argument, ast.Constant)]
    words = [text for text in texts if isinstance(text, str)]
    if not words:
        return ""
    if name == "install" and any(word.startswith(("-r", ".", "-e", "--requirement")) for word in words):
        return "pip install " + shlex.join(words)
    if name not in _CALLS:
        return words[0] if name in {"sudo", "local"} else ""
    return words[0] if len(arguments) == 1 and len(words) == 1 else shlex.join(words)


_READERS: Final[dict[FileKind, Callable[[FileText], Iterator[Script]]]] = {
    "shell": _shell,
    "dockerfile": _dockerfile,
    "yaml": _yaml,
    "make": _make,
    "ini": _ini,
    "python": _python,
    "toml": _toml,
    "procfile": _procfile,
}
