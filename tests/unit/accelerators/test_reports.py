"""Reports and listings that people paste, on texts written for these tests."""

from __future__ import annotations

import pytest

from poetry_aiops.accelerators.captured import read_captured
from poetry_aiops.accelerators.catalogue import load_catalogue
from poetry_aiops.accelerators.select import select


VLLM = """\
==============================
        System Info
==============================
OS                           : Ubuntu 22.04.5 LTS (x86_64)
Libc version                 : glibc-2.35
==============================
       CUDA / GPU Info
==============================
Is CUDA available            : True
GPU models and configuration : %s
Nvidia driver version        : %s
"""
SGLANG = "CUDA available: True\nGPU 0,1: %s\nGPU 0,1 Compute Capability: %s\n%s\nPyTorch: 2.6.0\n"
TORCH = "PyTorch version: 2.8.0\nOS: %s\nGPU models and configuration: %s\nNvidia driver version: %s\n"
LSHW = """\
  *-display
       description: VGA compatible controller
       product: %s
       vendor: %s
       bus info: pci@0000:05:00.0
       configuration: driver=%s latency=0
"""
INXI = """\
Graphics:
  Device-1: %s vendor: Sapphire driver: %s
    v: %s bus-ID: 07:00.0 chip-ID: %s
  Device-2: Logitech Webcam type: USB driver: uvcvideo
  Display: x11 server: X.Org v: 21.1 driver: X: loaded: modesetting
"""
CLINFO = """\
Number of platforms                               1
  Platform Vendor                                 %s
Number of devices                                 2
  Device Name                                     %s
  Device Vendor ID                                %s
  Driver Version                                  %s
  Device Type                                     GPU
  Device Name                                     Some Processor
  Device Vendor ID                                0x8086
  Device Type                                     CPU
"""
GFD = """\
                    kubernetes.io/os=linux
                    nvidia.com/cuda.driver-version.full=%s
                    nvidia.com/gpu.compute.major=9
                    nvidia.com/gpu.compute.minor=0
                    nvidia.com/gpu.count=8
                    nvidia.com/gpu.product=NVIDIA-H100-80GB-HBM3-SHARED
"""
XPU2 = """\
|            Intel XPU-SMI v2.0    Driver: 1.6.32567    Level Zero: 1.24.1                          |
|   0  Intel(R) Data Center GPU    Off         | 0000:29:00.0      Off      |               Disabled |
|      Max 1550                                |                            |                        |
| 0%                N/A  41W / 600W            | 32MiB / 65536MiB           |      N/A       Default |
"""


@pytest.mark.parametrize(
    ("text", "devices", "best"),
    [
        (VLLM % ("\nGPU 0: NVIDIA L40S\nGPU 1: NVIDIA L40S", "550.127.05"), [("cuda", "NVIDIA L40S")] * 2, "cu126"),
        (
            VLLM % ("AMD Instinct MI250X (gfx90a:sramecc+:xnack-)", "Could not collect"),
            [("rocm", "AMD Instinct MI250X")],
            "rocm7.2",
        ),
        (
            SGLANG % ("NVIDIA H20", "9.0", "CUDA Driver Version: 535.183.06"),
            [("cuda", "NVIDIA H20")] * 2,
            "cu126",
        ),
        (
            SGLANG % ("AMD Instinct MI325X", "9.4", "ROCM Driver Version: 6.10.5"),
            [("rocm", "AMD Instinct MI325X")] * 2,
            "rocm7.2",
        ),
        (
            TORCH % ("Microsoft Windows 11 Pro", "GPU 0: NVIDIA GeForce RTX 4060", "566.36"),
            [("cuda", "NVIDIA GeForce RTX 4060")],
            "cu126",
        ),
        (TORCH % ("macOS 15.1 (arm64)", "Could not collect", "Could not collect"), [("mps", "Apple GPU")], "mps"),
        (
            TORCH % ("Ubuntu 24.04 LTS (x86_64)", "Could not collect", "Could not collect")
            + "Intel GPU models onboard:\n* Intel(R) Arc(TM) A380 Graphics\nIntel GPU models detected:\n"
            + "* [0] _XpuDeviceProperties(name='Intel(R) Arc(TM) A380 Graphics', type='gpu', device_id=0x56A5)\n",
            [("xpu", "Intel Arc A380 Graphics")],
            "xpu",
        ),
        (
            LSHW % ("AD102 [GeForce RTX 4090]", "NVIDIA Corporation", "nvidia"),
            [("cuda", "NVIDIA GeForce RTX 4090")],
            "cpu",
        ),
        (
            LSHW % ("Navi 48 [Radeon RX 9070/9070 XT]", "Advanced Micro Devices, Inc. [AMD/ATI]", "amdgpu"),
            [("rocm", "AMD Radeon RX 9070/9070 XT")],
            "rocm7.2",
        ),
        (LSHW % ("DG2 [Arc A750]", "Intel Corporation", "i915"), [("xpu", "Intel Arc A750")], "xpu"),
        (
            INXI % ("NVIDIA GA106 [GeForce RTX 3060]", "nvidia", "550.90.07", "10de:2504"),
            [("cuda", "NVIDIA GeForce RTX 3060")],
            "cu126",
        ),
        (
            INXI % ("AMD Navi 32 [Radeon RX 7700 XT]", "amdgpu", "kernel", "1002:747e"),
            [("rocm", "AMD Radeon RX 7700 XT")],
            "rocm7.2",
        ),
        (
            INXI % ("Intel Battlemage G21 [Arc B570]", "xe", "kernel", "8086:e20c"),
            [("xpu", "Intel Arc B570")],
            "xpu",
        ),
        (
            CLINFO % ("NVIDIA Corporation", "NVIDIA A40", "0x10de", "535.54.03"),
            [("cuda", "NVIDIA A40")],
            "cu126",
        ),
        (CLINFO % ("Advanced Micro Devices, Inc.", "gfx1201", "0x1002", "3635.0 (HSA1.1,LC)"), [("rocm", None)], "rocm7.2"),
        (GFD % "570.86.15", [("cuda", "NVIDIA H100 80GB HBM3")] * 8, "cu126"),
        ('amd.com/gpu.device-id: "75a0"\namd.com/gpu.product-name: AMD_Instinct_MI350X\n', [("rocm", "AMD Instinct MI350X")], "rocm7.2"),
        (XPU2, [("xpu", "Intel Data Center GPU Max 1550")], "xpu"),
        ("0, NVIDIA RTX A5000, 24564 MiB, 34, 0 %, P8, 470.82.01, [N/A]\n", [("cuda", "NVIDIA RTX A5000")], "cu118"),
        ("name, pstate, driver_version\nNVIDIA TITAN RTX, P0, 545.23.08\n", [("cuda", "NVIDIA TITAN RTX")], "cu126"),
        (
            "0       1     0x73bf,   45982  34.0\u00b0C  12.0W  N/A, N/A, 0\n= ROCm System Management Interface =\n",
            [("rocm", None)],
            "rocm7.2",
        ),
        (
            ("| AMD-SMI 26.2.0  amdgpu version: 6.14.14   ROCm version: 7.1.0 |\n"
            "| 0000:05:00.0  AMD Instinct MI308X   | 0 %      38 C   0           127/750 W |\n"),
            [("rocm", "AMD Instinct MI308X")],
            "rocm7.2",
        ),
        (
            "Name                     DriverVersion\nNVIDIA GeForce RTX 3050  31.0.15.5222\n",
            [("cuda", "NVIDIA GeForce RTX 3050")],
            "cu126",
        ),
    ],
)  # fmt: skip
def test_a_pasted_report_is_the_machine_that_it_describes(
    text: str, devices: list[tuple[str, str | None]], best: str
) -> None:
    host = read_captured({"report": text}, load_catalogue()).host
    assert [(device.kind, device.name) for device in host.accelerators] == devices
    assert select(host, load_catalogue()).best == best


def test_a_report_tells_system_architecture_and_libc() -> None:
    host = read_captured({"report": VLLM % ("\nGPU 0: NVIDIA L4", "550.54.15")}, load_catalogue()).host
    assert (host.os, host.arch, host.libc) == ("linux", "x86_64", "glibc 2.35")
