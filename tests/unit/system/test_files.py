from __future__ import annotations

import os
import stat
import sys
import time
from itertools import chain, repeat
from typing import TYPE_CHECKING
from unittest.mock import DEFAULT

import pytest

from poetry_aiops.system.files import temporary_beside, write_atomically, write_new, write_together


if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_mock import MockerFixture


posix_only = pytest.mark.skipif(sys.platform == "win32", reason="permission bits and links of POSIX")


def at_call(number: int, error: BaseException) -> Iterator[object]:
    """Return side effects of a wrapped function, of which one call fails, counted from 1."""
    return chain(repeat(DEFAULT, number - 1), [error], repeat(DEFAULT))


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o7777


def test_a_new_file_holds_the_bytes_and_nothing_else_is_left(tmp_path: Path) -> None:
    write_atomically(tmp_path / "new", b"a\r\n\x00b")
    assert (tmp_path / "new").read_bytes() == b"a\r\n\x00b"
    assert [path.name for path in tmp_path.iterdir()] == ["new"]


def test_an_old_file_is_replaced_not_written_over(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"the old content")
    with path.open("rb") as open_before:
        write_atomically(path, b"new")
        assert open_before.read() == b"the old content"
    assert path.read_bytes() == b"new"


@posix_only
def test_a_file_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"")
    path.chmod(0o640)
    write_atomically(path, b"new")
    assert mode(path) == 0o640


@posix_only
def test_a_new_file_has_the_usual_mode_of_the_process(tmp_path: Path) -> None:
    (tmp_path / "usual").write_bytes(b"")
    write_atomically(tmp_path / "new", b"")
    assert mode(tmp_path / "new") == mode(tmp_path / "usual")


@posix_only
def test_a_mode_that_is_asked_for_wins(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_atomically(path, b"", 0o755)
    assert mode(path) == 0o755
    write_atomically(path, b"", 0o600)
    assert mode(path) == 0o600


@posix_only
def test_a_link_stays_a_link_and_its_target_is_written(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    target = tmp_path / "folder" / "target"
    target.write_bytes(b"old")
    link = tmp_path / "link"
    link.symlink_to(target)
    write_atomically(link, b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"


def test_a_failed_write_leaves_the_old_content_and_no_temporary_file(
    tmp_path: Path, mocker: MockerFixture
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    mocker.patch.object(os, "fsync", side_effect=OSError(28, "No space left on device"))
    with pytest.raises(OSError, match="No space left"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_atomically(tmp_path / "nowhere" / "file", b"")


def test_a_new_file_never_replaces_one_that_is_there(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"old")
    with pytest.raises(FileExistsError):
        write_new(tmp_path / "file", b"new")
    assert (tmp_path / "file").read_bytes() == b"old"


def test_a_new_file_that_cannot_be_written_whole_is_removed(tmp_path: Path, mocker: MockerFixture) -> None:
    mocker.patch.object(os, "write", side_effect=[2, OSError(28, "No space left on device")])
    with pytest.raises(OSError, match="No space left"):
        write_new(tmp_path / "file", b"content")
    assert list(tmp_path.iterdir()) == []


@posix_only
def test_a_private_file_is_private_from_its_opening_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who opens it before reads what is written later."""
    seen: list[int] = []
    real_open, real_write = os.open, os.write

    def opened(path: str, flags: int, permissions: int = 0o777) -> int:
        handle = real_open(path, flags, permissions)
        seen.append(os.fstat(handle).st_mode & 0o777)
        return handle

    def written(handle: int, data: bytes) -> int:
        seen.append(os.fstat(handle).st_mode & 0o777)
        return real_write(handle, data)

    monkeypatch.setattr(os, "open", opened)
    monkeypatch.setattr(os, "write", written)
    write_new(tmp_path / "file", b"secret", 0o600)
    assert seen == [0o600, 0o600]


@posix_only
def test_a_new_file_takes_the_mode_of_its_model(tmp_path: Path) -> None:
    (tmp_path / "model").write_bytes(b"")
    (tmp_path / "model").chmod(0o604)
    write_new(tmp_path / "file", b"", like=tmp_path / "model")
    assert mode(tmp_path / "file") == 0o604


@posix_only
def test_a_pipe_or_a_device_is_never_replaced_by_a_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "pipe")
    with pytest.raises(OSError, match="not a regular file"):
        write_atomically(tmp_path / "link", b"new")
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


def test_the_temporary_name_cannot_be_foreseen_and_is_short_whatever_the_file_is_called(
    tmp_path: Path,
) -> None:
    path = tmp_path / ("n" * 250)
    names = {temporary_beside(path).name for _ in range(100)}
    assert len(names) == 100
    assert max(map(len, names)) < 40
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"


def test_what_a_killed_run_left_is_removed_an_hour_later_and_nothing_else(tmp_path: Path) -> None:
    hours_ago = time.time() - 7200
    names = [".aiops-0123456789abcdef.tmp", ".aiops-0123456789abcdef.tmp.zip", ".aiops-mine.tmp", "notes.tmp"]
    for name in names:
        (tmp_path / name).write_bytes(b"")
        os.utime(tmp_path / name, (hours_ago, hours_ago))
    (tmp_path / ".aiops-fedcba9876543210.tmp").write_bytes(b"of a run that goes on")

    write_atomically(tmp_path / "file", b"new")

    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"file", ".aiops-fedcba9876543210.tmp", ".aiops-mine.tmp", "notes.tmp"}


# -- several files ----------------------------------------------------------------------------------------


def two_files(folder: Path) -> dict[str, bytes]:
    """Return what the two files hold before; the third does not exist yet."""
    (folder / "first").write_bytes(b"old first")
    (folder / "last").write_bytes(b"old last")
    return {"first": b"old first", "last": b"old last"}


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_several_files_are_written_and_nothing_else_is_left(tmp_path: Path) -> None:
    two_files(tmp_path)
    new = {"first": b"1", "made": b"2", "last": b"3"}
    write_together({tmp_path / name: data for name, data in new.items()})
    assert contents(tmp_path) == new


@pytest.mark.parametrize("interruption", [OSError(5, "Input/output error"), KeyboardInterrupt()], ids=repr)
@pytest.mark.parametrize("turn", [1, 2, 3])
def test_when_one_of_several_files_cannot_be_exchanged_all_are_as_before(
    tmp_path: Path, mocker: MockerFixture, turn: int, interruption: BaseException
) -> None:
    before = two_files(tmp_path)
    mocker.patch.object(os, "replace", wraps=os.replace, side_effect=at_call(turn, interruption))
    with pytest.raises(type(interruption)):
        write_together({tmp_path / name: b"new" for name in ("first", "made", "last")})
    assert contents(tmp_path) == before


def test_when_the_disk_fills_up_no_file_is_exchanged(tmp_path: Path, mocker: MockerFixture) -> None:
    before = two_files(tmp_path)
    full = OSError(28, "No space left on device")
    mocker.patch.object(os, "fsync", wraps=os.fsync, side_effect=at_call(3, full))
    with pytest.raises(OSError, match="No space left"):
        write_together({tmp_path / name: b"new" for name in before})
    assert contents(tmp_path) == before


# -- down to the disk -------------------------------------------------------------------------------------


@posix_only
@pytest.mark.parametrize("together", [False, True])
def test_the_folder_goes_to_the_disk_after_the_rename(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, together: bool
) -> None:
    steps: list[str] = []
    real_sync, real_replace = os.fsync, os.replace

    def sync(handle: int) -> None:
        same = os.path.samestat(os.fstat(handle), tmp_path.stat())
        steps.append("sync folder" if same else "sync file")
        real_sync(handle)

    def replace(source: str, target: str) -> None:
        steps.append("rename")
        real_replace(source, target)

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(os, "replace", replace)
    if together:
        write_together({tmp_path / "new": b"content"})
    else:
        write_atomically(tmp_path / "new", b"content")
    assert steps == ["sync file", "rename", "sync folder"]


@posix_only
def test_a_folder_that_cannot_be_brought_to_the_disk_does_no_harm(
    tmp_path: Path, mocker: MockerFixture
) -> None:
    def refuses_folders(handle: int) -> object:
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(22, "Invalid argument")
        return DEFAULT

    mocker.patch.object(os, "fsync", wraps=os.fsync, side_effect=refuses_folders)
    write_atomically(tmp_path / "new", b"content")
    assert (tmp_path / "new").read_bytes() == b"content"
