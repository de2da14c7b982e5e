"""An OSV record cut down to what the audit reads, still in OSV's format: what caches and indexes keep.

Reading the reduced record with ``prepared=True`` gives an advisory that matches the same versions: listed versions
that a range covers anyway are left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from poetry_aiops.health.matching import outside_ranges
from poetry_aiops.health.osv_records import python_package


if TYPE_CHECKING:
    from collections.abc import Iterator

    from poetry_aiops.health.advisory import Advisory, Affected


_KEPT: Final = ("id", "aliases", "published", "modified", "withdrawn", "severity")
_KEPT_OF_AFFECTED: Final = ("package", "severity")
_LABELS: Final = ("database_specific", "ecosystem_specific")


def reduced(document: Mapping[str, object], advisory: Advisory) -> dict[str, object]:
    """Return the parts of a record that matter; ``advisory`` is what was read from it."""
    kept = {key: document[key] for key in _KEPT if key in document}
    kept |= _label(document)
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
    kept = {key: entry[key] for key in _KEPT_OF_AFFECTED if key in entry} | _label(entry)
    ranges, versions = entry.get("ranges"), entry.get("versions")
    if ranges is not None:
        kept["ranges"] = [_range(one) for one in ranges] if isinstance(ranges, list) else ranges
    if isinstance(versions, list):
        unread = [version for version in versions if not isinstance(version, str)]
        kept["versions"] = [*sorted(outside_ranges(read)), *unread]
    elif versions is not None:
        kept["versions"] = versions
    return kept


def _range(entry: object) -> object:
    if isinstance(entry, Mapping) and entry.get("type") == "GIT":
        return {"type": "GIT"}
    if isinstance(entry, Mapping):
        return {key: entry[key] for key in ("type", "events") if key in entry}
    return entry


def _label(value: Mapping[str, object]) -> dict[str, object]:
    found: dict[str, object] = {}
    for place in _LABELS:
        inner = value.get(place)
        if isinstance(inner, Mapping) and isinstance(inner.get("severity"), str):
            found[place] = {"severity": inner["severity"]}
    return found
