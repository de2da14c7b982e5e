"""Messages, help texts and pages use plain technical English: the turns below have a usual word."""

from __future__ import annotations

import ast
import re
import tokenize
from typing import TYPE_CHECKING

from tests.docs.console import PAGES, REPOSITORY
from tests.support.every import for_each
from tests.support.sources import SOURCE, trees


if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


BETTER = {
    r"told|tells|telling": "reported, says, names",
    r"(cannot|does not|did not) tell": "is unknown, does not report",
    r"somebody|nobody": "name the actor",
    r"whence|whither|shall|gravest": "where from, will, most severe",
    r"lies?|lying": "is",
    r"stands? (on|in|for|under)": "is based on, replaces, means",
    r"looked at|looks at": "checked, read, detects",
    r"taken apart|in words|away again": "parsed, as a message, removed",
    r"(in|out of) step": "up to date, out of date",
    r"at hand|in vain": "available, without effect",
    r"ask(s|ed)? for": "require, requires, requested",
    r"(is|are|was) not there": "is missing, was not found",
    r"puts? (it|them|these files) back|(be|was) put back": "restores, restored",
    r"is as it was|at work": "is unchanged, running",
    r"brings? \w+ along": "includes",
    r"belongs? into": "belongs in",
    r"looked (for|through)|whoever": "checked, searched, anyone who",
}
"""Pattern -> what to write instead."""

TURN = re.compile(rf"\b(?:{'|'.join(BETTER)})\b", re.IGNORECASE)
ANYWHERE = re.compile(r"\b(?:told|whence|gravest|somebody|nobody|shall)\b", re.IGNORECASE)
"""What names in the source do without as well."""
PACKAGES = sorted(path.name for path in SOURCE.iterdir() if path.name != "__pycache__")
_TAG = re.compile(r"\{%.*?%\}")  # of a template
TEXTS = [
    *PAGES,
    *(REPOSITORY / name for name in ("CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")),
    *sorted(path for end in ("json", "toml", "html", "j2") for path in SOURCE.rglob(f"*.{end}")),
]


def literals(path: Path) -> Iterator[tuple[int, str]]:
    """Return the texts of a module that can reach a user, with their lines: no docstring and no comment."""
    nodes = list(ast.walk(trees()[path]))
    statements = {
        node.value for node in nodes if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in statements:
            yield node.lineno, node.value


def modules(package: str) -> list[Path]:
    place = SOURCE / package
    return [place] if place.suffix == ".py" else sorted(place.rglob("*.py"))


@for_each("package", PACKAGES)
def test_messages_and_help_texts_use_the_usual_words(package: str) -> None:
    assert [
        f"{path.relative_to(SOURCE)}:{line} {found[0]!r} in {text[:100]!r}"
        for path in modules(package)
        for line, text in literals(path)
        for found in TURN.finditer(text)
    ] == []


def test_names_use_the_usual_words() -> None:
    assert [
        f"{path.relative_to(SOURCE)}:{number}: {line.strip()[:100]}"
        for path in sorted(SOURCE.rglob("*.py"))
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1)
        if ANYWHERE.search(line)
    ] == []


def prose(path: Path) -> Iterator[tuple[int, str]]:
    """Return the docstrings and comments of a module, each with the line where it begins."""
    with path.open("rb") as file:
        for token in tokenize.tokenize(file.readline):
            if token.type == tokenize.COMMENT or token.string.startswith('"""'):
                yield token.start[0], token.string


@for_each("package", PACKAGES)
def test_docstrings_and_comments_use_the_usual_words(package: str) -> None:
    assert [
        f"{path.relative_to(SOURCE)}:{line}: {found[0]!r}"
        for path in modules(package)
        for line, text in prose(path)
        for found in TURN.finditer(text)
    ] == []


@for_each("path", TEXTS)
def test_pages_schemas_and_facts_use_the_usual_words(path: Path) -> None:
    assert [
        f"{number}: {found[0]!r} in {line.strip()[:100]!r}"
        for number, line in enumerate(_TAG.sub("", path.read_text("utf-8")).splitlines(), start=1)
        for found in TURN.finditer(line)
    ] == []


@for_each(
    "text",
    [
        "It cannot tell.",
        "Nobody else has it",
        "what the images stand on",
        "lies in /x",
        "keeps files in step",
        "the extra asks for " + "torch",
        "libcuda is not " + "there",
    ],
)
def test_a_turn_is_found(text: str) -> None:
    assert TURN.search(text)


def test_usual_words_that_look_alike_pass() -> None:
    assert TURN.search("intelligence, steps in steps, relies on, a stand-in, to tell pip, standard") is None
