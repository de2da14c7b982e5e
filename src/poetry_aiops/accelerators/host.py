"""What is known of a machine: the facts that choose a build, and where each of them comes from.

The shapes here are those of ``poetry hw-info --format json`` (``host`` and ``probes``); every string was
cleaned of control characters by the parser that read it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from poetry_aiops.system.record import Record


if TYPE_CHECKING:
    from poetry_aiops.accelerators.observed import Observation


AcceleratorKind = Literal["cuda", "rocm", "mps", "xpu", "jetson"]
OperatingSystem = Literal["linux", "windows", "macos", "other"]


class Cpu(Record):
    """The processor: its architecture, the x86-64 level (``x86_64_v3``) and the model name where known."""

    architecture: str
    level: str | None = None
    model: str | None = None


class Accelerator(Record):
    """One device that a framework's build may use.

    ``driver``, ``max_cuda`` and ``compute_capability`` are version strings (``580.65.06``, ``13.0``,
    ``8.6``), ``gfx`` is AMD's architecture name (``gfx1100``), ``vendor_id`` and ``device_id`` are PCI ids
    in four hexadecimal digits, ``memory_mib`` is the device memory in MiB. A device that is there but
    cannot be used now carries the reason and the way out; ``repairable`` distinguishes those that work again
    with the same driver after a reboot or a container option, so that the choice of a build still counts
    them. ``partitions`` is the number of MIG instances or compute partitions, 0 when it is not divided.
    """

    kind: AcceleratorKind
    name: str | None = None
    vendor_id: str | None = None
    device_id: str | None = None
    driver: str | None = None
    max_cuda: str | None = None
    compute_capability: str | None = None
    gfx: str | None = None
    memory_mib: int | None = None
    usable: bool = True
    why_unusable: str | None = None
    needs: str | None = None
    repairable: bool = False
    partitions: int = 0
    bus: str | None = None

    @property
    def counts(self) -> bool:
        """Whether the choice of a build takes this device into account."""
        return self.usable or self.repairable

    @property
    def label(self) -> str:
        """Return the name that messages use for this device."""
        if self.name:
            return self.name
        vendors = {"cuda": "NVIDIA GPU", "rocm": "AMD GPU", "xpu": "Intel GPU", "mps": "Apple GPU"}
        return vendors.get(self.kind, "Jetson")


class Mask(Record):
    """An environment variable that hides devices from programs, with its raw value."""

    variable: str
    value: str


class Host(Record):
    """One machine as its probes describe it.

    ``os_version`` is the macOS release, ``libc`` reads ``glibc 2.36`` or ``musl``, ``container`` names the
    kind of container (``docker``, ``podman``, ``kubernetes``, ``lxc`` or ``container``) or the builder of an
    image (``buildkit``, ``buildah``, ``kaniko``, ``buildpacks`` or ``apptainer``),
    ``l4t`` is the Jetson Linux release, ``other_gpus`` lists devices that no framework build can use, with
    the reason. ``None`` means that no probe reported it.
    """

    os: OperatingSystem
    arch: str
    python: str | None = None
    libc: str | None = None
    wsl: bool = False
    container: str | None = None
    accelerators: tuple[Accelerator, ...] = ()
    cpu: Cpu | None = None
    masks: tuple[Mask, ...] = ()
    os_version: str | None = None
    l4t: str | None = None
    other_gpus: tuple[str, ...] = ()


class Detection(Record):
    """A host with the probes that described it and what the user should know about the reading."""

    host: Host
    probes: tuple[Observation, ...] = ()
    warnings: tuple[str, ...] = ()
