"""Index records on disk: one small file for each package of each index, so that a warm run requests nothing.

The file holds the reduced record, never the page.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from poetry_aiops.index.release_records import About, IndexRecord, Release
from poetry_aiops.system.json_cache import JsonCache


if TYPE_CHECKING:
    from pathlib import Path


_SCHEMA: Final = "index-record/3"
_WHEEL: Final = 1
_SDIST: Final = 2


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
    record, about = kept.record, kept.record.about
    pythons = sorted({release.requires_python for release in record.releases})
    return {
        "name": record.name,
        "fetched": _seconds(record.fetched),
        "etag": kept.etag,
        "about_asked": _seconds(kept.about_asked),
        "about": [about.status, about.status_reason, about.owners, about.inactive, about.owners_reason],
        "metadata": dict(record.metadata),
        "pythons": pythons,
        "releases": [_row(release, pythons) for release in record.releases],
    }


def _row(release: Release, pythons: list[tuple[str, ...]]) -> list[object]:
    files = (_WHEEL if release.has_wheel else 0) | (_SDIST if release.has_sdist else 0)
    return [
        release.version,
        _seconds(release.uploaded),
        _seconds(release.last_upload),
        pythons.index(release.requires_python),
        files,
        release.yanked,
        release.provenance,
    ]


def _kept(document: Any, source: str, name: str) -> CachedRecord | None:  # noqa: ANN401 - untrusted JSON, checked here
    if document["name"] != name:
        return None
    fetched = _time(document["fetched"])
    if fetched is None:
        return None
    pythons = [tuple(map(str, texts)) for texts in document["pythons"]]
    releases = tuple(_release(row, pythons) for row in document["releases"])
    metadata = {str(version): str(address) for version, address in document["metadata"].items()}
    record = IndexRecord(source, name, fetched, releases, About(*document["about"]), metadata=metadata)
    return CachedRecord(record, str(document["etag"]), _time(document["about_asked"]))


def _release(row: list[Any], pythons: list[tuple[str, ...]]) -> Release:
    version, uploaded, last, python, files, yanked, provenance = row
    return Release(
        version=version,
        uploaded=_time(uploaded),
        last_upload=_time(last),
        requires_python=pythons[python],
        has_wheel=bool(files & _WHEEL),
        has_sdist=bool(files & _SDIST),
        yanked=yanked,
        provenance=provenance,
    )


def _seconds(time: datetime | None) -> float | None:
    return None if time is None else time.timestamp()


def _time(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
