"""Snapshots from a URL, kept in the cache folder: fetched anew only when changed, replaced only by a sound one."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import TYPE_CHECKING, Final

from poetry_aiops.errors import IncompleteError
from poetry_aiops.health.advisories.snapshot import SnapshotAge, open_snapshot
from poetry_aiops.system.addresses import redact_addresses
from poetry_aiops.system.files import temporary_beside, write_atomically
from poetry_aiops.system.http import Limits, TransferError, fetch
from poetry_aiops.system.json_cache import JsonCache
from poetry_aiops.system.record import Record


if TYPE_CHECKING:
    from pathlib import Path

    from poetry_aiops.system.http import Response


VARIABLE: Final = "POETRY_AIOPS_ADVISORIES_URL"
DEFAULT_URL: Final = "https://osv-vulnerabilities.storage.googleapis.com/PyPI/all.zip"
DOWNLOAD: Final = Limits(connect=10.0, total=600.0, size=1_000_000_000, attempts=3, pause=1.0)
_NOT_MODIFIED: Final = 304


class Downloaded(Record):
    """A snapshot in the cache; ``checked`` is when the server last called it the newest."""

    path: Path
    url: str
    checked: datetime
    etag: str = ""
    changed: bool = False


def cached_snapshot(folder: Path, url: str = DEFAULT_URL) -> Downloaded | None:
    """Return the snapshot of a URL that was fetched before, None when there is none or its note is unreadable."""
    path = _path(folder, url)
    note = _note(path).read(lambda note: (datetime.fromisoformat(note["checked"]), str(note["etag"])))
    if note is None or not path.is_file() or note[0].tzinfo is None:
        return None
    return Downloaded(path, redact_addresses(url), *note)


def update_snapshot(
    folder: Path, url: str = DEFAULT_URL, *, now: datetime, limits: Limits = DOWNLOAD
) -> Downloaded:
    """Fetch the snapshot of a URL if it has changed, see that it is sound, and return it.

    Raises IncompleteError when it cannot be fetched, kept or read; what was there before then stays.
    """
    known = cached_snapshot(folder, url)
    try:
        answer = _fetched(url, known.etag if known else "", limits)
    except TransferError as error:
        raise _failed(url, error.reason) from error
    path = _path(folder, url)
    changed = answer.status != _NOT_MODIFIED
    etag = answer.headers.get("etag", "") if changed else (known.etag if known else "")
    try:
        if changed:
            _replace(path, answer.body, now)
        note = {"url": redact_addresses(url), "checked": now.isoformat(), "etag": etag}
        _note(path).write(note)
    except OSError as error:
        raise _failed(url, f"it cannot be kept in {folder}: {error.strerror}") from error
    except IncompleteError as error:  # of the file on trial, whose name says nothing
        raise _failed(url, error.what) from error
    return Downloaded(path, redact_addresses(url), now, etag, changed)


def _fetched(url: str, etag: str, limits: Limits) -> Response:
    answer = fetch(url, limits, {"if-none-match": etag} if etag else {})
    if answer.status == _NOT_MODIFIED and not etag:
        raise TransferError("it answered 304 Not Modified although nothing is cached")
    return answer


def _replace(path: Path, content: bytes, now: datetime) -> None:
    """Put a new snapshot in the place of the old one once it has been read in full."""
    path.parent.mkdir(parents=True, exist_ok=True)
    trial = temporary_beside(path, ".zip")
    try:
        write_atomically(trial, content)
        open_snapshot(trial, SnapshotAge(now), cache_folder=path.parent)
        trial.replace(path)
    finally:
        trial.unlink(missing_ok=True)


def _failed(url: str, why: str) -> IncompleteError:
    return IncompleteError(
        f"the advisories could not be fetched: {why}",
        where=redact_addresses(url),
        hint="Nothing was changed. Try again, or give a snapshot that is on this machine: `--advisories PATH`.",
    )


def _path(folder: Path, url: str) -> Path:
    name = hashlib.sha256(url.encode(errors="surrogateescape")).hexdigest()[:16]
    return folder / f"advisories-{name}.zip"


def _note(path: Path) -> JsonCache:
    return JsonCache(path.with_suffix(".json"), "snapshot-note/1")
