"""What the plugin's commands cost beyond Poetry's own start.

    python benchmarks/start_up.py [--rounds 15] [--plain ENVIRONMENT]

Every command runs in a process of its own, in an empty folder with an empty Poetry home; the commands take turns, so
that whatever else the machine does meets all of them alike. ``poetry about`` stands for Poetry's own start: it prints
fixed text. ``--plain`` names a virtual environment with the same Poetry but without the plugin. Times are CPU time of the
process and its children, which a busy machine changes little; "pairs" is the median of the differences within each
round. ``hw-check``, as ``hw-install`` writes it, is compared
with a bare ``python -IS -c pass`` in CPU and elapsed time. Bytecode is written once before the first round.
"""

from __future__ import annotations

import argparse
import compileall
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path


sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.support.poetry_program import PoetryProgram

import poetry_aiops
from poetry_aiops.locking.environment_record import write_record
from poetry_aiops.locking.record import InstallRecord, Needs


OWN_START = ("about",)
COMMANDS = (OWN_START, ("hw-info",), ("hw-info", "--format", "json"))


def main() -> int:
    """Time all commands in turns and print minima, medians and the differences from Poetry's own start."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--rounds", type=int, default=15)
    options.add_argument("--plain", type=Path, help="a virtual environment of Poetry without the plugin")
    chosen = options.parse_args()
    compileall.compile_dir(str(Path(poetry_aiops.__file__).parent), quiet=2)
    print(f"load: {', '.join(f'{load:.1f}' for load in os.getloadavg())}")
    with tempfile.TemporaryDirectory() as folder:
        _check_beside_python(Path(folder), chosen.rounds)
        times = _measure(
            _programs(Path(folder), chosen.plain and chosen.plain.absolute()), Path(folder), chosen.rounds
        )
    _print(times, "poetry about")
    if chosen.plain:
        _print({name: times[name] for name in ("without the plugin: about", "poetry about")})
    return 0


def _programs(folder: Path, plain: Path | None) -> dict[str, tuple[PoetryProgram, tuple[str, ...]]]:
    poetry = PoetryProgram.of_this_environment(folder / "home")
    programs: dict[str, tuple[PoetryProgram, tuple[str, ...]]] = {
        f"poetry {' '.join(command)}": (poetry, command) for command in COMMANDS
    }
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
            before = _children()
            poetry.must(work, *command)
            if turn:  # the first round fills the system's caches
                times[name].append((_children() - before) * 1000)
    return times


def _children() -> float:
    """Return the CPU seconds of all processes that were started and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _check_beside_python(folder: Path, rounds: int) -> None:
    """Time the hw-check that ``hw-install`` writes, on a record of the CPU build, beside a Python that does nothing."""
    environment = folder / "environment"
    environment.mkdir()
    machine = os.uname().machine
    record = InstallRecord("ml-cpu", "cpu", None, None, None, "3.12.1", sys.platform, machine, Needs("cpu"))
    files = write_record(environment, environment / "bin", Path(sys.executable), record)
    program = str(next(file for file in files if file.stem == "hw-check"))
    commands = {
        "python -IS -c pass": [sys.executable, "-IS", "-c", "pass"],
        "hw-check --quiet": [program, "--quiet", "--record", str(files[0])],
    }
    processor: dict[str, list[float]] = {name: [] for name in commands}
    elapsed: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            before, started = _children(), time.perf_counter()
            subprocess.run(command, check=True)
            elapsed[name].append((time.perf_counter() - started) * 1000)
            processor[name].append((_children() - before) * 1000)
    for unit, times in (("processor", processor), ("elapsed", elapsed)):
        _print(times)
        for word, of in (("medians", statistics.median), ("minima", min)):
            python, check = (of(taken) for taken in times.values())
            print(f"hw-check is {check / python:.2f} times a bare Python ({unit} time, {word})")


def _print(times: dict[str, list[float]], base: str | None = None) -> None:
    start = times[base or next(iter(times))]
    print(f"{'':<32}{'minimum':>11}{'median':>11}{'beyond, minimum':>18}{'beyond, pairs':>18}")
    for name, taken in times.items():
        pairs = statistics.median(mine - own for mine, own in zip(taken, start, strict=True))
        beyond = f"{min(taken) - min(start):15.0f} ms{pairs:15.0f} ms" if taken is not start else ""
        print(f"{name:<32}{min(taken):8.0f} ms{statistics.median(taken):8.0f} ms{beyond}")
    print()


if __name__ == "__main__":
    raise SystemExit(main())
