"""What the plugin's commands cost beyond Poetry's own start.

    python benchmarks/start_up.py [--rounds 15] [--plain ENVIRONMENT]

Every command runs in a process of its own, in an empty folder with an empty Poetry home; the commands take turns, so
that whatever else the machine does meets all of them alike. ``poetry about`` stands for Poetry's own start: it prints
fixed text. ``--plain`` names a virtual environment with the same Poetry but without the plugin. The smallest time
comes nearest to an idle machine; the median is what a busy one shows. Bytecode is written once before the first round.
"""

from __future__ import annotations

import argparse
import compileall
import os
import statistics
import sys
import tempfile

from dataclasses import replace
from pathlib import Path


sys.path.insert(0, str(Path(__file__).parent.parent))

import poetry_aiops

from tests.support.poetry_program import PoetryProgram


OWN_START = ("about",)
COMMANDS = (OWN_START, ("hw-info",), ("hw-info", "--format", "json"), ("hw-info", "--explain"))


def main() -> int:
    """Time all commands in turns and print medians, minima and the differences from Poetry's own start."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--rounds", type=int, default=15)
    options.add_argument("--plain", type=Path, help="a virtual environment of Poetry without the plugin")
    chosen = options.parse_args()
    compileall.compile_dir(str(Path(poetry_aiops.__file__).parent), quiet=2)
    with tempfile.TemporaryDirectory() as folder:
        times = _measure(_programs(Path(folder), chosen.plain), Path(folder), chosen.rounds)
    _print(times, "poetry about")
    if chosen.plain:
        _print({name: times[name] for name in ("without the plugin: about", "poetry about")})
    return 0


def _programs(folder: Path, plain: Path | None) -> dict[str, tuple[PoetryProgram, tuple[str, ...]]]:
    poetry = PoetryProgram.of_this_environment(folder / "home")
    programs = {f"poetry {' '.join(command)}": (poetry, command) for command in COMMANDS}
    if plain:
        name = "Scripts/poetry.exe" if os.name == "nt" else "bin/poetry"
        programs["without the plugin: about"] = (replace(poetry, executable=plain / name), OWN_START)
    return programs


def _measure(
    programs: dict[str, tuple[PoetryProgram, tuple[str, ...]]], folder: Path, rounds: int
) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {name: [] for name in programs}
    work = folder / "work"
    work.mkdir()
    for turn in range(rounds + 1):
        for name, (poetry, command) in programs.items():
            seconds = poetry.must(work, *command).seconds
            if turn:  # the first round fills the system's caches
                times[name].append(seconds * 1000)
    return times


def _print(times: dict[str, list[float]], base: str | None = None) -> None:
    start = times[base or next(iter(times))]
    print(f"{'':<32}{'minimum':>10}{'median':>10}{'beyond, minimum':>18}{'beyond, median':>18}")
    for name, taken in times.items():
        least, middle = min(taken), statistics.median(taken)
        beyond = f"{least - min(start):15.0f} ms{middle - statistics.median(start):15.0f} ms"
        print(f"{name:<32}{least:7.0f} ms{middle:7.0f} ms{beyond if taken is not start else ''}")
    print()


if __name__ == "__main__":
    raise SystemExit(main())
