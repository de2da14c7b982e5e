"""What a migration changes, and the manifest of the backup that was made before it: values only, no I/O.

A backup is one folder, ``.migration_backup/<id>/``: ``manifest.json``, ``restore.sh``, ``files/0000``,
``files/0001``, ... in the manifest's order, and an empty file whose name says how far its run came. Names of the copies are counted, never read from the manifest, so that
a manifest from a stranger cannot point at another file.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Literal

from poetry_aiops.errors import InputError


if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime


HOME = ".migration_backup"
"""The folder of all backups, in the project's folder."""

PREPARED, RUNNING, APPLIED = "prepared", "running", "applied"
"""Names of the one file in a backup's folder that says how far its run came; it changes by a rename."""

STAGED = "staged"
"""The folder of a backup in which its run holds the next contents of the files and the last ones, while it is at work."""

State = Literal["applied", "not applied", "interrupted", "damaged"]
Now = Literal["new", "old", "mixed", "changed since", "unknown"]

_ID = re.compile(r"[0-9]{8}T[0-9]{6}\.[0-9]{6}Z-[0-9a-f]{8}(?P<undo>-undo)?")
_DRIVE = re.compile(r"[A-Za-z]:")
_FOREIGN = frozenset({HOME, ".git", ".hg", ".svn"})
_SHORT_NAME = re.compile(r"[^.]{1,7}~[0-9]{1,6}(\.[^.]{0,3})?")
_DEVICE = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|com[0-9]|lpt[0-9])(\..*)?")
_DELETE = 0x7F
_SPACE = 0x20


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file's bytes before and after; ``None`` where there is no file.

    ``path`` is relative to the project's folder, with slashes. ``mode`` are the permission bits afterwards; without
    it the file keeps its own, and a new one gets the usual ones of the process.
    """

    path: str
    before: bytes | None
    after: bytes | None
    mode: int | None = None


@dataclass(frozen=True, slots=True)
class FileState:
    """What identifies one content: SHA-256 (hexadecimal), size in bytes, permission bits (``None``: not set by us)."""

    sha256: str
    size: int
    mode: int | None

    def holds(self, data: bytes) -> bool:
        """Say whether these are the bytes."""
        return len(data) == self.size and hashlib.sha256(data).hexdigest() == self.sha256


@dataclass(frozen=True, slots=True)
class BackupEntry:
    """One file of a backup: ``path`` as it was named, ``target`` the file itself once links are followed.

    Both are relative to the project's folder; a ``before`` of ``None`` says that the file did not exist.
    """

    path: str
    target: str
    before: FileState | None
    after: FileState | None

    @property
    def changes(self) -> bool:
        """Whether the run changes the file; one that it only read is in the backup for what comes later."""
        return self.before != self.after


@dataclass(frozen=True, slots=True)
class Manifest:
    """What one run changed; ``undoes`` names the backup that a rollback put back, ``None`` for a migration.

    ``made_folders`` are made by the run and go when it is put back, ``dropped_folders`` the reverse; outer first.
    """

    id: str
    created: str
    note: str
    entries: tuple[BackupEntry, ...]
    made_folders: tuple[str, ...] = ()
    dropped_folders: tuple[str, ...] = ()
    undoes: str | None = None


@dataclass(frozen=True, slots=True)
class BackupInfo:
    """One line of ``--list-backups``.

    ``state`` is what became of the run; ``now`` compares the files of today with the backup: ``new`` as the run
    left them, ``old`` as before it. ``damage`` says what is wrong with a damaged backup.
    """

    id: str
    state: State
    now: Now
    created: str = ""
    note: str = ""
    undoes: str | None = None
    files: tuple[str, ...] = ()
    damage: str | None = None


def state_of(data: bytes | None, mode: int | None) -> FileState | None:
    """Return what identifies a content, ``None`` for a file that does not exist."""
    return None if data is None else FileState(hashlib.sha256(data).hexdigest(), len(data), mode)


def backup_id(now: datetime, suffix: str, *, undo: bool = False) -> str:
    """Return an id that sorts by time; ``suffix`` are eight random hexadecimal digits."""
    stamp = now.astimezone(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    return f"{stamp}-{suffix}{'-undo' if undo else ''}"


def is_backup_id(text: str) -> bool:
    """Say whether a name can be a backup's."""
    return _ID.fullmatch(text) is not None


def is_undo(identifier: str) -> bool:
    """Say whether a backup belongs to a rollback, by its id alone."""
    found = _ID.fullmatch(identifier)
    return found is not None and found["undo"] is not None


def stored_name(index: int) -> str:
    """Return the name of the copy of the manifest's file at ``index``, under ``files/``."""
    return f"{index:04d}"


def path_problem(path: str) -> str | None:
    """Return why a path must not be used, ``None`` for a good one: relative, with slashes, inside, printable."""
    return _spelling_problem(path) or _place_problem(path)


def _spelling_problem(path: str) -> str | None:
    if any(ord(letter) < _SPACE or ord(letter) == _DELETE for letter in path):
        return "has a control character in its name"
    if any("\ud800" <= letter <= "\udfff" for letter in path):
        return "has a name that is not UTF-8"
    if "\\" in path or _DRIVE.match(path):
        return "is written with a backslash or a drive"
    return None


def _place_problem(path: str) -> str | None:
    parts = path.split("/")
    if path.startswith("/") or ".." in parts:
        return "leads out of the project"
    if not all(parts) or "." in parts:
        return "is not an ordinary path"
    return next((problem for part in parts if (problem := _part_problem(part)) is not None), None)


def _part_problem(part: str) -> str | None:
    """Return why no part of a path may have this name on any system.

    Some take letters of another case or width for the same (APFS, NTFS), pass over signs without a width (HFS+), or
    dots and blanks at the end, a stream after a colon, and know files by short names and devices by theirs (Windows).
    """
    same = "".join(
        sign for sign in unicodedata.normalize("NFKC", part).casefold() if unicodedata.category(sign) != "Cf"
    )
    if same.partition(":")[0].rstrip(". ") in _FOREIGN:
        return f"is in {part}, which no migration touches"
    if ":" in same or same != same.rstrip(". ") or _SHORT_NAME.fullmatch(same) or _DEVICE.fullmatch(same):
        return f"has {part!r} in it, which Windows takes for another name"
    return None


def change_problems(changes: Iterable[FileChange]) -> list[str]:
    """Return what is wrong with a set of changes, one line each: bad paths, one file named twice, a file as folder."""
    changes = tuple(changes)
    problems = [
        f"{change.path!r} {problem}"
        for change in changes
        if (problem := path_problem(change.path)) is not None
    ]
    paths = [change.path for change in changes]
    problems += [
        f"{path} is named twice" for path in sorted({path for path in paths if paths.count(path) > 1})
    ]
    parents = {str(parent) for path in paths for parent in PurePosixPath(path).parents}
    return problems + [f"{path} is named as a file and as a folder" for path in paths if path in parents]


def switch_order(entries: Iterable[tuple[int, BackupEntry]]) -> list[tuple[int, BackupEntry]]:
    """Return the order in which files are exchanged: new ones, then old ones, pyproject.toml last, then removals.

    Until pyproject.toml is exchanged every tool still sees the project as it was.
    """

    def rank(numbered: tuple[int, BackupEntry]) -> tuple[int, int]:
        index, entry = numbered
        if entry.after is None:
            return 3, index
        if PurePosixPath(entry.path).name == "pyproject.toml":
            return 2, index
        return (1 if entry.before else 0), index

    return sorted(entries, key=rank)


def refuse(problems: Iterable[str], what: str, hint: str | None = None) -> None:
    """Raise one InputError with every problem as a line of its own; without any do nothing."""
    details = tuple(problems)
    if details:
        raise InputError(what, details=details, hint=hint)
