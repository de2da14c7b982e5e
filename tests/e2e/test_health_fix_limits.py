"""What ``poetry health --fix`` cannot fix, must not touch, or leaves alone when something fails."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from tests.support.fix_projects import FixBench, by_package, fix_index, shop
from tests.support.index import Fault
from tests.support.poetry_program import PoetryProgram


if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.index import PackageIndex


@pytest.fixture(scope="module")
def index() -> Iterator[PackageIndex]:
    with fix_index() as served:
        yield served


@pytest.fixture
def bench(index: PackageIndex, tmp_path: Path) -> FixBench:
    return FixBench(PoetryProgram.of_this_environment(tmp_path / "home").warm(), index, tmp_path)


def test_what_cannot_be_fixed_is_named_and_the_rest_is_fixed(bench: FixBench) -> None:
    project = bench.make(shop("frozen>=1", "parser>=1"), "parser==1.0", "frozen==1.0")
    bench.tell("GHSA-parser", "parser", "1.1")
    bench.tell("GHSA-stuck", "stuck", "2.0")

    answer = bench.fixed(project)

    stuck = by_package(answer)["stuck"]
    assert stuck["how"] == "blocked"
    assert stuck["blockers"] == ["frozen 1.0 requires stuck <2, fixed in 2.0; no newer frozen allows it"]
    assert answer["changes"] == ["parser [stand-in] 1.0 -> 1.1"]
    assert answer["left"] == ["stuck GHSA-stuck"]


def test_a_constraint_of_the_project_is_an_edit_and_the_rest_is_fixed(bench: FixBench) -> None:
    project = bench.make(shop("toolkit (>=0.3,<0.4)", "parser>=1"), "parser==1.0")
    bench.tell("GHSA-parser", "parser", "1.1")
    bench.tell("GHSA-toolkit", "toolkit", "0.4")
    before = project.files()

    answer = bench.fixed(project)

    toolkit = by_package(answer)["toolkit"]
    assert toolkit["how"] == "edit"
    assert toolkit["edit"] == '[project] dependencies: toolkit ">=0.3,<0.4" -> ">=0.4,<0.5"'
    assert answer["changes"] == ["parser [stand-in] 1.0 -> 1.1"]
    assert project.files()["pyproject.toml"] == before["pyproject.toml"]


def test_fixes_that_do_not_go_together_leave_the_largest_part(bench: FixBench) -> None:
    """Each alone could move; left wants the other's old version from 2 on, so the forecast sees no conflict."""
    bench.index.publish("pypi", "left", "1.0")
    bench.index.publish("pypi", "left", "2.0", ["middle<2"])
    bench.index.publish("pypi", "middle", "1.0")
    bench.index.publish("pypi", "middle", "2.0")
    project = bench.make(shop("left", "middle", "parser>=1"), "left==1.0", "middle==1.0", "parser==1.0")
    for name, version in {"left": "2.0", "middle": "2.0", "parser": "1.1"}.items():
        bench.tell(f"GHSA-{name}", name, version)

    answer = bench.fixed(project)

    assert len(answer["changes"]) == 2
    assert "parser [stand-in] 1.0 -> 1.1" in answer["changes"]
    (dropped,) = [one for one in answer["fixes"] if one["how"] == "blocked"]
    assert dropped["package"] in {"left", "middle"}
    assert "left" in dropped["blockers"][0]
    assert "middle" in dropped["blockers"][0]
    bench.poetry.must(project, "check", "--lock")


def test_a_dry_run_shows_the_changes_and_writes_nothing(bench: FixBench) -> None:
    project = bench.make(shop("parser>=1"), "parser==1.0")
    bench.tell("GHSA-parser", "parser", "1.1")
    before, listed = project.files(), sorted(project.path.iterdir())

    answer = bench.fixed(project, "--dry-run")

    assert answer["changes"] == ["parser [stand-in] 1.0 -> 1.1"]
    assert answer["left"] == []
    assert not answer["written"]
    assert project.files() == before
    assert sorted(project.path.iterdir()) == listed


def test_a_lock_that_does_not_belong_to_the_project_is_refused(bench: FixBench) -> None:
    project = bench.make(shop("parser>=1"), "parser==1.0")
    project.edit('"parser>=1"', '"parser>=1", "looper"')
    bench.tell("GHSA-parser", "parser", "1.1")
    before = project.files()

    done = bench.run(project)

    assert done.code == 2
    assert "Run `poetry lock` first." in done.output
    assert project.files() == before


def test_a_lock_that_another_program_changed_meanwhile_is_not_overwritten(bench: FixBench) -> None:
    project = bench.make(shop("parser>=1"), "parser==1.0")
    bench.tell("GHSA-parser", "parser", "1.1")

    done = bench.run(project, "--changed-meanwhile")

    assert done.code == 2
    assert "another program changed" in done.output
    assert project.lock_path.read_text("utf-8").endswith("# somebody else\n")
    assert project.lockfile().builds("parser") == {"1.0": ("main",)}


@pytest.mark.slow
def test_an_index_that_fails_during_the_solve_leaves_the_lock_as_it_was(bench: FixBench) -> None:
    project = bench.make(shop("parser>=1"), "parser==1.0")
    bench.tell("GHSA-parser", "parser", "1.1")
    before = project.files()
    assert bench.run(project, "--propose").code == 0  # its records are kept now
    shutil.rmtree(bench.poetry.home / "cache" / "cache")

    with bench.index.fault("pypi", Fault.SERVER_ERROR):
        done = bench.run(project)

    assert done.code == 3, str(done)
    assert "Traceback" not in done.output
    assert project.files() == before


@pytest.mark.slow
def test_an_interruption_leaves_the_lock_as_it_was(bench: FixBench) -> None:
    project = bench.make(shop("toolkit"), "toolkit==0.3")
    bench.tell("GHSA-toolkit", "toolkit", "0.4")
    before = project.files()
    assert bench.run(project, "--propose").code == 0
    shutil.rmtree(bench.poetry.home / "cache" / "cache")

    with bench.index.fault("pypi", Fault.SLOW):
        code = bench.interrupted(project)

    assert code != 0
    assert project.files() == before
    assert list(project.path.with_name("temporary").glob("poetry-aiops-staged-*")) == []


@pytest.mark.slow
def test_a_version_that_is_too_young_is_proposed_as_an_exception_only(bench: FixBench) -> None:
    bench.index.publish("pypi", "fresh", "1.0")
    bench.index.publish("pypi", "fresh", "1.1")
    bench.index.uploaded("pypi", "fresh", "1.0", "2020-01-01T00:00:00Z")
    bench.index.uploaded("pypi", "fresh", "1.1", f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}")
    project = bench.make(shop("fresh"), "fresh==1.0")
    bench.tell("GHSA-fresh", "fresh", "1.1")
    before = project.files()
    cooldown = {"POETRY_SOLVER_MIN_RELEASE_AGE": "7"}

    answer = bench.fixed(project, **cooldown)
    assert answer["changes"] == []
    (fix,) = answer["fixes"]
    assert (fix["how"], fix["to_version"]) == ("blocked", "1.1")
    assert "POETRY_SOLVER_MIN_RELEASE_AGE_EXCLUDE=fresh" in fix["exception"]
    assert project.files() == before

    answer = bench.fixed(project, **cooldown, POETRY_SOLVER_MIN_RELEASE_AGE_EXCLUDE="fresh")
    assert answer["changes"] == ["fresh [stand-in] 1.0 -> 1.1"]
