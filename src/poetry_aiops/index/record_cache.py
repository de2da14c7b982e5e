"""Index records on disk: one small file for each package of each index, so that a warm run requests nothing.

The file holds the reduced record, never the page.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

from poetry_aiops.index.release_records import About, IndexRecord, Release
from poetry_aiops.system.json_cache import JsonCache


if TYPE_CHECKING:
    from pathlib import Path


_SCHEMA: Final = "index-record/4"
_ABOUT: Final = attrgetter(*(field.name for field in fields(About)))
_RELEASE: Final = attrgetter(*(field.name for field in fields(Release)))


@dataclass(frozen=True, slots=True)
class CachedRecord:
    """A record as it was kept, with the ETag of its page, and when the project's owners were requested."""

    record: IndexRecord
    etag: str = ""
    about_asked: datetime | None = None


class RecordCache:
    """Records in a folder; ``None`` keeps nothing."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def load(self, address: str, source: str, name: str) -> CachedRecord | None:
        """Return what was kept for a package of the index at ``address``, None when there is nothing readable."""
        return self._file(address, name).read(lambda document: _kept(document, source, name))

    def store(self, address: str, kept: CachedRecord) -> None:
        """Keep a record, where that is possible."""
        self._file(address, kept.record.name).keep(_document(kept))

    def _file(self, address: str, name: str) -> JsonCache:
        """Return the file of a package; the address, which may hold a password, is only hashed."""
        folder = self._folder and self._folder / hashlib.sha256(address.encode()).hexdigest()[:16]
        return JsonCache(folder and folder / f"{name}.json", _SCHEMA)


def _document(kept: CachedRecord) -> dict[str, object]:
    record = kept.record
    return {
        "name": record.name,
        "fetched": _seconds(record.fetched),
        "etag": kept.etag,
        "about_asked": _seconds(kept.about_asked),
        "about": _ABOUT(record.about),
        "metadata": dict(record.metadata),
        "releases": [_row(*_RELEASE(release)) for release in record.releases],
    }


def _row(version: str, uploaded: datetime | None, last: datetime | None, *facts: object) -> list[object]:
    return [version, _seconds(uploaded), _seconds(last), *facts]


def _kept(document: Any, source: str, name: str) -> CachedRecord | None:  # noqa: ANN401 - untrusted JSON, checked here
    fetched = _time(document["fetched"])
    if document["name"] != name or fetched is None:
        return None
    releases = tuple(_release(row) for row in document["releases"])
    metadata = {str(version): str(address) for version, address in document["metadata"].items()}
    record = IndexRecord(source, name, fetched, releases, About(*document["about"]), metadata=metadata)
    return CachedRecord(record, str(document["etag"]), _time(document["about_asked"]))


def _release(row: list[Any]) -> Release:
    version, uploaded, last, pythons, *facts = row
    return Release(version, _time(uploaded), _time(last), tuple(map(str, pythons)), *facts)


def _seconds(time: datetime | None) -> float | None:
    return None if time is None else time.timestamp()


def _time(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
