"""Every writer at every call that writes: killed, interrupted, on a disk that fills up, and beside another one."""

from __future__ import annotations

import errno
import itertools
import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.killed_runs import CALLS
from tests.support.writers import FIRST, SECOND, WRITERS, Writer

from poetry_aiops.errors import AiopsError
from poetry_aiops.system.reports_folder import write_reports


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL, fork and links of POSIX")

ROOT = Path(__file__).parents[3]
NEEDS_SPACE = ("open", "write", "fsync", "mkdir")
Content = dict[str, bytes]

QUICK = {"poetry.lock", "reports"}
CASES = {name: pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in WRITERS}

every_writer = pytest.mark.parametrize("name", CASES.values())
# Two wheelhouses at once are kept apart by a lock on the folder, which is the command's.
every_other_writer = pytest.mark.parametrize("name", [CASES[name] for name in WRITERS if name != "wheel"])


@pytest.fixture(autouse=True)
def _places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep what writers read and their temporary folders in the test's own folder."""
    for name in ("wheels", "temporary"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("WHEEL_SOURCE", str(tmp_path / "wheels"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))


def content(folder: Path) -> Content:
    found = {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.parent.name != "__pycache__"  # bytecode says where it is, so it differs
    }
    return without_kept(found)


def is_temporary(name: str) -> bool:
    return ".tmp" in name or name.endswith(".part")


def without_kept(found: Content) -> Content:
    """Leave out what `scaffold --force` keeps: there is one more with every run that replaced something."""
    kept = {name: data for name, data in found.items() if ".bak" in name}
    assert {*kept.values()} <= {FIRST.encode(), SECOND.encode()}, "every kept file is whole"
    return {name: data for name, data in found.items() if name not in kept}


def written(folder: Path, writer: Writer, *texts: str) -> Content:
    folder.mkdir()
    for text in texts:
        writer.write(folder, text)
    return content(folder)


def assert_whole(found: Content, old: Content, new: Content) -> None:
    """Every file that is no temporary one is as before or as afterwards, and none of the old ones is lost."""
    for name in {*found, *old} - {name for name in found if is_temporary(name)}:
        assert found.get(name) in (old.get(name), new.get(name)), name


# -- killed -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], list[Path]]:
    """Return a function that gives the copies in which a writer was killed, one for each call."""

    @cache
    def runs(names: tuple[str, ...]) -> Path:
        target = tmp_path_factory.mktemp("killed")
        (target / "wheels").mkdir()
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join((str(ROOT / "src"), str(ROOT))),
            "WHEEL_SOURCE": str(target / "wheels"),
            "TMPDIR": str(target),
        }
        program = [sys.executable, "-m", "tests.support.writers", str(target / "runs"), *names]
        subprocess.run(program, cwd=ROOT, env=environment, check=True)
        return target / "runs"

    def copies(name: str) -> list[Path]:
        together = tuple(one for one in WRITERS if (one in QUICK) is (name in QUICK))
        return [path for path in (runs(together) / name).iterdir() if path.name.isdecimal()]

    return copies


@every_writer
def test_a_writer_killed_at_any_call_leaves_whole_files_and_the_next_one_tidies_up(
    killed: Callable[[str], list[Path]], tmp_path: Path, name: str
) -> None:
    writer = WRITERS[name]
    old, new = written(tmp_path / "old", writer, FIRST), written(tmp_path / "new", writer, FIRST, SECOND)
    copies = killed(name)
    assert len(copies) >= 2
    for copy in copies:
        assert_whole(content(copy), old, new)
        hours_ago = time.time() - 7200
        for path in copy.rglob("*"):
            os.utime(path, (hours_ago, hours_ago))
        for text in (
            SECOND,
            FIRST,
            SECOND,
        ):  # what is as it should be is not written, and nothing is tidied then
            writer.write(copy, text)
        assert content(copy) == new, "nothing is left of the run that was killed"


# -- failing and interrupted ----------------------------------------------------------------------------------


@contextmanager
def failing(at: int, error: BaseException, calls: tuple[str, ...], *, forever: bool) -> Iterator[list[str]]:
    """Let the ``at``-th of these calls raise, or every one from there on; yields what raised."""
    counter, failed = itertools.count(1), []

    def wrapped(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            if name == "open" and not args[1] & os.O_CREAT:
                return real(*args, **kwargs)
            number = next(counter)
            if number == at or (forever and number > at):
                failed.append(name)
                raise error
            return None if name == "fsync" else real(*args, **kwargs)

        return call

    with pytest.MonkeyPatch.context() as patched:
        for name in calls:
            patched.setattr(os, name, wrapped(name, getattr(os, name)))
        yield failed


FAULTS = {
    "full disk": (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), NEEDS_SPACE, True),
    "one failing call": (OSError(errno.EIO, os.strerror(errno.EIO)), CALLS, False),
    "interrupted": (KeyboardInterrupt(), CALLS, False),
}


@every_writer
@pytest.mark.parametrize("fault", FAULTS)
def test_a_writer_that_fails_at_any_call_leaves_whole_files_and_nothing_temporary(
    tmp_path: Path, name: str, fault: str
) -> None:
    writer, (error, calls, forever) = WRITERS[name], FAULTS[fault]
    old, new = written(tmp_path / "old", writer, FIRST), written(tmp_path / "new", writer, FIRST, SECOND)
    for at in itertools.count(1):
        copy = tmp_path / str(at)
        shutil.copytree(tmp_path / "old", copy)
        reported = False
        with failing(at, error, calls, forever=forever) as failed:
            try:
                writer.write(copy, SECOND)
            except (AiopsError, OSError, KeyboardInterrupt):
                reported = True
        if not failed:
            break
        found = content(copy)
        assert_whole(found, old, new)
        if forever or failed != ["unlink"]:  # a file that cannot be removed is left for the next run
            assert [path for path in found if ".tmp" in path] == [], failed
        without_index = {path: data for path, data in new.items() if not path.endswith(".index")}
        assert reported or writer.keeps_quiet or found.items() >= without_index.items()
        assert reported or fault != "interrupted"
        writer.write(copy, SECOND)
        assert content(copy) == new
    assert at > 1


# -- two at once ----------------------------------------------------------------------------------------------


@every_other_writer
def test_two_writers_at_once_leave_the_whole_work_of_one(tmp_path: Path, name: str) -> None:
    writer = WRITERS[name]
    new = {text: written(tmp_path / text[:5], writer, FIRST, text) for text in (FIRST, SECOND)}
    folder = tmp_path / "both"
    written(folder, writer, FIRST)

    with ThreadPoolExecutor(4) as threads:
        for _ in range(3):
            list(threads.map(lambda text: _written_or_refused(writer, folder, text), [FIRST, SECOND] * 2))

    found = content(folder)
    assert [path for path in found if is_temporary(path)] == []
    assert_whole(found, new[FIRST], new[SECOND])


def _written_or_refused(writer: Writer, folder: Path, text: str) -> None:
    with suppress(AiopsError):
        writer.write(folder, text)


def test_of_many_looks_at_once_the_history_keeps_every_one(tmp_path: Path) -> None:
    def add(number: int) -> None:
        write_reports(tmp_path / "reports", {"history.jsonl": lambda text: f"{text}{number}\n"})

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(add, range(40)))

    assert sorted((tmp_path / "reports" / "history.jsonl").read_text().split(), key=int) == [
        *map(str, range(40))
    ]
    assert (tmp_path / "reports" / ".gitignore").exists()
