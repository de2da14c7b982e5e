"""Exchanging the files of one backup: all of them or none, whatever fails and whenever the process is killed.

The folder ``staged`` of the backup holds for a moment ``new-0000``, ... (the next contents) and ``old-0000``, ... (the
files as they are). All are there before the first file is exchanged, so that from then on only names change: a disk
that is full can neither stop the exchange nor its reverse. Which of both is done is known from the contents alone.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from poetry_aiops.system.files import sync_folder, write_atomically, write_new
from poetry_aiops.system.project_paths import ProjectFile, find_place
from poetry_aiops.system.reading import read_file
from poetry_aiops.system.transaction.manifest import MODE_BITS
from poetry_aiops.system.transaction.model import (
    APPLIED,
    HOME,
    PREPARED,
    RUNNING,
    STAGED,
    refuse,
    stored_name,
    switch_order,
)
from poetry_aiops.system.transaction.store import discard, mark, reported


if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from poetry_aiops.system.transaction.model import BackupEntry, FileState, Now
    from poetry_aiops.system.transaction.store import StoredBackup


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


def state_now(files: Iterable[BackupFile]) -> Now:
    """Return what the files of a backup are now; edits of files that the run only read do not count."""
    files = [found for found in files if not found.is_edited_input]
    if any(found.change for found in files):
        return "changed since"
    if all(found.is_old for found in files):
        return "old"
    return "new" if all(found.is_new for found in files if found.entry.changes) else "mixed"


def exchange(backup: StoredBackup) -> None:
    """Bring every file from its old content to the new one in the backup's ``contents``, or none of them.

    Raises what stopped it (OSError, InputError, KeyboardInterrupt) once everything is old again and the backup,
    which is not needed then, is removed.
    """
    try:
        mark(backup, RUNNING)
        files = [found for found in look(backup) if found.entry.changes]
        _stage(backup, files)
        refuse(
            [
                f"{found.entry.path} {found.change or 'changed since'}"
                for found in look(backup)
                if not found.is_old
            ],
            "Files changed during this run; nothing was changed.",
            "Run this again.",
        )
        _switch(backup, files)
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
    _clear(backup, backup.manifest.dropped_folders, APPLIED)


def put_back(backup: StoredBackup) -> None:
    """Bring back every file that this process exchanged, and tidy up; can be killed and run again at any moment.

    A file that was changed meanwhile by someone else stays as it is.
    """
    files = {
        found.index: found
        for found in look(backup)
        if found.entry.changes and not (found.is_old or found.change)
    }
    for index, entry in reversed(switch_order((found.index, found.entry) for found in files.values())):
        target = files[index].place.path
        if entry.before is None:
            target.unlink(missing_ok=True)
        elif (old := _staged(backup, "old", index)).exists():
            _bring(old, target)
        sync_folder(target.parent)
    _clear(backup, backup.manifest.made_folders, PREPARED)


def again_hint(backup: StoredBackup) -> str:
    """Return what to do when files could not be restored: nothing is lost, the backup holds everything."""
    return f"When the disk is writable, run this again, or: sh {HOME}/{backup.id}/restore.sh"


def read_or_none(place: ProjectFile) -> bytes | None:
    """Return the bytes of a file, None for one that does not exist."""
    try:
        return read_file(place.path)
    except FileNotFoundError:
        return None


def _staged(backup: StoredBackup, which: Literal["new", "old"], index: int) -> Path:
    return backup.folder / STAGED / f"{which}-{stored_name(index)}"


def _stage(backup: StoredBackup, files: list[BackupFile]) -> None:
    (backup.folder / STAGED).mkdir(mode=0o700)
    for found in files:
        content, after, path = backup.contents[found.index], found.entry.after, found.place.path
        if content is not None:
            mode = None if after is None else after.mode
            write_new(_staged(backup, "new", found.index), content, mode, like=path)
        if found.data is not None:
            write_new(_staged(backup, "old", found.index), found.data, found.place.mode, like=path)
    sync_folder(backup.folder / STAGED)
    for name in backup.manifest.made_folders:
        folder = backup.root / name
        folder.mkdir(exist_ok=True)
        sync_folder(folder.parent)


def _switch(backup: StoredBackup, files: list[BackupFile]) -> None:
    targets = {found.index: found.place.path for found in files}
    for index, entry in switch_order((found.index, found.entry) for found in files):
        if entry.after is None:
            targets[index].unlink()
        else:
            _bring(_staged(backup, "new", index), targets[index])
    for folder in {path.parent for path in targets.values()}:
        sync_folder(folder)


def _bring(staged: Path, target: Path) -> None:
    """Rename a staged file into its place; in a folder that is another file system it is written anew."""
    try:
        staged.replace(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        write_atomically(target, read_file(staged), stat.S_IMODE(staged.stat().st_mode))


def _clear(backup: StoredBackup, folders: Sequence[str], state: str) -> None:
    """Remove what was staged and the folders that are not needed any more, and note how far the run came."""
    with suppress(FileNotFoundError):
        shutil.rmtree(backup.folder / STAGED)
    for folder in reversed(folders):
        _remove_if_empty(backup.root, folder)
    mark(backup, state)


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
