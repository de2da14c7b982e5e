"""Records that speak of one vulnerability, folded together: aliases of aliases count."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol, TypeVar


if TYPE_CHECKING:
    from collections.abc import Sequence


class HasAliases(Protocol):
    """A record or a finding: an id and its other names."""

    @property
    def id(self) -> str: ...
    @property
    def aliases(self) -> tuple[str, ...]: ...


One = TypeVar("One", bound=HasAliases)


_PREFERRED: Final = ("MAL-", "PYSEC-", "GHSA-", "CVE-")


def closures(advisories: Sequence[One]) -> tuple[tuple[One, ...], ...]:
    """Return the groups of records or findings that share an id or alias, directly or over others; the order is kept.

    The first of each group is the record by which the vulnerability is called.
    """
    parents: dict[str, str] = {}
    for advisory in advisories:
        for alias in advisory.aliases:
            parents[_root(parents, alias)] = _root(parents, advisory.id)
    groups: dict[str, list[One]] = {}
    for advisory in advisories:
        groups.setdefault(_root(parents, advisory.id), []).append(advisory)
    return tuple(tuple(sorted(group, key=lambda one: preference(one.id))) for group in groups.values())


def preference(identity: str) -> tuple[int, str]:
    """Return a sort key: reports of malware, then the Python database, GitHub's, CVE numbers, all others."""
    place = next((at for at, prefix in enumerate(_PREFERRED) if identity.startswith(prefix)), len(_PREFERRED))
    return (place, identity)


def _root(parents: dict[str, str], name: str) -> str:
    parents.setdefault(name, name)
    while parents[name] != name:
        parents[name] = parents[parents[name]]
        name = parents[name]
    return name
