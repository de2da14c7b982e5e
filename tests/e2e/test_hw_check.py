"""The program ``hw-check`` as a container starts it: a bare interpreter, a record, and a machine made of files."""

from __future__ import annotations

import ast
import json
import os
import platform
import shlex
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.processes import family, is_gone

from poetry_aiops.accelerators.catalogue import load_catalogue
from poetry_aiops.locking.environment_record import SOURCE
from poetry_aiops.locking.record import InstallRecord, needs_of


if TYPE_CHECKING:
    from pathlib import Path


pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="machines made of files look like Linux")

A100 = "550.54.14, 8.0, NVIDIA A100-SXM4-40GB"
CATALOGUE = load_catalogue()
NAMED_PYTHONS = ("python3.8", "python3.9", "python3.12", "python3.13", "python3.14")


@dataclass(frozen=True)
class Ended:
    """How one run ended."""

    code: int
    out: str
    err: str


class Machine:
    """A root folder, a PATH of its own, and a record; everything is added by what a test needs."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "root"
        self.bin = folder / "bin"
        self.record = folder / "record.json"
        self.env: dict[str, str] = {}
        self.python = sys.executable
        for path in (self.root, self.bin):
            path.mkdir()

    def file(self, path: str, text: str = "") -> Machine:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text, "utf-8")
        return self

    def nvidia(self, driver: str = "550.54.14", *rows: str) -> Machine:
        self.file("sys/module/nvidia/version", driver + "\n").file("dev/nvidia0").file("dev/nvidiactl")
        return self.smi("echo '" + "\n".join(rows or (A100,)) + "'")

    def amd(self, target: int = 90402) -> Machine:
        nodes = "sys/class/kfd/kfd/topology/nodes"
        self.file(f"{nodes}/0/properties", "cpu_cores_count 8\nvendor_id 0\ngfx_target_version 0\n")
        self.file(f"{nodes}/1/properties", f"simd_count 8\nvendor_id 4098\ngfx_target_version {target}\n")
        return self.file("dev/kfd")

    def smi(self, script: str) -> Machine:
        program = self.bin / "nvidia-smi"
        program.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
        program.chmod(0o755)
        return self

    def holds(self, backend: str, torch: str | None = "2.14.1", **changes: Any) -> Machine:
        arch = platform.machine()
        needs = needs_of(backend, torch, arch, CATALOGUE)
        made = InstallRecord("ml", backend, None, None, torch, "3.12.1", "linux", arch, needs)
        self.record.write_text(json.dumps({**json.loads(made.to_json()), **changes}), "utf-8")
        return self

    def check(self, *arguments: str, **env: str) -> Ended:
        ended = subprocess.run(
            [self.python, "-IS", SOURCE, "--record", self.record, "--root", self.root, *arguments],
            env={"PATH": f"{self.bin}{os.pathsep}/usr/bin{os.pathsep}/bin", **self.env, **env},
            capture_output=True,
            text=True,
            check=False,
            timeout=110,
        )
        assert "Traceback" not in ended.stderr
        return Ended(ended.returncode, ended.stdout, ended.stderr)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def misfit(ended: Ended, *said: str) -> None:
    reported = " ".join(ended.err.split())
    assert (ended.code, ended.out) == (1, ""), ended
    assert reported.startswith("hw-check: ml (")
    assert not [part for part in said if part not in reported], reported


def fits(ended: Ended, *said: str) -> None:
    assert (ended.code, ended.err) == (0, ""), ended
    assert len(ended.out.splitlines()) == 1
    assert not [part for part in said if part not in ended.out], ended.out


# -- NVIDIA ---------------------------------------------------------------------------------------------


def test_a_build_on_its_machine_fits_in_one_line(machine: Machine) -> None:
    machine.nvidia().holds("cu126")
    fits(machine.check(), "ml (cu126) fits", "A100", "compute capability 8.0", "driver 550.54.14")


def test_a_gpu_that_the_build_holds_no_code_for_does_not_fit(machine: Machine) -> None:
    machine.nvidia("580.65.06", "580.65.06, 12.0, NVIDIA GeForce RTX 5090").holds("cu126")
    misfit(machine.check(), "9.0, and this machine has NVIDIA GeForce RTX 5090", "poetry hw-install")


def test_one_of_several_gpus_is_enough_and_the_other_is_told(machine: Machine) -> None:
    machine.nvidia("580.65.06", "580.65.06, 12.0, RTX 5090", "580.65.06, 8.9, RTX 4090").holds("cu126")
    fits(machine.check(), "(1 of 2 GPUs cannot run this build)")


def test_a_driver_below_the_floor_names_the_version_to_upgrade_to(machine: Machine) -> None:
    machine.nvidia("535.183.01", "535.183.01, 8.0, A100").holds("cu130", "2.15.0")
    misfit(machine.check(), "the NVIDIA driver is 535.183.01", "CUDA 13.0 needs 580", "to at least 580")


@pytest.mark.parametrize(
    ("driver", "backend", "torch"), [("525.60.13", "cu126", "2.14.1"), ("580", "cu130", "2.15.0")]
)
def test_the_oldest_driver_that_fits_is_accepted(
    machine: Machine, driver: str, backend: str, torch: str
) -> None:
    machine.nvidia("580.00" if driver == "580" else driver, f"{driver}.0, 8.0, A100").holds(backend, torch)
    fits(machine.check(), "A100")


def test_a_driver_one_step_below_the_oldest_is_refused(machine: Machine) -> None:
    machine.nvidia("525.60.12", "525.60.12, 8.0, A100").holds("cu126")
    misfit(machine.check(), "CUDA 12.6 needs 525.60.13")


@pytest.mark.parametrize(
    ("gpu", "compat", "path", "says"),
    [
        ("NVIDIA A30", "580.65.06", "/usr/local/cuda/compat:/usr/lib", ()),
        (
            "NVIDIA A30",
            "580.65.06",
            "/usr/lib",
            ("no program loads it", "Put /usr/local/cuda-13.0/compat first"),
        ),
        ("NVIDIA A30", "560.35.05", "/usr/local/cuda/compat", ("580 or newer",)),
        ("NVIDIA GeForce RTX 3090", "580.65.06", "/usr/local/cuda/compat", ("not on NVIDIA GeForce",)),
    ],
)
def test_cuda_compat_stands_in_for_a_newer_driver_on_data_center_gpus(
    machine: Machine, gpu: str, compat: str, path: str, says: tuple[str, ...]
) -> None:
    machine.nvidia("535.183.06", f"535.183.06, 8.0, {gpu}").holds("cu130")
    machine.file(f"usr/local/cuda-13.0/compat/libcuda.so.{compat}")
    ended = machine.check(LD_LIBRARY_PATH=path)
    if says:
        misfit(ended, *says)
    else:
        fits(ended, f"cuda-compat {compat}")


def test_the_driver_is_read_from_the_banner_too(machine: Machine) -> None:
    banner = (
        "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  535.183.01  Release Build\n"
        "GCC version:  gcc version 13.2.0\n"
    )
    machine.nvidia().holds("cu130", "2.15.0").file("proc/driver/nvidia/version", banner)
    (machine.root / "sys/module/nvidia/version").unlink()
    misfit(machine.check(), "the NVIDIA driver is 535.183.01")


def test_a_machine_without_a_gpu_does_not_fit(machine: Machine) -> None:
    misfit(machine.holds("cu126").check(), "no NVIDIA GPU was found", "POETRY_AIOPS_HARDWARE")


def test_a_container_without_a_gpu_is_told_how_to_get_one(machine: Machine) -> None:
    machine.holds("cu126").file(".dockerenv")
    misfit(machine.check(), "docker run --gpus all", "device reservation")


def test_a_container_that_was_not_given_the_gpu_names_the_hosts_driver(machine: Machine) -> None:
    machine.holds("cu126").file(".dockerenv").file("sys/module/nvidia/version", "550.54.14\n")
    misfit(machine.check(), "no access to a GPU (the host's driver is 550.54.14)", "--gpus all")


def test_a_driver_without_its_device_outside_of_a_container_is_told(machine: Machine) -> None:
    machine.holds("cu126").file("sys/module/nvidia/version", "550.54.14\n")
    misfit(machine.check(), "there is no device /dev/nvidia0", "nvidia-modprobe")


@pytest.mark.parametrize("value", ["", "-1", "none", "NoDevFiles", "-1,0", "x0"])
def test_a_mask_that_hides_every_gpu_is_named(machine: Machine, value: str) -> None:
    machine.nvidia().holds("cu126")
    misfit(machine.check(CUDA_VISIBLE_DEVICES=value), f"CUDA_VISIBLE_DEVICES={value!r} hides every GPU")


@pytest.mark.parametrize("value", ["0", "0,1", "GPU-1234abcd", "MIG-GPU-12/1/0", "0,-1"])
def test_a_mask_that_leaves_a_gpu_is_fine(machine: Machine, value: str) -> None:
    fits(machine.nvidia().holds("cu126").check(CUDA_VISIBLE_DEVICES=value))


def test_a_mask_that_names_a_gpu_beyond_the_last_is_told(machine: Machine) -> None:
    machine.nvidia().holds("cu126")
    misfit(machine.check(CUDA_VISIBLE_DEVICES="1"), "names GPU 1, and there are 1")


@pytest.mark.parametrize("value", ["void", "none", ""])
def test_gpus_withheld_by_the_container_runtime_are_told(machine: Machine, value: str) -> None:
    machine.holds("cu126").file(".dockerenv").file("sys/module/nvidia/version", "550.54.14\n")
    misfit(machine.check(NVIDIA_VISIBLE_DEVICES=value), f"NVIDIA_VISIBLE_DEVICES={value!r} hides")


def test_a_hanging_nvidia_smi_is_stopped_and_the_rest_still_counts(machine: Machine) -> None:
    machine.nvidia().smi("sleep 120 & sleep 120").holds("cu126")
    began = time.monotonic()
    fits(machine.check(), "compute capability nvidia-smi did not report", "driver 550.54.14")
    assert time.monotonic() - began < 60


@pytest.mark.parametrize(
    "script", ["exit 1", "echo '[N/A]'", "echo 550.54.14, [N/A], A100", "head -c 300000 /dev/zero"]
)
def test_an_nvidia_smi_that_tells_nothing_leaves_the_capability_open(machine: Machine, script: str) -> None:
    fits(machine.nvidia().smi(script).holds("cu126").check(), "was not compared")


def test_an_nvidia_smi_of_the_folder_that_we_stand_in_is_never_started(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.nvidia().holds("cu126").smi("touch started")
    monkeypatch.chdir(machine.bin)
    machine.check(PATH=f".{os.pathsep}{os.pathsep}/usr/bin{os.pathsep}/bin")
    assert not (machine.bin / "started").exists()


def test_a_machine_without_nvidia_smi_is_judged_by_its_driver(machine: Machine) -> None:
    machine.nvidia().holds("cu126")
    (machine.bin / "nvidia-smi").unlink()
    fits(machine.check(PATH=str(machine.bin)), "driver 550.54.14")


@pytest.mark.parametrize(
    ("script", "said", "fix"),
    [
        (
            "echo 'Failed to initialize NVML: Driver/library version mismatch'; exit 18",
            "differ in version",
            "Reboot",
        ),
        ("echo 'No devices were found'; exit 6", "finds no device", "NVRM"),
    ],
)
def test_what_nvidia_smi_says_is_broken_does_not_fit(
    machine: Machine, script: str, said: str, fix: str
) -> None:
    misfit(machine.nvidia().smi(script).holds("cu126").check(), said, fix)


def test_wsl_is_judged_by_the_driver_of_windows(machine: Machine) -> None:
    machine.file("dev/dxg").holds("cu126").smi("echo '560.94, 8.9, NVIDIA GeForce RTX 4090'")
    fits(machine.check(), "driver 560.94")
    machine.smi("echo '528.33, 8.9, NVIDIA GeForce RTX 4090'")
    fits(machine.check(), "driver 528.33")
    machine.smi("echo '527.41, 8.9, NVIDIA GeForce RTX 4090'")
    misfit(machine.check(), "CUDA 12.6 needs 528.33")


def test_a_jetson_before_jetpack_7_needs_its_own_builds(machine: Machine) -> None:
    machine.nvidia("540.4.0", "540.4.0, 8.7, Orin").holds("cu130", "2.15.0")
    machine.file("etc/nv_tegra_release", "# R36 (release), REVISION: 4.3, GCID: 1\n")
    misfit(machine.check(), "this is a Jetson")


# -- the other makers -----------------------------------------------------------------------------------


def test_an_amd_gpu_that_the_build_holds_code_for_fits(machine: Machine) -> None:
    fits(machine.amd(90402).holds("rocm7.2").check(), "AMD GPU gfx942")


def test_another_amd_architecture_does_not_fit(machine: Machine) -> None:
    misfit(machine.amd(90006).holds("rocm7.2").check(), "the build holds code for gfx908", "has gfx906")


def test_an_overridden_architecture_counts(machine: Machine) -> None:
    machine.amd(100301).holds("rocm7.2")
    misfit(machine.check(), "has gfx1031")
    fits(machine.check(HSA_OVERRIDE_GFX_VERSION="10.3.0"), "gfx1030")


def test_a_container_without_the_amd_device_is_told_how_to_get_it(machine: Machine) -> None:
    machine.amd().holds("rocm7.2").file("run/.containerenv")
    (machine.root / "dev/kfd").unlink()
    misfit(machine.check(), "/dev/kfd is missing", "--device /dev/kfd --device /dev/dri")


def test_a_machine_without_an_amd_gpu_does_not_fit(machine: Machine) -> None:
    misfit(machine.holds("rocm7.2").check(), "no AMD GPU is ready", "modprobe amdgpu")


@pytest.mark.parametrize("variable", ["ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES"])
def test_a_mask_hides_amd_gpus_too(machine: Machine, variable: str) -> None:
    misfit(machine.amd().holds("rocm7.2").check(**{variable: "-1"}), f"{variable}='-1' hides every GPU")


def test_an_intel_gpu_counts_by_its_id_and_its_device(machine: Machine) -> None:
    device = "sys/bus/pci/devices/0000:03:00.0"
    machine.holds("xpu")
    misfit(machine.check(), "no Intel GPU")
    for name, value in (("vendor", "0x8086"), ("class", "0x030000"), ("device", "0x0166")):
        machine.file(f"{device}/{name}", value + "\n")
    misfit(machine.check(), "Intel GPU 0166, which the XPU build does not support")
    machine.file(f"{device}/device", "0x56a0\n")
    misfit(machine.check(), "/dev/dri/renderD*", "--device /dev/dri")
    fits(machine.file("dev/dri/renderD128").check(), "Intel GPU 56a0")
    low, high, _ = next(span for span in CATALOGUE.intel_ids if span[0] < span[1])
    for model in (low, high):
        fits(machine.file(f"{device}/device", f"0x{model:04x}\n").check(), f"Intel GPU {model:04x}")


def test_a_jetson_is_told_by_its_release_and_its_device(machine: Machine) -> None:
    machine.holds("jetson")
    misfit(machine.check(), "this is not a Jetson", "--runtime nvidia")
    machine.file("etc/nv_tegra_release", "# R36 (release), REVISION: 4.3, GCID: 1\n")
    misfit(machine.check(), "this container has no access to")
    fits(machine.file("dev/nvhost-gpu").check(), "Jetson Linux 36")


def test_a_macos_build_does_not_fit_here(machine: Machine) -> None:
    misfit(machine.holds("mps").check(), "MPS is for Macs")


@pytest.mark.parametrize("made_for", [{"os": "windows"}, {"arch": "riscv64"}])
def test_an_environment_made_for_another_system_does_not_fit(
    machine: Machine, made_for: dict[str, str]
) -> None:
    misfit(machine.holds("cpu", **made_for).check(), "the environment was made for")


def test_the_cpu_build_fits_everywhere(machine: Machine) -> None:
    fits(machine.holds("cpu").check(CUDA_VISIBLE_DEVICES="-1"), "ml (cpu) fits this machine")


# -- the program ----------------------------------------------------------------------------------------


def test_quiet_says_nothing_when_it_fits_and_all_when_it_does_not(machine: Machine) -> None:
    machine.nvidia().holds("cu126")
    assert machine.check("--quiet") == Ended(0, "", "")
    misfit(machine.check("--quiet", CUDA_VISIBLE_DEVICES=""), "hides every GPU")


def test_json_is_one_document_whatever_the_answer(machine: Machine) -> None:
    machine.nvidia().holds("cu126")
    for code, fit, env in ((0, True, {}), (1, False, {"CUDA_VISIBLE_DEVICES": "-1"})):
        ended = machine.check("--json", **env)
        reported = json.loads(ended.out)
        assert (ended.code, reported["fits"], reported["variant"], reported["backend"]) == (
            code,
            fit,
            "ml",
            "cu126",
        )
        assert reported["schema"] == "poetry-aiops/hw-check/1"
        assert bool(reported["fixes"]) != fit


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\x00",
        b"[]",
        b"[" * 100_000,
        b'{"schema": "other/1"}',
        b'{"schema": "poetry-aiops/record/1"}',
        b'{"schema": "poetry-aiops/record/1", "needs": {"kind": ["cuda"]}}',
        b'{"schema": "poetry-aiops/record/1", "needs": {"kind": "cuda", "gfx": [1]}}',
        b'{"schema": "poetry-aiops/record/1", "needs": {"kind": "cuda", "gfx": "gfx900"}}',
        b'{"schema": "poetry-aiops/record/1", "needs": {"kind": "cuda", "jetson_linux": "x"}}',
        b'{"schema": "poetry-aiops/record/1", "os": 3, "needs": {"kind": "cpu"}}',
    ],
)
def test_a_broken_record_is_exit_code_2_with_the_way_out(machine: Machine, content: bytes) -> None:
    machine.record.write_bytes(content)
    ended = machine.check()
    assert (ended.code, ended.out) == (2, "")
    assert str(machine.record) in ended.err
    assert "poetry hw-install" in ended.err


def test_no_record_at_all_is_exit_code_2(machine: Machine) -> None:
    assert machine.check().code == 2
    json_told = machine.check("--json")
    assert (json_told.code, json.loads(json_told.out)["fits"]) == (2, None)


def test_control_characters_never_reach_the_terminal(machine: Machine) -> None:
    machine.nvidia("550.54.14", "550.54.14, 8.0, \x1b[31mA100\x07").holds("cu126", variant="ml\x1b[2J")
    ended = machine.check()
    assert ended.code == 0
    assert "\x1b" not in ended.out + ended.err
    assert "\x07" not in ended.out


def test_the_source_is_python_3_8() -> None:
    ast.parse(SOURCE.read_text("utf-8"), feature_version=(3, 8))


@pytest.mark.parametrize("name", NAMED_PYTHONS)
def test_other_pythons_run_it(machine: Machine, name: str) -> None:
    found = shutil.which(name)
    starts = found and subprocess.run([found, "-c", ""], capture_output=True, check=False).returncode == 0
    if not found or not starts:
        pytest.skip(f"there is no {name} on PATH")
    machine.python = found
    machine.nvidia().holds("cu126")
    fits(machine.check(), "ml (cu126) fits")
    misfit(machine.check(CUDA_VISIBLE_DEVICES="-1"), "hides every GPU")


@pytest.mark.parametrize("ends", [False, True], ids=["it hangs", "it ends and its child keeps the pipe"])
def test_a_probe_that_takes_too_long_dies_with_its_children(
    machine: Machine, tmp_path: Path, ends: bool
) -> None:
    machine.nvidia().smi(family(tmp_path, ends=ends)).holds("cu126")
    fits(machine.check(), "was not compared")
    assert is_gone(tmp_path / "child")
    assert is_gone(tmp_path / "grandchild")


# -- when nothing reads what it prints ------------------------------------------------------------------


def without_a_reader(folder: Path, line: str) -> int:
    """Return the exit code of a line of sh whose outputs go to a pipe that nothing reads any more."""
    reading, writing = os.pipe()
    os.close(reading)
    subprocess.run(
        ["sh", "-c", f"{line}; echo $? > code"],
        cwd=folder,
        check=False,
        stdout=writing,
        stderr=writing,
        timeout=60,
    )
    os.close(writing)
    return int((folder / "code").read_text())


@pytest.mark.parametrize("arguments", [(), ("--json",)], ids=["text", "json"])
@pytest.mark.parametrize("backend", ["cpu", "cu126"])
@pytest.mark.parametrize("closing", [">&-", "2>&-", ">&- 2>&-", "> /dev/full", "2> /dev/full", ""])
def test_the_exit_code_is_the_answer_whatever_happens_to_the_outputs(
    machine: Machine, tmp_path: Path, backend: str, closing: str, arguments: tuple[str, ...]
) -> None:
    machine.holds(backend)
    program = [
        machine.python,
        "-IS",
        str(SOURCE),
        "--record",
        str(machine.record),
        "--root",
        str(machine.root),
    ]
    line = f"{shlex.join([*program, *arguments])} {closing}"
    assert without_a_reader(tmp_path, line) == (0 if backend == "cpu" else 1)


def test_the_command_is_started_with_the_pipe_although_nothing_reads_the_answer(
    machine: Machine, tmp_path: Path
) -> None:
    machine.holds("cpu")
    program = [machine.python, "-IS", str(SOURCE), "--record", str(machine.record), "--", "yes"]
    assert without_a_reader(tmp_path, shlex.join(program)) == 128 + signal.SIGPIPE


# -- as the entry point of an image ---------------------------------------------------------------------


def test_a_machine_that_fits_goes_on_with_the_command_in_place_of_the_check(machine: Machine) -> None:
    ended = machine.holds("cpu").check("--quiet", "--", "sh", "-c", 'echo "$0 $1"; exit 7', "a b", "--json")
    assert (ended.code, ended.out, ended.err) == (7, "a b --json\n", "")


def test_the_command_gets_the_default_handling_of_the_signals_that_python_ignores(machine: Machine) -> None:
    ended = machine.holds("cpu").check("--quiet", "--", "grep", "SigIgn", "/proc/self/status")
    ignored = int(ended.out.split()[1], 16)
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        assert not ignored & 1 << (number - 1), number.name


def test_a_machine_that_does_not_fit_never_starts_the_command(machine: Machine) -> None:
    misfit(machine.holds("cu126").check("--quiet", "--", "echo", "started"), "no NVIDIA GPU was found")


def test_without_a_record_the_command_is_not_started_either(machine: Machine) -> None:
    ended = machine.check("--", "echo", "started")
    assert (ended.code, ended.out) == (2, "")


def test_a_command_that_is_not_there_ends_as_in_a_shell(machine: Machine) -> None:
    ended = machine.holds("cpu").check("--quiet", "--", "no-such-program")
    assert (ended.code, ended.out) == (127, "")
    assert ended.err == "hw-check: no-such-program cannot be started: No such file or directory.\n"


def test_a_command_that_may_not_be_run_ends_as_in_a_shell(machine: Machine) -> None:
    (machine.bin / "text").write_text("no program", "utf-8")
    ended = machine.holds("cpu").check("--quiet", "--", str(machine.bin / "text"))
    assert (ended.code, ended.out) == (126, "")
