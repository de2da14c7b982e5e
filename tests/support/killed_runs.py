"""A program that runs one step of a migration again and again, killed by SIGKILL at the first, second, ... write.

``python -m tests.support.killed_runs STEP PROJECT TARGET`` copies the folder PROJECT to ``TARGET/1``, ``TARGET/2``,
... and lets a child process do STEP (``migrate TREE``, ``rollback``) in the n-th copy until just
before its n-th call that writes; of a ``write`` the first half still happens. It ends with the first child that
needs no more calls, and prints as JSON which call each child was killed at.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import signal
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from tests.support.migration_trees import TREES

from poetry_aiops.system.transaction.migration import apply, create, recover, rollback
from poetry_aiops.system.transaction.store import locked


if TYPE_CHECKING:
    from collections.abc import Callable

    from poetry_aiops.system.transaction.backup import FileChange


CALLS = ("open", "write", "fsync", "replace", "rename", "link", "mkdir", "rmdir", "unlink", "chmod", "fchown")
NOW = datetime(2025, 3, 1, 12, tzinfo=UTC)


def changes_of(tree: str) -> list[FileChange]:
    """Return what a migration of this kind of project changes."""
    with tempfile.TemporaryDirectory() as elsewhere:
        return TREES[tree].build(Path(elsewhere))


def migrate(root: Path, changes: list[FileChange]) -> None:
    """Do what ``poetry migrate-reqs`` does."""
    with locked(root, NOW):
        recover(root)
        apply(create(root, changes, "poetry migrate-reqs", NOW))


def _roll_back(root: Path) -> None:
    with locked(root, NOW):
        rollback(root, now=NOW)


def _step(name: str) -> Callable[[Path], object]:
    if name == "rollback":
        return _roll_back
    changes = changes_of(name.removeprefix("migrate "))
    return lambda root: migrate(root, changes)


def arm(deadly: int, note: Path) -> None:
    """Let the process kill itself at its ``deadly``-th call that writes; fsync does nothing, which kills allow."""
    counter = itertools.count(1)
    real_write = os.write

    def wrapped(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            if name == "open" and not args[1] & os.O_CREAT:
                return real(*args, **kwargs)
            if next(counter) == deadly:
                _die(name, args)
            return None if name == "fsync" else real(*args, **kwargs)

        return call

    def _die(name: str, args: tuple[Any, ...]) -> NoReturn:
        if name == "write":
            real_write(args[0], bytes(args[1])[: len(args[1]) // 2])
        note.write_text(name)
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError

    for name in CALLS:
        setattr(os, name, wrapped(name, getattr(os, name)))


def main() -> None:
    """Make the copies and kill the children."""
    step, project, target = _step(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])
    target.mkdir()
    calls: list[str] = []
    while True:
        copy = target / str(len(calls) + 1)
        note = target / "note"
        shutil.copytree(project, copy, symlinks=True)
        child = os.fork()
        if child == 0:
            arm(len(calls) + 1, note)
            step(copy)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if status == 0:
            shutil.rmtree(copy)
            break
        if not os.WIFSIGNALED(status) or os.WTERMSIG(status) != signal.SIGKILL:
            sys.exit(f"the child of call {len(calls) + 1} ended with {status}")
        calls.append(note.read_text())
    print(json.dumps(calls))  # noqa: T201 - the answer of this program


if __name__ == "__main__":
    main()
