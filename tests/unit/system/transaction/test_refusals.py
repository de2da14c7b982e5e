from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest
from tests.support.killed_runs import NOW
from tests.support.migration_trees import TREES, look_of

from poetry_aiops.errors import InputError
from poetry_aiops.system.project_paths import HOME
from poetry_aiops.system.transaction.backup import FileChange
from poetry_aiops.system.transaction.migration import create, list_backups, rollback
from poetry_aiops.system.transaction.store import interrupted_ids, locked


if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="permission bits and links of POSIX")


def built(folder: Path) -> Path:
    root = folder / "project"
    root.mkdir(parents=True)
    TREES["merge"].build(root)
    return root


class TestRefusals:
    """Every one leaves the project as it was."""

    @pytest.fixture(autouse=True)
    def _unchanged(self, tmp_path: Path) -> Iterator[None]:
        self.root = built(tmp_path)
        (tmp_path / "outside").mkdir()
        (tmp_path / "outside" / "file.txt").write_bytes(b"outside")
        yield
        assert (tmp_path / "outside" / "file.txt").read_bytes() == b"outside"
        assert not interrupted_ids(self.root)
        assert list_backups(self.root) == []

    def refused(self, *changes: FileChange) -> str:
        before = look_of(self.root)
        with pytest.raises(InputError) as caught:
            create(self.root, changes, "", NOW)
        assert look_of(self.root) == before
        return str(caught.value)

    def test_links_that_lead_out(self) -> None:
        (self.root / "out").symlink_to("../outside")
        (self.root / "file.txt").symlink_to("../outside/file.txt")
        (self.root / "absolute").symlink_to(self.root.parent / "outside" / "new.txt")
        reported = self.refused(
            FileChange("out/file.txt", b"outside", b"x"),
            FileChange("file.txt", b"outside", b"x"),
            FileChange("absolute", None, b"x"),
        )
        assert reported.count("is a link that leads out of the project") == 3

    def test_links_into_the_backups_or_in_a_circle(self) -> None:
        (self.root / "git").symlink_to(".git")
        (self.root / "a").symlink_to("b")
        (self.root / "b").symlink_to("a")
        reported = self.refused(FileChange("git/hooks/x", None, b""), FileChange("a", None, b""))
        assert "leads to '.git/hooks/x'" in reported
        assert "a is a link in a circle" in reported

    def test_two_names_of_one_file(self) -> None:
        (self.root / "again.txt").symlink_to("empty.txt")
        reported = self.refused(FileChange("empty.txt", b"", b"x"), FileChange("again.txt", b"", b"y"))
        assert "again.txt is the same file as empty.txt" in reported

    def test_what_is_no_file(self) -> None:
        os.mkfifo(self.root / "pipe")
        reported = self.refused(
            FileChange("requirements", None, b""),
            FileChange("pipe", None, b""),
            FileChange("empty.txt/below", None, b""),
        )
        assert "requirements is not a regular file" in reported
        assert "pipe is not a regular file" in reported
        assert "empty.txt/below is under a file" in reported

    def test_files_that_changed_since_they_were_read(self) -> None:
        reported = self.refused(
            FileChange("empty.txt", b"else", b"x"), FileChange("pyproject.toml", None, b"x")
        )
        assert "empty.txt changed since it was read" in reported
        assert "pyproject.toml changed since it was read" in reported

    def test_read_only_files(self) -> None:
        (self.root / "empty.txt").chmod(0o444)
        assert "empty.txt is read-only" in self.refused(FileChange("empty.txt", b"", b"x"))

    def test_names_that_no_shell_script_should_meet(self) -> None:
        reported = self.refused(FileChange("a\nb", None, b""), FileChange("../x", None, b""))
        assert "control character" in reported
        assert "leads out of the project" in reported

    def test_a_folder_of_backups_that_is_a_link(self, tmp_path: Path) -> None:
        (self.root / HOME).symlink_to(tmp_path / "outside")
        for call in (
            lambda: create(self.root, [FileChange("empty.txt", b"", b"x")], "", NOW),
            lambda: rollback(self.root, now=NOW),
            lambda: list_backups(self.root),
            lambda: locked(self.root, NOW).__enter__(),
        ):
            with pytest.raises(InputError, match="not a folder of this project"):
                call()
        (self.root / HOME).unlink()
