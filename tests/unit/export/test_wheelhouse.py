from __future__ import annotations

import pytest
from packaging.markers import default_environment
from packaging.tags import platform_tags
from tests.support.every import for_each
from tests.unit.export.locked import HASH, MAIN, exported, package

from poetry_aiops.errors import NegativeAnswerError, UsageError
from poetry_aiops.export.header import read_header
from poetry_aiops.export.model import Pin
from poetry_aiops.export.wheelhouse import (
    WheelTarget,
    choose_files,
    wheel_target,
    wheelhouse_requirements,
)
from poetry_aiops.project.model import LockedFile, PackageSource
from poetry_aiops.project.wheels import best_file


TAGS = ("manylinux_2_31_x86_64", "linux_x86_64")
ENVIRONMENT = {key: str(value) for key, value in default_environment().items()}


def target(platform: str | None = "linux-x86_64", python: str = "3.12") -> WheelTarget:
    return wheel_target(
        platform, python, lambda version: version.startswith("3.1"), tags=TAGS, environment=ENVIRONMENT
    )


def best(*names: str, platform: str = "linux-x86_64", sdists: bool = False) -> str | None:
    found = best_file([LockedFile(name, HASH) for name in names], target(platform).ranks, sdists=sdists)
    return found.name if found else None


@for_each(
    ("names", "taken"),
    [
        (("a-1-py3-none-any.whl", "a-1-cp312-cp312-manylinux_2_17_x86_64.whl"), 1),
        (("a-1-cp312-cp312-manylinux_2_17_x86_64.whl", "a-1-cp312-cp312-manylinux_2_28_x86_64.whl"), 1),
        (("a-1-cp312-cp312-manylinux_2_34_x86_64.whl", "a-1-cp312-cp312-manylinux2014_x86_64.whl"), 1),
        (("a-1-cp38-abi3-manylinux2014_x86_64.whl", "a-1-py3-none-any.whl"), 0),
        (("a-1-cp38-abi3-manylinux2014_x86_64.whl", "a-1-cp311-abi3-manylinux2014_x86_64.whl"), 1),
        (("a-1-1-py3-none-any.whl", "a-1-2b-py3-none-any.whl", "a-1-py3-none-any.whl"), 1),
        (("a-1-cp312-cp312-musllinux_1_2_x86_64.whl", "a-1-py2.py3-none-any.whl"), 1),
        (("a-1-cp313-cp313-manylinux2014_x86_64.whl",), None),
        (("a-1-cp312-cp312-macosx_11_0_arm64.whl", "a-1-cp312-cp312-win_amd64.whl"), None),
        (("a-1.tar.gz",), None),
        (("not a wheel.whl",), None),
    ],
)
def test_the_best_wheel_is_the_one_that_pip_takes(names: tuple[str, ...], taken: int | None) -> None:
    assert best(*names) == (None if taken is None else names[taken])


def test_a_source_archive_is_taken_only_when_allowed_and_nothing_else_fits() -> None:
    assert best("a-1.tar.gz", sdists=True) == "a-1.tar.gz"
    assert best("a-1.tar.gz", "a-1-py3-none-any.whl", sdists=True) == "a-1-py3-none-any.whl"


@for_each(
    ("platform", "first", "sys_platform", "machine"),
    [
        ("linux-x86_64", "manylinux_2_28_x86_64", "linux", "x86_64"),
        ("linux_x86_64", "manylinux_2_28_x86_64", "linux", "x86_64"),
        ("linux-aarch64", "manylinux_2_28_aarch64", "linux", "aarch64"),
        ("manylinux2014_x86_64", "manylinux_2_17_x86_64", "linux", "x86_64"),
        ("manylinux_2_34_x86_64", "manylinux_2_34_x86_64", "linux", "x86_64"),
        ("musllinux_1_2_x86_64", "musllinux_1_2_x86_64", "linux", "x86_64"),
        ("macos-arm64", "macosx_14_0_arm64", "darwin", "arm64"),
        ("macosx_12_0_x86_64", "macosx_12_0_x86_64", "darwin", "x86_64"),
        ("windows-amd64", "win_amd64", "win32", "AMD64"),
        ("win32", "win32", "win32", "x86"),
    ],
)
def test_a_platform_gives_tags_and_marker_values(
    platform: str, first: str, sys_platform: str, machine: str
) -> None:
    found = target(platform)
    assert found.platforms[0] == first
    assert found.machine.environment["sys_platform"] == sys_platform
    assert found.machine.environment["platform_machine"] == machine
    assert found.machine.environment["python_version"] == "3.12"


def test_old_names_of_manylinux_stand_beside_the_new_ones() -> None:
    tags = target("manylinux_2_18_x86_64").platforms
    assert tags[:3] == ("manylinux_2_18_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64")
    assert tags[-2:] == ("manylinux1_x86_64", "linux_x86_64")


def test_this_machine_without_a_platform() -> None:
    assert target(None).platforms == TAGS
    assert list(platform_tags())


@pytest.mark.parametrize(
    ("platform", "python", "said"),
    [
        ("linux-x86", "3.12", 'Did you mean "linux-x86_64"?'),
        ("solaris", "3.12", "a platform tag such as"),
        (None, "3.9", "does not allow Python 3.9"),
        (None, "py312", "not a Python version"),
    ],
)
def test_words_that_describe_no_machine_are_refused(platform: str | None, python: str, said: str) -> None:
    with pytest.raises(UsageError) as reported:
        target(platform, python)
    assert said in str(reported.value)


def test_markers_are_those_of_the_target() -> None:
    pins = [Pin(package("everywhere")), Pin(package("windows"), 'sys_platform == "win32"')]
    names = [one.pin.package.name for one in choose_files(pins, target("windows-amd64"), sdists=False).files]
    assert names == ["everywhere", "windows"]
    names = [one.pin.package.name for one in choose_files(pins, target(), sdists=False).files]
    assert names == ["everywhere"]


def test_every_package_without_a_file_is_named() -> None:
    pins = [
        Pin(package("a", files=("a-1.0-cp312-cp312-win_amd64.whl", "a-1.0.tar.gz"))),
        Pin(package("b", files=())),
        Pin(package("c")),
    ]
    with pytest.raises(NegativeAnswerError) as reported:
        choose_files(pins, target(), sdists=False)
    assert reported.value.details == (
        "a 1.0: 1 wheels, none of which fits, 1 source archives",
        "b 1.0: poetry.lock names no files",
    )


def test_folders_and_git_are_left_out_with_a_reason_and_the_file_says_so() -> None:
    pins = [
        Pin(package("alpha")),
        Pin(package("mylib", source=PackageSource("directory", "libs/mylib"), files=())),
    ]
    chosen = choose_files(pins, target(), sdists=False)
    assert [(pin.package.name, reason.partition(",")[0]) for pin, reason in chosen.left_out] == [
        ("mylib", "a folder (libs/mylib)")
    ]
    text = wheelhouse_requirements(chosen, MAIN, exported(tuple(pins)))
    assert "# Not here: mylib, a folder (libs/mylib)" in text
    assert text.endswith(f"--no-index\n--find-links .\n\nalpha==1.0 \\\n    --hash={HASH}\n")
    assert read_header(text) is not None
