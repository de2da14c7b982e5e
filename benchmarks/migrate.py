"""What is left of real requirements files after a migration: ours, migrate-to-uv, `uv add -r` and `pdm import`.

    POETRY_AIOPS_CORPUS=FOLDER python benchmarks/migrate.py [--tools ours,uv] [--only TEXT] [--show]

``FOLDER/requirements`` holds ``corpus/`` (trees of requirements files) and ``pip_oracle.json`` (what pip itself reads
from each file). Every tool gets each file in a scratch copy of its tree and writes a pyproject.toml; nothing is
resolved, locked or installed. What it wrote is compared with pip's reading, on 35 machines for the markers:

- identical: every requirement is there, with name, extras, version, marker and address, and nothing was added
- refused: the tool ended with an error, so that a person looks
- told: it reported success, and a warning names every requirement that is gone or says something else
- lost: as before, but without a word

Duplicates may be joined as long as both hold. The project itself (``-e .``) is left aside. Ours puts pins that
pip-compile added for other packages (``# via``) into poetry.lock instead of pyproject.toml; they count as kept, as its
account of lines says, and how many they are is printed too. Needs a Poetry with this
plugin; the others are installed from pip's index into a virtual environment each. Prints a Markdown table.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
import venv
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from packaging.markers import InvalidMarker
from packaging.requirements import InvalidRequirement
from packaging.specifiers import InvalidSpecifier
from packaging.utils import canonicalize_name


sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.wishes import PROJECT, Wish, clauses_of, is_added, is_kept, machines_of, pip_wish, wishes_of


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


SCRATCH = '[project]\nname = "scratch"\nversion = "0"\nrequires-python = ">=3.8"\n'
TIME_LIMIT = 60.0
MEASURES = {
    "files: identical": "identical",
    "refused with an error": "refused",
    "changed, and a warning says so": "told",
    "something lost without a word": "lost",
    "dependencies: kept": "dependencies kept",
    "in refused files": "dependencies refused",
    "changed with a warning": "dependencies told",
    "lost without a word": "dependencies lost",
    "lines of `-c` files kept": "constraints kept of constraints",
    "addresses of other indexes kept": "indexes kept of indexes",
    "files that pip refuses: refused, too": "pip refuses: refused of pip refuses: refused + pip refuses: taken",
}
"""The rows of the table: title -> counter, or two with `` of `` between them."""


@dataclass
class Result:
    """One tool on one file: ``code`` of the program and what stands in pyproject.toml afterwards."""

    code: int | None
    output: str
    seeds: list[Wish] = field(default_factory=list)
    """Pins that the tool puts into its lock instead."""
    wishes: list[Wish] = field(default_factory=list)
    constraints: list[Wish] = field(default_factory=list)
    text: str = ""


# -- the tools --------------------------------------------------------------------------------------------------


Answer = tuple[int | None, str, list[Wish]]


def run(arguments: Sequence[str | Path], folder: Path, home: Path) -> Answer:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "UV_NO_CONFIG": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "PDM_CHECK_UPDATE": "0",
        "PIP_CONFIG_FILE": os.devnull,
    }
    try:
        done = subprocess.run(
            [str(one) for one in arguments],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=TIME_LIMIT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return None, "it did not finish", []
    return done.returncode, done.stdout + done.stderr, []


def ours(folder: Path, file: str) -> Answer:
    """Run the command inside this process: 400 starts of Poetry would only measure its start."""
    from cleo.io.inputs.argv_input import ArgvInput
    from cleo.io.outputs.buffered_output import BufferedOutput
    from poetry.console.application import Application

    application = Application()
    application.auto_exits(auto_exits=False)
    path = str(folder / file)
    words = [
        "poetry",
        "-P",
        str(folder),
        "migrate-reqs",
        "--no-lock",
        "--format=json",
        f"--group=main={path}",
        path,
    ]
    output, errors = BufferedOutput(), BufferedOutput()
    code = application.run(ArgvInput(words), output, errors)
    document = json.loads(output.fetch())
    if code:
        return code, errors.fetch(), []
    warnings = [one for one in document["warnings"] if one["severity"] == "warning"]
    said = "\n".join(f"{one['what']} {one['why']} {one['suggestion']}" for one in warnings)
    seeded = {(one["file"], one["line"]) for one in document["lines"] if one["outcome"] == "seed"}
    read = [*document["requirements"], *document["constraints"]]
    return code, said, [_seed(one) for one in read if (one["file"], one["line"]) in seeded]


def _seed(one: dict[str, Any]) -> Wish:
    extras = frozenset(canonicalize_name(extra) for extra in one["extras"])
    return Wish(one["name"], extras, clauses_of(one["specifier"]), None, machines_of(one["marker"]))


@dataclass(frozen=True, slots=True)
class Tool:
    """A way to migrate; ``begin`` is the pyproject.toml that it needs."""

    title: str
    call: Callable[[Path, str], Answer]
    begin: str = ""


def _is_compiled(file: Path) -> bool:
    """Say whether migrate-to-uv's mode for pip-tools can be used: it needs the compiled file, too."""
    return file.suffix == ".in" and file.with_suffix(".txt").is_file()


def environment(folder: Path, packages: Sequence[str]) -> Path:
    """Return the ``bin`` folder of a new virtual environment with these packages."""
    venv.create(folder, with_pip=True)
    binaries = folder / ("Scripts" if os.name == "nt" else "bin")
    subprocess.run([binaries / "python", "-m", "pip", "install", "--quiet", *packages], check=True)
    return binaries


def tools(chosen: Sequence[str], scratch: Path) -> Iterator[Tool]:
    """Make the tools; one that cannot be made is reported and left out."""
    home = scratch / "home"
    home.mkdir()
    makers: dict[str, tuple[str, tuple[str, ...], Callable[[Path], Callable[[Path, str], Answer]], str]] = {
        "migrate-to-uv": (
            "migrate-to-uv",
            ("migrate-to-uv", "uv"),
            lambda binaries: (
                lambda folder, file: run(
                    [
                        binaries / "migrate-to-uv",
                        "--skip-lock",
                        "--package-manager",
                        "pip-tools" if _is_compiled(folder / file) else "pip",
                        "--requirements-file",
                        file,
                        "--dev-requirements-file",
                        "none.txt",
                    ],
                    folder,
                    home,
                )
            ),
            "",
        ),
        "uv": (
            "uv",
            ("uv",),
            lambda binaries: (
                lambda folder, file: run([binaries / "uv", "add", "--frozen", "-r", file], folder, home)
            ),
            SCRATCH,
        ),
        "pdm": (
            "pdm",
            ("pdm[locked]",),
            lambda binaries: (
                lambda folder, file: run(
                    [binaries / "pdm", "import", "-f", "requirements", file], folder, home
                )
            ),
            SCRATCH,
        ),
    }
    titles = {"migrate-to-uv": "migrate-to-uv {}", "uv": "`uv add -r` {}", "pdm": "`pdm import` {}"}
    if "ours" in chosen:
        yield Tool(f"poetry-aiops {importlib.metadata.version('poetry-aiops')}", ours)
    for name, (package, packages, make, begin) in makers.items():
        if name not in chosen:
            continue
        try:
            binaries = environment(scratch / f"venv-{name}", packages)
        except (subprocess.CalledProcessError, OSError) as error:
            print(f"{name} is left out: it could not be installed ({error})", file=sys.stderr)
            continue
        (metadata,) = binaries.parent.glob(f"[Ll]ib/**/site-packages/{package.replace('-', '_')}-*.dist-info")
        version = metadata.name.removesuffix(".dist-info").rpartition("-")[2]
        yield Tool(titles[name].format(version), make(binaries), begin)


def migrated(tool: Tool, tree: Path, file: str, folder: Path) -> Result:
    """Let a tool migrate one file of a tree in a scratch copy of it."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(tree, folder)
    pyproject = folder / "pyproject.toml"
    pyproject.unlink(missing_ok=True)
    if tool.begin:
        pyproject.write_text(tool.begin, "utf-8")
    result = Result(*tool.call(folder, file))
    result.text = pyproject.read_text("utf-8") if pyproject.is_file() else ""
    try:
        result.wishes, result.constraints = wishes_of(tomllib.loads(result.text), str(folder))
    except (tomllib.TOMLDecodeError, InvalidRequirement, InvalidMarker, InvalidSpecifier) as error:
        result.output += f"\nwhat it wrote cannot be read: {error}"
    return result


# -- counting ---------------------------------------------------------------------------------------------------


def measure(tool: Tool, oracle: dict[str, Any], corpus: Path, folder: Path, *, show: bool) -> Counter[str]:
    counts: Counter[str] = Counter()
    for path, (lines, errors, options) in oracle.items():
        project, _, file = path.partition("/")
        result = migrated(tool, corpus / project, file, folder)
        if errors:
            counts["pip refuses: refused" if result.code else "pip refuses: taken"] += 1
            continue
        wishes = [pip_wish(line) for line in lines if not line.startswith("C ")]
        verdict = compare(wishes, result, counts)
        for index in options["index"]:
            if "index.example" not in index:
                counts["indexes"] += 1
                counts["indexes kept"] += result.code == 0 and without_credentials(index) in result.text
        for constraint in (pip_wish(line) for line in lines if line.startswith("C ")):
            counts["constraints"] += 1
            counts["constraints kept"] += result.code == 0 and is_kept(
                constraint, [*result.constraints, *result.seeds]
            )
        if show and verdict != "identical":
            print(f"{tool.title}: {path}: {verdict}: {told(wishes, result)}", file=sys.stderr)
    return counts


def without_credentials(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.netloc.rpartition('@')[2]}{parts.path}".rstrip("/")


def compare(read: Sequence[Wish], result: Result, counts: Counter[str]) -> str:
    """Count one file and its dependencies, and return the verdict."""
    wishes = [wish for wish in read if wish.place != PROJECT]
    if result.code != 0:
        counts["refused"] += 1
        counts["dependencies refused"] += len(wishes)
        return "refused"
    lost = lost_of(wishes, result)
    said = [wish for wish in lost if is_told(wish, result.output)]
    added = added_to(read, result)
    counts["dependencies kept"] += len(wishes) - len(lost)
    counts["dependencies told"] += len(said)
    counts["dependencies lost"] += len(lost) - len(said)
    counts["seeds"] += len(lost_of(wishes, replace(result, seeds=[]))) - len(lost)
    untold = len(said) < len(lost) or any(not is_told(one, result.output) for one in added)
    verdict = "lost" if untold else "told" if lost or added else "identical"
    counts[verdict] += 1
    return verdict


def lost_of(wishes: Sequence[Wish], result: Result) -> list[Wish]:
    return [wish for wish in wishes if not is_kept(wish, [*result.wishes, *result.seeds])]


def added_to(read: Sequence[Wish], result: Result) -> list[Wish]:
    """Return what no line asks for; the project itself may bring the requirements of its setup.py along."""
    if any(wish.place == PROJECT for wish in read):
        return []
    return [one for one in result.wishes if is_added(one, read)]


def is_told(wish: Wish, output: str) -> bool:
    words = canonicalize_name(output)
    return any(one and canonicalize_name(one) in words for one in (wish.name, (wish.place or ("",))[0]))


def told(read: Sequence[Wish], result: Result) -> str:
    if result.code != 0:
        return " ".join(result.output.split())[:300]
    lost = lost_of([wish for wish in read if wish.place != PROJECT], result)
    added = added_to(read, result)
    shown = [f"{kind} {_shown(one)}" for kind, ones in (("-", lost), ("+", added)) for one in ones[:4]]
    return "; ".join(shown)


def _shown(wish: Wish) -> str:
    clauses = ",".join(sorted(map(str, wish.clauses)))
    return f"{wish.name}{clauses} {wish.place or ''} on {len(wish.machines)}"


def table(rows: dict[str, Counter[str]]) -> str:
    """Return one column for each tool."""
    lines = ["| | " + " | ".join(rows) + " |", "|---|" + "---|" * len(rows)]
    for title, key in MEASURES.items():
        cells = [_cell(counts, key) for counts in rows.values()]
        lines.append(f"| {title} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(counts: Counter[str], key: str) -> str:
    parts = key.split(" of ")
    total = sum(counts[one] for one in parts[1].split(" + ")) if len(parts) > 1 else None
    return f"{counts[parts[0]]}" if total is None else f"{counts[parts[0]]} of {total}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--corpus", type=Path, default=os.environ.get("POETRY_AIOPS_CORPUS"))
    parser.add_argument("--tools", default="ours,migrate-to-uv,uv,pdm")
    parser.add_argument("--only", default="", help="files whose path holds this text")
    parser.add_argument("--show", action="store_true", help="tell every file that is not identical")
    arguments = parser.parse_args()
    if arguments.corpus is None or not (arguments.corpus / "requirements" / "pip_oracle.json").is_file():
        sys.exit("Name the folder with requirements/pip_oracle.json: --corpus FOLDER or POETRY_AIOPS_CORPUS.")
    requirements = Path(arguments.corpus) / "requirements"
    every = json.loads((requirements / "pip_oracle.json").read_text("utf-8"))
    oracle = {path: reading for path, reading in every.items() if arguments.only in path}
    with tempfile.TemporaryDirectory(prefix="migrate-") as name:
        scratch = Path(name).resolve()
        rows = {}
        for tool in tools(arguments.tools.split(","), scratch):
            rows[tool.title] = measure(
                tool, oracle, requirements / "corpus", scratch / "tree", show=arguments.show
            )
    readable = sum(not errors for _, errors, _ in oracle.values())
    print(f"{len(oracle)} files, {readable} of them readable for pip\n\n{table(rows)}")
    for title, counts in rows.items():
        if counts["seeds"]:
            print(f"\n{title}: {counts['seeds']} of the kept ones are pins for the lock")


if __name__ == "__main__":
    main()
