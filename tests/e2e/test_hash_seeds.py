"""Whatever is written is the same from one interpreter to the next, which orders its sets by another seed.

Warm starts share the seed of their server, so each pair here has a start of its own with a seed of its own.
"""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import pytest
from tests.support import projects


if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import ProjectFactory
    from tests.support.health_shop import Shop
    from tests.support.poetry_program import PoetryProgram


OF_THE_RUN = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.\d]*(?:Z|\+00:00)|urn:uuid:[0-9a-f-]{36}")
SEED = {"PYTHONHASHSEED": "4711"}


def written(folder: Path) -> dict[str, bytes]:
    """Return what is in the files below a folder."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_a_lock(poetry: PoetryProgram, new_project: ProjectFactory) -> None:
    locks = []
    for name, seed in (("one", {}), ("other", SEED)):
        project = new_project(projects.HW, name)
        poetry.must(project, "lock", **seed)
        locks.append(project.lock_path.read_bytes())
    assert locks[0] == locks[1]


@pytest.mark.parametrize(
    ("arguments", "files"),
    [
        (("graph", *(word for form in ("html", "md", "json", "dot", "mmd", "graphml", "txt")
                     for word in ("--output", f"graph.{form}"))), 7),
        (("sync-reqs",), 8),
        (("scaffold", "docker"), 2),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else None,
)  # fmt: skip
def test_files(
    poetry: PoetryProgram, locked_project: ProjectFactory, arguments: tuple[str, ...], files: int
) -> None:
    """Each format of a command in one run."""
    one, other = (
        projects.exporting_everything(locked_project(projects.HW, f"{name}/shop"))
        for name in ("one", "other")
    )
    before = written(one.path)
    first, second = poetry.must(one, *arguments), poetry.must(other, *arguments, **SEED)
    assert written(one.path) == written(other.path)
    assert len(written(one.path)) >= len(before) + files
    assert first.output == second.output


def test_the_reports_of_health(shop: Shop) -> None:
    """Each format in one run: files, the history, and the annotations on standard output."""
    names = ("h.json", "h.md", "h.html", "h.sarif", "bom.cdx.json", "h.txt")

    def look(**seed: str) -> dict[str, bytes]:
        shutil.rmtree(shop.reports, ignore_errors=True)
        run = shop.look("--format", "github", *(f"--output={name}" for name in names), **seed)
        texts = written(shop.project.path) | {"output": run.output.encode()}
        return {name: OF_THE_RUN.sub(b"<of the run>", text) for name, text in texts.items()}

    look()  # fills the caches
    one, other = look(), look(**SEED)
    assert one == other
    assert {*names, "output", "dependency_reports/history.jsonl"} <= one.keys()


def test_the_machine(poetry: PoetryProgram, tmp_path: Path) -> None:
    arguments = ("hw-info", "--target", "linux-x86_64,driver=580.65.06,cc=8.6", "--format", "json")
    one, other = poetry.must(tmp_path, *arguments), poetry.must(tmp_path, *arguments, **SEED)
    assert one.stdout == other.stdout
