from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from poetry_aiops.errors import InputError
from poetry_aiops.system.project_paths import path_problem
from poetry_aiops.system.transaction.backup import (
    BackupEntry,
    FileChange,
    Manifest,
    is_backup_id,
    is_undo,
    manifest_json,
    parse_manifest,
    refuse,
    state_of,
)
from poetry_aiops.system.transaction.migration import create
from poetry_aiops.system.transaction.store import next_id


if TYPE_CHECKING:
    from pathlib import Path


NOW = datetime(2025, 3, 1, 12, 30, 5, 7, tzinfo=UTC)
ID = "20250301T123005.000007Z-0123abcd"
MANIFEST = Manifest(
    id=ID,
    created="2025-03-01T12:30:05+00:00",
    note="poetry migrate-reqs",
    entries=(
        BackupEntry("pyproject.toml", "pyproject.toml", None, state_of(b"new", None)),
        BackupEntry("ä b/c'd.txt", "real/c'd.txt", state_of(b"old", 0o640), None),
    ),
    made_folders=("new", "new/inner"),
)


def document() -> dict[str, Any]:
    read: dict[str, Any] = json.loads(manifest_json(MANIFEST))
    return read


def parse(value: object) -> Manifest:
    return parse_manifest(json.dumps(value).encode(), where="manifest.json")


def test_a_manifest_is_read_as_it_was_written() -> None:
    assert parse_manifest(manifest_json(MANIFEST), where="") == MANIFEST
    undo = replace(MANIFEST, id=f"{ID}-undo", undoes=ID, dropped_folders=("new",), made_folders=())
    assert parse_manifest(manifest_json(undo), where="") == undo


def test_a_manifest_says_what_existed_its_checksum_size_and_mode() -> None:
    new, gone = document()["files"]
    assert new["existed_before"] is False
    assert new["before"] is None
    assert gone["existed_before"] is True
    assert gone["before"] == {"sha256": hashlib.sha256(b"old").hexdigest(), "size": 3, "mode": "0640"}


def test_a_manifest_holds_no_content() -> None:
    secret = state_of(b"--index-url https://user:hunter2@index.example/simple", 0o600)
    entry = BackupEntry("requirements.txt", "requirements.txt", secret, secret)
    assert b"hunter2" not in manifest_json(replace(MANIFEST, entries=(entry,)))


@pytest.mark.parametrize(
    "data", [b"", b"{", b"\xff\xfe", b"null", b"[]", b'"text"', b"[" * 100_000, b"{}"], ids=repr
)
def test_a_manifest_that_is_none_is_told_in_words(data: bytes) -> None:
    with pytest.raises(InputError, match="damaged") as caught:
        parse_manifest(data, where="manifest.json")
    assert caught.value.details


@pytest.mark.parametrize(
    ("key", "value", "reported"),
    [
        ("path", "../../etc/passwd", "leads out of the project"),
        ("target", "/etc/passwd", "leads out of the project"),
        ("target", "a/../../b", "leads out of the project"),
        ("target", ".git/hooks/pre-commit", "no migration touches"),
        ("target", "C:\\windows", "backslash"),
        ("target", "a\nb", "control character"),
        ("target", 7, "is not text"),
        ("before", [], "is not a table"),
        ("before", {"sha256": "xyz", "size": 1, "mode": "0644"}, "is not a SHA-256"),
        ("before", {"sha256": "0" * 64, "size": -1, "mode": "0644"}, "is not a size"),
        ("before", {"sha256": "0" * 64, "size": True, "mode": "0644"}, "is not a size"),
        ("before", {"sha256": "0" * 64, "size": 1, "mode": "4755"}, "is not a mode"),
        ("before", {"sha256": "0" * 64, "size": 1, "mode": 420}, "is not a mode"),
    ],
)
def test_a_hostile_entry_is_refused(key: str, value: object, reported: str) -> None:
    hostile = document()
    hostile["files"][1][key] = value
    with pytest.raises(InputError) as caught:
        parse(hostile)
    assert any(reported in detail for detail in caught.value.details)


def test_every_problem_of_a_manifest_is_told_at_once() -> None:
    hostile = document() | {"schema": "other/1", "id": "../x", "made_folders": ["../y"], "note": None}
    with pytest.raises(InputError) as caught:
        parse(hostile)
    assert len(caught.value.details) == 4


@pytest.mark.parametrize(
    "path",
    [
        "", "/", "/a", "..", "../a", "a/..", "a//b", "a/", "./a", "a/./b", ".git/config", ".GIT/config",
        ".migration_backup/x", "a\\b", "C:a", "tools/.git/hooks/pre-commit", "a/b/.Git/config", "a/.git./x", "a/.git /x", "a/GIT~1/hooks/x", "git~2/x", "a/.g\u200cit/x",
        "a/.\uff47it/x", "a/.git::$INDEX_ALLOCATION/x", "a/b.txt:stream", "sub/.hg/hgrc", "sub/.SVN/x", "sub/.migration_backup/x",
        "a/MIGRAT~1/journal", "a..", "a/b ", "a/nul", "a/COM1.txt", "a/con.toml", "a\x00b", "a\x7fb", "tab\there", "\udcff",
    ],
)  # fmt: skip
def test_a_path_that_is_not_plain_and_inside_is_refused(path: str) -> None:
    assert path_problem(path) is not None


@pytest.mark.parametrize(
    "path",
    [
        "pyproject.toml",
        "a b/c",
        "-r.txt",
        "größe.txt",
        "..a",
        ".gitignore",
        "x.git/y",
        "console.txt",
        "requirements.txt.~1~",
        ".github/x",
        "$(x)",
        "it's",
        "*",
    ],
)
def test_a_plain_path_is_taken(path: str) -> None:
    assert path_problem(path) is None


def test_changes_that_cannot_stand_together_are_all_told(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        create(tmp_path, [FileChange(name, None, b"") for name in ("a", "a", "b", "b/c", "../d")], "", NOW)
    assert caught.value.details == (
        "a is named twice",
        "../d leads out of the project",
        "b is named as a file and as a folder",
    )


def test_an_id_sorts_by_time_whatever_the_zone(tmp_path: Path) -> None:
    early = next_id(tmp_path, NOW.astimezone(timezone(timedelta(hours=9))), undo=False)
    late = next_id(tmp_path, NOW + timedelta(microseconds=1), undo=True)
    assert early.startswith("20250301T123005.000007Z-")
    assert is_backup_id(early)
    assert is_undo(late)
    assert early < late


def test_ids_are_told_from_other_names() -> None:
    assert is_backup_id(ID)
    assert not is_undo(ID)
    assert is_backup_id(f"{ID}-undo")
    assert is_undo(f"{ID}-undo")
    for other in ("", "files", f"../{ID}", f"{ID}/..", f"{ID}\n", f".{ID}.new"):
        assert not is_backup_id(other)


def test_pyproject_is_exchanged_after_new_and_old_files_and_before_removals() -> None:
    something = state_of(b"", None)
    entries = [
        BackupEntry("gone.txt", "gone.txt", something, None),
        BackupEntry("pyproject.toml", "pyproject.toml", something, something),
        BackupEntry("poetry.lock", "poetry.lock", something, something),
        BackupEntry("new.txt", "new.txt", None, something),
    ]
    order = [entry.path for entry in sorted(entries, key=lambda entry: entry.order)]
    assert order == ["new.txt", "poetry.lock", "pyproject.toml", "gone.txt"]


def test_a_state_holds_its_own_bytes_only() -> None:
    state = state_of(b"abc", 0o644)
    assert state is not None
    assert state.holds(b"abc")
    assert not state.holds(b"abd")
    assert not state.holds(b"ab")
    assert state_of(None, None) is None


def test_without_problems_nothing_is_refused() -> None:
    refuse([], "nothing")
    with pytest.raises(InputError, match="something"):
        refuse(["one"], "something")
