"""Detection on machines that were made up, one trait at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.every import for_each
from tests.unit.accelerators.machine import (
    LIBRARIES,
    MAC,
    SYS_DRIVER,
    WINDOWS,
    WSL,
    Machine,
    kfd_node,
    nvidia_files,
    pci,
)

from poetry_aiops.accelerators.catalogue import load_catalogue
from poetry_aiops.accelerators.detect import detect
from poetry_aiops.accelerators.reader import PlatformFacts, SourceText
from poetry_aiops.accelerators.select import select


if TYPE_CHECKING:
    from poetry_aiops.accelerators.host import Detection


NVML_OK = (
    "driver=560.94\nlibrary=12.560.94\ncuda=12.6\n"
    "index=0\nuuid=GPU-aaaa\nbus=00000000:01:00.0\ndevice=0x2704\nname=NVIDIA GeForce RTX 4080\nmemory=16376\ncompute_cap=8.9\n"
)
BANNER = (
    "| NVIDIA-SMI 560.35.02              Driver Version: 560.94         CUDA Version: 12.6     |\n"
    "|   0  NVIDIA GeForce RTX 4080        On  |   00000000:01:00.0  On |                  N/A |\n"
    "|  0%   45C    P8             14W /  320W |    1042MiB /  16376MiB |      2%      Default |\n"
)


def look(machine: Machine) -> Detection:
    return detect(machine, load_catalogue())


def best(machine: Machine) -> tuple[str, str | None]:
    chosen = select(look(machine).host, load_catalogue())
    return chosen.best, chosen.torch_max


def test_a_machine_without_any_sign_of_a_gpu_starts_no_program() -> None:
    machine = Machine(files=pci("0000:00:02.0", "1AF4:1050"))
    detection = look(machine)
    assert machine.started == []
    assert detection.host.accelerators == ()
    assert best(machine) == ("cpu", None)


def test_files_tell_driver_and_compute_capability_so_no_program_is_started() -> None:
    machine = Machine(files=nvidia_files("580.65.06", "1b80"))
    (gpu,) = look(machine).host.accelerators
    assert machine.started == []
    assert (gpu.kind, gpu.driver, gpu.max_cuda, gpu.compute_capability, gpu.usable) == (
        "cuda",
        "580.65.06",
        "13.0",
        "6.1",
        True,
    )
    assert best(machine) == ("cu126", "2.14")


def test_an_unknown_pci_id_makes_nvml_be_asked() -> None:
    files = nvidia_files("560.94", "ffee")
    machine = Machine(files=files, programs={"nvml": SourceText(NVML_OK, "ok")})
    (gpu,) = look(machine).host.accelerators
    assert machine.started == ["nvml"]
    assert gpu.compute_capability == "8.9"


def test_a_hanging_nvml_and_a_hanging_nvidia_smi_end_as_outcomes() -> None:
    programs = {"nvml": SourceText(None, "timeout"), "nvidia-smi": SourceText("", "timeout")}
    machine = Machine(files=nvidia_files("560.94", "ffee"), programs=programs)
    detection = look(machine)
    outcomes = {probe.name: probe.outcome for probe in detection.probes}
    assert outcomes["NVML"] == "timeout"
    assert outcomes["nvidia-smi --query-gpu"] == "timeout"
    assert outcomes["nvidia-smi"] == "skipped: nvidia-smi: timeout"
    assert [text.split(" did not")[0] for text in detection.warnings[:2]] == [
        "NVML",
        "nvidia-smi --query-gpu",
    ]
    assert detection.host.accelerators[0].driver == "560.94"


def test_the_probe_that_decided_is_told_with_every_raw_value() -> None:
    files = {
        **nvidia_files("580.65.06", "2684"),
        "/proc/driver/nvidia/version": "NVRM version: x  580.65.06  y",
    }
    probes = {probe.name: probe for probe in look(Machine(files=files)).probes}
    assert "driver" in probes["nvidia kernel module (sys)"].won
    assert probes["nvidia kernel module (proc)"].won == ()
    assert "driver=580.65.06" in probes["nvidia kernel module (proc)"].facts.lines()
    assert probes["NVML"].outcome == "skipped: the files say enough"


@pytest.mark.parametrize("driver", ["nouveau", ""])
def test_a_gpu_without_the_nvidia_driver_is_present_but_not_usable(driver: str) -> None:
    machine = Machine(files=pci("0000:01:00.0", "10DE:2684", driver))
    (gpu,) = look(machine).host.accelerators
    assert not gpu.usable
    assert gpu.needs is not None
    assert "driver" in gpu.needs
    assert machine.started == []
    assert best(machine) == ("cpu", None)


def test_a_container_on_a_gpu_host_without_device_nodes_is_cpu_and_says_how_to_get_the_gpu() -> None:
    files = {
        path: text for path, text in nvidia_files("580.65.06", "2684").items() if not path.startswith("/dev/")
    }
    machine = Machine(files={**files, "/.dockerenv": ""}, env={"NVIDIA_VISIBLE_DEVICES": "void"})
    detection = look(machine)
    (gpu,) = detection.host.accelerators
    assert detection.host.container == "docker"
    assert not gpu.usable
    assert "NVIDIA_VISIBLE_DEVICES" in str(gpu.why_unusable)
    assert "--gpus all" in str(gpu.needs)
    assert best(machine) == ("cpu", None)
    assert machine.started == []


def test_only_the_gpu_that_a_container_was_given_counts() -> None:
    files = {
        **nvidia_files("580.65.06", "2684"),
        **pci("0000:81:00.0", "10DE:1B80", "nvidia"),
        "/.dockerenv": "",
    }
    given, other = look(Machine(files=files)).host.accelerators
    assert given.usable
    assert not other.usable
    assert best(Machine(files=files)) == ("cu130", "2.15")


def test_a_container_without_libcuda_keeps_the_family_and_names_the_capability() -> None:
    files = nvidia_files("580.65.06", "2684") | {"/.dockerenv": ""}
    del files[f"{LIBRARIES}libcuda.so.1"]
    machine = Machine(files=files)
    (gpu,) = look(machine).host.accelerators
    assert not gpu.usable
    assert "NVIDIA_DRIVER_CAPABILITIES" in str(gpu.needs)
    assert best(machine) == ("cu130", "2.15")


def test_a_bare_machine_without_device_nodes_is_asked_and_nvml_settles_it() -> None:
    files = {
        path: text for path, text in nvidia_files("560.94", "2704").items() if not path.startswith("/dev/")
    }
    working = Machine(files=files, programs={"nvml": SourceText(NVML_OK, "ok")})
    silent = Machine(files=files)
    assert look(working).host.accelerators[0].usable
    assert "nvidia-modprobe" in str(look(silent).host.accelerators[0].needs)


def test_a_library_of_another_version_than_the_module_asks_for_a_reboot_but_keeps_the_family() -> None:
    files = nvidia_files("580.65.06", "2684")
    del files[f"{LIBRARIES}libnvidia-ml.so.580.65.06"]
    files[f"{LIBRARIES}libnvidia-ml.so.580.95.05"] = ""
    machine = Machine(
        files=files, programs={"nvml": SourceText("error=Driver/library version mismatch\n", "exit 1")}
    )
    (gpu,) = look(machine).host.accelerators
    assert (gpu.usable, gpu.repairable, gpu.driver) == (False, True, "580.65.06")
    assert "580.95.05" in str(gpu.why_unusable)
    assert "Reboot" in str(gpu.needs)
    assert best(machine) == ("cu130", "2.15")


def test_the_driver_that_finds_no_device_is_cpu() -> None:
    files = {
        path: text for path, text in nvidia_files("580.65.06", "1db6").items() if "information" not in path
    }
    del files["/dev/nvidia0"]
    machine = Machine(
        files=files, programs={"nvml": SourceText("driver=580.65.06\nerror=No devices were found\n", "ok")}
    )
    (gpu,) = look(machine).host.accelerators
    assert "finds no device" in str(gpu.why_unusable)
    assert best(machine)[0] == "cpu"


@pytest.mark.parametrize("value", ["-1", "", "NoDevFiles", "7"])
def test_cuda_visible_devices_can_hide_every_gpu(value: str) -> None:
    machine = Machine(files=nvidia_files("580.65.06", "2684"), env={"CUDA_VISIBLE_DEVICES": value})
    (gpu,) = look(machine).host.accelerators
    assert not gpu.usable
    assert "CUDA_VISIBLE_DEVICES" in str(gpu.why_unusable)
    assert best(machine) == ("cpu", None)


def test_cuda_numbers_the_fastest_gpu_first_unless_told_otherwise() -> None:
    files = nvidia_files("580.65.06", "1b80", "2684")
    by_speed = look(Machine(files=files, env={"CUDA_VISIBLE_DEVICES": "0"})).host
    by_bus = look(
        Machine(files=files, env={"CUDA_VISIBLE_DEVICES": "0", "CUDA_DEVICE_ORDER": "PCI_BUS_ID"})
    ).host
    assert [gpu.usable for gpu in by_speed.accelerators] == [False, True]
    assert [gpu.usable for gpu in by_bus.accelerators] == [True, False]


def test_a_gpu_that_belongs_to_a_virtual_machine_is_left_out() -> None:
    files = {**nvidia_files("595.58.03", "2684"), **pci("0000:41:00.0", "10DE:1B80", "vfio-pci")}
    machine = Machine(files=files)
    assert [gpu.usable for gpu in look(machine).host.accelerators] == [True, False]
    assert best(machine) == ("cu132", "2.15")


def test_wsl_takes_the_driver_of_windows() -> None:
    files = {"/dev/dxg": "", "/usr/lib/wsl/lib/libnvidia-ml.so.1": ""}
    machine = Machine(WSL, files, {"nvml": SourceText(NVML_OK, "ok")})
    detection = look(machine)
    assert detection.host.wsl
    assert detection.host.accelerators[0].driver == "560.94"
    assert best(machine) == ("cu126", "2.14")


def test_wsl_falls_back_to_nvidia_smi_and_reads_the_driver_not_the_stub() -> None:
    files = {"/dev/dxg": "", "/usr/lib/wsl/lib/nvidia-smi": ""}
    programs = {
        "nvidia-smi --query": SourceText('Field "compute_cap" is not a valid field to query.\n', "exit 2"),
        "nvidia-smi": SourceText(BANNER, "ok"),
    }
    (gpu,) = look(Machine(WSL, files, programs)).host.accelerators
    assert (gpu.driver, gpu.compute_capability, gpu.memory_mib) == ("560.94", "8.9", 16376)


def test_wsl_without_the_windows_libraries_starts_nothing() -> None:
    machine = Machine(WSL, {"/dev/dxg": ""})
    assert look(machine).host.accelerators == ()
    assert machine.started == []


def test_windows_reads_nvml_and_its_own_list_of_adapters() -> None:
    registry = (
        "HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Control\\Class\\{4d36e968}\\0000\n"
        "    DriverDesc    REG_SZ    NVIDIA GeForce RTX 4080\n"
        "    MatchingDeviceId    REG_SZ    PCI\\VEN_10DE&DEV_2704&SUBSYS_12345678\n"
        "    DriverVersion    REG_SZ    32.0.15.6094\n"
    )
    files = {r"C:\Windows\System32\nvml.dll": ""}
    machine = Machine(
        WINDOWS, files, {"nvml": SourceText(NVML_OK, "ok"), "reg query": SourceText(registry, "ok")}
    )
    host = look(machine).host
    assert (host.os, host.arch) == ("windows", "amd64")
    assert len(host.accelerators) == 1
    assert host.accelerators[0].device_id == "2704"
    assert best(machine) == ("cu126", "2.14")


def test_an_amd_gpu_needs_no_rocm_userland() -> None:
    files = {
        **pci("0000:03:00.0", "1002:744C", "amdgpu"),
        **kfd_node(0, vendor_id=0, simd_count=0),
        **kfd_node(1, gfx_target_version=110000, device_id=0x744C, location_id=0x300),
        "/dev/kfd": "",
        "/dev/dri/renderD128": "",
    }
    machine = Machine(files=files)
    (gpu,) = look(machine).host.accelerators
    assert (gpu.kind, gpu.gfx, gpu.usable) == ("rocm", "gfx1100", True)
    assert best(machine)[0] == "rocm7.2"
    assert machine.started == []


def test_an_nvidia_node_of_kfd_is_no_amd_gpu() -> None:
    files = {**kfd_node(1, vendor_id=4318, gfx_target_version=0, device_id=0x2684), "/dev/kfd": ""}
    assert look(Machine(files=files)).host.accelerators == ()


def test_an_amd_gpu_in_a_container_without_kfd_says_which_devices_to_pass() -> None:
    files = {**pci("0000:03:00.0", "1002:744C", "amdgpu"), "/run/.containerenv": ""}
    (gpu,) = look(Machine(files=files)).host.accelerators
    assert not gpu.usable
    assert "--device /dev/kfd" in str(gpu.needs)


def test_hip_visible_devices_hides_amd_gpus() -> None:
    files = {**kfd_node(1, gfx_target_version=90402, unique_id=7), "/dev/kfd": ""}
    (gpu,) = look(Machine(files=files, env={"HIP_VISIBLE_DEVICES": "-1"})).host.accelerators
    assert "HIP_VISIBLE_DEVICES" in str(gpu.why_unusable)


def test_an_old_intel_display_is_no_xpu() -> None:
    machine = Machine(files={**pci("0000:00:02.0", "8086:0166", "i915"), "/dev/dri/renderD128": ""})
    host = look(machine).host
    assert host.accelerators == ()
    assert "8086:0166" in host.other_gpus[0]
    assert best(machine)[0] == "cpu"


def test_an_arc_gpu_is_an_xpu_where_its_node_is() -> None:
    files = pci("0000:03:00.0", "8086:56A0", "xe")
    assert best(Machine(files={**files, "/dev/dri/renderD128": ""}))[0] == "xpu"
    assert best(Machine(files=files))[0] == "cpu"


def test_a_mac_is_told_from_the_interpreters_facts() -> None:
    machine = Machine(MAC)
    assert look(machine).host.accelerators[0].kind == "mps"
    assert best(machine) == ("mps", None)
    assert machine.started == []


def test_an_old_macos_caps_torch_or_has_no_mps() -> None:
    thirteen = PlatformFacts("Darwin", "arm64", "3.11.9", mac_version="13.6")
    eleven = PlatformFacts("Darwin", "arm64", "3.9.9", mac_version="11.7")
    assert best(Machine(thirteen)) == ("mps", "2.11")
    assert best(Machine(eleven))[0] == "cpu"


def test_a_jetson_is_no_ordinary_cuda_machine() -> None:
    arm = PlatformFacts("Linux", "aarch64", "3.10.12", "glibc 2.35", "5.15.148-tegra")
    files = {
        "/etc/nv_tegra_release": "# R36 (release), REVISION: 4.3, GCID: 38968081, BOARD: generic\n",
        "/proc/device-tree/model": "NVIDIA Jetson AGX Orin Developer Kit\0",
        "/dev/nvhost-gpu": "",
    }
    machine = Machine(arm, files)
    host = look(machine).host
    assert host.l4t == "36.4.3"
    assert host.accelerators[0].compute_capability == "8.7"
    assert best(machine)[0] == "jetson"
    assert machine.started == []


BUILDKIT_MOUNTS = (
    "2291 2280 0:27 / /dev/mqueue rw - mqueue mqueue rw\n"
    "2295 2280 8:1 /lib/docker/volumes/state/_data/runc-overlayfs/executor/resolv.conf /etc/resolv.conf ro - ext4 x\n"
)
DOCKER_MOUNTS = "812 800 8:1 /lib/docker/containers/4f/resolv.conf /etc/resolv.conf rw - ext4 x\n"
BUILDAH_ENV = '\nengine="buildah-1.43.0"\nname="python-working-container"\nid="0c"\nrootless=1\n'


@for_each(
    ("files", "env", "node", "kind"),
    [
        ({"/.dockerenv": ""}, {}, "a1b2", "docker"),
        ({}, {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, "pod", "kubernetes"),
        ({}, {"container": "lxc"}, "box", "lxc"),
        ({"/proc/1/cgroup": "0::/system.slice/libpod-12.scope"}, {}, "box", "podman"),
        ({}, {}, "buildkitsandbox", "buildkit"),
        ({"/proc/self/mountinfo": BUILDKIT_MOUNTS}, {}, "renamed", "buildkit"),
        ({"/proc/self/mountinfo": BUILDKIT_MOUNTS.replace("v.conf /", "v-host.conf /")}, {}, "x", "buildkit"),
        ({"/proc/self/mountinfo": DOCKER_MOUNTS, "/.dockerenv": ""}, {}, "a1b2", "docker"),
        ({"/run/.containerenv": BUILDAH_ENV}, {"container": "oci"}, "box", "buildah"),
        ({"/run/.containerenv": BUILDAH_ENV, "/.dockerenv": ""}, {}, "box", "buildah"),
        ({"/run/.containerenv": 'engine="podman-5.6.1"\nimage="localhost/buildah"\n'}, {}, "box", "podman"),
        ({"/run/.containerenv": 'engine="podman-4.9.3"\nname="engine=buildah"\n'}, {}, "box", "podman"),
        ({"/kaniko": ""}, {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, "pod", "kaniko"),
        ({}, {"CNB_BP_PLAN_PATH": "/tmp/plan.toml", "KUBERNETES_SERVICE_HOST": "1"}, "pod", "buildpacks"),
        ({}, {"APPTAINER_LABELS": "/.build.labels"}, "login3", "apptainer"),
        ({}, {"SINGULARITY_LABELS": "/.build.labels"}, "login3", "apptainer"),
        ({"/proc/1/cgroup": "0::/init.scope"}, {}, "desk", None),
    ],
)
def test_containers_are_told_apart(
    files: dict[str, str], env: dict[str, str], node: str, kind: str | None
) -> None:
    facts = PlatformFacts("Linux", "x86_64", "3.12.4", "glibc 2.39", "6.8.0", node=node)
    assert look(Machine(facts, files, env=env)).host.container == kind


def test_a_lost_gpu_beside_a_working_one_is_told_apart() -> None:
    answer = "driver=560.94\nindex=0\nuuid=GPU-1\nbus=00000000:01:00.0\ndevice=0xffee\nname=RTX\nmemory=100\ncompute_cap=8.9\nerror=GPU is lost (GPU 1)\n"
    machine = Machine(
        files=nvidia_files("560.94", "ffee", "2684"), programs={"nvml": SourceText(answer, "ok")}
    )
    working, lost = look(machine).host.accelerators
    assert (working.usable, lost.usable, lost.repairable) == (True, False, True)
    assert lost.bus == "0000:02:00.0"


def test_a_mask_hides_a_jetson_as_well() -> None:
    machine = Machine(
        files={"/proc/device-tree/model": "NVIDIA Jetson Nano\0"}, env={"CUDA_VISIBLE_DEVICES": ""}
    )
    assert not look(machine).host.accelerators[0].usable


def test_an_odd_line_in_proc_does_not_end_the_detection() -> None:
    files = {
        "/proc/driver/nvidia/version": "NVRM version: \x00\xff garbage 9999999999999.1\n",
        SYS_DRIVER: "\n",
    }
    assert look(Machine(files=files)).host.accelerators == ()


def test_thorough_asks_every_probe_that_this_system_can_have() -> None:
    machine = Machine()
    detection = detect(machine, load_catalogue(), thorough=True)
    assert {"rocminfo", "nvidia-smi", "nvml", "sycl-ls", "xpu-smi discovery"} <= set(machine.started)
    assert {probe.outcome for probe in detection.probes} == {"missing"}


@pytest.mark.parametrize("reported", ["[N/A]", "ERR!"])
def test_wsl_whose_query_tells_no_driver_is_asked_for_the_banner(reported: str) -> None:
    programs = {
        "nvidia-smi --query-gpu": SourceText(f"0, NVIDIA GeForce RTX 4080, {reported}, 8.9\n", "ok"),
        "nvidia-smi -L": SourceText("GPU 0: NVIDIA GeForce RTX 4080 (UUID: GPU-1b2c)\n", "ok"),
        "nvidia-smi": SourceText(BANNER, "ok"),
    }
    files = {"/dev/dxg": "", "/usr/lib/wsl/lib/nvidia-smi": "", "/usr/lib/wsl/lib/libcuda.so.1": ""}
    (gpu,) = look(Machine(WSL, files, programs)).host.accelerators
    assert gpu.driver == "560.94"
