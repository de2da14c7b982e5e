"""Every benchmark, one after the other in one run, and the page with what they printed.

    python benchmarks/run.py [--only NAME ...] [--write]

Installs the peers from the package index that pip is set up with, into folders that are removed again. Takes about half
an hour on two cores; run nothing beside it. ``--write`` renews docs/explanation/benchmarks.md; sections that were left out by
``--only`` keep what stands there.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import platform
import re
import subprocess
import sys
import venv
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

from poetry_aiops.index.source import default_index


HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "explanation" / "benchmarks.md"
_QUIET = 1.0
HEAD = """\
# Benchmarks

What `poetry-aiops` costs beside the programs that one would use instead. `python benchmarks/run.py --write` makes this page and installs the
peers; every ratio is taken within one run, of whole processes.
"""


@dataclass(frozen=True, slots=True)
class Section:
    """One benchmark: its program with arguments, and what a reader should know. ``table`` says it prints Markdown."""

    name: str
    title: str
    words: str
    command: tuple[str, ...]
    table: bool = False


SECTIONS = (
    Section(
        "lock",
        "One lock for all variants",
        "`poetry lock` for each variant alone, then for two and three in one lock; real shared packages, warm caches. With a conflict, one"
        " variant needs older shared packages than the others would lock.",
        ("lock_time.py", "--rounds", "3"),
    ),
    Section(
        "choice",
        "The choice of a build",
        "Which build of torch each program chooses for 16 machines, with the torch that our catalogue knows as the newest."
        " Bold is not the right answer.",
        ("hardware_choice.py",),
        table=True,
    ),
    Section(
        "health",
        "The audit",
        "The same locked packages against the same OSV service, which answers at once or after 50 ms. *beyond* leaves out each program's"
        " own start; ratios are to the first row (above 1: slower than it).",
        ("health_audit.py", "--packages", "500", "--rounds", "3"),
    ),
    Section(
        "graph",
        "Trees and answers",
        "The whole tree and one answer, from this repository's lock.",
        ("graph_answers.py",),
        table=True,
    ),
    Section(
        "page",
        "The page",
        "Our page beside cytoscape with the same graph at the same places, in one Chromium without a graphics card. *drawn* is the time to the first\n"
        "complete drawing, *pan* and *zoom* are frames per second, *heap* is what the script holds afterwards.",
        ("graph_page.py", "--nodes", "650", "1500", "5000", "--rounds", "1"),
    ),
    Section(
        "migrate",
        "Migrations",
        "438 requirements files in 48 trees, nearly all from real projects; pip can read 395 of them, with 10,701 requirements. Each tool got each file\n"
        "alone, and its `pyproject.toml` was compared with what pip reads: names, extras, versions, addresses, and markers on 35 combinations of Python\n"
        "and system. Nothing was resolved. *Lost* is a dependency that is gone without a message; a refusal is not a loss, because the user decides.",
        ("migrate.py",),
        table=True,
    ),
    Section(
        "trees",
        "Whole projects",
        "Projects that pip installs, served on 127.0.0.1: *equal* is a lock whose installs are those of pip, file by file.",
        ("migrate_trees.py",),
        table=True,
    ),
    Section(
        "start",
        "Start-up",
        "What Poetry's own commands pay for the plugin, and what ours take beyond Poetry's start.",
        ("start_up.py", "--rounds", "15"),
    ),
)


def main() -> int:
    """Run the chosen benchmarks; 1 when one of them failed."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = [section.name for section in SECTIONS]
    options.add_argument("--only", nargs="+", choices=names, default=names)
    options.add_argument("--write", action="store_true", help=f"renew {PAGE.relative_to(HERE.parent)}")
    chosen = options.parse_args()
    kept = _sections(PAGE.read_text("utf-8")) if PAGE.is_file() else {}
    failed = False
    with TemporaryDirectory() as name:
        for section in SECTIONS:
            if section.name not in chosen.only:
                continue
            load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
            done = _run(section, Path(name))
            failed |= done.returncode != 0
            if done.returncode == 0:
                kept[section.title] = _text(section, done.stdout, load)
    if chosen.write and not failed:
        titles = [section.title for section in SECTIONS if section.title in kept]
        PAGE.write_text("\n".join([HEAD, *(f"## {title}\n\n{kept[title]}" for title in titles)]), "utf-8")
    return int(failed)


def _run(section: Section, folder: Path) -> subprocess.CompletedProcess[str]:
    program, *arguments = section.command
    print(f"== {section.title}", flush=True)
    done = subprocess.run(
        [sys.executable, str(HERE / program), *arguments, *_more(section, folder)],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    print(done.stdout, flush=True)
    return done


def _more(section: Section, folder: Path) -> list[str]:
    """Return arguments that only this machine knows: its package index, an environment of Poetry without the plugin."""
    if section.name == "lock":
        return [
            "--simple-index",
            f"{default_index()}/simple/",
        ]  # some mirrors have no more than the simple pages
    if section.name == "choice":
        return ["--torchruntime", str(_environment(folder / "torchruntime", "torchruntime"))]
    if section.name == "start":
        plain = folder / "plain"
        _environment(plain, f"poetry=={version('poetry')}")
        return ["--plain", str(plain)]
    return []


def _environment(folder: Path, requirement: str) -> Path:
    """Make a virtual environment that holds ``requirement``; return its Python."""
    venv.create(folder, with_pip=True)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    subprocess.run([python, "-m", "pip", "install", "-q", requirement], check=True)
    return python


def _text(section: Section, printed: str, load: float) -> str:
    cores = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}"
    day = dt.datetime.now(tz=dt.UTC).date()
    busy = f", beside other work (load {load:.0f})" if load > _QUIET else ""
    about = f"{day}, {cores}{busy}, Python {platform.python_version()}, Poetry {version('poetry')}"
    shown = printed.strip("\n")
    body = shown if section.table else f"```\n{shown}\n```"
    command = " ".join(["python", f"benchmarks/{section.command[0]}", *section.command[1:]])
    return f"{section.words}\n\n{body}\n\n`{command}`, {about}.\n"


def _sections(page: str) -> dict[str, str]:
    parts = re.split(r"^## (.+)\n\n", page, flags=re.MULTILINE)[1:]
    return {parts[at]: parts[at + 1].rstrip("\n") + "\n" for at in range(0, len(parts), 2)}


if __name__ == "__main__":
    raise SystemExit(main())
