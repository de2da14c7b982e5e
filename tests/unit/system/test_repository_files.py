"""Listing a repository: what git knows or would take, never through links out of it."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from poetry_aiops.system.repository_files import list_files, read_text


if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def write(root: Path, *paths: str) -> None:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text("pip install -r requirements.txt\n")


def repository_files(root: Path) -> tuple[str, ...]:
    return tuple(file.path for file in list_files(root))


def git_init(root: Path) -> None:
    subprocess.run(["git", "-c", "init.defaultBranch=main", "init", "-q", str(root)], check=True)


def test_a_git_repository_leaves_out_what_it_ignores(tmp_path: Path) -> None:
    git_init(tmp_path)
    write(tmp_path, "run.sh", "build/out.sh", "sub/ü b.sh")
    (tmp_path / ".gitignore").write_text("build/\n")
    assert repository_files(tmp_path) == (".gitignore", "run.sh", "sub/ü b.sh")


def test_only_the_project_folder_of_a_larger_repository_is_listed(tmp_path: Path) -> None:
    git_init(tmp_path)
    write(tmp_path, "outer.sh", "app/inner.sh")
    assert repository_files(tmp_path / "app") == ("inner.sh",)


def test_a_repository_elsewhere_named_by_the_environment_is_not_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other, project = tmp_path / "other", tmp_path / "project"
    write(other, "secret.sh")
    git_init(other)
    write(project, "run.sh")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other))
    assert repository_files(project) == ("run.sh",)


def test_without_git_a_walk_leaves_out_environments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    write(tmp_path, "run.sh", ".venv/bin/activate.sh", "node_modules/a/Makefile", "docs/a.md")
    assert repository_files(tmp_path) == ("docs/a.md", "run.sh")


def test_links_out_of_the_project_are_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    project, outside = tmp_path / "project", tmp_path / "outside"
    write(outside, "secret.sh")
    write(project, "run.sh")
    (project / "file.sh").symlink_to(outside / "secret.sh")
    (project / "folder").symlink_to(outside)
    (project / "inside.sh").symlink_to("run.sh")
    (project / "dangling.sh").symlink_to("nowhere.sh")
    os.mkfifo(project / "pipe.sh")
    assert repository_files(project) == ("inside.sh", "run.sh")
    assert read_text(project, "file.sh") is None
    assert read_text(project, "../outside/secret.sh") is None
    assert read_text(project, "folder/secret.sh") is None
    assert read_text(project, "pipe.sh") is None
    assert read_text(project, "inside.sh") == "pip install -r requirements.txt\n"


def test_a_program_named_in_the_repository_is_not_started(tmp_path: Path) -> None:
    git_init(tmp_path)
    write(tmp_path, "run.sh")
    hook = tmp_path / "hook"
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/started\n")
    hook.chmod(0o755)
    subprocess.run(["git", "-C", str(tmp_path), "config", "core.fsmonitor", str(hook)], check=True)
    assert "run.sh" in repository_files(tmp_path)
    assert not (tmp_path / "started").exists()


def test_sizes_and_encodings(tmp_path: Path) -> None:
    (tmp_path / "a.ps1").write_bytes("pip é".encode("utf-16"))
    (tmp_path / "b.sh").write_bytes(b"\xef\xbb\xbfpip")
    (tmp_path / "c.sh").write_bytes(b"\xe9")
    (tmp_path / "d.sh").write_bytes(b"a\x00b")
    assert [file.size for file in list_files(tmp_path)] == [12, 6, 1, 3]
    assert [read_text(tmp_path, name) for name in ("a.ps1", "b.sh", "c.sh", "d.sh")] == [
        "pip é",
        "pip",
        "é",
        None,
    ]
