"""What the probes said, the machine around it, and the facts and the list of devices that they make together.

The most trusted list of devices is the base; the others add what it leaves open. Devices are the same when their PCI
address or UUID is, or else when they stand at the same place of lists of one length.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from poetry_aiops.accelerators.facts import Gpu


if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from poetry_aiops.accelerators.facts import ProbeFailure, TextFacts
    from poetry_aiops.accelerators.host import Host


class Observation(NamedTuple):
    """One probe's answer; observations come most trusted first."""

    name: str
    source: str
    raw: str | None
    outcome: str
    facts: TextFacts


class HostBase(NamedTuple):
    """What is known of the machine before any device is examined, and the device nodes if it is live."""

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


def join(lists: Iterable[tuple[Gpu, ...]]) -> tuple[Gpu, ...]:
    """Return the devices of all lists, the most trusted list first."""
    joined: list[Gpu] = []
    for devices in lists:
        joined = _joined(joined, devices) if joined else list(devices)
    return tuple(joined)


def _joined(base: list[Gpu], others: tuple[Gpu, ...]) -> list[Gpu]:
    result = list(base)
    taken: set[int] = set()
    for place, other in enumerate(others):
        match = _match(base, other, taken)
        if match is None and len(base) == len(others) and place not in taken and _may_be(base[place], other):
            match = place
        if match is not None:
            taken.add(match)
            result[match] = _filled(result[match], other)
        elif _is_new(base, other):
            result.append(other)
    return result


def _match(base: list[Gpu], other: Gpu, taken: set[int]) -> int | None:
    for place, gpu in enumerate(base):
        same_bus = gpu.bus is not None and gpu.bus == other.bus
        same_uuid = gpu.uuid is not None and gpu.uuid == other.uuid
        if place not in taken and (same_bus or same_uuid):
            return place
    return None


def _may_be(gpu: Gpu, other: Gpu) -> bool:
    """Return whether nothing that both report keeps two devices apart."""
    return (gpu.bus is None or other.bus is None) and (gpu.uuid is None or other.uuid is None)


def _is_new(base: list[Gpu], other: Gpu) -> bool:
    return other.bus is not None and all(gpu.bus is not None for gpu in base)


def _filled(gpu: Gpu, other: Gpu) -> Gpu:
    """Return a device with what only the other list reports; a missing name gives way to a full one."""
    missing = {
        field: getattr(other, field)
        for field in Gpu._fields
        if getattr(gpu, field) is None and getattr(other, field) is not None
    }
    if gpu.name and gpu.name.endswith("...") and other.name and not other.name.endswith("..."):
        missing["name"] = other.name
    return gpu._replace(**missing, partitions=gpu.partitions or other.partitions, lost=gpu.lost or other.lost)
