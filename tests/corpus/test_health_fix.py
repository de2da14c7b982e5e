"""``poetry health --fix`` on real locks with old pins, through the machine's index.

The advisories are those of the corpus snapshot. What is fixed is so by the audit of the new lock, and `poetry install`
accepts it; what is not has its reason.
"""

from __future__ import annotations

import json
import os
import sys
import urllib.error
import urllib.request
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.support import fix_driver
from tests.support.poetry_program import PoetryProgram, way_out
from tests.support.real_locks import SIMPLE_INDEX, real_project


if TYPE_CHECKING:
    from tests.support.poetry_program import Project


CORPUS = Path(os.environ.get("POETRY_AIOPS_CORPUS", ""))
LOCKS = CORPUS / "locks"
ADVISORIES = CORPUS / "advisories" / "osv-pypi-2024-10-10.zip"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not CORPUS.name or not ADVISORIES.is_file(),
        reason="POETRY_AIOPS_CORPUS names no folder with advisories/",
    ),
]

# Each lock with the packages that are moved, and those that cannot be without an edit or a release.
SOLVED = {
    "huggingface__text-generation-inference.2023-04": (
        {"certifi": "2023.7.22", "idna": "3.7", "requests": "2.31.0", "urllib3": "1.26.18"},
        set(),
    ),
    "huggingface__lerobot.cpu": ({"idna": "3.7"}, set()),
    "zylon-ai__private-gpt.2023-11": (
        {"aiohttp": "3.9.2", "idna": "3.7", "langchain": "0.1.11", "orjson": "3.9.15"},
        {"black", "fastapi", "gradio", "llama-index"},
    ),
}


@pytest.fixture(scope="module")
def poetry(tmp_path_factory: pytest.TempPathFactory) -> PoetryProgram:
    try:
        with urllib.request.urlopen(SIMPLE_INDEX + "idna/", timeout=20):
            return PoetryProgram.of_this_environment(tmp_path_factory.mktemp("home"))
    except (urllib.error.URLError, TimeoutError):
        pytest.skip("the package index does not answer")


def fixed(poetry: PoetryProgram, project: Project, *flags: str) -> dict[str, Any]:
    driver = replace(poetry, executable=Path(sys.executable), arguments=(fix_driver.__file__,))
    done = driver.must(project, str(ADVISORIES), *flags, **way_out())
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.mark.parametrize("name", SOLVED)
def test_a_real_lock_is_fixed_and_installs(name: str, poetry: PoetryProgram, tmp_path: Path) -> None:
    project = real_project(LOCKS / name, tmp_path / "project")
    moved, held = SOLVED[name]
    before = project.files()

    shown = fixed(poetry, project, "--dry-run")
    assert project.files() == before
    answer = fixed(poetry, project)

    assert answer["changes"] == shown["changes"]
    fixes = {one["package"]: one for one in answer["fixes"]}
    assert {package: one["to_version"] for package, one in fixes.items() if one["diff"]} == moved
    assert {line.split(" ")[0] for line in answer["left"]} == held
    assert all(fixes[package]["edit"] or fixes[package]["blockers"] for package in held)
    poetry.must(project, "check", "--lock", **way_out())
    poetry.must(project, "install", "--no-root", "--dry-run", **way_out())


def test_a_fix_outside_the_project_s_constraint_is_an_edit(poetry: PoetryProgram, tmp_path: Path) -> None:
    project = real_project(LOCKS / "virattt__ai-hedge-fund", tmp_path / "project")
    before = project.files()

    answer = fixed(poetry, project)

    (fix,) = answer["fixes"]
    assert (fix["package"], fix["to_version"], fix["how"]) == ("black", "24.3.0", "edit")
    assert '"^23.7.0" -> "^24.3.0"' in fix["edit"]
    assert project.files() == before


def test_a_certificate_takes_milliseconds(poetry: PoetryProgram, tmp_path: Path) -> None:
    project = real_project(LOCKS / "zylon-ai__private-gpt.2023-11", tmp_path / "project")

    answer = fixed(poetry, project, "--propose")

    assert answer["certificate_ms"] < 20
    certified = {one["package"] for one in answer["fixes"] if one["certified"]}
    assert certified == {"aiohttp", "idna", "orjson"}
