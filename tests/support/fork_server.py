"""Warm starts: a process that has Poetry imported and forks for each call of a Python program.

Importing Poetry takes most of the time of a short call. This file is both ends: :class:`ForkServer` in the process
of the tests, and the server, which is this file run as a program. The server has one thread and handles no signal.

The program runs the script that a shell would run, in a process group of its own, with the given folder, environment,
standard streams and umask. It ends as the interpreter does: waits for threads, calls what atexit knows, flushes. What
modules read while they were imported is set anew
(:func:`_set_anew`). What the interpreter reads when it starts cannot be: :func:`ForkServer.can_start` refuses a call
that gives it other values, and the call has to be a process of its own.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import json
import os
import pkgutil
import runpy
import select
import signal
import site
import socket
import subprocess
import sys
import sysconfig
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn


if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


AVAILABLE = hasattr(os, "pidfd_open")
# The home of the server, which nothing of a program may show.
HOME_OF_THE_SERVER = "/nowhere/home-of-the-fork-server"

# Read when the interpreter or a module starts, before a call can change them.
_READ_AT_START = (
    "PYTHON", "LANG", "LC_", "TZ", "LD_", "MALLOC_", "GLIBC_", "OPENSSL_", "SSL", "RAPIDFUZZ_", "MSGPACK_",
    "FINDPYTHON_", "PBS_INSTALLER_", "PIPAPI_", "POETRY_REQUESTS_TIMEOUT",
)  # fmt: skip


class ForkServer:
    """A server for the Python that runs the tests; ``packages`` are imported with all their modules."""

    def __init__(self, packages: Sequence[str], environment: Mapping[str, str]) -> None:
        self._given = _read_at_start(environment)
        self._control, theirs = socket.socketpair()
        self._sending = threading.Lock()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, __file__, str(theirs.fileno()), *packages],
                env={**environment, "HOME": HOME_OF_THE_SERVER, "POETRY_CONFIG_DIR": HOME_OF_THE_SERVER},
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )

    def can_start(self, environment: Mapping[str, str]) -> bool:
        """Return whether a program with this environment behaves as one that was started plainly."""
        return _read_at_start(environment) == self._given

    def start(
        self, argv: Sequence[str], folder: Path, environment: Mapping[str, str], streams: tuple[int, int, int]
    ) -> Forked:
        """Start ``argv``: a Python script, or this Python with ``-P -c CODE`` or a script."""
        ours, theirs = socket.socketpair()
        with theirs, self._sending:
            socket.send_fds(self._control, [b"!"], [theirs.fileno()])
        request = {"argv": argv, "folder": str(folder), "environment": dict(environment), "umask": _umask()}
        socket.send_fds(ours, [b"!"], streams)
        ours.sendall(json.dumps(request).encode() + b"\n")
        return Forked(ours)

    def close(self) -> None:
        """End the server; a program that still runs is not touched."""
        self._control.close()
        self._process.wait(timeout=30)


class Forked:
    """A program that a fork server started."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._answers = connection.makefile("r")
        self.pid = self._answer()

    def kill(self) -> None:
        """Kill the program and what it started, like a terminal that is closed."""
        os.killpg(self.pid, signal.SIGKILL)

    def wait(self, timeout: float) -> int:
        """Return the exit code, as ``subprocess`` does; a program that goes on is left running."""
        self._connection.settimeout(timeout)
        with self._connection, self._answers:
            try:
                return self._answer()
            except TimeoutError:
                raise subprocess.TimeoutExpired(str(self.pid), timeout) from None

    def _answer(self) -> int:
        if not (line := self._answers.readline()):
            raise RuntimeError("the fork server ended; its last words are in the standard error of the tests")
        return int(line)


def _read_at_start(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name.startswith(_READ_AT_START)}


def _umask() -> int:
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.partition("Umask:")[2].split()[0], 8)


def _import_all(name: str) -> None:
    package = importlib.import_module(name)
    for module in pkgutil.iter_modules(getattr(package, "__path__", ()), f"{name}."):
        if (
            module.name != "poetry.console.commands.self"
        ):  # help texts that show the folder of the configuration
            _import_all(module.name)


def _prepare() -> None:
    """Let Poetry make what it keeps for every call: the parsers of both grammars and the checks of both schemas."""
    sys.modules["poetry.core.version.markers"].parse_marker('sys_platform == "linux"')
    sys.modules["poetry.core.packages.dependency"].Dependency.create_from_pep_508("name >= 1")
    sys.modules["poetry.factory"].Factory.validate(
        {"project": {"name": "name", "version": "1"}, "tool": {"poetry": {}}}
    )


def _serve(control: socket.socket) -> list[str]:
    """Fork for each request and report how each program ended; return only in a program: what to run."""
    running: dict[int, tuple[int, socket.socket]] = {}  # by the descriptor of the process
    waiting = select.poll()
    waiting.register(control, select.POLLIN)
    while True:
        for ready, _ in waiting.poll():
            if ready != control.fileno():
                waiting.unregister(ready)
                pid, connection = running.pop(ready)
                os.close(ready)
                _report(connection, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
                connection.close()
                continue
            _, fds, _, _ = socket.recv_fds(control, 1, 1)
            if not fds:
                _end(pid for pid, _ in running.values())
            connection = socket.socket(fileno=fds[0])
            request, streams = _request(connection)
            program = os.fork()
            if program == 0:
                for other in (control, connection, *(other for _, other in running.values())):
                    other.close()
                for fd in running:
                    os.close(fd)
                os.setpgid(0, 0)
                return _become(request, streams)
            os.setpgid(program, program)
            for fd in streams:
                os.close(fd)
            _report(connection, program)
            descriptor = os.pidfd_open(program)
            running[descriptor] = (program, connection)
            waiting.register(descriptor, select.POLLIN)


def _request(connection: socket.socket) -> tuple[dict[str, Any], list[int]]:
    _, streams, _, _ = socket.recv_fds(connection, 1, 3)
    with connection.makefile("r") as lines:
        return json.loads(lines.readline()), streams


def _report(connection: socket.socket, number: int) -> None:
    with contextlib.suppress(BrokenPipeError):  # a test that asks no more
        connection.sendall(f"{number}\n".encode())


def _end(programs: Iterable[int]) -> NoReturn:
    """End with the tests, and what they left running too."""
    for program in programs:
        os.killpg(program, signal.SIGKILL)
        os.waitpid(program, 0)
    sys.exit()


def _become(request: dict[str, Any], streams: list[int]) -> list[str]:
    for number, fd in enumerate(streams):
        os.dup2(fd, number)
        os.close(fd)
    os.umask(request["umask"])
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    _set_anew()
    argv: list[str] = request["argv"]
    return argv


def _set_anew() -> None:
    """Repeat what the imported modules worked out from the environment of the server."""
    # Made anew: a stream remembers whether it could seek, and a terminal cannot where the server's file could.
    for number, name, mode, buffering in (
        (0, "stdin", "r", -1),
        (1, "stdout", "w", -1),
        (2, "stderr", "w", 1),
    ):
        old = getattr(sys, name)
        stream = open(number, mode, buffering, old.encoding, old.errors, closefd=False)  # noqa: SIM115
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    importlib.invalidate_caches()
    site.USER_BASE = site.USER_SITE = None
    site.getusersitepackages()
    sysconfig.get_config_vars()["userbase"] = site.USER_BASE
    locations = importlib.reload(sys.modules["poetry.locations"])
    config = sys.modules["poetry.config.config"]
    folders = {name: getattr(locations, name) for name in ("CONFIG_DIR", "DEFAULT_CACHE_DIR")}
    config.__dict__.update(folders)
    defaults = {"cache-dir": str(folders["DEFAULT_CACHE_DIR"]), "data-dir": str(locations.data_dir())}
    config.Config.default_config.update(defaults)
    if client := sys.modules.get("dulwich.client"):
        client.DEFAULT_GIT_CREDENTIALS_PATHS[:] = [
            str(Path.home() / ".git-credentials"),
            client.get_xdg_config_home_path("git", "credentials"),
        ]
    if cache := sys.modules.get("pip_audit._cache"):
        cache.__dict__["_PIP_AUDIT_LEGACY_INTERNAL_CACHE"] = Path.home() / ".pip-audit-cache"


def _run(argv: list[str]) -> None:
    """Run a script or ``python -P -c CODE`` or ``python SCRIPT`` as the interpreter does."""
    if argv[0] == sys.executable:
        argv = argv[1:]
    if argv[:2] == ["-P", "-c"]:
        sys.argv = argv[1:2] + argv[3:]
        exec(compile(argv[2], "<string>", "exec"), {"__name__": "__main__"})
    else:
        sys.argv = argv
        sys.path.insert(0, str(Path(argv[0]).parent))
        runpy.run_path(argv[0], run_name="__main__")


def _main() -> None:
    code: int | None = None

    def leave_quickly() -> None:
        """Spare a program that ended as it should the time to take every module apart."""
        if code is not None:
            with contextlib.suppress(OSError, ValueError):  # then the interpreter says what is wrong
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(code)

    atexit.register(leave_quickly)  # runs after everything that the program registers
    control = socket.socket(fileno=int(sys.argv[1]))
    sys.path.pop(0)  # the folder of this file
    for package in sys.argv[2:]:
        _import_all(package)
    _prepare()
    alone = len(list(Path("/proc/self/task").iterdir()))
    if alone != 1:
        sys.exit(f"the fork server has {alone} threads: what it imports must start none")
    gc.collect()
    gc.freeze()
    try:
        _run(_serve(control))
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else None
        raise


if __name__ == "__main__":
    _main()
