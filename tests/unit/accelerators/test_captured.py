"""Pasted texts, recorded folders, and what is assumed of them."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from tests.support.every import for_each
from tests.unit.accelerators.machine import Machine, nvidia_files

from poetry_aiops.accelerators.captured import read_captured, read_pasted
from poetry_aiops.accelerators.catalogue import load_catalogue
from poetry_aiops.accelerators.detect import detect
from poetry_aiops.accelerators.reader import SourceText
from poetry_aiops.accelerators.recording import RECORDING, RecordingReader
from poetry_aiops.accelerators.select import select, undecided
from poetry_aiops.errors import IncompleteError, InputError


if TYPE_CHECKING:
    from collections.abc import Callable

    from poetry_aiops.accelerators.host import Detection


QUERY = "name, compute_cap, driver_version\nNVIDIA L4, 8.9, 550.54.14\n"
LIST = "GPU 0: NVIDIA L4 (UUID: GPU-1)\n"
NVRM = "NVRM version: NVIDIA UNIX Open Kernel Module for aarch64  580.65.06  Release Build\n"


def captured(*texts: str) -> Detection:
    return read_captured({f"file{place}": text for place, text in enumerate(texts)}, load_catalogue())


def best(detection: Detection) -> tuple[str, str | None]:
    chosen = select(detection.host, load_catalogue())
    return chosen.best, chosen.torch_max


def test_several_outputs_in_one_text_are_one_machine() -> None:
    host = captured(QUERY + LIST + NVRM).host
    assert host.arch == "aarch64"
    (gpu,) = host.accelerators
    assert (gpu.driver, gpu.compute_capability) == ("580.65.06", "8.9")


def test_several_files_are_one_machine() -> None:
    assert best(captured(LIST, NVRM.replace("aarch64", "x86_64"))) == ("cu130", "2.15")


def test_what_is_assumed_is_said() -> None:
    assert any("Linux on x86_64 is assumed" in warning for warning in captured(QUERY).warnings)
    assert captured(NVRM).warnings == ()


def test_a_note_in_the_first_line_is_not_part_of_the_text() -> None:
    note = "# source: somewhere | probe: nvidia-smi | expected: driver 999.99 on WSL, GPU is lost\n"
    assert captured(note + QUERY).host == captured(QUERY).host


@for_each(
    "text",
    [
        "Dear diary, today I bought a graphics card: an NVIDIA RTX 4090, for 1999 EUR.\n",
        "<!DOCTYPE html><title>Sign in</title><form>Linux portal, user: <input name=user></form>\n",
        "NVIDIA System Management Interface -- v560.35\n  --query-gpu=   Information about GPU.\n",
        "Linux box 6.8.0-31-generic #31-Ubuntu SMP x86_64 x86_64 x86_64 GNU/Linux\n",
        "\x00\x9f\xc3PNG\n",
    ],
)
def test_text_that_says_nothing_of_accelerators_is_no_machine_without_them(text: str) -> None:
    with pytest.raises(IncompleteError) as raised:
        captured(text)
    assert raised.value.exit_code == 3
    assert "nvidia-smi" in str(raised.value)


@pytest.mark.parametrize(
    "text",
    [
        "00:00.0 Host bridge: Intel Corporation 440FX\n00:03.0 Ethernet controller: Red Hat, Inc. Virtio\n",
        "OS: Debian GNU/Linux 12 (x86_64)\nGPU models and configuration: No CUDA\nNvidia driver version: No CUDA\n",
        "$ nvidia-smi\nbash: nvidia-smi: command not found\n$ ls /dev/nvidia*\nls: cannot access '/dev/nvidia*': No such file or directory\n",
        "00:07.0 ISA bridge: Intel Corporation 82371AB\n00:08.0 VGA compatible controller: Microsoft Corporation Hyper-V virtual VGA\n",
        "00:02.0 VGA compatible controller: Cirrus Logic GD 5446\n00:05.0 Ethernet controller: Amazon.com, Inc. Elastic Network Adapter\nNVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.\n",
        "  *-display\n       product: ASPEED Graphics Family\n       vendor: ASPEED Technology, Inc.\n",
        "Number of platforms                               0\n",
    ],
)
def test_a_list_of_devices_without_a_gpu_is_a_machine_without_one(text: str) -> None:
    detection = captured(text)
    assert detection.host.accelerators == ()
    selection = select(detection.host, load_catalogue())
    assert (selection.best, undecided(detection, selection)) == ("cpu", None)


ROCMINFO = """\
ROCk module is loaded
==========
HSA Agents
==========
*******
Agent 1
*******
  Name:                    AMD EPYC 9654 96-Core Processor
  Uuid:                    CPU-XX
  Device Type:             CPU
"""


@pytest.mark.parametrize(
    "text",
    [
        "65:00.1 Audio device: NVIDIA Corporation GA102 High Definition Audio Controller (rev a1)\n",
        "0c:00.1 Audio device: Advanced Micro Devices, Inc. [AMD/ATI] Navi 21/23 HDMI/DP Audio Controller\n",
        "00:1f.0 ISA bridge: Intel Corporation Z790\n01:00.0 VGA compatible controller: NVIDI",
        '[ {\n "id" : "display",\n "class" : "display",\n "claimed" : true,\n',
        ROCMINFO,
        "HSA Agents\n==========\n",
        ROCMINFO + "*******\nAgent 2\n*******\n  Name:                    gf",
        "00:01.0 PCI bridge: Intel Corporation Device a70d\n00:02.0 VGA compatible controller: Intel Corporation UHD 770\n",
        "03:00.0 VGA compatible controller: ASPEED Technology, Inc. ASPEED Graphics Family (rev 41)\n",
        "Number of platforms  2\n  Platform Name  pocl\nNumber of devices  1\n  Device Name  pthread\n  Device Type  CPU\n",
        "  *-display\n       description: 3D controller\n       product: GA102GL [A10]\n       ven",
        "cpu_cores_count 16\nsimd_count 0\nvendor_id 0\n",
        "Graphics/Displays:\n\n    Apple M2:\n\n      Chipset Model: Apple",
        "Failed to initialize NVML: Driver/library version mismatch\n",
        "NVIDIA-SMI has failed because it couldn\N{RIGHT SINGLE QUOTATION MARK}t communicate with the NVIDIA driver.\n",
        "# nvidia-smi\nNo devices were found\n",
        "-bash: nvidia-smi: command not found\n",
        "00:00.0 Host bridge: Intel Corporation 440FX\n00:02.0 VGA compatible controller: Red Hat, Inc. Virtio 1.0 GPU\n",
    ],
)
def test_a_list_that_is_cut_before_its_gpu_is_no_machine_without_one(text: str) -> None:
    with suppress(IncompleteError):
        detection = captured(text)
        assert undecided(detection, select(detection.host, load_catalogue()))


def test_a_list_that_says_where_it_ends_is_whole() -> None:
    assert best(captured(ROCMINFO + "*** Done ***\n"))[0] == "cpu"
    gpu = "*******\nAgent 2\n*******\n  Name:                    gfx1101\n  Uuid:                    GPU-1\n"
    assert best(captured(ROCMINFO + gpu))[0] == "rocm7.2"  # what it lists counts, wherever it ends


@pytest.mark.parametrize(
    ("text", "device"),
    [
        (
            "Slot:\t02:00.0\nClass:\t3D controller\nVendor:\tNVIDIA Corporation\nDevice:\tGA100 [A100 PCIe 40GB]\nDriver:\tnouveau\n",
            ("cuda", "NVIDIA A100 PCIe 40GB", None, "8.0"),
        ),
        (
            "name;driver_version;memory.total [MiB]\nNVIDIA A40;570.86.15;46068\n",
            ("cuda", "NVIDIA A40", "570.86.15", "8.6"),
        ),
        ("index\tname\tdriver_version\n0\tTesla T4\t550.54.15\n", ("cuda", "Tesla T4", "550.54.15", "7.5")),
        (
            '{"device_list": [{\n"device_name": "Intel(R) Arc(TM) A580 Graphics",\n"pci_bdf_address": "0000:03:00.0",\n"pci_device_id": "0x56a2"\n}]}\n',
            ("xpu", "Intel Arc A580 Graphics", None, None),
        ),
        (
            "Caption       : NVIDIA GeForce RTX 3050\nDriverVersion : 31.0.15.5222\nName          : NVIDIA GeForce RTX 3050\nPNPDeviceID   : PCI\\VEN_10DE&DEV_2507&SUBSYS_1\n",
            ("cuda", "NVIDIA GeForce RTX 3050", "552.22", "8.6"),
        ),
        (
            "Name\tNVIDIA T1000\nPNP Device ID\tPCI\\VEN_10DE&DEV_1FB0&SUBSYS_1\nDriver Version\t31.0.15.3623\n",
            ("cuda", "NVIDIA T1000", "536.23", "7.5"),
        ),
        (
            "GPU models and configuration: AMD Instinct MI210 (gfx90a:sramecc+:xnack-)\nNvidia driver version: 550.90.07\nHIP runtime version: 6.2.41133\n",
            ("rocm", "AMD Instinct MI210", None, "gfx90a"),
        ),
        (
            "\x0312Graphics:\x03\n  \x0312Device-1:\x03 NVIDIA AD107 [GeForce RTX 4060] \x0312driver:\x03 nvidia \x0312v:\x03 535.230.02\n",
            ("cuda", "NVIDIA GeForce RTX 4060", "535.230.02", "8.9"),
        ),
        (
            "NVITOP 1.4.1   Driver Version: 565.57.01   CUDA Driver Version: 12.7\n│   0  Tesla V100  Off  │ 00000000:01:00.0 Off │ 0 │\n",
            ("cuda", "Tesla V100", "565.57.01", "7.0"),
        ),
        ("<key>sppci_model</key>\n\t<string>Apple M3 Pro</string>\n", ("mps", "Apple M3 Pro", None, None)),
        ("- **Chip:** Apple M2\n- **macOS:** Version 15.1\n", ("mps", "Apple M2", None, None)),
        (
            " - Model: NVIDIA Jetson Xavier NX Developer Kit\n - P-Number: p3668-0000\n - L4T: **MISSING**\n",
            ("jetson", "NVIDIA Jetson Xavier NX Developer Kit", None, "7.2"),
        ),
        (
            'msg="inference compute" id=0 library=ROCm compute=gfx1101 name=ROCm0 description="AMD Radeon RX 7700 XT"\n',
            ("rocm", "AMD Radeon RX 7700 XT", None, "gfx1101"),
        ),
        (
            '[\n  {\n    "Name": "NVIDIA T1200 Laptop GPU",\n    "DriverVersion": "32.0.15.7270"\n  }\n]\n',
            ("cuda", "NVIDIA T1200 Laptop GPU", "572.70", "7.5"),
        ),
        (
            "Instance ID:            PCI\\VEN_10DE&DEV_2520&SUBSYS_1\nDevice Description:     NVIDIA GeForce RTX 3060 Laptop GPU\n",
            ("cuda", "NVIDIA GeForce RTX 3060 Laptop GPU", None, "8.6"),
        ),
    ],
)
def test_forms_that_programs_and_pages_give_the_same_facts(text: str, device: tuple[str, ...]) -> None:
    (found,) = captured(text).host.accelerators
    assert (found.kind, found.name, found.driver, found.compute_capability or found.gfx) == device


def test_a_mac_with_an_nvidia_gpu_has_no_build_for_it() -> None:
    detection = captured("Graphics/Displays:\n      Chipset Model: NVIDIA GeForce GT 650M\n")
    selection = select(detection.host, load_catalogue())
    assert undecided(detection, selection) is None
    assert any("no CUDA builds for macos" in warning for warning in selection.warnings)


FRAMES: dict[str, Callable[[str], str]] = {
    "quoted": lambda row: f"> {row}",
    "in a list": lambda row: f"* {row}",
    "of a service in Compose": lambda row: f"trainer-1  | {row}",
    "indented": lambda row: f"      {row}",
    "coloured": lambda row: f"\x1b[1;36m{row}\x1b[0m",
    "with a web page's spaces": lambda row: row.replace("  ", "\u00a0 "),
    "escaped for a web page": lambda row: row.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"),
}


@for_each(
    "text",
    [
        "Driver Version  : 565.57.01\nAttached GPUs   : 1\nGPU 00000000:3B:00.0\n    Product Name    : NVIDIA L40S\n",
        "[0] NVIDIA A2 | 40'C,  0 % |  1 / 15356 MB |\nnode   Mon Jul  3 09:12:01 2023  550.90.07\n",
        '<driver_version>550.90.07</driver_version>\n<gpu id="00000000:3B:00.0">\n<product_name>Tesla T4</product_name>\n',
        "Name          : NVIDIA GeForce RTX 3080\nDriverVersion : 32.0.15.6094\n",
        "  Agent 2\n  Uuid:     GPU-1\n  Marketing Name:    AMD Radeon PRO W6800\n    Name:   gfx1030\n",
        "ggml_vulkan: 0 = AMD Radeon RX 6950 XT (RADV NAVI21) (radv) | uma: 0\nggml_vulkan: 1 device\n",
    ],
)
def test_what_stands_around_or_before_the_lines_does_not_matter(text: str) -> None:
    for how, frame in FRAMES.items():
        framed = "\n".join(map(frame, text.rstrip().split("\n")))
        assert captured(framed).host == captured(text).host, how


@pytest.mark.parametrize("text", ["&nbsp;\n&nbsp;\n", "> \n> ", "- "])
def test_a_frame_around_nothing_is_not_understood(text: str) -> None:
    with pytest.raises(IncompleteError, match="no accelerator was recognised"):
        captured(text)


def test_a_listing_that_finds_no_node_means_that_the_drivers_gpu_is_not_there() -> None:
    text = "$ ls -l /dev/nvidia*\nls: cannot access '/dev/nvidia*': No such file or directory\n"
    (gpu,) = captured(text + NVRM).host.accelerators
    assert not gpu.usable
    assert best(captured(text + NVRM))[0] == "cpu"


def test_a_pasted_list_of_devices_without_the_drivers_gpu_does_not_take_it_away() -> None:
    devices = "==> 0000:00:00.0/uevent <==\nPCI_CLASS=60000\nPCI_ID=8086:1237\n"
    assert [gpu.driver for gpu in captured(NVRM, devices).host.accelerators] == ["580.65.06"]


@pytest.mark.parametrize("text", ["", "   \n\t\n"])
def test_no_text_at_all_is_wrong_input(text: str) -> None:
    with pytest.raises(InputError):
        captured(text)


@for_each("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_powershells_encodings_are_read(encoding: str) -> None:
    detection = read_pasted({"smi.txt": QUERY.encode(encoding)}, load_catalogue())
    assert best(detection) == ("cu126", "2.14")


def test_windows_line_ends_and_terminal_colours_do_not_matter() -> None:
    coloured = QUERY.replace("NVIDIA L4", "\x1b[32mNVIDIA L4\x1b[0m").replace("\n", "\r\n")
    assert captured(coloured).host.accelerators[0].name == "NVIDIA L4"


def test_a_driver_too_old_for_everything_still_names_the_gpu() -> None:
    detection = captured("| NVIDIA-SMI 340.1   Driver Version: 340.1 |\n")
    assert detection.host.accelerators[0].driver == "340.1"
    assert best(detection)[0] == "cpu"


def test_a_kernel_module_wins_over_the_userspace_and_a_mismatch_keeps_the_family() -> None:
    text = "Failed to initialize NVML: Driver/library version mismatch\nNVML library version: 580.95\n"
    detection = captured(text + NVRM.replace("aarch64", "x86_64"))
    (gpu,) = detection.host.accelerators
    assert (gpu.driver, gpu.usable, gpu.repairable) == ("580.65.06", False, True)
    assert best(detection) == ("cu130", "2.15")


def test_only_the_library_known_stands_for_the_driver_with_a_warning() -> None:
    detection = captured(
        "Failed to initialize NVML: Driver/library version mismatch\nNVML library version: 550.54\n"
    )
    assert best(detection) == ("cu126", "2.14")
    assert any("is used instead" in warning for warning in detection.warnings)


@for_each(
    ("text", "expected"),
    [
        ("8.6, 535.161.08\n", ("cu126", "2.14")),
        ("driver_version\n535.161.08\n", ("cu126", "2.14")),
        (
            "[    5.1] NVRM: loading NVIDIA UNIX x86_64 Kernel Module  535.183.01  Sun May 12\n",
            ("cu126", "2.14"),
        ),
        ("filename: /lib/modules/6.8/nvidia.ko\nversion:        550.54.14\n", ("cu126", "2.14")),
        ("550.54.14\n", ("cu126", "2.14")),
        ("name, compute_cap\nTesla T4, 7.5\n", ("cpu", None)),
        (
            "NVIDIA-SMI 580.95.05  Driver Version: 580.95.05\n|   0  NVIDIA GB10    On  | 0000000F:01:00.0 Off | N/A |\n",
            ("cu130", "2.15"),
        ),
        (
            "NVIDIA-SMI 550.90.07  Driver Version: 550.90.07\n|   0  NVIDIA GH200 480GB  On | 00000009:01:00.0 Off | 0 |\n",
            ("cu126", "2.14"),
        ),
    ],
)
def test_scraps_of_output_tell_what_they_can(text: str, expected: tuple[str, str | None]) -> None:
    assert best(captured(text)) == expected


def test_grace_and_jetson_machines_are_arm_machines() -> None:
    assert captured("GPU 0: NVIDIA GH200 480GB (UUID: GPU-1)\n").host.arch == "aarch64"
    assert captured("GPU 0: NVIDIA H200 (UUID: GPU-1)\n").host.arch == "x86_64"
    assert captured("GPU 0: Orin (nvgpu) (UUID: 1)\n").host.arch == "aarch64"


def test_a_lost_gpu_beside_a_working_one_does_not_hide_it() -> None:
    text = (
        "| NVIDIA-SMI 525.125.06   Driver Version: 525.125.06   CUDA Version: ERR!     |\n"
        "|   0  ERR!                 Off | 00000000:01:00.0 Off |                 ERR! |\n"
        "|ERR! ERR! ERR!    ERR! / ERR! |   GPU is lost        |     ERR!      ERR!     |\n"
        "|   1  NVIDIA A40           Off | 00000000:02:00.0 Off |                    0 |\n"
        "|  0%   30C    P8    20W / 300W |      1MiB / 46068MiB |      0%      Default |\n"
    )
    detection = captured(text)
    assert [(gpu.usable, gpu.repairable) for gpu in detection.host.accelerators] == [
        (False, True),
        (True, False),
    ]
    assert best(detection) == ("cu126", "2.14")


def test_a_gpu_that_lspci_alone_shows_is_not_vouched_for() -> None:
    detection = captured("01:00.0 VGA compatible controller: NVIDIA Corporation AD102 [GeForce RTX 4090]\n")
    assert not detection.host.accelerators[0].usable
    chosen = select(detection.host, load_catalogue())
    assert chosen.best == "cpu"
    assert chosen.unlock is not None


def test_a_radeon_that_lspci_alone_shows_is_known_by_its_chip() -> None:
    line = "03:00.0 VGA compatible controller: Advanced Micro Devices, Inc. [AMD/ATI] Navi 32 [Radeon RX 7800 XT]\n"
    assert captured(line).host.accelerators[0].gfx == "gfx1101"


def test_a_recording_plays_back_as_the_same_machine() -> None:
    programs = {
        "nvml": SourceText(
            "driver=580.65.06\nindex=0\nuuid=GPU-1\nbus=00000000:01:00.0\ndevice=0xffee\nname=X\nmemory=100\ncompute_cap=12.0\n",
            "ok",
        )
    }
    machine = Machine(
        files=nvidia_files("580.65.06", "ffee"), programs=programs, env={"CUDA_VISIBLE_DEVICES": "0"}
    )
    recorder = RecordingReader(machine)
    here = detect(recorder, load_catalogue())
    folder = recorder.files(here)
    there = read_pasted({f"rec/{name}": text.encode() for name, text in folder.items()}, load_catalogue())
    assert there.host == here.host
    assert there.probes == here.probes


def test_a_recording_shows_each_probe_as_a_text_and_no_other_environment() -> None:
    machine = Machine(
        files=nvidia_files("580.65.06", "2684"), env={"SECRET": "x", "CUDA_VISIBLE_DEVICES": "0"}
    )
    recorder = RecordingReader(machine)
    folder = recorder.files(detect(recorder, load_catalogue()))
    assert "580.65.06" in folder["nvidia-kernel-module-sys.txt"]
    document = json.loads(folder[RECORDING])
    assert document["env"]["CUDA_VISIBLE_DEVICES"] == "0"
    assert "SECRET" not in folder[RECORDING]


@for_each(
    "text",
    ["", "{}", "[]", '{"schema": "other"}', '{"schema": "poetry-aiops/hardware-recording/1"}', "[" * 5000],
)
def test_a_broken_recording_is_wrong_input(text: str) -> None:
    with pytest.raises(InputError):
        read_pasted({RECORDING: text.encode()}, load_catalogue())


LSPCI = "01:00.0 VGA compatible controller: NVIDIA Corporation %s (rev a1)\n"
DRIVER = "NVRM version: NVIDIA UNIX %s for x86_64  %s  Release Build\n"


@pytest.mark.parametrize(
    ("device", "module", "driver", "says"),
    [
        ("GP106 [GeForce GTX 1060 6GB]", "Open Kernel Module", "580.95.05", "open kernel module"),
        ("GM204 [GeForce GTX 970]", "x86_64 Kernel Module", "595.58.03", "580 is their last branch"),
        ("GP106 [GeForce GTX 1060 6GB]", "x86_64 Kernel Module", "580.95.05", None),
        ("TU116 [GeForce GTX 1660]", "Open Kernel Module", "595.58.03", None),
    ],
)
def test_a_driver_that_ignores_a_gpu_of_its_age_is_named(
    device: str, module: str, driver: str, says: str | None
) -> None:
    gpu = read_captured(
        {"text": LSPCI % device + DRIVER % (module, driver)}, load_catalogue()
    ).host.accelerators[0]
    assert gpu.usable is (says is None)
    assert (says or "") in (gpu.why_unusable or "")
    assert says is None or "580" in (gpu.needs or "")


def test_a_gpu_that_the_driver_lists_is_not_ignored_by_it() -> None:
    text = "name, driver_version, compute_cap\nNVIDIA GeForce GTX 1060, 590.48.01, 6.1\n"
    assert read_captured({"text": text}, load_catalogue()).host.accelerators[0].usable


def report(*lines: str) -> str:
    """Return an environment report of torch with these lines."""
    return "\n".join(
        ("PyTorch version: 2.4.0", *lines, "Nvidia driver version: 580.65.06", "cuDNN version: N/A")
    )


@pytest.mark.parametrize(
    ("name", "capability"),
    [("H100 80GB HBM3", "9.0"), ("A40", "8.6"), ("TITAN X (Pascal)", "6.1"), ("RTX A4000", "8.6")],
)
def test_a_gpu_in_a_report_needs_no_maker_in_its_name(name: str, capability: str) -> None:
    (gpu,) = captured(report("GPU models and configuration: ", f"GPU 0: {name}")).host.accelerators
    assert (gpu.name, gpu.compute_capability) == (name, capability)


def test_a_report_of_a_rocm_build_lists_gpus_of_amd() -> None:
    text = "ROCM used to build PyTorch: 6.3.42131\nGPU models and configuration: GPU 0: MI210\n"
    (gpu,) = captured(text).host.accelerators
    assert gpu.kind == "rocm"


def test_a_wide_colon_is_a_colon() -> None:
    wide = report("GPU models and configuration:", "GPU 0: Tesla P40").replace("0:", "0\N{FULLWIDTH COLON}")
    assert captured(wide).host == captured(wide.replace("\N{FULLWIDTH COLON}", ":")).host


def test_a_mac_with_a_gpu_of_nvidia_has_a_processor_of_intel() -> None:
    host = captured(
        report("OS: Mac OSX 10.13.6", "GPU models and configuration: GPU 0: GeForce GTX 1080")
    ).host
    assert (host.os, host.os_version, host.arch) == ("macos", "10.13.6", "x86_64")


def test_a_product_that_no_device_has_is_not_passed_over() -> None:
    with pytest.raises(IncompleteError, match="GeForce GTX 970"):
        captured("My card: GeForce GTX 970\n" + NVRM)
