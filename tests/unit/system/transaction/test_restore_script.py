"""restore.sh, run by every POSIX shell that this machine has."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.support.killed_runs import NOW, changes_of
from tests.support.migration_trees import TREES, look_of

from poetry_aiops.system.project_paths import HOME
from poetry_aiops.system.transaction.backup import BackupEntry, FileChange, Manifest, state_of
from poetry_aiops.system.transaction.migration import apply, create, list_backups, rollback
from poetry_aiops.system.transaction.restore_script import restore_script
from poetry_aiops.system.transaction.store import RUNNING, interrupted_ids, locked


pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a POSIX shell is needed")

SHELLS = {
    "sh": ["sh"],
    "dash": ["dash"],
    "bash": ["bash", "--posix"],
    "busybox": ["busybox", "sh"],
    "mksh": ["mksh"],
    "yash": ["yash"],
    "posh": ["posh"],
    "zsh": ["zsh", "--emulate", "sh"],
    "ksh": ["ksh"],
}
TOOLS = ("sh", "dirname", "cat", "cp", "mv", "rm", "mkdir", "rmdir", "chmod", "sync", "printf")
WRITING = ("cat", "cp", "mv", "rm", "mkdir", "rmdir", "chmod")

shells = pytest.mark.parametrize(
    "shell",
    [
        pytest.param(
            command, id=name, marks=pytest.mark.skipif(not shutil.which(name), reason=f"{name} is not here")
        )
        for name, command in SHELLS.items()
    ],
)
trees = pytest.mark.parametrize("tree", list(TREES))
no_root = pytest.mark.skipif(
    sys.platform != "win32" and os.geteuid() == 0, reason="root may write read-only folders"
)


@dataclass(frozen=True, slots=True)
class Migrated:
    """A migrated project and its script."""

    root: Path
    script: Path

    def run(
        self, *options: str, shell: tuple[str, ...] = ("sh",), path: str | None = None, cwd: str = "/"
    ) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, **({} if path is None else {"PATH": path})}
        program = [shutil.which(shell[0]) or shell[0], *shell[1:]]
        return subprocess.run(
            [*program, str(self.script), *options],
            cwd=cwd,
            env=environment,
            check=False,
            capture_output=True,
            text=True,
        )


def migrated(root: Path, tree: str = "merge") -> Migrated:
    """Build and migrate a project in a folder whose name a careless script would trip over."""
    root = root / "a 'b' $(c) *ü"
    root.mkdir()
    TREES[tree].build(root)
    with locked(root, NOW):
        backup = create(root, changes_of(tree), "test", NOW)
        apply(backup)
    return Migrated(root, backup.folder / "restore.sh")


def test_a_file_whose_mode_is_not_in_the_manifest_comes_back_without_one() -> None:
    entry = BackupEntry("a.txt", "a.txt", state_of(b"old", None), state_of(b"new", None))

    script = restore_script(Manifest("id", "2025-01-01", "test", (entry,)))

    old, new = (hashlib.sha256(data).hexdigest() for data in (b"old", b"new"))
    assert f" - {old} {new} a.txt" in script


def tools(folder: Path, *names: str) -> str:
    """Return a PATH on which nothing but these programs lies."""
    folder.mkdir()
    for name in names:
        found = shutil.which(name)
        if found:
            (folder / name).symlink_to(found)
    return str(folder)


@shells
@trees
def test_it_restores_bytes_modes_and_absence_and_can_be_run_twice(
    tmp_path: Path, shell: list[str], tree: str
) -> None:
    (tmp_path / "old").mkdir()
    TREES[tree].build(tmp_path / "old")
    project = migrated(tmp_path, tree)
    assert look_of(project.root) != look_of(tmp_path / "old")
    for _ in range(2):
        done = project.run(shell=tuple(shell))
        assert (done.returncode, done.stderr) == (0, "")
        assert look_of(project.root) == look_of(tmp_path / "old")


@shells
def test_names_that_a_shell_reads_as_something_else_are_names(tmp_path: Path, shell: list[str]) -> None:
    names = ["-rf", "--force", "it's $(x) `y` *.txt", ' "a" & b;c', "=", "~", "ü#.txt", "-d/-n/!"]
    changes = [FileChange(name, None if at % 2 else b"old", b"new") for at, name in enumerate(names)]
    for change in changes:
        if change.before is not None:
            (tmp_path / change.path).parent.mkdir(exist_ok=True)
            (tmp_path / change.path).write_bytes(change.before)
    before = look_of(tmp_path)
    backup = create(tmp_path, changes, "test", NOW)
    apply(backup)
    assert all((tmp_path / name).read_bytes() == b"new" for name in names)
    done = Migrated(tmp_path, backup.folder / "restore.sh").run(shell=tuple(shell))
    assert (done.returncode, done.stderr) == (0, "")
    assert look_of(tmp_path) == before


@shells
def test_it_refuses_when_a_file_changed_since_and_force_keeps_a_copy(
    tmp_path: Path, shell: list[str]
) -> None:
    project = migrated(tmp_path)
    (project.root / "pyproject.toml").write_bytes(b"edited")
    (project.root / "empty.txt").unlink()
    before = look_of(project.root)
    refused = project.run(shell=tuple(shell))
    assert refused.returncode == 1
    assert "pyproject.toml: changed since" in refused.stderr
    assert "empty.txt: was removed since" in refused.stderr
    assert look_of(project.root) == before
    forced = project.run("--force", shell=tuple(shell))
    assert forced.returncode == 0
    assert (project.root / "pyproject.toml").read_bytes() == b"[tool.black]\r\nline-length = 100\r\n"
    assert (project.root / "empty.txt").read_bytes() == b""
    assert [path.read_bytes() for path in (project.script.parent / "replaced").iterdir()] == [b"edited"]


@shells
def test_an_edited_input_of_the_migration_is_left_as_it_is_and_no_obstacle(
    tmp_path: Path, shell: list[str]
) -> None:
    (tmp_path / "base.txt").write_bytes(b"six\n")
    changes = [FileChange("pyproject.toml", None, b"[project]\n"), FileChange("base.txt", b"six\n", b"six\n")]
    backup = create(tmp_path, changes, "test", NOW)
    apply(backup)
    (tmp_path / "base.txt").write_bytes(b"six==1.0\n")
    project = Migrated(tmp_path, backup.folder / "restore.sh")
    for options, text in (((), b"six==1.0\n"), (("--force",), b"six\n")):
        done = project.run(*options, shell=tuple(shell))
        assert done.returncode == 0
        assert (tmp_path / "base.txt").read_bytes() == text
        assert not (tmp_path / "pyproject.toml").exists()
        assert ("base.txt: changed since; the migration did not" in done.stderr) == ("--force" not in options)
    assert [path.read_bytes() for path in (backup.folder / "replaced").iterdir()] == [b"six==1.0\n"]


@pytest.mark.skipif(not shutil.which("busybox"), reason="busybox is not here")
@trees
def test_it_needs_no_more_than_busybox(tmp_path: Path, tree: str) -> None:
    (tmp_path / "old").mkdir()
    TREES[tree].build(tmp_path / "old")
    project = migrated(tmp_path, tree)
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in (*TOOLS, "sha256sum"):
        (folder / name).symlink_to(shutil.which("busybox") or "")
    done = project.run(shell=(str(folder / "sh"),), path=str(folder))
    assert (done.returncode, done.stderr) == (0, "")
    assert look_of(project.root) == look_of(tmp_path / "old")


@pytest.mark.parametrize("tool", ["sha256sum", "shasum", "openssl"])
def test_any_tool_for_checksums_will_do(tmp_path: Path, tool: str) -> None:
    if not shutil.which(tool):
        pytest.skip(f"{tool} is not here")
    path = tools(tmp_path / "bin", *TOOLS, tool)
    project = migrated(tmp_path)
    (project.root / "pyproject.toml").write_bytes(b"edited")
    assert project.run(path=path).returncode == 1
    assert project.run("--force", path=path).returncode == 0


def test_without_a_tool_for_checksums_nothing_is_changed(tmp_path: Path) -> None:
    path = tools(tmp_path / "bin", *TOOLS)
    project = migrated(tmp_path)
    before = look_of(project.root)
    refused = project.run("--force", path=path)
    assert refused.returncode == 2
    assert "sha256sum, shasum or openssl is needed" in refused.stderr
    assert look_of(project.root) == before


def test_it_can_be_run_by_a_relative_name_and_from_its_own_folder(tmp_path: Path) -> None:
    project = migrated(tmp_path)
    here = Migrated(project.root, Path("restore.sh"))
    assert here.run(cwd=str(project.script.parent)).returncode == 0
    below = Migrated(project.root, Path(HOME, project.script.parent.name, "restore.sh"))
    assert below.run(cwd=str(project.root)).returncode == 0


def test_an_option_that_it_does_not_know_changes_nothing(tmp_path: Path) -> None:
    project = migrated(tmp_path, "first")
    before = look_of(project.root)
    assert project.run("--farce").returncode == 2
    assert look_of(project.root) == before


@pytest.mark.parametrize("harm", ["altered", "missing"])
def test_a_damaged_copy_is_never_restored(tmp_path: Path, harm: str) -> None:
    project = migrated(tmp_path)
    before = look_of(project.root)
    copy = project.script.parent / "files" / "0001"
    if harm == "altered":
        copy.write_bytes(b"altered")
    else:
        copy.unlink()
    done = project.run("--force")
    assert done.returncode == 2
    assert "requirements/ba se.txt: its copy is" in done.stderr
    assert look_of(project.root) == before


def test_a_file_or_folder_that_became_a_link_is_not_followed(tmp_path: Path) -> None:
    project = migrated(tmp_path)
    outside = tmp_path / "outside"
    shutil.move(project.root / "requirements", outside)
    (project.root / "requirements").symlink_to(outside)
    (project.root / "pyproject.toml").unlink()
    (project.root / "pyproject.toml").symlink_to(outside / "ba se.txt")
    before = look_of(outside)
    done = project.run("--force")
    assert done.returncode == 2
    assert "requirements/ba se.txt: is reached through a link now" in done.stderr
    assert "pyproject.toml: is reached through a link now" in done.stderr
    assert look_of(outside) == before


def test_a_missing_folder_is_not_made_behind_a_link(tmp_path: Path) -> None:
    project = migrated(tmp_path, "links")
    project.run()
    rollback(project.root, list_backups(project.root)[-1].id, now=NOW)
    outside = tmp_path / "outside"
    outside.mkdir()
    shutil.rmtree(project.root / "shared")
    (project.root / "shared").symlink_to(outside)
    assert project.run("--force").returncode == 2
    assert list(outside.iterdir()) == []


def test_a_folder_that_went_is_made_again_by_force(tmp_path: Path) -> None:
    project = migrated(tmp_path)
    shutil.rmtree(project.root / "requirements")
    assert project.run("--force").returncode == 0
    assert (project.root / "requirements" / "ba se.txt").read_bytes() == "\ufeffnumpy\r\n".encode()


def test_it_works_only_where_it_was_written(tmp_path: Path) -> None:
    project = migrated(tmp_path)
    moved = tmp_path / "x" / "y"
    shutil.copytree(project.script.parent, moved)
    done = Migrated(tmp_path, moved / "restore.sh").run()
    assert done.returncode == 2
    assert "works only where it was written" in done.stderr


def test_the_script_beside_the_backups_runs_the_one_of_the_last_migration(tmp_path: Path) -> None:
    project = migrated(tmp_path, "first")
    middle = look_of(project.root)
    with locked(project.root, NOW):
        change = FileChange("requirements.txt", b"torch==2.9.0\n", b"torch\n")
        apply(create(project.root, [change], "second", NOW))
        change = FileChange("requirements.txt", b"torch\n", b"never")
        create(project.root, [change], "never applied", NOW)
    latest = Migrated(project.root, project.root / HOME / "restore.sh")
    assert latest.run().returncode == 0
    assert look_of(project.root) == middle
    assert latest.run().returncode == 0
    assert look_of(project.root) == middle


def test_another_run_that_was_interrupted_comes_first(tmp_path: Path) -> None:
    project = migrated(tmp_path)
    with locked(project.root, NOW):
        other = create(project.root, [FileChange("x.txt", None, b"x")], "interrupted", NOW)
        other.mark(RUNNING)
    done = project.run("--force")
    assert done.returncode == 2
    assert f"sh ./{HOME}/{other.id}/restore.sh" in done.stderr
    latest = Migrated(project.root, project.root / HOME / "restore.sh")
    assert latest.run().returncode == 0
    assert not interrupted_ids(project.root)
    assert project.run().returncode == 0


@no_root
def test_a_read_only_folder_changes_nothing(tmp_path: Path) -> None:
    project = migrated(tmp_path)
    (project.root / "requirements").chmod(0o555)
    before = look_of(project.root)
    done = project.run()
    (project.root / "requirements").chmod(0o755)
    assert done.returncode == 2
    assert "Nothing was changed" in done.stderr
    assert look_of(project.root).keys() == before.keys()


def test_a_full_disk_changes_nothing(tmp_path: Path) -> None:
    project = migrated(tmp_path)
    before = look_of(project.root)
    path = tools(tmp_path / "bin", *TOOLS, "sha256sum")
    (tmp_path / "bin" / "cat").unlink()
    (tmp_path / "bin" / "cat").write_text("#!/bin/sh\nprintf half\nexit 1\n")
    (tmp_path / "bin" / "cat").chmod(0o755)
    done = project.run(path=path)
    assert done.returncode == 2
    assert "Nothing was changed" in done.stderr
    assert look_of(project.root) == before


@pytest.mark.parametrize(
    "tree", ["first", *(pytest.param(name, marks=pytest.mark.slow) for name in ("merge", "links"))]
)
def test_killed_at_any_command_it_leaves_whole_files_and_the_next_run_ends_it(
    tmp_path: Path, tree: str
) -> None:
    (tmp_path / "old").mkdir()
    TREES[tree].build(tmp_path / "old")
    old = look_of(tmp_path / "old")
    count, path = _deadly_tools(tmp_path)
    for deadly in range(1, 1000):
        (tmp_path / str(deadly)).mkdir()
        project = migrated(tmp_path / str(deadly), tree)
        new = look_of(project.root)
        count.write_text("0\n")
        done = subprocess.run(
            ["sh", project.script],
            env={"PATH": path, "COUNT": str(count), "DEADLY": str(deadly)},
            start_new_session=True,
            check=False,
            capture_output=True,
        )
        now = look_of(project.root)
        for name in old.keys() | new.keys():
            assert now.get(name) in (old.get(name), new.get(name))
        assert project.run().returncode == 0
        assert look_of(project.root) == old
        if done.returncode == 0:
            break
        assert done.returncode == -9
    assert deadly > 2 * len(changes_of(tree))


def _deadly_tools(folder: Path) -> tuple[Path, str]:
    """Return a counter and a PATH whose programs count themselves and kill the whole run at number DEADLY."""
    real = tools(folder / "real", *TOOLS, "sha256sum")
    deadly = folder / "deadly"
    deadly.mkdir()
    for name in WRITING:
        (deadly / name).write_text(
            "#!/bin/sh\n"
            'read -r n <"$COUNT"; n=$((n + 1)); echo "$n" >"$COUNT"\n'
            '[ "$n" = "$DEADLY" ] && kill -9 0\n'
            f'exec "{real}/{name}" "$@"\n'
        )
        (deadly / name).chmod(0o755)
    return folder / "count", f"{deadly}:{real}"
