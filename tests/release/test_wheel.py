"""The wheel and the source archive: what is in them, how large they are, and which Pythons run them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.linters import assert_clean
from tests.support.poetries import REPOSITORY
from tests.support.release import PYTHONS, Built, clean_poetry, project_files, python_on_this_machine
from tests.support.schemas import conforming


if TYPE_CHECKING:
    from pathlib import Path


pytestmark = pytest.mark.slow
LARGEST = 1_000_000  # bytes


def test_the_wheel_holds_the_package_and_nothing_else(built: Built) -> None:
    source = REPOSITORY / "src"
    package = {path.relative_to(source).as_posix() for path in project_files()}
    folder = f"poetry_aiops-{built.version}.dist-info"

    names = set(built.in_wheel())

    about = {
        f"{folder}/{name}" for name in ("METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE")
    }
    assert names == package | about
    assert [name for name in names if "test" in name.split("/")[-1].split(".")[0].split("_")] == []


def test_data_schemas_and_licence_are_inside(built: Built) -> None:
    files = built.in_wheel()
    data = [name for name in files if name.startswith("poetry_aiops/data/")]

    assert {"accelerators.toml", "frameworks.toml", "actions.toml"} <= {name.split("/")[-1] for name in data}
    assert len([name for name in data if "/schemas/" in name]) >= 11
    assert files[f"poetry_aiops-{built.version}.dist-info/licenses/LICENSE"] == (
        (REPOSITORY / "LICENSE").read_bytes()
    )
    assert "poetry_aiops/py.typed" in files


def test_both_files_are_small(built: Built) -> None:
    sizes = {path.name: path.stat().st_size for path in (built.wheel, built.sdist)}

    assert max(sizes.values()) < LARGEST, sizes


def test_the_source_archive_has_no_tests_and_builds_the_same_wheel(built: Built, tmp_path: Path) -> None:
    names = built.in_sdist()
    again = Built.by_poetry(built.unpacked_sdist(tmp_path), tmp_path / "again")

    assert {name.split("/")[0] for name in names} == {
        "LICENSE",
        "PKG-INFO",
        "README.md",
        "pyproject.toml",
        "src",
    }
    assert again.in_wheel() == built.in_wheel()


def test_twine_has_nothing_against_them(built: Built) -> None:
    assert_clean("twine", "check", "--strict", built.wheel, built.sdist)


@pytest.mark.parametrize("minor", PYTHONS)
def test_it_installs_and_runs_on_each_python(minor: str, built: Built, tmp_path: Path) -> None:
    python = python_on_this_machine(minor)
    if python is None:
        pytest.skip(f"there is no Python {minor} on this machine")
    poetry = clean_poetry(tmp_path, python, built.wheel)

    document = conforming(poetry.must(tmp_path, "hw-info", "--format", "json").stdout)

    assert document["host"]["python"].startswith(f"{minor}.")
