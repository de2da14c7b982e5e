"""After ``poetry migrate-reqs`` and ``poetry sync-reqs``, one way back leads behind both."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from tests.support import projects
from tests.support.requirement_projects import content
from tests.support.schemas import conforming


if TYPE_CHECKING:
    from tests.support.index import PackageIndex
    from tests.support.poetry_program import PoetryProgram, Project
    from tests.support.requirement_projects import Tree


BASE, DEV, PINS = (
    "config/requirements/base.txt",
    "config/requirements/dev.txt",
    "config/dependencies/constraints.txt",
)
FILES = {
    BASE: "--index-url INDEX\n-c ../dependencies/constraints.txt\nfastapi==0.109.0  # the web part\n",
    DEV: "-r base.txt\npytest==7.4.3\n",
    PINS: "pydantic==2.6.0\n",
    "pyproject.toml": projects.EVERY_EXPORTED_FILE.lstrip(),
}


@pytest.fixture
def project(index: PackageIndex, tree: Tree) -> Project:
    return tree(index, **FILES)


def go_back(poetry: PoetryProgram, project: Project, way: str) -> None:
    if way == "restore.sh":
        script = project.path / ".migration_backup" / "restore.sh"
        subprocess.run(["sh", str(script)], check=True, capture_output=True)
    else:
        poetry.must(project, "migrate-reqs", "--rollback")


@pytest.mark.parametrize(
    "way",
    [
        "--rollback",
        pytest.param(
            "restore.sh", marks=pytest.mark.skipif(sys.platform == "win32", reason="a POSIX shell is needed")
        ),
    ],
)
def test_one_way_back_leads_behind_the_migration_and_behind_sync_reqs(
    poetry: PoetryProgram, project: Project, way: str
) -> None:
    before = content(project)
    poetry.must(project, "migrate-reqs")
    (project.path / PINS).unlink()  # is there again in the end, too
    poetry.must(project, "sync-reqs")
    assert "pylock.toml" in content(project)
    assert "--hash=" in (project.path / BASE).read_text("utf-8")
    poetry.must(project, "sync-reqs")

    go_back(poetry, project, way)

    assert content(project) == before


def test_an_edit_since_the_migration_is_replaced_by_force_only_and_kept(
    poetry: PoetryProgram, project: Project
) -> None:
    before = content(project)
    poetry.must(project, "migrate-reqs")
    edited = "-r base.txt\npytest==7.4.3\nrequests\n"
    (project.path / DEV).write_text(edited, "utf-8")

    done = poetry.run(project, "sync-reqs")

    assert done.code == 1
    assert f"{DEV}: was not written by poetry sync-reqs and was not changed" in done.stderr
    assert (project.path / DEV).read_text("utf-8") == edited
    assert "--hash=" in (project.path / BASE).read_text("utf-8"), "which is as it was migrated"
    done = poetry.must(project, "sync-reqs", "--force")
    assert f"Updated {DEV}, old content saved as {DEV}.bak" in done.stdout
    poetry.must(project, "migrate-reqs", "--rollback")
    assert content(project) == {**before, f"{DEV}.bak": edited.encode()}


def test_an_exported_file_that_was_edited_and_then_migrated_is_written_without_force(
    poetry: PoetryProgram, project: Project
) -> None:
    poetry.must(project, "migrate-reqs")
    poetry.must(project, "sync-reqs")
    base = project.path / BASE
    exported = base.read_text("utf-8")
    base.write_text(exported + "requests\n", "utf-8")
    poetry.must(project, "migrate-reqs", BASE)

    done = poetry.must(project, "sync-reqs", "--format", "json")

    states = {one["path"]: one["state"] for one in conforming(done.stdout)["files"]}
    assert states[BASE] == "migrated"
    assert "\nrequests==" in base.read_text("utf-8")


def test_a_file_that_the_migration_never_read_comes_back_too(poetry: PoetryProgram, project: Project) -> None:
    poetry.must(project, "migrate-reqs")
    prod = project.path / "config/requirements/prod.txt"
    prod.write_text("gunicorn\n", "utf-8")
    assert poetry.run(project, "sync-reqs").code == 1
    assert prod.read_text("utf-8") == "gunicorn\n"
    poetry.must(project, "sync-reqs", "--force")
    assert "Written by `poetry sync-reqs`" in prod.read_text("utf-8")

    poetry.must(project, "migrate-reqs", "--rollback")

    assert prod.read_text("utf-8") == "gunicorn\n"


def test_without_a_migration_force_keeps_a_copy_beside_the_file(
    poetry: PoetryProgram, project: Project
) -> None:
    poetry.must(project, "migrate-reqs")
    (project.path / ".migration_backup").rename(project.path.parent / "elsewhere")
    original = (project.path / BASE).read_bytes()
    assert poetry.run(project, "sync-reqs").code == 1
    poetry.must(project, "sync-reqs", "--force")
    assert (project.path / f"{BASE}.bak").read_bytes() == original
