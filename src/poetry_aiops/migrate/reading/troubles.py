"""Files that are something else: merge conflicts, templates, conda exports, shell scripts, web pages.

Each is reported once with the range of its lines; their lines get no further errors.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from poetry_aiops.migrate.reading.mistakes import conda_line


if TYPE_CHECKING:
    from collections.abc import Sequence

    from poetry_aiops.migrate.reading.text import LogicalLine


SEVERAL = 2
"""One line of conda's kind is reported by itself; several, and most of a file, make the file an export."""

_CONFLICT = re.compile(r"<{7}(?: |$)|={7}$|>{7}(?: |$)|\|{7}(?: |$)")
_TEMPLATE_MARKS = (("{%", "%}"), ("{{", "}}"), ("<%", "%>"))
_TEMPLATE_START = re.compile(r"\{%[-+\s]")
_SHELL = re.compile(
    r"(?:\$\s+|!|%)?(?:sudo\s+)?(?:(?:python[0-9.]*|py)\s+-m\s+)?(?:uv\s+)?"
    r"(?:(?:pip[0-9.]*|pipx|conda|mamba|micromamba|poetry|pdm|apt|apt-get|brew|yum|dnf|apk|npm)\s+(?:install|add|update|uninstall|remove|upgrade|-U|-q|-y|-c)\b"
    r"|git\s+(?:clone|checkout|pull|submodule)\b|(?:cd|export|source|echo|set|wget|curl|mkdir|chmod)\s+\S)"
)
_PAGE = re.compile(r"<!doctype\b|<(?:html|head|body|meta|script|div)\b|</", re.IGNORECASE)
_TOML = re.compile(r"\[\[?[A-Za-z0-9_.\"' -]+\]\]?$")
_YAML = re.compile(r"(?:name|channels|dependencies|prefix):(?:\s|$)")
_JSON = re.compile(r"\{$|\{\s*\"")
_PACKAGE_IN_COMMAND = re.compile(
    r"\s(?P<name>[A-Za-z][\w.-]*(?:\[[^\]\s]*\])?(?:[=<>!~]=?[\w.*+]+)?)(?=\s|$)"
)
_PROGRAMS = frozenset(
    {"pip", "pip3", "install", "python", "python3", "uv", "conda", "add", "sudo", "m", "poetry", "update"}
)


@dataclass(frozen=True, slots=True)
class Trouble:
    """One trouble of a file; ``claimed`` are the numbers of the lines that need no error of their own."""

    first: int
    last: int
    what: str
    why: str
    suggestion: str
    claimed: frozenset[int]
    whole_file: bool = False
    fixed: str | None = None


def find_troubles(lines: Sequence[LogicalLine]) -> tuple[Trouble, ...]:
    """Return what makes a file, or a part of it, something else than requirements."""
    for look in (_page, _template, _conda, _document):
        found = look(lines)
        if found is not None:
            return (found,)
    return tuple(found for found in (_conflict(lines), _shell(lines)) if found is not None)


def _trouble(  # noqa: PLR0913 - the parts of a Trouble
    hits: Sequence[LogicalLine],
    what: str,
    why: str,
    suggestion: str,
    *,
    whole_file: bool = False,
    fixed: str | None = None,
) -> Trouble:
    numbers = frozenset(line.number for line in hits)
    return Trouble(hits[0].number, hits[-1].last, what, why, suggestion, numbers, whole_file, fixed)


def _conflict(lines: Sequence[LogicalLine]) -> Trouble | None:
    hits = [line for line in lines if line.text[:1] in "<=>|" and line.text and _CONFLICT.match(line.text)]
    if not any(line.text.startswith(("<<<<<<<", ">>>>>>>")) for line in hits):
        return None
    return _trouble(
        hits,
        "merge conflict markers",
        "Only its authors know which side is meant.",
        "Resolve the conflict and remove the markers.",
    )


def _template(lines: Sequence[LogicalLine]) -> Trouble | None:
    hits = [line for line in lines if _is_template(line.raw) and "${" not in line.text]
    if not any(line.text for line in hits):
        return None
    return _trouble(
        hits,
        "a template, not a requirements file",
        "Its lines are known only once it is rendered.",
        "Migrate the project that the template makes.",
        whole_file=True,
    )


def _is_template(text: str) -> bool:
    if "{" not in text and "%" not in text:
        return False
    for start, end in _TEMPLATE_MARKS:
        at = text.find(start)
        if at >= 0 and text.find(end, at) >= 0:
            return True
    return _TEMPLATE_START.search(text) is not None or text.lstrip().startswith(("%}", "-%}"))


def _conda(lines: Sequence[LogicalLine]) -> Trouble | None:
    said = any(
        line.comment is not None
        and not line.text
        and line.comment.startswith(("platform:", "$ conda create"))
        for line in lines[:10]
    )
    hits = [line for line in lines if line.text and (line.text == "@EXPLICIT" or conda_line(line.text))]
    content = [line for line in lines if line.text]
    if (
        not said
        and (len(hits) < SEVERAL or len(hits) * 2 < len(content))
        and "@EXPLICIT" not in {line.text for line in hits}
    ):
        return None
    return _trouble(
        content or [line for line in lines if line.comment][:1],
        "an export of conda, not a requirements file",
        "It names conda's builds, which pip and Poetry do not have.",
        "Export with `pip list --format freeze`, or list the packages that the code imports.",
        whole_file=True,
    )


def _page(lines: Sequence[LogicalLine]) -> Trouble | None:
    content = [line for line in lines if line.text]
    if not content or not _PAGE.match(content[0].text):
        return None
    return _trouble(
        content,
        "a web page, not a requirements file",
        "The download saved the page around the file.",
        "Download the raw file.",
        whole_file=True,
    )


def _document(lines: Sequence[LogicalLine]) -> Trouble | None:
    content = [line for line in lines if line.text]
    if not content:
        return None
    first = content[0].text
    kinds: tuple[tuple[str, bool], ...] = (
        ("a TOML file", _TOML.fullmatch(first) is not None),
        (
            "a conda environment",
            _YAML.match(first) is not None and any(line.text == "dependencies:" for line in content),
        ),
        ("a JSON file", _JSON.match(first) is not None),
    )
    for kind, found in kinds:
        if found:
            return _trouble(
                content,
                f"{kind}, not a requirements file",
                "pip cannot read it.",
                "Name the requirements files on the command line.",
                whole_file=True,
            )
    return None


def _shell(lines: Sequence[LogicalLine]) -> Trouble | None:
    hits = [line for line in lines if line.text and _SHELL.match(line.text)]
    if not hits:
        return None
    packages = _packages(hits)
    return _trouble(
        hits,
        "shell commands" if len(hits) > 1 else f"a shell command: {hits[0].text[:80]}",
        "pip reads requirements, it runs nothing.",
        f"Write only the packages: {', '.join(packages)}" if packages else "Remove the line.",
        fixed="\n".join(packages) if packages and len(hits) == 1 else None,
    )


def _packages(hits: Sequence[LogicalLine]) -> list[str]:
    found: list[str] = []
    for line in hits:
        if "install" in line.text[:200] or " add " in line.text[:200]:
            words = (match["name"] for match in _PACKAGE_IN_COMMAND.finditer(line.text[:500]))
            found.extend(word for word in words if word not in _PROGRAMS and word not in found)
    return found[:10]
