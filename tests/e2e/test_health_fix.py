"""``poetry health --fix``: the lock moves to fixed versions, as one, and as `poetry lock` would write it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.fix_projects import VARIANTS, FixBench, by_package, fix_index, shop
from tests.support.poetry_program import PoetryProgram
from tests.support.projects import project_from


if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.index import PackageIndex
    from tests.support.poetry_program import Project


pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def index() -> Iterator[PackageIndex]:
    with fix_index() as served:
        yield served


@pytest.fixture
def bench(index: PackageIndex, tmp_path: Path) -> FixBench:
    return FixBench(PoetryProgram.of_this_environment(tmp_path / "home").warm(), index, tmp_path)


def test_one_pin_moves_to_the_smallest_fixed_version(bench: FixBench) -> None:
    project = bench.make(shop("parser>=1"), "parser==1.0")
    bench.tell("GHSA-parser", "parser", "1.1")

    answer = bench.fixed(project)

    assert answer["changes"] == ["parser [stand-in] 1.0 -> 1.1"]
    assert answer["reasons"] == {"parser": "fixes GHSA-parser"}
    (fix,) = answer["fixes"]
    assert (fix["how"], fix["certified"], fix["to_version"]) == ("pin", True, "1.1")
    assert fix["diff"] == ["- parser 1.0", "+ parser 1.1"]
    assert answer["left"] == []
    assert project.lockfile().builds("parser") == {"1.1": ("main",)}
    assert sorted(one.name for one in project.path.iterdir()) == [".venv", "poetry.lock", "pyproject.toml"]
    before = project.files()
    bench.poetry.must(project, "lock")
    assert project.files() == before


def test_a_transitive_package_moves_without_its_parents(bench: FixBench) -> None:
    project = bench.make(shop("toolkit"), "parser==1.0", "toolkit==0.3")
    bench.tell("GHSA-parser", "parser", "1.2")

    answer = bench.fixed(project)

    assert answer["changes"] == ["parser [stand-in] 1.0 -> 1.2"]
    assert by_package(answer)["parser"]["certified"]


def test_a_parent_that_refuses_moves_along_and_is_named(bench: FixBench) -> None:
    project = bench.make(shop("webapi"), "webapi==0.1", "parser==1.0")
    bench.tell("GHSA-toolkit", "toolkit", "0.4")

    answer = bench.fixed(project)

    (fix,) = answer["fixes"]
    assert (fix["how"], fix["certified"], [name for name, _ in fix["moves"]]) == ("pin", False, ["webapi"])
    assert fix["blockers"] == ["webapi 0.1 requires toolkit >=0.3,<0.4, fixed in 0.4; webapi 0.2 allows it"]
    assert answer["reasons"]["toolkit"] == "fixes GHSA-toolkit"
    assert answer["reasons"]["webapi"] == "0.1 requires toolkit >=0.3,<0.4, and toolkit is 0.4 now"
    assert answer["reasons"]["looper"] == "toolkit 0.4 needs looper >=4"
    assert "parser" not in answer["reasons"]
    bench.poetry.must(project, "check", "--lock")


def test_a_parent_that_newly_asks_for_an_extra_of_a_locked_package_gets_it(bench: FixBench) -> None:
    bench.index.publish("pypi", "server", "1.0", ["parser"], {"fast": ["looper>=4"]})
    bench.index.publish("pypi", "app", "1.0", ["server"])
    bench.index.publish("pypi", "app", "1.1", ["server[fast]"])
    project = bench.make(shop("app"), "app==1.0", "parser==1.0")
    bench.tell("GHSA-app", "app", "1.1")

    answer = bench.fixed(project)

    assert answer["changes"] == ["app [stand-in] 1.0 -> 1.1", "looper [stand-in] 4.0 (new)"]
    before = project.files()
    bench.poetry.must(project, "lock")
    assert project.files() == before


def test_requirements_of_extras_that_nobody_asks_for_stay_out_of_the_lock(bench: FixBench) -> None:
    extras = {"fast": ["looper>=4"], "slow": ["looper<4", "webapi"]}
    for version in ("1.0", "1.1"):
        bench.index.publish("pypi", "tuned", version, ["parser", "backport ; python_version < '3.8'"], extras)
    project = bench.make(shop("tuned[fast]"), "tuned==1.0", "parser==1.0")
    bench.tell("GHSA-tuned", "tuned", "1.1")

    answer = bench.fixed(project)

    assert (answer["changes"], answer["solves"]) == (["tuned [stand-in] 1.0 -> 1.1"], 0)
    before = project.files()
    bench.poetry.must(project, "lock")
    assert project.files() == before


@pytest.fixture
def variants(bench: FixBench) -> Project:
    """Return a project with two hardware variants that was locked when torch 2.10.0 was the newest."""
    text = shop("parser>=1") + VARIANTS
    project = bench.make(
        text.replace("torch = {source", 'torch = {version = "2.10.0", source'), "parser==1.0"
    )
    project_from(text, bench.index, project.path)
    bench.poetry.must(project, "lock")
    return project


def test_every_build_of_a_hardware_variant_moves(bench: FixBench, variants: Project) -> None:
    bench.tell("GHSA-torch", "torch", "2.11.0")
    bench.tell("GHSA-parser", "parser", "1.1")

    answer = bench.fixed(variants)

    assert answer["changes"] == [
        "parser [stand-in] 1.0 -> 1.1",
        "torch [pytorch-cpu] 2.10.0+cpu -> 2.11.0+cpu",
        "torch [pytorch-cu126] 2.10.0+cu126 -> 2.11.0+cu126",
    ]
    assert (answer["left"], answer["solves"]) == ([], 0)
    assert variants.lockfile().builds("torch") == {"2.11.0+cpu": ("ml-cpu",), "2.11.0+cu126": ("ml-gpu",)}
    before = variants.files()
    bench.poetry.must(variants, "lock")
    assert variants.files() == before


def test_hardware_variants_are_solved_where_a_fix_brings_new_packages(
    bench: FixBench, variants: Project
) -> None:
    bench.tell("GHSA-torch", "torch", "2.12.0")

    answer = bench.fixed(variants)

    assert (answer["left"], answer["solves"]) == ([], 1)
    assert answer["reasons"]["looper"] == "torch 2.12.0+cpu needs looper *"
    lock = variants.lockfile()
    assert lock.builds("torch") == {"2.12.0+cpu": ("ml-cpu",), "2.12.0+cu126": ("ml-gpu",)}
    assert lock.builds("looper") == {"4.0": ("ml-cpu", "ml-gpu")}
    assert lock.builds("parser") == {"1.0": ("main", "ml-cpu", "ml-gpu")}
    before = variants.files()
    bench.poetry.must(variants, "lock")
    assert variants.files() == before
