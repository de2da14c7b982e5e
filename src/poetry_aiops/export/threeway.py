"""Three-way comparison: what the file should be, what it is, and what it was when we wrote it.

Of the third only a digest is left, in the file's own header. That is enough to distinguish a lock that moved on from a file
that was edited; and while the lock is still the one the file came from, writing anew gives exactly the text that
was there before the edit.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Final, Literal

from poetry_aiops.export.header import read_header


State = Literal["current", "missing", "outdated", "edited", "foreign", "migrated", "surplus"]

IN_WORDS: Final[dict[State, str]] = {
    "current": "up to date with poetry.lock",
    "missing": "is missing",
    "outdated": "does not match poetry.lock",
    "edited": "was edited by hand",
    "foreign": "was not written by poetry sync-reqs",
    "migrated": "was migrated and has not changed since",
    "surplus": "no longer belongs to any selection",
}


@dataclass(frozen=True, slots=True)
class FileComparison:
    """How a file stands; ``diff`` leads from the file to what it should be.

    ``edits`` are the lines changed by hand (``+`` written, ``-`` taken away) where they can be separated from what a
    newer lock changes; ``lock_moved`` says that the lock is another one than the file came from.
    """

    path: str
    state: State
    diff: str = ""
    edits: tuple[str, ...] = ()
    lock_moved: bool = False

    @property
    def may_write(self) -> bool:
        """Whether the file may be written without asking: nothing would be lost that no backup holds."""
        return self.state in {"missing", "outdated", "migrated", "surplus"}


def compare(
    path: str, wanted: str, actual: str | None, lock_digest: str, *, diffs: bool = True
) -> FileComparison:
    """Compare the file at ``path`` (None: there is none) with the text that it should have.

    Without ``diffs`` the lines are not worked out, which takes the most time.
    """
    if actual is None:
        return FileComparison(path, "missing", _diff(path, "", wanted) if diffs else "")
    actual = actual.replace("\r\n", "\n")
    if actual == wanted:
        return FileComparison(path, "current")
    header = read_header(actual)
    diff = _diff(path, actual, wanted) if diffs else ""
    if header is None or header.path != path:
        return FileComparison(path, "foreign", diff)
    moved = header.lock_digest != lock_digest
    if header.is_untouched(actual):
        return FileComparison(path, "outdated", diff, lock_moved=moved)
    edits: tuple[str, ...] = ()
    if diffs and not moved:
        lines = difflib.unified_diff(wanted.splitlines(), actual.splitlines(), lineterm="", n=0)
        edits = tuple(line for line in lines if line[:1] in "+-" and line[:3] not in {"+++", "---"})
    return FileComparison(path, "edited", diff, edits, lock_moved=moved)


def surplus(path: str, actual: str) -> FileComparison | None:
    """Return the comparison for a file outside the bundle, None when it is not our own untouched work.

    A copy under another name does not count as ours: the header names the path that it was written for.
    """
    actual = actual.replace("\r\n", "\n")
    header = read_header(actual)
    if header is None or header.path != path or not header.is_untouched(actual):
        return None
    return FileComparison(path, "surplus", _diff(path, actual, ""))


def _diff(path: str, before: str, after: str) -> str:
    """Return a unified diff; a file that is missing is ``/dev/null``, as in Git."""
    source, target = (path if before else "/dev/null"), (path if after else "/dev/null")
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), source, target, lineterm="")
    return "".join(f"{line}\n" for line in lines)
