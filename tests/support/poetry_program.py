"""The real ``poetry`` program, run as a user runs it and cut off from everything of this machine."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING

from tests.support.fork_server import AVAILABLE, ForkServer
from tests.support.lockfile import read_lockfile
from tests.support.wheels import normalized


if TYPE_CHECKING:
    import signal
    from collections.abc import Iterator, Mapping

    from tests.support.fork_server import Forked
    from tests.support.lockfile import Lockfile


TIMEOUT = 180.0  # seconds; one call takes one or two
# Port 9 is "discard": whatever tries to leave this machine fails at once instead of reaching out.
NOWHERE = "http://127.0.0.1:9"
NO_CERTIFICATES = str(Path(__file__).parent)
# The indexes of the tests are on this machine, where no project can send us without the user's word.
TRUSTED = "127.0.0.1,localhost"

_IMPORTED = (
    "poetry",
    "poetry_plugin_export",
    "virtualenv.create",
    "virtualenv.discovery",
    "virtualenv.seed",
    "distlib.scripts",
    "httpx",
    "httpcore._api",  # what httpx imports at its first request
    "cvss",
)
_OUR_PLUGIN = ("poetry_aiops",)
_SERVERS: list[ForkServer] = []  # none before the first warm start, then one

# Poetry finds its plugins through entry points; here it finds all but ours.
POETRY_WITHOUT_US = """\
import sys
from importlib import metadata
every = metadata.entry_points
def all_but_ours(**chosen):
    found = every(**chosen)
    if chosen.get("group") != "poetry.application.plugin":
        return found
    return metadata.EntryPoints(point for point in found if not point.value.startswith("poetry_aiops."))
metadata.entry_points = all_but_ours
from poetry.console.application import main
sys.exit(main())
"""

# Poetry's installer with other source text, as a newer release may have it; the program goes on with what is left.
CHANGED_POETRY = """\
import sys
import poetry.installation.installer as installer
source = open(installer.__file__, encoding="utf-8").read()
for old, new in CHANGES:
    assert old in source, old
    source = source.replace(old, new)
exec(compile(source, installer.__file__, "exec"), vars(installer))
ALSO
from poetry.console.application import main
sys.exit(main())
"""


@dataclass(frozen=True, slots=True)
class Run:
    """What one call of the program did."""

    args: tuple[str, ...]
    code: int
    stdout: str
    stderr: str
    seconds: float

    @property
    def output(self) -> str:
        """Everything that the user saw."""
        return self.stdout + self.stderr

    def __str__(self) -> str:
        return f"poetry {' '.join(self.args)} -> {self.code} ({self.seconds:.1f} s)\n{self.output}"


@dataclass(frozen=True, slots=True)
class Started:
    """A program that runs, and the files that it writes its standard output and standard error to."""

    program: Forked | subprocess.Popen[bytes]
    out: IO[bytes]
    err: IO[bytes]

    def ended(self, number: signal.Signals, seconds: float) -> tuple[int, str, str]:
        """Send a signal and return exit code, standard output and standard error."""
        os.kill(self.program.pid, number)
        return self.program.wait(seconds), _text(self.out), _text(self.err)


@dataclass(frozen=True, slots=True)
class Project:
    """A folder with a pyproject.toml."""

    path: Path

    @property
    def pyproject(self) -> Path:
        return self.path / "pyproject.toml"

    @property
    def lock_path(self) -> Path:
        return self.path / "poetry.lock"

    def lockfile(self) -> Lockfile:
        return read_lockfile(self.lock_path)

    def files(self) -> dict[str, bytes | None]:
        """Return the bytes of pyproject.toml and poetry.lock, None for one that is not there."""
        paths = (self.pyproject, self.lock_path)
        return {path.name: path.read_bytes() if path.exists() else None for path in paths}

    def edit(self, old: str, new: str) -> None:
        """Replace a text in pyproject.toml that occurs exactly once."""
        text = self.pyproject.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} occurs {text.count(old)} times"
        self.pyproject.write_text(text.replace(old, new), encoding="utf-8")

    def installed(self) -> dict[str, str]:
        """Return name and version of what lies in the project's virtual environment; fails on doubles."""
        return installed_packages(self.path)


@dataclass(frozen=True, slots=True)
class PoetryProgram:
    """One ``poetry`` executable with a home of its own.

    ``home`` holds configuration, data and caches. Poetry keys its cache by the source's *name*, so two indexes
    that offer different content under one source name need two homes.
    """

    executable: Path
    home: Path
    arguments: tuple[str, ...] = ()
    """Put in front of every command, for example ``--no-plugins``."""
    wrapper: tuple[str, ...] = ()
    """A program that runs the program, for example in another namespace."""
    imported: tuple[str, ...] = ()
    """Fork each call from a process that has these packages imported; () starts a new interpreter."""

    @classmethod
    def of_this_environment(cls, home: Path, *arguments: str) -> PoetryProgram:
        """Return the program of the environment that runs the tests; each call is a cold start."""
        return cls(_program_in(Path(sys.executable).parent), home, arguments)

    @classmethod
    def without_our_plugin(cls, home: Path) -> PoetryProgram:
        """Return the Poetry of this environment as it is where this plugin was never installed."""
        return cls(Path(sys.executable), home, ("-P", "-c", POETRY_WITHOUT_US))

    @classmethod
    def changed(cls, home: Path, *changes: tuple[str, str], also: str = "") -> PoetryProgram:
        """Return the program with text of Poetry's installer replaced, and with statements that run before it."""
        program = CHANGED_POETRY.replace("CHANGES", repr(changes)).replace("ALSO", also)
        return cls(Path(sys.executable), home, ("-P", "-c", program))

    def warm(self) -> PoetryProgram:
        """Return this program of this environment with warm starts, where the platform has them."""
        ours = _OUR_PLUGIN if self.arguments[:1] != ("-P",) else ()
        return replace(self, imported=(*_IMPORTED, *ours)) if AVAILABLE else self

    def cold(self) -> PoetryProgram:
        """Return this program with a new interpreter for each call."""
        return replace(self, imported=())

    def into(self, folder: Path) -> None:
        """Put this program and its Python into a folder, where a script looks for them."""
        folder.mkdir(parents=True)
        (folder / "python").symlink_to(self.executable.parent / "python")
        if (server := self._server(self._environment())) is None:
            (folder / self.executable.name).symlink_to(self.executable)
            return
        (folder / "poetry").write_text(
            server.script([str(self.executable)], with_more=self._is_ours()), "utf-8"
        )
        (folder / "poetry").chmod(0o755)

    def run(self, project: Project | Path, *args: str, **environment: str) -> Run:
        """Run ``poetry ARGS`` in the project's folder; ``environment`` adds variables."""
        begun = time.monotonic()
        with self.started(project, *args, environment=environment) as running:
            code = running.program.wait(TIMEOUT)
            seconds = time.monotonic() - begun
            return Run(args, code, _text(running.out), _text(running.err), seconds)

    def interleaved(self, project: Project | Path, *args: str, **environment: str) -> Run:
        """Run ``poetry ARGS`` with one file for both streams, ``stdout``, as a terminal or a log shows them."""
        begun = time.monotonic()
        with self.started(project, *args, environment=environment, is_one_stream=True) as running:
            return Run(args, running.program.wait(TIMEOUT), _text(running.out), "", time.monotonic() - begun)

    @contextmanager
    def started(
        self,
        project: Project | Path,
        *args: str,
        environment: Mapping[str, str],
        is_one_stream: bool = False,
    ) -> Iterator[Started]:
        """Start ``poetry ARGS`` in the project's folder; where the test fails meanwhile, it is killed."""
        folder = project if isinstance(project, Path) else project.path
        self.home.mkdir(parents=True, exist_ok=True)
        with TemporaryFile() as out, TemporaryFile() as err, Path(os.devnull).open("rb") as nothing:
            streams = (nothing.fileno(), out.fileno(), out.fileno() if is_one_stream else err.fileno())
            program = self.start(
                folder, *args, streams=streams, environment={**self._environment(), **environment}
            )
            try:
                yield Started(program, out, err)
            except BaseException:
                with suppress(ProcessLookupError):
                    program.kill()
                raise

    def popen(self, project: Project, *args: str) -> subprocess.Popen[str]:
        """Start ``poetry ARGS`` in a new interpreter, with one pipe for both streams."""
        self.home.mkdir(parents=True, exist_ok=True)
        return subprocess.Popen(
            [str(self.executable), *self.arguments, *args],
            cwd=project.path,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )

    def must(self, project: Project | Path, *args: str, **environment: str) -> Run:
        """Run ``poetry ARGS`` and fail the test when the exit code is not 0."""
        done = self.run(project, *args, **environment)
        assert done.code == 0, str(done)
        return done

    def version(self) -> tuple[int, int]:
        """Return major and minor version of the program."""
        self.home.mkdir(parents=True, exist_ok=True)
        found = re.search(r"version (\d+)\.(\d+)", self.must(self.home, "--version", "--no-plugins").stdout)
        assert found
        return int(found[1]), int(found[2])

    def start(
        self, folder: Path, *args: str, streams: tuple[int, int, int], environment: Mapping[str, str]
    ) -> Forked | subprocess.Popen[bytes]:
        """Start ``poetry ARGS`` with this whole environment and these standard streams, away from our terminal."""
        argv = [*self.wrapper, str(self.executable), *self.arguments, *args]
        if (server := self._server(environment)) is not None:
            return server.start(argv, folder, environment, streams, with_more=self._is_ours())
        stdin, stdout, stderr = streams
        return subprocess.Popen(
            argv,
            cwd=folder,
            env=environment,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
        )

    def _is_ours(self) -> bool:
        return self.imported[len(_IMPORTED) :] == _OUR_PLUGIN

    def _server(self, environment: Mapping[str, str]) -> ForkServer | None:
        """Return what starts a call with this environment, None for a new interpreter."""
        if not self.imported or self.wrapper:
            return None
        if not _SERVERS:
            _SERVERS.append(ForkServer(_IMPORTED, _OUR_PLUGIN, self._environment()))
        return _SERVERS[0] if _SERVERS[0].can_start(environment) else None

    def _environment(self) -> dict[str, str]:
        """Return a whole environment: nothing of the caller's (PIP_*, UV_*, VIRTUAL_ENV, ...) comes along."""
        home = self.home
        # Poetry starts pip for each package that it removes, which takes 2 CPU seconds, and httpx reads every
        # certificate of certifi, 20 ms, where a folder (here one without any) is not named. Cold starts do both.
        quick = {"POETRY_INSTALLER_BUILTIN_UNINSTALL": "true", "SSL_CERT_DIR": NO_CERTIFICATES}
        quick = quick if self.imported else {}
        return quick | {
            "PATH": os.pathsep.join([str(self.executable.parent), os.defpath]),
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "TMPDIR": os.environ.get("TMPDIR", "/tmp"),
            "POETRY_CONFIG_DIR": str(home / "config"),
            "POETRY_DATA_DIR": str(home / "data"),
            "POETRY_CACHE_DIR": str(home / "cache"),
            "POETRY_KEYRING_ENABLED": "false",
            "POETRY_VIRTUALENVS_IN_PROJECT": "true",
            "POETRY_VIRTUALENVS_OPTIONS_NO_PIP": "true",
            "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
            "PIP_CONFIG_FILE": os.devnull,
            "NO_COLOR": "1",
            "HTTP_PROXY": NOWHERE,
            "HTTPS_PROXY": NOWHERE,
            "ALL_PROXY": NOWHERE,
            "NO_PROXY": "127.0.0.1,localhost",
            "POETRY_AIOPS_TRUSTED_ADDRESSES": TRUSTED,
        }


def end_servers() -> None:
    """End what :meth:`PoetryProgram.warm` started, so that its CPU time counts as ours."""
    while _SERVERS:
        _SERVERS.pop().close()


def way_out() -> dict[str, str]:
    """Return variables that let the program reach the real package index: its proxies and certificates."""
    closed = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "SSL_CERT_DIR"), "")
    passed_on = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")
    return closed | {name: os.environ[name] for name in passed_on if name in os.environ}


def installed_packages(project: Path) -> dict[str, str]:
    """Return name and version of every distribution in the project's ``.venv``; fails when one lies there twice."""
    found: dict[str, str] = {}
    for site_packages in _site_packages(project / ".venv"):
        for folder in sorted(site_packages.glob("*.dist-info")):
            name, _, version = folder.name.removesuffix(".dist-info").rpartition("-")
            assert normalized(name) not in found, f"two builds of {name} are installed"
            found[normalized(name)] = version
    return found


def imported_version(project: Path, module: str) -> str:
    """Return what ``module.__version__`` says in the project's ``.venv``: what really runs, not what is recorded."""
    for site_packages in _site_packages(project / ".venv"):
        text = (site_packages / f"{module}.py").read_text(encoding="utf-8")
        return text.split("'")[1]
    raise AssertionError(f"{project} has no virtual environment")


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")


def _site_packages(environment: Path) -> list[Path]:
    return [*environment.glob("lib/python*/site-packages"), *environment.glob("Lib/site-packages")]


def _program_in(folder: Path) -> Path:
    return folder / ("poetry.exe" if os.name == "nt" else "poetry")
