"""The choice among CUDA builds; where it says so, a case in which uv's automatic choice is wrong."""

from __future__ import annotations

import pytest

from packaging.specifiers import SpecifierSet

from poetry_aiops.hardware.catalogue import load_catalogue
from poetry_aiops.hardware.host import Accelerator
from poetry_aiops.hardware.host import Host
from poetry_aiops.hardware.select import cuda_majors
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
        pytest.param(
            "driver=580.65.06,gpu=GeForce GTX 1080", "cu126", "2.14", id="uv picks cu132 for a GTX 1080"
        ),
        pytest.param(
            "driver=580.65.06,gpu=Tesla V100-SXM2-32GB", "cu126", "2.14", id="uv picks cu132 for a V100"
        ),
        pytest.param(
            "driver=535.183.01,cc=8.0", "cu126", "2.14", id="uv picks an old torch on cu129 for Ampere + 535"
        ),
        ("driver=580.65.06,cc=8.6", "cu130", "2.15"),
        ("driver=580,cc=8.6", "cu130", "2.15"),
        ("driver=594.99,cc=9.0", "cu130", "2.15"),
        ("driver=595.45.04,cc=9.0", "cu132", "2.15"),
        ("driver=610.43.02,cc=10.0", "cu132", "2.15"),
        ("driver=570.124.06,cc=12.0", "cu129", "2.13"),
        ("driver=579.99,cc=12.0", "cu129", "2.13"),
        ("windows-amd64,driver=572.61,cc=12.0", "cu128", "2.11"),
        ("driver=570.86.15,cc=7.5", "cu126", "2.14"),
        ("driver=525.60.13,cc=8.6", "cu126", "2.14"),
        ("driver=525.60.12,cc=8.6", "cu118", "2.7"),
        ("windows-amd64,driver=528.33,cc=8.6", "cu126", "2.14"),
        ("windows-amd64,driver=528.32,cc=8.6", "cu118", "2.7"),
        ("wsl,driver=527.41,cc=8.6", "cu118", "2.7"),
        ("driver=450.80.02,cc=5.0", "cu118", "2.7"),
        ("driver=470.256.02,gpu=Tesla K80", "cu118", "2.6"),
        ("driver=450.80.01,cc=7.0", "cpu", None),
        ("driver=580.65.06,cc=3.5", "cpu", None),
        ("linux-aarch64,driver=580.173.02,cc=10.3", "cu130", "2.15"),
        ("linux-aarch64,driver=580.95.05,cc=12.1", "cu130", "2.15"),
        ("linux-aarch64,driver=550.54.15,cc=9.0", "cu126", "2.14"),
        ("linux-aarch64,driver=580.95.05,cc=7.5", "cpu", None),
        ("windows-arm64,driver=580.88,cc=8.9", "cpu", None),
    ],
)
def test_driver_and_compute_capability_decide_together(spec: str, best: str, torch_max: str | None) -> None:
    chosen = choose(spec)
    assert (chosen.best, chosen.torch_max) == (best, torch_max)


def test_blackwell_on_a_570_driver_never_gets_cu126() -> None:
    assert "do not run on" in reasons(choose("driver=570.124.06,cc=12.0"), "cu126")


def test_every_rejected_candidate_says_which_rule_and_which_value() -> None:
    chosen = choose("driver=535.183.01,cc=6.1")
    assert "needs driver 580 or newer; this one is 535.183.01" in reasons(chosen, "cu130")
    assert "do not run on" in reasons(chosen, "cu128")
    assert reasons(chosen, "rocm7.2") == "no AMD GPU was found"
    assert [v.rank for v in chosen.backends if v.accepted] == list(
        range(1, 1 + sum(v.accepted for v in chosen.backends))
    )


def test_cpu_is_always_accepted_and_last() -> None:
    accepted = [v.name for v in choose("driver=580.65.06,cc=8.6").backends if v.accepted]
    assert accepted[0] == "cu130"
    assert accepted[-1] == "cpu"


def test_a_build_newer_than_the_driver_is_accepted_by_minor_version_compatibility_but_second() -> None:
    chosen = choose("driver=580.65.06,cc=8.6")
    assert [v.name for v in chosen.backends if v.accepted][:2] == ["cu130", "cu132"]
    assert "minor-version compatibility" in reasons(chosen, "cu132")


@pytest.mark.parametrize(
    ("spec", "best", "torch_max"),
    [
        ("driver=580.65.06,cc=8.6,cc=6.1", "cu126", "2.14"),
        ("driver=580.65.06,cc=7.0,cc=12.0", "cu129", "2.10"),
        ("driver=575.57.08,cc=8.6,cc=12.0", "cu129", "2.13"),
        ("driver=595.58.03,cc=8.6,cc=12.0", "cu132", "2.15"),
    ],
)
def test_mixed_gpus_are_all_covered_by_default(spec: str, best: str, torch_max: str) -> None:
    chosen = choose(spec)
    assert (chosen.best, chosen.torch_max) == (best, torch_max)


def test_the_newest_gpu_alone_decides_when_asked_and_the_loser_is_named() -> None:
    chosen = choose("driver=580.65.06,gpu=RTX 3090,gpu=GTX 1080", Constraint(mixed="newest"))
    assert chosen.best == "cu130"
    assert any("GTX 1080" in warning and "newest" in warning for warning in chosen.warnings)


def test_gpus_that_no_single_build_covers_fall_to_the_newest_with_a_warning() -> None:
    chosen = choose("driver=580.65.06,gpu=RTX 5090,gpu=GTX 1080")
    assert chosen.best == "cu130"
    assert any("No single build" in warning for warning in chosen.warnings)


def test_a_gpu_that_no_build_runs_on_does_not_drag_the_others_to_cpu() -> None:
    chosen = choose("driver=470.256.02,gpu=GTX 680,gpu=RTX 2080")
    assert (chosen.best, chosen.torch_max) == ("cu118", "2.7")
    assert any("GTX 680" in warning for warning in chosen.warnings)


def test_the_projects_torch_decides_too() -> None:
    wish = Constraint(torch=SpecifierSet(">=2.15"))
    assert choose("driver=580.65.06,cc=6.1", wish).best == "cpu"
    assert "the project asks for torch >=2.15" in reasons(choose("driver=580.65.06,cc=6.1", wish), "cu126")
    old = choose("driver=580.65.06,cc=8.6", Constraint(torch=SpecifierSet(">=2.1,<2.8")))
    assert (old.best, old.torch_max) == ("cu128", "2.7")


def test_the_python_of_the_environment_decides_too() -> None:
    chosen = choose("driver=515.105.01,cc=7.5", Constraint(python="3.14"))
    assert chosen.best == "cpu"
    assert "no wheels for Python 3.14" in reasons(chosen, "cu118")


def test_an_old_glibc_leaves_the_old_lines() -> None:
    chosen = choose("driver=580.65.06,cc=8.6,glibc=2.17")
    assert (chosen.best, chosen.torch_max) == ("cu124", "2.5")
    assert "glibc 2.28" in reasons(chosen, "cu130")


def test_only_what_the_variants_offer_is_accepted() -> None:
    chosen = choose("driver=580.65.06,cc=8.6", Constraint(offered=("cu126", "cpu")))
    assert [v.name for v in chosen.backends if v.accepted] == ["cu126", "cpu"]
    assert "no variant of this project offers cu130" in reasons(chosen, "cu130")


def test_a_backend_that_is_not_in_the_catalogue_is_a_rejected_candidate() -> None:
    assert "not in the catalogue" in reasons(choose("cpu", Constraint(offered=("cu999",))), "cu999")


def test_other_frameworks_cuda_major_wins_over_a_newer_torch() -> None:
    catalogue = load_catalogue()
    majors = cuda_majors((("tensorflow", frozenset({"and-cuda"})), ("numpy", frozenset())), catalogue)
    assert majors == frozenset({12})
    chosen = choose("driver=580.65.06,cc=8.6", Constraint(cuda_majors=majors))
    assert (chosen.best, chosen.torch_max) == ("cu126", "2.14")
    assert "other frameworks of the project bring CUDA 12.x" in reasons(chosen, "cu130")


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        ("driver=575.51.03,cc=8.6", "NVIDIA driver 575.51.03 -> 580 unlocks cu130 with torch up to 2.15"),
        ("driver=450.57,cc=6.1", "NVIDIA driver 450.57 -> 450.80.02 unlocks cu118 with torch up to 2.7"),
        (
            "driver=515.105.01,cc=6.1",
            "NVIDIA driver 515.105.01 -> 525.60.13 unlocks cu126 with torch up to 2.14",
        ),
        ("driver=580.65.06,cc=6.1", None),
        ("driver=610.43.02,cc=9.0", None),
        ("macos-arm64,macos=13.6", "macOS 13.6 -> 14.0 unlocks mps"),
        ("cpu", None),
    ],
)
def test_the_smallest_upgrade_that_unlocks_more_is_named(spec: str, text: str | None) -> None:
    unlock = choose(spec).unlock
    assert (unlock.text if unlock else None) == text


def test_without_any_driver_the_upgrade_is_the_driver_that_unlocks_most() -> None:
    gpu = Accelerator("cuda", "NVIDIA RTX", compute_capability="8.6", usable=False, why_unusable="no driver")
    chosen = select(Host("linux", "x86_64", accelerators=(gpu,)), load_catalogue())
    assert chosen.unlock is not None
    assert (chosen.unlock.wanted, chosen.unlock.torch_max) == ("580", "2.15")


def test_an_unknown_driver_is_no_reason_to_guess() -> None:
    gpu = Accelerator("cuda", "NVIDIA RTX", compute_capability="8.6")
    chosen = select(Host("linux", "x86_64", accelerators=(gpu,)), load_catalogue())
    assert chosen.best == "cpu"
    assert any("driver's version" in warning for warning in chosen.warnings)


def test_an_unknown_compute_capability_follows_the_driver_and_says_so() -> None:
    chosen = choose("driver=560.35.03")
    assert chosen.best == "cu126"
    assert any("compute capability" in warning for warning in chosen.warnings)
