"""A snapshot of advisories in a form that opens in milliseconds: records by package name, in one file.

The first line is a JSON header with the place of each record, the rest are reduced OSV records. The header carries a
checksum of the rest; a file that does not fit it is built anew.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from poetry_aiops.health.advisory import Advisory
from poetry_aiops.health.osv_records import CLOCKS_DIFFER, read_record, reduced


if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime


FORMAT: Final = 1
_NOT_JSON: Final = "it is not JSON"
_MOST_GAPS: Final = 20


@dataclass(frozen=True, slots=True)
class AdvisoryIndex:
    """Every advisory of a snapshot; ``date`` is the newest ``modified`` of its records, ``gaps`` what is unreadable."""

    sha256: str
    records: int
    date: str | None
    gaps: tuple[str, ...]
    places: Mapping[str, list[list[int]]]
    body: bytes = field(repr=False)

    def about(self, name: str, now: datetime) -> tuple[Advisory, ...]:
        """Return every record about a package as it counts at ``now``."""
        places = self.places.get(name, ())
        found = (
            read_record(json.loads(self.body[at : at + length]), name, now, prepared=True)
            for at, length in places
        )
        return tuple(record for record in found if isinstance(record, Advisory))

    def to_bytes(self) -> bytes:
        """Return the file's content."""
        header = {
            "format": FORMAT,
            "sha256": self.sha256,
            "records": self.records,
            "date": self.date,
            "gaps": self.gaps,
            "places": self.places,
            "size": len(self.body),
            "crc": zlib.crc32(self.body),
        }
        return json.dumps(header, separators=(",", ":")).encode() + b"\n" + self.body


def index_from(data: bytes, sha256: str) -> AdvisoryIndex | None:
    """Return the index in a file's content; None when it is damaged or of another snapshot or format."""
    line, _, body = data.partition(b"\n")
    try:
        header = json.loads(line)
        expected = (FORMAT, sha256, len(body), zlib.crc32(body))
        if (header["format"], header["sha256"], header["size"], header["crc"]) != expected:
            return None
        return AdvisoryIndex(
            sha256, header["records"], header["date"], tuple(header["gaps"]), header["places"], body
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def build_index(files: Iterable[tuple[str, bytes]], sha256: str, now: datetime) -> AdvisoryIndex:
    """Return the index of a snapshot's files, each a name and its content: a record or a list of records.

    A ``modified`` more than a day after ``now`` is not believed. Of several records with one id the last modified
    counts.
    """
    builder = _SnapshotBuilder(now)
    for name, content in files:
        builder.add_file(name, content)
    return builder.index(sha256)


class _SnapshotBuilder:
    def __init__(self, now: datetime) -> None:
        self.now = now
        self.gaps: list[str] = []
        self.records: dict[str, tuple[Advisory, bytes]] = {}

    def add_file(self, name: str, content: bytes) -> None:
        try:
            document = json.loads(content)
        except (ValueError, RecursionError):
            self.gaps.append(f"{name}: {_NOT_JSON}")
            return
        listed = document.get("vulns") if isinstance(document, Mapping) and "id" not in document else document
        for record in listed if isinstance(listed, list) else [document]:
            self.add(name, record)

    def add(self, name: str, document: object) -> None:
        record = read_record(document, name, self.now)
        if not isinstance(record, Advisory) or not isinstance(document, Mapping):
            self.gaps.append(f"{name}: {getattr(record, 'why', 'it is not a record')}")
            return
        lost = [note for note in record.notes if note.startswith("affected[")]
        self.gaps += [f"{name}: {note}" for note in lost if record.withdrawn is None]
        known = self.records.get(record.id)
        if record.affected and (known is None or known[0].modified <= record.modified):
            kept = json.dumps(reduced(document, record), separators=(",", ":"))
            self.records[record.id] = (record, kept.encode())

    def index(self, sha256: str) -> AdvisoryIndex:
        latest = (self.now + CLOCKS_DIFFER).strftime("%Y-%m-%dT%H:%M:%SZ")
        places: dict[str, list[list[int]]] = {}
        parts = []
        at = 0
        for record, content in self.records.values():
            for name in record.packages:
                places.setdefault(name, []).append([at, len(content)])
            parts.append(content)
            at += len(content)
        dates = (record.modified for record, _ in self.records.values() if record.modified <= latest)
        shown = self.gaps[:_MOST_GAPS]
        if len(self.gaps) > len(shown):
            shown.append(f"and {len(self.gaps) - len(shown)} more records that cannot be read")
        date = max(dates, default="") or None
        return AdvisoryIndex(sha256, len(self.records), date, tuple(shown), places, b"".join(parts))
