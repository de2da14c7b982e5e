"""Streams whose reader goes away at the start, in the middle, or before the last flush."""

from __future__ import annotations

import errno
import io
import os
import subprocess
import sys

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from poetry_aiops.system.streams import _is_closed
from poetry_aiops.system.streams import lost_reader
from poetry_aiops.system.streams import outlive_reader


if TYPE_CHECKING:
    from collections.abc import Iterator


posix_only = pytest.mark.skipif(sys.platform == "win32", reason="devices of POSIX")

LEAVES_TEXT_FOR_THE_LAST_FLUSH = """\
import sys
from poetry_aiops.system.streams import outlive_reader
outlive_reader(sys.stdout)
outlive_reader(sys.stderr)
sys.stdin.read()
print("never flushed by us", end="")
print("nor this", end="", file=sys.stderr)
sys.exit(5)
"""


@pytest.fixture(params=[-1, 0], ids=["buffered", "unbuffered"])
def pipe(request: pytest.FixtureRequest) -> Iterator[tuple[int, io.TextIOWrapper]]:
    reading, writing = os.pipe()
    buffer = os.fdopen(writing, "wb", request.param)
    with io.TextIOWrapper(buffer, "utf-8", write_through=request.param == 0) as stream:
        yield reading, stream


def write(stream: io.TextIOWrapper, text: str) -> None:
    stream.write(text)
    stream.flush()


def test_what_is_written_reaches_a_reader_and_the_rest_is_dropped(
    pipe: tuple[int, io.TextIOWrapper],
) -> None:
    reading, stream = pipe
    outlive_reader(stream)
    write(stream, "first\n")
    assert os.read(reading, 100) == b"first\n"
    assert not lost_reader(stream)
    os.close(reading)

    write(stream, "x" * 200_000)
    write(stream, "more")

    assert lost_reader(stream)
    os.write(stream.fileno(), b"a program that inherits the stream")


def test_asking_twice_changes_nothing(pipe: tuple[int, io.TextIOWrapper]) -> None:
    reading, stream = pipe
    outlive_reader(stream)
    outlive_reader(stream)
    os.close(reading)
    write(stream, "text")
    assert lost_reader(stream)


def test_a_stream_without_a_file_is_left_as_it_is() -> None:
    stream = io.TextIOWrapper(io.BytesIO())
    outlive_reader(stream)
    write(stream, "text")
    assert not lost_reader(stream)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_full_disk_stays_an_error() -> None:
    with Path("/dev/full").open("wb", buffering=0) as raw:
        stream = io.TextIOWrapper(raw, "utf-8", write_through=True)
        outlive_reader(stream)
        with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
            stream.write("text")
        assert not lost_reader(stream)


@posix_only
def test_a_terminal_that_was_closed_counts_and_a_failing_disk_does_not(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    import pty  # noqa: PLC0415 - a module of POSIX

    ours, theirs = pty.openpty()
    stream = os.fdopen(theirs, "w", encoding="utf-8")
    outlive_reader(stream)
    os.close(ours)
    write(stream, "text")
    assert lost_reader(stream)
    stream.close()
    with (tmp_path_factory.mktemp("disk") / "file").open("wb") as file:
        assert not _is_closed(OSError(errno.EIO, ""), file.fileno())


def test_windows_reports_a_closed_pipe_as_an_invalid_argument(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    assert _is_closed(OSError(errno.EINVAL, ""), writing) == (sys.platform == "win32")
    monkeypatch.setattr(sys, "platform", "win32")
    assert _is_closed(OSError(errno.EINVAL, ""), writing)
    os.close(reading)
    os.close(writing)


@pytest.mark.parametrize("variables", [{}, {"PYTHONUNBUFFERED": "1"}], ids=["buffered", "unbuffered"])
def test_the_last_flush_of_the_interpreter_does_not_change_the_exit_code(variables: dict[str, str]) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", LEAVES_TEXT_FOR_THE_LAST_FLUSH],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **variables},
    ) as program:
        assert program.stdin
        assert program.stdout
        assert program.stderr
        program.stdout.close()
        program.stderr.close()
        program.stdin.close()
        assert program.wait(60) == 5
