"""The verification program in an environment of its own that holds a small stand-in for torch."""

from __future__ import annotations

import ast
import os
import sys
import time
import venv
from typing import TYPE_CHECKING

import pytest

from poetry_aiops.hardware.verification import PROGRAM, verify_environment


if TYPE_CHECKING:
    from pathlib import Path

    from poetry_aiops.hardware.verification import FrameworkVerdict


pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the environment is laid out as on POSIX")

TORCH = """
__version__ = "2.14.1{tag}"


class version:
    cuda = {cuda!r}
    hip = {hip!r}


class Tensor:
    def __init__(self, device): self.device = device
    def __matmul__(self, other): return self
    def sum(self):
        if {error!r} and self.device.startswith({failing!r}): raise RuntimeError({error!r})
        return self
    def item(self): return {result!r}


def ones(*shape, device): return Tensor(device)


class cuda:
    def is_available(): return bool({gpus!r})
    def device_count(): return len({gpus!r})
    def get_arch_list(): return {arches!r}
    def get_device_properties(index):
        class facts:
            name, major, minor, gcnArchName = {gpus!r}[index]
        return facts
"""
CU126 = ["sm_50", "sm_80", "sm_86", "sm_90"]
NO_KERNEL = "CUDA error: no kernel image is available for execution on the device"


class Environment:
    """A virtual environment without pip and without anything installed."""

    def __init__(self, folder: Path) -> None:
        venv.create(folder, with_pip=False, symlinks=True)
        self.python = folder / "bin" / "python"
        self.site_packages = next(folder.glob("lib/python*/site-packages"))

    def holds(self, text: str, name: str = "torch") -> Environment:
        (self.site_packages / name).mkdir(exist_ok=True)
        (self.site_packages / name / "__init__.py").write_text(text, "utf-8")
        return self

    def torch(
        self,
        *gpus: tuple[str, int, int, str],
        tag: str = "+cu126",
        cuda: str | None = "12.6",
        hip: str | None = None,
        arches: list[str] | None = None,
        error: str | None = None,
        failing: str = "",
        result: float = 64**3,
    ) -> Environment:
        """Install the stand-in; ``gpus`` are name, major, minor and AMD's architecture."""
        values = {"tag": tag, "cuda": cuda, "hip": hip, "arches": arches or CU126, "gpus": list(gpus)}
        return self.holds(TORCH.format(**values, error=error, failing=failing, result=result))

    def verify(self, backend: str, best: str | None = None, time_limit: float = 60.0) -> FrameworkVerdict:
        return verify_environment(self.python, backend, best, time_limit)


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    return Environment(tmp_path / "env")


def refused(verdict: FrameworkVerdict, *said: str) -> None:
    reported = " ".join(verdict.reasons)
    assert not verdict.ok
    assert verdict.fix
    assert not [part for part in said if part not in reported], reported


A100 = ("NVIDIA A100", 8, 0, "")
RTX_5090 = ("NVIDIA GeForce RTX 5090", 12, 0, "")


def test_a_build_that_computes_on_every_device_works(environment: Environment) -> None:
    verdict = environment.torch(A100, A100).verify("cu126")
    assert verdict.ok
    assert verdict.reasons == (
        "torch 2.14.1+cu126 computed correctly on cuda:0 (NVIDIA A100), cuda:1 (NVIDIA A100)",
    )


def test_no_kernel_image_is_told_with_what_to_install(environment: Environment) -> None:
    verdict = environment.torch(RTX_5090, error=NO_KERNEL).verify("cu126", best="cu130")
    refused(verdict, "sm_90, and NVIDIA GeForce RTX 5090 is 12.0", "no kernel image")
    assert "poetry hw-install --hardware cu130" in (verdict.fix or "")


def test_one_failing_device_of_two_is_named(environment: Environment) -> None:
    verdict = environment.torch(A100, RTX_5090, error=NO_KERNEL, failing="cuda:1").verify("cu126")
    refused(verdict, "failed on cuda:1 (NVIDIA GeForce RTX 5090)")
    assert "cuda:0" not in " ".join(verdict.reasons)


def test_a_wrong_result_is_no_success(environment: Environment) -> None:
    refused(environment.torch(A100, result=17.0).verify("cu126"), "17.0 instead of 262144")


def test_another_build_than_the_chosen_one_is_told(environment: Environment) -> None:
    refused(
        environment.torch(A100, tag="+cu130", cuda="13.0").verify("cu126"),
        "for cuda 13.0, and cu126 was chosen",
    )


def test_the_cpu_build_in_a_gpu_environment_is_told(environment: Environment) -> None:
    verdict = environment.torch(tag="+cpu", cuda=None, error="Torch not compiled with CUDA enabled").verify(
        "cu126"
    )
    refused(verdict, "a build for the CPU, and cu126 was chosen", "the build has no CUDA")


def test_a_build_on_a_machine_without_a_gpu_is_told(environment: Environment) -> None:
    error = "Found no NVIDIA driver on your system."
    refused(environment.torch(error=error).verify("cu126"), "failed on cuda: no NVIDIA driver was found")


def test_an_amd_build_is_held_to_its_gfx_names(environment: Environment) -> None:
    gpu = ("AMD Instinct MI300X", 9, 4, "gfx942:sramecc+:xnack-")
    environment.torch(gpu, tag="+rocm7.2", cuda=None, hip="7.2.26015", arches=["gfx90a", "gfx942"])
    assert environment.verify("rocm7.2").ok
    refused(environment.verify("rocm6.4"), "for rocm 7.2.26015, and rocm6.4 was chosen")


def test_the_cpu_is_computed_on(environment: Environment) -> None:
    assert environment.torch(tag="+cpu", cuda=None).verify("cpu").reasons == (
        "torch 2.14.1+cpu computed correctly on cpu",
    )


def test_an_import_that_fails_is_told(environment: Environment) -> None:
    environment.holds("raise ImportError('libcudart.so.12: cannot open shared object file')")
    refused(environment.verify("cu126"), "ImportError: libcudart.so.12")


def test_an_import_that_crashes_is_told(environment: Environment) -> None:
    environment.holds("import os\nos.abort()")
    refused(environment.verify("cu126"), "ended the process")


def test_an_import_that_leaves_the_program_is_told(environment: Environment) -> None:
    environment.holds("raise SystemExit('go away')")
    refused(environment.verify("cu126"), "go away")


def test_an_import_that_hangs_is_stopped(environment: Environment) -> None:
    began = time.monotonic()
    refused(
        environment.holds("import time\ntime.sleep(600)").verify("cu126", time_limit=1.0), "took too long"
    )
    assert time.monotonic() - began < 120


def test_what_a_framework_prints_does_not_disturb(environment: Environment) -> None:
    environment.torch(A100)
    path = environment.site_packages / "torch" / "__init__.py"
    path.write_text(
        "import sys\nprint('{noise', end='')\nsys.stderr.write('warning')\n" + path.read_text("utf-8")
    )
    assert environment.verify("cu126").ok


def test_an_environment_without_a_framework_is_no_success(environment: Environment) -> None:
    refused(environment.verify("cu126"), "none of torch")


def test_a_python_that_is_not_there_is_told(tmp_path: Path) -> None:
    refused(verify_environment(tmp_path / "python", "cu126"), "could not be started")


def test_neither_pythonpath_nor_the_working_directory_stands_in(
    environment: Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "torch.py").write_text(
        TORCH.format(tag="", cuda=None, hip=None, arches=[], gpus=[], error="", failing="", result=64**3)
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", os.fspath(tmp_path))
    refused(environment.verify("cpu"), "none of torch")


def test_without_torch_another_framework_is_verified(environment: Environment) -> None:
    jax = "__version__ = '0.7.0'\ndef devices(wanted): raise RuntimeError(f'Unknown backend {wanted}')\n"
    refused(environment.holds(jax, "jax").verify("cu126"), "jax 0.7.0", "Unknown backend cuda")


def test_the_source_is_python_3_8() -> None:
    ast.parse(PROGRAM.read_text("utf-8"), feature_version=(3, 8))
