"""What a source archive says about itself: whether building it compiles something."""

from __future__ import annotations

import hashlib
import io
import tarfile
import zipfile
from typing import TYPE_CHECKING

import pytest
from poetry.config.config import Config
from poetry.repositories import RepositoryPool
from poetry.repositories.legacy_repository import LegacyRepository
from tests.support.index import PackageIndex
from tests.support.wheels import build_sdist
from tests.unit.scaffold.made import package

from poetry_aiops.project.model import LockedFile, PackageSource
from poetry_aiops.scaffold.sdists import _has_code, without_compiled_code


if TYPE_CHECKING:
    from collections.abc import Mapping


PURE = {"a-1.0/setup.py": "from setuptools import setup\nsetup()\n", "a-1.0/a.py": ""}


def packed(files: Mapping[str, str], kind: str) -> tuple[bytes, LockedFile]:
    """Return an archive of these files, and how a lock names it."""
    target = io.BytesIO()
    if kind == ".zip":
        with zipfile.ZipFile(target, "w") as archive:
            for name, text in files.items():
                archive.writestr(name, text)
    else:
        with tarfile.open(fileobj=target, mode="w:gz") as tar:
            for name, text in files.items():
                info = tarfile.TarInfo(name)
                info.size = len(text)
                tar.addfile(info, io.BytesIO(text.encode()))
    content = target.getvalue()
    return content, LockedFile(f"a-1.0{kind}", f"sha256:{hashlib.sha256(content).hexdigest()}")


@pytest.mark.parametrize("kind", [".zip", ".tar.gz"])
@pytest.mark.parametrize(
    ("more", "has_code"),
    [
        ({}, False),
        ({"a-1.0/src/_fast.c": ""}, True),
        ({"a-1.0/Cargo.toml": ""}, True),
        ({"a-1.0/setup.py": "setup(ext_modules=[x])"}, True),
        ({"a-1.0/pyproject.toml": '[build-system]\nrequires = ["scikit-build-core"]'}, True),
        ({"a-1.0/pyproject.toml": '[build-system]\nrequires = ["hatchling"]'}, False),
    ],
)
def test_compiled_code_is_known_by_its_files(kind: str, more: dict[str, str], *, has_code: bool) -> None:
    assert _has_code(*packed({**PURE, **more}, kind)) is has_code


def test_what_is_not_the_locked_archive_says_nothing() -> None:
    content, file = packed(PURE, ".tar.gz")
    assert _has_code(content + b"x", file)
    broken = b"no archive"
    assert _has_code(broken, LockedFile("a-1.0.tar.gz", f"sha256:{hashlib.sha256(broken).hexdigest()}"))


def test_archives_are_read_from_the_source_that_the_lock_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POETRY_AIOPS_TRUSTED_ADDRESSES", "127.0.0.1")
    sdists = {
        "plain": build_sdist("plain", "1.0"),
        "quick": build_sdist("quick", "1.0", files={"quick.c": "int answer;"}),
    }
    index = PackageIndex()
    for sdist in sdists.values():
        index.publish_file("main", sdist)
    with index:
        url = index.url("main")
        source = PackageSource("legacy", url.rstrip("/"), "served")
        locked = [
            package(
                name, files=[sdist.filename], source=source, digest=hashlib.sha256(sdist.data).hexdigest()
            )
            for name, sdist in sdists.items()
        ]
        gone = package("gone", files=["gone-1.0.tar.gz"], source=source)
        pool = RepositoryPool([LegacyRepository("served", url)])
        pure, problems = without_compiled_code([*locked, gone], pool, Config())
    assert pure == {"plain"}
    assert [text.partition(":")[0] for text in problems] == ["gone"]
