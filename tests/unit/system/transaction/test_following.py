"""What is written after a migration becomes part of its backup."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from tests.support.killed_runs import NOW

from poetry_aiops.errors import InputError
from poetry_aiops.system.project_paths import HOME
from poetry_aiops.system.transaction.backup import FileChange
from poetry_aiops.system.transaction.following import follow, migrated_files
from poetry_aiops.system.transaction.migration import apply, create, list_backups, rollback
from poetry_aiops.system.transaction.store import locked


if TYPE_CHECKING:
    from pathlib import Path


LATER = NOW + timedelta(hours=1)
READ = b"flask==3.0\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a project whose migration wrote pyproject.toml and read two files."""
    (tmp_path / "reqs.txt").write_bytes(READ)
    (tmp_path / "reqs.txt").chmod(0o640)
    (tmp_path / "base.in").write_bytes(b"flask\n")
    changes = [
        FileChange("pyproject.toml", None, b"[project]\n"),
        FileChange("reqs.txt", READ, READ),
        FileChange("base.in", b"flask\n", b"flask\n"),
        FileChange("../beside.txt", b"x", b"x"),
    ]
    with locked(tmp_path, NOW):
        apply(create(tmp_path, changes, "", NOW))
    return tmp_path


def files(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and HOME not in path.parts
    }


def written(root: Path, path: str, data: bytes) -> bool:
    held = follow(root, path, data, LATER)
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_bytes(data)
    return held


def ways_back() -> list[object]:
    shell = pytest.mark.skipif(sys.platform == "win32", reason="a POSIX shell is needed")
    return ["rollback", pytest.param("restore.sh", marks=shell)]


def go_back(root: Path, way: str) -> None:
    if way == "rollback":
        with locked(root, LATER):
            rollback(root, now=LATER)
    else:
        subprocess.run(["sh", str(root / HOME / "restore.sh")], check=True, capture_output=True)


def test_files_that_were_only_read_are_in_the_backup_and_are_left_alone(root: Path) -> None:
    before = (root / "reqs.txt").stat()
    assert migrated_files(root) == {"reqs.txt": READ, "base.in": b"flask\n"}
    (listed,) = list_backups(root)
    assert (listed.now, listed.files) == ("new", ("pyproject.toml", "reqs.txt", "base.in"))
    with locked(root, LATER):
        result = rollback(root, now=LATER)
    assert (result.restored, result.removed) == ((), ("pyproject.toml",))
    after = (root / "reqs.txt").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


@pytest.mark.parametrize("way", ways_back())
def test_what_was_written_later_goes_and_what_was_replaced_comes_back(root: Path, way: str) -> None:
    (root / "mine.txt").write_bytes(b"mine\n")
    before = {name: data for name, data in files(root).items() if name != "pyproject.toml"}
    assert written(root, "reqs.txt", b"generated\n")
    assert written(root, "mine.txt", b"generated\n")
    assert written(root, "lists/gpu/new.txt", b"generated\n")
    assert written(root, "reqs.txt", b"generated again\n")
    assert follow(root, "base.in", None, LATER)
    (root / "base.in").unlink()

    go_back(root, way)

    assert files(root) == before
    assert (root / "reqs.txt").stat().st_mode & 0o777 == (0o640 if sys.platform != "win32" else 0o666)
    assert not (root / "lists").exists()


@pytest.mark.parametrize("way", ways_back())
def test_a_file_that_was_read_and_is_gone_comes_back_without_force(root: Path, way: str) -> None:
    (root / "reqs.txt").unlink()
    go_back(root, way)
    assert (root / "reqs.txt").read_bytes() == READ


def test_an_edit_in_between_is_not_held(root: Path) -> None:
    (root / "reqs.txt").write_bytes(b"edited\n")
    assert not written(root, "reqs.txt", b"generated\n")
    go_back(root, "rollback")
    assert (root / "reqs.txt").read_bytes() == READ


def test_an_edit_after_it_is_refused_as_ever(root: Path) -> None:
    written(root, "reqs.txt", b"generated\n")
    (root / "reqs.txt").write_bytes(b"edited\n")
    with pytest.raises(InputError) as caught, locked(root, LATER):
        rollback(root, now=LATER)
    assert caught.value.details == ("reqs.txt changed since",)


def test_a_read_only_file_that_was_only_read_stops_no_migration(tmp_path: Path) -> None:
    (tmp_path / "reqs.txt").write_bytes(READ)
    (tmp_path / "reqs.txt").chmod(0o444)
    with locked(tmp_path, NOW):
        changes = [FileChange("pyproject.toml", None, b""), FileChange("reqs.txt", READ, READ)]
        apply(create(tmp_path, changes, "", NOW))
    assert migrated_files(tmp_path) == {"reqs.txt": READ}


def test_a_file_that_changed_while_it_was_read_stops_the_migration(tmp_path: Path) -> None:
    (tmp_path / "reqs.txt").write_bytes(b"other\n")
    changes = [FileChange("pyproject.toml", None, b""), FileChange("reqs.txt", READ, READ)]
    with pytest.raises(InputError) as caught, locked(tmp_path, NOW):
        create(tmp_path, changes, "", NOW)
    assert caught.value.details == ("reqs.txt changed since it was read",)


def test_without_a_migration_or_with_a_damaged_backup_nothing_is_held(root: Path, tmp_path: Path) -> None:
    (copy,) = root.glob(f"{HOME}/*/files/0001")
    copy.write_bytes(b"other\n")
    assert migrated_files(root) == {"base.in": b"flask\n"}
    (manifest,) = root.glob(f"{HOME}/*/manifest.json")
    manifest.write_bytes(b"{]")
    assert migrated_files(root) == {}
    assert not follow(root, "reqs.txt", b"new\n", LATER)
    empty = tmp_path / "empty"
    empty.mkdir()
    assert migrated_files(empty) == {}
    assert not follow(empty, "reqs.txt", b"new\n", LATER)
    assert list(empty.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_a_folder_of_copies_that_is_a_link_is_not_written_into(root: Path) -> None:
    (copies,) = root.glob(f"{HOME}/*/files")
    elsewhere = root / "elsewhere"
    copies.rename(elsewhere)
    copies.symlink_to(elsewhere)
    (root / "mine.txt").write_bytes(b"mine\n")
    before = sorted(path.name for path in elsewhere.iterdir())
    with pytest.raises(InputError, match="it is a link"):
        follow(root, "mine.txt", b"new\n", LATER)
    assert sorted(path.name for path in elsewhere.iterdir()) == before
