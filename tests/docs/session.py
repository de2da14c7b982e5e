"""One reader at one prompt: what a page with a session tells to type and to write is done in one shell, in order."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from scripts.demo_index import MAIN_INDEX, TORCH_INDEXES, demo_index
from tests.support.osv_server import OsvServer
from tests.support.ports import free_port


if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.docs.console import ShownFile
    from tests.support.index import PackageIndex
    from tests.support.poetry_program import PoetryProgram


SHOWN_PORT = "8000"
_PATIENCE = 540.0  # seconds; the tutorial takes twenty on an idle machine
_MARK = "-- end of the command"
_SOURCE = '\n[[tool.poetry.source]]\nname = "stand-ins"\nurl = "{url}"\npriority = "primary"\n'
# As much of torch as the tutorial's program uses.
_TORCH = """
class tensor(list):
    def __init__(self, values, device="cpu"):
        super().__init__(values)

    def __matmul__(self, other):
        return tensor(sum(one * two for one, two in zip(row, other)) for row in self)

    def tolist(self):
        return list(self)


class accelerator:
    @staticmethod
    def is_available():
        return False
"""


@dataclass(slots=True)
class Session:
    """A shell that stays open; ``folder`` is where it is, ``port`` stands in for the one that the page shows."""

    folder: Path
    index: PackageIndex
    port: str
    shell: subprocess.Popen[str]
    code: int = 0

    def write(self, file: ShownFile) -> None:
        """Write a file that the page shows, or what it tells to add to one."""
        target = self.folder / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        before = f"{target.read_text('utf-8')}\n" if file.added else ""
        target.write_text(f"{before}{file.text}", "utf-8")

    def enter(self, command: str) -> str:
        """Run what a reader types; return what appears, with the addresses that a reader would see."""
        if command == "echo $?":
            return f"{self.code}\n"
        typed = command.replace(f":{SHOWN_PORT}", f":{self.port}")
        _of(self.shell.stdin).write(f'{{ {typed}\n}} < /dev/null\nprintf "\\n{_MARK} %s %s\\n" $? "$PWD"\n')
        _of(self.shell.stdin).flush()
        printed = "".join(iter(self._next_line, ""))
        self._use_stand_ins()
        return self._as_shown(printed)

    def _next_line(self) -> str:
        """Return the next line that appears, empty after the last one of a command."""
        line = _of(self.shell.stdout).readline()
        if line.startswith(_MARK):
            code, folder = line.removeprefix(_MARK).strip().split(" ", 1)
            self.code, self.folder = int(code), Path(folder)
            return ""
        if not line:
            raise TimeoutError("the shell has ended")
        return line

    def _use_stand_ins(self) -> None:
        """Add the source of the stand-ins to a project that was just made."""
        pyproject = self.folder / "pyproject.toml"
        if pyproject.is_file() and "stand-ins" not in (text := pyproject.read_text("utf-8")):
            pyproject.write_text(text + _SOURCE.format(url=self.index.url(MAIN_INDEX)), "utf-8")

    def _as_shown(self, text: str) -> str:
        of_torch = re.sub(rf"{re.escape(self.index.root)}/([\w.]+)/simple/?", rf"{TORCH_INDEXES}\1", text)
        return of_torch.replace(f":{self.port}", f":{SHOWN_PORT}")


@contextmanager
def session(poetry: PoetryProgram, folder: Path) -> Iterator[Session]:
    """Open a shell in a folder, with stand-ins for torch and for the services that `poetry health` asks."""
    with demo_index({"torch": _TORCH}) as index, OsvServer([]) as osv:
        port = str(free_port())
        environment = poetry._environment() | {
            "PORT": port,
            "POETRY_AIOPS_TORCH_INDEX": f"{index.root}/{{backend}}/simple/",
            "POETRY_AIOPS_OSV_URL": osv.url,
            "POETRY_AIOPS_PUBLIC_SOURCES": "stand-ins,pytorch-cpu,pytorch-cu126",
            "POETRY_AIOPS_TOP_PACKAGES_URL": "none",
        }
        shell = subprocess.Popen(
            ["/bin/sh"],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            start_new_session=True,
        )
        watch = threading.Timer(_PATIENCE, shell.kill)
        watch.start()
        try:
            yield Session(folder, index, port, shell)
        finally:
            watch.cancel()
            os.killpg(shell.pid, signal.SIGKILL)  # with what still runs in the background
            shell.communicate()


def _of(stream: IO[str] | None) -> IO[str]:
    assert stream is not None
    return stream
