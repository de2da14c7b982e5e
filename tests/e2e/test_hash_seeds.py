"""Whatever is written is the same from one interpreter to the next, which orders its sets by another seed.

Warm starts share the seed of their server, so each pair here has a start of its own with a seed of its own.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support import projects


if TYPE_CHECKING:
    from tests.conftest import ProjectFactory
    from tests.support.health_shop import Shop
    from tests.support.poetry_program import PoetryProgram


OF_THE_RUN = re.compile(rb"\d{4}-\d\d-\d\d[T ]\d\d:\d\d[:.\d]*(?:Z|\+00:00| UTC)|urn:uuid:[0-9a-f-]{36}")
SEED = {"PYTHONHASHSEED": "4711"}
# Every command line of a list in JSON, in one interpreter; the first that fails ends it.
SEVERAL = """\
import json, sys
from poetry.console.application import Application
for arguments in json.loads(sys.argv[1]):
    sys.argv[1:] = arguments
    application = Application()
    application.auto_exits(False)
    if code := application.run():
        sys.exit(code)
"""


def written(folder: Path) -> dict[str, bytes]:
    """Return what is in the files below a folder."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_a_lock_what_is_made_of_it_and_the_machine(
    poetry: PoetryProgram, new_project: ProjectFactory
) -> None:
    """Each format of each command; one interpreter for each seed runs them all."""
    forms = [f"--output=graph.{form}" for form in ("html", "md", "json", "dot", "mmd", "graphml", "txt")]
    machine = ["--target", "linux-x86_64,driver=580.65.06,cc=8.6", "--format", "json"]
    calls = [["lock"], ["graph", *forms], ["sync-reqs"], ["scaffold", "docker"], ["hw-info", *machine]]
    program = replace(poetry, executable=Path(sys.executable), arguments=("-P", "-c", SEVERAL)).cold()
    files, outputs = [], []
    for name, seed in (("one", "0"), ("other", "4711")):
        project = projects.exporting_everything(new_project(projects.HW, f"{name}/shop"))
        run = program.must(project, json.dumps(calls), PYTHONHASHSEED=seed, POETRY_VIRTUALENVS_CREATE="false")
        outputs.append(run.output)
        files.append(written(project.path))
    assert files[0] == files[1]
    assert outputs[0] == outputs[1]
    assert '"poetry-aiops/' in outputs[0]
    assert len(files[0]) >= 1 + 1 + len(forms) + 8 + 2


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
