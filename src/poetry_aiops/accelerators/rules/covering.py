"""Which GPUs of a machine a build has to cover, when no single one may run on all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poetry_aiops.system.record import Record
from poetry_aiops.system.text import version_key


if TYPE_CHECKING:
    from collections.abc import Sequence

    from poetry_aiops.accelerators.host import Accelerator
    from poetry_aiops.accelerators.selection import MixedPolicy


class IndexBuild(Record):
    """One index's build of one torch line, with the places of the GPUs that it runs on."""

    backend: str
    line: str
    covers: frozenset[int]


def covers(arches: Sequence[str], capability: str) -> bool:
    """Return whether one of the compiled architectures runs on a device of a compute capability."""
    major, minor = (*version_key(capability), 0)[:2]
    return any((key := version_key(arch))[0] == major and key[1] <= minor for arch in arches)


def targets(
    gpus: Sequence[Accelerator], builds: Sequence[IndexBuild], policy: MixedPolicy
) -> tuple[frozenset[int], tuple[str, ...]]:
    """Return the places of the GPUs that the choice has to cover, and warnings that say which lose.

    A GPU that none of the builds runs on never decides. ``newest`` considers the GPUs with the highest compute
    capability alone; ``cover-all`` falls back to that when no single build covers all.
    """
    possible = frozenset(place for build in builds for place in build.covers)
    if not possible:
        return possible, ()
    lost = [gpu.label for place, gpu in enumerate(gpus) if place not in possible]
    text = f"{named(lost)}: none of the builds runs on it; the choice is for the other GPUs."
    warnings: tuple[str, ...] = (text,) if lost else ()
    newest = _newest(gpus, possible)
    if policy == "newest" and newest != possible:
        return newest, (*warnings, _loses(gpus, possible - newest, "As configured (newest)"))
    if not any(possible <= build.covers for build in builds):
        return newest, (*warnings, _loses(gpus, possible - newest, "No single build covers all GPUs, so"))
    return possible, warnings


def _newest(gpus: Sequence[Accelerator], places: frozenset[int]) -> frozenset[int]:
    keys = {place: version_key(gpus[place].compute_capability or "0") for place in places}
    highest = max(keys.values())
    return frozenset(place for place, key in keys.items() if key == highest)


def _loses(gpus: Sequence[Accelerator], places: frozenset[int], why: str) -> str:
    losers = [f"{gpus[place].label} ({gpus[place].compute_capability})" for place in sorted(places)]
    return f"{why} the choice is for the newest GPU; {named(losers)} may not run with it."


def named(names: list[str]) -> str:
    """Return names as one list, each once."""
    return ", ".join(dict.fromkeys(names))
