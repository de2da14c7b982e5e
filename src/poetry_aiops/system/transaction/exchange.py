"""Exchanging the files of one backup: all of them or none, whatever fails and whenever the process is killed.

Beside each file lie for a moment ``.<name>.aiops-new`` (its next content) and ``.<name>.aiops-old`` (the file itself
under a second name). Both are there before the first file is exchanged, so that from then on only names change: a
disk that is full can neither stop the exchange nor its reverse. Which of both is done is known from the contents alone.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from poetry_aiops.errors import InputError
from poetry_aiops.system.files import sync_folder, write_new
from poetry_aiops.system.project_paths import ProjectFile, find_place
from poetry_aiops.system.reading import read_file
from poetry_aiops.system.transaction.manifest import MODE_BITS
from poetry_aiops.system.transaction.model import (
    APPLIED,
    HOME,
    PREPARED,
    RUNNING,
    refuse,
    switch_order,
)
from poetry_aiops.system.transaction.restore_script import STAGED_BY_SCRIPT, STAGED_NEW, STAGED_OLD
from poetry_aiops.system.transaction.store import discard, mark, reported


if TYPE_CHECKING:
    from collections.abc import Sequence

    from poetry_aiops.system.transaction.model import BackupEntry, FileState
    from poetry_aiops.system.transaction.store import StoredBackup


_STAGED: Final = (STAGED_NEW, STAGED_OLD, STAGED_BY_SCRIPT)


@dataclass(frozen=True, slots=True)
class BackupFile:
    """One file of a backup as it is on the disk now."""

    index: int
    entry: BackupEntry
    place: ProjectFile
    data: bytes | None

    @property
    def is_old(self) -> bool:
        """Whether it is as before the run, mode included."""
        return self._is(self.entry.before)

    @property
    def is_new(self) -> bool:
        """Whether it is as the run left it, mode included."""
        return self._is(self.entry.after)

    @property
    def change(self) -> str | None:
        """What speaks against putting it back: an edit that would be lost. None when there is none.

        What the run never changed is no obstacle: removed, it comes back; edited since, it stays (``is_edited_input``).
        """
        if not self.entry.changes:
            return None
        if _same_bytes(self.data, self.entry.before) or _same_bytes(self.data, self.entry.after):
            return None
        return "was removed since" if self.data is None else "changed since"

    @property
    def is_edited_input(self) -> bool:
        """Whether it was edited since by others although the run itself never changed it."""
        return (
            not self.entry.changes and self.data is not None and not _same_bytes(self.data, self.entry.before)
        )

    def beside(self, end: str) -> Path:
        """Return the name of what lies beside the file for a moment."""
        return _beside(self.place.path, end)

    def _is(self, state: FileState | None) -> bool:
        if not _same_bytes(self.data, state):
            return False
        mode = self.place.mode
        return state is None or state.mode is None or mode is None or mode & MODE_BITS == state.mode


def look(backup: StoredBackup) -> list[BackupFile]:
    """Return the files of a backup as they are now; raises InputError with all that lead elsewhere by now."""
    found: list[BackupFile] = []
    problems: list[str] = []
    for index, entry in enumerate(backup.manifest.entries):
        place = find_place(backup.root, entry.target)
        if isinstance(place, str):
            problems.append(f"{entry.path} {place}")
        elif place.name != entry.target:
            problems.append(f"{entry.path} leads to {place.name} now, not to {entry.target}")
        else:
            found.append(BackupFile(index, entry, place, read_or_none(place)))
    refuse(
        problems,
        "Files of this backup cannot be restored; nothing was changed.",
        "Correct their paths first.",
    )
    return found


def exchange(backup: StoredBackup, contents: Sequence[bytes | None]) -> None:
    """Bring every file from its old content to the new one in ``contents`` (None: no file), or none of them.

    Raises what stopped it (OSError, InputError, KeyboardInterrupt) once everything is old again and the backup,
    which is not needed then, is removed.
    """
    try:
        mark(backup, RUNNING)
        files = look(backup)
        changing = [found for found in files if found.entry.changes]
        _stage(backup, changing, contents)
        _check_nothing_changed(look(backup))
        _switch(changing)
    except BaseException:
        with reported(
            "This run was stopped and could not restore all files", backup.folder, again_hint(backup)
        ):
            put_back(backup)
        discard(backup)
        raise
    with suppress(OSError):  # every file is exchanged; the rest is tidied at the start of the next run
        finish(backup)


def finish(backup: StoredBackup) -> None:
    """Tidy up once every file is new; can be killed and run again at any moment."""
    _clean(backup)
    for folder in reversed(backup.manifest.dropped_folders):
        _remove_if_empty(backup.root, folder)
    mark(backup, APPLIED)


def put_back(backup: StoredBackup, *, over_changes: bool = False) -> tuple[str, ...]:
    """Bring every file back to its old content and return their names; can be killed and run again at any moment.

    A file that was changed meanwhile by someone else stays as it is, unless ``over_changes``.
    """
    touched = {
        found.index: found
        for found in look(backup)
        if not found.is_old and (over_changes or not (found.change or found.is_edited_input))
    }
    for found in touched.values():
        if found.entry.before is not None:
            _old_content(backup, found)  # the copies are looked at before the first file is touched
    for index, _ in reversed(switch_order((found.index, found.entry) for found in touched.values())):
        _put_back(backup, touched[index])
    _clean(backup)
    for folder in reversed(backup.manifest.made_folders):
        _remove_if_empty(backup.root, folder)
    mark(backup, PREPARED)
    return tuple(found.entry.path for found in touched.values())


def again_hint(backup: StoredBackup) -> str:
    """Return what to do when files could not be put back: nothing is lost, the backup holds everything."""
    return f"Once the disk lets you, run this again, or: sh {HOME}/{backup.id}/restore.sh"


def staged_beside(place: ProjectFile, *, undo: bool) -> list[Path]:
    """Return what is beside a file although no run is at work: someone else's, as ours would be cleaned.

    Before an ``undo`` there may be what a restore.sh that was killed left.
    """
    names = [_beside(place.path, end) for end in _STAGED if not (undo and end == STAGED_BY_SCRIPT)]
    return [path for path in names if os.path.lexists(path)]


def read_or_none(place: ProjectFile) -> bytes | None:
    """Return the bytes of a file, None for one that does not exist."""
    try:
        return read_file(place.path)
    except FileNotFoundError:
        return None


def _stage(backup: StoredBackup, files: list[BackupFile], contents: Sequence[bytes | None]) -> None:
    _make_folders(backup)
    for found in files:
        content = contents[found.index]
        if content is not None:
            after = found.entry.after
            mode = None if after is None else after.mode
            _write_beside(found, STAGED_NEW, content, mode)
        if found.data is not None:
            _keep_the_old_one(found, found.data)
    for folder in {found.place.path.parent for found in files}:
        sync_folder(folder)


def _make_folders(backup: StoredBackup) -> None:
    for name in backup.manifest.made_folders:
        folder = backup.root / name
        folder.mkdir(exist_ok=True)
        sync_folder(folder.parent)


def _write_beside(found: BackupFile, end: str, content: bytes, mode: int | None) -> None:
    try:
        write_new(found.beside(end), content, mode, like=found.place.path)
    except FileExistsError:
        raise _in_the_way(found.beside(end)) from None


def _keep_the_old_one(found: BackupFile, data: bytes) -> None:
    """Give the old file a second name, or a copy where the file system has no hard links."""
    try:
        found.beside(STAGED_OLD).hardlink_to(found.place.path)
    except FileExistsError:
        raise _in_the_way(found.beside(STAGED_OLD)) from None
    except OSError:
        _write_beside(found, STAGED_OLD, data, found.place.mode)


def _in_the_way(path: Path) -> InputError:
    return InputError(
        "a file is in the way here; nothing was changed",
        where=str(path),
        hint="It is left from an earlier run: check it, remove it, then run this again.",
    )


def _check_nothing_changed(files: list[BackupFile]) -> None:
    refuse(
        [f"{found.entry.path} {found.change or 'changed since'}" for found in files if not found.is_old],
        "Files changed during this run; nothing was changed.",
        "Run this again.",
    )


def _switch(files: list[BackupFile]) -> None:
    by_index = {found.index: found for found in files}
    for index, entry in switch_order((found.index, found.entry) for found in files):
        found = by_index[index]
        if entry.after is None:
            found.place.path.unlink()
        else:
            found.beside(STAGED_NEW).replace(found.place.path)
    for folder in {found.place.path.parent for found in files}:
        sync_folder(folder)


def _put_back(backup: StoredBackup, found: BackupFile) -> None:
    target = found.place.path
    before = found.entry.before
    if before is None:
        target.unlink(missing_ok=True)
    elif _is_whole(found.beside(STAGED_OLD), before):
        found.beside(STAGED_OLD).replace(target)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        found.beside(STAGED_NEW).unlink(missing_ok=True)
        _write_beside(found, STAGED_NEW, _old_content(backup, found), before.mode)
        found.beside(STAGED_NEW).replace(target)
    sync_folder(target.parent)


def _old_content(backup: StoredBackup, found: BackupFile) -> bytes:
    if found.entry.before is not None and _is_whole(found.beside(STAGED_OLD), found.entry.before):
        return read_file(found.beside(STAGED_OLD))
    return backup.copy(found.index)


def _is_whole(path: Path, state: FileState) -> bool:
    """Say whether the second name is there and leads to all of the old file."""
    try:
        status = path.lstat()
        return (
            stat.S_ISREG(status.st_mode)
            and (state.mode is None or status.st_mode & MODE_BITS == state.mode)
            and state.holds(read_file(path))
        )
    except OSError:
        return False


def _clean(backup: StoredBackup) -> None:
    """Remove what lies beside the files."""
    entries = [entry for entry in backup.manifest.entries if entry.changes]
    places = [find_place(backup.root, entry.target) for entry in entries]
    targets = [
        place.path for place in places if isinstance(place, ProjectFile) and place.path.parent.is_dir()
    ]
    for path in targets:
        for end in _STAGED:
            _beside(path, end).unlink(missing_ok=True)
    for folder in {path.parent for path in targets}:
        sync_folder(folder)


def _beside(path: Path, end: str) -> Path:
    return path.with_name(f".{path.name}{end}")


def _remove_if_empty(root: Path, name: str) -> None:
    folder = Path(os.path.realpath(root)) / name
    if Path(os.path.realpath(folder)) != folder:
        return  # reached through a link by now
    try:
        folder.rmdir()
    except OSError:
        return
    sync_folder(folder.parent)


def _same_bytes(data: bytes | None, state: FileState | None) -> bool:
    if data is None or state is None:
        return data is None and state is None
    return state.holds(data)
