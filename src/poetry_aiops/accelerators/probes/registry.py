"""All probes, most trusted first: the order in which facts win over each other.

Only names stand here; a probe's module is imported when it is asked, because most machines need few.
Patterns of probes that most machines have no file for are plain text, which ``re`` compiles when it is used first.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Final


if TYPE_CHECKING:
    from poetry_aiops.accelerators.probes.probe import Probe


MODULES: Final = {
    "nvidia kernel module (sys)": "nvidia_module",
    "nvidia kernel module (proc)": "nvidia_version",
    "NVML": "nvml",
    "nvidia-smi --query-gpu": "smi_query",
    "nvidia-smi -q -x": "smi_xml",
    "nvidia-smi -q": "smi_text",
    "nvidia-smi": "smi_banner",
    "nvidia-smi -L": "smi_list",
    "nvidia-smi messages": "smi_messages",
    "torch.utils.collect_env": "reports",
    "node labels": "reports",
    "nvidia GPUs (proc)": "nvidia_gpus",
    "nvidia libraries": "nvidia_libraries",
    "device nodes": "device_nodes",
    "KFD topology": "kfd",
    "amdgpu kernel module": "amdgpu_module",
    "rocminfo": "rocminfo",
    "rocm-smi": "rocm_smi",
    "rocm-smi text": "rocm_text",
    "rocm_agent_enumerator": "rocm_enumerator",
    "clinfo": "reports",
    "xpu-smi": "xpu_smi",
    "sycl-ls": "sycl_ls",
    "tegra release": "tegra_release",
    "device tree model": "jetson_model",
    "jetson_release": "jetson_release",
    "system_profiler": "system_profiler",
    "Windows display adapters": "windows_display",
    "PCI devices": "pci_sysfs",
    "lspci": "lspci",
    "lshw and inxi": "reports",
    "processor": "cpuinfo",
    "uname": "uname",
}


@cache
def probe_named(name: str) -> Probe:
    """Return the probe of a name."""
    module = import_module(f"poetry_aiops.accelerators.probes.{MODULES[name]}")
    probes: tuple[Probe, ...] = getattr(module, "PROBES", ()) or (module.PROBE,)
    return next(probe for probe in probes if probe.name == name)


def all_probes() -> tuple[Probe, ...]:
    """Return every probe, most trusted first."""
    return tuple(probe_named(name) for name in MODULES)
