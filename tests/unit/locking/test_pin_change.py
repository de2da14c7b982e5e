"""Pins that change without a solve."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from poetry.core.packages.package import Package
from poetry.factory import Factory

from poetry_aiops.locking.pin_change import changed_pins, in_format_of


if TYPE_CHECKING:
    from pathlib import Path


PYPROJECT = """\
[project]
name = "demo"
version = "0.1.0"
requires-python = ">=3.11,<4.0"
dependencies = ["sprocket>=1"]

[tool.poetry]
package-mode = false
"""
LOCK = """\
[[package]]
name = "sprocket"
version = "1.0"
description = ""
optional = false
python-versions = ">=3.9"
groups = ["main"]
files = []

[metadata]
lock-version = "2.1"
python-versions = ">=3.11,<4.0"
content-hash = ""
"""


class MirrorPool:
    """What poetry-plugin-pypi-mirror makes of the pool: packages name the source, and have no address of it."""

    def package(self, name: str, version: Any, repository_name: str | None) -> Package:
        assert repository_name is None
        package = Package(
            name, version, source_type="legacy", source_url="https://mirror.example", source_reference="PyPI"
        )
        package.python_versions = ">=3.9"
        package._source_url = None
        return package


def test_a_package_of_a_mirror_plugin_takes_the_place_of_the_locked_one(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    lock = tmp_path / "poetry.lock"
    lock.write_text(LOCK)
    poetry = Factory().create_poetry(tmp_path)
    key = ("sprocket", "1.0", ("", "", ""))

    text = changed_pins(poetry, cast("Any", MirrorPool()), lock, {key: "1.1"}, {})

    assert text == LOCK.replace('version = "1.0"', 'version = "1.1"')


def test_a_lock_of_format_2_0_stays_one() -> None:
    old = LOCK.replace('lock-version = "2.1"', 'lock-version = "2.0"').replace('groups = ["main"]\n', "")
    table = '\n[package.dependencies]\ngroups = ">=1"\n'
    block = LOCK.partition("[metadata]")[0].replace('"1.0"', '"1.1"')
    grown = (
        block.replace('["main"]\n', '["main"]\nmarkers = "os_name == \\"nt\\""\n').rstrip() + f"\n{table}\n"
    )
    solved = f'# newer\n\n{grown}[metadata]\nlock-version = "2.1"\n'

    text = in_format_of(old, solved)

    assert text == old.replace('"1.0"', '"1.1"').replace("files = []\n", f"files = []\n{table}")
    assert in_format_of(LOCK, solved) == solved
