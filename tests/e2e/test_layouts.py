"""The ways in which people write such projects, beyond the plain layout."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support import projects
from tests.support.lockfile import machine_named
from tests.support.projects import project_from
from tests.support.standard_index import NEWEST_TORCH


if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import ProjectFactory
    from tests.support.index import PackageIndex
    from tests.support.poetry_program import PoetryProgram


GROUPS_SINCE = (2, 2)
"""The first minor that reads PEP 735 groups and ``include-groups``."""


@pytest.mark.every_poetry_minor
def test_standard_tables_lock_like_legacy_ones(poetry: PoetryProgram, locked_project: ProjectFactory) -> None:
    if poetry.version() < GROUPS_SINCE:
        pytest.skip("Poetry reads PEP 735 dependency groups since 2.2")
    standard = locked_project(projects.STANDARDS, "standard").lockfile()
    legacy = locked_project(projects.HW, "legacy").lockfile()

    for groups in (("main", "dev"), ("main", "dev", "ml-cpu"), ("main", "dev", "ml-gpu")):
        assert standard.selected(*groups) == legacy.selected(*groups)


@pytest.mark.every_poetry_minor
def test_variants_may_include_the_same_third_group(
    poetry: PoetryProgram, locked_project: ProjectFactory
) -> None:
    if poetry.version() < GROUPS_SINCE:
        pytest.skip("Poetry reads include-groups since 2.2")
    lock = locked_project(projects.INCLUDED).lockfile()

    assert lock.builds("requests") == {"2.31.0": ("ml-cpu", "ml-gpu", "serving")}
    assert lock.selected("main", "ml-gpu")["requests"] == "2.31.0"


@pytest.mark.every_poetry_minor
def test_a_variant_may_hold_another_build_for_another_platform(locked_project: ProjectFactory) -> None:
    lock = locked_project(projects.MACOS_FROM_ELSEWHERE).lockfile()

    torch = {
        platform: lock.selected("main", "ml-cpu", machine=machine_named(platform))["torch"]
        for platform in ("linux-x86_64", "windows-x86_64", "macos-arm64")
    }

    assert torch == {
        "linux-x86_64": f"{NEWEST_TORCH}+cpu",
        "windows-x86_64": f"{NEWEST_TORCH}+cpu",
        "macos-arm64": NEWEST_TORCH,
    }
    assert lock.doubled("main", "dev", "ml-cpu") == set()
    assert lock.selected("main", "ml-gpu")["torch"] == f"{NEWEST_TORCH}+cu126"


def test_builds_for_other_platforms_do_not_drift(
    poetry: PoetryProgram, locked_project: ProjectFactory
) -> None:
    project = locked_project(projects.MACOS_FROM_ELSEWHERE)
    before = project.files()

    poetry.must(project, "lock")

    assert project.files() == before


def test_a_variant_without_torch_still_gets_the_one_that_main_needs(locked_project: ProjectFactory) -> None:
    lock = locked_project(projects.TORCHLESS_VARIANT).lockfile()

    assert lock.selected("main", "edge")["torch"] == NEWEST_TORCH
    assert lock.selected("main", "ml-cpu")["torch"] == f"{NEWEST_TORCH}+cpu"
    assert "torch" not in lock.selected("main")
    assert lock.doubled("main", "dev", "edge") == set()


@pytest.mark.every_poetry_minor
def test_an_extra_that_needs_torch_gets_the_variants_build(
    poetry: PoetryProgram, locked_project: ProjectFactory
) -> None:
    if poetry.version() < GROUPS_SINCE:
        pytest.skip("Poetry reads PEP 735 dependency groups since 2.2")
    project = locked_project(projects.EXTRA_REACHES_TORCH)

    poetry.must(project, "install", "--with", "ml-gpu", "--extras", "train")

    installed = project.installed()
    assert installed["lightning"] == "2.5.0"
    assert installed["torch"] == f"{NEWEST_TORCH}+cu126"


def test_an_extra_that_needs_torch_leaves_torch_out_of_main(locked_project: ProjectFactory) -> None:
    lock = locked_project(projects.EXTRA_REACHES_TORCH).lockfile()

    with_extra = lock.selected("main", machine={**machine_named("linux-x86_64"), "extra": "train"})

    assert "lightning" in with_extra
    assert "torch" not in with_extra


@pytest.mark.every_poetry_minor
def test_what_one_variant_narrows_holds_for_all(locked_project: ProjectFactory) -> None:
    lock = locked_project(projects.VARIANT_NARROWS_BASE).lockfile()

    assert lock.builds("requests") == {"2.30.0": ("main", "ml-gpu")}


def test_group_names_may_be_spelt_in_any_way(poetry: PoetryProgram, locked_project: ProjectFactory) -> None:
    project = locked_project(projects.ODD_NAMES, "odd")
    expected = locked_project(projects.HW, "plain").lockfile()

    assert project.lockfile().selected("main", "ml-gpu") == expected.selected("main", "ml-gpu")
    poetry.must(project, "install", "--with", "ML_GPU", "--dry-run")


def test_a_library_beside_the_project_is_locked_once(
    poetry: PoetryProgram, new_project: ProjectFactory
) -> None:
    project = new_project(projects.PATH_DEPENDENCY)
    library = project.path / "mylib"
    library.mkdir()
    (library / "pyproject.toml").write_text(projects.MYLIB, encoding="utf-8")

    poetry.must(project, "lock")
    before = project.files()
    poetry.must(project, "lock")

    assert project.lockfile().builds("mylib") == {"1.0.0": ("main",)}
    assert project.lockfile().builds("idna") == {"3.6": ("main",)}
    assert project.files() == before


def test_a_lock_that_knows_no_groups_is_renewed(
    poetry: PoetryProgram, locked_project: ProjectFactory
) -> None:
    project = locked_project(projects.HW)
    good = project.lockfile()
    lines = project.lock_path.read_text(encoding="utf-8").splitlines()
    old = [line for line in lines if not line.startswith(("groups = ", "markers = "))]
    text = "\n".join(old).replace('lock-version = "2.1"', 'lock-version = "2.0"')
    project.lock_path.write_text(text + "\n", encoding="utf-8")

    poetry.must(project, "lock")

    assert project.lockfile() == good


def test_locking_downloads_no_wheel_and_reads_no_metadata_twice(
    own_poetry: PoetryProgram, own_index: PackageIndex, tmp_path: Path
) -> None:
    project = project_from(projects.HW3, own_index, tmp_path / "project")
    own_index.forget_requests()

    own_poetry.must(project, "lock")

    requests = own_index.requests()
    assert [path for path in requests if path.endswith(".whl")] == []
    assert {path: count for path, count in requests.items() if path.endswith(".metadata") and count > 1} == {}


def test_four_variants_ask_for_a_package_page_no_more_often_than_one(
    own_poetry: PoetryProgram, own_index: PackageIndex, tmp_path: Path
) -> None:
    one = project_from(projects.head() + projects.ML_GPU, own_index, tmp_path / "one")
    own_poetry.must(one, "lock")
    alone = own_index.requests("/pypi/simple/typing-extensions/")
    own_index.forget_requests()
    four = project_from(projects.HW3, own_index, tmp_path / "four")

    own_poetry.must(four, "lock")

    page = "/pypi/simple/typing-extensions/"
    assert own_index.requests(page)[page] <= alone[page]


def test_an_extra_that_the_locked_build_does_not_have_is_a_warning(
    poetry: PoetryProgram, new_project: ProjectFactory
) -> None:
    project = new_project(
        projects.HW.replace('{version = "^2.10.0+cpu"', '{extras = ["nope"], version = "^2.10.0+cpu"')
    )

    done = poetry.must(project, "lock")

    assert "torch[nope]" in done.stderr
    assert f"{NEWEST_TORCH}+cpu" in done.stderr
