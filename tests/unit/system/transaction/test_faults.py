"""Calls that fail, disks that are full, folders that are read-only, and the order in which things reach the disk."""

from __future__ import annotations

import errno
import itertools
import os
import shutil
import sys
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.killed_runs import CALLS, NOW, changes_of, migrate
from tests.support.migration_trees import TREES, look_of

from poetry_aiops.errors import InputError
from poetry_aiops.system.project_paths import HOME
from poetry_aiops.system.transaction import exchange as file_exchange
from poetry_aiops.system.transaction.migration import apply, create, list_backups, recover, rollback
from poetry_aiops.system.transaction.store import interrupted_ids


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.migration_trees import Look

    from poetry_aiops.system.transaction.backup import FileChange
    from poetry_aiops.system.transaction.store import StoredBackup


pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="permission bits and links of POSIX")


def built(folder: Path, tree: str = "merge") -> Path:
    root = folder / "project"
    root.mkdir(parents=True)
    TREES[tree].build(root)
    return root


def done(root: Path) -> str:
    """Migrate a project and return the backup's id."""
    migrate(root, changes_of("merge"))
    return list_backups(root)[-1].id


@contextmanager
def failing(at: int, error: int, calls: tuple[str, ...], *, forever: bool) -> Iterator[list[str]]:
    """Let the ``at``-th of these calls fail, or every one from there on; yields what failed."""
    counter = itertools.count(1)
    failed: list[str] = []
    with pytest.MonkeyPatch.context() as patched:

        def wrapped(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
            def call(*args: Any, **kwargs: Any) -> Any:
                if name == "open" and not args[1] & os.O_CREAT:
                    return real(*args, **kwargs)
                number = next(counter)
                if number == at or (forever and number > at):
                    failed.append(name)
                    raise OSError(error, os.strerror(error))
                return None if name == "fsync" else real(*args, **kwargs)

            return call

        for name in calls:
            patched.setattr(os, name, wrapped(name, getattr(os, name)))
        yield failed


NEEDS_SPACE = ("open", "write", "fsync", "link", "mkdir")


@pytest.mark.parametrize(
    "tree", ["first", *(pytest.param(name, marks=pytest.mark.slow) for name in ("merge", "links"))]
)
@pytest.mark.parametrize(
    ("calls", "error", "forever"),
    [(NEEDS_SPACE, errno.ENOSPC, True), (CALLS, errno.EIO, False)],
    ids=["full disk", "one failing call"],
)
def test_whatever_call_fails_the_project_is_all_old_or_all_new(
    tmp_path: Path, tree: str, calls: tuple[str, ...], error: int, *, forever: bool
) -> None:
    template = built(tmp_path, tree)
    old = look_of(template)
    changes = changes_of(tree)
    for at in itertools.count(1):
        root = tmp_path / str(at)
        shutil.copytree(template, root, symlinks=True)
        with failing(at, error, calls, forever=forever) as failed:
            reported = _told(root, changes)
        if not failed:
            break
        assert not (forever and interrupted_ids(root)), (
            "a full disk does not keep the old files from coming back"
        )
        assert reported is None or list_backups(root) == [] or interrupted_ids(root), (
            "what changed nothing leaves no backup"
        )
        _all_old_or_all_new(root, old, changes, reported)
    assert at > 25


def test_a_disk_that_fills_up_halfway_does_not_keep_the_old_files_from_coming_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = built(tmp_path, "links")
    old = look_of(root)
    backup = create(root, changes_of("links"), "", NOW)
    real_switch = file_exchange._switch
    with ExitStack() as stack:

        def half(stored: StoredBackup, files: list[file_exchange.BackupFile]) -> None:
            real_switch(stored, files[:3])
            assert look_of(root)["shared/real.toml"] != old["shared/real.toml"]
            stack.enter_context(failing(1, errno.ENOSPC, NEEDS_SPACE, forever=True))
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(file_exchange, "_switch", half)
        with pytest.raises(InputError, match="No space left on device"):
            apply(backup)
    assert look_of(root) == old, "new folders are gone again as well"
    assert not interrupted_ids(root)


def _told(root: Path, changes: list[FileChange]) -> str | None:
    try:
        migrate(root, changes)
    except InputError as error:
        return str(error)
    return None


def _all_old_or_all_new(root: Path, old: Look, changes: list[FileChange], reported: str | None) -> None:
    if reported is None:
        recover(root)
        for change in changes:
            path = root / change.path
            assert (path.read_bytes() if path.exists() else None) == change.after
        rollback(root, now=NOW)
    elif interrupted_ids(root):
        assert "restore.sh" in reported
        rollback(root, now=NOW)
    else:
        assert os.strerror(errno.ENOSPC) in reported or os.strerror(errno.EIO) in reported
    assert look_of(root) == old


@contextmanager
def nobody(folder: Path) -> Iterator[None]:
    """Act as a user who is not root, for whom permission bits count."""
    if os.geteuid() != 0:
        yield
        return
    for path in (folder, *folder.rglob("*")):
        os.chown(path, 65534, 65534, follow_symlinks=False)
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Return a folder below which every user may act, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp())
    yield folder
    for path in (folder, *folder.rglob("*")):
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o700)
    shutil.rmtree(folder)


@pytest.mark.parametrize("folder", ["requirements", "."])
def test_a_read_only_folder_changes_nothing(open_folder: Path, folder: str) -> None:
    root = built(open_folder)
    (root / folder).chmod(0o555)
    before = look_of(root)
    with nobody(open_folder), pytest.raises(InputError) as caught:
        migrate(root, changes_of("merge"))
    assert "read-only" in str(caught.value) or "Permission denied" in str(caught.value)
    assert look_of(root) == before


def test_a_folder_that_becomes_read_only_meanwhile_changes_nothing(open_folder: Path) -> None:
    root = built(open_folder)
    before = look_of(root)
    with nobody(open_folder):
        backup = create(root, changes_of("merge"), "", NOW)
        (root / "requirements").chmod(0o555)
        with pytest.raises(InputError, match="could not be written"):
            apply(backup)
        (root / "requirements").chmod(0o755)
    assert look_of(root) == before
    assert not interrupted_ids(root)


def test_backups_of_another_user_are_told_in_words(open_folder: Path) -> None:
    root = built(open_folder)
    done(root)
    if os.geteuid() != 0:
        pytest.skip("only root can give the backups to somebody else")
    with nobody(open_folder):
        os.seteuid(0)
        os.chown(root / HOME, 0, 0)
        os.seteuid(65534)
        for call in (
            lambda: interrupted_ids(root),
            lambda: list_backups(root),
            lambda: recover(root),
            lambda: rollback(root, now=NOW),
        ):
            with pytest.raises(InputError, match="Permission denied"):
                call()


def test_as_root_a_users_files_stay_the_users(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give files away")
    root = built(tmp_path)
    os.chown(root / "pyproject.toml", 65534, 65534)
    done(root)
    assert (root / "pyproject.toml").stat().st_uid == 65534
    rollback(root, now=NOW)
    assert (root / "pyproject.toml").stat().st_uid == 65534


def test_the_backup_is_on_the_disk_before_the_first_file_is_touched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = built(tmp_path)
    events: list[tuple[str, str]] = []
    real_fsync, real_replace = os.fsync, os.replace

    def fsync(handle: int) -> None:
        events.append(("sync", os.path.realpath(f"/proc/self/fd/{handle}")))
        real_fsync(handle)

    def replace(source: Any, target: Any) -> None:
        events.append(("rename", str(target)))
        real_replace(source, target)

    if not Path("/proc/self/fd").exists():
        pytest.skip("names of open files are read from /proc")
    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "replace", replace)
    identifier = done(root)
    home = root / HOME
    running = events.index(("rename", str(home / identifier / "running")))
    complete = events.index(("rename", str(home / identifier)))
    first = min(events.index(("rename", str(root / change.path))) for change in changes_of("merge"))
    half = home / f".{identifier}.new"
    synced = [path for event, path in events[:complete] if event == "sync"]
    assert {str(half / "manifest.json"), str(half / "files" / "0000"), str(half / "files"), str(half)} <= set(
        synced
    )
    assert ("sync", str(home)) in events[complete:running]
    assert ("sync", str(home)) in events[running:first]
    for index, change in enumerate(changes_of("merge")):
        path = root / change.path
        for which in ("new", "old"):
            assert ("sync", str(home / identifier / "staged" / f"{which}-{index:04d}")) in events[
                running:first
            ]
        assert ("sync", str(path.parent)) in events[first:]
