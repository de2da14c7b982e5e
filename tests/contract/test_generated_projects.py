"""What a migration generates is accepted by Poetry itself, and Poetry reads from it what was meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from poetry.core.packages.directory_dependency import DirectoryDependency
from poetry.core.packages.vcs_dependency import VCSDependency
from poetry.factory import Factory
from tests.support.migrations import Migration, migrated
from tests.support.neighbours import FILE


if TYPE_CHECKING:
    from pathlib import Path

    from poetry.core.packages.dependency import Dependency
    from tests.support.migrations import Files


FOO = {"libs/foo/pyproject.toml": '[project]\nname = "foo"\nversion = "1"\n'}
LEGACY = (
    '[tool.poetry]\nname = "x"\nversion = "1"\ndescription = ""\nauthors = []\npackage-mode = false\n\n'
    '[tool.poetry.dependencies]\npython = "^3.11"\nattrs = "^23"\n'
)
TREES: dict[str, Files] = {
    "plain": {FILE: "six==1.16.0\nidna[x]>=3,<4 ; python_version < '3.12'  # why\n"},
    "groups": {
        FILE: "six\n",
        "requirements-dev.txt": "-r requirements-test.txt\nruff\n",
        "requirements-test.txt": "pytest>=8\n",
        "constraints.txt": "idna<4\n",
    },
    "places": {
        FILE: "-e ./libs/foo\na @ https://h.example/a-1.0.tar.gz\n-e git+https://h.example/b.git@v1#egg=b&subdirectory=s\n",
        **FOO,
    },
    "markers": {
        FILE: "--extra-index-url https://download.pytorch.org/whl/cu128\ntorch==2.7.0+cu128 ; sys_platform == 'linux'\n"
        "torch==2.7.0 ; sys_platform != 'linux'\nfoo==1.0+cu128 ; sys_platform == 'linux'\nfoo>=1\n"
    },
    "variants": {
        FILE: "torch>=2\nnumpy\n",
        "requirements-cpu.txt": "-r requirements.txt\ntorch==2.7.0+cpu\n",
        "requirements_rocm6.3.txt": "-r requirements.txt\ntorch==2.7.0+rocm6.3\n",
    },
    "indexes": {
        FILE: "-i https://a.example/simple\n--pre\nsix\n",
        "requirements-dev.txt": "-i https://b.example/simple\nruff\n",
    },
    "package": {
        FILE: "-e .\nsix==1.16.0\n",
        "setup.py": "setup(name='demo', version='1.0', install_requires=['six'], extras_require={'all': ['attrs']})",
        "demo.py": "",
    },
    "poetry": {
        FILE: "six==1.16.0\n-e ./libs/foo\n",
        "requirements-dev.txt": "ruff\nmypy ; os_name == 'nt'\n",
        "pyproject.toml": LEGACY,
        **FOO,
    },
    "mixed": {
        FILE: "six==1.16.0\n",
        "pyproject.toml": '[project]\nname = "x"\nversion = "1"\nrequires-python = ">=3.11"\n\n[tool.poetry.dependencies]\nattrs = "^23"\n',
    },
    "windows": {FILE: "six\r\n", "pyproject.toml": "[tool.black]\r\nline-length = 100\r\n"},
}


def opened(migration: Migration, files: Files, folder: Path) -> dict[str, list[Dependency]]:
    """Return what Poetry locks for, by group."""
    for path, data in {**files, "pyproject.toml": migration.text}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data.encode() if isinstance(data, str) else data)
    poetry = Factory().create_poetry(folder)
    package = poetry.package
    names = package.dependency_group_names(include_optional=True)
    return {str(name): package.dependency_group(name).dependencies_for_locking for name in names}


@pytest.mark.parametrize("knows", [True, False], ids=["standard groups", "Poetry's groups"])
@pytest.mark.parametrize("name", TREES)
def test_what_is_generated_is_valid(name: str, knows: bool, tmp_path: Path) -> None:
    migration = migrated(TREES[name], knows_dependency_groups=knows)
    assert Factory.validate(migration.document)["errors"] == []
    groups = opened(migration, TREES[name], tmp_path)
    for group in migration.plan.edits.groups:
        assert {entry.name for entry in group.entries} <= {one.name for one in groups.get(group.name, [])}


def test_folders_and_repositories_are_editable(tmp_path: Path) -> None:
    foo, _, b = opened(migrated(TREES["places"]), TREES["places"], tmp_path)["main"]
    assert isinstance(foo, DirectoryDependency)
    assert (foo.path.as_posix(), foo.develop) == ("libs/foo", True)
    assert isinstance(b, VCSDependency)
    assert (b.develop, b.directory, b.rev) == (True, "s", "v1")


def test_every_machine_gets_its_build_and_none_is_lost(tmp_path: Path) -> None:
    found = opened(migrated(TREES["markers"]), TREES["markers"], tmp_path)["main"]
    assert [(one.to_pep_508(), one.source_name) for one in found if one.name == "foo"] == [
        ('foo (==1.0+cu128) ; sys_platform == "linux"', "pytorch-cu128"),
        ('foo (>=1) ; sys_platform == "linux"', "pytorch-cu128"),
        ('foo (>=1) ; sys_platform != "linux"', None),
    ]


def test_a_table_of_its_own_is_not_shadowed(tmp_path: Path) -> None:
    found = opened(migrated(TREES["mixed"]), TREES["mixed"], tmp_path)["main"]
    assert sorted(one.name for one in found) == ["attrs", "six"]


def test_groups_bring_along_what_they_include(tmp_path: Path) -> None:
    for knows in (True, False):
        groups = opened(migrated(TREES["groups"], knows_dependency_groups=knows), TREES["groups"], tmp_path)
        assert sorted(one.name for one in groups["dev"]) == ["pytest", "ruff"]
