"""What a selection installs, read by us and by poetry-plugin-export: the same packages under the same markers."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

import pytest
from packaging.utils import canonicalize_name
from poetry.core.version.markers import parse_marker
from poetry.factory import Factory
from poetry.packages.locker import Locker
from poetry.repositories.cached_repository import CachedRepository
from poetry.repositories.repository_pool import RepositoryPool
from poetry.utils.authenticator import Authenticator
from poetry_plugin_export import walker  # type: ignore[import-untyped]  # it ships no types
from tests.support import projects

from poetry_aiops.export.model import GroupSelection
from poetry_aiops.export.selection import PoetryExport


if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import ProjectFactory


@pytest.mark.parametrize(
    ("template", "selection"),
    [
        (projects.HW, GroupSelection(("main",))),
        (projects.HW, GroupSelection(("main", "dev"))),
        (projects.HW, GroupSelection(("main", "ml-cpu"))),
        (projects.HW, GroupSelection(("dev", "ml-gpu"))),
        (projects.MAIN_REACHES_TORCH, GroupSelection(("main", "ml-gpu"))),
        (projects.MACOS_FROM_ELSEWHERE, GroupSelection(("main", "ml-cpu"))),
        (projects.TOOLKIT, GroupSelection(("main", "ml-gpu"))),
        (projects.SOUND_EXTRAS, GroupSelection(("main",))),
        (projects.SOUND_EXTRAS, GroupSelection(("main",), ("ml-cpu",))),
        (projects.SOUND_EXTRAS, GroupSelection(("main",), ("ml-gpu",))),
    ],
)
def test_a_selection_is_what_the_export_plugin_makes_of_it(
    locked_project: ProjectFactory, template: str, selection: GroupSelection
) -> None:
    poetry = Factory().create_poetry(locked_project(template).path)

    ours = PoetryExport(poetry).pins(selection)

    theirs = walker.get_project_dependency_packages2(
        poetry.locker,
        groups={canonicalize_name(group) for group in selection.groups},
        extras=[canonicalize_name(extra) for extra in selection.extras],
    )
    python = poetry.package.python_constraint
    expected = {
        (one.package.name, one.package.version.text): one.package.marker.reduce_by_python_constraint(python)
        for one in theirs
    }
    found = {(pin.package.name, pin.package.version): parse_marker(pin.marker or "*") for pin in ours}
    assert found == expected


@pytest.mark.parametrize("groups", [("main",), ("main", "dev"), ("dev",)])
def test_an_old_lock_is_walked_by_the_plugin_to_the_same_result(
    locked_project: ProjectFactory, groups: tuple[str, ...]
) -> None:
    project = locked_project(projects.ORDINARY)
    today = PoetryExport(Factory().create_poetry(project.path)).pins(GroupSelection(groups))
    lines = project.lock_path.read_text("utf-8").splitlines(keepends=True)
    old = "".join(line for line in lines if not line.startswith(("groups = ", "markers = ")))
    project.lock_path.write_text(old.replace('lock-version = "2.1"', 'lock-version = "2.0"'), "utf-8")

    before = PoetryExport(Factory().create_poetry(project.path)).pins(GroupSelection(groups))

    assert {(pin.package.name, pin.package.version, pin.marker) for pin in before} == {
        (pin.package.name, pin.package.version, pin.marker) for pin in today
    }


OLD_PROJECT = """\
[tool.poetry]
name = "harbour"
version = "1.0"
description = ""
authors = []
package-mode = false

[tool.poetry.dependencies]
python = ">=3.11,<3.13"
crane = {{version = "^2.0", extras = ["motor"]{marker}}}
pier = "^1.0"
"""
OLD_LOCK = """\
[[package]]
name = "crane"
version = "2.1"
description = ""
optional = false
python-versions = ">=3.8"
files = []

[package.dependencies]
engine = {{version = "*", optional = true, markers = "extra == \\"motor\\""}}

[package.extras]
motor = ["engine"]

[[package]]
name = "engine"
version = "3.0"
description = ""
optional = false
python-versions = ">=3.8"
files = []

[[package]]
name = "pier"
version = "1.4"
description = ""
optional = false
python-versions = ">=3.8"
files = []

[package.dependencies]
crane = {needs}

[metadata]
lock-version = "2.0"
python-versions = ">=3.11,<3.13"
content-hash = "0"
"""
LINUX, WINDOWS = ('sys_platform == "linux"', 'sys_platform == "win32"')


@pytest.mark.parametrize(
    ("wanted", "needed", "expected"),
    [
        ("", "", {"crane": "", "engine": "", "pier": ""}),
        ("", LINUX, {"crane": "", "engine": "", "pier": ""}),
        (WINDOWS, "", {"crane": "", "engine": WINDOWS, "pier": ""}),
        (WINDOWS, LINUX, {"crane": f"{WINDOWS} or {LINUX}", "engine": WINDOWS, "pier": ""}),
    ],
)
def test_what_an_old_lock_has_with_and_without_extras_is_one_pin(
    tmp_path: Path, wanted: str, needed: str, expected: dict[str, str]
) -> None:
    quoted = {marker: marker.replace('"', "'") for marker in (wanted, needed)}
    marker = f', markers = "{quoted[wanted]}"' if wanted else ""
    needs = f'{{version = "*", markers = "{quoted[needed]}"}}' if needed else '"*"'
    (tmp_path / "pyproject.toml").write_text(OLD_PROJECT.format(marker=marker), "utf-8")
    (tmp_path / "poetry.lock").write_text(OLD_LOCK.format(needs=needs), "utf-8")

    pins = PoetryExport(Factory().create_poetry(tmp_path)).pins(GroupSelection(("main",)))

    found = {pin.package.name: pin.marker for pin in pins}
    assert len(pins) == len(found)
    assert {name: parse_marker(marker or "*") for name, marker in found.items()} == {
        name: parse_marker(marker or "*") for name, marker in expected.items()
    }


def test_the_names_that_the_adapters_touch_are_there() -> None:
    def parameters(function: object) -> list[str]:
        assert callable(function)
        return list(inspect.signature(function).parameters)

    assert parameters(walker.get_project_dependency_packages) == [
        "locker",
        "project_requires",
        "root_package_name",
        "project_python_marker",
        "extras",
    ]
    assert "_content_hash" in inspect.getsource(Locker.__init__)
    assert {"config", "disable_cache"} <= set(parameters(Authenticator.__init__))
    assert parameters(Authenticator.request)[1:3] == ["method", "url"]
    assert "_release_cache.remember" in inspect.getsource(CachedRepository.get_release_info)
    assert "_disable_cache" in inspect.getsource(CachedRepository.get_release_info)
    assert 'f"{name}:{version}"' in inspect.getsource(CachedRepository.get_release_info)
    for name in ("has_repository", "repository", "repositories", "all_repositories"):
        assert hasattr(RepositoryPool, name)
