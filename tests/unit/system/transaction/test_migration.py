from __future__ import annotations

import errno
import os
import shutil
import stat
import sys
from pathlib import Path

import pytest
from tests.support.killed_runs import NOW, changes_of, migrate
from tests.support.migration_trees import TREES, look_of

from poetry_aiops.errors import InputError
from poetry_aiops.system.project_paths import HOME
from poetry_aiops.system.transaction import exchange as file_exchange
from poetry_aiops.system.transaction import migration
from poetry_aiops.system.transaction.backup import FileChange
from poetry_aiops.system.transaction.exchange import STAGED
from poetry_aiops.system.transaction.migration import apply, create, list_backups, recover, rollback
from poetry_aiops.system.transaction.store import StoredBackup, interrupted_ids, locked, read_backup


pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="permission bits and links of POSIX")

trees = pytest.mark.parametrize("tree", list(TREES))
SECRET = b"--index-url https://user:hunter2@index.example/simple\n"


def built(folder: Path, tree: str = "merge") -> Path:
    root = folder / "project"
    root.mkdir(parents=True)
    TREES[tree].build(root)
    return root


def done(root: Path, tree: str = "merge") -> str:
    """Migrate a project and return the backup's id."""
    migrate(root, changes_of(tree))
    return list_backups(root)[-1].id


def interrupted(root: Path, monkeypatch: pytest.MonkeyPatch, tree: str = "merge") -> str:
    """Leave a migration as a kill after the first exchanged file would, and return the backup's id."""
    backup = create(root, changes_of(tree), "interrupted", NOW)
    stop_after_one_file(backup, monkeypatch)
    return backup.id


def stop_after_one_file(backup: StoredBackup, monkeypatch: pytest.MonkeyPatch) -> None:
    switched = []

    def one_only(stored: StoredBackup, files: list[file_exchange.BackupFile]) -> None:
        last = files[-1]
        (stored.folder / STAGED / f"new-{last.index:04d}").replace(last.place.path)
        switched.append(last)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(file_exchange, "_switch", one_only)
        patched.setattr(file_exchange, "put_back", lambda _backup: None)
        patched.setattr(StoredBackup, "discard", lambda _backup: None)
        with pytest.raises(KeyboardInterrupt):
            apply(backup)
    assert switched


@trees
def test_a_migration_brings_every_file_and_a_rollback_takes_every_one_back(tmp_path: Path, tree: str) -> None:
    root = built(tmp_path, tree)
    old = look_of(root)
    identifier = done(root, tree)
    new = look_of(root)
    for change in changes_of(tree):
        path = root / change.path
        assert (path.read_bytes() if path.exists() else None) == change.after
        if change.mode is not None:
            assert stat.S_IMODE(path.stat().st_mode) == change.mode
    result = rollback(root, now=NOW)
    assert result.backup_id == identifier
    assert len(result.restored) + len(result.removed) == len(changes_of(tree))
    assert look_of(root) == old
    assert result.undo_id
    redone = rollback(root, result.undo_id, now=NOW)
    assert not redone.already
    assert look_of(root) == new


def test_modes_and_links_stay(tmp_path: Path) -> None:
    root = built(tmp_path, "links")
    done(root, "links")
    assert (root / "pyproject.toml").is_symlink()
    assert (root / "requirements").is_symlink()
    assert (root / "shared/real.toml").read_bytes() == b"[project]\nname = 'linked'\n"
    assert stat.S_IMODE((root / "shared/real.toml").stat().st_mode) == 0o600


def test_a_second_rollback_does_nothing_and_says_so(tmp_path: Path) -> None:
    root = built(tmp_path)
    done(root)
    rollback(root, now=NOW)
    before = look_of(root)
    assert rollback(root, now=NOW).already
    assert look_of(root) == before


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("interrupt", [False, True])
def test_an_edited_input_is_replaced_by_force_only_and_no_obstacle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, force: bool, interrupt: bool
) -> None:
    root = built(tmp_path)
    (root / "base.txt").write_bytes(b"six\n")
    backup = create(root, [*changes_of("merge"), FileChange("base.txt", b"six\n", b"six\n")], "test", NOW)
    old = look_of(root)
    if interrupt:
        stop_after_one_file(backup, monkeypatch)
    else:
        apply(backup)
    (root / "base.txt").write_bytes(b"six==1.0\n")

    result = rollback(root, now=NOW, force=force)

    assert (root / "base.txt").read_bytes() == (b"six\n" if force else b"six==1.0\n")
    assert result.kept == (() if force else ("base.txt",))
    if force:
        kept = [read_backup(root, one.id) for one in list_backups(root) if one.undoes]
        entries = [
            (stored, index, entry) for stored in kept for index, entry in enumerate(stored.manifest.entries)
        ]
        assert [stored.copy(index) for stored, index, entry in entries if entry.path == "base.txt"] == [
            b"six==1.0\n"
        ]
    else:
        (root / "base.txt").write_bytes(b"six\n")
    assert look_of(root) == old


def test_nothing_to_roll_back_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no migration to roll back"):
        rollback(tmp_path, now=NOW)
    with pytest.raises(InputError, match=r"no backup '\.\./x'"):
        rollback(tmp_path, "../x", now=NOW)
    assert list_backups(tmp_path) == []


def test_a_backup_is_private_and_kept_out_of_commits(tmp_path: Path) -> None:
    root = tmp_path
    (root / "requirements.txt").write_bytes(SECRET)
    note = "from https://user:hunter2@index.example"
    backup = create(root, [FileChange("requirements.txt", SECRET, b"")], note, NOW)
    home = root / HOME
    assert (home / ".gitignore").read_text() == "*\n"
    for path in (home, *home.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
        if path.is_file() and path.parent.name != "files":
            assert b"hunter2" not in path.read_bytes(), path
    assert (backup.folder / "files" / "0000").read_bytes() == SECRET
    assert "hunter2" not in repr(backup)


def test_every_backup_is_listed_with_what_became_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = built(tmp_path)
    done(root)
    assert [(info.state, info.now, info.note) for info in list_backups(root)] == [
        ("applied", "new", "poetry migrate-reqs")
    ]
    (root / "pyproject.toml").write_bytes(b"edited")
    assert list_backups(root)[0].now == "changed since"
    rollback(root, now=NOW, force=True)
    first, undo = list_backups(root)
    assert (first.state, first.now) == ("applied", "old")
    assert undo.undoes == first.id
    interrupted(root, monkeypatch)
    last = list_backups(root)[-1]
    assert (last.state, last.now) == ("interrupted", "mixed")


def test_ids_sort_by_age_although_the_clock_went_back(tmp_path: Path) -> None:
    root = built(tmp_path)
    ids = [
        create(root, [FileChange(f"{number}.txt", None, b"")], "", NOW.replace(year=2025 - number)).id
        for number in range(3)
    ]
    assert ids == sorted(ids)
    assert len(set(ids)) == 3


def test_a_hard_linked_twin_keeps_the_old_content(tmp_path: Path) -> None:
    root = built(tmp_path)
    (tmp_path / "twin").hardlink_to(root / "pyproject.toml")
    done(root)
    assert (tmp_path / "twin").read_bytes() == b"[tool.black]\r\nline-length = 100\r\n"


def test_an_unwritten_change_or_none_makes_no_backup(tmp_path: Path) -> None:
    (tmp_path / "same.txt").write_bytes(b"same")
    for changes in ([], [FileChange("same.txt", b"same", b"same")]):
        with pytest.raises(InputError, match="nothing to change"), locked(tmp_path, NOW):
            create(tmp_path, changes, "", NOW)
    assert [path.name for path in tmp_path.iterdir()] == ["same.txt"], "not even an empty folder"


def test_a_file_that_changes_while_the_run_is_at_work_wins(tmp_path: Path) -> None:
    root = built(tmp_path)
    backup = create(root, changes_of("merge"), "", NOW)
    (root / "empty.txt").write_bytes(b"edited")
    before = look_of(root)
    with pytest.raises(InputError, match="changed during this run"):
        apply(backup)
    assert look_of(root) == before
    assert not interrupted_ids(root)


def test_rollback_refuses_changed_files_and_force_keeps_what_they_held(tmp_path: Path) -> None:
    root = built(tmp_path)
    old = look_of(root)
    done(root)
    (root / "pyproject.toml").write_bytes(b"edited")
    (root / "empty.txt").unlink()
    before = look_of(root)
    with pytest.raises(InputError) as caught:
        rollback(root, now=NOW)
    assert caught.value.details == ("pyproject.toml changed since", "empty.txt was removed since")
    assert look_of(root) == before
    result = rollback(root, now=NOW, force=True)
    assert look_of(root) == old
    rollback(root, result.undo_id, now=NOW)
    assert look_of(root) == before


def test_rollback_restores_modes_that_were_changed(tmp_path: Path) -> None:
    root = built(tmp_path)
    old = look_of(root)
    done(root)
    (root / "pyproject.toml").chmod(0o600)
    rollback(root, now=NOW)
    assert look_of(root) == old
    (root / "pyproject.toml").chmod(0o666)
    assert rollback(root, now=NOW).restored == ("pyproject.toml",)
    assert look_of(root) == old


def test_rollback_does_not_follow_a_folder_that_became_a_link(tmp_path: Path) -> None:
    root = built(tmp_path)
    done(root)
    outside = tmp_path / "outside"
    shutil.move(root / "requirements", outside)
    for target in (outside, root / "elsewhere"):
        (root / "elsewhere").mkdir(exist_ok=True)
        (root / "requirements").unlink(missing_ok=True)
        (root / "requirements").symlink_to(target)
        with pytest.raises(InputError, match="cannot be restored"):
            rollback(root, now=NOW, force=True)
    assert (outside / "ba se.txt").read_bytes() == b"numpy==2\n"


@pytest.mark.parametrize(
    "harm", ["altered copy", "missing copy", "linked copy", "no manifest", "bad manifest", "other"]
)
def test_a_damaged_backup_is_told_and_restores_nothing(tmp_path: Path, harm: str) -> None:
    root = built(tmp_path)
    identifier = done(root)
    folder = root / HOME / identifier
    copy, manifest = folder / "files" / "0000", folder / "manifest.json"
    if harm == "altered copy":
        copy.write_bytes(b"altered")
    elif harm == "missing copy":
        copy.unlink()
    elif harm == "linked copy":
        shutil.move(copy, tmp_path / "copy")
        copy.symlink_to(tmp_path / "copy")
    elif harm == "no manifest":
        manifest.unlink()
    elif harm == "bad manifest":
        manifest.write_bytes(b"\xff{")
    else:
        manifest.write_bytes(manifest.read_bytes().replace(identifier[:8].encode(), b"20200101", 1))
    before = look_of(root)
    with pytest.raises(InputError):
        rollback(root, identifier, now=NOW, force=True)
    assert look_of(root) == before
    (info,) = list_backups(root)
    assert info.state == "damaged"
    assert info.damage


def test_an_edit_after_the_kill_is_never_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = built(tmp_path)
    old = look_of(root)
    interrupted(root, monkeypatch)
    (root / "empty.txt").write_bytes(b"edited")
    before = look_of(root)
    with pytest.raises(InputError, match="restored first"):
        recover(root)
    with pytest.raises(InputError) as caught:
        rollback(root, now=NOW)
    assert caught.value.details == ("empty.txt changed since",)
    assert "--rollback --force" in str(caught.value)
    assert look_of(root) == before
    rollback(root, now=NOW, force=True)
    assert look_of(root) == old
    kept = list_backups(root)[-1]
    assert (root / HOME / kept.id / "files" / "0000").read_bytes() == b"edited"
    rollback(root, kept.id, now=NOW)


def test_a_rollback_does_without_what_was_staged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = built(tmp_path)
    old = look_of(root)
    interrupted(root, monkeypatch)
    shutil.rmtree(next((root / HOME).glob(f"*/{STAGED}")))
    assert rollback(root, now=NOW).restored == ("empty.txt",)
    assert look_of(root) == old


def test_a_new_run_waits_for_the_recovery_of_the_last_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = built(tmp_path)
    interrupted(root, monkeypatch)
    assert interrupted_ids(root)
    with pytest.raises(InputError, match="interrupted"):
        create(root, [FileChange("x", None, b"")], "", NOW)


def test_an_interrupted_run_is_restored_before_another_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = built(tmp_path)
    migrate(root, [FileChange("other.txt", None, b"x")])
    other = list_backups(root)[0].id
    halfway = interrupted(root, monkeypatch)
    before = look_of(root)
    with pytest.raises(InputError, match="another run must be restored first") as caught:
        rollback(root, other, now=NOW)
    assert caught.value.details == (f"{halfway} was interrupted",)
    assert look_of(root) == before
    rollback(root, halfway, now=NOW)
    assert rollback(root, other, now=NOW).removed == ("other.txt",)


def test_an_interrupted_rollback_goes_on_with_its_migration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = built(tmp_path)
    old = look_of(root)
    identifier = done(root)
    migrate(root, [FileChange("later.txt", None, b"x")])
    monkeypatch.setattr(migration, "apply", lambda backup: stop_after_one_file(backup, monkeypatch))
    rollback(root, identifier, now=NOW)
    monkeypatch.undo()
    assert interrupted_ids(root)
    assert rollback(root, now=NOW).backup_id == identifier
    assert not interrupted_ids(root)
    (root / "later.txt").unlink()
    assert look_of(root) == old


def test_a_folder_that_is_another_file_system_is_exchanged_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = built(tmp_path)
    old = look_of(root)
    real = os.replace

    def replace(source: Path, target: Path) -> None:
        if STAGED in Path(source).parts and "requirements" in Path(target).parts:
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)
    done(root)
    assert (root / "requirements/ba se.txt").read_bytes() == b"numpy==2\n"
    rollback(root, now=NOW)
    assert look_of(root) == old


@pytest.mark.parametrize("text", [b"", b"../../x\n", b"\xff\xfe", b"20250301T123005.000007Z-0123abcd\n-\n"])
def test_a_damaged_journal_of_an_older_version_is_reported(tmp_path: Path, text: bytes) -> None:
    (tmp_path / HOME).mkdir()
    (tmp_path / HOME / "journal").write_bytes(text)
    for call in (lambda: recover(tmp_path), lambda: rollback(tmp_path, now=NOW)):
        with pytest.raises(InputError):
            call()
    list_backups(tmp_path)


def test_a_second_run_at_once_is_refused(tmp_path: Path) -> None:
    with (
        locked(tmp_path, NOW),
        pytest.raises(InputError, match=f"process {os.getpid()}"),
        locked(tmp_path, NOW),
    ):
        pass


def test_leftovers_of_a_killed_backup_are_swept(tmp_path: Path) -> None:
    root = built(tmp_path)
    identifier = done(root)
    half = root / HOME / f".{identifier.replace('2025', '2026')}.new"
    half.mkdir()
    (half / "manifest.json").write_bytes(b"{")
    (root / HOME / ".aiops-0123456789abcdef.tmp").write_bytes(b"")
    (root / HOME / ".notes.tmp").write_bytes(b"the user's")
    rollback(root, now=NOW)
    left = [path.name for path in (root / HOME).iterdir() if path.suffix in {".new", ".tmp"}]
    assert left == [".notes.tmp"], "only names that a run of ours gives are cleared away"
