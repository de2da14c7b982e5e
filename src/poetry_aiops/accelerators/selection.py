"""What the choice of a build is asked and what it answers."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from poetry_aiops.system.record import Record


if TYPE_CHECKING:
    from collections.abc import Mapping

    from packaging.specifiers import SpecifierSet


MixedPolicy = Literal["cover-all", "newest"]
NO_ACCELERATOR = "no accelerator found"
"""How messages call a machine without accelerators."""


class Constraint(Record):
    """What the project asks of a build.

    ``offered`` are the backends that the project's variants hold (``None``: any), ``torch`` the versions of
    torch that it accepts, ``python`` the version of the environment (``3.12``; ``None``: the host's),
    ``mixed`` what to do with GPUs that no one build covers, ``cuda_majors`` the CUDA versions that other
    frameworks of the project bring along. ``locked`` says of a backend and a torch line why none of the locked wheels
    is for the machine, None where one is: the lock knows more than the facts.
    """

    offered: tuple[str, ...] | None = None
    torch: SpecifierSet | None = None
    python: str | None = None
    mixed: MixedPolicy = "cover-all"
    cuda_majors: frozenset[int] = frozenset()
    locked: Mapping[tuple[str, str], str | None] = MappingProxyType({})


class BackendVerdict(Record):
    """One candidate: whether the host can run it, in which rank (1 is best), and why.

    ``torch_max`` is the newest torch line (``2.14``) that this host runs on it; ``None`` when there is no
    upper limit or none is known. ``note`` says what of an accepted build is newer than the facts.
    """

    name: str
    accepted: bool
    reasons: tuple[str, ...]
    rank: int | None = None
    torch_max: str | None = None
    note: str | None = None


class Upgrade(Record):
    """The smallest change to the machine that unlocks more, as a sentence and in parts."""

    component: str
    current: str | None
    wanted: str
    backend: str
    torch_max: str | None
    text: str


class Selection(Record):
    """The answer: the best backend, the newest torch line on it, every candidate, and what to know."""

    best: str
    torch_max: str | None
    backends: tuple[BackendVerdict, ...]
    warnings: tuple[str, ...] = ()
    unlock: Upgrade | None = None
