"""``poetry migrate-reqs`` on the real program: what it reads, writes, locks, proves, refuses, and puts back."""

from __future__ import annotations

import json
import os
import stat
import tomllib
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from tests.support.requirement_projects import content, versions
from tests.support.schemas import conforming
from tests.support.standard_index import PYPI

from poetry_aiops.system.transaction.store import locked


if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.index import PackageIndex
    from tests.support.poetry_program import PoetryProgram
    from tests.support.requirement_projects import Tree


SECRET = "s3cr3t-t0ken"


BASE = "--index-url INDEX\n# the web part\nfastapi==0.109.0  # see the notes\nrequests>=2.30\n"
DEV = "-r requirements.txt\npytest==7.4.3\n"


@pytest.mark.every_poetry_minor
def test_base_and_dev_become_a_project_that_installs_with_the_old_pins(
    poetry: PoetryProgram, index: PackageIndex, tree: Tree
) -> None:
    project = tree(index, **{"requirements.txt": BASE, "requirements-dev.txt": DEV})
    before = content(project)
    done = poetry.must(project, "migrate-reqs")
    assert "2 of 2 old pins are in poetry.lock as they were" in done.stdout
    assert "nothing to migrate" not in done.output
    text = project.pyproject.read_text("utf-8")
    assert "# the web part\n" in text
    assert '"fastapi (==0.109.0)",  # see the notes' in text
    assert {name: data for name, data in content(project).items() if name in before} == before
    poetry.must(project, "check", "--lock")
    poetry.must(project, "install")
    assert project.installed()["fastapi"] == "0.109.0"
    assert project.installed()["pytest"] == "7.4.3"
    assert "Nothing to change." in poetry.must(project, "migrate-reqs").stdout
    poetry.must(project, "migrate-reqs", "--rollback")
    assert content(project) == before


def test_old_files_of_the_user_whose_names_look_like_ours_stay(
    poetry: PoetryProgram, index: PackageIndex, tree: Tree
) -> None:
    names = (".migration-0123456789ab.lock", ".migration-notes.toml", ".aiops-notes.tmp")
    project = tree(
        index, **{"requirements.txt": "--index-url INDEX\nfastapi==0.109.0\n"}, **dict.fromkeys(names, "mine")
    )
    for name in names:
        os.utime(project.path / name, (0, 0))
    before = content(project)
    poetry.must(project, "migrate-reqs")
    after = content(project)
    assert {name: after.get(name) for name in before} == before
    assert set(after) - set(before) == {"pyproject.toml", "poetry.lock"}


def test_restore_sh_puts_everything_back_without_poetry(
    poetry: PoetryProgram, index: PackageIndex, tree: Tree
) -> None:
    import subprocess

    project = tree(index, **{"requirements.txt": BASE, "pyproject.toml": "[tool.ruff]\nline-length = 100\n"})
    before = content(project)
    poetry.must(project, "migrate-reqs")
    assert content(project) != before
    (script,) = project.path.glob(".migration_backup/*/restore.sh")
    subprocess.run(["sh", str(script)], check=True, capture_output=True)
    assert content(project) == before


@pytest.mark.parametrize(
    ("pyproject", "reported"),
    [
        (
            '[project]\nname = "shop"\nrequires-python = ">=3.11"\n',
            "Either [project.version] or [tool.poetry.version] is required in package mode.",
        ),
        (
            '[project]\nname = "shop"\nversion = "1"\n\n[tool.poetry.group.tools]\ninclude-groups = ["absent"]\n',
            "absent",
        ),
    ],
)
def test_what_poetry_would_refuse_is_refused_by_the_dry_run_too(
    poetry: PoetryProgram, index: PackageIndex, tree: Tree, pyproject: str, reported: str
) -> None:
    project = tree(index, **{"requirements.txt": BASE, "pyproject.toml": pyproject, "shop/__init__.py": ""})
    before = content(project)
    for options in (["--dry-run"], ["--no-lock"], []):
        done = poetry.run(project, "migrate-reqs", *options)
        assert done.code == 2, done
        assert reported in done.stderr
        assert "Dry run" not in done.stdout
        assert content(project) == before


def test_a_dynamic_version_ends_in_a_project_that_poetry_takes(
    poetry: PoetryProgram, index: PackageIndex, tree: Tree
) -> None:
    old = """\
[build-system]
requires = ["flit_core"]
build-backend = "flit_core.buildapi"

[project]
name = "shop"
dynamic = ["version", "description"]
requires-python = ">=3.11"

[project.optional-dependencies]
web = ["fastapi"]
"""
    source = '"""A shop."""\n__version__ = "3.1"\n'
    project = tree(index, **{"requirements.txt": BASE, "pyproject.toml": old, "shop/__init__.py": source})
    assert (
        "Poetry installs the project as version 0.0.0"
        in poetry.must(project, "migrate-reqs", "--dry-run").stderr
    )
    poetry.must(project, "migrate-reqs")
    document = tomllib.loads(project.pyproject.read_text("utf-8"))
    assert document["project"]["dynamic"] == ["version", "description"]
    poetry.must(project, "check", "--lock")
    poetry.must(project, "install")
    assert project.installed()["fastapi"] == "0.109.0", "though the extra web has it, too"


def test_one_hardware_file_ends_in_a_lock(poetry: PoetryProgram, index: PackageIndex, tree: Tree) -> None:
    project = tree(index, **{"requirements.txt": BASE, "requirements-cuda.txt": "pytest==7.4.3\n"})
    poetry.must(project, "migrate-reqs", "--dry-run")
    poetry.must(project, "migrate-reqs")
    poetry.must(project, "check", "--lock")
    assert versions(project)["pytest"] == "7.4.3"


def test_a_dry_run_shows_the_diff_and_writes_nothing(
    poetry: PoetryProgram, index: PackageIndex, tree: Tree
) -> None:
    project = tree(index, **{"requirements.txt": BASE})
    before = content(project)
    done = poetry.must(project, "migrate-reqs", "--dry-run")
    assert '+    "fastapi (==0.109.0)",  # see the notes' in done.stdout
    assert "+++ pyproject.toml" in done.stdout
    assert content(project) == before
    assert not (project.path / ".migration_backup").exists()


def test_every_refused_line_of_every_file_is_named_and_nothing_is_written(
    poetry: PoetryProgram, index: PackageIndex, tree: Tree
) -> None:
    project = tree(
        index,
        **{
            "requirements.txt": BASE + "pydantic=2.6.0\nnumpy>=1.*\n",
            "requirements-dev.txt": "-r nowhere.txt\npytest\n",
        },
    )
    before = content(project)
    done = poetry.run(project, "migrate-reqs")
    assert done.code == 2, str(done)
    for place in ("requirements.txt:5", "requirements.txt:6", "requirements-dev.txt:1"):
        assert place in done.stderr
    assert "nothing was written" in done.stderr
    assert content(project) == before
    assert not (project.path / ".migration_backup").exists()


def test_fix_repairs_the_lines_and_a_rollback_brings_them_back(
    poetry: PoetryProgram, index: PackageIndex, tree: Tree
) -> None:
    project = tree(index, **{"requirements.txt": BASE + "pydantic=2.6.0\n"})
    before = content(project)
    done = poetry.must(project, "migrate-reqs", "--fix")
    assert "+pydantic==2.6.0" in done.stdout
    assert "pydantic==2.6.0\n" in (project.path / "requirements.txt").read_text("utf-8")
    assert versions(project)["pydantic"] == "2.6.0"
    poetry.must(project, "migrate-reqs", "--rollback")
    assert content(project) == before


def test_the_document_accounts_for_every_line(poetry: PoetryProgram, index: PackageIndex, tree: Tree) -> None:
    project = tree(index, **{"requirements.txt": BASE, "requirements-dev.txt": DEV})
    document = conforming(poetry.must(project, "migrate-reqs", "--format", "json").stdout)
    assert [(one["file"], one["line"]) for one in document["lines"]] == [
        *(("requirements.txt", number) for number in range(1, 5)),
        *(("requirements-dev.txt", number) for number in range(1, 3)),
    ]
    assert {one["outcome"] for one in document["lines"]} <= {"migrated", "configured", "noted"}
    assert [(one["name"], one["specifier"], one["group"]) for one in document["requirements"]] == [
        ("fastapi", "==0.109.0", "main"),
        ("requests", ">=2.30", "main"),
        ("pytest", "==7.4.3", "dev"),
    ]
    installs = document["proof"].pop("installs")
    assert [(one["file"], one["command"], one["by"], one["differences"]) for one in installs] == [
        ("requirements.txt", "poetry install --only main", "metadata", []),
        ("requirements-dev.txt", "poetry install", "metadata", []),
    ]
    assert document["proof"] == {
        "pins_total": 2,
        "pins_kept": 2,
        "differences": [],
        "constraints_total": 0,
        "constraints_broken": [],
        "hashes_total": 0,
        "foreign_hashes": [],
    }
    assert [one["path"] for one in document["files"]] == ["pyproject.toml", "poetry.lock"]


def test_compiled_pins_seed_the_lock_and_stay_out_of_pyproject(
    poetry: PoetryProgram, index: PackageIndex, tree: Tree
) -> None:
    compiled = (
        "#\n# This file is autogenerated by pip-compile with Python 3.11\n# by the following command:\n#\n"
        "#    pip-compile requirements.in\n#\n--index-url INDEX\n"
        "fastapi==0.109.0\n    # via -r requirements.in\nnumpy==1.26.0\n    # via -r requirements.in\n"
        "pydantic==2.6.0\n    # via fastapi\ntyping-extensions==4.9.0\n    # via pydantic\n"
    )
    known = sorted(index._files[PYPI]["typing-extensions"])
    oldest = known[0].split("-")[1]
    compiled = compiled.replace("typing-extensions==4.9.0", f"typing-extensions=={oldest}")
    oldest_numpy = min(index._files[PYPI]["numpy"]).split("-")[1]
    compiled = compiled.replace("numpy==1.26.0", f"numpy=={oldest_numpy}")
    project = tree(
        index,
        **{"requirements.in": "--index-url INDEX\nfastapi<0.110\nnumpy\n", "requirements.txt": compiled},
    )
    document = conforming(poetry.must(project, "migrate-reqs", "--format", "json").stdout)
    dependencies = tomllib.loads(project.pyproject.read_text("utf-8"))["project"]["dependencies"]
    assert dependencies == ["fastapi (<0.110)", "numpy"]
    locked_versions = versions(project)
    assert locked_versions["numpy"] == oldest_numpy
    assert locked_versions["typing-extensions"] == oldest
    assert document["proof"]["pins_kept"] == document["proof"]["pins_total"] == 4
    poetry.must(project, "check", "--lock")


def test_foreign_hashes_stop_it_and_force_goes_on(
    poetry: PoetryProgram, index: PackageIndex, tree: Tree
) -> None:
    right = index._files[PYPI]["fastapi"]["fastapi-0.109.0-py3-none-any.whl"].sha256
    text = "--index-url INDEX\nfastapi==0.109.0 --hash=sha256:{}\n"
    project = tree(index, **{"requirements.txt": text.format("0" * 64)})
    before = content(project)
    done = poetry.run(project, "migrate-reqs")
    assert done.code == 1, str(done)
    assert "requirements.txt:2" in done.stderr
    assert content(project) == before
    poetry.must(project, "migrate-reqs", "--force")
    project = tree(index, **{"requirements.txt": text.format(right)})
    done = poetry.must(project, "migrate-reqs", "--rollback")
    assert "Not restored: requirements.txt" in done.stdout
    assert right in (project.path / "requirements.txt").read_text("utf-8")
    assert not project.pyproject.exists()
    done = poetry.must(project, "migrate-reqs")
    assert "1 of 1 old hashes match locked files" in done.stdout


def test_hardware_files_become_variants_of_one_lock(
    poetry: PoetryProgram, index: PackageIndex, tree: Tree
) -> None:
    head = "-r requirements.txt\n--extra-index-url {}\ntorch=={}\n"
    project = tree(
        index,
        **{
            "requirements.txt": BASE,
            "requirements_cpu.txt": head.format(index.url("cpu"), "2.10.0+cpu"),
            "requirements_cu126.txt": head.format(index.url("cu126"), "2.10.0+cu126"),
        },
    )
    poetry.must(project, "migrate-reqs")
    table = tomllib.loads(project.pyproject.read_text("utf-8"))
    assert table["tool"]["poetry-aiops"]["hardware"]["variants"] == {"ml-cpu": "cpu", "ml-cu126": "cu126"}
    priorities = {source["url"]: source["priority"] for source in table["tool"]["poetry"]["source"]}
    assert priorities[index.url("cpu")] == "explicit"
    poetry.must(project, "hw-install", "--hardware", "cpu")
    assert project.installed()["torch"] == "2.10.0+cpu"
    assert project.installed()["fastapi"] == "0.109.0"


def test_no_credential_of_any_input_is_shown_or_written(
    poetry: PoetryProgram, index: PackageIndex, tree: Tree
) -> None:
    address = index.url(PYPI).replace("http://", f"http://user:{SECRET}@")
    text = f"--index-url {address}\nfastapi==0.109.0  # token={SECRET}\n--trusted-host 127.0.0.1\n"
    project = tree(index, **{"requirements.txt": text})
    for options in (["--dry-run", "--format", "json"], ["--dry-run", "-v"], ["-vvv"]):
        done = poetry.must(project, "migrate-reqs", *options)
        assert SECRET not in done.output
    for name, data in content(project).items():
        assert (SECRET.encode() in data) == (name == "requirements.txt"), name
    backups = project.path / ".migration_backup"
    inside = [path for path in backups.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()]
    assert [path.read_text("utf-8") for path in inside] == [text]
    if os.name == "posix":
        assert [stat.S_IMODE(path.stat().st_mode) for path in (backups, *inside)] == [0o700, 0o600]
    assert "POETRY_HTTP_BASIC_" in done.stderr


def test_a_setuptools_project_keeps_its_tables_and_ranges(
    poetry: PoetryProgram, index: PackageIndex, tree: Tree
) -> None:
    pyproject = (
        "# our project\n[build-system]\nrequires = ['setuptools']\nbuild-backend = 'setuptools.build_meta'\n\n"
        "[project]\nname = 'shop'\nversion = '2.0'\nrequires-python = '>=3.11,<3.13'\n"
        "dynamic = ['dependencies']\n\n"
        "[tool.setuptools.dynamic]\ndependencies = {file = ['requirements.txt']}\n\n[tool.ruff]\nline-length = 99 # wide\n"
    )
    project = tree(
        index,
        **{
            "pyproject.toml": pyproject,
            "requirements.txt": BASE,
            "shop/__init__.py": "",
            "README.md": "# x\n",
        },
    )
    poetry.must(project, "migrate-reqs")
    text = project.pyproject.read_text("utf-8")
    table = tomllib.loads(text)
    assert text.startswith("# our project\n")
    assert "line-length = 99 # wide" in text
    assert table["project"]["dependencies"] == ["fastapi (==0.109.0)", "requests (>=2.30)"]
    assert "dynamic" not in table["project"]
    poetry.must(project, "check", "--lock")


def test_pins_within_the_projects_own_ranges_seed_the_lock(
    poetry: PoetryProgram, index: PackageIndex, tree: Tree
) -> None:
    pyproject = (
        "[tool.poetry]\nname = 'shop'\nversion = '1'\ndescription = ''\nauthors = []\npackage-mode = false\n"
        "[tool.poetry.dependencies]\npython = '^3.11'\nfastapi = '^0.109.0'\n"
        f"[[tool.poetry.source]]\nname = 'here'\nurl = '{index.url(PYPI)}'\npriority = 'primary'\n"
    )
    project = tree(
        index,
        **{
            "pyproject.toml": pyproject,
            "requirements.txt": "--index-url INDEX\nfastapi==0.109.0\nnumpy>=1.26\n",
        },
    )
    poetry.must(project, "migrate-reqs")
    table = tomllib.loads(project.pyproject.read_text("utf-8"))["tool"]["poetry"]
    assert table["dependencies"] == {"python": "^3.11", "fastapi": "^0.109.0", "numpy": ">=1.26"}
    assert len(table["source"]) == 1
    assert versions(project)["fastapi"] == "0.109.0"


def test_a_second_run_at_the_same_time_is_refused(
    poetry: PoetryProgram, index: PackageIndex, tree: Tree
) -> None:
    project = tree(index, **{"requirements.txt": BASE})
    before = content(project)
    with locked(project.path, datetime.now(UTC)):
        done = poetry.run(project, "migrate-reqs")
    assert done.code == 2, str(done)
    assert content(project) == before


def test_requirements_that_contradict_each_other_are_refused_with_both_places(
    poetry: PoetryProgram, index: PackageIndex, tree: Tree
) -> None:
    project = tree(index, **{"requirements.txt": BASE, "requirements-dev.txt": "fastapi==0.110.0\n"})
    done = poetry.run(project, "migrate-reqs")
    assert done.code == 2, str(done)
    assert "requirements-dev.txt:1" in done.stderr
    assert "requirements.txt:3" in done.stderr


def test_what_cannot_be_locked_leaves_everything_as_it_was(
    poetry: PoetryProgram, index: PackageIndex, tree: Tree
) -> None:
    project = tree(index, **{"requirements.txt": BASE + "pydantic==1.0.0\n"})
    before = content(project)
    done = poetry.run(project, "migrate-reqs")
    assert done.code == 1, str(done)
    assert "requirements.txt:5: pydantic (==1.0.0)" in done.stderr
    assert "--no-lock" in done.stderr
    assert content(project) == before
    assert not (project.path / ".migration_backup").exists()


def test_a_pyproject_of_a_parent_folder_is_never_touched(
    poetry: PoetryProgram, index: PackageIndex, tree: Tree, tmp_path: Path
) -> None:
    parent = tmp_path / "pyproject.toml"
    parent.write_text("[project]\nname = 'parent'\nversion = '1'\n", "utf-8")
    project = tree(index, **{"requirements.txt": BASE})
    poetry.must(project, "migrate-reqs", "--no-lock")
    assert parent.read_text("utf-8") == "[project]\nname = 'parent'\nversion = '1'\n"
    assert project.pyproject.exists()


def test_old_commands_are_listed_and_rewrite_changes_the_certain_ones_under_the_same_backup(
    poetry: PoetryProgram, index: PackageIndex, tree: Tree
) -> None:
    image = (
        "FROM python:3.11\r\nWORKDIR /srv\r\nCOPY requirements-dev.txt d.txt\r\nRUN pip install -r d.txt\r\n"
    )
    project = tree(
        index,
        **{
            "requirements.txt": BASE,
            "requirements-dev.txt": DEV,
            "Dockerfile": image,
            "run.sh": "sudo pip install -r requirements.txt\n",
        },
    )
    before = content(project)
    document = json.loads(poetry.must(project, "migrate-reqs", "--dry-run", "--format", "json").stdout)
    lines = {("Dockerfile", 3): False, ("Dockerfile", 4): False, ("run.sh", 1): False}
    assert {(one["file"], one["line"]): one["rewritten"] for one in document["old_commands"]} == lines
    document = json.loads(poetry.must(project, "migrate-reqs", "--rewrite", "--format", "json").stdout)
    lines.update(dict.fromkeys([("Dockerfile", 3), ("Dockerfile", 4)], True))
    assert {(one["file"], one["line"]): one["rewritten"] for one in document["old_commands"]} == lines
    changed = content(project)["Dockerfile"].decode("utf-8")
    assert changed.endswith("COPY pyproject.toml poetry.lock ./\r\nRUN poetry install\r\n")
    assert "-RUN pip install -r d.txt" in document["diff"]
    poetry.must(project, "migrate-reqs", "--rollback")
    assert content(project) == before


def test_no_requirements_files_at_all_is_said(poetry: PoetryProgram, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = poetry.run(tmp_path / "empty", "migrate-reqs")
    assert done.code == 2, str(done)
    assert "there are no requirements files" in done.stderr
    assert list((tmp_path / "empty").iterdir()) == []
    (tmp_path / "empty" / "Pipfile").write_text("[packages]\n", "utf-8")
    assert "pipenv requirements" in poetry.run(tmp_path / "empty", "migrate-reqs").stderr
