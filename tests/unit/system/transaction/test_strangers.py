"""A folder of backups that came with a clone or an archive: nothing in it is followed without being asked for."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

import pytest
from tests.support.killed_runs import NOW, migrate

from poetry_aiops.errors import InputError
from poetry_aiops.system.project_paths import HOME
from poetry_aiops.system.transaction.backup import FileChange
from poetry_aiops.system.transaction.migration import create, list_backups, recover, rollback
from poetry_aiops.system.transaction.store import RUNNING, locked


if TYPE_CHECKING:
    from pathlib import Path


HOOK = FileChange("tools/hook.sh", b"run me", b"harmless")


@pytest.fixture
def interrupted(tmp_path: Path) -> Path:
    """Return a project in which a run was killed between the exchange of two files."""
    root = tmp_path / "project"
    (root / "tools").mkdir(parents=True)
    (root / "tools" / "hook.sh").write_bytes(b"run me")
    backup = create(root, [HOOK, FileChange("x.txt", None, b"new")], "", NOW)
    backup.mark(RUNNING)
    (root / "tools" / "hook.sh").write_bytes(b"harmless")
    return root


@pytest.mark.parametrize("version", ["this one", "with a journal"])
def test_an_interrupted_run_changes_nothing_until_its_rollback_is_asked_for(
    interrupted: Path, version: str
) -> None:
    if version == "with a journal":
        (marker,) = (interrupted / HOME).glob("*/running")
        marker.rename(marker.with_name("prepared"))
        (interrupted / HOME / "journal").write_text(f"{marker.parent.name}\n-\nsignature\n")
    moved = interrupted.with_name("moved")
    interrupted.rename(moved)

    with pytest.raises(InputError, match="must be restored first") as caught:
        recover(moved)

    assert "it names tools/hook.sh" in caught.value.details
    assert "--rollback" in str(caught.value)
    assert (moved / "tools" / "hook.sh").read_bytes() == b"harmless"
    assert [info.state for info in list_backups(moved)] == ["interrupted"]

    rollback(moved, now=NOW)
    assert (moved / "tools" / "hook.sh").read_bytes() == b"run me"
    assert [info.state for info in list_backups(moved)] == ["not applied", "applied"]
    migrate(moved, [FileChange("y.txt", None, b"new")])


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights on Windows")
@pytest.mark.parametrize("name", ["restore.sh", ".gitignore", "journal", "lock"])
def test_a_link_in_the_folder_of_backups_is_never_written_through(tmp_path: Path, name: str) -> None:
    victim, root = tmp_path / "victim", tmp_path / "project"
    root.mkdir()
    for precious in (b"precious", None):
        shutil.rmtree(root / HOME, ignore_errors=True)
        victim.unlink(missing_ok=True)
        if precious is not None:
            victim.write_bytes(precious)
        (root / HOME).mkdir()
        (root / HOME / name).symlink_to(victim)
        try:
            with locked(root, NOW):
                recover(root)
                backup = create(root, [FileChange(f"{precious!r}.txt", None, b"new")], "", NOW)
                backup.mark(RUNNING)
        except InputError:
            assert name in {"journal", "lock"}
        assert (victim.read_bytes() if victim.exists() else None) == precious


@pytest.mark.parametrize(
    "stamp", ["99991231T235959.999999Z", "20261399T996199.000000Z", "00000101T000000.000000Z"]
)
def test_a_backup_with_a_time_that_there_is_not_stops_no_run(tmp_path: Path, stamp: str) -> None:
    (tmp_path / HOME / f"{stamp}-0123abcd").mkdir(parents=True)
    migrate(tmp_path, [FileChange("x.txt", None, b"new")])
    assert (tmp_path / "x.txt").read_bytes() == b"new"


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights on Windows")
def test_a_path_that_a_link_leads_into_a_nested_repository_is_refused(interrupted: Path) -> None:
    (interrupted / "tools").rename(interrupted / ".hg")
    (interrupted / "tools").symlink_to(".hg")
    with pytest.raises(InputError, match="cannot be restored") as caught:
        rollback(interrupted, now=NOW)
    assert "which is in .hg" in str(caught.value)
    assert (interrupted / ".hg" / "hook.sh").read_bytes() == b"harmless"
