"""Programs that tests start: one whose output is captured, and one with a child and a grandchild that must be gone."""

from __future__ import annotations

import os
import shlex
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar


if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

T = TypeVar("T")
_PATIENCE: Final = 60.0  # seconds, for a busy machine


def captured(
    command: Sequence[str | Path], *, cwd: Path | None, env: Mapping[str, str], timeout: float
) -> tuple[int, str]:
    """Run a program that reads nothing, and return its exit code and both its streams as one text."""
    done = subprocess.run(
        command,
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        timeout=timeout,
        check=False,
    )
    return done.returncode, done.stdout


def family(folder: Path, *, ends: bool = False) -> str:
    """Return a script of sh that starts a child, which starts a grandchild; their process ids go to files in ``folder``.

    All of them sleep for ten minutes; with ``ends`` the program itself ends once the grandchild has been started.
    """
    child, part, grandchild = (shlex.quote(str(folder / name)) for name in ("child", "part", "grandchild"))
    starts = f"sleep 600 & echo $! > {part}; mv {part} {grandchild}; wait"
    last = f"until test -e {grandchild}; do sleep 0.05; done" if ends else "wait"
    return f"sh -c {shlex.quote(starts)} & echo $! > {child}; {last}"


def in_time(run: Callable[[float], T], has_begun: Callable[[T], bool], timeout: float = 0.5) -> T:
    """Return what ``run`` returns with the first time limit that lets its program begin; a busy machine takes long.

    Fails where it ends a minute after the limit: the programs of these tests do not end by themselves.
    """
    while True:
        begun = time.monotonic()
        result = run(timeout)
        assert time.monotonic() - begun < timeout + 60
        if has_begun(result):
            return result
        timeout *= 3


def is_gone(pid_file: Path) -> bool:
    """Return whether the process ends within some seconds; one that only waits to be reaped has ended."""
    pid = int(pid_file.read_text())
    end = time.monotonic() + _PATIENCE
    while _is_running(pid):
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"
