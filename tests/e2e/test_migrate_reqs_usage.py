"""``poetry migrate-reqs`` as people call it: options, folders, unusual names, and what it says when it must refuse."""

from __future__ import annotations

import json
import os
import tomllib
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.requirement_projects import content, versions
from tests.support.schemas import conforming
from tests.support.standard_index import PYPI


if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.index import PackageIndex
    from tests.support.poetry_program import PoetryProgram, Project
    from tests.support.requirement_projects import Tree


BASE = "--index-url INDEX\nfastapi==0.109.0\nrequests>=2.30\n"
LIBRARY = (
    "[project]\nname = 'foo'\nversion = '1.0'\n"
    "[build-system]\nrequires = ['poetry-core']\nbuild-backend = 'poetry.core.masonry.api'\n"
)


def pyproject(project: Project) -> dict[str, Any]:
    return tomllib.loads(project.pyproject.read_text("utf-8"))


def test_the_help_text_shows_how_to_begin_and_how_to_go_back(poetry: PoetryProgram, tmp_path: Path) -> None:
    shown = poetry.must(tmp_path, "help", "migrate-reqs").stdout
    assert "poetry migrate-reqs --dry-run" in shown
    assert "poetry migrate-reqs --rollback" in shown


def test_a_requirements_folder_with_base_dev_prod_and_constraints(
    poetry: PoetryProgram, index: PackageIndex, tree: Tree
) -> None:
    project = tree(
        index,
        **{
            "requirements/base.txt": BASE + "-e ./libs/foo\n",
            "requirements/dev.txt": "-r base.txt\npytest==7.4.3\n",
            "requirements/prod.txt": "-r base.txt\n-c constraints.txt\nnumpy\n",
            "requirements/constraints.txt": "numpy<2\n",
            "libs/foo/pyproject.toml": LIBRARY,
            "libs/foo/foo.py": "",
        },
    )
    poetry.must(project, "migrate-reqs")
    table = pyproject(project)
    assert table["project"]["dependencies"] == ["fastapi (==0.109.0)", "requests (>=2.30)", "foo"]
    assert table["tool"]["poetry"]["dependencies"]["foo"] == {"path": "libs/foo", "develop": True}
    groups = project.lockfile()
    assert groups is not None
    locked = {one["name"]: one["groups"] for one in tomllib.loads(project.lock_path.read_text())["package"]}
    assert locked["pytest"] == ["dev"]
    assert locked["numpy"] == ["constraints", "prod"]
    assert locked["foo"] == ["main"]
    assert versions(project)["numpy"] == "1.26.4"
    poetry.must(project, "check", "--lock")


def test_dash_p_migrates_another_folder_and_names_files_from_here(
    poetry: PoetryProgram, index: PackageIndex, tree: Tree
) -> None:
    project = tree(index, **{"requirements.txt": BASE, "tools.txt": "pytest==7.4.3\n"})
    above = project.path.parent
    refused = poetry.run(above, "-P", "shop", "migrate-reqs", "--group", "test=tools.txt")
    assert refused.code == 2, str(refused)
    assert "write shop/tools.txt" in refused.stderr
    poetry.must(above, "-P", "shop", "migrate-reqs", "--no-lock", "--group", "test=shop/tools.txt")
    assert not (above / "pyproject.toml").exists()
    assert not (above / ".migration_backup").exists()
    table = pyproject(project)
    assert table["project"]["name"] == "shop"
    assert table["project"]["dependencies"] == ["fastapi (==0.109.0)", "requests (>=2.30)"]
    assert table["dependency-groups"] == {"test": ["pytest (==7.4.3)"]}


def test_dash_c_works_in_another_folder(poetry: PoetryProgram, index: PackageIndex, tree: Tree) -> None:
    project = tree(index, **{"requirements.txt": BASE, "tools.txt": "pytest\n"})
    above = project.path.parent
    poetry.must(above, "-C", "shop", "migrate-reqs", "--no-lock", "--group", "test=tools.txt")
    assert pyproject(project)["dependency-groups"] == {"test": ["pytest"]}
    poetry.must(above, "-C", "shop", "migrate-reqs", "--rollback")
    assert sorted(content(project)) == ["requirements.txt", "tools.txt"]


def test_files_with_blanks_and_umlauts_in_their_names(
    poetry: PoetryProgram, index: PackageIndex, tree: Tree
) -> None:
    name = "my files/anforderungen für alle.txt"
    project = tree(index, **{name: BASE, "requirements größer.txt": "numpy\n"})
    document = conforming(
        poetry.must(
            project,
            "migrate-reqs",
            name,
            "requirements größer.txt",
            "--group",
            f"main={name}",
            "--no-lock",
            "--format",
            "json",
        ).stdout
    )
    assert {one["file"] for one in document["lines"]} == {name, "requirements größer.txt"}
    assert "fastapi (==0.109.0)" in pyproject(project)["project"]["dependencies"]
    poetry.must(project, "migrate-reqs", "--rollback")
    assert sorted(content(project)) == sorted([name, "requirements größer.txt"])


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_a_linked_file_is_read_and_one_that_leads_far_out_is_named(
    poetry: PoetryProgram, index: PackageIndex, tree: Tree, tmp_path_factory: pytest.TempPathFactory
) -> None:
    project = tree(index, **{"deploy/base.txt": BASE})
    beside, far = project.path.parent / "shared" / "lint.txt", tmp_path_factory.mktemp("far") / "outside.txt"
    beside.parent.mkdir()
    beside.write_text("ruff==0.5.0\n", "utf-8")
    far.write_text("pytest\n", "utf-8")
    for name, target in (("", "deploy/base.txt"), ("-lint", beside), ("-dev", far)):
        (project.path / f"requirements{name}.txt").symlink_to(target)
    done = poetry.must(project, "migrate-reqs", "--no-lock")
    assert "requirements-dev.txt" in done.stderr
    document = pyproject(project)
    assert "fastapi (==0.109.0)" in document["project"]["dependencies"]
    assert document["dependency-groups"]["lint"] == ["ruff (==0.5.0)"]
    assert (project.path / "requirements.txt").is_symlink()
    poetry.must(project, "migrate-reqs", "--rollback")
    assert beside.read_text("utf-8") == "ruff==0.5.0\n"
    named = poetry.run(project, "migrate-reqs", "requirements-dev.txt")
    assert named.code == 2, str(named)
    assert "outside the project" in named.stderr


@pytest.mark.skipif(
    os.name == "nt" or os.geteuid() == 0, reason="no folder is read-only here, or for this user"
)
def test_a_read_only_folder_is_refused_in_words(
    poetry: PoetryProgram, index: PackageIndex, tree: Tree
) -> None:
    project = tree(index, **{"requirements.txt": BASE})
    before = content(project)
    project.path.chmod(0o555)
    try:
        poetry.must(project, "migrate-reqs", "--dry-run")
        done = poetry.run(project, "migrate-reqs", "--no-lock")
    finally:
        project.path.chmod(0o755)
    assert done.code == 2, str(done)
    assert "Traceback" not in done.output
    assert content(project) == before


def test_relaxed_pins_become_lower_bounds_and_the_lock_keeps_them(
    poetry: PoetryProgram, index: PackageIndex, tree: Tree
) -> None:
    project = tree(index, **{"requirements.txt": BASE})
    poetry.must(project, "migrate-reqs", "--pins", "relax", "--python", ">=3.11,<3.14")
    table = pyproject(project)["project"]
    assert table["dependencies"] == ["fastapi (>=0.109.0)", "requests (>=2.30)"]
    assert table["requires-python"] == ">=3.11,<3.14"
    assert versions(project)["fastapi"] == "0.109.0"
    poetry.must(project, "update", "fastapi", "--lock")
    assert versions(project)["fastapi"] == "0.110.0"


def test_a_compiled_pin_that_no_index_offers_any_more_is_told_and_the_others_stay(
    poetry: PoetryProgram, index: PackageIndex, tree: Tree
) -> None:
    compiled = (
        "# This file is autogenerated by pip-compile with Python 3.11\n--index-url INDEX\n"
        "fastapi==0.109.0\n    # via -r requirements.in\npydantic==2.0.1\n    # via fastapi\n"
    )
    project = tree(index, **{"requirements.in": "--index-url INDEX\nfastapi\n", "requirements.txt": compiled})
    done = poetry.must(project, "migrate-reqs")
    assert "1 of 2 old pins are in poetry.lock as they were" in done.stdout
    assert (
        "pydantic 2.0.1 -> 2.6.0: no index offers pydantic 2.0.1 any more (requirements.txt:5)" in done.stdout
    )
    assert versions(project)["fastapi"] == "0.109.0"


def test_a_run_without_lock_says_so_and_the_next_one_locks_the_old_pins(
    poetry: PoetryProgram, index: PackageIndex, tree: Tree
) -> None:
    project = tree(index, **{"requirements.txt": BASE})
    done = poetry.must(project, "migrate-reqs", "--no-lock", "--pins", "relax")
    assert "Nothing is locked yet" in done.stdout
    assert not project.lock_path.exists()
    poetry.must(project, "migrate-reqs", "--pins", "relax")
    assert versions(project)["fastapi"] == "0.109.0"


def test_a_rollback_after_an_edit_is_refused_and_force_keeps_the_edit_in_a_backup(
    poetry: PoetryProgram, index: PackageIndex, tree: Tree
) -> None:
    project = tree(index, **{"requirements.txt": BASE})
    before = content(project)
    poetry.must(project, "migrate-reqs", "--no-lock")
    with project.pyproject.open("a", encoding="utf-8") as file:
        file.write("\n# mine\n")
    edited = content(project)
    refused = poetry.run(project, "migrate-reqs", "--rollback")
    assert refused.code == 2, str(refused)
    assert "pyproject.toml changed since" in refused.stderr
    assert content(project) == edited
    document = conforming(
        poetry.must(project, "migrate-reqs", "--rollback", "--force", "--format", "json").stdout
    )
    assert document["removed"] == ["pyproject.toml"]
    assert content(project) == before
    poetry.must(project, "migrate-reqs", "--backup", document["undo"])
    assert content(project) == edited
    backups = conforming(poetry.must(project, "migrate-reqs", "--list-backups", "--format", "json").stdout)
    assert len(backups["backups"]) == 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("-q", "--format", "json"), "Leave out one of the two."),
        (("--format", "yaml"), "Choose one of text, json."),
        (("--pins", "loose"), "neither keep nor relax"),
        (("--python", "3.x"), "not a range of Python versions"),
        (("--group", "dev"), "is not NAME=FILE"),
        (("--group", "!=requirements.txt"), "cannot be the name of a group"),
        (("--group", "dev=requirement.txt"), "Did you mean requirements.txt?"),
        (("requirement.txt",), "Did you mean requirements.txt?"),
        (("../shop2/requirements.txt",), "outside the project"),
        (("--backup", "yesterday"), "--list-backups"),
        (("--rollback",), "there is no migration to roll back"),
        (("--undo",), "poetry help migrate-reqs"),
    ],
)
def test_what_cannot_be_followed_is_refused_with_the_way_on(
    poetry: PoetryProgram, index: PackageIndex, tree: Tree, arguments: tuple[str, ...], said: str
) -> None:
    project = tree(index, **{"requirements.txt": BASE})
    before = content(project)
    done = poetry.run(project, "migrate-reqs", *arguments)
    assert done.code == 2, str(done)
    assert said in done.stderr
    assert content(project) == before


def test_quiet_migrates_without_a_word(poetry: PoetryProgram, index: PackageIndex, tree: Tree) -> None:
    project = tree(index, **{"requirements.txt": BASE})
    done = poetry.must(project, "-q", "migrate-reqs", "--no-lock")
    assert done.output == ""
    assert project.pyproject.exists()


def test_a_refused_tree_is_a_document_too(poetry: PoetryProgram, index: PackageIndex, tree: Tree) -> None:
    project = tree(index, **{"requirements.txt": BASE + "pydantic=2.6.0\n"})
    done = poetry.run(project, "migrate-reqs", "--format", "json")
    assert done.code == 2, str(done)
    document = conforming(done.stdout)
    assert [(one["file"], one["line"], one["fixed"]) for one in document["errors"]] == [
        ("requirements.txt", 4, "pydantic==2.6.0")
    ]
    assert document["exit_code"] == 2
    assert document["files"] == []
    assert document["lines"][3]["outcome"] == "refused"


def test_an_unlockable_tree_is_a_document_too(poetry: PoetryProgram, index: PackageIndex, tree: Tree) -> None:
    project = tree(index, **{"requirements.txt": BASE + "pydantic<1\n"})
    done = poetry.run(project, "migrate-reqs", "--format", "json")
    assert done.code == 1, str(done)
    document = json.loads(done.stdout)
    assert document["schema"] == "poetry-aiops/error/1"
    assert sorted(content(project)) == ["requirements.txt"]


def test_an_index_that_does_not_answer_is_no_guess(
    poetry: PoetryProgram, index: PackageIndex, tree: Tree
) -> None:
    project = tree(index, **{"requirements.txt": "--index-url http://127.0.0.1:9/simple\nfastapi==0.109.0\n"})
    done = poetry.run(project, "migrate-reqs")
    assert done.code == 3, str(done)
    assert sorted(content(project)) == ["requirements.txt"]


def test_files_elsewhere_are_named_and_left_alone(
    poetry: PoetryProgram, index: PackageIndex, tree: Tree
) -> None:
    project = tree(index, **{"requirements.txt": BASE, "examples/requirements.txt": "numpy\n"})
    done = poetry.must(project, "migrate-reqs", "--no-lock")
    assert "examples/requirements.txt" in done.stderr
    assert "numpy" not in project.pyproject.read_text("utf-8")
    assert index.url(PYPI) in project.pyproject.read_text("utf-8")
