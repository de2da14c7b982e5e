"""A project that Poetry locks before its pyproject.toml is written."""

from __future__ import annotations

import os
from html import escape
from pathlib import Path

import pytest
from poetry.console.application import Application
from poetry.core.packages.dependency_group import MAIN_GROUP
from poetry.core.packages.directory_dependency import DirectoryDependency
from poetry.core.packages.package import Package
from poetry.inspection import info
from poetry.packages.transitive_package_info import TransitivePackageInfo
from poetry.repositories import RepositoryPool
from poetry.repositories.legacy_repository import LegacyRepository
from poetry.repositories.link_sources.html import HTMLPage

from poetry_aiops.errors import InputError
from poetry_aiops.locking.staged_project import staged_project


TEXT = (
    '[project]\nname = "demo"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = ["foo"]\n\n'
    '[tool.poetry]\npackage-mode = false\n\n[tool.poetry.dependencies]\nfoo = {path = "libs/foo"}\n'
)
LOCK = '[metadata]\nlock-version = "2.1"\npython-versions = ">=3.11"\ncontent-hash = "none"\n'


def names(root: Path) -> list[str]:
    return sorted(path.name for path in root.iterdir())


def project(root: Path) -> Path:
    (root / "libs" / "foo").mkdir(parents=True)
    (root / "libs" / "foo" / "pyproject.toml").write_text('[project]\nname = "foo"\nversion = "2"\n', "utf-8")
    (root / "pyproject.toml").write_text("[tool.black]\n", "utf-8")
    return root


def test_poetry_reads_the_planned_text_and_nothing_else_changes(tmp_path: Path) -> None:
    root = project(tmp_path)
    with staged_project(root, TEXT, LOCK, Application()) as staged:
        assert [one.name for one in staged.poetry.package.requires] == ["foo"]
        assert staged.poetry.locker.lock == staged.lock_path
        assert staged.lock_path.read_text("utf-8") == LOCK
        assert staged.lock_path.parent == root
    assert names(root) == ["libs", "pyproject.toml"]
    assert (root / "pyproject.toml").read_text("utf-8") == "[tool.black]\n"


def test_a_source_distribution_is_built_with_what_the_planned_indexes_offer(tmp_path: Path) -> None:
    """Poetry's builder asks the indexes of the pyproject.toml in the working directory, which is not written yet."""
    own = vars(info)["isolated_builder"]
    with staged_project(project(tmp_path), TEXT, None, Application()) as staged:
        builder = vars(info)["isolated_builder"]
        assert (builder.func, builder.keywords) == (own, {"pool": staged.poetry.pool})
    assert vars(info)["isolated_builder"] is own


def test_without_a_lock_there_is_none_to_begin_with(tmp_path: Path) -> None:
    with staged_project(project(tmp_path), TEXT, None, Application()) as staged:
        assert not staged.poetry.locker.is_locked()


def test_a_text_that_poetry_refuses_is_told_by_the_real_name(tmp_path: Path) -> None:
    root = project(tmp_path)
    text = TEXT.replace('version = "1"', 'version = "one"')
    with (
        pytest.raises(InputError, match="Poetry does not accept") as caught,
        staged_project(root, text, None, Application()),
    ):
        pytest.fail("Poetry took it")
    assert "staged" not in str(caught.value)
    assert "version" in str(caught.value)
    assert names(root) == ["libs", "pyproject.toml"]


def test_an_error_on_the_way_leaves_nothing_behind(tmp_path: Path) -> None:
    root = project(tmp_path)
    with pytest.raises(RuntimeError, match="on the way"), staged_project(root, TEXT, LOCK, Application()):
        raise RuntimeError("on the way")
    assert names(root) == ["libs", "pyproject.toml"]


def test_relative_paths_are_those_of_the_project(tmp_path: Path) -> None:
    root = project(tmp_path)
    with staged_project(root, TEXT, LOCK, Application()) as staged:
        (dependency,) = staged.poetry.package.dependency_group(MAIN_GROUP).dependencies_for_locking
        assert isinstance(dependency, DirectoryDependency)
        assert dependency.full_path == root / "libs" / "foo"
        foo = Package("foo", "2", source_type="directory", source_url=str(root / "libs" / "foo"))
        staged.poetry.locker.set_lock_data(
            staged.poetry.package, {foo: TransitivePackageInfo(0, {MAIN_GROUP}, {})}
        )
        assert 'url = "libs/foo"' in staged.lock_path.read_text("utf-8")


@pytest.mark.parametrize(
    ("python", "reason"),
    [
        (">=3.9", None),
        (">=3.12", "foo 2 is for Python >=3.12, the project for >=3.11"),
        ("<3.11", "foo 2 is for Python <3.11"),
    ],
)
def test_a_version_that_is_not_for_every_python_of_the_project_is_not_offered(
    tmp_path: Path, python: str, reason: str | None
) -> None:
    """The page of an index says it; what Poetry finds there has no Python before its metadata is read."""
    house = LegacyRepository("house", "https://index.example/simple")
    link = f'<a href="foo-2-cp311-cp311-win_amd64.whl" data-requires-python="{escape(python)}">foo</a>'
    vars(house)["get_page"] = lambda _: HTMLPage(house.url, link)
    with staged_project(project(tmp_path), TEXT, None, Application()) as staged:
        staged.poetry.set_pool(RepositoryPool([house]))
        assert staged.why_not_offered("foo", "2", None) == reason
        [offered] = staged.offered("foo", ">=1", None)
        assert (offered.version, offered.python) == ("2", python)
        assert offered.files == ("foo-2-cp311-cp311-win_amd64.whl",)


def test_files_of_the_user_with_any_name_stay(tmp_path: Path) -> None:
    root = project(tmp_path)
    for name in (".migration-0123456789ab.toml", ".migration-0123456789ab.lock", "poetry-aiops-staged-0"):
        (root / name).write_text("the user's", "utf-8")
        os.utime(root / name, (0, 0))
    before = names(root)
    with staged_project(root, TEXT, LOCK, Application()) as staged:
        assert names(root) == before
        folder = Path(os.fspath(staged.lock_path)).parent
        assert names(folder) == ["poetry.lock", "pyproject.toml"]
    assert names(root) == before
    assert not folder.exists()
