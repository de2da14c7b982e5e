"""``poetry migrate-reqs`` in projects of uv and conda, which have no requirements files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.requirement_projects import content, versions

from poetry_aiops.project.toml import parse_toml


if TYPE_CHECKING:
    from tests.support.index import PackageIndex
    from tests.support.poetry_program import PoetryProgram
    from tests.support.requirement_projects import Tree


UV_PROJECT = """\
[project]
name = "app"
version = "1"
requires-python = ">=3.11"
dependencies = ["fastapi>=0.109", "shared"]

[tool.uv]
package = false
environments = ["sys_platform == 'linux'"]

[[tool.uv.index]]
name = "house"
url = "INDEX"
default = true

[tool.uv.workspace]
members = ["libs/*"]

[tool.uv.sources]
shared = { workspace = true }
"""
UV_LOCK = """\
version = 1
requires-python = ">=3.11"

[[package]]
name = "fastapi"
version = "0.109.0"
source = { registry = "INDEX" }

[[package]]
name = "shared"
version = "3"
source = { editable = "libs/shared" }
"""
SHARED = '[project]\nname = "shared"\nversion = "3"\nrequires-python = ">=3.11"\n'
ENVIRONMENT = """\
dependencies:
  - python=3.11
  - numpy=1.26
  - pip:
      - --index-url INDEX
      - "fastapi==0.109.0"
"""


def test_a_uv_project_locks_with_its_sources_and_the_versions_of_uv_lock(
    poetry: PoetryProgram, index: PackageIndex, tree: Tree
) -> None:
    files = {"pyproject.toml": UV_PROJECT, "uv.lock": UV_LOCK, "libs/shared/pyproject.toml": SHARED}
    project = tree(index, **files)
    before = content(project)
    done = poetry.must(project, "migrate-reqs")
    assert "uv.lock: 1 versions, where poetry.lock begins" in done.stdout
    assert "What uv reads stays." in done.stdout
    assert "1 of 1 old pins are in poetry.lock as they were" in done.stdout
    assert "pyproject.toml:9: [tool.uv] environments is not carried over" in done.stderr
    assert {name: versions(project)[name] for name in ("fastapi", "shared")} == {
        "fastapi": "0.109.0",
        "shared": "3",
    }
    written = parse_toml(project.pyproject.read_text("utf-8"))["tool"]["poetry"]
    assert written["source"][0]["priority"] == "primary"
    assert written["dependencies"] == {"shared": {"path": "libs/shared", "develop": True}}
    poetry.must(project, "check", "--lock")
    assert "Nothing to change." in poetry.must(project, "migrate-reqs").stdout
    poetry.must(project, "migrate-reqs", "--rollback")
    assert content(project) == before


def test_the_pip_section_of_a_conda_environment_is_migrated_where_there_is_nothing_else(
    poetry: PoetryProgram, index: PackageIndex, tree: Tree
) -> None:
    project = tree(index, **{"environment.yml": ENVIRONMENT})
    done = poetry.must(project, "migrate-reqs")
    assert "environment.yml:3: conda's own packages are not carried over: numpy=1.26 (line 3)" in done.stderr
    assert "For Python >=3.11,<3.12 (environment.yml says so)." in done.stdout
    assert versions(project)["fastapi"] == "0.109.0"
    (project.path / "requirements.txt").write_text("six\n", "utf-8")
    dry = poetry.must(project, "migrate-reqs", "--dry-run")
    assert "the pip section of environment.yml" in dry.stderr
