"""Everything of ours that writes files, each as a step from an old state of a folder to a new one.

``python -m tests.support.writers TARGET NAME...`` makes ``TARGET/<writer>/before`` and lets a child process write in copies of it, killed
just before its first, second, ... call that writes, until one needs no more calls.
"""

from __future__ import annotations

import hashlib
import io
import itertools
import json
import os
import shutil
import signal
import sys
import zipfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import tomlkit
from poetry.packages import Locker
from poetry.toml import TOMLFile
from tests.support.killed_runs import arm
from tests.unit.health.osv import record

from poetry_aiops.export.wheelhouse_download import Fetcher
from poetry_aiops.health.advisories import download as advisory_download
from poetry_aiops.health.advisories.cache import AdvisoryCache
from poetry_aiops.health.advisories.osv_protocol import Stub
from poetry_aiops.health.feed import QueriedPackage
from poetry_aiops.index.record_cache import CachedRecord, RecordCache
from poetry_aiops.index.release_records import About, IndexRecord
from poetry_aiops.locking.environment_record import write_record
from poetry_aiops.locking.record import InstallRecord, Needs
from poetry_aiops.locking.whole_writes import write_whole_files
from poetry_aiops.project.model import LockedFile
from poetry_aiops.scaffold.writing import look_at
from poetry_aiops.system.files import write_atomically, write_together
from poetry_aiops.system.json_cache import JsonCache
from poetry_aiops.system.kept_files import replace_file
from poetry_aiops.system.reports_folder import write_reports


if TYPE_CHECKING:
    from collections.abc import Callable


NOW = datetime(2026, 3, 1, tzinfo=UTC)
LONG = 20_000
FIRST, SECOND = (f"{word}\n" * LONG for word in ("first", "second"))


@dataclass(frozen=True, slots=True)
class Writer:
    """``write(folder, text)`` is called for the old state and for the new one, with another text.

    A writer that ``keeps quiet`` only fills a cache, and says nothing when it cannot.
    """

    write: Callable[[Path, str], None]
    keeps_quiet: bool = False


def _reports(folder: Path, text: str) -> None:
    def with_line(before: str) -> str:
        line = f"{text[:5]}\n"
        return before if line in before else before + line

    write_reports(folder / "dependency_reports", {"latest_report.json": text, "history.jsonl": with_line})


def _output(folder: Path, text: str) -> None:
    write_atomically(folder / "health.html", text.encode())


def _poetrys_files(folder: Path, text: str) -> Any:
    for name in ("poetry.lock", "pyproject.toml"):
        if not (folder / name).exists():
            (folder / name).write_bytes(f'a = "{text[:5]}"\r\n'.encode())
    file = TOMLFile(folder / "pyproject.toml")
    file.read()
    poetry: Any = SimpleNamespace(locker=Locker(folder / "poetry.lock", {}), file=file)
    write_whole_files(poetry, both=True)
    return poetry


def _lock(folder: Path, text: str) -> None:
    _poetrys_files(folder, text).locker._write_lock_data(tomlkit.parse(f'a = """{text}"""\n'))


def _pyproject(folder: Path, text: str) -> None:
    _poetrys_files(folder, text).file.write(tomlkit.parse(f'a = """{text}"""\n'))


def _environment(folder: Path, text: str) -> None:
    known = InstallRecord(
        "ml-cpu", "cpu", text[:5], "production", "2.14.1", "3.12.1", "linux", "any", Needs("cpu")
    )
    write_record(folder, folder / "bin", Path("/usr/bin/python3"), known)


def _recording(folder: Path, text: str) -> None:
    (folder / text[:5]).mkdir(exist_ok=True)  # it never goes into a folder that holds something
    write_together({folder / text[:5] / name: text.encode() for name in ("recording.json", "nvidia-smi.txt")})


def _copied_wheel(folder: Path, text: str) -> None:
    name = f"{text[:5]}-1.0-py3-none-any.whl"
    source = Path(os.environ["WHEEL_SOURCE"]) / name
    if not source.exists():
        source.write_text(text)
    digest = hashlib.sha256(text.encode()).hexdigest()
    session: Any = None
    Fetcher(session, folder, lambda _count: None).copy(LockedFile(name, f"sha256:{digest}"), source)


def _scaffold(folder: Path, text: str) -> None:
    place, old = look_at(folder, "Dockerfile")
    if old != text:
        replace_file(place, text.encode(), keeps=True)


def _answers(folder: Path, text: str) -> None:
    cache = AdvisoryCache(folder, "https://osv.example", NOW.timestamp)
    cache.keep_answer(QueriedPackage("demo", "1.0"), (Stub(text, ""),))
    cache.save()


def _index_record(folder: Path, text: str) -> None:
    RecordCache(folder).store(
        "https://index.example", CachedRecord(IndexRecord("pypi", "demo", NOW, (), About(status=text)))
    )


def _figures(folder: Path, text: str) -> None:
    JsonCache(folder / "downloads.json", "figures/1").keep({"top": {text: 1}})


def _snapshot(folder: Path, text: str) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(zipfile.ZipInfo("T-1.json"), json.dumps(record("T-1", summary=text)))
    advisory_download._replace(folder / "advisories.zip", content.getvalue(), NOW)


WRITERS = {
    "reports": Writer(_reports),
    "output": Writer(_output),
    "poetry.lock": Writer(_lock),
    "pyproject.toml": Writer(_pyproject),
    "environment": Writer(_environment),
    "recording": Writer(_recording),
    "scaffold": Writer(_scaffold),
    "wheel": Writer(_copied_wheel),
    "snapshot": Writer(_snapshot),
    "answers": Writer(_answers, keeps_quiet=True),
    "index record": Writer(_index_record, keeps_quiet=True),
    "figures": Writer(_figures, keeps_quiet=True),
}


def main() -> None:
    """Kill the named writers at every call."""
    target = Path(sys.argv[1])
    for name in sys.argv[2:]:
        writer = WRITERS[name]
        home = target / name
        (home / "before").mkdir(parents=True)
        writer.write(home / "before", FIRST)
        for number in itertools.count(1):
            copy = home / str(number)
            shutil.copytree(home / "before", copy)
            if _killed_at(number, copy, writer, home / "note") == 0:
                shutil.rmtree(copy)
                break


def _killed_at(number: int, copy: Path, writer: Writer, note: Path) -> int:
    child = os.fork()
    if child == 0:
        arm(number, note)
        writer.write(copy, SECOND)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if status != 0 and (not os.WIFSIGNALED(status) or os.WTERMSIG(status) != signal.SIGKILL):
        sys.exit(f"the child of call {number} ended with {status}")
    return status


if __name__ == "__main__":
    main()
