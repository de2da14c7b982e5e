"""``poetry hw-add`` on the real program: what it writes, locks, refuses, and leaves alone."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest
from tests.support import projects
from tests.support.expect import refused
from tests.support.index import Fault
from tests.support.lockfile import machine_named
from tests.support.projects import project_from
from tests.support.schemas import conforming
from tests.support.standard_index import NEWEST_TORCH, PYPI


if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import ProjectFactory
    from tests.support.index import PackageIndex
    from tests.support.poetry_program import PoetryProgram


AMPERE = "linux-x86_64,driver=580.65.06,cc=8.6"

IN_MAIN = projects.head('torch = "^2.10" # keep this line short\n')

STANDARD_LAYOUT = """\
[project]
name = "chatbot"
version = "0.1.0"
requires-python = ">=3.11,<4.0"
dependencies = [
  "fastapi (>=0.109.0,<0.110.0)", # the web part
  "torch>=2.10",
]

[dependency-groups]
dev = ["pytest (>=7.4.3,<8.0.0)"]

[tool.poetry]
package-mode = false
"""

NOT_OPTIONAL = projects.head() + '\n[tool.poetry.group.ml-cpu.dependencies]\nnumpy = "*"\n'

OLD_DEV = projects.head().replace(
    "[tool.poetry.group.dev.dependencies]", "[tool.poetry.dev-dependencies]"
) + ('torch = "^2.10"\n')

PATH_IN_MAIN = projects.head('torch = {url = "https://files.example/torch-2.10.0-py3-none-any.whl"}\n')


def torch_index(index: PackageIndex) -> dict[str, str]:
    return {"POETRY_AIOPS_TORCH_INDEX": index.root + "/{backend}/simple/"}


@pytest.mark.every_poetry_minor
def test_torch_in_main_becomes_two_variants_with_every_poetry(
    poetry: PoetryProgram, new_project: ProjectFactory, index: PackageIndex
) -> None:
    project = new_project(IN_MAIN)
    poetry.must(project, "hw-add", "torch", "--variants", "cpu,cu126", **torch_index(index))
    assert project.lockfile().selected("main", "ml-cpu")["torch"] == f"{NEWEST_TORCH}+cpu"
    assert project.lockfile().doubled("main", "ml-cu126") == set()


@pytest.mark.parametrize(
    "layout",
    [IN_MAIN, STANDARD_LAYOUT + "group = {}\n"],
    ids=["poetry", "standard, with what Poetry leaves"],
)
def test_torch_in_main_becomes_two_variants_that_lock_and_install(
    poetry: PoetryProgram, new_project: ProjectFactory, index: PackageIndex, layout: str
) -> None:
    project = new_project(layout)

    done = poetry.must(project, "hw-add", "torch", "--variants", "cpu,cu126", **torch_index(index))

    assert "torch moves out of main" in done.stderr
    assert "Wrote pyproject.toml and poetry.lock" in done.stdout
    lock = project.lockfile()
    assert lock.selected("main", "ml-cpu")["torch"] == f"{NEWEST_TORCH}+cpu"
    assert lock.selected("main", "ml-cu126")["torch"] == f"{NEWEST_TORCH}+cu126"
    assert "torch" not in lock.selected("main", "dev")
    poetry.must(project, "hw-install", "--target", AMPERE)
    assert project.installed()["torch"] == f"{NEWEST_TORCH}+cu126"
    poetry.must(project, "check", "--lock")


@pytest.mark.parametrize("layout", [IN_MAIN, STANDARD_LAYOUT], ids=["poetry", "standard"])
def test_the_same_again_changes_nothing(
    poetry: PoetryProgram, new_project: ProjectFactory, index: PackageIndex, layout: str
) -> None:
    project = new_project(layout)
    poetry.must(project, "hw-add", "torch@^2.10", "--variants", "cpu,cu126", **torch_index(index))
    before = project.files()

    again = poetry.must(project, "hw-add", "torch@^2.10", "--variants", "cpu,cu126")

    assert project.files() == before
    assert "Nothing to change." in again.stdout
    assert "Resolving" not in again.output


def test_a_third_variant_joins_two_that_exist(
    own_poetry: PoetryProgram, own_index: PackageIndex, tmp_path: Path
) -> None:
    own_index.publish("rocm7.2", "triton-rocm", "3.6.0", ["filelock"])
    own_index.publish(
        "rocm7.2",
        "torch",
        f"{NEWEST_TORCH}+rocm7.2",
        ["filelock", "triton-rocm==3.6.0 ; platform_system == 'Linux'"],
    )
    project = project_from(projects.HW, own_index, tmp_path / "project")
    poetry = own_poetry

    poetry.must(project, "hw-add", "torch", "--variants", "rocm7.2", **torch_index(own_index))

    lock = project.lockfile()
    assert lock.selected("main", "ml-rocm7-2")["torch"] == f"{NEWEST_TORCH}+rocm7.2"
    assert lock.selected("main", "ml-rocm7-2")["triton-rocm"] == "3.6.0"
    assert lock.selected("main", "ml-gpu")["torch"] == f"{NEWEST_TORCH}+cu126"


def test_the_darwin_arm_of_the_cpu_variant_comes_from_the_default_index(
    poetry: PoetryProgram, new_project: ProjectFactory, index: PackageIndex
) -> None:
    project = new_project(projects.head())
    poetry.must(
        project, "hw-add", "torch", "torchvision", "--variants", "cpu,mps,cu126", **torch_index(index)
    )
    for variant in ("ml-cpu", "ml-mps"):
        chosen = project.lockfile().selected("main", variant, machine=machine_named("macos-arm64"))
        assert chosen["torch"] == NEWEST_TORCH
        assert not any(name.startswith("nvidia") for name in chosen)
    assert "torch" not in project.lockfile().selected("main", "ml-mps")


def test_frameworks_of_the_default_index_need_no_source(
    poetry: PoetryProgram, new_project: ProjectFactory
) -> None:
    project = new_project(projects.head())
    poetry.must(project, "hw-add", "tensorflow", "onnxruntime", "--variants", "cpu,cu126")
    lock = project.lockfile()
    assert {"tensorflow-cpu", "onnxruntime"} <= lock.selected("main", "ml-cpu").keys()
    assert {"tensorflow", "nvidia-cudnn-cu12", "onnxruntime-gpu"} <= lock.selected("main", "ml-cu126").keys()
    assert "pytorch" not in project.pyproject.read_text("utf-8")


def test_a_variant_may_stay_empty_where_a_framework_has_no_build(
    own_poetry: PoetryProgram, own_index: PackageIndex, tmp_path: Path
) -> None:
    own_index.publish(PYPI, "cupy-cuda12x", "14.0.0")
    project = project_from(projects.head(), own_index, tmp_path / "project")
    done = own_poetry.must(project, "hw-add", "cupy", "--variants", "cpu,cu126")
    assert "CuPy has no build for cpu" in done.stderr
    assert "cupy-cuda12x" not in project.lockfile().selected("main", "ml-cpu")
    assert project.lockfile().selected("main", "ml-cu126")["cupy-cuda12x"] == "14.0.0"


def test_groups_that_look_like_variants_are_used_and_declared(
    poetry: PoetryProgram, new_project: ProjectFactory
) -> None:
    project = new_project(projects.SEED)
    poetry.must(project, "hw-add", "onnxruntime", "--variants", "cpu,cu126", "--no-lock")
    text = project.pyproject.read_text("utf-8")
    assert text.endswith('[tool.poetry-aiops.hardware.variants]\nml-cpu = "cpu"\nml-gpu = "cu126"\n')
    assert text.count("onnxruntime-gpu = ") == 1
    assert (
        'onnxruntime = {version = "*", markers = "sys_platform == \'never\'"}' in text
    )  # its twin stands for it


# -- dry run, documents, locking apart --------------------------------------------------------------------


def test_a_dry_run_shows_the_diff_and_writes_nothing(
    poetry: PoetryProgram, new_project: ProjectFactory
) -> None:
    project = new_project(IN_MAIN)
    before = project.files()
    done = poetry.must(project, "hw-add", "torch", "--variants", "cpu,cu126", "--dry-run")
    assert project.files() == before
    assert sorted(path.name for path in project.path.iterdir()) == ["pyproject.toml"]
    assert '-torch = "^2.10" # keep this line short' in done.stdout
    assert '+url = "https://download.pytorch.org/whl/cu126"' in done.stdout
    assert "Dry run" in done.stdout


@pytest.mark.parametrize("options", [("--dry-run",), ("-vvv",)])
def test_with_json_standard_output_is_one_document(
    poetry: PoetryProgram, new_project: ProjectFactory, index: PackageIndex, options: tuple[str, ...]
) -> None:
    project = new_project(IN_MAIN)
    done = poetry.must(
        project,
        "hw-add",
        "torch",
        "--variants",
        "cpu,cu126",
        "--format",
        "json",
        *options,
        **torch_index(index),
    )
    document = conforming(done.stdout)
    assert document["schema"] == "poetry-aiops/hw-add/1"
    assert [one["group"] for one in document["variants"]] == ["ml-cpu", "ml-cu126"]
    assert document["moved"] == [{"name": "torch", "group": "main"}]
    assert document["diff"].startswith("--- pyproject.toml")
    dry = "--dry-run" in options
    assert document["files"] == ([] if dry else ["pyproject.toml", "poetry.lock"])


def test_without_locking_only_pyproject_is_written(
    poetry: PoetryProgram, new_project: ProjectFactory, index: PackageIndex
) -> None:
    project = new_project(projects.head())
    poetry.must(project, "hw-add", "torch", "--variants", "cpu,cu126", "--no-lock", **torch_index(index))
    assert not project.lock_path.exists()
    assert 'ml-cu126 = "cu126"' in project.pyproject.read_text("utf-8")


def test_the_plugin_is_offered_and_written_only_on_request(
    poetry: PoetryProgram, new_project: ProjectFactory
) -> None:
    project = new_project(projects.head())
    done = poetry.must(project, "hw-add", "onnxruntime", "--variants", "cpu,cu126", "--dry-run")
    assert "[tool.poetry.requires-plugins]" in done.stdout
    assert "+[tool.poetry.requires-plugins]" not in done.stdout
    arguments = ("hw-add", "onnxruntime", "--variants", "cpu,cu126", "--no-lock", "--requires-plugins")
    poetry.must(project, *arguments)
    assert '[tool.poetry.requires-plugins]\npoetry-aiops = ">=' in project.pyproject.read_text("utf-8")


def test_a_variant_that_is_taken_out_leaves_nothing_and_environments_choose_anew(
    poetry: PoetryProgram, locked_project: ProjectFactory
) -> None:
    project = locked_project(projects.HW)
    poetry.must(project, "hw-install", "--hardware", "ml-gpu")
    done = poetry.must(project, "hw-add", "--remove", "cu126", "--format", "json")
    document = conforming(done.stdout)
    assert document["removed"] == {"variants": ["ml-gpu"], "sources": ["pytorch-cu126"]}
    assert document["files"] == ["pyproject.toml", "poetry.lock"]
    assert "cu126" not in project.pyproject.read_text("utf-8") + project.lock_path.read_text("utf-8")
    poetry.must(project, "check", "--lock")
    installed = poetry.must(project, "hw-install")
    assert "remembers the variant ml-gpu, which no longer exists; choosing again" in installed.output
    assert project.installed()["torch"] == f"{NEWEST_TORCH}+cpu"
    assert not [name for name in project.installed() if name.startswith("nvidia-")]


# -- when it cannot be done -------------------------------------------------------------------------------


def test_a_failed_lock_writes_nothing(
    poetry: PoetryProgram, locked_project: ProjectFactory, index: PackageIndex
) -> None:
    project = locked_project(projects.ORDINARY)
    before = project.files()
    done = poetry.run(project, "hw-add", "torch@^2.15", "--variants", "cpu,cu130", **torch_index(index))
    refused(
        done, project, before, "no versions fit together", "Locking failed, so nothing was written", code=1
    )


def test_a_base_that_cannot_agree_writes_nothing_either(
    poetry: PoetryProgram, new_project: ProjectFactory, index: PackageIndex
) -> None:
    project = new_project(projects.head('numpy = ">=1.26"\n'))
    before = project.files()
    done = poetry.run(project, "hw-add", "torch", "--variants", "cpu,cu126", **torch_index(index))
    refused(done, project, before, "numpy", "Locking failed, so nothing was written")


@pytest.mark.slow
def test_an_index_that_does_not_answer_writes_nothing(
    own_poetry: PoetryProgram, own_index: PackageIndex, tmp_path: Path
) -> None:
    project = project_from(projects.head(), own_index, tmp_path / "project")
    before = project.files()
    with own_index.fault("cu126", Fault.SERVER_ERROR):
        done = own_poetry.run(project, "hw-add", "torch", "--variants", "cpu,cu126", **torch_index(own_index))
    assert done.code != 0
    assert "could not be checked" in done.stderr
    assert "Locking failed, so nothing was written" in done.stderr
    assert project.files() == before


def test_an_index_without_hashes_is_warned_about_before_locking(
    own_poetry: PoetryProgram, own_index: PackageIndex, tmp_path: Path
) -> None:
    project = project_from(projects.head(), own_index, tmp_path / "project")
    own_index.forget_requests()
    with own_index.fault("cu126", Fault.NO_HASHES):
        done = own_poetry.must(
            project, "hw-add", "torch", "--variants", "cpu,cu126", **torch_index(own_index)
        )
    assert "pytorch-cu126 gives no sha256" in done.stderr
    assert "pytorch-cpu gives" not in done.stderr
    assert own_index.requests("/cu126/simple/torch/") != {}
    assert own_index.requests("/cu126/simple/torch/")["/cu126/simple/torch/"] == 1


@pytest.mark.parametrize(
    ("template", "arguments", "said"),
    [
        (projects.HW, ("torch", "--variants", "cuda12.6"), ("cuda12.6", 'Did you mean "cu126"?')),
        (projects.HW, ("torch", "--variants", "cu127"), ("cu127", "Known are")),
        (projects.HW, ("torch", "--variants", ","), ("--variants", "names no backend")),
        (projects.HW, ("torch",), ("--variants", "names no backend")),
        (projects.ORDINARY, ("torch", "--variants", "cu126"), ("one variant alone", "--variants cpu,cu126")),
        (projects.HW, ("torch", "Torch", "--variants", "cpu"), ("named twice",)),
        (projects.HW, ("torch", "--variants", "cpu,cpu"), ("named twice",)),
        (projects.HW, ("git+https://h.example/x", "--variants", "cpu"), ("not a package name",)),
        (projects.HW, ("torch@banana", "--variants", "cpu"), ("banana",)),
        (projects.HW, ("torch@^2.11", "--variants", "cpu"), ("already requires torch", "--replace")),
        (projects.ORDINARY, ("torch@^2.15", "--variants", "cpu,cu126"), ("torch 2.6 to 2.14",)),
        (NOT_OPTIONAL, ("torch", "--variants", "cpu,cu126"), ("ml-cpu", "not optional", "optional = true")),
        (OLD_DEV, ("torch", "--variants", "cpu,cu126"), ("dev-dependencies", "torch cannot be moved")),
        (PATH_IN_MAIN, ("torch", "--variants", "cpu,cu126"), ("torch cannot be moved", "files.example")),
        (
            projects.EXTRAS + projects.TWO_VARIANTS,
            ("jax", "--variants", "cpu"),
            ("are extras", "hw-add writes"),
        ),
        (projects.HW, ("torch", "--variants", "cpu", "--format", "xml"), ("--format", "json")),
        (projects.HW, ("--variants", "cpu"), ("poetry hw-add", "no package is named")),
        (projects.HW, ("--remove", "ml-gpuu"), ("--remove", "ml-gpuu", 'Did you mean "ml-gpu"?')),
        (projects.HW, ("--from-groups",), ("--from-groups", "already")),
        (projects.ORDINARY, ("--from-groups",), ("--from-groups", "different builds")),
        (
            projects.HW,
            ("--remove", "cpu", "--from-groups"),
            ("--from-groups", "takes the variants from the groups unchanged"),
        ),
        (
            projects.HW + '\n[tool.poetry-aiops.profiles.lab]\nvariant = "ml-gpu"\n',
            ("--remove", "cu126"),
            ("profiles.lab", 'no variant "ml-gpu"'),
        ),
    ],
)
def test_what_cannot_be_done_is_refused_in_words_with_nothing_written(
    poetry: PoetryProgram,
    new_project: ProjectFactory,
    template: str,
    arguments: tuple[str, ...],
    said: tuple[str, ...],
) -> None:
    project = new_project(template)
    before = project.files()
    refused(poetry.run(project, "hw-add", *arguments), project, before, *said)


def test_a_read_only_pyproject_is_refused(poetry: PoetryProgram, new_project: ProjectFactory) -> None:
    project = new_project(projects.head())
    project.pyproject.chmod(stat.S_IRUSR | stat.S_IRGRP)
    before = project.files()
    refused(poetry.run(project, "hw-add", "torch", "--variants", "cpu,cu126"), project, before, "read-only")


def test_no_project_is_told_in_words(poetry: PoetryProgram, tmp_path: Path) -> None:
    done = poetry.run(tmp_path, "hw-add", "torch", "--variants", "cpu,cu126")
    assert done.code == 2
    assert "there is no pyproject.toml" in done.stderr


def test_a_broken_pyproject_is_told_with_its_line(poetry: PoetryProgram, new_project: ProjectFactory) -> None:
    project = new_project(projects.head())
    project.pyproject.write_text("[tool.poetry\n", "utf-8")
    done = poetry.run(project, "hw-add", "torch", "--variants", "cpu,cu126")
    assert done.code == 2
    assert "pyproject.toml:1" in done.stderr


@pytest.mark.parametrize("address", ["https://user:secret@mirror.example/whl", "mirror"])
def test_an_address_that_must_not_be_written_down_is_refused(
    poetry: PoetryProgram, new_project: ProjectFactory, address: str
) -> None:
    project = new_project(projects.head())
    before = project.files()
    arguments = ("hw-add", "torch", "--variants", "cpu,cu126", "--dry-run")
    done = poetry.run(project, *arguments, POETRY_AIOPS_TORCH_INDEX=address)
    refused(done, project, before, "POETRY_AIOPS_TORCH_INDEX")
    assert "secret" not in done.output


@pytest.mark.parametrize("package", ["torch", "torch@^2.11"])
def test_the_line_that_poetry_add_names_works(
    poetry: PoetryProgram, locked_project: ProjectFactory, index: PackageIndex, package: str
) -> None:
    project = locked_project(projects.HW)
    done = poetry.run(project, "add", package)
    assert done.code == 2
    line = done.stderr.split("`poetry ")[1].split("`")[0]
    assert line.startswith(f"hw-add {package} --variants cpu,cu126")
    poetry.must(project, *line.split(), **torch_index(index))
    assert project.lockfile().selected("main", "ml-gpu")["torch"] == f"{NEWEST_TORCH}+cu126"
