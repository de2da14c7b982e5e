"""What one probe's text says, before anything is merged or concluded.

Parsers return :class:`TextFacts`; a field that the text does not report stays ``None`` or empty.
"""

from __future__ import annotations

import re
from enum import StrEnum

from poetry_aiops.system.record import Record


NVIDIA = "10de"
AMD = "1002"
INTEL = "8086"
APPLE = "106b"
ARM_ONLY = re.compile(r"\b(?:GH200|GB200|GB300|GB10)\b")
"""GPUs that only machines with an Arm processor have."""


class ProbeFailure(StrEnum):
    """A failure that a probe's text reports, by what has to be done about it."""

    MISMATCH = "driver and library versions differ"
    LOST = "a GPU is lost"
    NO_DEVICES = "NVIDIA's driver found no device"
    NOT_RUNNING = "NVIDIA's driver does not answer"
    NO_PERMISSION = "no permission to use the device"
    NO_LIBCUDA = "libcuda is missing"
    NO_NVML = "the NVML library is missing"
    NO_PROGRAM = "nvidia-smi is missing"
    NO_ROCK = "AMD's kernel driver is not loaded"
    NO_NODES = "there are no device nodes of NVIDIA's driver"


class Gpu(Record):
    """One device as one probe describes it.

    ``chip`` is the maker's code name (``GA102``, ``Navi 31``), ``kernel_driver`` the bound Linux driver:
    empty when none is bound and ``None`` when that is unknown.
    """

    vendor: str
    name: str | None = None
    ordinal: int | None = None
    bus: str | None = None
    uuid: str | None = None
    device_id: str | None = None
    chip: str | None = None
    compute_capability: str | None = None
    gfx: str | None = None
    memory_mib: int | None = None
    kernel_driver: str | None = None
    minor: int | None = None
    partitions: int = 0
    lost: bool = False


class TextFacts(Record):
    """Everything that one text says about a machine."""

    gpus: tuple[Gpu, ...] = ()
    driver: str | None = None
    library: str | None = None
    max_cuda: str | None = None
    amdgpu: str | None = None
    problems: tuple[ProbeFailure, ...] = ()
    os: str | None = None
    os_version: str | None = None
    arch: str | None = None
    libc: str | None = None
    python: str | None = None
    wsl: bool | None = None
    container: str | None = None
    open_module: bool = False
    """The driver's kernel module is the open one."""
    l4t: str | None = None
    jetson: str | None = None
    cpu_model: str | None = None
    cpu_level: str | None = None
    present: tuple[str, ...] = ()
    none: bool = False
    """The source lists every device, and no GPU of the makers is among them."""
    cut: bool = False
    """The text begins a list of devices, and ends before the list does, or leaves some of its lines out."""

    @property
    def answers(self) -> bool:
        """Whether the text says something about accelerators, be it that there is none."""
        return bool(
            self.gpus or self.driver or self.library or self.amdgpu or self.problems or self.jetson
        ) or bool(self.l4t or self.present or self.none)

    def lines(self) -> tuple[str, ...]:
        """Return what was read as short ``key=value`` lines."""
        plain = [
            f"{name}={value}"
            for name in ("driver", "library", "max_cuda", "amdgpu", "os", "os_version", "arch", "libc")
            if (value := getattr(self, name)) is not None
        ]
        plain += [
            f"{name}={value}" for name in ("container", "l4t", "jetson") if (value := getattr(self, name))
        ]
        plain += [f"problem={problem.value}" for problem in self.problems]
        return (*plain, *(gpu_line(gpu) for gpu in self.gpus))


def gpu_line(gpu: Gpu) -> str:
    """Return one device as a short line."""
    names = ("name", "chip", "device_id", "bus", "compute_capability", "gfx", "kernel_driver")
    reported = [f"{name}={value}" for name in names if (value := getattr(gpu, name))]
    return "gpu: " + (", ".join(reported) or f"vendor={gpu.vendor}")
