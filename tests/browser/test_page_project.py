"""The script of the graph page as a project of its own: its linter, its types, its unit tests, and its build."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest


REPOSITORY = Path(__file__).parents[2]
BUILT = Path("src/poetry_aiops/graph/assets/page.js")

pytestmark = pytest.mark.slow


def test_the_sources_are_clean_pass_their_tests_and_give_the_committed_script(tmp_path: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("node and npm are not installed")
    page = tmp_path / "page"
    shutil.copytree(REPOSITORY / "page", page, ignore=shutil.ignore_patterns("node_modules"))
    (tmp_path / BUILT).parent.mkdir(parents=True)
    install = subprocess.run(
        [npm, "install", "--no-audit", "--no-fund"],
        check=False,
        cwd=page,
        capture_output=True,
        text=True,
        timeout=600,
    )
    if install.returncode:
        pytest.skip(f"npm cannot install the tools of the page: {install.stderr[-200:]}")

    for script in ("lint", "types", "test", "build"):
        run = subprocess.run(
            [npm, "run", script], check=False, cwd=page, capture_output=True, text=True, timeout=600
        )
        assert run.returncode == 0, run.stdout + run.stderr
    assert (tmp_path / BUILT).read_bytes() == (REPOSITORY / BUILT).read_bytes()
