"""What the probes said, the machine around it, and the facts and the list of devices that they make together.

The most trusted list of devices is the base; the others add what it leaves open. Devices are the same when their PCI
address or UUID is, or else when they stand at the same place of lists of one length.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from poetry_aiops.accelerators.facts import AMD, APPLE, INTEL, NVIDIA, Gpu, ProbeFailure
from poetry_aiops.system.record import Record


if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from poetry_aiops.accelerators.facts import TextFacts
    from poetry_aiops.accelerators.host import Host


_LISTS: Final = {NVIDIA: "NVIDIA GPUs", AMD: "AMD GPUs", INTEL: "Intel GPUs", APPLE: "Apple GPU"}


class Observation(Record):
    """One look at the machine: what was read, the raw answer, and what came of it; the most trusted ones come first.

    ``outcome`` is ``ok``, ``missing``, ``denied``, ``timeout``, ``exit N``, ``empty``, ``skipped`` with a reason, or
    the name of a failure that the text reports. ``won`` names the facts that this probe decided.
    """

    name: str
    source: str
    raw: str | None
    outcome: str
    facts: TextFacts
    won: tuple[str, ...] = ()


def first(observations: Sequence[Observation], field: str) -> str | None:
    """Return a fact of the most trusted probe that reports it."""
    return next((value for o in observations if (value := getattr(o.facts, field))), None)


class Evidence:
    """All observations of one machine: the fact that wins of each kind, the probe that decided it, and the devices.

    ``nodes`` are the device nodes of a live machine, ``None`` for a pasted text, which cannot decide.
    """

    def __init__(
        self, host: Host, observations: list[Observation], nodes: frozenset[str] | None = None
    ) -> None:
        self.host, self.observations, self.nodes = host, observations, nodes
        self.driver, self.library = first(observations, "driver"), first(observations, "library")
        self.max_cuda, self.amdgpu = first(observations, "max_cuda"), first(observations, "amdgpu")
        self.won: dict[str, str] = {}
        """The facts that were decided, and the probe that decided each."""
        for field in ("driver", "max_cuda", "library", "amdgpu", "l4t"):
            decider = next((o.name for o in observations if getattr(o.facts, field)), "")
            self.won |= {field: decider} if decider else {}
        for vendor, label in _LISTS.items():
            lister = next((o.name for o in observations if any(g.vendor == vendor for g in o.facts.gpus)), "")
            self.won |= {label: lister} if lister else {}
        if self.driver is None and self.library is not None:
            self.driver, self.won["driver"] = self.library, self.won["library"]
        self.problems = {problem for o in observations for problem in o.facts.problems}
        present = {name for o in observations if o.name == "nvidia libraries" for name in o.facts.present}
        if host.container is not None and "libnvidia-ml.so" in present and "libcuda.so" not in present:
            self.problems.add(ProbeFailure.NO_LIBCUDA)  # the container was given the driver's NVML alone

    def listed(self, vendor: str) -> tuple[Gpu, ...]:
        """Return a maker's devices of all lists."""
        lists = [tuple(gpu for gpu in o.facts.gpus if gpu.vendor == vendor) for o in self.observations]
        return join(devices for devices in lists if devices)

    @property
    def windows(self) -> bool:
        """Whether the driver is one of Windows."""
        return self.host.os == "windows" or self.host.wsl


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
