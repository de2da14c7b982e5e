"""Index records on disk: one small file for each package of each index, so that a warm run asks for nothing.

The file holds the reduced record, never the page. A file that cannot be read, or was written by another release of
this package, counts as not there. The folder can be deleted at any time.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from datetime import datetime
from typing import TYPE_CHECKING
from typing import Any
from typing import Final

from poetry_aiops.adapters.files import remove_leftovers
from poetry_aiops.adapters.files import temporary_beside
from poetry_aiops.health.records import About
from poetry_aiops.health.records import IndexRecord
from poetry_aiops.health.records import Release
from poetry_aiops.system.reading import ANYWHERE
from poetry_aiops.system.reading import LARGEST_REPORT
from poetry_aiops.system.reading import read_file


if TYPE_CHECKING:
    from pathlib import Path


_FORM: Final = 1
_WHEEL: Final = 1
_SDIST: Final = 2


@dataclass(frozen=True, slots=True)
class Kept:
    """A record as it was kept, with the ETag of its page, and when the project's owners were asked for."""

    record: IndexRecord
    etag: str = ""
    about_asked: datetime | None = None


class RecordCache:
    """Records in a folder; ``None`` keeps nothing."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._tidied: set[Path] = set()

    def load(self, address: str, source: str, name: str) -> Kept | None:
        """Return what was kept for a package of the index at ``address``, None when there is nothing readable."""
        if self._folder is None:
            return None
        try:
            document = json.loads(
                read_file(self._path(self._folder, address, name), within=ANYWHERE, limit=LARGEST_REPORT)
            )
            return _kept(document, source, name)
        except (OSError, ValueError, KeyError, TypeError, IndexError, OverflowError, RecursionError):
            return None

    def store(self, address: str, kept: Kept) -> None:
        """Keep a record; a full or read-only disk is no failure, the next run then asks again."""
        if self._folder is None:
            return
        path = self._path(self._folder, address, kept.record.name)
        temporary = temporary_beside(path)
        try:
            if path.parent not in self._tidied:
                path.parent.mkdir(parents=True, exist_ok=True)
                remove_leftovers(path.parent)
                self._tidied.add(path.parent)
            temporary.write_bytes(json.dumps(_document(kept), separators=(",", ":")).encode())
            os.replace(temporary, path)  # noqa: PTH105 - one call in place of two objects, for hundreds of files
        except BaseException as error:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
            if not isinstance(error, OSError):
                raise

    def _path(self, folder: Path, address: str, name: str) -> Path:
        """Return the file of a package; the address, which may hold a password, is only hashed."""
        return folder / hashlib.sha256(address.encode()).hexdigest()[:16] / f"{name}.json"


def _document(kept: Kept) -> dict[str, object]:
    record, about = kept.record, kept.record.about
    pythons = sorted({release.requires_python for release in record.releases})
    return {
        "form": _FORM,
        "name": record.name,
        "fetched": _seconds(record.fetched),
        "etag": kept.etag,
        "about_asked": _seconds(kept.about_asked),
        "about": [about.status, about.status_reason, about.owners, about.inactive, about.owners_reason],
        "skipped": record.skipped,
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


def _kept(document: Any, source: str, name: str) -> Kept | None:  # noqa: ANN401 - untrusted JSON, checked here
    if not isinstance(document, Mapping) or document["form"] != _FORM or document["name"] != name:
        return None
    fetched = _time(document["fetched"])
    if fetched is None:
        return None
    pythons = [tuple(map(str, texts)) for texts in document["pythons"]]
    releases = tuple(_release(row, pythons) for row in document["releases"])
    record = IndexRecord(source, name, fetched, releases, About(*document["about"]), int(document["skipped"]))
    return Kept(record, str(document["etag"]), _time(document["about_asked"]))


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
