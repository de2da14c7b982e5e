"""What a source archive or a folder says about itself: what compiles it."""

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
from poetry_aiops.scaffold.sdists import _needs_of, archives_needs, folder_needs


if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


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
    ("more", "compilers"),
    [
        ({}, ""),
        ({"a-1.0/src/_fast.c": ""}, "build-essential"),
        ({"a-1.0/Cargo.toml": "", "a-1.0/src/lib.rs": ""}, "build-essential cargo"),
        ({"a-1.0/a/solve.f90": ""}, "build-essential gfortran"),
        ({"a-1.0/setup.py": "setup(ext_modules=[x])"}, "build-essential"),
        ({"a-1.0/pyproject.toml": '[build-system]\nrequires = ["scikit-build-core"]'}, "build-essential"),
        ({"a-1.0/pyproject.toml": '[build-system]\nrequires = ["hatchling"]'}, ""),
    ],
)
def test_what_compiles_an_archive_is_known_by_its_files(
    kind: str, more: dict[str, str], compilers: str
) -> None:
    assert _needs_of(*packed({**PURE, **more}, kind)) == frozenset(compilers.split())


def test_a_folder_with_an_extension_or_a_build_script_needs_a_compiler(tmp_path: Path) -> None:
    assert folder_needs(tmp_path) == set()
    (tmp_path / "pyproject.toml").write_text('[tool.poetry.build]\nscript = "make.py"\n', "utf-8")
    assert folder_needs(tmp_path) == {"build-essential"}
    (tmp_path / "pyproject.toml").write_text('[build-system]\nrequires = ["maturin>=1"]\n', "utf-8")
    (tmp_path / "Cargo.toml").touch()
    assert folder_needs(tmp_path) == {"build-essential", "cargo"}


def test_what_is_not_the_locked_archive_says_nothing() -> None:
    content, file = packed(PURE, ".tar.gz")
    assert _needs_of(content + b"x", file) is None
    broken = b"no archive"
    locked = LockedFile("a-1.0.tar.gz", f"sha256:{hashlib.sha256(broken).hexdigest()}")
    assert _needs_of(broken, locked) is None


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
        needs, problems = archives_needs([*locked, gone], pool, Config())
    assert needs == {"plain": set(), "quick": {"build-essential"}}
    assert [text.partition(":")[0] for text in problems] == ["gone"]
