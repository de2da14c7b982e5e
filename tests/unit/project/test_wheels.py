"""For which machines the locked files of a package are."""

from __future__ import annotations

from tests.support.every import for_each

from poetry_aiops.project.model import LockedFile
from poetry_aiops.project.targets import machines_for
from poetry_aiops.project.wheels import is_for, wheel_obstacle


@for_each(
    ("name", "python", "machine", "says"),
    [
        ("torch-2.16.0+cu132-cp313-cp313-manylinux_2_28_x86_64.whl", "3.13", "linux x86_64", None),
        ("torch-2.16.0+cu132-cp313-cp313-manylinux_2_28_x86_64.whl", "3.13", "linux x86_64 glibc 2.28", None),
        ("torch-2.16.0+cu132-cp313-cp313-manylinux_2_28_x86_64.whl", "3.13", "linux x86_64 glibc 2.17", "newer system than glibc 2.17"),
        ("torch-2.16.0+cu132-cp313-cp313-manylinux_2_28_x86_64.whl", "3.13", "linux x86_64 musl", "none of its locked wheels"),
        ("torch-2.16.0+cu132-cp313-cp313-manylinux_2_28_x86_64.whl", "3.13", "linux aarch64", "linux on aarch64"),
        ("torch-2.16.0+cu132-cp313-cp313-manylinux_2_28_x86_64.whl", "3.14", "linux x86_64", "cp313 and not for Python 3.14"),
        ("torch-2.16.0-cp313-cp313t-win_amd64.whl", "3.13", "windows amd64", "not for Python 3.13"),
        ("torch-2.16.0-cp311-abi3-win_amd64.whl", "3.16", "windows amd64", None),
        ("torch-2.16.0-cp312-none-macosx_15_0_arm64.whl", "3.12", "macos arm64 14.6", "newer system than 14.6"),
        ("torch-2.16.0-cp312-none-macosx_15_0_arm64.whl", "3.12", "macos arm64", None),
        ("torch-2.16.0-py3-none-any.whl", "3.10", "linux riscv64 glibc 2.39", None),
        ("torch-2.16.0.tar.gz", "3.13", "linux x86_64", "not for Python 3.13"),
    ],
)  # fmt: skip
def test_a_wheel_is_for_the_machines_that_its_tags_name(
    name: str, python: str, machine: str, says: str | None
) -> None:
    system, arch, release = (*machine.split(" ", 2), None)[:3]
    obstacle = wheel_obstacle([LockedFile(name, "sha256:0")], python, system or "", arch or "", release)
    assert (obstacle is None) is (says is None)
    assert (says or "") in (obstacle or "")


@for_each(
    ("names", "machines"),
    [
        (("ink-1-cp312-cp312-win_amd64.whl",), {"windows-amd64-py3.12"}),
        (("ink-1-cp312-abi3-manylinux_2_28_aarch64.whl",), {"linux-aarch64-py3.12", "linux-aarch64-py3.13"}),
        (("ink-1-cp310-cp310-win_amd64.whl",), set()),
        (("ink-1-cp310-cp310-win_amd64.whl", "ink-1.tar.gz"), {one.name for one in machines_for("~=3.12")}),
        (("sha256:0",), {one.name for one in machines_for("~=3.12")}),
    ],
)  # fmt: skip
def test_a_version_is_for_the_machines_that_one_of_its_files_is_for(
    names: tuple[str, ...], machines: set[str]
) -> None:
    kinds = [one for one in machines_for("~=3.12") if one.python in {"3.12", "3.13"}]
    assert {one.name for one in kinds if is_for(names, one)} == machines & {one.name for one in kinds}
