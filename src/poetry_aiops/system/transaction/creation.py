"""Making the backup of a run: what speaks against its changes is said before anything is written."""

from __future__ import annotations

import secrets
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from poetry_aiops.errors import InputError
from poetry_aiops.system.addresses import redact
from poetry_aiops.system.project_paths import ProjectFile, find_place, missing_folders, writing_problem
from poetry_aiops.system.transaction.exchange import read_or_none
from poetry_aiops.system.transaction.manifest import MODE_BITS
from poetry_aiops.system.transaction.model import (
    HOME,
    BackupEntry,
    Manifest,
    backup_id,
    change_problems,
    refuse,
    state_of,
)
from poetry_aiops.system.transaction.store import (
    backup_ids,
    open_home,
    pending,
    reported,
    write_backup,
)


if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from poetry_aiops.system.transaction.model import FileChange
    from poetry_aiops.system.transaction.store import StoredBackup


NOTHING_CHANGED: Final = "Nothing was changed."
PUT_BACK: Final = f"`poetry migrate-reqs --rollback` restores the files. If you never migrated this project, remove the folder {HOME}."


def create(
    root: Path, changes: Sequence[FileChange], note: str, now: datetime, undoes: StoredBackup | None = None
) -> StoredBackup:
    """Write a complete backup of every file that ``changes`` touch, before any of them is touched, for ``apply``.

    ``note`` says in a few words what the run is; secrets are taken out of it. Raises InputError with everything that
    speaks against the changes: paths that lead out of the project, files that do not hold ``before`` any more,
    read-only files and folders, a full disk, nothing to change, and an interrupted run, unless this one ``undoes`` it.
    """
    if undoes is None and pending(root):
        raise InputError("a run was interrupted and must be restored first", where=HOME, hint=PUT_BACK)
    idle = [change for change in changes if _is_idle(change)]
    changes = [change for change in changes if not _is_idle(change)]
    refuse(change_problems(changes), f"these files cannot be changed. {NOTHING_CHANGED}")
    with reported(f"{NOTHING_CHANGED} The backup could not be written", root / HOME):
        kept = _checked(root, changes)
        if not kept:
            raise InputError("there is nothing to change, so no backup was made")
        kept += _held(root, idle, {place.name for _, place in kept})
        manifest = Manifest(
            id=next_id(root, now, undo=undoes is not None),
            created=now.astimezone(UTC).isoformat(timespec="seconds"),
            note=" ".join(redact(note).split()),
            entries=tuple(_entry(change, place) for change, place in kept),
            made_folders=missing_folders(root, [place for change, place in kept if change.after is not None]),
            dropped_folders=undoes.manifest.made_folders if undoes else (),
            undoes=undoes.id if undoes else None,
        )
        stored = write_backup(root, manifest, [change.before for change, _ in kept])
    return replace(stored, contents=tuple(change.after for change, _ in kept))


def _is_idle(change: FileChange) -> bool:
    return change.before == change.after and change.mode is None


def _checked(root: Path, changes: list[FileChange]) -> list[tuple[FileChange, ProjectFile]]:
    """Return each change with its place on the disk; raises InputError with everything that speaks against one."""
    kept: list[tuple[FileChange, ProjectFile]] = []
    problems: list[str] = []
    seen: dict[str, str] = {}
    for change in changes:
        place = find_place(root, change.path)
        if isinstance(place, str):
            problems.append(f"{change.path} {place}")
            continue
        problem = _problem(change, place)
        if place.name in seen:
            problem = f"is the same file as {seen[place.name]}"
        if problem:
            problems.append(f"{change.path} {problem}")
        seen[place.name] = change.path
        kept.append((change, place))
    refuse(problems, f"these files cannot be changed. {NOTHING_CHANGED}")
    return kept


def _held(root: Path, idle: list[FileChange], taken: set[str]) -> list[tuple[FileChange, ProjectFile]]:
    """Return files that only have to be in the backup, each once; what is outside the project cannot be in it."""
    found: dict[str, tuple[FileChange, ProjectFile]] = {}
    for change in idle:
        place = find_place(root, change.path)
        if not isinstance(place, str) and place.name not in taken:
            found.setdefault(place.name, (change, place))
    changed = [
        f"{change.path} changed since it was read"
        for change, place in found.values()
        if read_or_none(place) != change.before
    ]
    refuse(changed, f"files changed meanwhile. {NOTHING_CHANGED}", "Run this again.")
    return list(found.values())


def _problem(change: FileChange, place: ProjectFile) -> str | None:
    changed = "changed since it was read" if read_or_none(place) != change.before else None
    return writing_problem(place) or changed


def _entry(change: FileChange, place: ProjectFile) -> BackupEntry:
    mode = None if place.mode is None else place.mode & MODE_BITS
    after = mode if change.mode is None else change.mode & MODE_BITS
    return BackupEntry(change.path, place.name, state_of(change.before, mode), state_of(change.after, after))


def next_id(root: Path, now: datetime, *, undo: bool) -> str:
    """Return an id that sorts behind every other, even where the clock was set back."""
    open_home(root)
    moment = now.astimezone(UTC)
    for last in backup_ids(root)[-1:]:
        with suppress(ValueError, OverflowError):  # a name that no run of ours gave
            taken = datetime.strptime(last[:23], "%Y%m%dT%H%M%S.%fZ").replace(tzinfo=UTC)
            moment = max(moment, taken + timedelta(microseconds=1))
    return backup_id(moment, secrets.token_hex(4), undo=undo)
