from __future__ import annotations

import os
import sys

from typing import TYPE_CHECKING

import pytest

from poetry_aiops.adapters.files import write_atomically


if TYPE_CHECKING:
    from pathlib import Path


posix_only = pytest.mark.skipif(sys.platform == "win32", reason="permission bits and links of POSIX")


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
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def no_space(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_space)
    with pytest.raises(OSError, match="No space left"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_atomically(tmp_path / "nowhere" / "file", b"")
