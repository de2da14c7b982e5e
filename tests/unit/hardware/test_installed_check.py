from __future__ import annotations

import pytest
from tests.support.every import for_each

from poetry_aiops.hardware.installed import InstalledBuild, InstalledFacts, installed_builds
from poetry_aiops.hardware.installed_check import InstalledFinding, compare


def builds(*named: str, os: str = "linux") -> tuple[InstalledBuild, ...]:
    return installed_builds(InstalledFacts(dict(item.split("==") for item in named), None, os))


def only(backend: str, *named: str, os: str = "linux") -> InstalledFinding:
    (finding,) = compare(backend, builds(*named, os=os))
    return finding


@for_each(
    ("backend", "version", "outcome"),
    [
        ("cu126", "2.14.1+cu126", "ok"),
        ("cu126", "2.14.1+cu130", "wrong"),
        ("cu126", "2.14.1+cpu", "wrong"),
        ("cpu", "2.14.1+cu126", "wrong"),
        ("cpu", "2.14.1+cpu", "ok"),
        ("rocm7.2", "2.12.0+rocm7.2", "ok"),
        ("rocm7.2", "2.12.0+rocm6.4", "wrong"),
        ("rocm6.2.4", "2.7.0+rocm6.2.4", "ok"),
        ("xpu", "2.14.1+xpu", "ok"),
        ("xpu", "2.14.1+cpu", "wrong"),
        ("cu126", "2.14.1", "unknown"),
        ("jetson", "2.14.1+cpu", "wrong"),
        ("jetson", "2.14.1+cu126", "ok"),
        ("mps", "2.14.1+cpu", "wrong"),
    ],
)
def test_torchs_build_is_held_to_the_backend(backend: str, version: str, outcome: str) -> None:
    assert only(backend, f"torch=={version}").outcome == outcome


@pytest.mark.parametrize("backend", ["cpu", "mps"])
def test_one_wheel_serves_the_cpu_and_the_gpu_of_a_mac(backend: str) -> None:
    assert only(backend, "torch==2.14.1", os="macos").outcome == "ok"


def test_a_finding_says_what_is_there_and_what_was_chosen() -> None:
    finding = only("cu126", "torch==2.14.1+cpu")
    assert finding.installed == "torch 2.14.1+cpu: the CPU build"
    assert finding.expected == "cu126"
    assert finding.text == ("torch 2.14.1+cpu is the CPU build (the version carries +cpu); cu126 was chosen.")


def test_libraries_that_tell_the_major_version_alone_leave_it_open() -> None:
    assert only("cu126", "torch==2.11.0", "nvidia-cublas-cu12==12.8").outcome == "unknown"
    assert only("cu130", "torch==2.11.0", "nvidia-cublas-cu12==12.8").outcome == "wrong"
    assert only("cu126", "torch==2.11.0", "nvidia-cuda-runtime-cu12==12.6.77").outcome == "ok"
    assert only("cu126", "torch==2.11.0", "nvidia-cuda-runtime-cu12==12.8.90").outcome == "wrong"


def test_an_ordinary_cuda_build_on_a_jetson_is_left_open() -> None:
    assert only("jetson", "torch==2.11.0+cu126", "nvidia-cublas-cu12==12.6").outcome == "unknown"


@for_each(
    ("backend", "named", "outcome"),
    [
        ("cu130", ["jax==0.7", "jax-cuda13-plugin==0.7"], "ok"),
        ("cu130", ["jax==0.7", "jax-cuda12-plugin==0.7"], "ok"),
        ("cu126", ["jax==0.7", "jax-cuda13-plugin==0.7"], "unknown"),
        ("rocm7.2", ["jax==0.7", "jax-rocm7-plugin==0.7"], "ok"),
        ("rocm6.4", ["jax==0.7", "jax-rocm7-plugin==0.7"], "wrong"),
        ("cu126", ["onnxruntime-gpu==1.23"], "ok"),
        ("cpu", ["cupy-cuda12x==13.6"], "wrong"),
        ("cu126", ["jax==0.7"], "wrong"),
    ],
)
def test_other_frameworks_are_held_to_the_major_version(backend: str, named: list[str], outcome: str) -> None:
    assert only(backend, *named).outcome == outcome


def test_a_second_framework_may_run_on_the_cpu() -> None:
    torch, runtime = compare("cu126", builds("torch==2.14.1+cu126", "onnxruntime==1.23"))
    assert (torch.outcome, runtime.outcome) == ("ok", "ok")
    assert "runs on the CPU beside cu126" in runtime.text


def test_what_the_variant_provides_has_to_be_its_build() -> None:
    installed = builds("torch==2.14.1+cpu", "onnxruntime==1.23")
    outcomes = [finding.outcome for finding in compare("cu126", installed, provided={"onnxruntime"})]
    assert outcomes == ["ok", "wrong"]


def test_packages_that_overwrite_each_other_are_wrong() -> None:
    finding = only("cu126", "onnxruntime==1.23", "onnxruntime-gpu==1.23")
    assert finding.outcome == "wrong"
    assert "overwrite each other" in finding.text


def test_without_a_variant_nothing_is_compared() -> None:
    assert compare(None, builds("torch==2.14.1+cpu")) == ()
