from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from poetry_aiops.errors import InputError
from poetry_aiops.system import run_lock as module
from poetry_aiops.system.run_lock import run_lock


if TYPE_CHECKING:
    from pytest_mock import MockerFixture


NOW = datetime(2025, 3, 1, 12, tzinfo=UTC)
SOURCE = Path(module.__file__).parents[2]
HOLDER = """
import sys, pathlib, datetime
from poetry_aiops.system.run_lock import run_lock
with run_lock(pathlib.Path(sys.argv[1]), datetime.datetime.now(datetime.UTC)):
    print("held", flush=True)
    sys.stdin.read()
"""


def holder(path: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": str(SOURCE)},
    )
    assert process.stdout
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_run_is_refused_with_the_process_and_the_time(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with (
        run_lock(path, NOW),
        pytest.raises(InputError, match=r"another run.*since 2025-03-01T12:00:00\+00:00"),
        run_lock(path, NOW),
    ):
        pass


def test_the_lock_is_free_after_the_block_and_after_an_error(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with pytest.raises(ZeroDivisionError), run_lock(path, NOW):
        raise ZeroDivisionError
    with run_lock(path, NOW):
        pass
    assert path.read_bytes() == b""


def test_a_killed_process_leaves_no_lock(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with holder(path) as process:
        with (
            pytest.raises(InputError, match=re.escape(f"(process {process.pid}, since ")),
            run_lock(path, NOW),
        ):
            pass
        process.send_signal(signal.SIGKILL if sys.platform != "win32" else signal.SIGTERM)
        process.wait()
    with run_lock(path, NOW):
        pass


def test_a_lock_whose_holder_says_nothing_is_still_a_lock(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with run_lock(path, NOW):
        for text in (b"", b"{", b"[]", b'{"pid": "x", "since": 1}', b"\xff"):
            path.write_bytes(text)
            with (
                pytest.raises(InputError, match="another run is active in this project;"),
                run_lock(path, NOW),
            ):
                pass


def test_a_lock_file_that_its_holder_removed_locks_nobody_out(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with run_lock(path, NOW):
        if sys.platform == "win32":
            pytest.skip("an open file cannot be removed on Windows")
        path.unlink()
        with run_lock(path, NOW):
            assert path.exists()


def test_the_next_one_takes_the_file_that_is_there_not_the_removed_one(
    tmp_path: Path, mocker: MockerFixture
) -> None:
    path = tmp_path / "lock"
    path.touch()
    real_lock = module._lock

    def removed_meanwhile(handle: int) -> None:
        real_lock(handle)
        if taken.call_count == 1:
            path.unlink()

    taken = mocker.patch.object(module, "_lock", side_effect=removed_meanwhile)
    with run_lock(path, NOW):
        assert path.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="pipes of POSIX")
def test_a_pipe_in_place_of_the_lock_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "lock")
    with pytest.raises(InputError, match="not a regular file"), run_lock(tmp_path / "lock", NOW):
        pass


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights on Windows")
def test_a_link_in_place_of_the_lock_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    (tmp_path / "lock").symlink_to(victim)
    with pytest.raises(InputError, match="cannot be opened"), run_lock(tmp_path / "lock", NOW):
        pass
    assert victim.read_bytes() == b"precious"


def test_a_file_system_without_locks_is_told(tmp_path: Path, mocker: MockerFixture) -> None:
    mocker.patch.object(module, "_lock", side_effect=OSError(37, "No locks available"))
    with (
        pytest.raises(InputError, match="cannot lock files: No locks available"),
        run_lock(tmp_path / "l", NOW),
    ):
        pass
