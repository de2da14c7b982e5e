"""TOML files of the user, read with a position for everything that is wrong in them."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from poetry_aiops.errors import InputError
from poetry_aiops.system.reading import read_file


if TYPE_CHECKING:
    from collections.abc import Mapping


_POSITION = re.compile(r"\s*\(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)$")
_CONFLICT = re.compile(r"^(?:<{7}|={7}|>{7}|\|{7})(?= |$)", re.MULTILINE)
_BYTE_ORDER_MARK = "\ufeff"


def load_toml(path: Path, *, broken_hint: str, conflict_hint: str) -> Mapping[str, object]:
    """Return the document in ``path``; CRLF line ends are fine.

    ``broken_hint`` says what to do about broken TOML, ``conflict_hint`` about merge-conflict markers.
    Raises InputError with ``file:line:column`` (``file:line`` for a conflict marker).
    """
    text = _read_text(path)
    try:
        return parse_toml(text)
    except tomllib.TOMLDecodeError as error:
        marker = _CONFLICT.search(text.replace("\r\n", "\n"))
        if marker:
            raise _conflict(path, text, marker, conflict_hint) from None
        raise _broken(path, text, str(error), broken_hint) from None


def parse_toml(text: str) -> dict[str, Any]:
    """Return the document in a text; raises tomllib.TOMLDecodeError, also for what tomllib cannot cope with.

    Those are lists and tables within each other, deeper than Python follows, and numbers of thousands of digits.
    """
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        raise
    except RecursionError:
        raise tomllib.TOMLDecodeError("lists or tables are nested too deep") from None
    except ValueError:
        raise tomllib.TOMLDecodeError("a number has too many digits") from None


def packaged_facts(name: str) -> dict[str, Any]:
    """Return a document of ``data/``, which comes with this package."""
    return tomllib.loads((Path(__file__).parents[1] / "data" / name).read_text(encoding="utf-8"))


def toml_at(revision: str, name: str, content: bytes) -> dict[str, Any]:
    """Return the document that a file held at a revision; raises InputError that names both."""
    where, hint = f"{name} at {revision}", "Compare with another revision."
    try:
        return parse_toml(content.decode())
    except UnicodeDecodeError:
        raise InputError("this is not UTF-8 text", where=where, hint=hint) from None
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"this is not valid TOML: {error}", where=where, hint=hint) from None


def _read_text(path: Path) -> str:
    try:
        text = read_file(path).decode("utf-8")
    except FileNotFoundError:
        raise InputError(
            "there is no such file", where=str(path), hint="Run this inside a Poetry project."
        ) from None
    except OSError as error:
        raise InputError(
            f"the file cannot be read: {error.strerror}",
            where=str(path),
            hint="Make it readable, then run this again.",
        ) from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        hint = "Save the file as UTF-8, without a byte order mark."
        raise InputError("this is not UTF-8 text", where=f"{path.name}:{line}", hint=hint) from None
    if text.startswith(_BYTE_ORDER_MARK):
        hint = "Save it as UTF-8 without a byte order mark; Poetry cannot read it either."
        raise InputError("the file begins with a byte order mark", where=f"{path.name}:1:1", hint=hint)
    return text


def _conflict(path: Path, text: str, marker: re.Match[str], hint: str) -> InputError:
    line = text.replace("\r\n", "\n").count("\n", 0, marker.start()) + 1
    what = f'a Git merge conflict is not resolved here ("{marker.group()}")'
    return InputError(what, where=f"{path.name}:{line}", hint=hint)


def _broken(path: Path, text: str, message: str, hint: str) -> InputError:
    found = _POSITION.search(message)
    if found and found["line"]:
        position = f"{found['line']}:{found['column']}"
    else:
        lines = text.splitlines() or [""]
        position = f"{len(lines)}:{len(lines[-1]) + 1}"
    what = _POSITION.sub("", message)
    return InputError(f"this is not valid TOML: {what}", where=f"{path.name}:{position}", hint=hint)
