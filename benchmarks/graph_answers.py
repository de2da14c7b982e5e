"""`poetry graph` beside `poetry show --tree`, pipdeptree and uv: CPU seconds, and how much a reader is given to read.

    python benchmarks/graph_answers.py [--project FOLDER] [--rounds 5]

All answer from the same poetry.lock (this repository's by default). pipdeptree and ``uv pip tree`` read installed packages, so
they get an environment that holds the metadata of everything locked for Linux and nothing else. The programs take turns;
seconds are medians of the CPU time of whole processes, and "beyond start" leaves out what each program's own start takes.
Prints a Markdown table.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import venv
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING


sys.path.insert(0, str(Path(__file__).parent.parent))

from poetry_aiops.project.constraints import as_pep440
from poetry_aiops.project.lockfile import read_lock


if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from poetry_aiops.project.model import LockedDependency, Package


REPOSITORY = Path(__file__).parent.parent
PEERS = ("pipdeptree", "uv")


@dataclass(frozen=True, slots=True)
class Program:
    """One program: its mere start, and its two answers."""

    name: str
    start: Sequence[str]
    tree: Sequence[str]
    why: Sequence[str]


def main() -> int:
    """Ask every program both questions in turns and print the table."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--project", type=Path, default=REPOSITORY, help="a folder with a poetry.lock")
    options.add_argument("--rounds", type=int, default=5)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file in ("pyproject.toml", "poetry.lock"):
            shutil.copy(chosen.project / file, folder)
        packages = read_lock(folder / "poetry.lock").packages
        asked = _most_needed(packages)
        programs = _programs(folder, _environment(folder / "installed", packages), asked)
        print(f"{len(packages)} locked packages; the package asked about is {asked}.\n")
        print("| Program | Whole tree | beyond start | lines | Why is it there | beyond start | lines |")
        print("|---|---:|---:|---:|---:|---:|---:|")
        for row in _measured(programs, folder, chosen.rounds):
            print(row, flush=True)
    return 0


def _programs(folder: Path, python: Path, asked: str) -> list[Program]:
    peers = folder / "peers"
    venv.create(peers, with_pip=True)
    binaries = peers / ("Scripts" if os.name == "nt" else "bin")
    subprocess.run(
        [binaries / "python", "-m", "pip", "install", "-q", *PEERS], check=True, capture_output=True
    )
    poetry = str(Path(sys.executable).parent / "poetry")
    theirs = [str(binaries / PEERS[0]), "--python", str(python)]
    uv = str(binaries / PEERS[1])
    tree = [uv, "pip", "tree", "--offline", "--python", str(python)]
    return [
        Program(
            "poetry graph",
            [poetry, "--version"],
            [poetry, "graph", "--format", "text"],
            [poetry, "graph", "--why", asked],
        ),
        Program(
            "poetry show --tree",
            [poetry, "--version"],
            [poetry, "show", "--tree"],
            [poetry, "show", "--tree", "--why", asked],
        ),
        Program(PEERS[0], [theirs[0], "--version"], theirs, [*theirs, "--reverse", "--packages", asked]),
        Program("uv pip tree", [uv, "--version"], tree, [*tree, "--invert", "--package", asked]),
    ]


def _measured(programs: list[Program], folder: Path, rounds: int) -> Iterable[str]:
    taken: dict[tuple[str, str], list[float]] = {}
    lines: dict[tuple[str, str], int] = {}
    for _ in range(rounds):
        for program in programs:
            for question in ("start", "tree", "why"):
                began = _children()
                done = subprocess.run(
                    getattr(program, question), cwd=folder, capture_output=True, text=True, check=False
                )
                taken.setdefault((program.name, question), []).append(_children() - began)
                lines[program.name, question] = len(done.stdout.splitlines())
    for program in programs:
        start = statistics.median(taken[program.name, "start"])
        cells = [program.name]
        for question in ("tree", "why"):
            seconds = statistics.median(taken[program.name, question])
            cells += [f"{seconds:.2f} s", f"{seconds - start:.2f} s", f"{lines[program.name, question]:,}"]
        yield f"| {' | '.join(cells)} |"


def _children() -> float:
    """Return the CPU seconds of all processes that were started and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _most_needed(packages: Sequence[Package]) -> str:
    """Return the package that most others ask for; of several, the first by name."""
    asked = [edge.name for package in packages for edge in package.edges]
    return min(set(asked), key=lambda name: (-asked.count(name), name))


# -- an environment that only holds metadata ---------------------------------------------------------------


def _environment(folder: Path, packages: Iterable[Package]) -> Path:
    venv.create(folder, with_pip=False)
    site_packages = next(folder.glob("[lL]ib*/**/site-packages"))
    for package in {one.name: one for one in packages}.values():
        information = site_packages / f"{package.name.replace('-', '_')}-{package.version}.dist-info"
        information.mkdir()
        requires = "".join(
            f"Requires-Dist: {_requirement(edge)}\n" for edge in package.edges if not edge.optional
        )
        head = f"Metadata-Version: 2.1\nName: {package.pretty_name}\nVersion: {package.version}\n"
        (information / "METADATA").write_text(head + requires, "utf-8")
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _requirement(edge: LockedDependency) -> str:
    text = f"{edge.name}{as_pep440(edge.constraint) or ''}"
    return f"{text} ; {edge.marker}" if edge.marker else text


if __name__ == "__main__":
    raise SystemExit(main())
