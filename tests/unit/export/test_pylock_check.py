from __future__ import annotations

import pytest
from tests.unit.export.locked import HASH, MAIN, exported, index, package

from poetry_aiops.export.model import Address, FilePlan, Pin
from poetry_aiops.export.pylock import render_pylock, what_is_wrong
from poetry_aiops.project.model import PackageSource


PLAN = FilePlan("pylock.toml", "pylock", MAIN)
SOURCES = (
    None,
    index("cpu", "https://cpu.example/simple"),
    PackageSource("directory", "libs/mylib"),
    PackageSource("git", "https://git.example/a.git", "main", "abc"),
    PackageSource("url", "https://files.example/a-1.0-py3-none-any.whl"),
    PackageSource("file", "dist/a-1.0-py3-none-any.whl"),
)


@pytest.mark.parametrize("source", SOURCES, ids=lambda one: one.type if one else "default")
def test_every_kind_of_package_makes_a_valid_pylock(source: PackageSource | None) -> None:
    pytest.importorskip("packaging.pylock", reason="the installed packaging cannot read pylock files")
    one = package("a", source=source)
    times = "2024-05-06T07:08:09.123456Z"
    addresses = {(one.files[0].name, HASH): Address(f"https://files.example/{one.files[0].name}", 1, times)}
    pins = (Pin(one, 'python_version >= "3.12"'),)
    rendered = render_pylock(PLAN, exported(pins, addresses=addresses))
    assert rendered.document is not None
    assert what_is_wrong(rendered.document) is None


def test_what_is_wrong_is_said() -> None:
    pytest.importorskip("packaging.pylock", reason="the installed packaging cannot read pylock files")
    assert "lock-version" in str(what_is_wrong({"packages": []}))
