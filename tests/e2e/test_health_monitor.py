"""``poetry health --monitor``: news only, through faults, until it is told to stop."""

from __future__ import annotations

import json
import signal
import sys
import threading
import time

from dataclasses import dataclass
from dataclasses import field
from http.server import BaseHTTPRequestHandler
from http.server import ThreadingHTTPServer
from typing import TYPE_CHECKING
from typing import Any

import pytest

from tests.support.health_shop import HIGH
from tests.support.health_shop import Shop
from tests.support.health_shop import rated
from tests.support.osv_server import Fault
from tests.support.schemas import conforming


if TYPE_CHECKING:
    import subprocess

    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.osv_server import OsvServer


WATCH = ("--monitor", "--interval", "1s", "--without", "inner", "--metric", "security")
LATE = rated("GHSA-late-late-0001", "webapi", HIGH)
NOTIFIED = "import sys; open(sys.argv[1], 'a').write(sys.stdin.read() + '---\\n')"


@dataclass
class Hook:
    """A webhook that remembers what it was told, and refuses while ``status`` says so."""

    status: int = 200
    told: list[Any] = field(default_factory=list)
    url: str = ""


@pytest.fixture
def hook() -> Iterator[Hook]:
    known = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if known.status == 200:
                known.told.append(json.loads(body))
            self.send_response(known.status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        known.url = f"http://127.0.0.1:{server.server_address[1]}/services/T0/s3cret"
        yield known
        server.shutdown()


def until(condition: Any, seconds: float = 60.0) -> None:
    """Wait until something is true; fails when it never is."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.05)


def looks(shop: Shop) -> int:
    history = shop.reports / "history.jsonl"
    return len(history.read_text().splitlines()) if history.exists() else 0


def ended(process: subprocess.Popen[str], number: signal.Signals) -> tuple[int, str, str]:
    """Send a signal and return exit code, stdout and stderr."""
    process.send_signal(number)
    stdout, stderr = process.communicate(timeout=15)
    assert "Traceback" not in stderr, stderr
    return process.returncode, stdout, stderr


def test_news_is_told_once_and_the_last_look_gives_the_exit_code(shop: Shop) -> None:
    run = shop.look(*WATCH, "--iterations", "3")

    assert run.code == 1, str(run)
    assert run.stdout.count("GHSA-tool-kits-0001") == 1
    assert run.stderr.count("no news") == 2
    assert looks(shop) == 3
    assert not (shop.reports / "latest_report.json").exists()


def test_a_monitor_that_never_saw_anything_is_three(shop: Shop, osv: OsvServer) -> None:
    osv.stop()

    run = shop.look(*WATCH, "--iterations", "2")

    assert run.code == 3, str(run)
    assert run.stdout.count("cannot tell") >= 1


def test_json_comes_at_the_end_and_alone(shop: Shop) -> None:
    run = shop.look(*WATCH, "--iterations", "2", "--format", "json", "--output", "h.html")

    assert conforming(run.stdout)["gate"]["exit_code"] == 1
    assert "GHSA-tool-kits-0001" in run.stderr
    assert (shop.project.path / "h.html").is_file()


def test_a_program_is_told_news_only(shop: Shop, osv: OsvServer, tmp_path: Path) -> None:
    script, told = tmp_path / "tell me.py", tmp_path / "told.txt"
    script.write_text(NOTIFIED)
    with shop.started(*WATCH, "--notify", f"{sys.executable} '{script}' {told}") as process:
        until(lambda: looks(shop) >= 2)
        osv.publish(LATE)
        shop.set_aside()
        until(lambda: told.read_text().count("---") == 2)
        code, stdout, _ = ended(process, signal.SIGTERM)

    first, second, rest = told.read_text().split("---\n")
    assert code == 0
    assert "GHSA-tool-kits-0001" in first
    assert "PYSEC-2026-7" in first
    assert "GHSA-late-late-0001" in second
    assert "GHSA-tool-kits-0001" not in second
    assert rest == ""
    assert "GHSA-late-late-0001" in stdout


def test_an_address_is_told_and_an_alert_that_failed_is_told_later(shop: Shop, hook: Hook) -> None:
    hook.status = 403
    with shop.started(*WATCH, "--notify", hook.url) as process:
        until(lambda: looks(shop) >= 2)
        assert hook.told == []
        hook.status = 200
        until(lambda: hook.told)
        looked = looks(shop)
        until(lambda: looks(shop) >= looked + 2)
        code, stdout, stderr = ended(process, signal.SIGTERM)

    (told,) = hook.told
    assert code == 0
    assert "GHSA-tool-kits-0001" in told["text"]
    assert told["lines"][0] == told["title"]
    assert "could not be delivered" in stderr
    assert "s3cret" not in stdout + stderr


def test_a_fault_between_looks_is_survived(shop: Shop, osv: OsvServer) -> None:
    with shop.started(*WATCH) as process:
        until(lambda: looks(shop) >= 1)
        osv.fault = Fault.SERVER_ERROR
        shop.set_aside()
        lock = shop.project.lock_path.read_text()
        until(lambda: "could not be audited" in (shop.reports / "history.jsonl").read_text())
        shop.project.lock_path.unlink()
        time.sleep(3)
        shop.project.lock_path.write_text(lock)
        osv.fault = None
        code, stdout, stderr = ended(process, signal.SIGTERM)

    assert code == 0
    assert "cannot tell" in stdout
    assert "the check failed" in stderr
    assert "poetry.lock" in stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_look_that_hangs(shop: Shop, osv: OsvServer, number: signal.Signals) -> None:
    osv.fault = Fault.SILENCE
    with shop.started(*WATCH) as process:
        until(lambda: osv.requests.total() >= 1)
        began = time.monotonic()
        code, _, _ = ended(process, number)

    assert code == 0
    assert time.monotonic() - began < 5
    assert not list(shop.project.path.rglob("*.tmp"))
