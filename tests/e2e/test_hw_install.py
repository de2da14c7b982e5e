"""``poetry hw-install``: every rule of the command's contract, on the real program."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.support import projects
from tests.support.every import every
from tests.support.expect import refused
from tests.support.schemas import conforming


if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import ProjectFactory
    from tests.support.index import PackageIndex
    from tests.support.poetry_program import PoetryProgram, Project, Run


AMPERE = "linux-x86_64,driver=580.65.06,cc=8.6"
GTX_1080 = "linux-x86_64,driver=580.65.06,cc=6.1"
MI300 = "rocm,gfx=gfx942"

TWO_KINDS = """
[tool.poetry-aiops.hardware.variants]
ml-cpu = "cpu"
edge = "jetson"
"""

PROFILES = """
[tool.poetry-aiops.profiles.serving]
groups = ["main"]
variant = "ml-gpu"
"""


def selected(project: Project, *groups: str) -> dict[str, str]:
    return project.lockfile().selected(*groups)


# Poetry has no group main for a [project] without dependencies.
NOTHING_IN_MAIN = projects.STANDARDS.replace('dependencies = ["fastapi (>=0.109.0,<0.110.0)"]\n', "").replace(
    'dev = ["pytest (>=7.4.3,<8.0.0)"]\n', ""
)


@pytest.mark.parametrize("options", [(), ("--profile", "production"), ("--profile", "development")])
def test_a_project_that_needs_nothing_itself_gets_its_variant(
    options: tuple[str, ...], poetry: PoetryProgram, locked_project: ProjectFactory
) -> None:
    project = locked_project(NOTHING_IN_MAIN)

    done = poetry.must(project, "hw-install", "--hardware", "ml-cpu", *options)

    assert "ml-cpu (cpu)" in done.output
    assert project.installed() == selected(project, "ml-cpu")


# -- choosing -------------------------------------------------------------------------------------------


def test_a_machine_without_gpu_gets_the_cpu_variant_and_is_told_why(
    poetry: PoetryProgram, locked_project: ProjectFactory
) -> None:
    project = locked_project(projects.HW)

    done = poetry.must(project, "hw-install")

    assert project.installed() == selected(project, "main", "dev", "ml-cpu")
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("Using ")]
    assert line == "Using ml-cpu (cpu): no accelerator found"
    assert "no GPU found; using the CPU build. Details: poetry hw-info --explain" in done.stderr


def test_a_described_gpu_gets_its_variant_and_one_line_names_driver_and_limit(
    poetry: PoetryProgram, locked_project: ProjectFactory
) -> None:
    project = locked_project(projects.HW)

    done = poetry.must(project, "hw-install", "--target", GTX_1080)

    assert project.installed() == selected(project, "main", "dev", "ml-gpu")
    assert "Using ml-gpu (cu126): NVIDIA GPU: driver 580.65.06 runs CUDA 12.x" in done.stdout
    assert "torch up to 2.14" in done.stdout
    assert "using the CPU build" not in done.output


@pytest.mark.parametrize(
    ("asked", "variant"),
    [("ml-gpu", "ml-gpu"), ("ML_GPU", "ml-gpu"), ("cu126", "ml-gpu"), ("cuda", "ml-gpu"), ("cpu", "ml-cpu")],
)
def test_hardware_takes_a_variant_a_backend_or_a_family(
    poetry: PoetryProgram, locked_project: ProjectFactory, asked: str, variant: str
) -> None:
    done = poetry.must(locked_project(projects.HW), "hw-install", "--hardware", asked, "--dry-run")
    assert f"Using {variant} (" in done.stdout


def test_hardware_none_installs_no_variant(poetry: PoetryProgram, locked_project: ProjectFactory) -> None:
    project = locked_project(projects.HW)
    poetry.must(project, "hw-install", "--hardware", "none")
    assert project.installed() == selected(project, "main", "dev")


def test_the_environment_variable_chooses_and_the_option_beats_it(
    poetry: PoetryProgram, locked_project: ProjectFactory
) -> None:
    project = locked_project(projects.HW)
    done = poetry.must(project, "hw-install", "--dry-run", POETRY_AIOPS_HARDWARE="cuda")
    assert "Using ml-gpu (cu126), requested by POETRY_AIOPS_HARDWARE" in done.stdout
    done = poetry.must(project, "hw-install", "--dry-run", "--hardware", "cpu", POETRY_AIOPS_HARDWARE="cuda")
    assert "Using ml-cpu (cpu), requested with --hardware" in done.stdout


@pytest.mark.parametrize("option", ["--with", "--only"])
def test_a_variant_named_as_a_group_equals_hardware(
    poetry: PoetryProgram, locked_project: ProjectFactory, option: str
) -> None:
    project = locked_project(projects.HW)
    done = poetry.must(project, "hw-install", option, "ml-gpu", "--format", "json", "--dry-run")
    document = conforming(done.stdout)
    assert document["variant"] == "ml-gpu"
    assert document["groups"] == (["ml-gpu"] if option == "--only" else ["dev", "main", "ml-gpu"])


CONTRADICTIONS: dict[tuple[str, ...], tuple[str, ...]] = {
    ("--hardware", "ml-cpu", "--with", "ml-gpu"): ("--hardware", "ml-cpu", "ml-gpu"),
    ("--with", "ml-cpu,ml-gpu"): ("ml-cpu", "ml-gpu", "exclude each other"),
    ("--hardware", "rocm"): ("rocm", "ml-cpu (cpu)", "ml-gpu (cu126)", "poetry hw-add"),
    ("--hardware", "banana"): ("banana", "ml-cpu (cpu)"),
    ("--profile", "banana"): ("--profile", "production"),
    ("--profile", "edge"): ("--profile edge", "variant"),
    ("--profile", "production", "--only", "main"): ("--profile", "--only"),
    ("--target", "macos-arm64"): ("--target", "--dry-run"),
    ("--target", "banana"): ("--target", "banana"),
    ("--target", "cpu", "--verify"): ("--verify", "--target"),
    ("--target", "cpu", "--target-file", "x"): ("--target", "--target-file"),
    ("--target-file", "nowhere.txt"): ("nowhere.txt",),
    ("--format", "xml"): ("--format", "json"),
    ("--with", "banana"): ("banana",),
    ("--no-such-option",): ("--no-such-option",),
}


def test_contradictions_and_unknown_words_are_refused_before_anything_is_installed(
    poetry: PoetryProgram, locked_project: ProjectFactory
) -> None:
    project = locked_project(projects.HW)
    before = project.files()

    def is_refused(arguments: tuple[str, ...]) -> None:
        done = poetry.run(project, "hw-install", *arguments)
        refused(done, project, before, *CONTRADICTIONS[arguments])
        assert "Installing" not in done.output

    every(CONTRADICTIONS, is_refused)


def test_nothing_that_fits_is_answered_with_the_line_that_adds_it(
    poetry: PoetryProgram, locked_project: ProjectFactory
) -> None:
    project = locked_project(projects.BASE_CAN_AGREE_ON_A_THIRD)
    done = poetry.run(project, "hw-install")
    assert done.code == 1
    assert "no hardware variant of this project fits this machine" in done.stderr
    assert "ml-rocm (rocm7.2): no AMD GPU was found" in done.stderr
    assert "poetry hw-add PACKAGE --variants cpu" in done.stderr


def test_a_project_without_variants_is_installed_as_poetry_would(
    poetry: PoetryProgram, locked_project: ProjectFactory
) -> None:
    project = locked_project(projects.ORDINARY)
    done = poetry.must(project, "hw-install")
    assert project.installed() == selected(project, "main", "dev")
    assert "No hardware variants declared" in done.stdout
    assert "poetry hw-add" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "environment", "wish"),
    [
        (("--hardware", "xpu"), {}, "xpu"),
        ((), {"POETRY_AIOPS_HARDWARE": "cu130"}, "cu130"),
        (("--only", "dev"), {"POETRY_AIOPS_HARDWARE": "cu130"}, "cu130"),
    ],
)
def test_a_stated_wish_is_refused_where_the_project_has_no_variants(
    poetry: PoetryProgram,
    locked_project: ProjectFactory,
    arguments: tuple[str, ...],
    environment: dict[str, str],
    wish: str,
) -> None:
    project = locked_project(projects.ORDINARY)
    before = project.files()
    done = poetry.run(project, "hw-install", *arguments, **environment)
    refused(done, project, before, wish, "it has none", f"poetry hw-add PACKAGE --variants cpu,{wish}")
    assert "Installing" not in done.output


@pytest.mark.parametrize("template", [projects.ORDINARY, projects.HW])
@pytest.mark.parametrize("profile", ["production", "development"])
def test_a_profile_without_a_lock_is_refused_and_nothing_is_solved(
    poetry: PoetryProgram, new_project: ProjectFactory, template: str, profile: str
) -> None:
    project = new_project(template)
    before = project.files()
    done = poetry.run(project, "hw-install", "--profile", profile)
    refused(done, project, before, "poetry.lock", "missing", "poetry lock")
    assert "Resolving" not in done.output


def test_require_fails_rather_than_falling_back(
    poetry: PoetryProgram, locked_project: ProjectFactory
) -> None:
    project = locked_project(projects.HW)
    done = poetry.run(project, "hw-install", "--require", "cuda")
    assert done.code == 1
    assert "cuda is required, but the choice is ml-cpu (cpu)" in done.stderr
    assert "Installing" not in done.output
    assert poetry.run(project, "hw-install", "--require", "cuda", "--target", AMPERE, "--dry-run").code == 0
    assert poetry.run(project, "hw-install", "--require", "cu126", "--target", AMPERE, "--dry-run").code == 0
    assert poetry.run(project, "hw-install", "--require", "cu130", "--target", AMPERE, "--dry-run").code == 1


# -- groups and profiles --------------------------------------------------------------------------------


SELECTED: dict[tuple[str, ...], list[str]] = {
    (): ["dev", "main", "ml-gpu"],
    ("--without", "dev"): ["main", "ml-gpu"],
    ("--only", "dev"): ["dev"],
    ("--only", "main"): ["main", "ml-gpu"],
    ("--only-root",): [],
    ("--profile", "production"): ["main", "ml-gpu"],
    ("--profile", "development"): ["dev", "main", "ml-gpu"],
    ("--profile", "production", "--with", "dev"): ["dev", "main", "ml-gpu"],
    ("--all-groups",): ["dev", "main", "ml-gpu"],
}


def test_groups_are_those_that_poetry_would_take_and_the_one_variant(
    poetry: PoetryProgram, locked_project: ProjectFactory
) -> None:
    project = locked_project(projects.HW)
    wanted = ("--target", AMPERE, "--dry-run", "--format", "json")

    def are_selected(arguments: tuple[str, ...]) -> None:
        done = poetry.must(project, "hw-install", *arguments, *wanted)
        assert conforming(done.stdout)["groups"] == SELECTED[arguments]

    every(SELECTED, are_selected)


def test_the_edge_profile_installs_main_and_the_variant_edge(
    poetry: PoetryProgram, locked_project: ProjectFactory
) -> None:
    project = locked_project(projects.HW3)
    poetry.must(project, "hw-install", "--profile", "edge")
    assert project.installed() == selected(project, "main", "edge")


def test_an_own_profile_names_its_groups_and_variant(
    poetry: PoetryProgram, locked_project: ProjectFactory
) -> None:
    project = locked_project(projects.HW)
    project.pyproject.write_text(project.pyproject.read_text("utf-8") + PROFILES, "utf-8")
    done = poetry.must(project, "hw-install", "--profile", "serving", "--dry-run", "--format", "json")
    document = conforming(done.stdout)
    assert (document["variant"], document["groups"], document["origin"]) == (
        "ml-gpu",
        ["main", "ml-gpu"],
        "profile",
    )


# -- what stays and what goes -----------------------------------------------------------------------------


@pytest.mark.slow
def test_the_second_hardware_leaves_nothing_of_the_first(
    poetry: PoetryProgram, locked_project: ProjectFactory
) -> None:
    project = locked_project(projects.HW3)
    poetry.must(project, "hw-install", "--hardware", "ml-gpu")
    assert any(name.startswith("nvidia-") for name in project.installed())

    poetry.must(project, "hw-install", "--hardware", "ml-cpu")
    assert project.installed() == selected(project, "main", "dev", "ml-cpu")

    poetry.must(project, "hw-install", "--hardware", "ml-rocm")
    assert project.installed() == selected(project, "main", "dev", "ml-rocm")

    poetry.must(project, "hw-install", "--hardware", "none")
    assert project.installed() == selected(project, "main", "dev")


@pytest.mark.slow
def test_sync_removes_what_nothing_asks_for_without_advice_to_use_another_command(
    poetry: PoetryProgram, locked_project: ProjectFactory
) -> None:
    project = locked_project(projects.HW)
    poetry.must(project, "hw-install", "--hardware", "ml-gpu")
    done = poetry.must(project, "hw-install", "--sync", "--without", "dev")
    assert project.installed() == selected(project, "main", "ml-gpu")
    assert "deprecated" not in done.output


def test_a_dry_run_changes_nothing_in_the_environment(
    poetry: PoetryProgram, locked_project: ProjectFactory
) -> None:
    project = locked_project(projects.HW)
    poetry.must(project, "hw-install", "--hardware", "ml-gpu", "--dry-run")
    assert project.installed() == {}
    assert not (project.path / ".venv" / "poetry-aiops.json").exists()


@pytest.mark.slow
def test_a_dry_run_for_another_system_shows_what_that_system_would_get(
    poetry: PoetryProgram, new_project: ProjectFactory
) -> None:
    markers = 'numpy = {version = "*", markers = "sys_platform == \'darwin\'"}\nrequests = {version = "*", markers = "sys_platform == \'linux\'"}\n'
    project = new_project(
        projects.head(markers)
        + projects.ML_CPU.replace('tensorflow-cpu = "^2.20.0"\n', "")
        + projects.EDGE
        + TWO_KINDS
    )
    poetry.must(project, "lock")
    there = poetry.must(project, "hw-install", "--dry-run", "--hardware", "cpu", "--target", "macos-arm64")
    here = poetry.must(
        project,
        "hw-install",
        "--dry-run",
        "--hardware",
        "cpu",
        "--target",
        "linux-x86_64,driver=580.65,cc=8.6",
    )
    assert "Installing numpy" in there.stdout
    assert "Installing requests" not in there.stdout
    assert "Installing requests" in here.stdout


# -- remembering ------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_an_explicit_choice_is_remembered_until_auto_is_asked_for(
    poetry: PoetryProgram, locked_project: ProjectFactory
) -> None:
    project = locked_project(projects.HW)
    poetry.must(project, "hw-install", "--hardware", "cuda")

    again = poetry.must(project, "hw-install")
    assert "Using ml-gpu (cu126), remembered in this environment" in again.stdout
    assert "--hardware auto" in again.stdout

    poetry.must(project, "hw-install", "--hardware", "auto")
    assert "torch" in project.installed()
    assert project.installed() == selected(project, "main", "dev", "ml-cpu")
    after = poetry.must(project, "hw-install")
    assert "remembered" not in after.stdout


def test_what_is_remembered_for_this_machine_says_nothing_about_another_one(
    poetry: PoetryProgram, locked_project: ProjectFactory
) -> None:
    project = locked_project(projects.HW)
    poetry.must(project, "hw-install", "--hardware", "cpu")

    there = poetry.must(project, "hw-install", "--dry-run", "--target", "driver=580.65,cc=8.6")
    assert "Using ml-gpu (cu126)" in there.stdout
    assert "remembered" not in there.stdout

    here = poetry.must(project, "hw-install", "--dry-run")
    assert "Using ml-cpu (cpu), remembered in this environment" in here.stdout


def test_a_choice_by_the_environment_variable_is_not_remembered(
    poetry: PoetryProgram, locked_project: ProjectFactory
) -> None:
    project = locked_project(projects.HW)
    poetry.must(project, "hw-install", POETRY_AIOPS_HARDWARE="ml-gpu")
    assert "remembered" not in poetry.must(project, "hw-install", "--dry-run").stdout


def test_plain_sync_says_that_it_removes_the_variant(
    poetry: PoetryProgram, locked_project: ProjectFactory
) -> None:
    project = locked_project(projects.HW)
    poetry.must(project, "hw-install", "--hardware", "ml-gpu")
    done = poetry.must(project, "sync", "--dry-run")
    assert "holds the hardware variant ml-gpu" in done.stderr
    assert "poetry hw-install --sync" in done.stderr
    assert (
        "holds the hardware variant"
        not in poetry.must(project, "sync", "--with", "ml-gpu", "--dry-run").stderr
    )


# -- an installed plugin on a project that cannot be used ----------------------------------------------------


def test_a_broken_table_is_told_in_words_and_as_json(
    poetry: PoetryProgram, locked_project: ProjectFactory
) -> None:
    project = locked_project(projects.HW)
    project.edit('ml-gpu = "cu126"', 'ml-gpu = "cuda"')
    done = poetry.run(project, "hw-install", "--format", "json")
    assert done.code == 2
    assert "[tool.poetry-aiops.hardware.variants] ml-gpu" in done.stderr
    document = conforming(done.stdout)
    assert document["schema"] == "poetry-aiops/error/1"
    assert document["exit_code"] == 2


# -- image builds -------------------------------------------------------------------------------------------


def in_an_image_build(poetry: PoetryProgram, project: Project, *arguments: str, **environment: str) -> Run:
    """Run in a namespace whose host name is that of BuildKit's sandbox."""
    namespace = ["unshare", "--uts", "sh", "-c", 'hostname buildkitsandbox && exec "$@"', "sh"]
    probe = (
        subprocess.run([*namespace, "true"], capture_output=True, check=False)
        if shutil.which("unshare")
        else None
    )
    if probe is None or probe.returncode != 0:
        pytest.skip("this machine does not let the test change the host name in a namespace of its own")
    return replace(poetry, wrapper=tuple(namespace)).run(project, *arguments, **environment)


def test_an_image_build_must_be_told_which_machine_it_is_for(
    poetry: PoetryProgram, locked_project: ProjectFactory
) -> None:
    project = locked_project(projects.HW)
    done = in_an_image_build(poetry, project, "hw-install")
    assert done.code == 2
    assert "POETRY_AIOPS_HARDWARE" in done.stderr
    assert "Installing" not in done.output
    done = in_an_image_build(poetry, project, "hw-install", "--dry-run", POETRY_AIOPS_HARDWARE="cu126")
    assert done.code == 0
    assert "Using ml-gpu (cu126)" in done.stdout


BUILDERS = {
    "buildpacks": {"CNB_BP_PLAN_PATH": "/tmp/plan.toml"},
    "apptainer": {"APPTAINER_LABELS": "/.build.labels"},
}


@pytest.mark.parametrize("builder", BUILDERS)
@pytest.mark.parametrize("template", [projects.HW, projects.BASE_CAN_AGREE_ON_A_THIRD])
def test_other_builders_are_told_as_well_also_where_nothing_fits_the_builder(
    poetry: PoetryProgram, locked_project: ProjectFactory, template: str, builder: str
) -> None:
    project = locked_project(template)
    before = project.files()
    done = poetry.run(project, "hw-install", "--no-interaction", **BUILDERS[builder])
    refused(done, project, before, "POETRY_AIOPS_HARDWARE", "image build", "--hardware auto")
    assert "Installing" not in done.output


@pytest.mark.parametrize(
    ("arguments", "environment"),
    [
        (("--hardware", "auto"), BUILDERS["buildpacks"]),
        ((), {"POETRY_AIOPS_HARDWARE": "auto", **BUILDERS["apptainer"]}),
        ((), {"container": "lxc"}),
    ],
)
def test_auto_means_it_and_in_a_ci_job_the_warning_comes_first(
    poetry: PoetryProgram,
    locked_project: ProjectFactory,
    arguments: tuple[str, ...],
    environment: dict[str, str],
) -> None:
    project = locked_project(projects.HW)
    poetry.must(project, "env", "info")
    done = poetry.interleaved(project, "hw-install", "--dry-run", "--explain", *arguments, **environment)
    assert done.code == 0, str(done)
    lines = [line for line in done.stdout.splitlines() if line and "virtualenv" not in line]
    assert lines[0].startswith("Warning: no GPU found; using the CPU build")
    assert "Using ml-cpu (cpu)" in done.stdout


# -- output -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verbosity", [(), ("-v",), ("-vvv",)])
def test_with_json_standard_output_is_one_document_and_nothing_else(
    poetry: PoetryProgram, locked_project: ProjectFactory, verbosity: tuple[str, ...]
) -> None:
    project = locked_project(projects.HW)
    done = poetry.must(project, "hw-install", "--hardware", "ml-cpu", "--format", "json", *verbosity)
    document = conforming(done.stdout)
    assert document["schema"] == "poetry-aiops/hw-install/1"
    assert document["variant"] == "ml-cpu"
    assert document["remembered"] == "ml-cpu"
    assert document["exit_code"] == 0
    assert [check["outcome"] for check in document["checks"]] == ["ok"] * len(document["checks"])
    assert "Installing" in done.stderr


def test_quiet_and_json_together_are_refused(poetry: PoetryProgram, locked_project: ProjectFactory) -> None:
    assert poetry.run(locked_project(projects.HW), "hw-install", "--format", "json", "-q").code == 2


def test_explain_shows_probes_and_rejected_backends(
    poetry: PoetryProgram, locked_project: ProjectFactory
) -> None:
    done = poetry.must(locked_project(projects.HW), "hw-install", "--explain", "--dry-run", "--target", MI300)
    assert "Backends" in done.stdout
    assert "cu126" in done.stdout
    assert "no NVIDIA GPU was found" in done.stdout


def test_a_fitting_variant_whose_torch_is_too_new_is_passed_over_with_the_reason(
    poetry: PoetryProgram, locked_project: ProjectFactory
) -> None:
    project = locked_project(projects.HW)
    old_gpu = "linux-x86_64,driver=580.65.06,cc=3.5"
    done = poetry.must(project, "hw-install", "--dry-run", "--target", old_gpu)
    assert "Using ml-cpu (cpu)" in done.stdout
    assert "ml-gpu" in done.stderr


NEWER = (
    projects.head()
    + """
[tool.poetry.group.ml-cpu]
optional = true
[tool.poetry.group.ml-cpu.dependencies]
torch = {version = "2.17.0+cpu", source = "pytorch-cpu"}

[tool.poetry.group.ml-gpu]
optional = true
[tool.poetry.group.ml-gpu.dependencies]
torch = {version = "2.17.0+cu134", source = "pytorch-cu134"}

[tool.poetry-aiops.hardware.variants]
ml-cpu = "cpu"
ml-gpu = "cu134"
"""
)


def test_a_torch_and_an_index_newer_than_the_facts_are_chosen_with_a_note(
    own_poetry: PoetryProgram, own_index: PackageIndex, tmp_path: Path
) -> None:
    own_index.publish("cpu", "torch", "2.17.0+cpu")
    own_index.publish("cu134", "torch", "2.17.0+cu134")
    project = projects.project_from(NEWER, own_index, tmp_path / "project")
    own_poetry.must(project, "lock")
    answers = {}

    for driver in ("615.20", "535.247"):
        target = f"linux-x86_64,driver={driver},gpu=RTX 4080"
        done = own_poetry.must(
            project, "hw-install", "--dry-run", "--explain", "--format", "json", "--target", target
        )
        answers[driver] = conforming(done.stdout)

    assert answers["615.20"]["variant"] == "ml-gpu"
    assert "cu134 and torch 2.17 are newer than the facts of" in answers["615.20"]["note"]
    assert any(answers["615.20"]["note"] in warning for warning in answers["615.20"]["warnings"])
    assert (answers["535.247"]["variant"], answers["535.247"]["note"]) == ("ml-cpu", None)


# -- the record and hw-check ----------------------------------------------------------------------------------


def test_the_environment_carries_a_record_and_a_check_of_its_own(
    poetry: PoetryProgram, locked_project: ProjectFactory
) -> None:
    project = locked_project(projects.HW)
    poetry.must(project, "hw-install", "--hardware", "ml-cpu", "--profile", "production")
    record = json.loads((project.path / ".venv" / "poetry-aiops.json").read_text("utf-8"))
    assert record["schema"] == "poetry-aiops/record/1"
    assert (record["variant"], record["backend"], record["requested"]) == ("ml-cpu", "cpu", "ml-cpu")
    assert record["profile"] == "production"
    assert run_check(project.path).returncode == 0


def test_the_check_says_no_where_the_gpu_is_missing(
    poetry: PoetryProgram, locked_project: ProjectFactory
) -> None:
    project = locked_project(projects.HW)
    poetry.must(project, "hw-install", "--hardware", "ml-gpu")
    done = run_check(project.path)
    assert done.returncode == 1
    assert "NVIDIA" in done.stdout + done.stderr


def run_check(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(folder / ".venv" / "bin" / "hw-check")],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.defpath},
    )
