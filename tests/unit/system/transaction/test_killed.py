"""A migration and a rollback that are killed at every single call that writes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.support.killed_runs import NOW, changes_of, migrate
from tests.support.migration_trees import TREES, look_of

from poetry_aiops.errors import InputError
from poetry_aiops.system.project_paths import HOME
from poetry_aiops.system.transaction.exchange import STAGED
from poetry_aiops.system.transaction.migration import recover, rollback
from poetry_aiops.system.transaction.store import interrupted_ids


if TYPE_CHECKING:
    from tests.support.migration_trees import Look


ROOT = Path(__file__).parents[4]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL, fork and modes of POSIX")

some_trees = pytest.mark.parametrize(
    "tree", ["first", *(pytest.param(name, marks=pytest.mark.slow) for name in ("merge", "links"))]
)


@dataclass(frozen=True, slots=True)
class Case:
    """One kind of project, before and after its migration."""

    folder: Path
    tree: str
    old: Look
    new: Look

    @property
    def before(self) -> Path:
        return self.folder / "before"

    @property
    def after(self) -> Path:
        return self.folder / "after"

    def killed(self, step: str, project: Path) -> list[Path]:
        """Return the copies of a project in which a step was killed, in the order of the calls."""
        target = self.folder / f"killed-{project.name}"
        program = [sys.executable, "-m", "tests.support.killed_runs", step, str(project), str(target)]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT / "src"), str(ROOT)))}
        done = subprocess.run(program, cwd=ROOT, env=environment, check=True, capture_output=True, text=True)
        calls = json.loads(done.stdout)
        assert {"fsync", "replace", "unlink"} <= set(calls)
        return [target / str(number + 1) for number in range(len(calls))]

    def every_file_is_whole(self, look: Look) -> None:
        """Every file is wholly as before or wholly as after, and there is no other."""
        for path in look.keys() | self.old.keys() | self.new.keys():
            assert look.get(path) in (self.old.get(path), self.new.get(path)), path


@pytest.fixture
def case(tree: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Case:
    monkeypatch.setattr(os, "fsync", lambda _handle: None)  # nothing here loses its power
    before, after = tmp_path / "before", tmp_path / "after"
    for folder in (before, after):
        folder.mkdir()
        TREES[tree].build(folder)
    migrate(after, changes_of(tree))
    return Case(tmp_path, tree, look_of(before), look_of(after))


def copy(project: Path, name: str) -> Path:
    return Path(shutil.copytree(project, project.with_name(f"{project.name}-{name}"), symlinks=True))


def restore(project: Path) -> None:
    """Run restore.sh of the only backup; without a complete one nothing can have been touched."""
    for script in sorted((project / HOME).glob("[0-9]*Z-*/restore.sh"))[:1]:
        subprocess.run(["sh", script], cwd="/", check=True, capture_output=True)


def roll_back(project: Path) -> None:
    """Roll back; there may be no migration, or none any more, depending on the call of the kill."""
    try:
        rollback(project, now=NOW)
    except InputError as error:
        assert "no migration" in error.what  # noqa: PT017 - both are right
    assert not interrupted_ids(project)


def recovered(project: Path) -> bool:
    """Say whether the next run clears up by itself; where it does not it changes nothing."""
    before = look_of(project)
    try:
        recover(project)
    except InputError as error:
        assert "--rollback" in str(error)  # noqa: PT017 - both are right
        assert look_of(project) == before
        return False
    assert not interrupted_ids(project)
    return True


@some_trees
def test_a_migration_killed_anywhere_leaves_whole_files_and_every_way_back_works(
    case: Case,
) -> None:
    outcomes = set()
    for project in case.killed(f"migrate {case.tree}", case.before):
        case.every_file_is_whole(look_of(project))
        by_script, by_rollback = copy(project, "script"), copy(project, "rollback")
        restore(by_script)
        assert look_of(by_script) == case.old
        assert recovered(by_script)
        roll_back(by_rollback)
        assert look_of(by_rollback) == case.old

        if not recovered(project):
            outcomes.add("mixed")
            continue
        outcomes.add("old" if look_of(project) == case.old else "new")
        assert look_of(project) in (case.old, case.new)
        if look_of(project) == case.old:
            migrate(project, changes_of(case.tree))
        assert look_of(project) == case.new
        rollback(project, now=NOW)
        assert look_of(project) == case.old
    assert outcomes == {"old", "new", "mixed"}


@some_trees
def test_a_rollback_killed_anywhere_leaves_whole_files_and_can_be_repeated(case: Case) -> None:
    for project in case.killed("rollback", case.after):
        case.every_file_is_whole(look_of(project))
        by_script, by_next_run = copy(project, "script"), copy(project, "next")
        restore(by_script)
        assert look_of(by_script) == case.old
        assert recovered(by_script)
        if recovered(by_next_run):
            assert look_of(by_next_run) in (case.old, case.new)
        rollback(project, now=NOW)
        assert look_of(project) == case.old


@pytest.mark.slow
@pytest.mark.parametrize("tree", ["merge", "links"])
def test_the_rollback_of_an_interrupted_migration_killed_anywhere_can_be_repeated(case: Case) -> None:
    halfway = [
        project
        for project in case.killed(f"migrate {case.tree}", case.before)
        if look_of(project) != case.new and any((project / HOME).glob(f"*/{STAGED}"))
    ]
    chosen = halfway[2::6]
    assert len(chosen) > 5
    for start in chosen:
        for project in case.killed("rollback", start):
            case.every_file_is_whole(look_of(project))
            roll_back(project)
            assert look_of(project) == case.old
