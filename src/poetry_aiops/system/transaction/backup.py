"""The backup of one run: which files it changes, and the manifest that says so. Values only, no I/O.

A backup is one folder, ``.migration_backup/<id>/``: ``manifest.json``, ``restore.sh``, ``files/0000``,
``files/0001``, ... in the manifest's order, and a file whose name says how far its run came. Names of the copies are
counted, never read from the manifest, so that a manifest from a stranger cannot point at another file.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Final, TypeVar

from poetry_aiops.errors import InputError
from poetry_aiops.system.project_paths import path_problem


if TYPE_CHECKING:
    from collections.abc import Iterable


SCHEMA: Final = "poetry-aiops/migration-backup/1"
MODE_BITS: Final = 0o777
"""What a backup keeps of a mode: a manifest must not make files that run as another user."""

_ID: Final = re.compile(r"[0-9]{8}T[0-9]{6}\.[0-9]{6}Z-[0-9a-f]{8}(?P<undo>-undo)?")
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_MODE: Final = re.compile(r"0[0-7]{3}")

_Kind = TypeVar("_Kind")


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

    @property
    def is_read_only(self) -> bool:
        """Whether the run only reads the file, so that it is in the backup for what comes later."""
        return self.before == self.after and self.mode is None


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

    @property
    def order(self) -> int:
        """When the file is exchanged: new ones, then old ones, pyproject.toml, then removals.

        Until pyproject.toml is exchanged every tool still sees the project as it was.
        """
        if self.after is None:
            return 3
        return 2 if PurePosixPath(self.path).name == "pyproject.toml" else int(self.before is not None)


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


def state_of(data: bytes | None, mode: int | None) -> FileState | None:
    """Return what identifies a content, ``None`` for a file that does not exist."""
    return None if data is None else FileState(hashlib.sha256(data).hexdigest(), len(data), mode)


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


def refuse(problems: Iterable[str], what: str, hint: str | None = None) -> None:
    """Raise one InputError with every problem as a line of its own; without any do nothing."""
    details = tuple(problems)
    if details:
        raise InputError(what, details=details, hint=hint)


# -- manifest.json ------------------------------------------------------------------------------------------


def manifest_json(manifest: Manifest) -> bytes:
    """Return the manifest as JSON in UTF-8: ids, names, checksums and modes, no content."""
    document = {"schema": SCHEMA, **asdict(manifest)}
    document["files"] = [
        {**entry, "existed_before": entry["before"] is not None} for entry in document.pop("entries")
    ]
    for entry in document["files"]:
        for state in (entry["before"], entry["after"]):
            if state and state["mode"] is not None:
                state["mode"] = f"{state['mode']:04o}"
    return (json.dumps(document, ensure_ascii=False, indent=2) + "\n").encode()


def parse_manifest(data: bytes, *, where: str) -> Manifest:
    """Return the manifest that ``manifest_json`` wrote, read with the distrust that a file from a stranger deserves.

    Raises InputError with every problem: no JSON, another schema, missing or wrong values, paths that lead out.
    """
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        raise damaged(["it is not JSON"], where) from None
    reader = _ManifestReader()
    manifest = reader.manifest(document)
    if reader.problems:
        raise damaged(reader.problems, where)
    return manifest


def damaged(problems: Iterable[str], where: str) -> InputError:
    """Return the error for a backup that is not as it was written."""
    return InputError(
        "this backup is damaged; nothing was changed",
        where=where,
        details=tuple(problems),
        hint="`poetry migrate-reqs --list-backups` shows the others.",
    )


class _ManifestReader:
    """Reads values of the expected kind and collects what is wrong on the way."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def manifest(self, document: object) -> Manifest:
        table = self._of(dict, document, "the document is not a table")
        if table.get("schema") != SCHEMA:
            self.problems.append(f"its schema is {table.get('schema')!r}, not {SCHEMA!r}")
        undoes = table.get("undoes")
        return Manifest(
            id=self._matching(_ID, table.get("id"), "id is not a backup's id"),
            created=self._of(str, table.get("created"), "created is not text"),
            note=self._of(str, table.get("note"), "note is not text"),
            entries=tuple(map(self._entry, self._of(list, table.get("files"), "files is not a list"))),
            made_folders=self._paths(table, "made_folders"),
            dropped_folders=self._paths(table, "dropped_folders"),
            undoes=None if undoes is None else self._matching(_ID, undoes, "undoes is not a backup's id"),
        )

    def _entry(self, value: object) -> BackupEntry:
        table = self._of(dict, value, "a file is not a table")
        path = self._path(table.get("path"), "a file's path")
        states = (self._state(table.get(when), f"{path}: {when}") for when in ("before", "after"))
        return BackupEntry(path, self._path(table.get("target"), f"{path}: target"), *states)

    def _state(self, value: object, key: str) -> FileState | None:
        if value is None:
            return None
        table = self._of(dict, value, f"{key} is not a table")
        size, mode = table.get("size"), table.get("mode")
        if not isinstance(size, int) or isinstance(size, bool) or size < 0:
            self.problems.append(f"{key}.size is not a size")
            size = 0
        bits = None if mode is None else self._matching(_MODE, mode, f"{key}.mode is not a mode such as 0644")
        sha256 = self._matching(_SHA256, table.get("sha256"), f"{key}.sha256 is not a SHA-256")
        return FileState(sha256, size, int(bits, 8) if bits else None)

    def _paths(self, table: dict[str, object], key: str) -> tuple[str, ...]:
        return tuple(self._path(item, key) for item in self._of(list, table.get(key), f"{key} is not a list"))

    def _path(self, value: object, key: str) -> str:
        path = self._of(str, value, f"{key} is not text")
        if isinstance(value, str) and (problem := path_problem(path)):
            self.problems.append(f"{key}: {path!r} {problem}")
        return path

    def _matching(self, pattern: re.Pattern[str], value: object, problem: str) -> str:
        found = value if isinstance(value, str) and pattern.fullmatch(value) else None
        return self._of(str, found, problem)

    def _of(self, kind: type[_Kind], value: Any, problem: str) -> _Kind:  # noqa: ANN401 - untrusted JSON, checked here
        if isinstance(value, kind):
            return value
        self.problems.append(problem)
        return kind()
