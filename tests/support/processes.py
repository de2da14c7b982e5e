"""A program with a child and a grandchild, and whether they are gone."""

from __future__ import annotations

import os
import time

from pathlib import Path
from typing import Final


_PATIENCE: Final = 5.0  # seconds, for a busy machine
_SLEEPS: Final = "import time; time.sleep(60)"


def family(folder: Path, *, ends: bool = False) -> str:
    """Return Python code that starts a child, which starts a grandchild; their process ids go to files in ``folder``.

    All of them sleep for a minute; with ``ends`` the program itself ends once the grandchild has been started.
    """
    child = (
        "import os, subprocess, sys\n"
        f"grandchild = subprocess.Popen([sys.executable, '-c', {_SLEEPS!r}])\n"
        f"open({str(folder / 'child')!r}, 'w').write(str(os.getpid()))\n"
        f"open({str(folder / 'grandchild')!r}, 'w').write(str(grandchild.pid))\n{_SLEEPS}"
    )
    written = f"import os\nwhile not os.path.exists({str(folder / 'grandchild')!r}): time.sleep(0.05)"
    return (
        f"import subprocess, sys, time\nsubprocess.Popen([sys.executable, '-c', {child!r}])\n"
        f"{written if ends else _SLEEPS}"
    )


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
