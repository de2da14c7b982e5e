"""Warm starts: a process that has Poetry imported and forks for each call of a Python program.

Importing Poetry takes most of the time of a short call. This file is both ends: :class:`ForkServer` in each process
of the tests, and the server, which is this file run as a program. All processes of one test run share one server: the
first that needs it starts it, and it ends with the last. A second server, forked from the first, imports more. The
servers have one thread and handle no signal.

The program runs the script that a shell would run, in a process group of its own, with the given folder, environment,
standard streams and umask. It ends as the interpreter does: waits for threads, calls what atexit knows, flushes. What
modules read while they were imported is set anew
(:func:`_set_anew`). What Poetry asks the interpreter of an environment is answered from one that the server made
(:class:`_Interpreter`). What the interpreter reads when it starts cannot be: :func:`ForkServer.can_start` refuses a call
that gives it other values, and the call has to be a process of its own.
"""

from __future__ import annotations

import atexit
import contextlib
import errno
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
import struct
import subprocess
import sys
import sysconfig
import tempfile
import time
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn


if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


AVAILABLE = hasattr(os, "pidfd_open")
WAIT = 600.0  # seconds until the other processes of a test run have ended
# The home of the server, which nothing of a program may show.
HOME_OF_THE_SERVER = "/nowhere/home-of-the-fork-server"

# What a connection is for, its first byte.
_LEASE, _PLAIN, _WITH_MORE = b"l", b"p", b"m"

# Read when the interpreter or a module starts, before a call can change them.
_READ_AT_START = (
    "PYTHON", "LANG", "LC_", "TZ", "LD_", "MALLOC_", "GLIBC_", "OPENSSL_", "SSL", "RAPIDFUZZ_", "MSGPACK_",
    "FINDPYTHON_", "PBS_INSTALLER_", "PIPAPI_", "POETRY_REQUESTS_TIMEOUT",
)  # fmt: skip


# A program that passes its own call on, for scripts that start programs by themselves: no more than 30 ms.
_PASSES_ON = """\
#!{python} -IS
import json, os, socket, sys
connection = socket.socket(socket.AF_UNIX)
connection.connect({name!r})
connection.sendall({kind!r})
socket.send_fds(connection, [b"!"], [0, 1, 2])
umask = os.umask(0)
os.umask(umask)
request = {{"argv": [*{argv!r}, *sys.argv[1:]], "folder": os.getcwd(), "environment": dict(os.environ), "umask": umask}}
connection.sendall(json.dumps(request).encode() + b"\\n")
_, code = connection.makefile()
sys.exit(int(code) if int(code) >= 0 else 128 - int(code))
"""


class ForkServer:
    """A server for the Python that runs the tests, with all modules of ``packages`` imported; ``more`` on request."""

    def __init__(self, packages: Sequence[str], more: Sequence[str], environment: Mapping[str, str]) -> None:
        self._given = _read_at_start(environment)
        # A name without a file (Linux): it is free again as soon as the server has ended.
        self._name = f"\0poetry-aiops-tests-{os.environ.get('PYTEST_XDIST_TESTRUNUID', os.getpid())}"
        self._process: subprocess.Popen[bytes] | None = None
        while (lease := self._connection(_LEASE)) is None:
            if self._process is not None:
                code = self._process.wait(WAIT)
                raise RuntimeError(f"the fork server ended at its start, with exit code {code}")
            self._start([*packages, "--", *more], environment)
        self._lease = lease

    def can_start(self, environment: Mapping[str, str]) -> bool:
        """Return whether a program with this environment behaves as one that was started plainly."""
        return _read_at_start(environment) == self._given

    def start(
        self,
        argv: Sequence[str],
        folder: Path,
        environment: Mapping[str, str],
        streams: tuple[int, int, int],
        *,
        with_more: bool,
    ) -> Forked:
        """Start ``argv``: a Python script, or this Python with ``-P -c CODE`` or a script."""
        if (connection := self._connection(_WITH_MORE if with_more else _PLAIN)) is None:
            raise RuntimeError("the fork server ended; its last words are in the standard error of the tests")
        request = {"argv": argv, "folder": str(folder), "environment": dict(environment), "umask": _umask()}
        socket.send_fds(connection, [b"!"], streams)
        connection.sendall(json.dumps(request).encode() + b"\n")
        return Forked(connection)

    def script(self, argv: Sequence[str], *, with_more: bool) -> str:
        """Return the text of a program that starts ``argv`` with what it is given, as :meth:`start` does."""
        kind = _WITH_MORE if with_more else _PLAIN
        return _PASSES_ON.format(python=sys.executable, name=self._name, kind=kind, argv=[*argv])

    def close(self) -> None:
        """Let the server end; a program that still runs is not touched."""
        self._lease.close()
        if self._process is not None:  # its CPU time counts as that of the tests
            self._process.wait(WAIT)

    def _connection(self, kind: bytes) -> socket.socket | None:
        """Return a connection for one purpose, None where no server runs."""
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.connect(self._name)
            connection.sendall(kind)
        except ConnectionError:
            connection.close()
            return None
        return connection

    def _start(self, packages: Sequence[str], environment: Mapping[str, str]) -> None:
        """Start the server, unless another process of the tests is about to."""
        with socket.socket(socket.AF_UNIX) as listener:
            try:
                listener.bind(self._name)
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
                time.sleep(0.01)
                return
            listener.listen(100)
            self._process = subprocess.Popen(
                [sys.executable, __file__, str(listener.fileno()), *packages],
                env={**environment, "HOME": HOME_OF_THE_SERVER, "POETRY_CONFIG_DIR": HOME_OF_THE_SERVER},
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=(listener.fileno(),),
                start_new_session=True,
            )


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


class _Interpreter:
    """What Poetry asks the Python of an environment in each call, answered from an environment that is like it."""

    def __init__(self, folder: Path) -> None:
        """Make an environment in `folder` and ask its Python, and the one below, what Poetry may ask."""
        env, scripts = sys.modules["poetry.utils.env"], sys.modules["poetry.utils.env.script_strings"]
        python = sys.modules["poetry.utils.env.python"].Python.get_active_python()
        python.patch_version  # noqa: B018 - is kept, as the rest that is found out about this Python
        made = folder / "environment"
        flags = {"app-data": str(folder / "cache"), "no-wheel": False}
        env.EnvManager.build_venv(made, python.executable, flags)
        base = env.EnvManager.get_system_env()
        self.base = base.path
        self.made = self.kind(made)
        self.ask = env.VirtualEnv.run_python_script
        self.answers: dict[tuple[bool, str], str] = {}
        for name in vars(scripts):
            if name.startswith("GET_") and not name.endswith("ONELINER"):
                script = getattr(scripts, name)
                for asked in (env.VirtualEnv(made), base):
                    answer = self.ask(asked, script).replace(_in_json(made), "<environment>")
                    self.answers[asked is base, script] = answer.replace(HOME_OF_THE_SERVER, "<home>")

        def run_python_script(asked: Any, content: str, **options: Any) -> Any:
            return self.answer(asked, content, **options)

        env.VirtualEnv.run_python_script = run_python_script

    @staticmethod
    def kind(folder: Path) -> tuple[str, ...]:
        """Return what decides the answers of an environment, but for its path; () for what is no environment."""
        with contextlib.suppress(OSError):
            lines = (folder / "pyvenv.cfg").read_text(encoding="utf-8").splitlines()
            read = [one for one in lines if one.startswith(("home ", "include-system-site-packages "))]
            paths = [file.name for file in folder.glob("lib/python*/site-packages/*.pth")]
            return (str((folder / "bin/python").resolve(strict=True)), *sorted(read), *sorted(paths))
        return ()

    def answer(self, asked: Any, script: str, **options: Any) -> Any:
        is_base = asked.path == self.base
        if (
            options
            or (is_base, script) not in self.answers
            or not (is_base or self.kind(asked.path) == self.made)
        ):
            return self.ask(asked, script, **options)
        text = self.answers[is_base, script].replace("<environment>", _in_json(asked.path))
        return text.replace("<home>", _in_json(Path("~").expanduser()))


def _in_json(path: Path) -> str:
    return json.dumps(str(path))[1:-1]


def _keep_entry_points() -> None:
    """Read the entry points of what is installed beside Poetry once; each start reads them twice, 10 ms each."""
    read = vars(metadata.Distribution)["entry_points"].fget
    kept = {str(one._path): one.entry_points for one in metadata.distributions()}  # type: ignore[attr-defined]

    def entry_points(one: Any) -> Any:
        where = str(getattr(one, "_path", None))
        return kept[where] if where in kept else read(one)

    metadata.Distribution.entry_points = property(entry_points)  # type: ignore[assignment]


def _prepare() -> None:
    """Let Poetry make what it keeps for every call: the parsers of both grammars and the checks of both schemas."""
    _keep_entry_points()
    with tempfile.TemporaryDirectory() as folder:
        _Interpreter(Path(folder))
    sys.modules["poetry.core.version.markers"].parse_marker('sys_platform == "linux"')
    sys.modules["poetry.core.packages.dependency"].Dependency.create_from_pep_508("name >= 1")
    sys.modules["poetry.factory"].Factory.validate(
        {"project": {"name": "name", "version": "1"}, "tool": {"poetry": {}}}
    )


def _freeze() -> None:
    """Make the process ready to be forked."""
    alone = len(list(Path("/proc/self/task").iterdir()))
    if alone != 1:
        sys.exit(f"the fork server has {alone} threads: what it imports must start none")
    gc.collect()
    gc.freeze()


class _Server:
    """Forks for each request and reports how each program ended."""

    def __init__(self, source: socket.socket, more: Sequence[str]) -> None:
        self.source = source
        self.more = more
        self.leases: dict[int, socket.socket] = {}
        self.running: dict[int, tuple[int, socket.socket]] = {}  # by the descriptor of the process
        self.other: tuple[int, socket.socket] | None = None  # the server that has more imported
        self.waiting = select.poll()
        self.waiting.register(source, select.POLLIN)

    def serve(self) -> list[str]:
        """Serve until nothing of the tests is left; return only in a program: what to run."""
        while True:
            events = self.waiting.poll(1000 * WAIT)
            if not events and not self.leases and self.source.type == socket.SOCK_STREAM:
                self.end()  # whoever started it died at once
            for ready, _ in events:
                if ready in self.running:
                    self.waiting.unregister(ready)
                    pid, connection = self.running.pop(ready)
                    os.close(ready)
                    _report(connection, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
                    connection.close()
                elif ready in self.leases:
                    self.waiting.unregister(ready)
                    self.leases.pop(ready).close()
                    if not self.leases:
                        self.end()
                elif (program := self.answer()) is not None:
                    return program

    def answer(self) -> list[str] | None:
        """Answer one connection; return what to run, in the process that runs it."""
        if self.source.type == socket.SOCK_SEQPACKET:  # from the first server
            _, fds, _, _ = socket.recv_fds(self.source, 1, 1)
            if not fds:
                self.end()
            connection = socket.socket(fileno=fds[0])
        else:
            connection, _ = self.source.accept()
            peer = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
            kind = connection.recv(1) if struct.unpack("3i", peer)[1] == os.getuid() else b""
            if kind == _LEASE:
                self.leases[connection.fileno()] = connection
                self.waiting.register(connection, select.POLLIN)
                return None
            if kind == _WITH_MORE:
                return self.pass_on(connection)
            if kind != _PLAIN:
                connection.close()
                return None
        request, streams = _request(connection)
        program = os.fork()
        if program == 0:
            connection.close()
            self.forget()
            os.setpgid(0, 0)
            return _become(request, streams)
        os.setpgid(program, program)
        for fd in streams:
            os.close(fd)
        _report(connection, program)
        descriptor = os.pidfd_open(program)
        self.running[descriptor] = (program, connection)
        self.waiting.register(descriptor, select.POLLIN)
        return None

    def pass_on(self, connection: socket.socket) -> list[str] | None:
        """Let the other server answer, which the first request of its kind makes."""
        if self.other is None:
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            other = os.fork()
            if other == 0:
                ours.close()
                connection.close()
                self.forget()
                for package in self.more:
                    _import_all(package)
                _freeze()
                return _Server(theirs, ()).serve()
            theirs.close()
            self.other = (other, ours)
        socket.send_fds(self.other[1], [b"!"], [connection.fileno()])
        connection.close()
        return None

    def forget(self) -> None:
        """Close in a forked process what is the server's."""
        for one in (self.source, *self.leases.values(), *(other for _, other in self.running.values())):
            one.close()
        for fd in self.running:
            os.close(fd)
        if self.other is not None:
            self.other[1].close()

    def end(self) -> NoReturn:
        """End with the tests, and what they left running too."""
        for program, _ in self.running.values():
            os.killpg(program, signal.SIGKILL)
            os.waitpid(program, 0)
        if self.other is not None:
            self.other[1].close()
            os.waitpid(self.other[0], 0)
        sys.exit()


def _request(connection: socket.socket) -> tuple[dict[str, Any], list[int]]:
    _, streams, _, _ = socket.recv_fds(connection, 1, 3)
    with connection.makefile("r") as lines:
        return json.loads(lines.readline()), streams


def _report(connection: socket.socket, number: int) -> None:
    with contextlib.suppress(BrokenPipeError):  # a test that asks no more
        connection.sendall(f"{number}\n".encode())


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
    listener = socket.socket(fileno=int(sys.argv[1]))
    sys.path.pop(0)  # the folder of this file
    more = sys.argv.index("--")
    for package in sys.argv[2:more]:
        _import_all(package)
    _prepare()
    _freeze()
    try:
        _run(_Server(listener, sys.argv[more + 1 :]).serve())
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else None
        raise


if __name__ == "__main__":
    _main()
