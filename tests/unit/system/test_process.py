"""Programs that hang, flood, fail or are not there."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest
from tests.support.processes import family, in_time, is_gone

from poetry_aiops.system.process import OUTPUT_LIMIT, run_limited


if TYPE_CHECKING:
    from pathlib import Path


def python(code: str, timeout: float = 100.0) -> tuple[bytes, str]:
    ended = run_limited([sys.executable, "-c", code], timeout)
    return ended.output, ended.outcome


def test_both_streams_are_one_output() -> None:
    output, outcome = python("import sys; print('a', flush=True); print('b', file=sys.stderr)")
    assert (output.split(), outcome) == ([b"a", b"b"], "ok")


def test_a_failure_keeps_what_was_said() -> None:
    assert python("print('why'); raise SystemExit(9)") == (b"why\n", "exit 9")


def test_standard_input_is_empty() -> None:
    """What a user pipes into the command is not for the programs that it starts."""
    kept, (reading, writing) = os.dup(0), os.pipe()
    os.write(writing, b"text")
    os.close(writing)
    os.dup2(reading, 0)
    try:
        assert python("import sys; print(repr(sys.stdin.read()))") == (b"''\n", "ok")
    finally:
        os.dup2(kept, 0)
        os.close(kept)
        os.close(reading)


def test_a_program_that_is_not_there_is_missing() -> None:
    assert run_limited(["no-such-program-anywhere"], 1.0).outcome == "missing"


@pytest.mark.parametrize("argv", [["a\0b"], [""]])
def test_an_argument_that_no_system_takes_is_an_outcome(argv: list[str]) -> None:
    assert run_limited(argv, 1.0).outcome != "ok"


def test_a_hanging_program_is_ended_in_time() -> None:
    code = "import time; print('x', flush=True); time.sleep(600)"
    ended = in_time(lambda limit: python(code, limit), lambda ended: bool(ended[0]))
    assert ended == (b"x\n", "timeout")


def test_a_child_that_keeps_the_pipe_open_does_not_hold_us_up() -> None:
    code = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']); print('done')"
    start = time.monotonic()
    output, outcome = python(code)
    assert (output, outcome) == (b"done\n", "ok")
    assert time.monotonic() - start < 60


@pytest.mark.skipif(sys.platform == "win32", reason="process groups of POSIX")
@pytest.mark.parametrize("ends", [False, True], ids=["it hangs", "it ends and its child keeps the pipe"])
def test_a_program_dies_with_its_children_and_theirs(tmp_path: Path, ends: bool) -> None:
    code = family(tmp_path, ends=ends)
    in_time(
        lambda limit: run_limited(["sh", "-c", code], limit), lambda _: (tmp_path / "grandchild").exists()
    )
    assert is_gone(tmp_path / "child")
    assert is_gone(tmp_path / "grandchild")


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_an_interrupted_run_leaves_no_program_behind(tmp_path: Path) -> None:
    def interrupt(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    def once_it_runs() -> None:
        while not (tmp_path / "grandchild").exists():
            time.sleep(0.05)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGALRM)

    before = signal.signal(signal.SIGALRM, interrupt)
    threading.Thread(target=once_it_runs, daemon=True).start()
    try:
        with pytest.raises(KeyboardInterrupt):
            run_limited(["sh", "-c", family(tmp_path)], 300.0)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert is_gone(tmp_path / "grandchild")


def test_a_flood_is_cut_and_ended() -> None:
    output, outcome = python("import sys\nwhile True: sys.stdout.write('y' * 65536)")
    assert len(output) == OUTPUT_LIMIT
    assert outcome == "too much output"


@pytest.mark.skipif(
    sys.platform == "win32", reason="a program of POSIX; on Windows the place is looked up by us"
)
@pytest.mark.parametrize("entry", [".", "", "tools", "./tools"])
def test_a_path_that_is_not_whole_starts_nothing_of_the_folder_that_we_stand_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, entry: str
) -> None:
    (tmp_path / "tools").mkdir()
    for folder in (tmp_path, tmp_path / "tools"):
        (folder / "nvidia-smi").write_text("#!/bin/sh\ntouch started\n")
        (folder / "nvidia-smi").chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", entry)
    assert run_limited(["nvidia-smi"], 5.0).outcome == "missing"
    monkeypatch.setenv("PATH", f"{entry}{os.pathsep}{tmp_path / 'nowhere'}")
    assert run_limited(["nvidia-smi"], 5.0, {**os.environ}).outcome == "missing"
    assert not (tmp_path / "started").exists()


def test_a_program_that_is_started_inherits_no_path_that_is_not_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", os.pathsep.join((".", str(tmp_path), "bin")))
    output, _ = python("import os; print(os.environ['PATH'])")
    assert output.decode().strip() == str(tmp_path)
