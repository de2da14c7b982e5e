"""What `poetry migrate-reqs` makes of the public projects of the corpus, beside what pip installs from the same files.

    POETRY_AIOPS_CORPUS=... POETRY_PYPI_MIRROR_URL=... python benchmarks/migrate_corpus.py OUT [--only TEXT] [--count N]

Takes the units of ``requirements/corpus`` (a repository's root, or a folder with requirements files) in an order that
is random and fixed, small ones first, one at a time. Each is copied, migrated and locked with real packages; then every
`poetry install ... --dry-run` that the proof prints is compared with pip's own report for this Python, wheels only. A
difference that the proof does not show is wrong, except where pip finds no wheel of what was locked, or of what that
needs: pip takes an older release there. Where pip cannot reach a host, the unit is counted apart.
Writes a line of JSON for each unit to OUT; units that are there already are not run again. Without
POETRY_PYPI_MIRROR_URL Poetry asks the index directly. Prints the counts.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
import tomllib
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Final

from packaging.utils import canonicalize_name
from packaging.version import Version


sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.dry_runs import PIP, by_poetry, in_report

from poetry_aiops.migrate.planning.roles import named_role
from poetry_aiops.migrate.request import discover


if TYPE_CHECKING:
    from collections.abc import Iterable


CPU_LIMIT: Final = 150
WALL_LIMIT: Final = 400.0
SMALL: Final = 40
"""Requirement lines up to which a unit is taken first."""

UNREACHED: Final = (
    "Failed to resolve",
    "Could not resolve host",
    "NewConnectionError",
    "ConnectTimeoutError",
)
NO_HOST: Final = "host not reached"
WHEELS_ONLY: Final = "pip was allowed wheels only"


@dataclass(frozen=True, slots=True, order=True)
class Unit:
    """A folder of a repository; ``files`` are named to the command where it would not find them by itself."""

    repository: str
    folder: str
    files: tuple[str, ...] = ()
    lines: int = 0

    @property
    def name(self) -> str:
        return f"{self.repository}/{self.folder}"


@dataclass
class Outcome:
    """``verdict`` is the word that is counted, ``files`` says by file what pip and the lock install differently."""

    unit: str
    verdict: str
    code: int | str
    cpu: float
    message: str = ""
    files: dict[str, str] = field(default_factory=dict)


def units(corpus: Path, oracle: dict[str, Any]) -> list[Unit]:
    found = []
    for tree in sorted(corpus.iterdir()):
        paths = [path.relative_to(tree).as_posix() for path in tree.rglob("*") if path.is_file()]
        taken = discover(paths).files
        if taken:
            found.append(Unit(tree.name, ".", (), _lines(tree, taken)))
        read = {name.partition("/")[2] for name in oracle if name.startswith(f"{tree.name}/")}
        folders: dict[str, list[str]] = {}
        for path in sorted(read - set(taken)):
            folders.setdefault(str(PurePosixPath(path).parent), []).append(path)
        for folder, files in folders.items():
            beside = discover(
                PurePosixPath(path).name for path in paths if str(PurePosixPath(path).parent) == folder
            )
            names = tuple(PurePosixPath(path).name for path in files)
            named = () if set(beside.files) >= set(names) else names
            found.append(Unit(tree.name, folder, named, _lines(tree, files)))
    random.Random(20).shuffle(found)  # noqa: S311 - an order, no secret
    return sorted(found, key=lambda unit: unit.lines > SMALL)


def _lines(tree: Path, files: Iterable[str]) -> int:
    texts = [(tree / file).read_bytes().decode("latin-1") for file in files]
    return sum(
        bool(line.strip()) and not line.lstrip().startswith(("#", "--hash"))
        for text in texts
        for line in text.splitlines()
    )


@dataclass(frozen=True)
class Runner:
    scratch: Path

    def call(self, folder: Path, *words: str) -> tuple[int | str, str, str]:
        """Return the exit code, or the limit that ended it, and both outputs."""
        variables = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("PIP_") or name == "PIP_CERT"
        }
        variables |= {
            "HOME": str(self.scratch / "home"),
            "POETRY_CACHE_DIR": str(self.scratch / "cache"),
            "POETRY_VIRTUALENVS_CREATE": "false",
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_CACHE_DIR": str(self.scratch / "pip"),
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "TMPDIR": str(self.scratch / "tmp"),
        }  # fmt: skip
        with subprocess.Popen(
            words, cwd=folder, env=variables, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, start_new_session=True, preexec_fn=_limited,  # noqa: PLW1509 - this program has one thread
        ) as process:  # fmt: skip
            try:
                out, err = process.communicate(timeout=WALL_LIMIT)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                out, err = process.communicate()
                return "wall time", out, err
        is_ended = process.returncode in {-signal.SIGXCPU, -signal.SIGKILL}
        return "processor time" if is_ended else process.returncode, out, err

    def pip(self, folder: Path, file: str) -> dict[str, str] | str:
        """Return the versions that pip would install, or its last line where it cannot."""
        report = self.scratch / "report.json"
        report.unlink(missing_ok=True)
        words = (*PIP, "--no-input", "--only-binary", ":all:", "--report", str(report), "-r", file)
        code, _, err = self.call(folder, sys.executable, *words)
        if code != 0:
            said = (
                [line for line in err.splitlines() if line.startswith("ERROR")]
                or err.splitlines()
                or [str(code)]
            )
            return f"{NO_HOST if any(word in err for word in UNREACHED) else code}: {said[0][:300]}"
        return in_report(report)

    def has_no_wheel(self, folder: Path, name: str, version: str) -> bool:
        """Ask the index, through pip, whether this Python has no wheel of a release; False where it does not answer."""
        words = (*PIP, "--no-input", "--no-deps", "--only-binary", ":all:", f"{name}=={version}")
        code, _, err = self.call(folder, sys.executable, *words)
        return code == 1 and "No matching distribution" in err and not any(word in err for word in UNREACHED)

    def lack_wheels(self, folder: Path, names: Iterable[str], ours: dict[str, str]) -> set[str]:
        """Return those of the names whose locked release, or a package that it needs, has no wheel."""
        lock = tomllib.loads((folder / "poetry.lock").read_text("utf-8"))
        needs: dict[str, set[str]] = {}
        for one in lock["package"]:
            needs.setdefault(one["name"], set()).update(map(canonicalize_name, one.get("dependencies", {})))
        known: dict[str, bool] = {}
        found = set()
        for name in names:
            reached = {name} & ours.keys()
            while more := {need for one in reached for need in needs.get(one, ())} & ours.keys() - reached:
                reached |= more
            for one in sorted(reached - known.keys()):
                known[one] = self.has_no_wheel(folder, one, ours[one])
            if any(known[one] for one in reached):
                found.add(name)
        return found

    def installed(self, folder: Path, command: str) -> dict[str, str] | str:
        """Return what a printed command would install."""
        code, out, err = self.call(folder, *self.poetry, *command.split()[1:], "--dry-run", "--no-ansi", "-n")
        if code != 0:
            return f"{code}: {err[-300:]}"
        return by_poetry(out)

    poetry = (str(Path(sys.executable).with_name("poetry")),)

    def run(self, corpus: Path, unit: Unit) -> Outcome:
        copied = self.scratch / "tree" / unit.repository
        shutil.rmtree(copied.parent, ignore_errors=True)
        shutil.copytree(corpus / unit.repository, copied, symlinks=True)
        for path in (copied, *copied.rglob("*")):
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | stat.S_IWUSR)
        folder = copied / unit.folder
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        code, out, err = self.call(
            folder, *self.poetry, "migrate-reqs", *unit.files, "--format", "json", "-n"
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 1)
        done = Outcome(unit.name, "", code, cpu, err.strip()[-2500:])
        if code == 0:
            installs = json.loads(out)["proof"]["installs"]
            self._compare(folder, [one for one in installs if not named_role(one["file"]).marker], done)
            return done
        files = unit.files or discover(path.name for path in folder.iterdir() if path.is_file()).files
        for file in files[:6]:
            selected = self.pip(folder, file)
            done.files[file] = selected if isinstance(selected, str) else f"pip installs {len(selected)}"
        able = bool(done.files) and all(text.startswith("pip installs") for text in done.files.values())
        unreached = any(text.startswith(NO_HOST) for text in done.files.values())
        done.verdict = (
            "limit"
            if isinstance(code, str)
            else "refused, pip installs each file"
            if able
            else "refused, pip reaches no host"
            if unreached
            else "refused, pip too"
        )
        return done

    def _compare(self, folder: Path, installs: list[dict[str, Any]], done: Outcome) -> None:
        found = set()
        for one in installs:
            shown = {row["name"]: row["cause"] for row in one["differences"]}
            pip, ours = self.pip(folder, one["file"]), self.installed(folder, one["command"])
            if isinstance(pip, str) or isinstance(ours, str):
                done.files[one["file"]] = f"pip: {pip}" if isinstance(pip, str) else f"poetry: {ours}"
                found.add(
                    "lock, not for this Python"
                    if not isinstance(pip, str)
                    else "lock, pip reaches no host"
                    if pip.startswith(NO_HOST)
                    else "lock, pip cannot"
                )
                continue
            differing = [name for name in sorted({*pip, *ours}) if not _same(pip.get(name), ours.get(name))]
            hidden = [name for name in differing if name not in shown]
            shown |= dict.fromkeys(self.lack_wheels(folder, hidden, ours) if hidden else (), WHEELS_ONLY)
            rows = [
                f"{name}: {pip.get(name)} -> {ours.get(name)} [{shown.get(name, 'NOT SHOWN')}]"
                for name in differing
            ]
            found.add(
                "lock, equal"
                if not rows
                else "WRONG"
                if any("NOT SHOWN" in row for row in rows)
                else "lock, differences shown"
            )
            done.files[one["file"]] = "; ".join(rows) or f"equal, {len(pip)}"
        order = (
            "WRONG",
            "lock, differences shown",
            "lock, not for this Python",
            "lock, pip cannot",
            "lock, pip reaches no host",
            "lock, equal",
        )
        done.verdict = next((word for word in order if word in found), "lock, no file")


def _limited() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_LIMIT, CPU_LIMIT))


def _same(one: str | None, other: str | None) -> bool:
    return one == other or bool(one and other and Version(one).public == Version(other).public)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--only", default="", help="units whose name has this text")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--scratch", type=Path, help="keeps the caches of several runs")
    arguments = parser.parse_args()
    data = Path(os.environ["POETRY_AIOPS_CORPUS"]) / "requirements"
    oracle = json.loads((data / "pip_oracle.json").read_text("utf-8"))
    done = (
        [json.loads(line) for line in arguments.out.read_text("utf-8").splitlines()]
        if arguments.out.exists()
        else []
    )
    known = {one["unit"] for one in done}
    scratch = arguments.scratch or Path(tempfile.mkdtemp(prefix="corpus-"))
    for name in ("home", "cache", "tmp"):
        (scratch / name).mkdir(parents=True, exist_ok=True)
    todo = [
        unit
        for unit in units(data / "corpus", oracle)
        if arguments.only in unit.name and unit.name not in known
    ]
    for unit in todo[: arguments.count]:
        start = time.monotonic()
        outcome = Runner(scratch.resolve()).run(data / "corpus", unit)
        print(
            f"{outcome.verdict}: {unit.name} ({outcome.cpu} CPU s, {time.monotonic() - start:.0f} s)",
            flush=True,
        )
        done.append(asdict(outcome))
        with arguments.out.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(asdict(outcome)) + "\n")
    for verdict, number in Counter(str(one["verdict"]) for one in done).most_common():
        print(f"{number:4} {verdict}")


if __name__ == "__main__":
    main()
