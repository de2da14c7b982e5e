"""OSV JSON -> Advisory; whatever cannot be read becomes a note, never a crash and never silence.

The format is https://ossf.github.io/osv-schema/. Only entries of the ecosystem ``PyPI`` are kept.

Caches and indexes keep a record reduced to what the audit reads, still in OSV's format, and read it with
``prepared=True``: its listed versions are in one spelling already.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, get_args

from poetry_aiops.health.advisory import Advisory, Affected, Event, EventKind, UnreadableRecord, VersionRange
from poetry_aiops.project.checks import kind_of, normalised
from poetry_aiops.project.versions import canonical
from poetry_aiops.system.text import one_line as text_on_one_line


if TYPE_CHECKING:
    from collections.abc import Iterator


ECOSYSTEM: Final = "PyPI"
PAGE: Final = "https://osv.dev/vulnerability/"
_KINDS: Final[dict[str, EventKind]] = {kind: kind for kind in get_args(EventKind)}
_COMPARABLE: Final = ("ECOSYSTEM", "SEMVER")
_SUMMARY: Final = 300
_LONGEST_ID: Final = 200
CLOCKS_DIFFER: Final = timedelta(days=1)
_KEPT: Final = ("id", "aliases", "published", "modified", "withdrawn", "severity")
_KEPT_OF_AFFECTED: Final = ("package", "severity")
_LABELS: Final = ("database_specific", "ecosystem_specific")
_PLAIN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,99}")
_WEB = re.compile(r"https?://[^\s<>\"'`\\^{}|]{1,2000}", re.IGNORECASE)


def one_line(text: str, limit: int = _SUMMARY) -> str:
    """Return text on one line, without control characters and marks that reorder or hide text."""
    if len(text) <= limit and text.isascii() and text.isprintable() and "  " not in text:
        return text.strip()
    clean = " ".join(text_on_one_line(text[: 4 * limit]).split())
    return clean if len(clean) <= limit else clean[: limit - 1].rstrip() + "…"


def read_record(
    document: object, where: str, now: datetime, *, prepared: bool = False
) -> Advisory | UnreadableRecord:
    """Return the advisory in a parsed JSON document as it counts at ``now``; ``where`` names its file or address.

    ``prepared`` says that :func:`reduced` wrote it, so that the listed versions are canonical already. A record without a usable ``id`` or ``affected`` is an UnreadableRecord; smaller faults are notes.
    """
    if not isinstance(document, dict):
        return UnreadableRecord(where, f"a record must be an object, but is {kind_of(document)}")
    name = document.get("id")
    if not isinstance(name, str) or not (identity := one_line(name, _LONGEST_ID)):
        return UnreadableRecord(where, "the record has no id")
    reader = _RecordReader(prepared=prepared)
    affected = document.get("affected")
    withdrawn = reader.withdrawn(document.get("withdrawn"), now)
    if affected is None and not withdrawn:
        return UnreadableRecord(where, f"{identity} does not say what it affects")
    entries = reader.affected(affected) if affected is not None else ()
    if entries is None:
        return UnreadableRecord(where, f"{identity}: affected must be a list, but is {kind_of(affected)}")
    aliases = reader.ids(document.get("aliases"), "aliases")
    return Advisory(
        id=identity,
        aliases=tuple(alias for alias in aliases if alias != identity),
        summary=_summary(document),
        url=_url(document.get("references"), identity),
        published=_time(document.get("published")),
        modified=_time(document.get("modified")),
        withdrawn=withdrawn,
        affected=entries,
        vectors=reader.vectors(document.get("severity"), "severity"),
        label=_label(document),
        notes=tuple(reader.notes),
    )


def withdrawal(value: object, now: datetime) -> str | None:
    """Return when a record was taken back, None for one in force; raises ValueError for anything but a time that has come."""
    if value is None:
        return None
    try:
        at = datetime.fromisoformat(_time(value)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("withdrawn is not a time") from None
    if at > now + CLOCKS_DIFFER:
        raise ValueError("withdrawn is in the future")
    return _time(value)


def python_package(entry: object) -> str | None:
    """Return the package of an element of ``affected``; None in other ecosystems, empty where none can be read."""
    ecosystem, name = _pair(_get(entry, "package"), "ecosystem", "name")
    if not isinstance(ecosystem, str) or not isinstance(name, str):
        return ""
    return name if ecosystem.partition(":")[0].casefold() == ECOSYSTEM.casefold() else None


class _RecordReader:
    """Takes one record apart and remembers what it could not read."""

    def __init__(self, *, prepared: bool = False) -> None:
        self.notes: list[str] = []
        self.prepared = prepared

    def items(self, value: object, where: str) -> list[object]:
        if value is None:
            return []
        if isinstance(value, list):
            return value
        self.notes.append(f"{where} must be a list, but is {kind_of(value)}")
        return []

    def ids(self, value: object, where: str) -> tuple[str, ...]:
        found = []
        for entry in self.items(value, where):
            if isinstance(entry, str) and (text := one_line(entry, _LONGEST_ID)):
                found.append(text)
            else:
                self.notes.append(f"an entry of {where} is not text")
        return tuple(dict.fromkeys(found))

    def withdrawn(self, value: object, now: datetime) -> str | None:
        try:
            return withdrawal(value, now)
        except ValueError as error:
            self.notes.append(f"{error}, so the record counts as valid")
            return None

    def vectors(self, value: object, where: str) -> tuple[tuple[str, str], ...]:
        found = []
        for entry in self.items(value, where):
            kind, score = _pair(entry, "type", "score")
            if isinstance(kind, str) and isinstance(score, str):
                found.append((one_line(kind, 40), one_line(score)))
            else:
                self.notes.append(f"an entry of {where} has no type and score")
        return tuple(found)

    def affected(self, value: object) -> tuple[Affected, ...] | None:
        if not isinstance(value, list):
            return None
        return tuple(self._entries(value))

    def _entries(self, value: list[object]) -> Iterator[Affected]:
        for index, entry in enumerate(value):
            name = python_package(entry)
            if name == "":
                self.notes.append(f"affected[{index}] names no package")
            elif name is not None and isinstance(entry, dict):
                yield _AffectedEntry(entry, one_line(name, _LONGEST_ID), prepared=self.prepared).read()


class _AffectedEntry:
    """One element of ``affected``."""

    def __init__(self, entry: Mapping[str, object], name: str, *, prepared: bool) -> None:
        self.entry = entry
        self.prepared = prepared
        self.name = name
        self.notes: list[str] = []
        self.unreadable: list[str] = []
        self.commits_only = False

    def read(self) -> Affected:
        ranges = tuple(self._ranges())
        versions = frozenset(self._versions())
        if not ranges and not versions and not self.unreadable:
            self.unreadable.append(
                "only commits are given, which cannot be compared with a release"
                if self.commits_only
                else "neither ranges nor versions are given"
            )
        vectors = _RecordReader()
        return Affected(
            package=normalised(self.name),
            ranges=ranges,
            versions=versions,
            vectors=vectors.vectors(self.entry.get("severity"), "severity"),
            label=_label(self.entry),
            notes=(*self.notes, *vectors.notes),
            unreadable=tuple(self.unreadable),
        )

    def _items(self, key: str) -> list[object]:
        value = self.entry.get(key)
        if value is None or isinstance(value, list):
            return value or []
        self.unreadable.append(f"{key} must be a list, but is {kind_of(value)}")
        return []

    def _versions(self) -> Iterator[str]:
        for version in self._items("versions"):
            if isinstance(version, str):
                yield version if self.prepared else canonical(version)
            else:
                self.unreadable.append(f"a listed version must be text, but is {kind_of(version)}")

    def _ranges(self) -> Iterator[VersionRange]:
        for index, entry in enumerate(self._items("ranges")):
            kind, events = _pair(entry, "type", "events")
            if kind == "GIT":
                self.commits_only = True
            elif not isinstance(events, list) or not events:
                self.unreadable.append(f"ranges[{index}] has no list of events")
            else:
                if kind not in _COMPARABLE:
                    self.notes.append(f"ranges[{index}] is of an unknown type and is compared by PEP 440")
                yield VersionRange(tuple(self._events(events, f"ranges[{index}]")))

    def _events(self, events: list[object], where: str) -> Iterator[Event]:
        for entry in events:
            pairs = entry.items() if isinstance(entry, dict) else ()
            known = [
                Event(_KINDS[kind], one_line(bound))
                for kind, bound in pairs
                if kind in _KINDS and isinstance(bound, str)
            ]
            if not known:
                self.unreadable.append(f"an event of {where} is not one that OSV defines")
            yield from known


# -- single fields --------------------------------------------------------------------------------------


def _get(value: object, key: str) -> object:
    return value.get(key) if isinstance(value, dict) else None


def _pair(value: object, first: str, second: str) -> tuple[object, object]:
    return _get(value, first), _get(value, second)


def _time(value: object) -> str:
    return one_line(value, 40) if isinstance(value, str) else ""


def _summary(document: Mapping[str, object]) -> str:
    for key in ("summary", "details"):
        text = document.get(key)
        if isinstance(text, str) and (line := one_line(text)):
            return line
    return ""


def _label(value: Mapping[str, object]) -> str:
    """Return the severity in a word, which GitHub's records keep in ``database_specific``."""
    for place in ("database_specific", "ecosystem_specific"):
        word = _get(value.get(place), "severity")
        if isinstance(word, str):
            return one_line(word, 40)
    return ""


def _url(references: object, identity: str) -> str:
    """Return the page to read: the advisory itself, else a web page of the record, else OSV's own page."""
    found = {"ADVISORY": "", "WEB": ""}
    for entry in references if isinstance(references, list) else []:
        kind, url = _pair(entry, "type", "url")
        if (
            isinstance(kind, str)
            and isinstance(url, str)
            and not found.get(kind, "x")
            and _WEB.fullmatch(url)
        ):
            found[kind] = url
    if _PLAIN_ID.fullmatch(identity):
        return found["ADVISORY"] or PAGE + identity
    return found["ADVISORY"] or found["WEB"]


# -- the reduced record ------------------------------------------------------------------------------------


def reduced(document: Mapping[str, object], advisory: Advisory) -> dict[str, object]:
    """Return the parts of a record that matter; ``advisory`` is what was read from it."""
    kept = {key: document[key] for key in _KEPT if key in document}
    kept |= _word_of(document)
    if advisory.summary:
        kept["summary"] = advisory.summary
    if advisory.url:
        kept["references"] = [{"type": "ADVISORY", "url": advisory.url}]
    affected = document.get("affected")
    if isinstance(affected, list):
        kept["affected"] = list(_elements(affected, iter(advisory.affected)))
    elif affected is not None:
        kept["affected"] = affected
    return kept


def _elements(affected: list[object], read: Iterator[Affected]) -> Iterator[object]:
    """Yield the elements for the Python index cut down, and those that cannot be read as they are."""
    for entry in affected:
        name = python_package(entry)
        if name and isinstance(entry, Mapping):
            yield _element(entry, next(read))
        elif name == "":
            yield entry


def _element(entry: Mapping[str, object], read: Affected) -> dict[str, object]:
    kept = {key: entry[key] for key in _KEPT_OF_AFFECTED if key in entry} | _word_of(entry)
    ranges, versions = entry.get("ranges"), entry.get("versions")
    if ranges is not None:
        kept["ranges"] = [_kept_range(one) for one in ranges] if isinstance(ranges, list) else ranges
    if isinstance(versions, list):
        unread = [version for version in versions if not isinstance(version, str)]
        kept["versions"] = [*sorted(read.versions), *unread]
    elif versions is not None:
        kept["versions"] = versions
    return kept


def _kept_range(entry: object) -> object:
    if isinstance(entry, Mapping) and entry.get("type") == "GIT":
        return {"type": "GIT"}
    if isinstance(entry, Mapping):
        return {key: entry[key] for key in ("type", "events") if key in entry}
    return entry


def _word_of(value: Mapping[str, object]) -> dict[str, object]:
    found: dict[str, object] = {}
    for place in _LABELS:
        inner = value.get(place)
        if isinstance(inner, Mapping) and isinstance(inner.get("severity"), str):
            found[place] = {"severity": inner["severity"]}
    return found
