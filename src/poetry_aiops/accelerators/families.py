"""The dated facts of ``data/families.toml``: packages that install the same files, and companions of one build."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from poetry_aiops.project.toml import packaged_facts


if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Family:
    """Packages of which an environment holds one at most: they share the import packages in ``imports``."""

    members: frozenset[str]
    imports: tuple[str, ...]
    source: str


@dataclass(frozen=True, slots=True)
class Families:
    """All of ``data/families.toml``; ``companions`` maps a framework to the packages compiled for one build of it."""

    families: tuple[Family, ...]
    by_member: Mapping[str, Family]
    companions: Mapping[str, frozenset[str]]

    def twins(self, name: str) -> frozenset[str]:
        """Return the other packages that install the same files as ``name``, in canonical form."""
        family = self.by_member.get(name)
        return family.members - {name} if family else frozenset()


@cache
def load_families() -> Families:
    """Return the facts that come with the package."""
    document = packaged_facts("families.toml")
    families = tuple(
        Family(frozenset(row["members"]), tuple(row["imports"]), row["source"])
        for row in document["families"]
    )
    return Families(
        families,
        MappingProxyType({member: family for family in families for member in family.members}),
        MappingProxyType({row["of"]: frozenset(row["names"]) for row in document["companions"]}),
    )
