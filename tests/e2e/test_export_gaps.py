"""What a raw ``poetry export`` gets wrong, and our files beside it: each test shows the fault first.

When one of the faults is gone from poetry-plugin-export, its test says so, and ours can become simpler.
"""

from __future__ import annotations

import io
import re
import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from tests.support import projects
from tests.support.installers import CleanEnvironment
from tests.support.poetry_program import Project
from tests.support.projects import project_from
from tests.support.standard_index import PYPI
from tests.support.wheels import build_sdist


if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import ProjectFactory
    from tests.support.index import PackageIndex
    from tests.support.poetry_program import PoetryProgram


BASE = "config/requirements/base.txt"
CPU = "config/requirements/ml-cpu.txt"
GPU = "config/requirements/ml-gpu.txt"
RANGE = 'python_version >= "3.11" and python_version < "4.0"'
PATH_DEPENDENCY = projects.PATH_DEPENDENCY.replace(", develop = true", "")


@dataclass(frozen=True, slots=True)
class Both:
    """The same locked project, exported raw and by us."""

    project: Project
    raw: str

    def ours(self, path: str) -> str:
        return (self.project.path / path).read_text("utf-8")


def both(poetry: PoetryProgram, project: Project, *options: str) -> Both:
    raw = poetry.must(project, "export", *options).stdout
    poetry.must(projects.exporting_everything(project), "sync-reqs")
    return Both(project, raw)


pytestmark = pytest.mark.slow


@pytest.fixture
def hardware(poetry: PoetryProgram, locked_project: ProjectFactory) -> Both:
    return both(poetry, locked_project(projects.HW), "--with", "ml-gpu")


def put_library(folder: Path) -> None:
    """Put a library into ``folder`` that can be built without any index."""
    sdist = build_sdist("mylib", "1.0.0", requires=["idna"])
    with tarfile.open(fileobj=io.BytesIO(sdist.data)) as archive:
        archive.extractall(folder.parent, filter="data")
    (folder.parent / "mylib-1.0.0").rename(folder)


def test_the_projects_python_range_is_no_marker_of_ours(hardware: Both) -> None:
    assert f"fastapi==0.109.0 ; {RANGE}" in hardware.raw
    assert "python_version" not in hardware.ours(BASE) + hardware.ours(GPU)
    assert 'triton==3.6.0 ; platform_system == "Linux" \\\n' in hardware.ours(GPU)


def test_paths_stay_relative_so_that_another_machine_can_install(
    poetry: PoetryProgram, new_project: ProjectFactory, tmp_path: Path
) -> None:
    project = new_project(PATH_DEPENDENCY)
    put_library(project.path / "mylib")
    poetry.must(project, "lock")
    exports = both(poetry, project)
    assert f"mylib @ {(project.path / 'mylib').as_uri()}" in exports.raw
    assert re.search(r"^\./mylib$", exports.ours(BASE), re.MULTILINE)
    assert str(project.path) not in "".join(map(exports.ours, (BASE, CPU, "pylock.ml-cpu.toml")))

    assert 'directory = {path = "mylib"}' in exports.ours("pylock.ml-cpu.toml")
    assert "# For uv; pip refuses a pylock" in exports.ours("pylock.ml-cpu.toml")

    moved = Project(project.path.rename(tmp_path / "elsewhere"))
    environment = CleanEnvironment.make(tmp_path / "clean")
    done = environment.pip(moved.path, "install", "-r", BASE)
    assert done.code == 0, done.output
    assert environment.installed()["mylib"] == "1.0.0"


def test_hashes_beside_a_folder_are_a_file_that_pip_refuses(
    poetry: PoetryProgram, new_project: ProjectFactory, tmp_path: Path
) -> None:
    project = new_project(PATH_DEPENDENCY)
    put_library(project.path / "mylib")
    poetry.must(project, "lock")
    exports = both(poetry, project)
    (project.path / "raw.txt").write_text(exports.raw, "utf-8")
    environment = CleanEnvironment.make(tmp_path / "clean")

    refused = environment.pip(project.path, "install", "-r", "raw.txt")

    assert refused.code != 0
    assert "hash" in refused.output
    assert (
        "# Without hashes, which pip checks for all packages or for none: mylib is a folder."
        in exports.ours(BASE)
    )


def test_an_explicit_source_is_named_only_where_its_packages_are(hardware: Both, index: PackageIndex) -> None:
    cu126 = f"--extra-index-url {index.url('cu126').rstrip('/')}"
    assert cu126 in hardware.raw
    assert cu126 in hardware.ours(GPU)
    assert "extra-index-url" not in hardware.ours(BASE) + hardware.ours("config/requirements/dev.txt")
    assert "cu126" not in hardware.ours(CPU)


def test_a_raw_export_trusts_hosts_in_the_name_of_the_user(hardware: Both) -> None:
    assert "--trusted-host" in hardware.raw
    assert "--trusted-host" not in hardware.ours(BASE) + hardware.ours(GPU)


def test_a_password_in_a_sources_address_does_not_leak(
    own_poetry: PoetryProgram, own_index: PackageIndex, tmp_path: Path
) -> None:
    project = project_from(projects.ORDINARY, own_index, tmp_path / "project")
    text = project.pyproject.read_text("utf-8").replace("http://127", "http://someone:pa55word@127")
    project.pyproject.write_text(text, "utf-8")
    own_poetry.must(project, "lock")
    exports = both(own_poetry, project)

    assert "pa55word" in exports.raw
    written = [*project.path.glob("config/**/*.txt"), *project.path.glob("pylock*.toml")]
    assert len(written) == 5
    assert all("pa55word" not in path.read_text("utf-8") for path in written)
    assert "requires a password" in exports.ours(BASE)


def test_ours_has_a_header_layers_and_reasons(hardware: Both) -> None:
    assert not hardware.raw.startswith("#")
    assert "# via" not in hardware.raw
    assert "fastapi==" in hardware.raw.partition("torch==")[0], "raw: main once more in each file"
    ours = hardware.ours(GPU)
    assert ours.startswith("# Written by `poetry sync-reqs` from poetry.lock.")
    assert "# poetry.lock sha256:" in ours
    assert "\n-r base.txt\n" in ours
    assert "fastapi==" not in ours
    assert "    # via nvidia-cudnn-cu12\n" in ours or "    #   nvidia-cudnn-cu12\n" in ours


def test_a_pylock_for_each_variant_needs_no_index_once_it_was_written(
    own_poetry: PoetryProgram, own_index: PackageIndex, tmp_path: Path
) -> None:
    project = project_from(projects.HW, own_index, tmp_path / "project")
    own_poetry.must(project, "lock")
    own_poetry.must(projects.exporting_everything(project), "sync-reqs")
    before = (project.path / "pylock.ml-gpu.toml").read_bytes()
    (project.path / "pylock.ml-gpu.toml").write_bytes(before.replace(b"# Holds", b"# holds"))
    own_index.stop()

    raw = own_poetry.run(project, "export", "--format", "pylock.toml", "--with", "ml-gpu", "--no-cache")
    own_poetry.must(project, "sync-reqs", "--force", "--no-cache")

    assert raw.code != 0
    assert (project.path / "pylock.ml-gpu.toml").read_bytes() == before


def test_a_pylock_without_an_index_and_without_a_memory_is_told_as_incomplete(
    own_poetry: PoetryProgram, own_index: PackageIndex, tmp_path: Path
) -> None:
    project = project_from(projects.ORDINARY, own_index, tmp_path / "project")
    own_poetry.must(project, "lock")
    own_index.withdraw(PYPI, "idna")

    done = own_poetry.run(projects.exporting_everything(project), "sync-reqs", "--no-cache")

    assert done.code == 3
    assert "the addresses of locked files could not be determined" in done.stderr
    assert "idna 3.6" in done.stderr
    assert not (project.path / "pylock.toml").exists()
    assert (project.path / BASE).exists()
