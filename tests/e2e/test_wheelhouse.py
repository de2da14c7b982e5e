"""``poetry sync-reqs --wheelhouse``: what pip then installs without any index, here and for other machines."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest
from tests.support import projects
from tests.support.every import every
from tests.support.installers import CleanEnvironment, would_install
from tests.support.lockfile import machine_named
from tests.support.poetry_program import Project
from tests.support.projects import project_from
from tests.support.schemas import conforming
from tests.support.standard_index import PYPI
from tests.support.wheels import build_wheel


if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import ProjectFactory
    from tests.support.index import PackageIndex
    from tests.support.poetry_program import PoetryProgram


NATIVE = (
    "cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64",
    "cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64",
    "cp312-cp312-manylinux_2_28_x86_64",
    "cp312-cp312-musllinux_1_2_x86_64",
    "cp312-cp312-manylinux_2_28_aarch64",
    "cp312-cp312-macosx_11_0_arm64",
    "cp312-cp312-win_amd64",
    "py3-none-any",
)
PLATFORMS = {
    "linux-x86_64": ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64"),
    "linux-aarch64": ("manylinux_2_28_aarch64",),
    "macos-arm64": ("macosx_14_0_arm64", "macosx_11_0_arm64"),
    "windows-amd64": ("win_amd64",),
}
MACHINES = {"windows-amd64": "windows-x86_64"}
CPU = ("--wheelhouse", "wheels", "--hardware", "cpu")


@pytest.fixture
def native(own_index: PackageIndex, own_poetry: PoetryProgram, tmp_path: Path) -> Project:
    """Return a locked project with two variants and a package that has another wheel for each platform."""
    for tag in NATIVE:
        own_index.publish(PYPI, "native", "1.0", tag=tag)
    template = projects.HW.replace("fastapi = ", 'native = "*"\nfastapi = ')
    project = project_from(template, own_index, tmp_path / "project")
    own_poetry.must(project, "lock")
    return project


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_pip_takes_the_same_files_for_each_platform(
    native: Project, own_poetry: PoetryProgram, own_index: PackageIndex, tmp_path: Path
) -> None:
    own_index.stop()
    environment = CleanEnvironment.make(tmp_path / "clean")
    expected = {
        "linux-x86_64": "native-1.0-cp312-cp312-manylinux_2_28_x86_64.whl",
        "linux-aarch64": "native-1.0-cp312-cp312-manylinux_2_28_aarch64.whl",
        "macos-arm64": "native-1.0-cp312-cp312-macosx_11_0_arm64.whl",
        "windows-amd64": "native-1.0-cp312-cp312-win_amd64.whl",
    }
    assert expected.keys() == PLATFORMS.keys()

    def takes_the_same_files(platform: str) -> None:
        shutil.copytree(native.path, tmp_path / platform)
        project = Project(tmp_path / platform)
        with own_index:
            own_poetry.must(project, "sync-reqs", *CPU, "--platform", platform, "--python", "3.12")
        tags = [word for tag in PLATFORMS[platform] for word in ("--platform", tag)]

        done = environment.pip(
            project.path,
            *(
                "install",
                "--dry-run",
                "--no-index",
                "--find-links",
                "wheels",
                "-r",
                "wheels/requirements.txt",
            ),
            *("--python-version", "3.12", "--implementation", "cp", "--only-binary", ":all:", *tags),
            *("--target", str(tmp_path / "target")),
        )

        assert done.code == 0, done.output
        locked = project.lockfile().selected(
            "main", "ml-cpu", machine=machine_named(MACHINES.get(platform, platform), "3.12")
        )
        assert would_install(done.output) == locked
        chosen = {name for name in names(project.path / "wheels") if name.startswith("native")}
        assert chosen == {expected[platform]}

    every(PLATFORMS, takes_the_same_files)


def test_it_installs_here_without_any_index(
    poetry: PoetryProgram, locked_project: ProjectFactory, tmp_path: Path
) -> None:
    project = locked_project(projects.HW)
    done = poetry.must(project, "sync-reqs", *CPU)
    assert "Install them: pip install --no-index -r wheels/requirements.txt" in done.stdout
    environment = CleanEnvironment.make(tmp_path / "clean")

    installed = environment.pip(tmp_path, "install", "-r", str(project.path / "wheels" / "requirements.txt"))

    assert installed.code == 0, installed.output
    assert environment.installed() == project.lockfile().selected("main", "ml-cpu")


def test_a_second_run_fetches_nothing_and_a_lost_file_only_itself(
    native: Project, own_poetry: PoetryProgram, own_index: PackageIndex
) -> None:
    own_poetry.must(native, "sync-reqs", *CPU)
    (native.path / "wheels" / "fastapi-0.109.0-py3-none-any.whl").unlink()
    own_index.forget_requests()

    done = own_poetry.must(native, "sync-reqs", *CPU, "--format", "json")

    document = conforming(done.stdout)
    outcomes = {one["package"]: one["outcome"] for one in document["wheelhouse"]["files"]}
    assert [name for name, outcome in outcomes.items() if outcome == "fetched"] == ["fastapi"]
    wheel = "/pypi/simple/fastapi/fastapi-0.109.0-py3-none-any.whl"
    assert [path for path in own_index.requests() if path.endswith(".whl")] == [wheel]
    assert set(own_index.requests()) == {"/pypi/simple/fastapi/", wheel}


def test_a_file_that_somebody_changed_is_refused_and_replaced_only_by_force(
    native: Project, own_poetry: PoetryProgram
) -> None:
    own_poetry.must(native, "sync-reqs", *CPU)
    wheel = native.path / "wheels" / "fastapi-0.109.0-py3-none-any.whl"
    original = wheel.read_bytes()
    wheel.write_bytes(original + b"x")

    done = own_poetry.run(native, "sync-reqs", *CPU)

    assert done.code == 1
    assert "the existing file does not match poetry.lock" in done.stderr
    assert wheel.read_bytes() == original + b"x"
    own_poetry.must(native, "sync-reqs", *CPU, "--force")
    assert wheel.read_bytes() == original


def test_a_file_that_the_index_changed_is_refused_and_thrown_away(
    native: Project, own_poetry: PoetryProgram, own_index: PackageIndex
) -> None:
    own_index.publish_file(PYPI, build_wheel("fastapi", "0.109.0", requires=["pydantic>=2"], body="evil = 1"))

    done = own_poetry.run(native, "sync-reqs", *CPU, "--no-cache")

    assert done.code in {1, 3}
    assert "fastapi" in done.stderr
    assert not any(name.startswith("fastapi") for name in names(native.path / "wheels"))


def test_the_beginning_of_a_file_is_gone_on_from_or_replaced(
    native: Project, own_poetry: PoetryProgram
) -> None:
    folder = native.path / "wheels"
    folder.mkdir()
    (folder / ".fastapi-0.109.0-py3-none-any.whl.part").write_bytes(b"PK\x03\x04 not really")
    own_poetry.must(native, "sync-reqs", *CPU)
    assert (folder / "fastapi-0.109.0-py3-none-any.whl").exists()
    assert not list(folder.glob(".*.part"))


def test_what_has_no_wheel_is_named_and_its_archive_taken_only_on_request(
    own_poetry: PoetryProgram, own_index: PackageIndex, tmp_path: Path
) -> None:
    project = project_from(projects.head('legacy-sdist = "*"\n'), own_index, tmp_path / "project")
    own_poetry.must(project, "lock")

    refused = own_poetry.run(project, "sync-reqs", "--wheelhouse", "wheels")
    own_poetry.must(project, "sync-reqs", "--wheelhouse", "wheels", "--sdists")

    assert refused.code == 1
    assert "legacy-sdist 1.0" in refused.stderr
    assert "--sdists" in refused.stderr
    assert any(name.endswith(".tar.gz") for name in names(project.path / "wheels"))


def test_a_requirements_file_of_somebody_else_is_not_overwritten(
    poetry: PoetryProgram, locked_project: ProjectFactory
) -> None:
    project = locked_project(projects.ORDINARY)
    (project.path / "requirements.txt").write_text("requests\n", "utf-8")
    done = poetry.run(project, "sync-reqs", "--wheelhouse", ".")
    assert done.code == 1
    assert (project.path / "requirements.txt").read_text("utf-8") == "requests\n"
    assert names(project.path) == {"pyproject.toml", "poetry.lock", "requirements.txt"}


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="everything can be written as root")
def test_a_folder_that_cannot_be_written_is_told(
    poetry: PoetryProgram, locked_project: ProjectFactory
) -> None:
    project = locked_project(projects.ORDINARY)
    project.path.chmod(0o555)
    try:
        done = poetry.run(project, "sync-reqs", "--wheelhouse", "wheels")
    finally:
        project.path.chmod(0o755)
    assert done.code == 2
    assert "--wheelhouse wheels" in done.stderr
