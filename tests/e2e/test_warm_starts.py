"""A program that is forked behaves as one that is started: what the end-to-end tests rely on."""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.support import poetry_program
from tests.support.fork_server import AVAILABLE, HOME_OF_THE_SERVER, ForkServer
from tests.support.poetry_program import PoetryProgram
from tests.support.processes import in_time
from tests.support.terminal import on_terminal


if TYPE_CHECKING:
    from pytest_mock import MockerFixture


pytestmark = pytest.mark.skipif(not AVAILABLE, reason="no warm starts here")

# What the environment of a warm start has beyond that of a cold one.
WARM_ONLY = {"POETRY_INSTALLER_BUILTIN_UNINSTALL": "true", "SSL_CERT_DIR": poetry_program.NO_CERTIFICATES}

STATE = """\
import json, os, signal, sys, threading
import poetry.core  # adds to sys.path
umask = os.umask(0)
os.umask(umask)
print(json.dumps({
    "argv": sys.argv, "path": sys.path, "name": __name__, "executable": sys.executable, "cwd": os.getcwd(),
    "environment": dict(os.environ), "umask": umask, "threads": threading.active_count(),
    "open": sorted(os.listdir("/proc/self/fd"))[:-1], "leads": os.getpgid(0) == os.getpid(),
    "signals": {number: str(signal.getsignal(number)) for number in signal.valid_signals()},
    "streams": [(one.encoding, one.errors, one.isatty(), one.line_buffering, one.fileno())
                for one in (sys.stdin, sys.stdout, sys.stderr)],
}))
"""

# Every text and path in what the modules hold: variables, classes, defaults, containers of them.
LEFT_OVER = """\
import gc, json, pathlib, sys
home, found, seen = sys.argv[1][::-1], set(), {id(vars(sys.modules["__main__"]))}
todo = [(f"{name}.{key}", value) for name, module in list(sys.modules.items()) if name != "__main__"
        for key, value in vars(module).items()]
while todo:
    where, thing = todo.pop()
    if isinstance(thing, (str, pathlib.PurePath)):
        found |= {where} if home in str(thing) else set()
    elif id(thing) not in seen and not isinstance(thing, type(sys)):
        seen.add(id(thing))
        todo += [(where, part) for part in gc.get_referents(thing)]
print(json.dumps([len(seen), sorted(found)]))
"""

# What Poetry can learn of an environment made by itself, of one with another search path, and of the base.
INTERPRETERS = """\
import json, sys
from pathlib import Path
from poetry.utils.env import EnvManager, VirtualEnv, script_strings
made, other = Path("é 'a'/.venv").absolute(), Path("other").absolute()
for one in (made, other):
    if not one.exists():
        EnvManager.build_venv(one, Path(sys.executable))
next(other.glob("lib/python*/site-packages")).joinpath("more.pth").write_text(str(Path.cwd()))
environments = [VirtualEnv(made), VirtualEnv(other), EnvManager.get_system_env()]
scripts = [value for name, value in vars(script_strings).items() if name.startswith("GET_")]
print(json.dumps([[str(one.path), one.run_python_script(script)] for one in environments for script in scripts]))
"""


def python(home: Path, code: str) -> PoetryProgram:
    """Return this Python with a piece of code, forked from the process that has this plugin imported."""
    warm = PoetryProgram.of_this_environment(home).warm()
    return replace(warm, executable=Path(sys.executable), arguments=("-P", "-c", code))


def test_the_process_is_the_one_that_a_start_gives(tmp_path: Path) -> None:
    program = python(tmp_path / "home", STATE)
    given = {"SOME_VARIABLE": "1", "COLUMNS": "70"} | WARM_ONLY
    before = os.umask(0o027)
    try:
        warm, cold = (
            json.loads(one.must(tmp_path, "a", "b c", **given).stdout) for one in (program, program.cold())
        )
    finally:
        os.umask(before)
    assert warm == cold
    assert warm["umask"] == 0o027
    assert warm["environment"]["SOME_VARIABLE"] == "1"


def test_a_terminal_is_one(tmp_path: Path) -> None:
    program = python(tmp_path / "home", STATE)
    warm, cold = (json.loads(on_terminal(one, tmp_path).text)["streams"] for one in (program, program.cold()))
    assert warm == cold
    assert all(isatty for _, _, isatty, _, _ in warm)


def test_interpreters_answer_the_same(tmp_path: Path) -> None:
    program = python(tmp_path / "home", INTERPRETERS)
    warm, cold = (json.loads(one.must(tmp_path).stdout) for one in (program, program.cold()))
    assert warm == cold
    assert len(warm) > 15
    assert any(str(tmp_path / "home") in answer for _, answer in warm)


def test_nothing_that_was_imported_remembers_another_home(tmp_path: Path) -> None:
    seen, found = json.loads(
        python(tmp_path / "home", LEFT_OVER).must(tmp_path, HOME_OF_THE_SERVER[::-1]).stdout
    )
    assert seen > 100_000
    assert found == []


def test_the_scan_for_another_home_finds_one(tmp_path: Path) -> None:
    home = tmp_path / "home"
    _, found = json.loads(python(home, LEFT_OVER).must(tmp_path, str(home)[::-1]).stdout)
    assert "poetry.config.config.CONFIG_DIR" in found


def test_a_login_and_a_cache_folder_belong_to_one_home(tmp_path: Path) -> None:
    one, other = (PoetryProgram.of_this_environment(tmp_path / name).warm() for name in ("one", "other"))
    one.must(tmp_path, "config", "http-basic.private", "user", "password")
    one.must(tmp_path, "config", "repositories.private", "http://127.0.0.1:9/")
    assert sorted(file.name for file in (one.home / "config").iterdir()) == ["auth.toml", "config.toml"]
    assert one.must(tmp_path, "config", "repositories.private").stdout
    assert other.run(tmp_path, "config", "repositories.private").code == 1
    code = "from poetry.config.config import Config; print(Config(False).get('cache-dir'))"
    for home in (one.home, other.home):
        folder = python(home, code).must(tmp_path).stdout
        assert folder == f"{home}/.cache/pypoetry\n" == python(home, code).cold().must(tmp_path).stdout


@pytest.mark.parametrize(
    "code",
    [
        "raise SystemExit",
        "raise SystemExit(7)",
        "raise SystemExit(256 + 3)",
        "raise SystemExit('a text')",
        "print('lost?', end=''); import os; os._exit(4)",
        "print('kept', end='')",
        "1 / 0",
        "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
        "raise KeyboardInterrupt",
        "import atexit; atexit.register(print, 'at exit')",
        "import threading, time; threading.Thread(target=lambda: (time.sleep(0.2), print('thread'))).start()",
        "import sys; sys.stdout.close(); sys.exit(5)",
        "import os; os.close(1); print('nowhere')",
    ],
)
def test_a_program_ends_as_one_that_was_started(tmp_path: Path, code: str) -> None:
    program = python(tmp_path / "home", code)
    warm, cold = program.run(tmp_path), program.cold().run(tmp_path)
    assert (warm.code, warm.stdout) == (cold.code, cold.stdout)
    assert warm.stderr.splitlines()[-1:] == cold.stderr.splitlines()[-1:]


def test_poetry_says_the_same(tmp_path: Path) -> None:
    ours = PoetryProgram.of_this_environment(tmp_path / "home")
    plain = PoetryProgram.without_our_plugin(tmp_path / "home")
    without = replace(ours, arguments=("--no-plugins",))
    calls = (
        (ours, ("list",)),
        (plain, ("list",)),
        (without, ("config", "--list")),
        (without, ("self", "show", "--help")),
        (ours, ("hw-info", "--no-such-option")),
    )
    for program, args in calls:
        warm, cold = program.warm().run(tmp_path, *args), program.run(tmp_path, *args, **WARM_ONLY)
        assert (warm.code, warm.stdout, warm.stderr) == (cold.code, cold.stdout, cold.stderr)


def test_a_program_that_goes_on_is_killed_with_what_it_started(tmp_path: Path, mocker: MockerFixture) -> None:
    code = "import pathlib, subprocess; child = subprocess.Popen(['sleep', '600']); pathlib.Path('pid').write_text(str(child.pid)); child.wait()"
    pid = tmp_path / "pid"

    def ended(limit: float) -> None:
        mocker.patch.object(poetry_program, "TIMEOUT", limit)
        with pytest.raises(subprocess.TimeoutExpired):
            python(tmp_path / "home", code).run(tmp_path)

    in_time(ended, lambda _: pid.exists() and pid.read_text() != "", 1.0)
    child = int(pid.read_text())
    with contextlib.suppress(ProcessLookupError):
        assert select.select([os.pidfd_open(child)], [], [], 60)[0]


def test_two_programs_run_at_the_same_time(tmp_path: Path) -> None:
    """Each waits until the other has begun."""
    code = """\
import pathlib, sys, time
pathlib.Path(sys.argv[1]).touch()
while not pathlib.Path(sys.argv[2]).exists():
    time.sleep(0.01)
"""
    program = python(tmp_path / "home", code)
    given: Any = program._environment()
    with Path(os.devnull).open("rb+") as nothing:
        streams = (nothing.fileno(), nothing.fileno(), nothing.fileno())
        both = [
            program.start(tmp_path, *names, streams=streams, environment=given)
            for names in (("a", "b"), ("b", "a"))
        ]
        assert [one.wait(60) for one in both] == [0, 0]


def test_what_the_interpreter_reads_when_it_starts_makes_it_start(tmp_path: Path) -> None:
    code = "import sys; print(sys.stdout.encoding, sys.flags.hash_randomization)"
    run = python(tmp_path / "home", code).must(tmp_path, PYTHONIOENCODING="ascii", PYTHONHASHSEED="0")
    assert run.stdout == "ascii 0\n"


def test_a_server_that_ends_at_its_start_is_reported(
    monkeypatch: pytest.MonkeyPatch, mocker: MockerFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Its name is free again then, and starting it once more would end the same way without end."""
    started = subprocess.Popen

    def ended(*args: Any, **options: Any) -> subprocess.Popen[bytes]:
        process = started(*args, **options)
        process.wait(60)
        return process

    mocker.patch("tests.support.fork_server.subprocess.Popen", ended)
    monkeypatch.setenv("PYTEST_XDIST_TESTRUNUID", f"a server of its own {os.getpid()}")
    with pytest.raises(RuntimeError, match="ended at its start, with exit code 1"):
        ForkServer((), (), {"PYTHONHOME": "/nowhere"})
    assert "encodings" in capfd.readouterr().err
