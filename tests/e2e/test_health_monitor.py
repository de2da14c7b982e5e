"""``poetry health --monitor``: news only, through faults, until it is stopped."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.health_shop import HIGH, Shop, rated
from tests.support.osv_server import Fault
from tests.support.schemas import conforming


if TYPE_CHECKING:
    from tests.support.osv_server import OsvServer
    from tests.support.poetry_program import Started


WATCH = ("--monitor", "--interval", "1s", "--without", "inner", "--metric", "security")
LATE = rated("GHSA-late-late-0001", "webapi", HIGH)


def until(condition: Any, seconds: float = 150.0) -> None:
    """Wait until something is true; fails when it never is."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.05)


def looks(shop: Shop) -> int:
    history = shop.reports / "history.jsonl"
    return len(history.read_text().splitlines()) if history.exists() else 0


def ended(running: Started, number: signal.Signals) -> tuple[int, str, str]:
    """Send a signal and return exit code, stdout and stderr."""
    code, stdout, stderr = running.ended(number, seconds=150)
    assert "Traceback" not in stderr, stderr
    return code, stdout, stderr


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
    assert run.stdout.count("unknown: ") >= 1


def test_json_comes_at_the_end_and_alone(shop: Shop) -> None:
    run = shop.look(*WATCH, "--iterations", "2", "--format", "json", "--output", "h.html")

    assert conforming(run.stdout)["gate"]["exit_code"] == 1
    assert "GHSA-tool-kits-0001" in run.stderr
    assert (shop.project.path / "h.html").is_file()


def test_what_comes_between_two_looks_is_printed_and_nothing_twice(shop: Shop, osv: OsvServer) -> None:
    with shop.started(*WATCH) as process:
        until(lambda: looks(shop) >= 2)
        osv.publish(LATE)
        shop.set_aside()
        until(lambda: "GHSA-late-late-0001" in (shop.reports / "history.jsonl").read_text())
        code, stdout, _ = ended(process, signal.SIGTERM)

    assert code == 0
    first, second = stdout.split("GHSA-late-late-0001")
    assert first.count("GHSA-tool-kits-0001") == 1
    assert "GHSA-tool-kits-0001" not in second


def test_a_fault_between_looks_is_survived(shop: Shop, osv: OsvServer) -> None:
    with shop.started(*WATCH) as process:
        until(lambda: looks(shop) >= 1)
        osv.fault = Fault.SERVER_ERROR
        shop.set_aside()
        lock = shop.project.lock_path.read_text()
        until(lambda: "could not be audited" in (shop.reports / "history.jsonl").read_text())
        shop.project.lock_path.unlink()
        until(lambda: b"the check failed" in os.pread(process.err.fileno(), 1_000_000, 0))
        shop.project.lock_path.write_text(lock)
        osv.fault = None
        code, stdout, stderr = ended(process, signal.SIGTERM)

    assert code == 0
    assert "unknown: " in stdout
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
    assert (
        time.monotonic() - began < 25
    )  # the service is silent for a minute, a transfer may take half of one
    assert not list(shop.project.path.rglob("*.tmp"))
