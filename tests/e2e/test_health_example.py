"""The workflow of examples/ci-gate for a pull request, run here from checkout to exit code."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from tests.e2e.test_health_against import git
from tests.support.health_shop import HIGH, rated
from tests.support.osv_server import OsvServer, load
from tests.support.poetries import REPOSITORY
from tests.support.poetry_program import PoetryProgram


if TYPE_CHECKING:
    from pathlib import Path


EXAMPLE = REPOSITORY / "examples" / "ci-gate"
NEWCOMER = """\
[[package]]
name = "newcomer"
version = "1.0"
description = ""
optional = false
python-versions = ">=3.9"
groups = ["main"]
files = []

"""


@pytest.mark.skipif(shutil.which("bash") is None, reason="a runner runs bash")
def test_a_pull_request_fails_for_what_it_brings_and_for_nothing_else(tmp_path: Path) -> None:
    workflow = (EXAMPLE / ".github" / "workflows" / "health.yml").read_text("utf-8")
    (script,) = re.findall(r"(?m)^ +run: (poetry health .*)$", workflow)
    (depth,) = re.findall(r"(?m)^ +fetch-depth: (\d+)", workflow)
    origin, work = tmp_path / "origin", tmp_path / "work"
    shutil.copytree(EXAMPLE, origin, ignore=shutil.ignore_patterns("dependency_reports", ".venv"))
    git(origin, "init", "-q", "-b", "main")
    git(origin, "add", ".")
    git(origin, "commit", "-q", "-m", "base")
    poetry = PoetryProgram.of_this_environment(tmp_path / "home").warm()
    poetry.into(tmp_path / "bin")
    records = [*load(EXAMPLE / "advisories" / "tuesday"), rated("PYSEC-2026-9", "newcomer", HIGH)]

    with OsvServer(records) as osv:

        def gate(base: str) -> subprocess.CompletedProcess[str]:
            variables = {
                "PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}",
                "POETRY_AIOPS_OSV_URL": osv.url,
                "POETRY_AIOPS_TOP_PACKAGES_URL": "none",
                "BASE": base,
            }
            return subprocess.run(
                ["bash", "-e", "-c", script], cwd=work, env={**poetry._environment(), **variables},
                stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
            )  # fmt: skip

        git(tmp_path, "clone", "-q", *(["--depth", depth] if depth != "0" else []), origin.as_uri(), "work")
        git(work, "checkout", "-q", "-b", "change")
        (work / "notes.md").write_text("nothing of the lock\n")
        touched = gate("main")
        nightly = gate("")
        lock = (work / "poetry.lock").read_text("utf-8")
        (work / "poetry.lock").write_text(lock.replace("[[package]]", f"{NEWCOMER}[[package]]", 1), "utf-8")
        grown = gate("main")

    assert (touched.returncode, nightly.returncode, grown.returncode) == (0, 1, 1), (
        touched.stdout + touched.stderr
    )
    assert "idna" in nightly.stdout
    assert [line for line in grown.stdout.splitlines() if line.startswith("::error file=")] == [
        line for line in grown.stdout.splitlines() if "newcomer 1.0 - PYSEC-2026-9" in line
    ]
    assert (work / "health.sarif").is_file()
