"""What a reader finds around a file, and where it puts what it has to report."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from poetry_aiops.migrate.model import Place, Problem
from poetry_aiops.system.addresses import redact


if TYPE_CHECKING:
    from collections.abc import Sequence

    from poetry_aiops.migrate.model import Severity


class Neighbours(Protocol):
    """The files around a requirements file; all paths are POSIX paths relative to the project's folder.

    A path that begins with ``..`` is outside of it: answer for those inside the same repository only.
    """

    def read(self, path: str) -> bytes | None:
        """Return a file's bytes, None where there is no such file."""

    def is_folder(self, path: str) -> bool:
        """Tell whether a folder is there."""

    def names(self, path: str) -> Sequence[str]:
        """Return the names in a folder, none where there is no such folder."""


@dataclass(slots=True)
class Notes:
    """Collects the problems of one file; words are redacted on the way in, ``fixed`` is not (it goes into the file)."""

    file: str
    neighbours: Neighbours
    problems: list[Problem] = field(default_factory=list)

    def error(  # noqa: PLR0913 - the parts of a Problem
        self,
        line: int,
        what: str,
        why: str = "",
        suggestion: str = "",
        *,
        fixed: str | None = None,
        last: int | None = None,
    ) -> None:
        """Remember what stops the migration."""
        self._add("error", line, (what, why, suggestion), fixed, last)

    def warning(self, line: int, what: str, why: str = "", suggestion: str = "") -> None:
        """Remember what is to be shown."""
        self._add("warning", line, (what, why, suggestion), None, None)

    def note(self, line: int, what: str, why: str = "", suggestion: str = "") -> None:
        """Remember what the report says."""
        self._add("note", line, (what, why, suggestion), None, None)

    def _add(
        self, severity: Severity, line: int, words: tuple[str, str, str], fixed: str | None, last: int | None
    ) -> None:
        what, why, suggestion = (redact(text) for text in words)
        self.problems.append(
            Problem(severity, Place(self.file, line), what, why, suggestion, fixed=fixed, last=last)
        )
