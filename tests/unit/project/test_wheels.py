"""Which Pythons the locked files of a package are for."""

from __future__ import annotations

import pytest

from poetry_aiops.project.model import LockedFile
from poetry_aiops.project.wheels import has_wheel_for


@pytest.mark.parametrize(
    ("name", "python", "fits"),
    [
        ("torch-2.16.0+cu132-cp313-cp313-manylinux_2_28_x86_64.whl", "3.13", True),
        ("torch-2.16.0+cu132-cp313-cp313-manylinux_2_28_x86_64.whl", "3.14", False),
        ("torch-2.16.0-cp313-cp313t-win_amd64.whl", "3.13", False),
        ("torch-2.16.0-cp311-abi3-win_amd64.whl", "3.16", True),
        ("torch-2.16.0-py3-none-any.whl", "3.10", True),
        ("torch-2.16.0.tar.gz", "3.13", False),
        ("no-wheel.whl", "3.13", False),
    ],
)
def test_a_wheel_is_for_the_pythons_that_its_tags_name(name: str, python: str, fits: bool) -> None:
    assert has_wheel_for([LockedFile(name, "sha256:0")], python) is fits
