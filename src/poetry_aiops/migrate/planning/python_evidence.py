"""The Python versions that the files which start a project name: version files, images, conda environments, workflows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from poetry_aiops.system.text import decode


if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from poetry_aiops.migrate.reading.notes import Neighbours


_MINOR = r"3\.\d{1,2}(?![\d*])"
_VERSION_FILE = re.compile(rf"^\s*(?:python-?)?({_MINOR})(?:\.\d+)?\s*$", re.MULTILINE)
_FROM = re.compile(rf"^\s*FROM\s+(?:--\S+\s+)*(?:\S*/)?python:v?({_MINOR})", re.MULTILINE | re.IGNORECASE)
_FROM_ARGUMENT = re.compile(
    r"^\s*FROM\s+(?:--\S+\s+)*(?:\S*/)?python:\$\{?(\w+)(?::?-[^}]*)?\}?", re.MULTILINE | re.IGNORECASE
)
_SETUP = re.compile(r"""\bpython-version["']?[ \t]*:[ \t]*(?P<value>[^\n]*(?:\n[ \t]*-[^\n]*)*)""")
_COMMENT = re.compile(r"#[^\n]*")
_CONDA = re.compile(rf"""^\s*-\s*["']?python\s*[=~>]{{1,2}}\s*({_MINOR})""", re.MULTILINE)
_WORKFLOWS = ".github/workflows"
_MOST = 200  # entries of a folder that are examined


def python_evidence(neighbours: Neighbours) -> tuple[str, str] | None:
    """Return the first range and the file that it comes from: what people install comes before what tests run on."""
    for file, minors in _evidence(neighbours):
        if minors:
            return minor_range(minors), file
    return None


def _evidence(neighbours: Neighbours) -> Iterator[tuple[str, list[str]]]:
    """Yield the files that may name Python's minor versions, with those that each names."""

    def text(file: str) -> str:
        return decode(neighbours.read(file) or b"")

    for file in (".python-version", "runtime.txt"):
        yield file, _VERSION_FILE.findall(text(file))[:1]
    for file in _image_files(neighbours):
        yield file, _in_image(text(file))
    for file in ("environment.yml", "environment.yaml", "conda.yml", "conda.yaml"):
        yield file, _CONDA.findall(text(file))[:1]
    for name in neighbours.names(_WORKFLOWS)[:_MOST] if neighbours.is_folder(_WORKFLOWS) else ():
        if name.endswith((".yml", ".yaml")):
            file = f"{_WORKFLOWS}/{name}"
            values = _SETUP.findall(_COMMENT.sub("", text(file)))
            yield file, [one for value in values for one in re.findall(_MINOR, value)]


def is_python_constraint(text: str) -> bool:
    """Say whether a text can stand as ``requires-python``."""
    try:
        return bool(SpecifierSet(text))
    except InvalidSpecifier:
        return False


def minor_range(minors: Iterable[str]) -> str:
    """Return the range from the oldest to the newest of some minor versions: ``>=3.11,<3.13`` for 3.11 and 3.12."""
    numbers = sorted({int(minor.partition(".")[2]) for minor in minors})
    return f">=3.{numbers[0]},<3.{numbers[-1] + 1}"


def _in_image(text: str) -> list[str]:
    found = _FROM.findall(text)
    for name in _FROM_ARGUMENT.findall(text):
        found += re.findall(rf"""^\s*ARG\s+{re.escape(name)}\s*=\s*["']?({_MINOR})""", text, re.MULTILINE)
    return found


def _image_files(neighbours: Neighbours) -> Iterator[str]:
    """Return the Dockerfiles of the project's folder, then those of the folders in it."""
    here = list(neighbours.names("."))[:_MOST]
    yield from (name for name in here if _is_image_file(name))
    for folder in here:
        if not folder.startswith((".git", ".venv", "node_modules")) and neighbours.is_folder(folder):
            names = list(neighbours.names(folder))[:_MOST]
            yield from (f"{folder}/{name}" for name in names if _is_image_file(name))


def _is_image_file(name: str) -> bool:
    lower = name.lower()
    return lower.startswith(("dockerfile", "containerfile")) or lower.endswith(
        (".dockerfile", ".containerfile")
    )
