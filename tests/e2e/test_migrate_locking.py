"""The lock that ``poetry migrate-reqs`` makes: constraints bind and add nothing, old pins begin it, indexes are all asked."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.requirement_projects import content, versions
from tests.support.schemas import conforming
from tests.support.standard_index import PYPI
from tests.support.wheels import build_wheel

from poetry_aiops.project.toml import parse_toml


if TYPE_CHECKING:
    from tests.support.index import PackageIndex
    from tests.support.poetry_program import PoetryProgram, Project
    from tests.support.requirement_projects import Tree


MAIN = "--index-url INDEX\n"


def constraints_in(project: Project) -> list[str]:
    text = project.pyproject.read_text("utf-8")
    found: list[str] = parse_toml(text).get("dependency-groups", {}).get("constraints", [])
    return found


def test_constraints_bind_what_is_needed_and_add_nothing(
    poetry: PoetryProgram, index: PackageIndex, tree: Tree
) -> None:
    project = tree(
        index,
        **{
            "requirements.txt": f"{MAIN}-c constraints.txt\nfastapi==0.110.0\n",
            "constraints.txt": "typing-extensions<4.12\npydantic==2.6.0\nnumpy==1.26.4\nin-no-index==3\n",
        },
    )
    done = poetry.must(project, "migrate-reqs")
    assert versions(project) == {"fastapi": "0.110.0", "pydantic": "2.6.0", "typing-extensions": "4.8.0"}
    assert constraints_in(project) == ["typing-extensions (<4.12)", "pydantic (==2.6.0)"]
    assert "2 of 2 constraints on locked packages hold" in done.stdout
    poetry.must(project, "check", "--lock")
    assert "Nothing to change." in poetry.must(project, "migrate-reqs").stdout


def test_a_constraint_on_what_another_constraint_makes_needless_is_not_kept(
    poetry: PoetryProgram, index: PackageIndex, tree: Tree
) -> None:
    index.publish(PYPI, "roof", "1.0", ["beam"])
    index.publish(PYPI, "beam", "1.0")
    index.publish(PYPI, "beam", "2.0", ["nail"])
    for version in ("1.0", "2.0"):
        index.publish(PYPI, "nail", version)
    project = tree(
        index,
        **{
            "requirements.txt": f"{MAIN}-c constraints.txt\nroof\n",
            "constraints.txt": "nail<2\nbeam<2\n",
        },
    )
    document = conforming(poetry.must(project, "migrate-reqs", "--format", "json").stdout)
    assert versions(project) == {"roof": "1.0", "beam": "1.0"}
    assert constraints_in(project) == ["beam (<2)"]
    lines = {one["raw"]: (one["outcome"], one["message"]) for one in document["lines"]}
    assert lines["nail<2"] == ("noted", "nothing that is locked needs the package")
    assert document["proof"]["constraints_total"] == 1


def test_without_a_lock_the_constraints_on_what_is_asked_for_are_written(
    poetry: PoetryProgram, index: PackageIndex, tree: Tree
) -> None:
    files = {
        "requirements.txt": f"{MAIN}-c constraints.txt\nfastapi\n",
        "constraints.txt": "fastapi<0.110\nnumpy<2\n",
    }
    project = tree(index, **files)
    poetry.must(project, "migrate-reqs", "--no-lock")
    assert constraints_in(project) == ["fastapi (<0.110)"]


def test_a_pin_without_a_local_version_begins_the_lock_with_the_build_of_its_index(
    poetry: PoetryProgram, index: PackageIndex, tree: Tree
) -> None:
    extra = index.url("cu126")
    project = tree(
        index,
        **{"requirements.txt": f"{MAIN}--extra-index-url {extra}\ntorch==2.10.0\nfastapi==0.109.0\n"},
    )
    document = conforming(poetry.must(project, "migrate-reqs", "--format", "json").stdout)
    assert versions(project)["torch"] == "2.10.0+cu126"
    assert document["proof"]["pins_kept"] == document["proof"]["pins_total"] == 2


def test_what_only_the_index_of_torch_offers_comes_from_there(
    poetry: PoetryProgram, index: PackageIndex, tree: Tree
) -> None:
    linux = 'platform_system == "Linux"'
    requires = ["filelock", f"triton-of-amd==4.0 ; {linux}"]
    index.publish("rocm7.2", "torch", "3.0.0+rocm7.2", requires)
    index.publish("rocm7.2", "triton-of-amd", "4.0", ["runtime-of-amd"])
    index.publish("rocm7.2", "runtime-of-amd", "7.2")
    index.publish("rocm7.2", "filelock", "3.9.0")
    extra = index.url("rocm7.2")
    project = tree(index, **{"requirements.txt": f"{MAIN}--extra-index-url {extra}\ntorch==3.0.0\n"})
    poetry.must(project, "migrate-reqs")
    found = versions(project)
    assert found["triton-of-amd"] == "4.0"
    assert found["runtime-of-amd"] == "7.2"
    assert found["filelock"] == "3.13.0"
    poetry.must(project, "check", "--lock")


def test_a_folder_with_the_name_of_a_package_that_another_needs_does_not_stand_for_it(
    poetry: PoetryProgram, index: PackageIndex, tree: Tree
) -> None:
    project = tree(index, **{"requirements.txt": f"{MAIN}fastapi==0.110.0\n"})
    project = replace(project, path=project.path.rename(project.path.with_name("pydantic")))
    done = poetry.must(project, "migrate-reqs")
    assert "the project is named pydantic-project, as it needs the package pydantic" in done.stderr
    assert project.pyproject.read_text("utf-8").startswith('[project]\nname = "pydantic-project"\n')
    assert "pydantic" in versions(project)


def test_what_poetry_cannot_lock_is_a_document_too(
    poetry: PoetryProgram, index: PackageIndex, tree: Tree
) -> None:
    project = tree(index, **{"requirements.txt": f"{MAIN}in-no-index-at-all==1.0\n"})
    done = poetry.run(project, "migrate-reqs", "--format", "json")
    assert done.code == 1, str(done)
    document = json.loads(done.stdout)
    assert document["exit_code"] == 1
    assert any("in-no-index-at-all" in line for line in document["message"])
    assert "<c1>" not in done.output
    assert not project.pyproject.exists()


def test_the_proof_compares_what_each_file_installs_and_says_why_something_differs(
    poetry: PoetryProgram, index: PackageIndex, tree: Tree
) -> None:
    files = {
        "requirements.txt": f"{MAIN}fastapi\n",
        "requirements-docs.txt": f"{MAIN}-r requirements.txt\nmkdocs-of-test\n",
        "requirements-old.txt": f"{MAIN}pydantic<2.6\n",
        "requirements-exact.txt": f"{MAIN}pydantic==2.5.0\ntyping-extensions==4.12.0\n",
    }
    index.publish(PYPI, "mkdocs-of-test", "1.0", ["typing-extensions"])
    index.publish(PYPI, "pydantic", "2.5.0", ["typing-extensions>=4.6.1"])
    project = tree(index, **files)
    index.forget_requests()
    done = poetry.must(project, "migrate-reqs", "--dry-run", "--lock", "--format", "json")
    pages = [count for path, count in index.requests().items() if path.endswith("/pydantic/")]
    assert max(pages) == 1
    assert "alone, to compare" not in done.stderr, "the metadata is enough"
    installs = {one["file"]: one for one in conforming(done.stdout)["proof"]["installs"]}
    assert {file: one["command"] for file, one in installs.items()} == {
        "requirements.txt": "poetry install --only main",
        "requirements-docs.txt": "poetry install",
        "requirements-old.txt": "poetry install --only old",
        "requirements-exact.txt": "poetry install --only exact",
    }
    for file in ("requirements.txt", "requirements-docs.txt"):
        differences = {one["name"]: (one["new"], one["cause"]) for one in installs[file]["differences"]}
        assert differences["pydantic"] == ("2.5.0", "requirements-old.txt:2 requires pydantic <2.6")
    for file in ("requirements-old.txt", "requirements-exact.txt"):
        assert (installs[file]["packages"], installs[file]["differences"]) == (2, [])
    assert not project.pyproject.exists()


def test_a_lock_of_two_versions_for_one_machine_is_refused_with_what_to_do_and_kept_outside(
    poetry: PoetryProgram, index: PackageIndex, tree: Tree
) -> None:
    index.publish(PYPI, "pydantic", "2.5.0", ["typing-extensions>=4.6.1"])
    head = (
        '[project]\nname = "shop"\nversion = "1"\nrequires-python = ">=3.11,<3.13"\n'
        '[project.optional-dependencies]\nold = ["pydantic<2.6"]\n'
    )
    files = {"requirements.txt": f"{MAIN}fastapi\n", "requirements-dev.txt": f"{MAIN}pydantic\n"}
    project = tree(index, **{"pyproject.toml": head, **files})
    before = content(project)
    done = poetry.run(project, "migrate-reqs")
    assert done.code == 1, str(done)
    assert "requirements.txt: pydantic 2.6.0 -> 2.5.0, 2.6.0 on linux-x86_64-py3.11," in done.stderr
    step = "require one range of pydantic in requirements-dev.txt:2 and pyproject.toml:6 (extra old)"
    assert step in done.stderr
    assert content(project) == before
    kept = Path(done.stderr.partition("The planned files are in ")[2].partition(". ")[0])
    assert 'name = "fastapi"' in (kept / "poetry.lock").read_text("utf-8")
    assert "fastapi" in (kept / "pyproject.toml").read_text("utf-8")
    shutil.rmtree(kept)


def test_where_the_project_names_no_python_the_lock_is_for_the_one_that_the_files_are_for(
    poetry: PoetryProgram, index: PackageIndex, tree: Tree
) -> None:
    index.publish(PYPI, "film", "1.0", tag="cp310-cp310-manylinux_2_17_x86_64")
    project = tree(index, **{"requirements.txt": f"{MAIN}film==1.0\n"})
    done = poetry.run(project, "migrate-reqs", "--python", ">=3.12,<3.13")
    assert done.code == 1, str(done)
    assert "Give `--python '>=3.10,<3.11'`" in done.stderr
    shutil.rmtree(done.stderr.partition("The planned files are in ")[2].partition(". ")[0])
    done = poetry.must(project, "migrate-reqs")
    assert "no index has a file for it of film ==1.0 (requirements.txt:2)" in done.stderr
    assert 'requires-python = ">=3.10,<3.11"' in project.pyproject.read_text("utf-8")


def test_a_guessed_python_leaves_out_what_the_packages_are_not_for(
    poetry: PoetryProgram, index: PackageIndex, tree: Tree
) -> None:
    index.publish(PYPI, "cap", "1.0", ["capped"])
    index.publish(PYPI, "capped", "1.0", requires_python=">=3.8,<3.13")
    index.publish(PYPI, "capped", "2.0", requires_python=">=3.10,<3.15")
    index.publish(PYPI, "lens", "1.0")
    index.publish(PYPI, "lens", "2.0", requires_python=">=3.8,!=3.13.1")
    project = tree(index, **{"requirements.txt": f"{MAIN}lens\ncap\n"})
    done = poetry.must(project, "migrate-reqs")
    assert "capped is for Python >=3.8,<3.15" in done.stderr
    assert "lens 2.0 is for Python >=3.8,!=3.13.1" in done.stderr
    assert versions(project) == {"lens": "2.0", "cap": "1.0", "capped": "2.0"}
    assert (
        parse_toml(project.pyproject.read_text("utf-8"))["project"]["requires-python"]
        == ">=3.11,!=3.13.1,<3.15"
    )


def test_a_refusal_of_the_solver_names_ways_that_can_help(
    poetry: PoetryProgram, index: PackageIndex, tree: Tree
) -> None:
    index.publish(PYPI, "past", "1.0", requires_python="<3.4")
    index.publish(PYPI, "reel", "1.0", ["pydantic<2.6"])
    index.publish(PYPI, "pydantic", "2.5.0")
    files = {"requirements.txt": f"{MAIN}reel\n", "requirements-dev.txt": f"{MAIN}pydantic==2.6.0\n"}
    done = poetry.run(tree(index, **files), "migrate-reqs")
    assert done.code == 1, str(done)
    assert (
        "Try `--pins relax`, or only files that belong together (`poetry migrate-reqs FILE...`), or `--no-lock`"
        in done.stderr
    )
    done = poetry.run(tree(index, **{"requirements.txt": f"{MAIN}past==1.0\n"}), "migrate-reqs")
    assert done.code == 1, str(done)
    assert "<fg=" not in done.stderr
    assert "No release of past that the lines accept is for Python >=3.11" in done.stderr
    project = tree(
        index, **{"requirements.txt": f"{MAIN}--find-links wheels\nhome-made\nfastapi\n", "wheels/a.txt": ""}
    )
    wheel = build_wheel("home-made", "1.0")
    (project.path / "wheels" / wheel.filename).write_bytes(wheel.data)
    done = poetry.run(project, "migrate-reqs")
    assert f"write `home-made @ file:wheels/{wheel.filename}`" in done.stderr


def test_prove_asks_pip_for_this_machine(poetry: PoetryProgram, index: PackageIndex, tree: Tree) -> None:
    index.publish(PYPI, "tools-of-test", "1.0", ["typing-extensions"])
    files = {
        "setup.py": "from setuptools import setup\nsetup(name='shop', version='1', py_modules=['shop'],\n"
        " install_requires=['fastapi==0.109.0'], extras_require={'dev': ['tools-of-test']})\n",
        "shop.py": "",
        "requirements.txt": f"{MAIN}fastapi==0.109.0\n",
        "requirements-dev.txt": f"{MAIN}-e .[dev,unknown]\n",
    }
    project = tree(index, **files)
    done = poetry.must(project, "migrate-reqs")
    assert "requirements.txt: `poetry install --only main --no-root` installs 3 of 3 packages" in done.stdout
    assert (
        "requirements-dev.txt: `poetry install --only main --extras dev` installs 4 of 4 packages"
        in done.stdout
    )
    (project.path / "requirements-dev.txt").unlink()
    done = poetry.must(project, "migrate-reqs", "--prove")
    assert (
        "`poetry install --only main --no-root` installs 3 of 3 packages as pip selects here" in done.stdout
    )


def test_an_address_that_cannot_be_read_is_named_with_its_line(
    poetry: PoetryProgram, index: PackageIndex, tree: Tree
) -> None:
    for address in (f"git+{index.root}/team/tool.git", f"{index.root}/gone/tool-1.0-py3-none-any.whl"):
        project = tree(index, **{"requirements.txt": f"{MAIN}fastapi\ntool @ {address}\n"})
        done = poetry.run(project, "migrate-reqs")
        assert done.code == 3, str(done)
        assert f"requirements.txt:3: tool @ {address[:8]}" in done.stderr
        assert not project.pyproject.exists()
