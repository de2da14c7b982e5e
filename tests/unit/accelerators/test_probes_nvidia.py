"""Parsers of NVIDIA's sources, on small texts written for these tests."""

from __future__ import annotations

import pytest
from tests.support.every import for_each

from poetry_aiops.accelerators.facts import ProbeFailure
from poetry_aiops.accelerators.probes.registry import probe_named
from poetry_aiops.accelerators.probes.reports import environment


device_nodes = probe_named("device nodes")
nvidia_gpus = probe_named("nvidia GPUs (proc)")
nvidia_libraries = probe_named("nvidia libraries")
nvidia_module = probe_named("nvidia kernel module (sys)")
nvidia_version = probe_named("nvidia kernel module (proc)")
nvml = probe_named("NVML")
smi_banner = probe_named("nvidia-smi")
smi_list = probe_named("nvidia-smi -L")
smi_messages = probe_named("nvidia-smi messages")
smi_query = probe_named("nvidia-smi --query-gpu")
smi_text = probe_named("nvidia-smi -q")
smi_xml = probe_named("nvidia-smi -q -x")


@for_each(
    ("line", "driver", "arch"),
    [
        ("NVIDIA UNIX x86_64 Kernel Module  470.1.02  Mon Jan  3 01:02:03 UTC 2022", "470.1.02", "x86_64"),
        ("NVIDIA UNIX Open Kernel Module for x86_64  560.35.03  Release Build  (a@b)", "560.35.03", "x86_64"),
        ("NVIDIA UNIX Open Kernel Module for aarch64 595.45.04 Release Build", "595.45.04", "aarch64"),
        (
            "NVIDIA UNIX x86_64 Kernel Module  525.60.13  mer. 30 nov. 06:39:21 CET 2022",
            "525.60.13",
            "x86_64",
        ),
        ("NVIDIA UNIX x86_64 Kernel Module  5", None, "x86_64"),
        ("something odd", None, None),
    ],
)
def test_the_nvrm_line_in_any_wording(line: str, driver: str | None, arch: str | None) -> None:
    facts = nvidia_version.parse(
        f"NVRM version: {line}\nGCC version:  gcc version 12.3.0 (Ubuntu 12.3.0-1)\n"
    )
    assert (facts.driver, facts.arch) == (driver, arch)


def test_a_gcc_line_alone_is_no_driver() -> None:
    assert nvidia_version.parse("GCC version:  gcc version 535.104.05\n").driver is None


@for_each(
    ("text", "driver"),
    [
        ("550.54.14\n", "550.54.14"),
        ("580.65\n", "580.65"),
        ("12.3.0\n", None),
        ("550.54.14 and more\n", None),
        ("", None),
    ],
)
def test_the_modules_version_file(text: str, driver: str | None) -> None:
    assert nvidia_module.parse(text).driver == driver


@for_each(
    ("head", "driver", "cuda", "wsl", "system"),
    [
        ("| NVIDIA-SMI 331.20     Driver Version: 331.20         |", "331.20", None, None, None),
        (
            "| NVIDIA-SMI 535.1.05    Driver Version: 535.1.05    CUDA Version: 12.2     |",
            "535.1.05",
            "12.2",
            None,
            None,
        ),
        (
            "| NVIDIA-SMI 535.1.05    Driver Version: 535.1.05    CUDA Version: ERR!     |",
            "535.1.05",
            None,
            None,
            None,
        ),
        ("| NVIDIA-SMI 535.1.05    **Driver Version: 535.1.05**  |", "535.1.05", None, None, None),
        (
            "| NVIDIA-SMI 610.1.02  KMD Version: 610.1.02   CUDA UMD Version: 13.3 |",
            "610.1.02",
            "13.3",
            None,
            None,
        ),
        (
            "| NVIDIA-SMI 550.40.06   Driver Version: 551.23   CUDA Version: 12.4 |",
            "551.23",
            "12.4",
            True,
            None,
        ),
        (
            "| NVIDIA-SMI 560.27   Driver Version: 560.94   CUDA Version: 12.6 |",
            "560.94",
            "12.6",
            None,
            None,
        ),
        (
            "| NVIDIA-SMI 545.23.05   Driver Version: 545.84   CUDA Version: 12.3 |",
            "545.84",
            "12.3",
            True,
            None,
        ),
        (
            "| NVIDIA-SMI 535.161.07   Driver Version: 535.161.08   CUDA Version: 12.2 |",
            "535.161.08",
            "12.2",
            None,
            None,
        ),
        (
            "| NVIDIA-SMI 551.23  Driver Version: 551.23  CUDA Version: 12.4 |\n| GPU  Name  TCC/WDDM |",
            "551.23",
            "12.4",
            None,
            "windows",
        ),
        (
            "| NVIDIA-SMI 561.09  Driver Version: 561.09  CUDA Version: 12.6 |\n| GPU  Name  Driver-Model |",
            "561.09",
            "12.6",
            None,
            "windows",
        ),
    ],
)
def test_the_head_of_nvidia_smi_old_and_new(
    head: str,
    driver: str,
    cuda: str | None,
    wsl: bool | None,
    system: str | None,
) -> None:
    facts = smi_banner.parse(head)
    assert (facts.driver, facts.max_cuda, facts.wsl, facts.os) == (driver, cuda, wsl, system)


TABLE = """
|=========================================+========================+======================|
|   0  NVIDIA GeForce RTX 3090        Off |   00000000:0B:00.0 Off |                  N/A |
| 30%   33C    P8             18W /  350W |       1MiB /  24576MiB |      0%      Default |
|                                         |                        |                  N/A |
+-----------------------------------------+------------------------+----------------------+
|   1  NVIDIA H100 80GB HBM3          On  |   00000000:0C:00.0 Off |                    0 |
| N/A   33C    P8             18W /  350W |       1MiB /  81559MiB |      0%      Default |
+-----------------------------------------+------------------------+----------------------+
| MIG devices:                                                                            |
| GPU  GI  CI  MIG |                     Memory-Usage |        Vol|      Shared           |
|  1    7   0   0  |                 12MiB / 9728MiB  | 14      0 |  1   0    0    0    0 |
+-----------------------------------------------------------------------------------------+
|    0   N/A  N/A      1234      G   /usr/lib/xorg/Xorg                             35MiB |
"""


def test_the_rows_of_the_table_without_mig_and_processes() -> None:
    gpus = smi_banner.parse(TABLE).gpus
    assert [(gpu.name, gpu.bus, gpu.memory_mib) for gpu in gpus] == [
        ("NVIDIA GeForce RTX 3090", "0000:0b:00.0", 24576),
        ("NVIDIA H100 80GB HBM3", "0000:0c:00.0", 81559),
    ]


def test_a_table_that_somebody_quoted_or_indented_is_read_as_well() -> None:
    quoted = "\n".join(f"> {line}" for line in TABLE.splitlines())
    assert len(smi_banner.parse(quoted).gpus) == 2


def test_a_jetsons_integrated_gpu_is_told_by_its_name() -> None:
    row = "|   0  Orin (nvgpu)                  N/A  | N/A              N/A |                  N/A |"
    assert smi_banner.parse(row).jetson == "Orin (nvgpu)"


def test_cuda_version_not_there_means_libcuda_is_not() -> None:
    facts = smi_banner.parse("| NVIDIA-SMI 535.1.05   Driver Version: 535.1.05   CUDA Version: N/A   |")
    assert facts.problems == (ProbeFailure.NO_LIBCUDA,)


@for_each(
    "text",
    [
        "name, compute_cap, driver_version\nNVIDIA L4, 8.9, 550.54.14\n",
        "$ nvidia-smi --query-gpu=name,compute_cap,driver_version --format=csv,noheader\nNVIDIA L4, 8.9, 550.54.14\n",
        "NVIDIA L4, 550.54.14, 8.9\n",
        "index, name, driver_version, memory.total [MiB], compute_cap\n0, NVIDIA L4, 550.54.14, 23034 MiB, 8.9\n",
        "0, GPU-1, 00000000:01:00.0, 0x27B810DE, NVIDIA L4, 550.54.14, 23034, 8.9\n",
    ],
)
def test_queries_with_a_header_a_command_or_neither(text: str) -> None:
    facts = smi_query.parse(text)
    assert smi_query.recognise(text)
    assert facts.driver == "550.54.14"
    assert [(gpu.name, gpu.compute_capability) for gpu in facts.gpus] == [("NVIDIA L4", "8.9")]


def test_a_compute_capability_that_is_not_told_stays_open() -> None:
    facts = smi_query.parse("name, driver_version, compute_cap\nTesla M60, 460.32.03, [N/A]\n")
    assert facts.driver == "460.32.03"
    assert facts.gpus[0].compute_capability is None


def test_a_rejected_field_is_no_gpu() -> None:
    assert smi_query.parse('Field "compute_cap" is not a valid field to query.\n').gpus == ()


@pytest.mark.parametrize("text", ["a, b, c\n1, 2, 3\n", "Hello, world, this is fine.\n", "[[[[,,,,]]]]\n"])
def test_other_commas_are_no_gpus(text: str) -> None:
    assert smi_query.parse(text).gpus == ()
    assert not smi_query.recognise(text)


def test_the_list_counts_mig_instances_as_partitions() -> None:
    text = (
        "GPU 0: NVIDIA A100-PCIE-40GB (UUID: GPU-00000000-1111-2222-3333-444444444444)\n"
        "  MIG 3g.20gb     Device  0: (UUID: MIG-aaaa)\n"
        "  MIG 2g.10gb     Device  1: (UUID: MIG-bbbb)\n"
        "GPU 1: NVIDIA A100-PCIE-40GB (UUID: GPU-00000000-1111-2222-3333-555555555555)\n"
    )
    assert [(gpu.name, gpu.partitions) for gpu in smi_list.parse(text).gpus] == [
        ("NVIDIA A100-PCIE-40GB", 2),
        ("NVIDIA A100-PCIE-40GB", 0),
    ]


LOG = """
==============NVSMI LOG==============
Timestamp                                 : Tue Jan  2 03:04:05 2024
Driver Version                            : 545.23.08
CUDA Version                              : 12.3
Attached GPUs                             : 1
GPU 00000000:21:00.0
    Product Name                          : NVIDIA RTX A4000
    GPU UUID                              : GPU-12
    Minor Number                          : 3
    MIG Device
        Index                             : 0
    PCI
        Bus                               : 0x21
        Device Id                         : 0x24B010DE
    FB Memory Usage
        Total                             : 16376 MiB
    BAR1 Memory Usage
        Total                             : 256 MiB
"""


def test_the_long_log() -> None:
    facts = smi_text.parse(LOG)
    (gpu,) = facts.gpus
    assert (facts.driver, facts.max_cuda) == ("545.23.08", "12.3")
    assert (gpu.name, gpu.device_id, gpu.bus, gpu.memory_mib, gpu.minor, gpu.partitions) == (
        "NVIDIA RTX A4000",
        "24b0",
        "0000:21:00.0",
        16376,
        3,
        1,
    )


XML = """<?xml version="1.0" ?>
<nvidia_smi_log>
  <driver_version>560.35.03</driver_version>
  <cuda_version>12.6</cuda_version>
  <gpu id="00000000:07:00.0">
    <product_name>NVIDIA A30</product_name>
    <mig_devices><mig_device><uuid>MIG-1</uuid>
      <fb_memory_usage><total>5952 MiB</total></fb_memory_usage></mig_device></mig_devices>
    <minor_number>1</minor_number>
    <pci><pci_device_id>20B710DE</pci_device_id></pci>
    <fb_memory_usage><total>24576 MiB</total></fb_memory_usage>
    <bar1_memory_usage><total>32768 MiB</total></bar1_memory_usage>
    <driver_model><current_dm>%s</current_dm></driver_model>
  </gpu>
"""


@pytest.mark.parametrize(("model", "system"), [("N/A", None), ("WDDM", "windows")])
def test_the_xml_log_even_when_it_is_cut_off(model: str, system: str | None) -> None:
    facts = smi_xml.parse(XML % model)
    (gpu,) = facts.gpus
    assert (facts.driver, facts.max_cuda, facts.os) == ("560.35.03", "12.6", system)
    assert (gpu.device_id, gpu.memory_mib, gpu.partitions, gpu.minor) == ("20b7", 24576, 1, 1)
    assert smi_xml.parse(XML[: len(XML) // 2]).driver == "560.35.03"


@pytest.mark.parametrize("value", ["[REDACTED]", "000000DE", "N/A", ""])
def test_a_pci_id_that_is_none_is_not_taken(value: str) -> None:
    text = f'<nvidia_smi_log><gpu id="0"><pci_device_id>{value}</pci_device_id></gpu>'
    assert smi_xml.parse(text).gpus[0].device_id is None


@for_each(
    ("text", "problem"),
    [
        ("Failed to initialize NVML: Driver/library version mismatch", ProbeFailure.MISMATCH),
        ("Unable to determine the device handle for GPU 0000:02:00.0: GPU is lost.", ProbeFailure.LOST),
        ("Unable to determine the device handle for GPU0: 0000:41:00.0: Unknown Error", ProbeFailure.LOST),
        ("No devices were found", ProbeFailure.NO_DEVICES),
        (
            "NVIDIA-SMI has failed because it couldn\u2019t communicate with the NVIDIA driver.",
            ProbeFailure.NOT_RUNNING,
        ),
        ("Failed to initialize NVML: Unknown Error", ProbeFailure.NO_PERMISSION),
        ("bash: nvidia-smi: command not found", ProbeFailure.NO_PROGRAM),
        ("NVIDIA-SMI couldn't find libnvidia-ml.so library in your system PATH.", ProbeFailure.NO_NVML),
    ],
)
def test_failures_in_words(text: str, problem: ProbeFailure) -> None:
    assert problem in smi_messages.parse(text).problems


def test_a_lost_gpu_is_known_by_its_address() -> None:
    facts = smi_messages.parse("Unable to determine the device handle for GPU0: 0000:41:00.0: Unknown Error")
    assert [(gpu.bus, gpu.lost) for gpu in facts.gpus] == [("0000:41:00.0", True)]


def test_what_the_nvml_child_prints() -> None:
    facts = nvml.parse(
        "driver=580.65.06\nlibrary=13.580.65.06\ncuda=13.0\nindex=0\nuuid=GPU-1\nbus=00000000:01:00.0\ndevice=0x2684\nname=X\nmemory=24564\ncompute_cap=8.9\n"
    )
    (gpu,) = facts.gpus
    assert (facts.driver, facts.library, facts.max_cuda) == ("580.65.06", "580.65.06", "13.0")
    assert (gpu.device_id, gpu.compute_capability, gpu.memory_mib) == ("2684", "8.9", 24564)


def test_the_gpus_that_the_driver_lists_in_proc() -> None:
    text = "Model: \t\t NVIDIA T4\nBus Location: \t 0000:3b:00.0\nDevice Minor: \t 2\nGPU UUID: \t GPU-????????\n"
    (gpu,) = nvidia_gpus.parse(text).gpus
    assert (gpu.name, gpu.bus, gpu.minor, gpu.uuid) == ("NVIDIA T4", "0000:3b:00.0", 2, None)


def test_libraries_tell_their_version_unless_there_are_two() -> None:
    one = "/usr/lib64/libnvidia-ml.so.580.65.06\n/usr/lib64/libcuda.so.1"
    facts = nvidia_libraries.parse(one)
    assert (facts.library, facts.present) == ("580.65.06", ("libcuda.so", "libnvidia-ml.so"))
    assert nvidia_libraries.parse(f"{one}\n/usr/lib64/libnvidia-ml.so.535.1.02").library is None


def test_a_node_that_ls_cannot_find_is_not_there() -> None:
    text = "ls: cannot access '/dev/nvidia1': No such file or directory\ncrw-rw-rw- 1 root root 195, 0 /dev/nvidia0\n"
    assert device_nodes.parse(text).present == ("/dev/nvidia0",)


def test_what_torch_says_of_a_gpu_that_it_cannot_use() -> None:
    text = "    Found GPU0 NVIDIA GeForce GTX 1060 which is of cuda capability 6.1.\n"
    assert environment(text).gpus[0].compute_capability == "6.1"
    other = (
        "NVIDIA B200 with CUDA capability sm_100 is not compatible with the current PyTorch installation.\n"
    )
    assert environment(other).gpus[0].compute_capability == "10.0"


def test_the_environment_report_of_torch() -> None:
    text = "GPU models and configuration: GPU 0: NVIDIA A10\nGPU 1: NVIDIA A10\nNvidia driver version: 535.183.01\n"
    facts = environment(text)
    assert (facts.driver, len(facts.gpus)) == ("535.183.01", 2)
