"""Parsers of AMD's, Apple's, Intel's and the systems' own sources, on texts written for these tests."""

from __future__ import annotations

import pytest
from tests.support.every import for_each

from poetry_aiops.accelerators.probes.amd import gfx_name
from poetry_aiops.accelerators.probes.registry import probe_named


amdgpu_module = probe_named("amdgpu kernel module")
cpuinfo = probe_named("processor")
jetson_model = probe_named("device tree model")
jetson_release = probe_named("jetson_release")
kfd = probe_named("KFD topology")
lspci = probe_named("lspci")
pci_sysfs = probe_named("PCI devices")
rocm_enumerator = probe_named("rocm_agent_enumerator")
rocm_smi = probe_named("rocm-smi")
rocminfo = probe_named("rocminfo")
sycl_ls = probe_named("sycl-ls")
system_profiler = probe_named("system_profiler")
tegra_release = probe_named("tegra release")
uname = probe_named("uname")
windows_display = probe_named("Windows display adapters")
xpu_smi = probe_named("xpu-smi")


@for_each(
    ("target", "gfx"),
    [
        (90010, "gfx90a"),
        (90402, "gfx942"),
        (110000, "gfx1100"),
        (100302, "gfx1032"),
        (90012, "gfx90c"),
        (120001, "gfx1201"),
        (0, None),
        (10**9, None),
    ],
)
def test_the_target_version_is_decimal_with_a_hexadecimal_stepping(target: int, gfx: str | None) -> None:
    assert gfx_name(target) == gfx


def node(**properties: int) -> str:
    return "cpu_cores_count 0\nsimd_count 1\n" + "".join(
        f"{key} {value}\n" for key, value in properties.items()
    )


def test_partitions_of_one_gpu_are_one_gpu() -> None:
    text = "\n".join(
        f"==> nodes/{place} <==\n{node(vendor_id=4098, gfx_target_version=90402, unique_id=place // 4 + 1, location_id=1280)}"
        for place in range(8)
    )
    gpus = kfd.parse(text).gpus
    assert [(gpu.gfx, gpu.partitions) for gpu in gpus] == [("gfx942", 4), ("gfx942", 4)]


def test_nodes_without_a_file_head_are_told_apart_by_their_first_line() -> None:
    text = node(vendor_id=0) + node(vendor_id=4098, gfx_target_version=110001) + node(vendor_id=4318)
    assert [gpu.gfx for gpu in kfd.parse(text).gpus] == ["gfx1101"]


def test_an_old_kernel_tells_the_pci_id_alone() -> None:
    (gpu,) = kfd.parse(node(vendor_id=4098, device_id=0x66AF)).gpus
    assert (gpu.gfx, gpu.device_id) == (None, "66af")


AGENTS = """
Agent 1
  Name:                    AMD Ryzen 9 7950X
  Uuid:                    CPU-XX
  Marketing Name:          AMD Ryzen 9 7950X
  Device Type:             CPU
Agent 2
  Name:                    gfx1201
  Uuid:                    GPU-1
  Marketing Name:          AMD Radeon RX 9070 XT
  Device Type:             GPU
  Chip ID:                 30032(0x7550)
  BDFID:                   768
    ISA 1
      Name:                    amdgcn-amd-amdhsa--gfx1201
"""


def test_rocminfo_leaves_the_processor_out() -> None:
    (gpu,) = rocminfo.parse(AGENTS).gpus
    assert (gpu.gfx, gpu.name, gpu.device_id, gpu.bus) == (
        "gfx1201",
        "AMD Radeon RX 9070 XT",
        "7550",
        "0000:03:00.0",
    )


@pytest.mark.parametrize(
    "line",
    ["HSA Agents", "Name: amdgcn-amd-amdhsa--gfx90a", "ROCk module is loaded", "Marketing Name: Radeon"],
)
def test_rocminfo_is_recognised_by_each_of_its_marks(line: str) -> None:
    assert rocminfo.recognise(f"{line}\n")
    assert not rocminfo.recognise("Radeon\n")


def test_rocminfo_cut_to_its_instruction_sets_still_tells_the_gpu() -> None:
    (gpu,) = rocminfo.parse("      Name:    amdgcn-amd-amdhsa--gfx90a:sramecc+:xnack-\n").gpus
    assert gpu.gfx == "gfx90a"


def test_the_enumerators_gfx000_is_the_processor() -> None:
    assert [gpu.gfx for gpu in rocm_enumerator.parse("gfx000\ngfx90a:sramecc+:xnack-\ngfx1030\n").gpus] == [
        "gfx90a",
        "gfx1030",
    ]


@pytest.mark.parametrize(
    ("text", "gfx", "device", "chip"),
    [
        (
            '{"card0": {"GPU ID": "0x66a1", "PCI Bus": "0000:03:00.0"}, "system": {"Driver version": "5.16.9"}}',
            None,
            "66a1",
            None,
        ),
        (
            '{"card0": {"Device ID": "0x744c", "Card Series": "Navi 31 [Radeon RX 7900 XTX]"}}',
            None,
            "744c",
            "Navi 31",
        ),
        ('{"card0": {"Device ID": "0x73bf", "GFX Version": "gfx1030"', "gfx1030", "73bf", None),
        (
            '[{"gpu": 0, "asic": {"market_name": "MI300X", "device_id": "0x74a1", "target_graphics_version": "gfx942"}}]',
            "gfx942",
            "74a1",
            None,
        ),
    ],
)
def test_rocm_json_old_new_and_cut(text: str, gfx: str | None, device: str, chip: str | None) -> None:
    (gpu,) = rocm_smi.parse(text).gpus
    assert rocm_smi.recognise(text)
    assert (gpu.gfx, gpu.device_id, gpu.chip) == (gfx, device, chip)


def test_rocm_json_tells_the_driver() -> None:
    text = '{"card0": {"Device ID": "0x744c"}, "system": {"Driver version": "6.8.5"}}'
    assert rocm_smi.parse(text).amdgpu == "6.8.5"


def test_rocm_and_amd_smi_as_plain_text() -> None:
    brackets = "GPU[0]\t\t: Card Series: \t\tAMD Radeon RX 7800 XT\nGPU[0]\t\t: GFX Version: \t\tgfx1101\n"
    indented = "GPU: 0\n    ASIC:\n        MARKET_NAME: AMD Instinct MI210\n        TARGET_GRAPHICS_VERSION: gfx90a\n"
    assert [gpu.gfx for gpu in rocm_smi.parse(brackets).gpus] == ["gfx1101"]
    assert [gpu.name for gpu in rocm_smi.parse(indented).gpus] == ["AMD Instinct MI210"]


def test_amdgpus_version() -> None:
    assert amdgpu_module.parse("6.8.5\n").amdgpu == "6.8.5"


@for_each(
    ("line", "vendor", "device", "chip", "name"),
    [
        (
            "01:00.0 VGA compatible controller: NVIDIA Corporation AD104 [GeForce RTX 4070] (rev a1)",
            "10de",
            None,
            "AD104",
            "NVIDIA GeForce RTX 4070",
        ),
        (
            "0000:01:00.0 VGA compatible controller [0300]: NVIDIA Corporation TU116 [GeForce GTX 1660] [10de:2184] (rev a1)",
            "10de",
            "2184",
            "TU116",
            "NVIDIA GeForce GTX 1660",
        ),
        (
            "41:00.0 3D controller [0302]: NVIDIA Corporation Device [10de:2330] (rev a1)",
            "10de",
            "2330",
            None,
            "NVIDIA Device",
        ),
        (
            "41:00.0 3D controller: NVIDIA Corporation Device 2330 (rev a1)",
            "10de",
            "2330",
            None,
            "NVIDIA Device 2330",
        ),
        ("03:00.0 0300: 1002:744c (rev c8)", "1002", "744c", None, None),
        (
            "03:00.0 Display controller: Advanced Micro Devices, Inc. [AMD/ATI] Navi 31 [Radeon RX 7900 XTX]",
            "1002",
            None,
            "Navi 31",
            "AMD Radeon RX 7900 XTX",
        ),
        (
            '01:00.0 "VGA compatible controller [0300]" "NVIDIA Corporation [10de]" "GA106 [GeForce RTX 3060] [2503]" -ra1',
            "10de",
            "2503",
            "GA106",
            "NVIDIA GeForce RTX 3060",
        ),
        (
            "c1:00.0 Processing accelerators [1200]: Advanced Micro Devices, Inc. [AMD/ATI] Device [1002:74a1]",
            "1002",
            "74a1",
            "Device",
            "AMD Device",
        ),
        (
            "00:02.0 VGA compatible controller: Intel Corporation HD Graphics 4000 (rev 09)",
            "8086",
            None,
            None,
            "Intel HD Graphics 4000",
        ),
    ],
)
def test_lspci_in_its_many_forms(
    line: str, vendor: str, device: str | None, chip: str | None, name: str | None
) -> None:
    (gpu,) = lspci.parse(line).gpus
    assert lspci.recognise(line)
    assert (gpu.vendor, gpu.device_id, gpu.name) == (vendor, device, name)
    assert gpu.chip == chip or vendor == "8086"


@for_each(
    "line",
    [
        "01:00.1 Audio device [0403]: NVIDIA Corporation GA102 High Definition Audio Controller [10de:1aef]",
        "00:00.0 Host bridge: Intel Corporation Device 9b61",
        "0a:00.0 VGA compatible controller: ASPEED Technology, Inc. ASPEED Graphics Family (rev 52)",
        "0b:00.0 Bridge [0680]: NVIDIA Corporation A100 NVSwitch [10de:1af1]",
        "nothing of this kind",
    ],
)
def test_lspci_lines_that_are_no_gpus(line: str) -> None:
    assert lspci.parse(line).gpus == ()


def test_lspci_tells_the_bound_driver_and_joins_repeated_slots() -> None:
    text = (
        "01:00.0 VGA compatible controller: NVIDIA Corporation GA102 [GeForce RTX 3090]\n"
        "01:00.0 VGA compatible controller [0300]: NVIDIA Corporation GA102 [GeForce RTX 3090] [10de:2204]\n"
        "\tKernel driver in use: nouveau\n"
    )
    (gpu,) = lspci.parse(text).gpus
    assert (gpu.device_id, gpu.kernel_driver) == ("2204", "nouveau")


def test_pci_files_and_a_plain_listing_of_them() -> None:
    files = "==> /sys/bus/pci/devices/x/uevent <==\nDRIVER=nvidia\nPCI_CLASS=30200\nPCI_ID=10DE:2330\nPCI_SLOT_NAME=0000:18:00.0\n"
    (gpu,) = pci_sysfs.parse(files).gpus
    assert (gpu.device_id, gpu.bus, gpu.kernel_driver) == ("2330", "0000:18:00.0", "nvidia")
    listing = "0000:01:00.0 class=0x030000 vendor=0x10de device=0x2684\n0000:02:00.0 class=0x020000 vendor=0x8086 device=0x1\n"
    assert [gpu.device_id for gpu in pci_sysfs.parse(listing).gpus] == ["2684"]


@pytest.mark.parametrize(
    ("text", "arch", "name"),
    [
        (
            "Graphics/Displays:\n\n    Apple M2 Max:\n\n      Chipset Model: Apple M2 Max\n",
            "arm64",
            "Apple M2 Max",
        ),
        ('{"SPDisplaysDataType": [{"_name": "Apple M4", "spdisplays_', "arm64", "Apple M4"),
        ("      Chipset Model: Intel Iris Plus Graphics 640\n", "x86_64", None),
        ('"spdisplays_ndrvs" : [ { "_name" : "DELL U2722DE" ', None, None),
    ],
)
def test_system_profiler_as_text_json_and_cut(text: str, arch: str | None, name: str | None) -> None:
    facts = system_profiler.parse(text)
    assert (facts.os, facts.arch) == ("macos", arch)
    assert [gpu.name for gpu in facts.gpus] == ([name] if name else [])


def test_xpu_smi_tells_the_id_by_itself_or_in_the_uuid() -> None:
    table = "| 0 | Device Name: Intel(R) Arc(TM) B580 Graphics |\n| | SOC UUID: 00000000-0000-0003-0000-0000e20b8086 |\n"
    assert [(gpu.name, gpu.device_id) for gpu in xpu_smi.parse(table).gpus] == [
        ("Intel Arc B580 Graphics", "e20b")
    ]
    document = (
        '{"device_list": [{"device_name": "Intel(R) Data Center GPU Flex 170", "pci_device_id": "0x56c0"}]}'
    )
    assert xpu_smi.parse(document).gpus[0].device_id == "56c0"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (
            "[ext_oneapi_level_zero:gpu:0] Intel(R) Level-Zero, Intel(R) Arc(TM) A770 Graphics 1.3 [1.3.26241]\n",
            ["Intel Arc A770 Graphics"],
        ),
        ("[opencl:cpu:0] Intel(R) OpenCL, Intel(R) Core(TM) i9-13900K OpenCL 3.0\n", []),
        (
            "[opencl:gpu:1] Intel(R) OpenCL Graphics, Intel(R) Arc(TM) A380 Graphics OpenCL 3.0 NEO  [23.22]\n",
            ["Intel Arc A380 Graphics"],
        ),
        (
            "[level_zero:gpu][level_zero:0] Intel(R) oneAPI Unified Runtime over Level-Zero, Intel(R) Graphics [0x7d55] 12.70.4 [1.3]\n",
            ["Intel Graphics [0x7d55]"],
        ),
    ],
)
def test_sycl_ls_old_and_new(text: str, names: list[str]) -> None:
    assert [gpu.name for gpu in sycl_ls.parse(text).gpus] == names


def test_a_jetson_in_all_the_ways_that_it_says_so() -> None:
    assert tegra_release.parse("# R35 (release), REVISION: 4.1, GCID: 1, BOARD: t186ref\n").l4t == "35.4.1"
    assert jetson_model.parse("NVIDIA Orin Nano Developer Kit\0").jetson == "NVIDIA Orin Nano Developer Kit"
    assert (
        jetson_model.parse("NVIDIA Jetson Orin Nano Developer Kit\0").jetson
        == "NVIDIA Jetson Orin Nano Developer Kit"
    )
    assert jetson_release.parse("jetson-stats\n - L4T: 35.4.1\n").l4t == "35.4.1"
    assert jetson_release.parse("RAM 2/7 MB GR3D_FREQ 0%\n").jetson is not None


def test_another_board_is_no_jetson() -> None:
    assert jetson_model.parse("Raspberry Pi 5 Model B Rev 1.0\0").jetson is None


def test_windows_adapters_and_its_spelling_of_drivers() -> None:
    text = "Name        : NVIDIA GeForce RTX 3060\nDriverVersion : 31.0.15.3667\nPNPDeviceID : PCI\\VEN_10DE&DEV_2503&SUBSYS_1\n"
    facts = windows_display.parse(text)
    assert (facts.os, facts.driver) == ("windows", "536.67")
    assert [(gpu.name, gpu.device_id) for gpu in facts.gpus] == [("NVIDIA GeForce RTX 3060", "2503")]


def test_the_level_of_a_processor_follows_from_its_flags() -> None:
    second = "flags : fpu cx8 cmov fxsr mmx sse sse2 cx16 lahf_lm popcnt sse4_1 sse4_2 ssse3\n"
    assert cpuinfo.parse(f"model name : Some CPU\n{second}").cpu_level == "x86_64_v2"
    assert cpuinfo.parse(second.replace(" sse2 ", " ")).cpu_level is None


@pytest.mark.parametrize(
    ("line", "system", "arch", "wsl"),
    [
        ("Linux box 6.8.0-31-generic #31-Ubuntu SMP x86_64 x86_64 x86_64 GNU/Linux", "linux", "x86_64", None),
        ("Linux pc 5.15.90.1-microsoft-standard-WSL2 #1 SMP x86_64 GNU/Linux", "linux", "x86_64", True),
        (
            "Darwin mac.local 23.1.0 Darwin Kernel Version 23.1.0: RELEASE_ARM64_T6000 arm64",
            "macos",
            "arm64",
            None,
        ),
    ],
)
def test_uname_tells_the_system(line: str, system: str, arch: str, wsl: bool | None) -> None:
    facts = uname.parse(f"$ uname -a\n{line}\n")
    assert (facts.os, facts.arch, facts.wsl) == (system, arch, wsl)
