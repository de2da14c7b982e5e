from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from poetry_aiops.system.json_cache import JsonCache, is_fresh


if TYPE_CHECKING:
    from pathlib import Path


def identity(content: object) -> object:
    return content


def test_what_was_kept_comes_back(tmp_path: Path) -> None:
    folder = tmp_path / "sizes"
    cache = JsonCache(folder / "one.json", "sizes/1")
    assert cache.read(identity) is None
    cache.keep({"é": [1, None]})
    assert cache.read(identity) == {"é": [1, None]}
    assert [path.name for path in folder.iterdir()] == ["one.json"]


def test_another_schema_is_absent(tmp_path: Path) -> None:
    JsonCache(tmp_path / "a.json", "sizes/1").keep(1)
    assert JsonCache(tmp_path / "a.json", "sizes/2").read(identity) is None


@pytest.mark.parametrize("broken", [b"", b"[", b"[]", b"7", b'{"schema": "s/1"}', b"\xff", b"[" * 200_000])
def test_a_broken_file_is_absent_and_is_replaced(tmp_path: Path, broken: bytes) -> None:
    cache = JsonCache(tmp_path / "a.json", "s/1")
    (tmp_path / "a.json").write_bytes(broken)
    assert cache.read(identity) is None
    cache.keep("new")
    assert cache.read(identity) == "new"


def test_content_that_the_reader_cannot_take_is_absent(tmp_path: Path) -> None:
    cache = JsonCache(tmp_path / "a.json", "s/1")
    cache.keep({"size": "large"})
    assert cache.read(lambda content: int(content["size"])) is None
    assert cache.read(lambda content: int(content["weight"])) is None


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes of POSIX")
def test_a_pipe_in_the_place_of_the_file_is_absent(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.json")
    assert JsonCache(tmp_path / "a.json", "s/1").read(identity) is None


def test_a_place_that_cannot_be_written_is_no_failure_unless_asked(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("here")
    cache = JsonCache(tmp_path / "file" / "a.json", "s/1")
    cache.keep(1)
    with pytest.raises(OSError, match="file"):
        cache.write(1)
    assert stat.S_ISREG((tmp_path / "file").stat().st_mode)


def test_without_a_place_nothing_is_kept() -> None:
    cache = JsonCache(None, "s/1")
    cache.keep(1)
    assert cache.read(identity) is None


def test_a_time_to_come_is_not_fresh() -> None:
    assert is_fresh(100.0, 160.0, 60.0)
    assert not is_fresh(100.0, 161.0, 60.0)
    assert not is_fresh(101.0, 100.0, 60.0)
