"""One poetry.lock holds every hardware variant: what lands in which group, and that no machine gets two builds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support import projects
from tests.support.standard_index import NEWEST_TORCH


if TYPE_CHECKING:
    from tests.conftest import ProjectFactory
    from tests.support.poetry_program import PoetryProgram


BASE = {
    "fastapi": "0.109.0",
    "iniconfig": "2.0.0",
    "pydantic": "2.6.0",
    "pytest": "7.4.3",
    "typing-extensions": "4.12.0",
}


@pytest.mark.every_poetry_minor
def test_each_variant_gets_its_own_build_of_torch(locked_project: ProjectFactory) -> None:
    lock = locked_project(projects.HW).lockfile()

    assert lock.builds("torch") == {f"{NEWEST_TORCH}+cpu": ("ml-cpu",), f"{NEWEST_TORCH}+cu126": ("ml-gpu",)}
    assert lock.source_of("torch", f"{NEWEST_TORCH}+cpu") == "pytorch-cpu"
    assert lock.source_of("torch", f"{NEWEST_TORCH}+cu126") == "pytorch-cu126"


@pytest.mark.every_poetry_minor
def test_a_variant_selects_exactly_what_it_needs(locked_project: ProjectFactory) -> None:
    lock = locked_project(projects.HW).lockfile()

    assert lock.selected("main", "dev") == BASE
    assert lock.selected("main", "dev", "ml-cpu") == {
        **BASE,
        "filelock": "3.13.0",
        "numpy": "1.26.4",
        "tensorflow-cpu": "2.20.0",
        "torch": f"{NEWEST_TORCH}+cpu",
    }
    assert lock.selected("main", "dev", "ml-gpu") == {
        **BASE,
        "filelock": "3.13.0",
        "numpy": "2.2.0",
        "nvidia-cublas-cu12": "12.6.4.1",
        "nvidia-cudnn-cu12": "9.5.1.17",
        "tensorflow": "2.20.0",
        "torch": f"{NEWEST_TORCH}+cu126",
        "triton": "3.6.0",
    }


def test_four_variants_share_one_lock(locked_project: ProjectFactory) -> None:
    lock = locked_project(projects.HW3).lockfile()

    torch = {
        group: lock.selected("main", group).get("torch") for group in ("ml-cpu", "ml-gpu", "ml-rocm", "edge")
    }

    assert torch == {
        "ml-cpu": f"{NEWEST_TORCH}+cpu",
        "ml-gpu": f"{NEWEST_TORCH}+cu126",
        "ml-rocm": f"{NEWEST_TORCH}+rocm7.2",
        "edge": None,
    }


def test_a_variant_may_hold_other_frameworks_than_torch(locked_project: ProjectFactory) -> None:
    lock = locked_project(projects.HW3).lockfile()

    edge = lock.selected("main", "edge")

    assert (edge["onnxruntime"], edge["numpy"]) == ("1.23.0", "2.2.0")
    assert lock.source_of("pytorch-triton-rocm", "3.6.0") == "pytorch-rocm"


@pytest.mark.parametrize(
    ("template", "variants"),
    [
        (projects.HW, ("ml-cpu", "ml-gpu")),
        (projects.HW3, ("ml-cpu", "ml-gpu", "ml-rocm", "edge")),
        (projects.BASE_CAN_AGREE, ("ml-cpu", "ml-gpu")),
        (projects.MAIN_REACHES_TORCH, ("ml-cpu", "ml-gpu")),
    ],
    ids=["two", "four", "base", "lightning"],
)
def test_no_machine_gets_two_builds_of_anything(
    locked_project: ProjectFactory, template: str, variants: tuple[str, ...]
) -> None:
    lock = locked_project(template).lockfile()

    assert lock.doubled("main", "dev") == set()
    for variant in variants:
        assert lock.doubled("main", "dev", variant) == set()


@pytest.mark.every_poetry_minor
@pytest.mark.parametrize(
    "template",
    [projects.BASE_CAN_AGREE, projects.BASE_CAN_AGREE_SWAPPED],
    ids=["first-decides", "second-decides"],
)
def test_the_shared_base_is_the_same_beside_every_variant(
    locked_project: ProjectFactory, template: str
) -> None:
    lock = locked_project(template).lockfile()

    assert lock.builds("numpy") == {"1.26.4": ("main", "ml-cpu", "ml-gpu")}
    assert len(lock.builds("torch")) == 2


def test_the_base_may_agree_on_a_version_that_no_variant_would_choose_alone(
    locked_project: ProjectFactory,
) -> None:
    lock = locked_project(projects.BASE_CAN_AGREE_ON_A_THIRD).lockfile()

    assert lock.builds("numpy") == {"1.26.4": ("main", "ml-gpu", "ml-rocm")}


@pytest.mark.every_poetry_minor
@pytest.mark.parametrize(
    "template",
    [projects.MAIN_REACHES_TORCH, projects.MAIN_REACHES_TORCH_DECLARED],
    ids=["inferred", "declared"],
)
def test_torch_belongs_to_the_variants_even_where_main_reaches_it(
    locked_project: ProjectFactory, template: str
) -> None:
    lock = locked_project(template).lockfile()

    assert set(lock.selected("main")) == {"fastapi", "lightning", "pydantic", "typing-extensions"}
    assert lock.selected("main", "ml-cpu")["torch"] == f"{NEWEST_TORCH}+cpu"
    assert lock.selected("main", "ml-gpu")["torch"] == f"{NEWEST_TORCH}+cu126"
    assert lock.selected("main", "ml-gpu")["nvidia-cublas-cu12"] == "12.6.4.1"


def test_a_list_of_provided_packages_makes_no_other_lock_than_its_default(
    locked_project: ProjectFactory,
) -> None:
    inferred = locked_project(projects.MAIN_REACHES_TORCH, "inferred")
    declared = locked_project(projects.MAIN_REACHES_TORCH_DECLARED, "declared")

    assert inferred.lock_path.read_bytes() == declared.lock_path.read_bytes()


@pytest.mark.every_poetry_minor
def test_the_cuda_toolkit_is_locked_once_for_every_machine(
    poetry: PoetryProgram, new_project: ProjectFactory
) -> None:
    project = new_project(projects.TOOLKIT)

    done = poetry.must(project, "lock")

    lock = project.lockfile()
    assert lock.doubled("main", "dev", "ml-gpu") == set()
    assert lock.selected("main", "ml-gpu")["nvidia-cublas"] == "13.4.1.3"
    assert lock.selected("main", "ml-gpu")["nvidia-cuda-nvrtc"] == "13.2.86"
    healed = poetry.version() >= (2, 5)
    assert ("nvidia-cublas" in done.output and "13.4.1.3" in done.output) == healed, str(done)


@pytest.mark.every_poetry_minor
def test_a_healed_lock_stays_as_it_is(poetry: PoetryProgram, locked_project: ProjectFactory) -> None:
    project = locked_project(projects.TOOLKIT)
    before = project.files()

    poetry.must(project, "lock")

    assert project.files() == before


def test_lock_tells_which_variants_it_holds(poetry: PoetryProgram, new_project: ProjectFactory) -> None:
    done = poetry.must(new_project(projects.HW), "lock")

    for word in ("ml-cpu", "ml-gpu"):
        assert word in done.output


@pytest.mark.parametrize("template", [projects.ORDINARY, projects.SOUND_EXTRAS], ids=["no-groups", "extras"])
def test_projects_without_variants_lock_as_without_the_plugin(
    poetry: PoetryProgram, teammate: PoetryProgram, new_project: ProjectFactory, template: str
) -> None:
    ours, plain = new_project(template, "ours"), new_project(template, "plain")

    done = poetry.must(ours, "lock")
    expected = teammate.must(plain, "lock")

    assert ours.files() == plain.files()
    assert done.output.replace("ours", "plain") == expected.output
