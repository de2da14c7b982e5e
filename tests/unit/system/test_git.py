"""A file at a Git revision, against real repositories."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from poetry_aiops.errors import InputError, UsageError
from poetry_aiops.system.git import commit_of, file_at, former_folder


if TYPE_CHECKING:
    from pathlib import Path


needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(folder), *identity, *arguments], check=True, capture_output=True)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Return a project in a subfolder of a repository with two commits; the first has the tag ``first``."""
    folder = tmp_path / "app"
    folder.mkdir()
    git(tmp_path, "init", "--initial-branch", "main")
    for content in ("one\r\n", "two\n"):
        (folder / "poetry.lock").write_bytes(content.encode())
        git(tmp_path, "add", ".")
        git(tmp_path, "commit", "-m", content.strip())
        if content.startswith("one"):
            git(tmp_path, "tag", "first")
    (folder / "poetry.lock").write_text("not committed")
    return folder


@needs_git
@pytest.mark.parametrize("revision", ["first", "HEAD~1", "main^", "main@{0}~1"])
def test_a_file_comes_byte_for_byte_as_it_was(clone: Path, revision: str) -> None:
    assert file_at(clone, revision, "poetry.lock") == b"one\r\n"


@needs_git
def test_a_name_that_is_branch_and_tag_at_once_still_resolves(clone: Path) -> None:
    git(clone, "branch", "first")
    assert len(commit_of(clone, "first")) == 40


@needs_git
def test_a_folder_that_was_moved_is_found_where_it_was(clone: Path) -> None:
    assert former_folder(clone, "HEAD", "poetry.lock") == "."
    git(clone.parent, "checkout", "--", ".")
    (clone.parent / "services").mkdir()
    git(clone.parent, "mv", "app", "services/app")
    moved = clone.parent / "services" / "app"
    assert former_folder(moved, "HEAD", "poetry.lock") == "../../app"
    assert file_at(moved, "HEAD", "../../app/poetry.lock") == b"two\n"


@needs_git
def test_a_revision_that_there_is_not(clone: Path) -> None:
    with pytest.raises(UsageError, match='there is no revision "v9"'):
        file_at(clone, "v9", "poetry.lock")


@needs_git
def test_a_file_that_the_revision_does_not_hold(clone: Path) -> None:
    with pytest.raises(InputError) as caught:
        file_at(clone, "main", "pyproject.toml")
    assert caught.value.where == "main:pyproject.toml"


@needs_git
@pytest.mark.parametrize(
    "revision",
    [
        "--output=x",
        "-p",
        "",
        "main:secret",
        "a..b",
        "main\n--output=x",
        "a b",
        "x" * 300,
        "main\x00",
        "--all",
    ],
)
def test_a_hostile_revision_never_reaches_git(clone: Path, revision: str) -> None:
    with pytest.raises(UsageError, match="is not the name of a revision"):
        file_at(clone, revision, "poetry.lock")
    assert sorted(path.name for path in clone.iterdir()) == ["poetry.lock"]


@needs_git
def test_a_blob_or_a_tree_is_no_revision(clone: Path) -> None:
    with pytest.raises(UsageError, match="there is no revision"):
        commit_of(clone, "HEAD^{tree}")


@needs_git
def test_a_folder_outside_any_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(UsageError, match="is not in a Git repository"):
        file_at(tmp_path, "main", "poetry.lock")


@needs_git
def test_what_git_traces_does_not_get_into_the_file(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_TRACE", "1")
    assert file_at(clone, "first", "poetry.lock") == b"one\r\n"


def test_without_git_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match="git cannot be started"):
        file_at(tmp_path, "main", "poetry.lock")


@needs_git
def test_a_repository_that_lacks_the_file_starts_no_program_to_fetch_it(clone: Path, tmp_path: Path) -> None:
    """A partial clone fetches what it lacks, and a stranger's configuration may say how: with any program."""
    started = tmp_path / "started"
    git(tmp_path, "config", "core.repositoryformatversion", "1")
    git(tmp_path, "config", "extensions.partialClone", "origin")
    git(tmp_path, "config", "remote.origin.promisor", "true")
    git(tmp_path, "config", "remote.origin.url", f"ext::touch {started}")
    git(tmp_path, "config", "protocol.ext.allow", "always")
    for blob in (tmp_path / ".git" / "objects").glob("??/*"):
        if len(blob.read_bytes()) < 30:  # files of a word; commits and trees are longer
            blob.unlink()

    with pytest.raises(InputError):
        file_at(clone, "HEAD", "poetry.lock")

    assert not started.exists()
