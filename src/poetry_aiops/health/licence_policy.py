"""Which licences a project accepts: SPDX expressions against ``[tool.poetry-aiops.health.licenses]``.

An expression passes when one way to satisfy it uses accepted licences only: of ``A OR B`` one, of ``A AND B`` both.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from poetry_aiops.health.metric import OpenQuestion
from poetry_aiops.system.record import Record
from poetry_aiops.system.text import few


if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from poetry_aiops.index.licences import Licence
    from poetry_aiops.project.model import Package, PackageKey


_TOKEN: Final = re.compile(r"[()]|[^\s()]+")


@dataclass(frozen=True, slots=True)
class LicencePolicy:
    """What is accepted: ``allow`` everything where it is empty, never what ``deny`` names.

    Both hold SPDX identifiers in small letters; ``gpl-3.0`` means its ``-only`` and ``-or-later`` as well. ``known``
    maps names of packages to the expression that a person read in their licence file.
    """

    allow: frozenset[str] = frozenset()
    deny: frozenset[str] = frozenset()
    known: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def decides(self) -> bool:
        """Whether it accepts less than everything."""
        return bool(self.allow or self.deny)

    def accepts(self, expression: str) -> bool:
        """Say whether an SPDX expression can be satisfied."""
        tokens = _TOKEN.findall(expression)
        return self._any(tokens)

    def _any(self, tokens: list[str]) -> bool:
        accepted = self._all(tokens)
        while tokens and tokens[0].upper() == "OR":
            tokens.pop(0)
            accepted = self._all(tokens) or accepted
        return accepted

    def _all(self, tokens: list[str]) -> bool:
        accepted = self._one(tokens)
        while tokens and tokens[0].upper() == "AND":
            tokens.pop(0)
            accepted = self._one(tokens) and accepted
        return accepted

    def _one(self, tokens: list[str]) -> bool:
        first = tokens.pop(0) if tokens else ""
        if first == "(":
            accepted = self._any(tokens)
            del tokens[:1]  # the closing one
            return accepted
        names = _names_of(first)
        if tokens and tokens[0].upper() == "WITH":
            exception = " ".join(tokens[:2])
            del tokens[:2]
            names |= {f"{name} {exception}".lower() for name in names}
        return names.isdisjoint(self.deny) and (not self.allow or not names.isdisjoint(self.allow))


def _names_of(identifier: str) -> set[str]:
    """Return the names that a policy may use for an identifier: ``gpl-3.0-only``, ``gpl-3.0``."""
    name = identifier.lower()
    return {name, re.sub(r"(-only|-or-later|\+)\Z", "", name)}


class RefusedLicence(Record):
    """A locked package whose licence the policy does not accept."""

    package: str
    version: str
    expression: str


def refused_licences(
    packages: Sequence[Package], licences: Mapping[PackageKey, Licence], policy: LicencePolicy
) -> tuple[RefusedLicence, ...]:
    """Return the packages with a known licence that is not accepted, each version once."""
    found = (
        RefusedLicence(one.name, one.version, licences[one.key].expression)
        for one in packages
        if one.key in licences
        and licences[one.key].expression
        and not policy.accepts(licences[one.key].expression)
    )
    return tuple(dict.fromkeys(found))


def unknown_licences(
    packages: Iterable[Package], licences: Mapping[PackageKey, Licence]
) -> tuple[OpenQuestion, ...]:
    """Return what is open where a policy has to decide: the packages without a known licence, by reason."""
    by_reason: dict[str, dict[str, None]] = {}
    for one in packages:
        licence = licences.get(one.key)
        if licence is not None and not licence.expression:
            by_reason.setdefault(licence.reason, {})[one.name] = None
    return tuple(
        OpenQuestion(
            f"licences: {f'{len(names)} packages ({few(names)})' if len(names) > 1 else few(names)}: {reason}",
            frozenset(names),
        )
        for reason, names in sorted(by_reason.items(), key=lambda entry: (-len(entry[1]), entry[0]))
    )
