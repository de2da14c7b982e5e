from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from tests.support.osv_server import OsvServer

from poetry_aiops.errors import IncompleteError, UsageError
from poetry_aiops.health import notify as module
from poetry_aiops.health.notify import check_target, notify


if TYPE_CHECKING:
    from pathlib import Path


def program(folder: Path, text: str) -> str:
    script = folder / "tell me.py"
    script.write_text(text)
    return f"'{sys.executable}' '{script}'"


def test_a_program_reads_the_lines_on_standard_input(tmp_path: Path) -> None:
    told = tmp_path / "told.txt"
    command = program(tmp_path, "import sys; open(sys.argv[1], 'wb').write(sys.stdin.buffer.read())")

    notify(f"{command} '{told}'", "News", ["one", "zwei \u00e4 \ud800"])

    assert told.read_bytes() == "one\nzwei \u00e4 ?\n".encode()


def test_what_a_program_prints_leaves_standard_output_alone(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    notify(program(tmp_path, "print('told them')"), "News", ["one"])

    printed = capfd.readouterr()
    assert printed.out == ""
    assert printed.err == "told them\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [("raise SystemExit(7)", "it ended with 7"), ("import time; time.sleep(9)", "it did not end")],
)
def test_a_program_that_fails_is_told_without_its_arguments(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, said: str
) -> None:
    monkeypatch.setattr(module, "_SECONDS", 0.5)

    with pytest.raises(IncompleteError, match=said) as caught:
        notify(f"{program(tmp_path, text)} --token s3cret", "News", ["one"])

    assert "s3cret" not in "\n".join(caught.value.lines())


def test_no_shell_reads_the_command(tmp_path: Path) -> None:
    told = tmp_path / "told.txt"

    notify(f"{program(tmp_path, 'pass')} ; touch '{told}'", "News", ["one"])

    assert not told.exists()


def test_an_address_that_refuses_is_told_without_its_path() -> None:
    with (
        OsvServer() as server,
        pytest.raises(IncompleteError, match=r"could not be sent to 127\.0\.0\.1") as caught,
    ):
        notify(f"{server.url}/s3cret/path?key=s3cret", "News", ["one"])

    assert "s3cret" not in "\n".join(caught.value.lines())


@pytest.mark.parametrize(
    "target", ["no-such-program-here now", "", "  ", "echo 'open", "https://", "http://[broken"]
)
def test_a_target_that_cannot_work_is_refused_before_anything_happens(target: str) -> None:
    with pytest.raises(UsageError):
        check_target(target)


def test_a_target_that_may_work_is_not_told_anything(tmp_path: Path) -> None:
    check_target(program(tmp_path, "raise SystemExit(1)"))
    check_target("HTTPS://hook.example/services/x")
