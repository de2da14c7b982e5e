"""What would fail in a build is found on the project first."""

from __future__ import annotations

import hashlib
import tomllib
from typing import TYPE_CHECKING

import pytest

from poetry_aiops.errors import IncompleteError, UsageError
from poetry_aiops.scaffold.checks import digest_of, packaged_modules, refuse_outside


if TYPE_CHECKING:
    from pathlib import Path


HEAD = '[project]\nname = "tool"\nversion = "1"\nrequires-python = ">=3.11"\n'
BACKEND = '\n[build-system]\nrequires = ["poetry-core"]\nbuild-backend = "poetry.core.masonry.api"\n'
DIGEST = f"sha256:{'5' * 64}"


def unbuildable(folder: Path, text: str, *files: str) -> str:
    """Return what is said about a project of these files; empty where it can be built."""
    for name in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    (folder / "pyproject.toml").write_text(text, "utf-8")
    try:
        refuse_outside(folder / "pyproject.toml", tomllib.loads(text))
        packaged_modules(folder / "pyproject.toml", tomllib.loads(text))
    except UsageError as error:
        return str(error)
    return ""


def test_a_package_is_found_where_poetry_finds_it(tmp_path: Path) -> None:
    assert unbuildable(tmp_path, HEAD + BACKEND, "src/tool/__init__.py", "other.py") == ""
    assert packaged_modules(tmp_path / "pyproject.toml", tomllib.loads(HEAD + BACKEND)) == frozenset({"tool"})


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("", "No file/folder found for package tool"),
        ('readme = "README.md"\n', "`poetry build` would fail in the image"),
        ('[tool.poetry]\npackages = [{ include = "lib", from = "../shared" }]\n', "../shared/lib is outside"),
        ('[tool.poetry]\npackages = [{ include = "/opt/lib" }]\n', "/opt/lib is outside"),
        ('readme = "../README.md"\n', "../README.md is outside"),
        ('readme = ["README.md", "linked.md"]\n', "linked.md is outside"),
        ('license = { file = "../LICENSE" }\n', "../LICENSE is outside"),
        ('[tool.poetry]\ninclude = [{ path = "../data" }]\n', "../data is outside"),
    ],
)
def test_what_cannot_be_built_is_named(tmp_path: Path, more: str, said: str) -> None:
    (tmp_path / "linked.md").symlink_to(tmp_path.parent / "README.md")
    assert said in unbuildable(tmp_path, HEAD + more + BACKEND)


def test_another_build_backend_is_not_judged(tmp_path: Path) -> None:
    assert unbuildable(tmp_path, HEAD + BACKEND.replace("poetry.core.masonry.api", "hatchling.build")) == ""


def program(folder: Path, name: str, script: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{script}\n", "utf-8")
    (folder / name).chmod(0o755)


def test_a_digest_comes_from_the_first_tool_that_knows_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match="docker"):
        digest_of("python:3.13-slim")
    program(tmp_path, "docker", "echo no buildx >&2; exit 1")
    with pytest.raises(IncompleteError, match="could not be read"):
        digest_of("python:3.13-slim")
    program(tmp_path, "skopeo", 'printf %s "$3"')
    expected = hashlib.sha256(b"docker://docker.io/library/python:3.13-slim").hexdigest()
    assert digest_of("python:3.13-slim") == f"sha256:{expected}"
    program(tmp_path, "crane", f"echo {DIGEST}")
    assert digest_of("quay.io/acme/base:1") == DIGEST
