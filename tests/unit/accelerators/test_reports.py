"""Reports and listings that people paste, on texts written for these tests."""

from __future__ import annotations

import pytest
from tests.support.every import for_each

from poetry_aiops.accelerators.captured import read_captured
from poetry_aiops.accelerators.catalogue import load_catalogue
from poetry_aiops.accelerators.select import select, undecided
from poetry_aiops.errors import IncompleteError


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


@for_each(
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
            (
                "device,Card series,Card model,Card vendor,Card SKU\n"
                "card0,Aldebaran/MI200 [Instinct MI210],0x0c34,Advanced Micro Devices Inc. [AMD/ATI],D67301\n"
            ),
            [("rocm", "Instinct MI210")],
            "rocm7.2",
        ),
        ("GPU[0]\t: Card series: \t0x740f\nGPU[0]\t: Card model: \t0xc34\n", [("rocm", None)], "rocm7.2"),
        (
            'Device ID,Device Name,Vendor Name,UUID\n0,"Intel(R) Arc(TM) A770 Graphics","Intel(R)","0000-0000-56a08086"\n',
            [("xpu", "Intel Arc A770 Graphics")],
            "xpu",
        ),
        (LSHW % ("Battlemage G21 [Intel Graphics]", "Intel Corporation", "xe"), [("xpu", "Intel Graphics")], "xpu"),
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


COMFY = "- **OS:** nt\n- **PyTorch Version:** 2.6.0+cu126\n## Devices\n- **Name:** cuda:0 NVIDIA GeForce RTX 4080 : native\n"
DXDIAG = """\
           Card name: NVIDIA GeForce GTX 1650
        Manufacturer: NVIDIA
           Device ID: 0x1F82
      Driver Version: 31.00.0015.5222
"""
VULKAN = """\
GPU0:
\tvendorID           = 0x1002
\tdeviceID           = 0x744c
\tdeviceType         = PHYSICAL_DEVICE_TYPE_DISCRETE_GPU
\tdeviceName         = AMD Radeon RX 7900 XTX (RADV NAVI31)
GPU1:
\tvendorID           = 0x10005
\tdeviceType         = PHYSICAL_DEVICE_TYPE_CPU
\tdeviceName         = llvmpipe (LLVM 17.0.6, 256 bits)
"""
OLLAMA = (
    'level=INFO source=types.go:42 msg="inference compute" id=0 filter_id="" library=CUDA compute=7.5 name=CUDA0 '
    'description="NVIDIA GeForce RTX 2070" libdirs=ollama,cuda_v12 driver=12.7 pci_id=0000:09:00.0 type=discrete\n'
)


@for_each(
    ("text", "devices", "best"),
    [
        (COMFY, [("cuda", "NVIDIA GeForce RTX 4080")], "cu126"),
        ("Device: cuda:1 NVIDIA L4 : cudaMallocAsync\n", [("cuda", "NVIDIA L4")], "cpu"),
        ("  Device 0: NVIDIA GeForce RTX 2080, compute capability 7.5, VMM: yes\n", [("cuda", "NVIDIA GeForce RTX 2080")], "cpu"),
        ("  Device 0: AMD Radeon PRO W7900, gfx1100 (0x1100), VMM: no\nfound ROCm\n", [("rocm", "AMD Radeon PRO W7900")], "rocm7.2"),
        (OLLAMA, [("cuda", "NVIDIA GeForce RTX 2070")], "cu126"),
        (
            'msg="inference compute" id=0 library=rocm variant="" compute=gfx1100 driver=6.3 name=1002:744c total="24 GiB"\n',
            [("rocm", None)],
            "rocm7.2",
        ),
        (
            (
                'Device 0: "NVIDIA A30"\n  CUDA Driver Version / Runtime Version          11.8 / 11.8\n'
                "  CUDA Capability Major/Minor version number:    8.0\n"
            ),
            [("cuda", "NVIDIA A30")],
            "cu118",
        ),
        (
            "node7    Mon Jul  3 09:12:01 2023  580.65.06\n[0] NVIDIA RTX A4000 | 41'C,   0 % |     1 / 16376 MB |\n",
            [("cuda", "NVIDIA RTX A4000")],
            "cu130",
        ),
        (
            "device:GPU:0 -> device: 0, name: Tesla T4, pci bus id: 0000:00:04.0, compute capability: 7.5\n",
            [("cuda", "Tesla T4")],
            "cpu",
        ),
        ("- PyTorch version (GPU?): 2.4.0+cu121 (True)\n- GPU type: NVIDIA A100-SXM4-80GB\n", [("cuda", "NVIDIA A100-SXM4-80GB")], "cu126"),
        (
            "_CudaDeviceProperties(name='NVIDIA TITAN V', major=7, minor=0, total_memory=12036MB)\n",
            [("cuda", "NVIDIA TITAN V")],
            "cpu",
        ),
        (VULKAN, [("rocm", "AMD Radeon RX 7900 XTX")], "rocm7.2"),
        ("OS: Fedora Linux 43 x86_64\nGPU: NVIDIA GeForce RTX 5060 [Discrete]\n", [("cuda", "NVIDIA GeForce RTX 5060")], "cpu"),
        ("OS: macOS 15.5 arm64\nGPU: Apple M2 (10) @ 1.40 GHz [Integrated]\n", [("mps", "Apple M2")], "mps"),
        (DXDIAG, [("cuda", "NVIDIA GeForce GTX 1650")], "cu126"),
        ("device#    0\nName:     AMD Radeon RX 6800\ngcnArchName:    gfx1030\n", [("rocm", "AMD Radeon RX 6800")], "rocm7.2"),
        ("pytorch.version:   2.6.0+cu124\ngpu.compute_capability:   7.5\ngpu.name:   Tesla T4\n", [("cuda", "Tesla T4")], "cu126"),
        (
            "CUDA Driver Version         : 13.0\nid 0    b'NVIDIA L40'    [SUPPORTED]\n      Compute Capability: 8.9\n",
            [("cuda", "NVIDIA L40")],
            "cu130",
        ),
        (
            "CUDA Driver Version     : 12040\nDevice 0 Name     : Tesla V100-SXM2-32GB\nDevice 0 Compute Capability  : 70\n",
            [("cuda", "Tesla V100-SXM2-32GB")],
            "cu126",
        ),
        (
            "INFO  Device: device=NVIDIA GeForce RTX 2080 Ti n=1 arch=sm_90 capability=(7, 5) cuda=12.6 driver=581.15\n",
            [("cuda", "NVIDIA GeForce RTX 2080 Ti")],
            "cu130",
        ),
        ("  ROCm1: AMD Radeon RX 7600 (8176 MiB, 8000 MiB free)\n", [("rocm", "AMD Radeon RX 7600")], "rocm7.2"),
        ("  SYCL0: Intel(R) Arc(TM) A770 Graphics (15473 MiB, 15000 MiB free)\n", [("xpu", "Intel Arc A770 Graphics")], "xpu"),
        ("  Vulkan0: AMD Radeon RX 9060 XT (RADV GFX1200) (16304 MiB, 16000 MiB free)\n", [("rocm", "AMD Radeon RX 9060 XT")], "rocm7.2"),
        ("ggml_vulkan: 0 = AMD Radeon RX 6900 XT (RADV NAVI21) (radv) | uma: 0 | fp16: 1\n", [("rocm", "AMD Radeon RX 6900 XT")], "rocm7.2"),
        ("ggml_metal_init: GPU name:   Apple M1 Ultra\n", [("mps", "Apple M1 Ultra")], "mps"),
        ("[ 5.1] [drm] initializing kernel modesetting (NAVI21 0x1002:0x73BF 0x1DA2:0x438E 0xC1).\n", [("rocm", None)], "rocm7.2"),
        ("NVML version  : 570.86\nDRIVER version : 570.86.15\nNVIDIA-SMI version  : 570.86.15\n", [("cuda", None)], "cu126"),
        ('{"driver_version": "535.230.02", "gpus": [\n  {"index": 0,\n   "name": "Quadro RTX 5000"}]}\n', [("cuda", "Quadro RTX 5000")], "cu126"),
        ("Labels:   kubernetes.io/os=linux\n    gpu.intel.com/device-id.0380-0bda.present=true\n", [("xpu", None)], "xpu"),
    ],
)  # fmt: skip
def test_programs_that_use_or_list_a_gpu_name_it(
    text: str, devices: list[tuple[str, str | None]], best: str
) -> None:
    host = read_captured({"report": text}, load_catalogue()).host
    assert [(device.kind, device.name) for device in host.accelerators] == devices
    assert select(host, load_catalogue()).best == best


LSHW_JSON = """\
  {
    "id" : "display",
    "class" : "display",
    "claimed" : %s,
    "description" : "3D controller",
    "product" : "%s",
    "vendor" : "%s",
    "businfo" : "pci@0000:3b:00.0",
    "configuration" : { "driver" : "%s" }
  },
"""
WMI_JSON = """\
PS> Get-CimInstance Win32_VideoController | ConvertTo-Json
[ {
    "Name":  "%s",
    "DriverVersion":  "%s"
  } ]
"""


@pytest.mark.parametrize(
    ("text", "devices", "best"),
    [
        (
            (
                "  *-display UNCLAIMED\n  description: VGA compatible controller\n  produit: GP107 [GeForce GTX 1050]\n"
            "  fabricant: NVIDIA Corporation\n  information bus: pci@0000:01:00.0\n"
            ),
            [("cuda", "NVIDIA GeForce GTX 1050", "6.1")],
            "cpu",
        ),
        (LSHW_JSON % ("true", "GA102GL [RTX A5500]", "NVIDIA Corporation", "nvidia"), [("cuda", "NVIDIA RTX A5500", "8.6")], "?"),
        (
            LSHW_JSON % ("true", "Navi 33 [Radeon PRO W7600]", "Advanced Micro Devices, Inc. [AMD/ATI]", "amdgpu"),
            [("rocm", "AMD Radeon PRO W7600", "gfx1102")],
            "rocm7.2",
        ),
        (
            "/0/100/2      /dev/fb0   display     DG2 [Arc A750]\n/0/100/1c/0   /dev/fb1   display   AD104 [GeForce RTX 4070]\n",
            [("cuda", "NVIDIA GeForce RTX 4070", "8.9")],
            "?",
        ),
        ("Platform #0: NVIDIA CUDA\n `-- Device #0: Tesla P4\n", [("cuda", "Tesla P4", "6.1")], "?"),
        (
            (
                "Platform #0: AMD Accelerated Parallel Processing\n `-- Device #0: gfx1201\nPlatform #1: Clover\n"
            " `-- Device #0: AMD Radeon RX 9070 XT (radeonsi, gfx1201, LLVM 19)\n"
            ),
            [("rocm", "AMD Radeon RX 9070 XT", "gfx1201")],
            "rocm7.2",
        ),
        (
            "DriverVersion   Name\n31.0.15.5222    NVIDIA GeForce GTX 1080 Ti\n31.0.101.2115   Intel(R) UHD Graphics 770\n",
            [("cuda", "NVIDIA GeForce GTX 1080 Ti", "6.1")],
            "cu126",
        ),
        ('"Name","DriverVersion"\n"NVIDIA T600","32.0.15.8088"\n', [("cuda", "NVIDIA T600", "7.5")], "cu130"),
        (WMI_JSON % ("NVIDIA RTX 3500 Ada Generation Laptop GPU", "32.0.15.6094"), [("cuda", "NVIDIA RTX 3500 Ada Generation Laptop GPU", "8.9")], "cu126"),
        (WMI_JSON % ("AMD Radeon RX 7800 XT", "32.0.21025.1024"), [("rocm", "AMD Radeon RX 7800 XT", "gfx1101")], "cpu"),
        ("wmic path Win32_VideoController get name\nName\nNVIDIA GeForce MX350\n", [("cuda", "NVIDIA GeForce MX350", "6.1")], "?"),
        ("Labels:  cloud.google.com/gke-accelerator=nvidia-tesla-v100\n", [("cuda", "nvidia tesla v100", "7.0")], "?"),
        (
            "OpenGL renderer string: NVIDIA GeForce RTX 3070/PCIe/SSE2\nOpenGL version string: 4.6.0 NVIDIA 535.216.01\n",
            [("cuda", "NVIDIA GeForce RTX 3070", "8.6")],
            "cu126",
        ),
        ("OpenGL renderer string: AMD Radeon Graphics (radeonsi, phoenix, LLVM 17)\n", [("rocm", "AMD Radeon Graphics", None)], "?"),
        ("GPU 0,1            Tesla T4 (arch=7.5)\nDriver version     535.54.03\n", [("cuda", "Tesla T4", "7.5")] * 2, "cu126"),
        ("Hardware Overview:\n      Chip: Apple M2 Pro\n", [("mps", "Apple M2 Pro", None)], "mps"),
        ("GPU 0: NVIDIA RTX A1000 (UUID: GPU-12345678-0000-0000-0000-000000000000)\n", [("cuda", "NVIDIA RTX A1000", "8.6")], "?"),
    ],
)  # fmt: skip
def test_a_listing_names_its_gpus_and_is_undecided_without_what_chooses_a_build(
    text: str, devices: list[tuple[str, str | None, str | None]], best: str
) -> None:
    detection = read_captured({"listing": text}, load_catalogue())
    others = tuple(one for one in detection.host.accelerators if one.kind != "xpu")
    assert [(one.kind, one.name, one.compute_capability or one.gfx) for one in others] == devices
    if best == "?":
        detection = detection._replace(host=detection.host._replace(accelerators=others))
    selection = select(detection.host, load_catalogue())
    missing = undecided(detection, selection)
    if best == "?":
        assert missing is not None
        assert (devices[0][1] or "") in missing
    else:
        assert (selection.best, missing) == (best, None)


def test_a_gpu_that_no_known_form_lists_is_no_machine_for_the_cpu() -> None:
    text = "02:00.0 Ethernet controller: Realtek\nGrafikkarte = NVIDIA GeForce RTX 3060 Ti\n"
    with pytest.raises(IncompleteError, match="GeForce RTX 3060"):
        read_captured({"prose": text}, load_catalogue())


def test_a_driver_without_a_version_is_judged_by_the_cuda_that_it_runs() -> None:
    selection = select(read_captured({"report": COMFY}, load_catalogue()).host, load_catalogue())
    assert any("12.6" in warning for warning in selection.warnings)
    assert not any(verdict.accepted for verdict in selection.backends if verdict.name == "cu130")


def test_the_kernel_of_wsl_in_a_report_makes_the_driver_one_of_windows() -> None:
    report = TORCH % ("Ubuntu 24.04 LTS (x86_64)", "GPU 0: NVIDIA GeForce RTX 3060", "552.22")
    wsl = report + "Python platform: Linux-5.15.167.4-microsoft-standard-WSL2-x86_64-with-glibc2.39\n"
    assert [read_captured({"report": text}, load_catalogue()).host.wsl for text in (report, wsl)] == [
        False,
        True,
    ]


@pytest.mark.parametrize("build", ["2.9.1+xpu", "2.8.0+rocm6.4"])
def test_a_report_of_another_makers_build_that_lists_no_gpu_says_nothing_of_it(build: str) -> None:
    report = VLLM % ("No CUDA", "No CUDA")
    with pytest.raises(IncompleteError, match="no accelerator was recognised"):
        read_captured({"report": f"PyTorch version   : {build}\n{report}"}, load_catalogue())


def test_the_time_of_a_log_line_is_no_version_of_amdgpu() -> None:
    log = (
        'time=2026-02-03T07:08:09.144Z error="stat /sys/module/amdgpu/version: no such file"\n'
        'time=2026-02-03T07:08:09.149Z msg="inference compute" id=0 library=rocm compute=gfx1201 name=1002:7550\n'
    )
    drivers = [
        read_captured({"log": text}, load_catalogue()).host.accelerators[0].driver
        for text in (log, log + "$ cat /sys/module/amdgpu/version\n6.14.14\n")
    ]
    assert drivers == [None, "6.14.14"]


def test_a_report_tells_system_architecture_and_libc() -> None:
    host = read_captured({"report": VLLM % ("\nGPU 0: NVIDIA L4", "550.54.15")}, load_catalogue()).host
    assert (host.os, host.arch, host.libc) == ("linux", "x86_64", "glibc 2.35")
