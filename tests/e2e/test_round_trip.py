"""There and back: the files of ``poetry sync-reqs``, read by ``poetry migrate-reqs``, give the same lock."""

from __future__ import annotations

import shutil
import tomllib
from typing import TYPE_CHECKING, Any

import pytest
from tests.support import projects
from tests.support.poetry_program import Project


if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.index import PackageIndex
    from tests.support.poetry_program import PoetryProgram


def locked(project: Project) -> dict[str, tuple[str, frozenset[str]]]:
    """Return version and file hashes of each locked package, with its source."""
    packages: list[dict[str, Any]] = tomllib.loads(project.lock_path.read_text("utf-8"))["package"]
    return {
        f"{one['name']} {one['version']}": (
            one.get("source", {}).get("url", ""),
            frozenset(file["hash"] for file in one["files"]),
        )
        for one in packages
    }


@pytest.mark.parametrize("template", [projects.ORDINARY, projects.HW], ids=["ordinary", "variants"])
def test_exported_files_migrate_to_the_same_lock(
    poetry: PoetryProgram, index: PackageIndex, tmp_path: Path, template: str
) -> None:
    project = projects.project_from(template, index, tmp_path / "there")
    poetry.must(project, "lock")
    poetry.must(projects.exporting_everything(project), "sync-reqs")
    back = Project(tmp_path / "back")
    shutil.copytree(project.path / "config", back.path / "config")
    poetry.must(back, "migrate-reqs")
    assert locked(back) == locked(project)
    poetry.must(back, "check", "--lock")
