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
from typing import TYPE_CHECKING, Final, Literal

from poetry_aiops.system.files import reported, sync_folder, write_atomically, write_new
from poetry_aiops.system.project_paths import HOME, ProjectFile, find_place
from poetry_aiops.system.reading import read_file
from poetry_aiops.system.transaction.backup import MODE_BITS, refuse, stored_name
from poetry_aiops.system.transaction.store import APPLIED, PREPARED, RUNNING


if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from poetry_aiops.system.transaction.backup import BackupEntry, FileState
    from poetry_aiops.system.transaction.store import StoredBackup


STAGED: Final = "staged"
"""The folder of a backup in which its run holds the next contents of the files and the last ones, while it runs."""

Now = Literal["new", "old", "mixed", "changed since", "unknown"]


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
        if not self.entry.changes or self._holds(self.entry.before) or self._holds(self.entry.after):
            return None
        return "was removed since" if self.data is None else "changed since"

    @property
    def is_edited_input(self) -> bool:
        """Whether it was edited since by others although the run itself never changed it."""
        return not self.entry.changes and self.data is not None and not self._holds(self.entry.before)

    def _is(self, state: FileState | None) -> bool:
        mode = self.place.mode
        same_mode = state is None or None in {state.mode, mode} or (mode or 0) & MODE_BITS == state.mode
        return self._holds(state) and same_mode

    def _holds(self, state: FileState | None) -> bool:
        if self.data is None or state is None:
            return self.data is None and state is None
        return state.holds(self.data)


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
            found.append(BackupFile(index, entry, place, place.read()))
    what = "Files of this backup cannot be restored; nothing was changed."
    refuse(problems, what, "Correct their paths first.")
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
        backup.mark(RUNNING)
        files = [found for found in look(backup) if found.entry.changes]
        _stage(backup, files)
        refuse(
            (f"{one.entry.path} {one.change or 'changed since'}" for one in look(backup) if not one.is_old),
            "Files changed during this run; nothing was changed.",
            "Run this again.",
        )
        _switch(backup, files)
    except BaseException:
        what = "This run was stopped and could not restore all files"
        with reported(what, hint=again_hint(backup)):
            put_back(backup)
        backup.discard()
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
    changed = [one for one in look(backup) if one.entry.changes and not (one.is_old or one.change)]
    for found in reversed(_in_order(changed)):
        target = found.place.path
        if found.entry.before is None:
            target.unlink(missing_ok=True)
        elif (old := _staged(backup, "old", found.index)).exists():
            _bring(old, target)
        sync_folder(target.parent)
    _clear(backup, backup.manifest.made_folders, PREPARED)


def again_hint(backup: StoredBackup) -> str:
    """Return what to do when files could not be restored: nothing is lost, the backup holds everything."""
    return f"When the disk is writable, run this again, or: sh {HOME}/{backup.id}/restore.sh"


def _staged(backup: StoredBackup, which: Literal["new", "old"], index: int) -> Path:
    return backup.folder / STAGED / f"{which}-{stored_name(index)}"


def _in_order(files: list[BackupFile]) -> list[BackupFile]:
    return sorted(files, key=lambda found: (found.entry.order, found.index))


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
    for found in _in_order(files):
        if found.entry.after is None:
            found.place.path.unlink()
        else:
            _bring(_staged(backup, "new", found.index), found.place.path)
    for folder in {found.place.path.parent for found in files}:
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
    for name in reversed(folders):
        folder = Path(os.path.realpath(backup.root)) / name
        if Path(os.path.realpath(folder)) == folder:  # not reached through a link by now
            with suppress(OSError):
                folder.rmdir()
                sync_folder(folder.parent)
    backup.mark(state)
