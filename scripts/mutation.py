"""Mutation testing of one package: small faults go into a copy of it, and its unit tests must notice them.

make mutation PACKAGE=locking                 every module of the package, with tests/unit/locking
make mutation PACKAGE=migrate/reading SAMPLE=400

mutmut works on a copy in .venvs/mutation-run, so that no fault can stay behind in src. In the copy, function caches are
taken off (a filled cache hides faults in what it calls), and hypothesis draws few examples, always the same ones. What
survives is printed as a diff: a test is missing, the code says something twice, or the fault changes nothing.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path


ROOT = Path(__file__).resolve().parent.parent
RUN = ROOT / ".venvs" / "mutation-run"
MUTMUT = str(Path(sys.executable).parent / "mutmut")
SEED = 20261129
SETTINGS = """
[tool.mutmut]
source_paths = ["src"]
only_mutate = ["src/poetry_aiops/{package}/*.py"]
pytest_add_cli_args_test_selection = ["tests/unit/{package}"]
pytest_add_cli_args = ["-m", "not slow", "-p", "no:cacheprovider"]
use_git_change_detection = false
timeout_constant = 2.0
"""
FEW_EXAMPLES = """from hypothesis import Phase, settings

settings.register_profile("few", deadline=None, derandomize=True, max_examples=20, phases=[Phase.explicit, Phase.generate])
settings.load_profile("few")
"""
CACHE = re.compile(r"^@(?:lru_cache\(maxsize=[\d_]+\)|cache)\n", re.MULTILINE)
SURVIVOR = re.compile(r"^\s*(\S+): (?:survived|no tests|suspicious)$", re.MULTILINE)


def main() -> int:
    """Run the faults of one package; the exit code is 1 where one survives."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("package", help="a folder below src/poetry_aiops that tests/unit has, too")
    parser.add_argument("--sample", type=int, metavar="N", help="at most N faults, drawn with a fixed seed")
    options = parser.parse_args()
    if not (ROOT / "tests" / "unit" / options.package).is_dir():
        parser.error(f"tests/unit/{options.package} does not exist")
    os.nice(19)
    prepare(options.package)
    chosen: list[str] = []
    if options.sample:
        mutmut("run", "make-the-faults-and-test-none")
        keys = sorted(re.findall(r"^\s*(\S+): ", mutmut("results", "--all", "true"), re.MULTILINE))
        chosen = random.Random(SEED).sample(keys, min(options.sample, len(keys)))  # noqa: S311 - a sample
    mutmut("run", *chosen)
    survivors = SURVIVOR.findall(mutmut("results", "--all", "true"))
    for survivor in survivors:
        print(mutmut("show", survivor))
    print(f"{options.package}: {len(survivors)} faults survived")
    return int(bool(survivors))


def prepare(package: str) -> None:
    """Copy what the tests need, with the tool's settings and without function caches."""
    shutil.rmtree(RUN, ignore_errors=True)
    for part in ("src", "tests"):
        shutil.copytree(ROOT / part, RUN / part, ignore=shutil.ignore_patterns("__pycache__"))
    for file in (RUN / "src" / "poetry_aiops" / package).glob("*.py"):
        file.write_text(CACHE.sub("", file.read_text("utf-8")), encoding="utf-8")
    (RUN / "tests" / "unit" / "conftest.py").write_text(FEW_EXAMPLES, encoding="utf-8")
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    (RUN / "pyproject.toml").write_text(project + SETTINGS.format(package=package), encoding="utf-8")
    shutil.copy(ROOT / "README.md", RUN)


def mutmut(*arguments: str) -> str:
    """Run the tool in the copy and return what it prints."""
    done = subprocess.run([MUTMUT, *arguments], cwd=RUN, capture_output=True, text=True, check=False)
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
