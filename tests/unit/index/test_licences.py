"""The licence that core metadata names, as an SPDX expression."""

from __future__ import annotations

from types import MappingProxyType

import pytest
from poetry.config.config import Config
from poetry.repositories import RepositoryPool
from poetry.repositories.legacy_repository import LegacyRepository
from tests.support.broken_server import broken, raw
from tests.support.every import for_each
from tests.unit.health.facts import NOW
from tests.unit.health.locked import locked

from poetry_aiops.index import licences
from poetry_aiops.index.licences import licence_in, licences_of
from poetry_aiops.index.records import IndexAccess
from poetry_aiops.index.release_records import IndexRecord, IndexRecords
from poetry_aiops.project.model import PackageSource


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


def test_a_host_of_metadata_files_that_is_down_is_asked_three_times(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(licences, "THREADS", 1)
    monkeypatch.setenv("POETRY_AIOPS_TRUSTED_ADDRESSES", "127.0.0.1")
    asked: list[str] = []

    def answer(path: str, posted: object) -> bytes:
        del posted
        asked.append(path)
        return raw(b"", status="503 Service Unavailable")

    with broken(answer) as server:
        source = PackageSource("legacy", f"{server.url}/simple", "house", None)
        packages = [locked(f"part-{number}", "1.0", source=source) for number in range(9)]
        found = {
            ("house", one.name): IndexRecord(
                "house", one.name, NOW, (), metadata={"1.0": f"{server.url}/{one.name}.whl.metadata"}
            )
            for one in packages
        }
        pool = RepositoryPool([LegacyRepository("house", f"{server.url}/simple")])
        reasons = [
            one.reason
            for one in licences_of(
                packages, IndexRecords(MappingProxyType(found)), IndexAccess(pool, Config())
            ).values()
        ]

    assert {path.split(".")[0] for path in asked} == {"/part-0", "/part-1", "/part-2"}
    assert "no more requests" in reasons[-1]
