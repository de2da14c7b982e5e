"""Starting untrusted programs: a time limit, a size limit, no standard input, no shell."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from poetry_aiops.system.record import Record


if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


OUTPUT_LIMIT: Final = 4_000_000
GRACE: Final = 0.5
_BLOCK: Final = 65_536


class Finished(Record):
    """A program's end: its outputs, both streams in one, and how it went.

    ``outcome`` is ``ok``, ``missing``, ``denied``, ``timeout``, ``too much output`` or ``exit N``.
    """

    output: bytes
    outcome: str


def run_limited(
    argv: Sequence[str], timeout: float, env: Mapping[str, str] | None = None, folder: Path | None = None
) -> Finished:
    """Run a program for at most ``timeout`` seconds, in ``folder``, and return what it printed; never raises.

    A program that does not end in time is killed with everything that it started. The output is cut at
    ``OUTPUT_LIMIT`` bytes, and a program that goes on printing is killed as well. Only whole paths of the PATH count:
    one such as ``.`` would start what is in the folder of the project.
    """
    environment = {**(os.environ if env is None else env), "PATH": whole_paths(env)}
    try:
        process = subprocess.Popen(  # noqa: S603 - an argument list of ours, no shell
            _located(list(argv), environment["PATH"]),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment,
            cwd=folder,
            start_new_session=sys.platform != "win32",
        )
    except (FileNotFoundError, NotADirectoryError):
        return Finished(b"", "missing")
    except PermissionError:
        return Finished(b"", "denied")
    except (OSError, ValueError) as error:
        return Finished(b"", f"error: {error}")
    return _wait(process, timeout)


def whole_paths(env: Mapping[str, str] | None = None) -> str:
    """Return the PATH of an environment (None: that of this process) without entries that are no whole path."""
    written = (os.environ if env is None else env).get("PATH", os.defpath)
    kept = [entry for entry in written.split(os.pathsep) if Path(entry).is_absolute()]
    usual = [entry for entry in os.defpath.split(os.pathsep) if Path(entry).is_absolute()]
    return os.pathsep.join(kept or usual)


def _located(argv: list[str], path: str) -> list[str]:
    """Return the arguments with the program's place on Windows, which looks into the current folder first."""
    if sys.platform != "win32" or not argv or os.path.dirname(argv[0]):  # noqa: PTH120 - a text, no file
        return argv
    places = (shutil.which(os.path.join(entry, argv[0])) for entry in path.split(os.pathsep))  # noqa: PTH118
    found = next((place for place in places if place), None)
    if found is None:
        raise FileNotFoundError(argv[0])
    return [found, *argv[1:]]


def _wait(process: subprocess.Popen[bytes], timeout: float) -> Finished:
    blocks: list[bytes] = []
    full = threading.Event()
    stream = process.stdout
    reader = threading.Thread(target=_drain, args=(stream, blocks, full, process), daemon=True)
    reader.start()
    try:
        code = process.wait(timeout)
    except subprocess.TimeoutExpired:
        _kill(process)
        reader.join(GRACE)
        return Finished(b"".join(blocks), "too much output" if full.is_set() else "timeout")
    except BaseException:  # Ctrl+C does not reach a session of its own
        _kill(process)
        raise
    reader.join(GRACE)
    if reader.is_alive():  # something that the program started still holds the pipe
        _kill(process)
    output = b"".join(blocks)
    if full.is_set():
        return Finished(output, "too much output")
    return Finished(output, "ok" if code == 0 else f"exit {code}")


def _drain(
    stream: IO[bytes] | None, blocks: list[bytes], full: threading.Event, process: subprocess.Popen[bytes]
) -> None:
    size = 0
    if stream is None:
        return
    with stream:
        while block := os.read(stream.fileno(), _BLOCK):
            blocks.append(block[: OUTPUT_LIMIT - size])
            size += len(block)
            if size >= OUTPUT_LIMIT:
                full.set()
                _kill(process)
                return


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End a program and its children; a process stuck in the kernel is left behind, not waited for."""
    try:
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass
    try:
        process.wait(GRACE)
    except subprocess.TimeoutExpired:
        return
