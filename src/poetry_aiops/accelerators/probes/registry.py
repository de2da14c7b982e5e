"""All probes, most trusted first: the order in which facts win over each other.

Only names stand here; a maker's module is imported when one of its probes is asked, because most machines need few.
Patterns of probes that most machines have no file for are plain text, which ``re`` compiles when it is used first.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Final


if TYPE_CHECKING:
    from poetry_aiops.accelerators.probes.probe import Probe


MODULES: Final = {
    "nvidia kernel module (sys)": "nvidia",
    "nvidia kernel module (proc)": "nvidia",
    "NVML": "nvidia",
    "nvidia-smi --query-gpu": "nvidia_smi",
    "nvidia-smi -q -x": "nvidia_smi",
    "nvidia-smi -q": "nvidia_smi",
    "nvidia-smi": "nvidia_smi",
    "nvidia-smi -L": "nvidia_smi",
    "nvidia-smi messages": "nvidia_smi",
    "torch.utils.collect_env": "reports",
    "programs on the GPU": "runtimes",
    "node labels": "reports",
    "nvidia GPUs (proc)": "nvidia",
    "nvidia libraries": "nvidia",
    "device nodes": "nvidia",
    "KFD topology": "amd",
    "amdgpu kernel module": "amd",
    "rocminfo": "amd",
    "rocm-smi": "amd",
    "rocm_agent_enumerator": "amd",
    "clinfo": "reports",
    "xpu-smi": "intel",
    "sycl-ls": "intel",
    "tegra release": "system",
    "device tree model": "system",
    "jetson_release": "system",
    "system_profiler": "system",
    "Windows display adapters": "pci",
    "PCI devices": "pci",
    "lspci": "pci",
    "lshw and inxi": "reports",
    "device listings": "runtimes",
    "processor": "system",
    "uname": "system",
}


@cache
def probe_named(name: str) -> Probe:
    """Return the probe of a name."""
    module = import_module(f"poetry_aiops.accelerators.probes.{MODULES[name]}")
    probes: tuple[Probe, ...] = module.PROBES
    return next(probe for probe in probes if probe.name == name)


def all_probes() -> tuple[Probe, ...]:
    """Return every probe, most trusted first."""
    return tuple(probe_named(name) for name in MODULES)
