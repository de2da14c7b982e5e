"""Mutation testing of the rooms where a wrong answer costs most: small faults go in, the unit tests must notice.

make mutation                                                      every room, anew
.venvs/mutation/bin/python scripts/mutation.py migrate --sample 400    one room, at most so many faults
.venvs/mutation/bin/python scripts/mutation.py locking --survivors     what survived last time, with today's tests

The work is done on a copy in .venvs/mutation-run, so that no fault can stay behind in src. In the copy, function caches
are taken off (the tool leaves decorated functions alone, and a filled cache hides faults in what it calls), and
hypothesis draws a few examples, always the same ones. Survivors that were judged stand in scripts/mutation_judged.toml
with the reason; the others are printed, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from scripts.mutation_results import faults_in, judgements


RUNS = ROOT / ".venvs" / "mutation-run"
MUTMUT = Path(sys.executable).parent / "mutmut"
SEED = 20261129
SETTINGS = """
[tool.mutmut]
source_paths = ["src"]
only_mutate = {sources}
pytest_add_cli_args_test_selection = {tests}
pytest_add_cli_args = ["-m", "not slow", {without}]
use_git_change_detection = false
timeout_constant = 2.0
"""
NOT_NEEDED = "cacheprovider doctest faulthandler junitxml legacypath logging pastebin threadexception unraisableexception"
FEW_EXAMPLES = """from hypothesis import Phase, settings

settings.register_profile("few", deadline=None, derandomize=True, phases=[Phase.explicit, Phase.generate])
settings.load_profile("few")
"""
EXAMPLES = re.compile(r"max_examples=\d+")
CACHE = re.compile(r"^@(?:lru_cache\(maxsize=[\d_]+\)|cache)\n", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Room:
    """The files that get faults, as patterns below src/poetry_aiops, and the tests that must notice."""

    sources: tuple[str, ...]
    tests: tuple[str, ...]


def room(sources: str, tests: str) -> Room:
    """Return a room from patterns that are parted by spaces; ``tests`` are below tests/unit."""
    return Room(
        tuple(f"src/poetry_aiops/{pattern}.py" for pattern in sources.split()),
        tuple(f"tests/unit/{pattern}" for pattern in tests.split()),
    )


ROOMS = {
    "locking": room("locking/*", "locking"),
    "hardware": room(
        "hardware/select hardware/selection hardware/choice hardware/rules/*",
        "hardware/test_choice.py hardware/test_select_cuda.py hardware/test_select_others.py",
    ),
    "migrate": room("migrate/reading/*", "migrate/reading"),
    "health": room(
        "health/matching health/osv_records health/severity health/aliases health/python_range health/versions",
        "health/test_matching.py health/test_osv_records.py health/test_severity.py health/test_aliases.py"
        " health/test_python_range.py health/test_versions.py",
    ),
}


def main() -> int:
    """Run the rooms that the command line names; the exit code is 1 where a fault survives that nobody judged."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "rooms", nargs="*", metavar="ROOM", help=f"of {', '.join(ROOMS)}; all when none is named"
    )
    parser.add_argument(
        "--sample", type=int, metavar="N", help="at most N faults a room, drawn with a fixed seed"
    )
    parser.add_argument("--survivors", action="store_true", help="only what survived the last run")
    parser.add_argument("--report", action="store_true", help="run nothing, tell the last run's results")
    parser.add_argument("--workers", type=int, default=1, help="processes at a time (default: 1)")
    options = parser.parse_args()
    if unknown := set(options.rooms) - set(ROOMS):
        parser.error(f"no such room: {', '.join(sorted(unknown))}; there are {', '.join(ROOMS)}")
    os.nice(19)
    names = options.rooms or list(ROOMS)
    if not options.report:
        for name in names:
            run(name, options)
    unjudged = [name for name in names if told(name)]
    return int(bool(unjudged))


def run(name: str, options: argparse.Namespace) -> None:
    """Put faults into one room's copy and test them; the tool's own words go to mutmut.log beside the copy."""
    folder = RUNS / name
    wanted: list[str] = []
    if options.survivors:
        wanted = [fault.key for fault in faults_in(folder) if fault.end not in {"killed", "not run"}]
        if not wanted:
            return
    else:
        shutil.rmtree(folder, ignore_errors=True)
    prepare(ROOMS[name], folder)
    if options.sample:
        mutmut(folder, "make-the-faults-and-test-none")
        keys = sorted(fault.key for fault in faults_in(folder))
        wanted = random.Random(SEED).sample(keys, min(options.sample, len(keys)))  # noqa: S311 - a sample
    mutmut(folder, "--max-children", str(options.workers), *wanted)


def prepare(room: Room, folder: Path) -> None:
    """Copy what the tests need into ``folder``, with the tool's settings and without function caches."""
    for part in ("src", "tests"):
        shutil.rmtree(folder / part, ignore_errors=True)
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    for pattern in room.sources:
        change(folder.glob(pattern), CACHE, "")
    change((folder / "tests" / "unit").rglob("test_*.py"), EXAMPLES, "max_examples=20")
    (folder / "tests" / "unit" / "conftest.py").write_text(FEW_EXAMPLES, encoding="utf-8")
    tests = [test for test in room.tests if (folder / test).exists()]
    without = ", ".join(f'"-p", "no:{plugin}"' for plugin in NOT_NEEDED.split())
    settings = SETTINGS.format(sources=list(room.sources), tests=tests, without=without)
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    (folder / "pyproject.toml").write_text(project + settings, encoding="utf-8")
    shutil.copy(ROOT / "README.md", folder)


def change(files: Iterable[Path], pattern: re.Pattern[str], text: str) -> None:
    """Replace what matches in each file that holds it."""
    for file in files:
        before = file.read_text(encoding="utf-8")
        if pattern.search(before):
            file.write_text(pattern.sub(text, before), encoding="utf-8")


def mutmut(folder: Path, *arguments: str) -> None:
    """Run the tool in ``folder``; pytest starts once for each fault, so it starts without what no test here needs."""
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    command = [str(MUTMUT), "run", *arguments]
    with (folder / "mutmut.log").open("w", encoding="utf-8") as log:
        subprocess.run(
            command, cwd=folder, check=False, stdout=log, stderr=subprocess.STDOUT, env=environment
        )


def told(name: str) -> bool:
    """Print one room's line of the table and the survivors that nobody judged; say whether there are any."""
    faults = faults_in(RUNS / name)
    judged = judgements(ROOT / "scripts" / "mutation_judged.toml")
    count = Counter(fault.end for fault in faults)
    open_ones = [
        f for f in faults if f.end in {"survived", "untested"} and not f.is_wording and f.place not in judged
    ]
    left = [fault for fault in faults if fault.end in {"survived", "untested"}]
    wording = sum(fault.is_wording for fault in left)
    known = len(left) - wording - len(open_ones)
    print(
        f"{name}: {len(faults) - count['not run']} of {len(faults)} faults tested, {count['killed']} killed, "
        f"{count['timeout']} timed out, {len(left)} survived: {wording} only words, {known} judged, {len(open_ones)} open"
    )
    for fault in open_ones:
        print(f"  {fault.place[0]}\n    - {fault.before}\n    + {fault.after}")
    return bool(open_ones)


if __name__ == "__main__":
    sys.exit(main())
