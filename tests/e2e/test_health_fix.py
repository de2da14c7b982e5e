"""``poetry health --fix``: the lock moves to fixed versions, as one, or stays as it was."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time

from dataclasses import replace
from datetime import UTC
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any
from typing import Protocol

import pytest

from tests.support import fix_driver
from tests.support.index import Fault
from tests.support.index import PackageIndex
from tests.support.poetry_program import PoetryProgram
from tests.support.poetry_program import Project
from tests.support.poetry_program import Run
from tests.support.projects import project_from
from tests.unit.health.osv import record


if TYPE_CHECKING:
    from collections.abc import Iterator


class Make(Protocol):
    """Makes the project of one test."""

    def __call__(self, text: str, *pins: str) -> Project:
        """Return a project that was locked when these versions were the newest."""


DRIVER = Path(fix_driver.__file__)
HEAD = """\
[project]
name = "shop"
version = "0.1.0"
requires-python = ">=3.11,<4.0"
dependencies = [{main}]

[tool.poetry]
package-mode = false
"""


VARIANTS = """
[dependency-groups]
ml-cpu = ["torch"]
ml-gpu = ["torch"]
[tool.poetry.group.ml-cpu]
optional = true
[tool.poetry.group.ml-gpu]
optional = true
[tool.poetry.group.ml-cpu.dependencies]
torch = {source = "pytorch-cpu"}
[tool.poetry.group.ml-gpu.dependencies]
torch = {source = "pytorch-cu126"}

[tool.poetry-aiops.hardware.variants]
ml-cpu = "cpu"
ml-gpu = "cu126"
"""


def shop(*main: str) -> str:
    return HEAD.format(main=", ".join(f'"{one}"' for one in main))


@pytest.fixture(scope="module")
def index() -> Iterator[PackageIndex]:
    """Serve an index of its own: a web framework, its toolkit and what they need, in old and fixed versions."""
    served = PackageIndex()
    for version in ("1.0", "1.1", "1.2", "2.0"):
        served.publish("pypi", "parser", version)
    for version, bound in {"0.1": ">=0.3,<0.4", "0.2": ">=0.3,<0.5", "0.3": ">=0.3"}.items():
        served.publish("pypi", "webapi", version, [f"toolkit{bound}"])
    served.publish("pypi", "toolkit", "0.3", ["parser>=1"])
    served.publish("pypi", "toolkit", "0.4", ["parser>=1", "looper>=4"])
    served.publish("pypi", "toolkit", "0.5", ["parser"])
    for version in ("3.0", "4.0"):
        served.publish("pypi", "looper", version)
    served.publish("pypi", "frozen", "1.0", ["stuck<2"])
    served.publish("pypi", "frozen", "1.1", ["stuck<2"])
    for version in ("1.0", "2.0"):
        served.publish("pypi", "stuck", version)
    for build in ("cpu", "cu126"):
        for torch in ("2.10.0", "2.11.0"):
            served.publish(build, "torch", f"{torch}+{build}", ["parser"])
        served.publish(build, "torch", f"2.12.0+{build}", ["parser", "looper"])
    with served:
        yield served


@pytest.fixture
def poetry(tmp_path: Path) -> PoetryProgram:
    return PoetryProgram.of_this_environment(tmp_path / "home")


@pytest.fixture
def advisories(tmp_path: Path) -> Path:
    folder = tmp_path / "advisories"
    folder.mkdir()
    return folder


def tell(folder: Path, identity: str, name: str, fixed: str | None) -> None:
    """Write an advisory about every version before ``fixed``, or about all of them."""
    events = [{"introduced": "0"}, *([{"fixed": fixed}] if fixed else [])]
    (folder / f"{identity}.json").write_text(json.dumps(record(identity, name, *events)), "utf-8")


def locked_at(poetry: PoetryProgram, index: PackageIndex, folder: Path, text: str, *pins: str) -> Project:
    """Return a project that was locked when these versions were the newest."""
    pinned = "".join(f', "{pin}"' for pin in pins)
    project = project_from(text.replace('"]\n', f'"{pinned}]\n', 1), index, folder)
    poetry.must(project, "lock")
    project_from(text, index, folder)
    poetry.must(project, "lock")
    return project


def driver(poetry: PoetryProgram) -> PoetryProgram:
    return replace(poetry, executable=Path(sys.executable), arguments=(str(DRIVER),))


def run(poetry: PoetryProgram, project: Project, advisories: Path, *flags: str, **environment: str) -> Run:
    return driver(poetry).run(project, str(advisories), *flags, **environment)


def fixed(
    poetry: PoetryProgram, project: Project, advisories: Path, *flags: str, **environment: str
) -> dict[str, Any]:
    done = run(poetry, project, advisories, *flags, **environment)
    assert done.code == 0, str(done)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def interrupted(poetry: PoetryProgram, project: Project, advisories: Path) -> int:
    """Start the fixes, press Ctrl+C when the staged project is there, and return the exit code."""
    program = driver(poetry)
    started = subprocess.Popen(
        [program.executable, *program.arguments, str(advisories)],
        cwd=project.path,
        env=program._environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    patience = time.monotonic() + 60
    while not list(project.path.glob(".migration-*.lock")) and time.monotonic() < patience:
        time.sleep(0.02)
    time.sleep(0.2)
    started.send_signal(signal.SIGINT)
    return started.wait(timeout=60)


def by_package(answer: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["package"]: one for one in answer["fixes"]}


@pytest.fixture
def make(poetry: PoetryProgram, index: PackageIndex, tmp_path: Path) -> Make:
    """Return a function that makes a locked project from its text and the versions of that time."""

    def made(text: str, *pins: str) -> Project:
        return locked_at(poetry, index, tmp_path / "shop", text, *pins)

    return made


def test_one_pin_moves_to_the_smallest_fixed_version(
    make: Make, poetry: PoetryProgram, advisories: Path
) -> None:
    project = make(shop("parser>=1"), "parser==1.0")
    tell(advisories, "GHSA-parser", "parser", "1.1")

    answer = fixed(poetry, project, advisories)

    assert answer["changes"] == ["parser [stand-in] 1.0 -> 1.1"]
    assert answer["reasons"] == {"parser": "fixes GHSA-parser"}
    (fix,) = answer["fixes"]
    assert (fix["how"], fix["certified"], fix["to_version"]) == ("pin", True, "1.1")
    assert fix["diff"] == ["- parser 1.0", "+ parser 1.1"]
    assert answer["left"] == []
    assert project.lockfile().builds("parser") == {"1.1": ("main",)}
    assert sorted(one.name for one in project.path.iterdir()) == [".venv", "poetry.lock", "pyproject.toml"]
    before = project.files()
    poetry.must(project, "lock")
    assert project.files() == before


def test_a_transitive_package_moves_without_its_parents(
    make: Make, poetry: PoetryProgram, advisories: Path
) -> None:
    project = make(shop("toolkit"), "parser==1.0", "toolkit==0.3")
    tell(advisories, "GHSA-parser", "parser", "1.2")

    answer = fixed(poetry, project, advisories)

    assert answer["changes"] == ["parser [stand-in] 1.0 -> 1.2"]
    assert by_package(answer)["parser"]["certified"]


def test_a_parent_that_refuses_moves_along_and_is_named(
    make: Make, poetry: PoetryProgram, advisories: Path
) -> None:
    project = make(shop("webapi"), "webapi==0.1", "parser==1.0")
    tell(advisories, "GHSA-toolkit", "toolkit", "0.4")

    answer = fixed(poetry, project, advisories)

    (fix,) = answer["fixes"]
    assert (fix["how"], fix["certified"], fix["together"]) == ("pin", False, ["webapi"])
    assert fix["blockers"] == ["webapi 0.1 wants toolkit >=0.3,<0.4, fixed in 0.4; webapi 0.2 allows it"]
    assert answer["reasons"]["toolkit"] == "fixes GHSA-toolkit"
    assert answer["reasons"]["webapi"] == "0.1 wants toolkit >=0.3,<0.4, and toolkit is 0.4 now"
    assert answer["reasons"]["looper"] == "toolkit 0.4 needs looper >=4"
    assert "parser" not in answer["reasons"]
    poetry.must(project, "check", "--lock")


def test_what_cannot_be_fixed_is_named_and_the_rest_is_fixed(
    make: Make, poetry: PoetryProgram, advisories: Path
) -> None:
    project = make(shop("frozen>=1", "parser>=1"), "parser==1.0", "frozen==1.0")
    tell(advisories, "GHSA-parser", "parser", "1.1")
    tell(advisories, "GHSA-stuck", "stuck", "2.0")

    answer = fixed(poetry, project, advisories)

    stuck = by_package(answer)["stuck"]
    assert stuck["how"] == "blocked"
    assert stuck["blockers"] == ["frozen 1.0 wants stuck <2, fixed in 2.0; no newer frozen allows it"]
    assert answer["changes"] == ["parser [stand-in] 1.0 -> 1.1"]
    assert answer["left"] == ["stuck GHSA-stuck"]


def test_a_constraint_of_the_project_is_an_edit_and_the_rest_is_fixed(
    make: Make, poetry: PoetryProgram, advisories: Path
) -> None:
    project = make(shop("toolkit (>=0.3,<0.4)", "parser>=1"), "parser==1.0")
    tell(advisories, "GHSA-parser", "parser", "1.1")
    tell(advisories, "GHSA-toolkit", "toolkit", "0.4")
    before = project.files()

    answer = fixed(poetry, project, advisories)

    toolkit = by_package(answer)["toolkit"]
    assert toolkit["how"] == "edit"
    assert toolkit["edit"] == '[project] dependencies: toolkit ">=0.3,<0.4" -> ">=0.4,<0.5"'
    assert answer["changes"] == ["parser [stand-in] 1.0 -> 1.1"]
    assert project.files()["pyproject.toml"] == before["pyproject.toml"]


def test_fixes_that_do_not_go_together_leave_the_largest_part(
    make: Make, poetry: PoetryProgram, advisories: Path, index: PackageIndex
) -> None:
    """Each alone could move; left wants the other's old version from 2 on, so the forecast sees no conflict."""
    index.publish("pypi", "left", "1.0")
    index.publish("pypi", "left", "2.0", ["middle<2"])
    index.publish("pypi", "middle", "1.0")
    index.publish("pypi", "middle", "2.0")
    project = make(shop("left", "middle", "parser>=1"), "left==1.0", "middle==1.0", "parser==1.0")
    for name, version in {"left": "2.0", "middle": "2.0", "parser": "1.1"}.items():
        tell(advisories, f"GHSA-{name}", name, version)

    answer = fixed(poetry, project, advisories)

    assert len(answer["changes"]) == 2
    assert "parser [stand-in] 1.0 -> 1.1" in answer["changes"]
    (dropped,) = [one for one in answer["fixes"] if one["how"] == "blocked"]
    assert dropped["package"] in {"left", "middle"}
    assert "left" in dropped["blockers"][0]
    assert "middle" in dropped["blockers"][0]
    poetry.must(project, "check", "--lock")


def test_a_dry_run_shows_the_changes_and_writes_nothing(
    make: Make, poetry: PoetryProgram, advisories: Path
) -> None:
    project = make(shop("parser>=1"), "parser==1.0")
    tell(advisories, "GHSA-parser", "parser", "1.1")
    before, listed = project.files(), sorted(project.path.iterdir())

    answer = fixed(poetry, project, advisories, "--dry-run")

    assert answer["changes"] == ["parser [stand-in] 1.0 -> 1.1"]
    assert answer["left"] == []
    assert not answer["written"]
    assert project.files() == before
    assert sorted(project.path.iterdir()) == listed


def test_a_lock_that_does_not_belong_to_the_project_is_refused(
    make: Make, poetry: PoetryProgram, advisories: Path
) -> None:
    project = make(shop("parser>=1"), "parser==1.0")
    project.edit('"parser>=1"', '"parser>=1", "looper"')
    tell(advisories, "GHSA-parser", "parser", "1.1")
    before = project.files()

    done = run(poetry, project, advisories)

    assert done.code == 2
    assert "Run `poetry lock` first." in done.output
    assert project.files() == before


def test_a_lock_that_another_program_changed_meanwhile_is_not_overwritten(
    make: Make, poetry: PoetryProgram, advisories: Path
) -> None:
    project = make(shop("parser>=1"), "parser==1.0")
    tell(advisories, "GHSA-parser", "parser", "1.1")

    done = run(poetry, project, advisories, "--changed-meanwhile")

    assert done.code == 2
    assert "changed by another program" in done.output
    assert project.lock_path.read_text("utf-8").endswith("# somebody else\n")
    assert project.lockfile().builds("parser") == {"1.0": ("main",)}


@pytest.mark.slow
def test_an_index_that_fails_during_the_solve_leaves_the_lock_as_it_was(
    make: Make, poetry: PoetryProgram, advisories: Path, index: PackageIndex
) -> None:
    project = make(shop("parser>=1"), "parser==1.0")
    tell(advisories, "GHSA-parser", "parser", "1.1")
    before = project.files()
    assert run(poetry, project, advisories, "--propose").code == 0  # its records are kept now
    shutil.rmtree(poetry.home / "cache" / "cache")

    with index.fault("pypi", Fault.SERVER_ERROR):
        done = run(poetry, project, advisories)

    assert done.code == 3, str(done)
    assert "Traceback" not in done.output
    assert project.files() == before


@pytest.mark.slow
def test_an_interruption_leaves_the_lock_as_it_was(
    make: Make, poetry: PoetryProgram, advisories: Path, index: PackageIndex
) -> None:
    project = make(shop("toolkit"), "toolkit==0.3")
    tell(advisories, "GHSA-toolkit", "toolkit", "0.4")
    before = project.files()
    assert run(poetry, project, advisories, "--propose").code == 0
    shutil.rmtree(poetry.home / "cache" / "cache")

    with index.fault("pypi", Fault.SLOW):
        code = interrupted(poetry, project, advisories)

    assert code != 0
    assert project.files() == before
    assert list(project.path.glob(".migration-*")) == []


def test_a_version_that_is_too_young_is_proposed_as_an_exception_only(
    make: Make, poetry: PoetryProgram, advisories: Path, index: PackageIndex
) -> None:
    index.publish("pypi", "fresh", "1.0")
    index.publish("pypi", "fresh", "1.1")
    index.uploaded("pypi", "fresh", "1.0", "2020-01-01T00:00:00Z")
    index.uploaded("pypi", "fresh", "1.1", f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}")
    project = make(shop("fresh"), "fresh==1.0")
    tell(advisories, "GHSA-fresh", "fresh", "1.1")
    before = project.files()
    cooldown = {"POETRY_SOLVER_MIN_RELEASE_AGE": "7"}

    answer = fixed(poetry, project, advisories, **cooldown)
    assert answer["changes"] == []
    (fix,) = answer["fixes"]
    assert (fix["how"], fix["to_version"]) == ("blocked", "1.1")
    assert "POETRY_SOLVER_MIN_RELEASE_AGE_EXCLUDE=fresh" in fix["exception"]
    assert project.files() == before

    answer = fixed(poetry, project, advisories, **cooldown, POETRY_SOLVER_MIN_RELEASE_AGE_EXCLUDE="fresh")
    assert answer["changes"] == ["fresh [stand-in] 1.0 -> 1.1"]


@pytest.fixture
def variants(make: Make, poetry: PoetryProgram, index: PackageIndex) -> Project:
    """Return a project with two hardware variants that was locked when torch 2.10.0 was the newest."""
    text = shop("parser>=1") + VARIANTS
    project = make(text.replace("torch = {source", 'torch = {version = "2.10.0", source'), "parser==1.0")
    project_from(text, index, project.path)
    poetry.must(project, "lock")
    return project


def test_every_build_of_a_hardware_variant_moves(
    variants: Project, poetry: PoetryProgram, advisories: Path
) -> None:
    tell(advisories, "GHSA-torch", "torch", "2.11.0")
    tell(advisories, "GHSA-parser", "parser", "1.1")

    answer = fixed(poetry, variants, advisories)

    assert answer["changes"] == [
        "parser [stand-in] 1.0 -> 1.1",
        "torch [pytorch-cpu] 2.10.0+cpu -> 2.11.0+cpu",
        "torch [pytorch-cu126] 2.10.0+cu126 -> 2.11.0+cu126",
    ]
    assert (answer["left"], answer["solves"]) == ([], 0)
    assert variants.lockfile().builds("torch") == {"2.11.0+cpu": ("ml-cpu",), "2.11.0+cu126": ("ml-gpu",)}
    before = variants.files()
    poetry.must(variants, "lock")
    assert variants.files() == before


def test_hardware_variants_are_solved_where_a_fix_brings_new_packages(
    variants: Project, poetry: PoetryProgram, advisories: Path
) -> None:
    tell(advisories, "GHSA-torch", "torch", "2.12.0")

    answer = fixed(poetry, variants, advisories)

    assert (answer["left"], answer["solves"]) == ([], 1)
    assert answer["reasons"]["looper"] == "torch 2.12.0+cpu needs looper *"
    lock = variants.lockfile()
    assert lock.builds("torch") == {"2.12.0+cpu": ("ml-cpu",), "2.12.0+cu126": ("ml-gpu",)}
    assert lock.builds("looper") == {"4.0": ("ml-cpu", "ml-gpu")}
    assert lock.builds("parser") == {"1.0": ("main", "ml-cpu", "ml-gpu")}
    before = variants.files()
    poetry.must(variants, "lock")
    assert variants.files() == before
