"""Reading untrusted TOML values: every wrong one is collected, then all are reported in one error."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from poetry_aiops.system.record import Record


if TYPE_CHECKING:
    from collections.abc import Iterable

    from poetry_aiops.errors import AiopsError


_KINDS: tuple[tuple[type, str], ...] = (
    (bool, "true or false"),
    (str, "text"),
    (int, "a number"),
    (float, "a number"),
    (list, "a list"),
    (Mapping, "a table"),
)
_LONG_NUMBER = re.compile(r"[0-9]{401}")


class ProjectProblem(Record):
    """One thing that is wrong: ``where`` is a key path or a package, ``hint`` says what to do."""

    where: str
    what: str
    hint: str = ""

    def line(self) -> str:
        """Return everything in one line, as a detail of an error that names several problems."""
        return f"{self.where}: {self.what}" + (f" ({self.hint})" if self.hint else "")


class Checker:
    """Takes values apart by their expected type and remembers each that has another one.

    ``warnings`` gets the problems that a command can live with; without it they are as bad as the others.
    """

    def __init__(self, warnings: list[str] | None = None) -> None:
        self.problems: list[ProjectProblem] = []
        self.warnings = warnings

    def report(self, where: str, what: str, hint: str = "") -> None:
        self.problems.append(ProjectProblem(where, what, hint))

    def tolerate(self, where: str, what: str, hint: str = "") -> None:
        """Remember a problem as a warning where warnings are collected, else as a problem."""
        if self.warnings is None:
            self.report(where, what, hint)
        else:
            self.warnings.append(f"{where} {what}")

    def text(self, value: object, where: str) -> str:
        """Return ``value`` when it is text, else the empty text and a remembered problem."""
        if isinstance(value, str):
            return str(value)
        self._wrong(where, "text in quotes", value)
        return ""

    def optional_text(self, value: object, where: str) -> str | None:
        """Return ``value`` when it is text, None when it is missing, else the empty text and a remembered problem."""
        return None if value is None else self.text(value, where)

    def flag(self, value: object, where: str) -> bool:
        """Return ``value`` when it is a boolean, else False and a remembered problem."""
        if isinstance(value, bool):
            return value
        self._wrong(where, "true or false", value)
        return False

    def items(self, value: object, where: str) -> list[object]:
        """Return ``value`` when it is a list, else an empty list and a remembered problem."""
        if isinstance(value, list):
            return value
        self._wrong(where, "a list", value)
        return []

    def texts(self, value: object, where: str) -> tuple[str, ...]:
        """Return the texts of a list; an entry of another type is a remembered problem and left out."""
        found = [
            (entry, self.text(entry, f"{where}[{index}]"))
            for index, entry in enumerate(self.items(value, where))
        ]
        return tuple(text for entry, text in found if isinstance(entry, str))

    def names(self, value: object, where: str) -> tuple[str, ...]:
        """Return the names of a list in canonical form."""
        return tuple(map(normalised, self.texts(value, where)))

    def table(self, value: object, where: str) -> Mapping[str, object]:
        """Return ``value`` when it is a table, else an empty one and a remembered problem.

        TOML keys are always text; a table built elsewhere with other keys is wrong too.
        """
        if isinstance(value, Mapping):
            if all(isinstance(key, str) for key in value):
                return value
            self.report(where, "every key must be text")
            return {}
        self._wrong(where, "a table", value)
        return {}

    def tables(self, value: object, where: str) -> list[Mapping[str, object]]:
        """Return the tables of a list; an entry of another type is a remembered problem and left empty."""
        return [
            self.table(entry, f"{where}[{index}]") for index, entry in enumerate(self.items(value, where))
        ]

    def known_keys(self, table: Iterable[str], known: Iterable[str], where: str) -> None:
        """Remember every key of a table that is not a known one."""
        for key in table:
            if key not in known:
                hint = did_you_mean(key, known) or f"Known keys are {', '.join(known)}."
                self.report(f"{where} {key}", "is not a known key", hint)

    def fail(self, error: type[AiopsError], where: str, headline: str, hint: str | None = None) -> None:
        """Raise ``error`` with everything that was remembered; do nothing when all was well.

        A single problem is reported by itself. Several come as details below ``headline``, in the order found.
        ``hint`` is the advice when a single problem has none of its own, and the advice for several.
        """
        if not self.problems:
            return
        if len(self.problems) == 1:
            only = self.problems[0]
            raise error(only.what, where=only.where, hint=only.hint or hint)
        details = tuple(problem.line() for problem in self.problems)
        raise error(headline.format(count=len(details)), where=where, hint=hint, details=details)

    def _wrong(self, where: str, expected: str, value: object) -> None:
        self.report(where, f"must be {expected}, but is {kind_of(value)}")


def has_long_number(text: str) -> bool:
    """Say whether a text holds a number of more than 400 digits.

    No version has one, and Python refuses to convert one of thousands with a ValueError, wherever it is compared.
    """
    return _LONG_NUMBER.search(text) is not None


def kind_of(value: object) -> str:
    """Return the name of a TOML value's type: ``text``, ``a list``, ``a date or time``."""
    if value is None:
        return "missing"
    return next((words for kind, words in _KINDS if isinstance(value, kind)), "a date or time")


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ``Did you mean "x"?`` for the nearest known word, else the empty text."""
    close = difflib.get_close_matches(word.lower(), sorted(known), n=1)
    return f'Did you mean "{close[0]}"?' if close else ""


def normalised(name: str) -> str:
    """Return a package, group or extra name in its canonical form (PEP 503): ``ML_CPU`` -> ``ml-cpu``."""
    return str(canonicalize_name(name))
