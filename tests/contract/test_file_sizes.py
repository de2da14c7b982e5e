"""Sizes of locked files through the real Poetry: its pool, its Authenticator, over real HTTP."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from poetry.repositories import RepositoryPool
from poetry.repositories.legacy_repository import LegacyRepository
from tests.support.index import Fault, PackageIndex

from poetry_aiops.graph.file_sizes import file_sizes
from poetry_aiops.graph.sizes import NO_FILE_FITS
from poetry_aiops.index import source as index_source
from poetry_aiops.project.model import LockedFile, Package, PackageSource
from poetry_aiops.project.wheels import tags_on


if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from poetry.config.config import Config
    from tests.support.wheels import Distribution

    from poetry_aiops.graph.sizes import BuildSize


LINUX = tags_on("3.12", system="linux", arch="x86_64")


@pytest.fixture
def index() -> Iterator[PackageIndex]:
    with PackageIndex() as served:
        yield served


def locked(file: Distribution, name: str = "apple", source: str = "fruit", *, named: bool = True) -> Package:
    digest = f"sha256:{file.sha256}"
    return Package(
        name=name,
        pretty_name=name,
        version="1.0",
        description="",
        optional=False,
        python_versions="*",
        groups=("main",),
        markers="",
        files=(LockedFile(file.filename if named else digest, digest),),
        edges=(),
        extras={},
        source=PackageSource("legacy", "https://elsewhere.example/simple", source),
    )


def asked(index: PackageIndex, config: Config, *packages: Package) -> tuple[BuildSize, ...]:
    repository = LegacyRepository("fruit", index.url("fruit"), config=config)
    return file_sizes(packages, LINUX, RepositoryPool([repository], config=config), config)


def test_the_size_is_that_of_the_file_and_is_kept_by_its_hash(index: PackageIndex, config: Config) -> None:
    file = index.publish("fruit", "apple", "1.0")
    (found,) = asked(index, config, locked(file))
    assert (found.file, found.size, found.reason) == (file.filename, len(file.data), "")
    pear = locked(index.publish("fruit", "pear", "1.0"), "pear")
    (second,) = asked(index, config, pear)
    index.stop()
    windows = replace(pear, files=(LockedFile("pear-1.0-cp312-cp312-win_amd64.whl", "sha256:0"),))
    *kept, other = asked(index, config, locked(file), pear, windows)
    assert (kept, other.reason) == ([found, second], NO_FILE_FITS)


def test_an_index_in_html_is_asked_for_the_length_of_the_file(
    index: PackageIndex, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_source, "ACCEPT", "text/html")
    file = index.publish("fruit", "apple", "1.0")
    assert [one.size for one in asked(index, config, locked(file))] == [len(file.data)]


def test_a_lock_without_file_names_is_served_by_hashes(index: PackageIndex, config: Config) -> None:
    file = index.publish("fruit", "apple", "1.0")
    (found,) = asked(index, config, locked(file, named=False))
    assert (found.file, found.size) == (file.filename, len(file.data))


def test_what_is_not_known_has_a_reason(index: PackageIndex, config: Config) -> None:
    file = index.publish("fruit", "apple", "1.0")
    other = index.publish("veg", "kale", "1.0")
    found = asked(
        index,
        config,
        locked(file),
        locked(other, "kale"),
        locked(other, "leek", "veg"),
        locked(other, "../etc"),
    )
    assert found[0].size == len(file.data)
    assert [one.size for one in found[1:]] == [None, None, None]
    assert "does not have this package" in found[1].reason
    assert '"veg"' in found[2].reason
    assert "name" in found[3].reason


@pytest.mark.parametrize("fault", [Fault.SERVER_ERROR, Fault.REFUSE, Fault.NOT_FOUND])
def test_an_index_that_fails_is_a_reason_and_never_a_crash(
    index: PackageIndex, config: Config, fault: Fault
) -> None:
    file = index.publish("fruit", "apple", "1.0")
    with index.fault("fruit", fault):
        (found,) = asked(index, config, locked(file))
    assert found.size is None
    assert found.reason.startswith("fruit: ")


@pytest.mark.parametrize(
    "content", ["", "[]", '{"schema": "file-sizes/1", "content": {"sha256:0": "x", "a": -1}}', "[" * 100_000]
)
def test_a_damaged_cache_does_no_harm(
    index: PackageIndex, config: Config, tmp_path: Path, content: str
) -> None:
    file = index.publish("fruit", "apple", "1.0")
    cached = tmp_path / "cache" / "poetry-aiops" / "file-sizes.json"
    cached.parent.mkdir(parents=True)
    cached.write_text(content, "utf-8")
    unhashed = replace(locked(file), files=(LockedFile(file.filename, ""),))
    assert [one.size for one in asked(index, config, locked(file), unhashed)] == [len(file.data)] * 2
    assert json.loads(cached.read_text("utf-8"))["content"] == {f"sha256:{file.sha256}": len(file.data)}


def test_a_cache_that_cannot_be_written_does_no_harm(
    index: PackageIndex, config: Config, tmp_path: Path
) -> None:
    file = index.publish("fruit", "apple", "1.0")
    (tmp_path / "cache").write_text("a file where a folder should be", "utf-8")
    assert asked(index, config, locked(file))[0].size == len(file.data)


def test_an_index_that_wants_a_login_leaves_an_open_question(index: PackageIndex, config: Config) -> None:
    file = index.publish("fruit", "apple", "1.0")
    with index.fault("fruit", Fault.LOGIN):
        (found,) = asked(index, config, locked(file))
    assert (found.size, found.refused) == (None, True)
    assert "poetry config repositories.fruit http://127.0.0.1:" in found.reason
