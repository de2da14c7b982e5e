"""Advisories from a snapshot: a record, a folder of records, or OSV's zip of a whole database; from disk or a URL.

A snapshot that is damaged or holds nothing for the Python index is refused, never read as "nothing known".
"""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import PurePath
from typing import TYPE_CHECKING, Final

from poetry_aiops.errors import IncompleteError, UsageError
from poetry_aiops.health.advisories.index import build_index, index_from
from poetry_aiops.health.advisory import AdvisorySource
from poetry_aiops.health.feed import FeedAnswer, Lookup
from poetry_aiops.health.osv_records import CLOCKS_DIFFER
from poetry_aiops.system.files import write_atomically
from poetry_aiops.system.reading import ANYWHERE, open_file, read_file
from poetry_aiops.system.record import Record


if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from poetry_aiops.health.advisories.index import AdvisoryIndex
    from poetry_aiops.health.feed import QueriedPackage


LARGEST_RECORD: Final = 50_000_000
LARGEST_SNAPSHOT: Final = 4_000_000_000
HINT: Final = "Fetch it again, for example with `poetry health --update-advisories`."
_PACKINGS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_TIME: Final = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, slots=True)
class SnapshotFeed:
    """An :class:`~poetry_aiops.health.feed.AdvisoryFeed` over a snapshot; nothing leaves this machine."""

    name: str
    index: AdvisoryIndex
    now: datetime
    problem: str | None = None

    def look_up(self, subjects: Sequence[QueriedPackage]) -> Lookup:
        """Return every record about each name; a name without records is known to have none."""
        by_name = {
            name: self.index.about(name, self.now) for name in dict.fromkeys(one.name for one in subjects)
        }
        source = AdvisorySource(
            name=self.name,
            date=_stamp(self.index.date),
            sha256=self.index.sha256,
            records=self.index.records,
            problem=self.problem,
            gaps=self.index.gaps,
        )
        return Lookup(source, {subject: FeedAnswer(by_name[subject.name]) for subject in subjects})


class SnapshotAge(Record):
    """How old a snapshot may be at ``now``; ``max_age`` None sets no limit.

    ``checked`` is when the snapshot was last known to be the newest (its download); without it the newest record
    reports the age.
    """

    now: datetime
    max_age: timedelta | None = None
    checked: datetime | None = None


def open_snapshot(
    path: Path, freshness: SnapshotAge, *, cache_folder: Path | None = None, name: str = ""
) -> SnapshotFeed:
    """Return a feed over the snapshot at ``path``: a JSON file, a zip, or a folder.

    The index is kept in ``cache_folder``, named by the snapshot's hash. A snapshot that is too old gives a feed
    with a problem. Raises UsageError when there is nothing at ``path``, IncompleteError when it is damaged or holds
    no records.
    """
    if not path.exists():
        raise UsageError(
            f"there is no advisory snapshot at {path}",
            where="--advisories",
            hint="Name an OSV zip, a folder or a record.",
        )
    try:
        index = _index(path, cache_folder, freshness.now)
    except OSError as error:
        raise _unusable(path, f"cannot be read: {error.strerror or type(error).__name__}") from error
    if not index.records:
        why = f" ({index.gaps[0]})" if index.gaps else ""
        raise _unusable(path, f"holds no OSV record for the Python package index{why}")
    return SnapshotFeed(name or f"snapshot {path.name}", index, freshness.now, _stale(index, freshness))


def _unusable(path: Path, what: str) -> IncompleteError:
    return IncompleteError(f"the advisory snapshot {what}", where=str(path), hint=HINT)


def _index(path: Path, cache_folder: Path | None, now: datetime) -> AdvisoryIndex:
    sha256 = snapshot_hash(path)
    kept = cache_folder / f"advisories-{sha256[:32]}.index" if cache_folder else None
    if kept is not None and (index := _kept(kept, sha256)) is not None:
        return index
    index = build_index(_files(path), sha256, now)
    if kept is not None:
        _keep(kept, index)
    return index


def _kept(path: Path, sha256: str) -> AdvisoryIndex | None:
    try:
        return index_from(read_file(path, within=ANYWHERE, limit=LARGEST_SNAPSHOT), sha256)
    except OSError:
        return None


def _keep(path: Path, index: AdvisoryIndex) -> None:
    """Write the index; a folder that cannot be written only means that it is built again next time."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, index.to_bytes())
    except OSError:
        return


def _stale(index: AdvisoryIndex, freshness: SnapshotAge) -> str | None:
    if freshness.max_age is None:
        return None
    known = freshness.checked or _parsed_time(index.date)
    if known is None:
        return "its age is not known"
    age, allowed = freshness.now - known, freshness.max_age
    if age < -CLOCKS_DIFFER:
        return "its date is in the future, so its age is unknown; `--update-advisories` helps"
    if age <= allowed:
        return None
    return (
        f"it is {_days(age)} old, and {_days(allowed)} are allowed; `--update-advisories` fetches a new one,"
        f" `POETRY_AIOPS_ADVISORIES_MAX_AGE={age.days + 1}d` accepts it"
    )


def _stamp(date: str | None) -> str | None:
    """Return a time as the reports write it; text that is no time as it is."""
    known = _parsed_time(date)
    try:
        return known.astimezone(UTC).strftime(_TIME) if known else date
    except OverflowError:  # so near to the first day that UTC has no such time
        return date


def _days(age: timedelta) -> str:
    hours = int(age.total_seconds() // 3600)
    return f"{age.days} days" if age.days > 1 else f"{hours} hours"


def _parsed_time(text: str | None) -> datetime | None:
    try:
        known = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    return known.replace(tzinfo=UTC) if known and known.tzinfo is None else known


# -- reading --------------------------------------------------------------------------------------------


def snapshot_hash(path: Path) -> str:
    """Return the sha256 of a file, or of the names and contents of a folder's records; raises OSError."""
    if not path.is_dir():
        with open_file(path, within=ANYWHERE, limit=None) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    digest = hashlib.sha256()
    for name, content in _folder(path):
        digest.update(f"{len(name)}:{name}:{len(content)}:".encode(errors="surrogateescape"))
        digest.update(content)
    return digest.hexdigest()


def _files(path: Path) -> Iterator[tuple[str, bytes]]:
    if path.is_dir():
        yield from _folder(path)
    elif zipfile.is_zipfile(path) or path.suffix.lower() == ".zip":
        yield from _zip(path)
    else:
        yield path.name, read_file(path, within=ANYWHERE, limit=LARGEST_SNAPSHOT)


def _folder(path: Path) -> Iterator[tuple[str, bytes]]:
    for file in sorted(path.rglob("*")):
        if _is_record(file.relative_to(path)) and file.is_file():
            yield str(file.relative_to(path)), read_file(file, within=ANYWHERE, limit=LARGEST_RECORD)


def _is_record(name: PurePath) -> bool:
    """Say whether a file may hold a record; a YAML file of the PyPA database then counts as one that cannot be read."""
    suffix = name.suffix.lower()
    return suffix == ".json" or (suffix in {".yaml", ".yml"} and not any(one[0] == "." for one in name.parts))


def _zip(path: Path) -> Iterator[tuple[str, bytes]]:
    try:
        with zipfile.ZipFile(path) as archive:
            members = [one for one in archive.infolist() if _is_record(PurePath(one.filename))]
            if sum(one.file_size for one in members) > LARGEST_SNAPSHOT:
                raise _unusable(path, f"is larger than {LARGEST_SNAPSHOT:,} bytes when unpacked")
            for member in members:
                if member.file_size > LARGEST_RECORD:
                    raise _unusable(path, f"holds a record of more than {LARGEST_RECORD:,} bytes")
                yield member.filename, _content(archive, member)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise _unusable(path, f"is damaged: {str(error) or type(error).__name__}") from error


def _content(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """Return what a member holds, unpacked no further than it says itself; raises BadZipFile for anything else.

    ``archive.read`` unpacks up to two gigabytes before it checks the size, and other ways of packing know no limit.
    """
    if member.compress_type not in _PACKINGS:
        raise zipfile.BadZipFile("its compression is one that OSV does not use")
    with archive.open(member) as opened:
        content = opened.read(member.file_size)
        if len(content) != member.file_size or opened.read(1):
            raise zipfile.BadZipFile(f"{member.filename[:80]!r} does not have its declared size")
    return content
