"""The choice for AMD, Intel, Apple, Jetson and machines without any of them."""

from __future__ import annotations

import pytest

from packaging.specifiers import SpecifierSet

from poetry_aiops.hardware.catalogue import load_catalogue
from poetry_aiops.hardware.host import Accelerator
from poetry_aiops.hardware.host import Host
from poetry_aiops.hardware.select import select
from poetry_aiops.hardware.selection import Constraint
from poetry_aiops.hardware.selection import Selection
from poetry_aiops.hardware.target import parse_target


def choose(spec: str, constraint: Constraint | None = None) -> Selection:
    catalogue = load_catalogue()
    return select(parse_target(spec, catalogue), catalogue, constraint or Constraint())


def reasons(selection: Selection, backend: str) -> str:
    return "; ".join(next(v.reasons for v in selection.backends if v.name == backend))


@pytest.mark.parametrize(
    ("spec", "best", "torch_max"),
    [
        ("rocm,gfx=gfx1100", "rocm7.2", None),
        ("gfx=gfx942", "rocm7.2", None),
        ("gfx=gfx1151", "rocm7.2", None),
        ("gfx=gfx950", "rocm7.2", None),
        ("gfx=gfx906", "rocm6.3", "2.9"),
        ("gfx=gfx900", "cpu", None),
        ("gfx=gfx803", "cpu", None),
        ("gfx=gfx1031", "cpu", None),
        ("gfx=gfx1103", "cpu", None),
        ("rocm,gpu=Radeon RX 7800 XT", "rocm7.2", None),
        ("rocm,device=1002:744c", "rocm7.2", None),
        ("windows-amd64,gfx=gfx1100", "cpu", None),
        ("xpu", "xpu", None),
        ("macos-arm64,xpu", "cpu", None),
        ("macos-arm64", "mps", None),
        ("macos-arm64,macos=13.0", "mps", "2.11"),
        ("macos-x86_64", "cpu", "2.2"),
        ("jetson,l4t=36.4.3", "jetson", None),
        ("jetson", "jetson", None),
        ("linux-aarch64", "cpu", None),
        ("cpu", "cpu", None),
    ],
)
def test_each_family_by_its_rule(spec: str, best: str, torch_max: str | None) -> None:
    chosen = choose(spec)
    assert (chosen.best, chosen.torch_max) == (best, torch_max)


def test_an_architecture_without_a_build_gets_the_way_that_its_users_take() -> None:
    assert any("HSA_OVERRIDE_GFX_VERSION=10.3.0" in warning for warning in choose("gfx=gfx1031").warnings)
    assert "holds no code for gfx1031" in reasons(choose("gfx=gfx1031"), "rocm7.2")


def test_gfx900_is_only_there_on_request() -> None:
    assert "on request" in reasons(choose("gfx=gfx900"), "rocm6.3")


def test_an_amd_igpu_beside_a_card_does_not_decide() -> None:
    chosen = choose("gfx=gfx1100,gfx=gfx1036")
    assert chosen.best == "rocm7.2"
    assert any("gfx1036" in warning for warning in chosen.warnings)


def test_an_index_with_unknown_architectures_is_not_chosen() -> None:
    assert "is not known" in reasons(choose("gfx=gfx1100"), "rocm7.14")


def test_an_nvidia_card_wins_over_an_amd_igpu_and_nothing_is_said_of_rocm() -> None:
    cuda = Accelerator("cuda", driver="580.65.06", compute_capability="8.9")
    igpu = Accelerator("rocm", gfx="gfx1036")
    chosen = select(Host("linux", "x86_64", accelerators=(igpu, cuda)), load_catalogue())
    assert chosen.best == "cu130"
    assert chosen.warnings == ()


def test_a_jetson_does_not_run_ordinary_cuda_builds_before_jetpack_7() -> None:
    assert "Jetson" in reasons(choose("jetson,l4t=36.4.3,driver=540.4.0,cc=8.7"), "cu126")
    thor = choose("jetson,l4t=38.2,driver=580.00,cc=11.0")
    assert [v.name for v in thor.backends if v.accepted][:2] == ["jetson", "cu130"]


def test_musl_is_told_before_anything_is_downloaded() -> None:
    chosen = choose("musl,driver=580.65.06,cc=8.6")
    assert chosen.best == "cpu"
    assert any("musl" in warning for warning in chosen.warnings)


def test_an_intel_mac_cannot_have_a_new_torch() -> None:
    chosen = choose("macos-x86_64", Constraint(torch=SpecifierSet(">=2.6")))
    assert chosen.best == "cpu"
    assert any("No torch build fits" in warning for warning in chosen.warnings)


def test_what_cannot_be_used_is_warned_of_with_the_way_out() -> None:
    gpu = Accelerator("xpu", "Intel Arc A770", usable=False, why_unusable="no node", needs="Pass --device.")
    chosen = select(Host("linux", "x86_64", accelerators=(gpu,)), load_catalogue())
    assert chosen.best == "cpu"
    assert "Intel Arc A770: no node. Pass --device." in chosen.warnings
