"""The grammar of ``--target``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.every import for_each

from poetry_aiops.accelerators.catalogue import load_catalogue
from poetry_aiops.accelerators.target import names_hardware, parse_target
from poetry_aiops.errors import UsageError


if TYPE_CHECKING:
    from poetry_aiops.accelerators.host import Host


def target(spec: str) -> Host:
    return parse_target(spec, load_catalogue())


@for_each(
    ("spec", "system", "arch", "kinds"),
    [
        ("linux-x86_64,driver=550.54,cc=8.6", "linux", "x86_64", ["cuda"]),
        ("windows-amd64,driver=560.94,cc=8.6", "windows", "amd64", ["cuda"]),
        ("macos-arm64", "macos", "arm64", ["mps"]),
        ("macos-x86_64", "macos", "x86_64", []),
        ("rocm,gfx=gfx1100", "linux", "x86_64", ["rocm"]),
        ("gfx=gfx90a,gfx=gfx90a", "linux", "x86_64", ["rocm", "rocm"]),
        ("jetson,l4t=36.4", "linux", "aarch64", ["jetson"]),
        ("xpu", "linux", "x86_64", ["xpu"]),
        ("cpu", "linux", "x86_64", []),
        ("linux-aarch64", "linux", "aarch64", []),
        (" LINUX-X86_64 , Driver=580 , cc=9.0 ", "linux", "x86_64", ["cuda"]),
    ],
)
def test_a_machine_in_one_line(spec: str, system: str, arch: str, kinds: list[str]) -> None:
    host = target(spec)
    assert (host.os, host.arch, [item.kind for item in host.accelerators]) == (system, arch, kinds)


def test_values_reach_the_host() -> None:
    host = target("driver=550.54,cc=8.6,cc=7.0,python=3.12,glibc=2.31")
    assert (host.python, host.libc) == ("3.12", "glibc 2.31")
    assert [gpu.compute_capability for gpu in host.accelerators] == ["8.6", "7.0"]
    assert {gpu.max_cuda for gpu in host.accelerators} == {"12.4"}


def test_a_gpu_may_be_named_or_given_by_its_pci_id() -> None:
    assert target("driver=580,gpu=RTX 4090").accelerators[0].compute_capability == "8.9"
    assert target("driver=580,device=10de:2204").accelerators[0].compute_capability == "8.6"


@for_each(
    ("spec", "part"),
    [
        ("", "a part is empty"),
        ("solaris", 'Unknown word "solaris"'),
        ("cc=8.6", "cc=8.6 needs a driver, for example driver=580.65,cc=8.6"),
        ("gpu=GeForce RTX 3080", "gpu=GeForce RTX 3080 needs a driver"),
        ("gpu=RTX 7000 Mystery", "gpu=RTX 7000 Mystery needs a driver"),
        ("GTX 1660", "Did you mean gpu=GTX 1660?"),
        ("gfx1201", "Did you mean gfx=gfx1201?"),
        ("580.65", "driver=580.65 or"),
        ("cudaa", 'Did you mean "cuda"?'),
        ("driver=abc,cc=8.6", "is not a driver version"),
        ("driver=550,cc=86", "is not a compute capability"),
        ("rocm", "needs gfx="),
        ("rocm,cc=8.6", "cc cannot be combined with rocm"),
        ("linux,macos-arm64", "two systems"),
        ("rocm,xpu,gfx=gfx1100", "two kinds"),
        ("driver=550,driver=560,cc=8.6", "driver is given twice"),
        ("ram=64", 'Unknown key "ram"'),
        ("mps,linux-x86_64", "macos-arm64 only"),
        ("cpu,macos=14", "is for macos"),
    ],
)
def test_anything_else_is_wrong_usage_and_says_what(spec: str, part: str) -> None:
    with pytest.raises(UsageError) as error:
        target(spec)
    assert part in str(error.value)
    assert "Examples:" in str(error.value)


def test_everything_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(UsageError) as error:
        target("solaris,cc=x,ram=1")
    assert len(error.value.details) == 3


@for_each(
    ("spec", "named"),
    [
        ("macos-arm64", False),
        ("linux-x86_64,python=3.12,glibc=2.31", False),
        ("cpu", True),
        ("linux-x86_64, CC=8.6 ,driver=580", True),
        ("jetson", True),
    ],
)
def test_a_spec_names_hardware_only_where_it_speaks_of_accelerators(spec: str, named: bool) -> None:
    assert names_hardware(spec) is named


@for_each(
    ("spec", "kind"),
    [
        ("gpu=Radeon RX 7800 XT", "rocm"),
        ("gpu=Ryzen AI Max+ 395", "rocm"),
        ("gpu=Arc A770", "xpu"),
        ("device=8086:e20b", "xpu"),
        ("device=1002:744c", "rocm"),
        ("gpu=RTX A4000,driver=550.54", "cuda"),
    ],
)
def test_the_maker_of_a_named_gpu_is_known(spec: str, kind: str) -> None:
    (device,) = parse_target(spec, load_catalogue()).accelerators
    assert device.kind == kind


@for_each(
    ("name", "capability"),
    [
        ("RTX 4000 Ada", "8.9"),
        ("NVIDIA RTX 3500 Ada Generation Laptop GPU", "8.9"),
        ("NVIDIA RTX 4500 Ada Gene...", "8.9"),
        ("NVIDIA RTX 6000 A...", "8.9"),
        ("NVIDIA RTX 4000 SFF Ada...", "8.9"),
        ("RTX 1000 Ada Laptop", "8.9"),
        ("Quadro RTX 8000", "7.5"),
        ("RTX 5000", "7.5"),
        ("Quadro RTX 6000 with Max-Q", "7.5"),
        ("RTX A6000", "8.6"),
        ("NVIDIA RTX A500 Laptop", "8.6"),
        ("NVIDIA RTX PRO 5000 Blac...", "12.0"),
        ("RTX PRO 2000", "12.0"),
        ("RTX 5060 Ti", "12.0"),
        ("NVIDIA GeForce GTX TITAN...", None),
    ],
)
def test_names_of_workstation_gpus_whose_numbers_recur(name: str, capability: str | None) -> None:
    (device,) = parse_target(f"driver=580.65,gpu={name}", load_catalogue()).accelerators
    assert device.compute_capability == capability
