"""The licence that core metadata names, as an SPDX expression."""

from __future__ import annotations

import pytest
from tests.support.every import for_each

from poetry_aiops.index.licences import licence_in


OSI = "Classifier: License :: OSI Approved :: "


@for_each(
    ("lines", "expression", "origin"),
    [
        (["License-Expression: mit or (apache-2.0 and bsd-3-clause)"], "MIT OR (Apache-2.0 AND BSD-3-Clause)", "License-Expression"),
        (["License: BSD-3-Clause"], "BSD-3-Clause", "License"),
        (["License: The MIT License"], "MIT", "License"),
        (["License: see LICENSE", f"{OSI}Mozilla Public License 2.0 (MPL 2.0)"], "MPL-2.0", "Classifier"),
        ([f"{OSI}MIT License", f"{OSI}Apache Software License"], "MIT AND Apache-2.0", "Classifier"),
        (["License-Expression: LicenseRef-Nvidia"], "LicenseRef-Nvidia", "License-Expression"),
    ],
)  # fmt: skip
def test_a_licence_is_read_where_it_is_certain(lines: list[str], expression: str, origin: str) -> None:
    found = licence_in("\n".join(["Metadata-Version: 2.1", "Name: demo", *lines, ""]).encode())
    assert (found.expression, found.origin, found.reason) == (expression, origin, "")


@for_each(
    ("lines", "reason"),
    [
        ([], "names no licence"),
        ([f"{OSI}BSD License"], "BSD License"),
        ([f"{OSI}MIT License", f"{OSI}BSD License"], "no single licence"),
        (["License: Copyright (c) 2026 " + "all of us " * 1000], "..."),
        (["License-Expression: MIT OR"], "MIT OR"),
        (["License: \x1b[2Jpwned"], "pwned"),
    ],
)
def test_a_licence_that_is_not_certain_is_unknown_with_its_text(lines: list[str], reason: str) -> None:
    found = licence_in("\n".join(["Metadata-Version: 2.1", "Name: demo", *lines, ""]).encode())
    assert (found.expression, found.origin) == ("", "")
    assert reason in found.reason
    assert "\x1b" not in found.reason
    assert len(found.reason) < 400


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe\x00", b"<html>", b"License-Expression: MIT" + b"\n" * 100_000 + b"\xff"]
)
def test_any_bytes_are_read(content: bytes) -> None:
    licence_in(content)
