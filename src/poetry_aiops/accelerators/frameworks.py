"""The dated facts of ``data/frameworks.toml``: what to require so that a framework is built for a backend."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal

from poetry_aiops.accelerators.catalogue import rows_of
from poetry_aiops.project.backends import family_of
from poetry_aiops.project.toml import packaged_facts


if TYPE_CHECKING:
    from datetime import date


_MAJOR = re.compile(r"(?:cu|rocm)(?P<digits>\d+)")


@dataclass(frozen=True, slots=True)
class Framework:
    """A framework and every package name of it.

    ``constraint`` is what to write when nothing else says which versions. For the torch family it is worked out
    from the releases instead: ``oldest`` and ``last`` are torch lines, ``below`` the first version that nothing
    is known for. ``minor_offset`` leads from torch 2.N to 0.(N + offset). ``with_torch``: it is of no use without
    torch from the same index. ``cuda_major`` is the CUDA that its only GPU wheels are built for.
    """

    name: str
    names: tuple[str, ...]
    constraint: str | None = None
    oldest: str | None = None
    last: str | None = None
    below: str | None = None
    minor_offset: int | None = None
    with_torch: bool = False
    cuda_major: int | None = None

    @property
    def in_torch_family(self) -> bool:
        """Return whether its versions go with those of torch; others beside torch have a constraint of their own."""
        return self.name == "torch" or (self.with_torch and self.constraint is None)


@dataclass(frozen=True, slots=True)
class FrameworkRow:
    """What to require on some backends; the data file explains the fields."""

    frameworks: tuple[str, ...]
    on: tuple[str, ...]
    package: str | None = None
    extras: tuple[str, ...] = ()
    constraint: str | None = None
    limit: str = ""
    index: str | None = None
    marker: str = ""
    note: str | None = None
    refuse: bool = False


@dataclass(frozen=True, slots=True)
class Companion:
    """A package that torch requires by name and that only the PyTorch indexes hold, for a span of torch lines."""

    package: str
    on: tuple[str, ...]
    since: str | None = None
    until: str | None = None


@dataclass(frozen=True, slots=True)
class OwnIndex:
    """An index that is not PyTorch's; in ``key``, ``name`` and ``url``, ``{backend}`` is replaced by the end of a key."""

    key: str
    name: str
    url: str
    priority: Literal["explicit", "supplemental"]

    def at(self, key: str) -> OwnIndex | None:
        """Return the index of a key in full, None where the key is another one's."""
        head, pattern, _ = self.key.partition("{backend}")
        if key != self.key and not (pattern and key.startswith(head)):
            return None
        end = key[len(head) :]
        return (
            OwnIndex(key, self.name.replace(pattern, end), self.url.replace(pattern, end), self.priority)
            if pattern
            else self
        )


@dataclass(frozen=True, slots=True)
class FrameworkFacts:
    """All of ``data/frameworks.toml``, with the date of the last look at the facts."""

    as_of: date
    torch_index: str
    torch_source: str
    own_indexes: tuple[OwnIndex, ...]
    frameworks: tuple[Framework, ...]
    builds: tuple[FrameworkRow, ...]
    companions: tuple[Companion, ...]

    def framework(self, package: str) -> Framework | None:
        """Return the framework of a package name (canonical): ``onnxruntime-gpu`` -> onnxruntime."""
        return next((one for one in self.frameworks if package in one.names), None)

    def own_index(self, key: str) -> OwnIndex | None:
        """Return the index of a build that is not one of PyTorch's."""
        return next((found for one in self.own_indexes if (found := one.at(key))), None)

    def builds_for(self, framework: str, backend: str) -> tuple[FrameworkRow, ...]:
        """Return what to require on a backend: the rows of its most exact name that has any."""
        rows = [row for row in self.builds if framework in row.frameworks]
        for name in names_of(backend):
            if found := tuple(row for row in rows if name in row.on):
                return found
        return ()


def names_of(backend: str) -> tuple[str, ...]:
    """Return the names that facts use for a backend, the most exact first: ``cu126`` -> cu126, cuda12, cuda."""
    family = family_of(backend)
    found = _MAJOR.match(backend)
    if found is None:
        return (backend,) if family == backend else (backend, family)
    digits = found["digits"][:-1] if family == "cuda" else found["digits"]
    return (backend, f"{family}{digits}", family)


@cache
def load_frameworks() -> FrameworkFacts:
    """Return the facts that come with the package."""
    tables = packaged_facts("frameworks.toml")
    named = ({**row, "names": [row["name"], *row.get("names", ())]} for row in tables["frameworks"])
    return FrameworkFacts(
        as_of=tables["as_of"],
        torch_index=tables["torch_index"],
        torch_source=tables["torch_source"],
        own_indexes=rows_of(OwnIndex, tables["own_indexes"]),
        frameworks=rows_of(Framework, named),
        builds=rows_of(FrameworkRow, tables["builds"]),
        companions=rows_of(Companion, tables["companions"]),
    )
