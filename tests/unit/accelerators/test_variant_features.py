"""The features of a machine in the names of the wheel-variant drafts' providers."""

from __future__ import annotations

from typing import Any

from poetry_aiops.accelerators.catalogue import load_catalogue
from poetry_aiops.accelerators.host import Accelerator, Cpu, Host
from poetry_aiops.accelerators.target import parse_target
from poetry_aiops.accelerators.variant_features import variant_features


FACTS = load_catalogue()


def features(host: Host) -> dict[str, list[str]]:
    listed: list[dict[str, Any]] = variant_features(host, FACTS)
    return {f"{one['namespace']} :: {one['feature']}": one["values"] for one in listed}


def test_an_nvidia_gpu_reports_the_cuda_of_its_driver_and_the_code_that_runs_on_it() -> None:
    found = features(parse_target("driver=550.54.14,cc=8.6", FACTS))
    lower, upper = found["nvidia :: cuda_version_lower_bound"], found["nvidia :: cuda_version_upper_bound"]

    assert lower[:2] == ["12.4", "12.3"]
    assert lower[-1] == "11.0"
    assert upper[0] == "12.5"
    assert not set(lower) & set(upper)
    assert found["nvidia :: sm_arch"][:2] == ["86_real", "80_real"]
    assert "75_virtual" in found["nvidia :: sm_arch"]
    assert "75_real" not in found["nvidia :: sm_arch"]
    assert "90_virtual" not in found["nvidia :: sm_arch"]


def test_of_several_gpus_the_oldest_decides_what_code_runs_on_all() -> None:
    values = features(parse_target("driver=580.95,cc=12.0,cc=8.9", FACTS))["nvidia :: sm_arch"]
    assert values[0] == "89_real"


def test_amd_gpus_and_the_processor_report_theirs() -> None:
    gpu = Accelerator("rocm", gfx="gfx1201")
    found = features(Host("linux", "x86_64", accelerators=(gpu, gpu), cpu=Cpu("x86_64", "x86_64_v3")))
    assert found == {"amd :: gfx_arch": ["gfx1201"], "x86_64 :: level": ["v3", "v2", "v1"]}


def test_what_cannot_be_used_reports_nothing() -> None:
    gpu = Accelerator("cuda", driver="550.54", max_cuda="12.4", compute_capability="8.6", usable=False)
    assert features(Host("linux", "x86_64", accelerators=(gpu,))) == {}
