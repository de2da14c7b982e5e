"""What the probes said, the machine around it, and the facts that hold for all devices together."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from poetry_aiops.accelerators.joining import join


if TYPE_CHECKING:
    from collections.abc import Callable

    from poetry_aiops.accelerators.facts import Gpu, ProbeFailure, TextFacts
    from poetry_aiops.accelerators.host import Host


class Observation(NamedTuple):
    """One probe's answer; observations come most trusted first."""

    name: str
    source: str
    raw: str | None
    outcome: str
    facts: TextFacts


class HostBase(NamedTuple):
    """What is known of the machine before any device is looked at, and the device nodes if it is live."""

    host: Host
    nodes: frozenset[str] | None = None
    warnings: tuple[str, ...] = ()


class Merged(NamedTuple):
    """The facts that hold for all devices together, with the probe that decided each."""

    driver: str | None
    max_cuda: str | None
    library: str | None
    amdgpu: str | None
    problems: frozenset[ProbeFailure]
    won: dict[str, str]


def first_told(
    observations: list[Observation], fact: Callable[[TextFacts], str | None]
) -> tuple[str, str] | None:
    return next(((o.name, value) for o in observations if (value := fact(o.facts))), None)


def listed(observations: list[Observation], vendor: str) -> tuple[Gpu, ...]:
    lists = [tuple(gpu for gpu in o.facts.gpus if gpu.vendor == vendor) for o in observations]
    return join(devices for devices in lists if devices)
