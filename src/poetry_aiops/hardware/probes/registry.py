"""All probes, most trusted first: the order in which facts win over each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poetry_aiops.hardware.probes import amdgpu_module
from poetry_aiops.hardware.probes import cpuinfo
from poetry_aiops.hardware.probes import device_nodes
from poetry_aiops.hardware.probes import jetson_model
from poetry_aiops.hardware.probes import jetson_release
from poetry_aiops.hardware.probes import kfd
from poetry_aiops.hardware.probes import lspci
from poetry_aiops.hardware.probes import nvidia_gpus
from poetry_aiops.hardware.probes import nvidia_libraries
from poetry_aiops.hardware.probes import nvidia_module
from poetry_aiops.hardware.probes import nvidia_version
from poetry_aiops.hardware.probes import nvml
from poetry_aiops.hardware.probes import pci_sysfs
from poetry_aiops.hardware.probes import rocm_enumerator
from poetry_aiops.hardware.probes import rocm_smi
from poetry_aiops.hardware.probes import rocm_text
from poetry_aiops.hardware.probes import rocminfo
from poetry_aiops.hardware.probes import smi_banner
from poetry_aiops.hardware.probes import smi_list
from poetry_aiops.hardware.probes import smi_messages
from poetry_aiops.hardware.probes import smi_query
from poetry_aiops.hardware.probes import smi_text
from poetry_aiops.hardware.probes import smi_xml
from poetry_aiops.hardware.probes import sycl_ls
from poetry_aiops.hardware.probes import system_profiler
from poetry_aiops.hardware.probes import tegra_release
from poetry_aiops.hardware.probes import torch_report
from poetry_aiops.hardware.probes import uname
from poetry_aiops.hardware.probes import windows_display
from poetry_aiops.hardware.probes import xpu_smi


if TYPE_CHECKING:
    from poetry_aiops.hardware.probes.probe import Probe


ALL: tuple[Probe, ...] = (
    nvidia_module.PROBE,
    nvidia_version.PROBE,
    nvml.PROBE,
    smi_query.PROBE,
    smi_xml.PROBE,
    smi_text.PROBE,
    smi_banner.PROBE,
    smi_list.PROBE,
    smi_messages.PROBE,
    torch_report.PROBE,
    nvidia_gpus.PROBE,
    nvidia_libraries.PROBE,
    device_nodes.PROBE,
    kfd.PROBE,
    amdgpu_module.PROBE,
    rocminfo.PROBE,
    rocm_smi.PROBE,
    rocm_text.PROBE,
    rocm_enumerator.PROBE,
    xpu_smi.PROBE,
    sycl_ls.PROBE,
    tegra_release.PROBE,
    jetson_model.PROBE,
    jetson_release.PROBE,
    system_profiler.PROBE,
    windows_display.PROBE,
    pci_sysfs.PROBE,
    lspci.PROBE,
    cpuinfo.PROBE,
    uname.PROBE,
)

BY_NAME = {probe.name: probe for probe in ALL}
