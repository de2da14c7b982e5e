"""The shell text inside Dockerfiles, YAML, Makefiles and the like, each line with its number in the file.

No YAML, Python or Groovy is evaluated: a pipeline that does not parse still has commands worth a look. What cannot be
told apart from prose (a step's name, a description, a comment) is left out.
"""

from __future__ import annotations

import ast
import json
import re
import shlex
from typing import TYPE_CHECKING, Final

from poetry_aiops.migrate.legacy.documents import document_scripts
from poetry_aiops.migrate.legacy.shell import Script, one_line


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from poetry_aiops.migrate.legacy.files import FileKind


_INSTRUCTION: Final = re.compile(r"^\s*(?:ONBUILD\s+)?(?P<name>[A-Za-z]+)\s+", re.IGNORECASE)
_RUNS: Final = frozenset({"run", "cmd", "entrypoint", "healthcheck"})
_DOCUMENT: Final = re.compile(r"<<-?\s*[\"']?(?P<tag>\w+)[\"']?\s*$")
_PROSE: Final = frozenset(
    {
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
    }
    | {"repo", "summary", "text", "title", "uses", "when"}
)
_ITEM: Final = re.compile(
    r"^(?P<indent>\s*)(?P<dashes>(?:-\s+)*)(?:(?P<key>[\w.$-]+|\"[^\"]*\"|'[^']*')\s*:(?=\s|$))?\s*(?P<value>.*)$"
)
_BLOCK: Final = re.compile(r"^(?P<style>[|>])[+\-0-9]*\s*(?:#.*)?$")
_ASSIGNMENT: Final = re.compile(r"^[ ]*(?:export\s+)?[\w.-]+\s*(?::{0,3}|\?|\+|!)?=\s*(?P<value>.*)$")
_COMMAND_KEYS: Final = re.compile(
    r"^(?:commands(?:_pre|_post)?|install_command|list_dependencies_command)\s*="
)
_GROOVY: Final = re.compile(
    r"\b(?:sh|bat|powershell|pwsh)\b\s*\(?\s*(?:\[?\s*(?:\w+\s*:\s*\w+\s*,\s*)*script\s*:\s*)?"
    r"(?P<quote>\"\"\"|'''|\"|')(?P<body>.*?)(?<!\\)(?P=quote)",
    re.DOTALL,
)
_TOML_STRING: Final = re.compile(r"(?P<quote>[\"'])(?P<body>(?:\\.|(?!(?P=quote)).)*)(?P=quote)")


def scripts(kind: FileKind, lines: Sequence[str]) -> list[Script]:
    """Return the shell text of a file, given as its lines without line ends."""
    if kind == "document":
        return document_scripts(lines, scripts)
    return list(_READERS[kind](lines))


def _shell(lines: Sequence[str]) -> Iterator[Script]:
    yield Script(tuple(enumerate(lines, 1)))


def _batch(lines: Sequence[str]) -> Iterator[Script]:
    r"""Read Windows' scripts: ``^`` and a backtick continue a line, ``REM`` and ``::`` begin a comment, ``\`` parts folders."""
    found = []
    for line in lines:
        text = "" if re.match(r"\s*@?(rem\b|::)", line, re.IGNORECASE) else line.replace("\\", "/")
        found.append(re.sub(r"[\^`](?=\s*$)", lambda _: "\\", re.sub(r"^(\s*)@", r"\1 ", text)))
    yield Script(tuple(enumerate(found, 1)), shown=tuple(found))


def _dockerfile(lines: Sequence[str]) -> Iterator[Script]:
    for start, end in instructions(lines):
        head = _INSTRUCTION.match(lines[start])
        if head is None or head["name"].lower() not in _RUNS:
            continue
        body = [(at + 1, lines[at]) for at in range(start, end) if not lines[at].lstrip().startswith("#")]
        first = re.sub(r"--[\w-]+=\S+", lambda found: " " * len(found[0]), lines[start][head.end() :])
        first = re.sub(r"^\s*CMD\s", "    ", first)
        opened = _DOCUMENT.search(first)
        if opened and first[: opened.start()].strip() == "":
            yield Script(tuple(body[1:-1]))
        elif first.lstrip().startswith("["):
            yield from _json_form(start + 1, [first, *(text for _, text in body[1:])])
        else:
            yield Script(((start + 1, first), *body[1:]))


def instructions(lines: Sequence[str]) -> Iterator[tuple[int, int]]:
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


def _continued(lines: Sequence[str], start: int) -> int:
    """Return the line after a continued one; comments and empty lines in between do not end it."""
    at = start
    while at < len(lines) and (
        lines[at].rstrip().endswith("\\")
        or (at > start and (not lines[at].strip() or lines[at].lstrip().startswith("#")))
    ):
        at += 1
    return at + 1


def _json_form(line: int, parts: Sequence[str]) -> Iterator[Script]:
    try:
        words = json.loads(" ".join(part.rstrip().removesuffix("\\") for part in parts))
    except ValueError:
        return
    if isinstance(words, list) and all(isinstance(word, str) for word in words):
        yield one_line(line, shlex.join(words))


def _yaml(lines: Sequence[str]) -> Iterator[Script]:
    at = 0
    while at < len(lines):
        item = _ITEM.match(lines[at])
        at += 1
        if item is None or lines[at - 1].lstrip().startswith("#"):
            continue
        key = (item["key"] or "").strip("\"'").lower()
        block = _BLOCK.match(item["value"])
        if block:
            start = at
            at = _block_end(lines, at, len(item["indent"]))
            if key not in _PROSE:
                body = tuple((number + 1, lines[number]) for number in range(start, at))
                yield Script(body, folded=block["style"] == ">")
        elif item["value"] and key not in _PROSE and (item["dashes"] or key):
            last = _plain_end(lines, at, item)
            yield from _yaml_value(at, [item["value"], *lines[at:last]])
            at = last


def _block_end(lines: Sequence[str], at: int, indent: int) -> int:
    while at < len(lines) and (not lines[at].strip() or len(lines[at]) - len(lines[at].lstrip()) > indent):
        at += 1
    return at


def _plain_end(lines: Sequence[str], at: int, item: re.Match[str]) -> int:
    """Return the line after a plain value that goes on over deeper lines without keys or dashes."""
    if item["value"][0] in "#&*!":
        return at
    least = len(item["indent"]) + (len(item["dashes"]) if item["key"] else 0)
    while at < len(lines) and lines[at].strip():
        text = lines[at].lstrip()
        if len(lines[at]) - len(text) <= least or text.startswith(("- ", "#")):
            break
        if re.match(r"[\w.-]+:(\s|$)", text):
            break
        at += 1
    return at


def _yaml_value(line: int, parts: list[str]) -> Iterator[Script]:
    text = parts[0].strip()
    if text.startswith("["):
        yield from _flow(line, " ".join(part.strip() for part in parts))
    elif text[:1] in {"'", '"'} and len(parts) == 1:
        closed = re.match(r"(?P<quote>[\"'])(?P<body>.*)(?P=quote)\s*(?:#.*)?$", text)
        if closed:
            double = closed["quote"] == '"'
            yield one_line(line, closed["body"].replace('\\"' if double else "''", '"' if double else "'"))
    else:
        yield Script(tuple(enumerate(parts, line)), folded=True)


def _flow(line: int, text: str) -> Iterator[Script]:
    """Yield a list on one line as one command (``["pip", "install"]``) and its entries as commands of their own."""
    inside = re.match(r"\[(.*)\]\s*(?:#.*)?$", text)
    if inside is None:
        return
    entries = [entry.strip() for entry in re.findall(r"\"(?:\\.|[^\"\\])*\"|'[^']*'|[^,\"']+", inside[1])]
    values = [entry[1:-1] if entry[:1] in {"'", '"'} else entry for entry in entries if entry]
    yield one_line(line, shlex.join(values))
    for value in values:
        if " " in value:
            yield one_line(line, value)


def _make(lines: Sequence[str]) -> Iterator[Script]:
    """Recipes (lines with a tab) and variables that hold a command; ``$(NAME)`` is a variable here."""
    at = 0
    while at < len(lines):
        start, at = at, _make_end(lines, at)
        recipe = lines[start].startswith("\t")
        assigned = _ASSIGNMENT.match(lines[start])
        if not recipe and not assigned:
            continue
        first = lines[start] if recipe else assigned["value"] if assigned else ""
        shown = [
            re.sub(r"^(\s*)([@+-]+)", lambda hit: hit[1] + " " * len(hit[2]), first),
            *lines[start + 1 : at],
        ]
        text = [re.sub(r"\$\(([\w.-]+)\)", r"${\1}", line) for line in shown]
        yield Script(tuple(enumerate(text, start + 1)), shown=tuple(shown))


def _make_end(lines: Sequence[str], at: int) -> int:
    while at < len(lines) - 1 and lines[at].rstrip().endswith("\\"):
        at += 1
    return at + 1


def _just(lines: Sequence[str]) -> Iterator[Script]:
    found = []
    for number, line in enumerate(lines, 1):
        if line[:1] in {" ", "\t"}:
            found.append((number, re.sub(r"^(\s*)([@-]+)", lambda hit: hit[1] + " " * len(hit[2]), line)))
        elif assigned := re.match(r"\w+\s*:=\s*(?P<quote>[\"'])(?P<body>.*)(?P=quote)\s*$", line):
            found.append((number, assigned["body"]))
    yield Script(tuple(found))


def _ini(lines: Sequence[str]) -> Iterator[Script]:
    """tox.ini and setup.cfg: the lines of ``commands`` and ``install_command``."""
    for at, line in enumerate(lines):
        if not _COMMAND_KEYS.match(line):
            continue
        end = at + 1
        while end < len(lines) and (not lines[end].strip() or lines[end][:1] in {" ", "\t"}):
            end += 1
        body = [(number + 1, _bare_command(lines[number])) for number in range(at, end)]
        yield Script(((at + 1, body[0][1].partition("=")[2]), *body[1:]))


def _bare_command(line: str) -> str:
    """Return a line of tox without its factors (``py311,lint: ``), ``-`` and the braces of its variables."""
    line = re.sub(r"^(\s*)(?:[\w.,!{}-]+:\s+)?(?:-\s*)?", r"\1", line)
    return re.sub(
        r"\{(?:envpython|envbindir|envdir)\}/?", lambda hit: "python" if "python" in hit[0] else "", line
    )


def _procfile(lines: Sequence[str]) -> Iterator[Script]:
    for number, line in enumerate(lines, 1):
        name, colon, command = line.partition(":")
        if colon and re.fullmatch(r"[\w-]+", name):
            yield one_line(number, command)


def _groovy(lines: Sequence[str]) -> Iterator[Script]:
    text = "\n".join(lines)
    for found in _GROOVY.finditer(text):
        before = text[text.rfind("\n", 0, found.start()) + 1 : found.start()]
        if "//" in before or before.lstrip().startswith("*"):
            continue
        first = text.count("\n", 0, found.start("body")) + 1
        yield Script(tuple(enumerate(found["body"].split("\n"), first)))


def _toml(lines: Sequence[str]) -> Iterator[Script]:
    """Read the strings of task runners: those that begin with a program that this report knows."""
    for number, line in enumerate(lines, 1):
        if line.lstrip().startswith("#"):
            continue
        for found in _TOML_STRING.finditer(line):
            if re.match(r"(?:python3?\s+-m\s+)?(?:pip|poetry|uv)[\w.-]*\s", found["body"]):
                yield one_line(number, found["body"].replace('\\"', '"'))


def _python(lines: Sequence[str]) -> Iterator[Script]:
    """Read calls that run a command: ``session.install``, ``subprocess.run([...])``, ``os.system("...")``."""
    try:
        tree = ast.parse("\n".join(lines))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            words = _call_words(node)
            if words:
                yield one_line(node.lineno, words)


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
    if name not in {
        "run",
        "run_always",
        "run_install",
        "call",
        "check_call",
        "check_output",
        "system",
        "Popen",
    }:
        return words[0] if name in {"sudo", "local"} else ""
    return words[0] if len(arguments) == 1 and len(words) == 1 else shlex.join(words)


_READERS: Final[dict[FileKind, Callable[[Sequence[str]], Iterator[Script]]]] = {
    "shell": _shell,
    "batch": _batch,
    "dockerfile": _dockerfile,
    "yaml": _yaml,
    "make": _make,
    "just": _just,
    "ini": _ini,
    "python": _python,
    "toml": _toml,
    "groovy": _groovy,
    "procfile": _procfile,
}
