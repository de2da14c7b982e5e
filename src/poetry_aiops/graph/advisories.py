"""Known vulnerabilities of locked packages, read from a health report; composed with the graph by the command. Pure.

The report is the document ``poetry-aiops/health/1``: of each package its ``name``, ``version`` and ``advisories``
with ``id``, ``severity``, ``fixed_in`` and, where there is one, ``summary``. Whatever else it holds is left alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from packaging.utils import canonicalize_version

from poetry_aiops.errors import InputError
from poetry_aiops.project.checks import has_long_number, normalised


if TYPE_CHECKING:
    from poetry_aiops.graph.model import DependencyGraph
    from poetry_aiops.project.model import Lock


SEVERITIES: Final = ("critical", "high", "medium", "low", "")
"""From the worst to the least; empty for one that nobody rated."""

_SCHEMA: Final = "poetry-aiops/health/"
_OTHER_WORDS: Final = {"moderate": "medium", "important": "high"}


@dataclass(frozen=True, slots=True)
class Advisory:
    """One known vulnerability of a locked package, as a health report tells it.

    ``severity`` is one of SEVERITIES; ``fixed_in`` are the versions that are free of it.
    """

    id: str
    severity: str = ""
    summary: str = ""
    fixed_in: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HealthFindings:
    """What a report says about each (name, version), versions in one spelling; ``lock_digest`` where it names one."""

    found: Mapping[tuple[str, str], tuple[Advisory, ...]]
    lock_digest: str = ""

    def is_about(self, lock: Lock, digest: str) -> bool:
        """Whether the report was made for this lock: by its digest, else because every package is locked so."""
        if self.lock_digest:
            return self.lock_digest.removeprefix("sha256:") == digest
        locked = {(package.name, _version(package.version)) for package in lock.packages}
        return bool(self.found) and self.found.keys() <= locked

    def on(self, graph: DependencyGraph) -> dict[str, tuple[Advisory, ...]]:
        """Return the advisories of the graph's packages by name, the worst first."""
        found: dict[str, tuple[Advisory, ...]] = {}
        for node in graph.nodes:
            of_node = {
                one.id: one
                for version in node.versions
                for one in self.found.get((node.id, _version(version)), ())
            }
            if of_node:
                found[node.id] = tuple(sorted(of_node.values(), key=_worst_first))
        return found


def read_findings(text: str, where: str) -> HealthFindings:
    """Return what a health report says; raises InputError for text that is none. Damaged entries are passed over."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _unreadable(f"this is not a JSON document: {error}", where) from None
    packages = document.get("packages") if isinstance(document, dict) else None
    if not isinstance(packages, list) or not str(document.get("schema", "")).startswith(_SCHEMA):
        raise _unreadable(f"this is not a document of the schema {_SCHEMA}1", where)
    found: dict[tuple[str, str], tuple[Advisory, ...]] = {}
    for package in packages:
        name, version = _text(package, "name"), _text(package, "version")
        if name and version:
            key = (normalised(name), _version(version))
            found[key] = (*found.get(key, ()), *_advisories(package))
    return HealthFindings(found, _digest(document))


def _advisories(package: Mapping[str, object]) -> tuple[Advisory, ...]:
    listed = package.get("advisories")
    return tuple(
        Advisory(name, _severity(_text(one, "severity")), _text(one, "summary"), _texts(one, "fixed_in"))
        for one in (listed if isinstance(listed, list) else [])
        if (name := _text(one, "id")) and not one.get("withdrawn")
    )


def _severity(text: str) -> str:
    word = _OTHER_WORDS.get(text.lower(), text.lower())
    return word if word in SEVERITIES else ""


def _digest(document: Mapping[str, object]) -> str:
    lock = document.get("lock")
    return _text(lock, "sha256") or _text(document, "lock_sha256")


def _text(value: object, key: str) -> str:
    found = value.get(key) if isinstance(value, Mapping) else None
    return found if isinstance(found, str) else ""


def _texts(value: Mapping[str, object], key: str) -> tuple[str, ...]:
    found = value.get(key)
    return tuple(one for one in found if isinstance(one, str)) if isinstance(found, list) else ()


def _version(text: str) -> str:
    return text if has_long_number(text) else str(canonicalize_version(text))


def _worst_first(one: Advisory) -> tuple[int, str]:
    return SEVERITIES.index(one.severity), one.id


def _unreadable(what: str, where: str) -> InputError:
    return InputError(what, where=where, hint="Write one with `poetry health --output FILE.json`.")
