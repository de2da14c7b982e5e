"""``make demo`` keeps its promises: its program checks every step itself and ends with 1 when one is broken."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest


REPOSITORY = Path(__file__).resolve().parents[2]
DEMO = str(REPOSITORY / "scripts" / "demo.py")
MACHINES = {
    "gpu=GTX 1080": "ml-gpu (cu126)",
    "gpu=A100": "ml-gpu (cu126)",
    "gpu=RTX 5090": "ml-cu130 (cu130)",
    "gpu=MI300X": "ml-rocm (rocm7.2)",
}
BROKEN = "import sys, scripts.demo as demo; demo.TORCH = '9.9'; sys.exit(demo.main())"


def play(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run Python with the repository as working directory and ``folder`` for temporary files."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=REPOSITORY,
        env={**os.environ, **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder)), **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )


@pytest.mark.slow
def test_the_demo_keeps_every_promise_and_leaves_nothing_behind(tmp_path: Path) -> None:
    # Variables that would lead Poetry astray if the demo handed them on.
    astray = {"POETRY_AIOPS_HARDWARE": "rocm", "POETRY_VIRTUALENVS_CREATE": "false", "VIRTUAL_ENV": "no"}

    done = play(tmp_path, DEMO, "--full", **astray)

    assert done.returncode == 0, done.stdout + done.stderr
    steps = re.findall(r"^\[(\d+)/(\d+)\]", done.stdout, re.MULTILINE)
    assert [int(step) for step, _ in steps] == list(range(1, int(steps[0][1]) + 1))
    for target, answer in MACHINES.items():
        shown = rf"--target .*{target}\"?\n +Using {re.escape(answer)}"
        assert re.search(shown, done.stdout), f"{target} is not answered with {answer}\n{done.stdout}"
    assert "\x1b" not in done.stdout, "colours in a pipe"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_the_short_form_is_a_line_for_each_step(tmp_path: Path) -> None:
    done = play(tmp_path, DEMO)
    lines = done.stdout.splitlines()
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(lines) <= 15
    assert [line for line in lines[:-1] if not re.match(r"  ok  \[\d+/\d+\] .+", line)] == []
    assert "make demo-full" in lines[-1]


@pytest.mark.slow
def test_a_broken_promise_ends_the_demo_with_1_and_the_folder_can_be_kept(tmp_path: Path) -> None:
    done = play(tmp_path, "-c", BROKEN, "--keep")

    assert done.returncode == 1
    assert "The demo failed: not as promised: the lock holds 5 builds of torch" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    (kept,) = tmp_path.glob("poetry-aiops-demo-*")
    assert str(kept) in done.stdout
    assert (kept / "chatbot" / "poetry.lock").exists()
