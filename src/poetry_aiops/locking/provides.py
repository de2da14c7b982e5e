"""Which packages only the variants may hold, although the rest of the project reaches them."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from poetry_aiops.accelerators.families import load_families


if TYPE_CHECKING:
    from collections.abc import Mapping

    Builds = frozenset[tuple[str, str, str]]
    """What selects the build of a package: source, address and build tag."""


ORDINARY: Final[Builds] = frozenset({("", "", "")})
"""The build of the default indexes, which a package has that a variant does not declare."""


@dataclass(frozen=True, slots=True)
class Provision:
    """What the variants supply, although the shared groups reach it.

    ``names`` belong to variants only. ``replaced`` maps a variant to the names for which its own packages stand
    (onnxruntime where it declares onnxruntime-gpu). Of the names in ``none`` a variant without them has none.
    """

    names: frozenset[str] = frozenset()
    replaced: Mapping[str, frozenset[str]] = field(default_factory=dict)
    none: frozenset[str] = frozenset()


def provision(
    declared: Mapping[str, Mapping[str, Builds]],
    base_direct: frozenset[str],
    configured: frozenset[str] | None,
    none: frozenset[str] = frozenset(),
) -> Provision:
    """Return what the variants supply: names whose builds differ between them, and families of which they hold a member.

    ``declared`` maps each variant to the builds that it requires by name, ``base_direct`` are the names that the
    shared groups declare themselves: those are never taken from them. ``configured`` is the project's own list of
    names; without one (None) they are inferred. A mere pin, an extra or a marker makes no other build.
    """
    every = frozenset().union(*declared.values())
    differing = {
        name for name in every if len({asked.get(name, ORDINARY) for asked in declared.values()}) > 1
    }
    names = set(differing if configured is None else configured) | none
    replaced: dict[str, frozenset[str]] = dict.fromkeys(declared, frozenset())
    for family in load_families().families:
        own = {variant: family.members & frozenset(asked) for variant, asked in declared.items()}
        if len(set(filter(None, own.values()))) > 1:
            names |= family.members
        for variant, members in own.items():
            if members:
                replaced[variant] |= family.members - members
                names |= family.members - members
    return Provision(frozenset(names) - base_direct, MappingProxyType(replaced), none)
