"""Known vulnerabilities of locked packages, read from a health report; composed with the graph by the command. Pure.

The report is the document ``poetry-aiops/health/1``: the digest of the lock's packages, and of each package its
``name``, ``version``, ``audited`` and ``advisories`` with ``id``, ``severity``, ``fixed_in`` and, where there is one,
``summary``. Whatever else it holds is left alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from packaging.utils import canonicalize_version

from poetry_aiops.errors import InputError
from poetry_aiops.project.checks import has_long_number, normalised
from poetry_aiops.system.record import Record


if TYPE_CHECKING:
    from poetry_aiops.graph.model import DependencyGraph
    from poetry_aiops.project.model import Lock


SEVERITIES: Final = ("critical", "high", "medium", "low", "")
"""From the worst to the least; empty for one without a rating."""

_SCHEMA: Final = "poetry-aiops/health/"
_OTHER_WORDS: Final = {"moderate": "medium", "important": "high"}


class ReportedAdvisory(Record):
    """One known vulnerability of a locked package, as a health report describes it.

    ``severity`` is one of SEVERITIES; ``fixed_in`` are the versions that are free of it.
    """

    id: str
    severity: str = ""
    summary: str = ""
    fixed_in: tuple[str, ...] = ()


class Vulnerabilities(Record):
    """What is known about the packages of a graph.

    ``found`` are the advisories by name, the worst first. ``audited`` are the names of which every locked version was
    audited: only of these does "no advisory" mean "none known". ``packages`` counts the names of the graph.
    """

    found: Mapping[str, tuple[ReportedAdvisory, ...]]
    audited: frozenset[str]
    packages: int

    @property
    def extent(self) -> str:
        """How much was audited: ``not audited`` or ``n of m audited``."""
        return f"{len(self.audited)} of {self.packages} audited" if self.audited else "not audited"

    @property
    def is_complete(self) -> bool:
        return len(self.audited) == self.packages


class HealthFindings(Record):
    """What a report says about each (name, version), versions in one spelling.

    ``unaudited`` are those that it did not audit. ``lock_digest`` is that of the lock's packages, empty where it names none.
    """

    found: Mapping[tuple[str, str], tuple[ReportedAdvisory, ...]]
    unaudited: frozenset[tuple[str, str]] = frozenset()
    lock_digest: str = ""

    def is_about(self, lock: Lock) -> bool:
        """Whether the report was made for a lock with exactly these packages."""
        return self.lock_digest == lock.packages_digest

    def on(self, graph: DependencyGraph) -> Vulnerabilities:
        """Return what the report says about the graph's packages."""
        found: dict[str, tuple[ReportedAdvisory, ...]] = {}
        audited: set[str] = set()
        for node in graph.nodes:
            keys = {(node.id, _version(version)) for version in node.versions}
            of_node = {one.id: one for key in sorted(keys) for one in self.found.get(key, ())}
            if of_node:
                found[node.id] = tuple(sorted(of_node.values(), key=_worst_first))
            if keys <= self.found.keys() - self.unaudited:
                audited.add(node.id)
        return Vulnerabilities(found, frozenset(audited), len(graph.nodes))


def read_findings(text: str, where: str) -> HealthFindings:
    """Return what a health report says; raises InputError for text that is none. Damaged entries are passed over."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _unreadable(f"this is not a JSON document: {error}", where) from None
    packages = document.get("packages") if isinstance(document, dict) else None
    if not isinstance(packages, list) or not str(document.get("schema", "")).startswith(_SCHEMA):
        raise _unreadable(f"this is not a document of the schema {_SCHEMA}1", where)
    found: dict[tuple[str, str], tuple[ReportedAdvisory, ...]] = {}
    unaudited: set[tuple[str, str]] = set()
    for package in packages:
        name, version = _text(package, "name"), _text(package, "version")
        if name and version:
            key = (normalised(name), _version(version))
            found[key] = (*found.get(key, ()), *_advisories(package))
            if _text(package, "audited") != "audited":
                unaudited.add(key)
    return HealthFindings(found, frozenset(unaudited), _text(document.get("lock"), "packages_sha256"))


def _advisories(package: Mapping[str, object]) -> tuple[ReportedAdvisory, ...]:
    listed = package.get("advisories")
    return tuple(
        ReportedAdvisory(
            name, _severity(_text(one, "severity")), _text(one, "summary"), _texts(one, "fixed_in")
        )
        for one in (listed if isinstance(listed, list) else [])
        if (name := _text(one, "id")) and not one.get("withdrawn")
    )


def _severity(text: str) -> str:
    word = _OTHER_WORDS.get(text.lower(), text.lower())
    return word if word in SEVERITIES else ""


def _text(value: object, key: str) -> str:
    found = value.get(key) if isinstance(value, Mapping) else None
    return found if isinstance(found, str) else ""


def _texts(value: Mapping[str, object], key: str) -> tuple[str, ...]:
    found = value.get(key)
    return tuple(one for one in found if isinstance(one, str)) if isinstance(found, list) else ()


def _version(text: str) -> str:
    return text if has_long_number(text) else str(canonicalize_version(text))


def _worst_first(one: ReportedAdvisory) -> tuple[int, str]:
    return SEVERITIES.index(one.severity), one.id


def _unreadable(what: str, where: str) -> InputError:
    return InputError(what, where=where, hint="Write one with `poetry health --output FILE.json`.")
