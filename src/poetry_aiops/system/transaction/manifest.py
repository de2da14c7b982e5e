"""``manifest.json`` of a backup: written, and read with the distrust that a file from a stranger deserves."""

from __future__ import annotations

import json
import re
from typing import Final, TypeVar

from poetry_aiops.errors import InputError
from poetry_aiops.system.transaction.model import BackupEntry, FileState, Manifest, is_backup_id, path_problem


SCHEMA: Final = "poetry-aiops/migration-backup/1"
MODE_BITS: Final = 0o777
"""What a backup keeps of a mode: a manifest must not make files that run as another user."""

_Kind = TypeVar("_Kind")
_SHA256 = re.compile(r"[0-9a-f]{64}")


def manifest_json(manifest: Manifest) -> bytes:
    """Return the manifest as JSON in UTF-8: ids, names, checksums and modes, no content."""
    document = {
        "schema": SCHEMA,
        "id": manifest.id,
        "created": manifest.created,
        "note": manifest.note,
        "undoes": manifest.undoes,
        "made_folders": list(manifest.made_folders),
        "dropped_folders": list(manifest.dropped_folders),
        "files": [
            {
                "path": entry.path,
                "target": entry.target,
                "existed_before": entry.before is not None,
                "before": _state_json(entry.before),
                "after": _state_json(entry.after),
            }
            for entry in manifest.entries
        ],
    }
    return (json.dumps(document, ensure_ascii=False, indent=2) + "\n").encode()


def parse_manifest(data: bytes, *, where: str) -> Manifest:
    """Return the manifest that ``manifest_json`` wrote.

    Raises InputError with every problem: no JSON, another schema, missing or wrong values, paths that lead out.
    """
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        raise _damaged(["it is not JSON"], where) from None
    reader = _ManifestReader()
    manifest = reader.manifest(document)
    if reader.problems:
        raise _damaged(reader.problems, where)
    return manifest


def _state_json(state: FileState | None) -> dict[str, object] | None:
    if state is None:
        return None
    mode = None if state.mode is None else f"{state.mode:04o}"
    return {"sha256": state.sha256, "size": state.size, "mode": mode}


def _damaged(problems: list[str], where: str) -> InputError:
    return InputError(
        "the manifest of this backup is damaged; nothing was changed",
        where=where,
        details=tuple(problems),
        hint="`poetry migrate-reqs --list-backups` shows the others.",
    )


class _ManifestReader:
    """Reads values of the expected kind and collects what is wrong on the way."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def manifest(self, document: object) -> Manifest:
        table = self._table(document, "the document")
        if table.get("schema") != SCHEMA:
            self.problems.append(f"its schema is {table.get('schema')!r}, not {SCHEMA!r}")
        undoes = table.get("undoes")
        return Manifest(
            id=self._id(table.get("id"), "id"),
            created=self._text(table.get("created"), "created"),
            note=self._text(table.get("note"), "note"),
            entries=tuple(
                self._entry(item, f"files[{index}]")
                for index, item in enumerate(self._list(table.get("files"), "files"))
            ),
            made_folders=self._paths(table.get("made_folders"), "made_folders"),
            dropped_folders=self._paths(table.get("dropped_folders"), "dropped_folders"),
            undoes=None if undoes is None else self._id(undoes, "undoes"),
        )

    def _entry(self, value: object, key: str) -> BackupEntry:
        table = self._table(value, key)
        return BackupEntry(
            self._path(table.get("path"), f"{key}.path"),
            self._path(table.get("target"), f"{key}.target"),
            self._state(table.get("before"), f"{key}.before"),
            self._state(table.get("after"), f"{key}.after"),
        )

    def _state(self, value: object, key: str) -> FileState | None:
        if value is None:
            return None
        table = self._table(value, key)
        sha256 = self._text(table.get("sha256"), f"{key}.sha256")
        if not _SHA256.fullmatch(sha256):
            self.problems.append(f"{key}.sha256 is not a SHA-256")
        size = table.get("size")
        if not isinstance(size, int) or isinstance(size, bool) or size < 0:
            self.problems.append(f"{key}.size is not a size")
            size = 0
        return FileState(sha256, size, self._mode(table.get("mode"), f"{key}.mode"))

    def _mode(self, value: object, key: str) -> int | None:
        if value is None:
            return None
        if not isinstance(value, str) or not re.fullmatch(r"0[0-7]{3}", value):
            self.problems.append(f"{key} is not a mode such as 0644")
            return None
        return int(value, 8)

    def _paths(self, value: object, key: str) -> tuple[str, ...]:
        return tuple(self._path(item, key) for item in self._list(value, key))

    def _path(self, value: object, key: str) -> str:
        path = self._text(value, key)
        problem = path_problem(path)
        if problem is not None:
            self.problems.append(f"{key}: {path!r} {problem}")
        return path

    def _id(self, value: object, key: str) -> str:
        text = self._text(value, key)
        if not is_backup_id(text):
            self.problems.append(f"{key} is not a backup's id")
        return text

    def _text(self, value: object, key: str) -> str:
        return self._of(str, value, key, "text")

    def _list(self, value: object, key: str) -> list[object]:
        return self._of(list, value, key, "a list")

    def _table(self, value: object, key: str) -> dict[str, object]:
        return self._of(dict, value, key, "a table")

    def _of(self, kind: type[_Kind], value: object, key: str, words: str) -> _Kind:
        if isinstance(value, kind):
            return value
        self.problems.append(f"{key} is not {words}")
        return kind()
