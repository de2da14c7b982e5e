"""The choice among CUDA builds; where it says so, a case in which uv's automatic choice is wrong."""

from __future__ import annotations

import pytest
from packaging.specifiers import SpecifierSet
from tests.support.every import for_each

from poetry_aiops.accelerators.catalogue import load_catalogue
from poetry_aiops.accelerators.host import Accelerator, Host
from poetry_aiops.accelerators.rules.candidate import line_order
from poetry_aiops.accelerators.select import cuda_majors, select
from poetry_aiops.accelerators.selection import Constraint, Selection
from poetry_aiops.accelerators.target import parse_target


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
    assert "the project requires torch >=2.15" in reasons(choose("driver=580.65.06,cc=6.1", wish), "cu126")
    old = choose("driver=580.65.06,cc=8.6", Constraint(torch=SpecifierSet(">=2.1,<2.8")))
    assert (old.best, old.torch_max) == ("cu128", "2.7")


def test_the_python_of_the_environment_decides_too() -> None:
    chosen = choose("driver=515.105.01,cc=7.5", Constraint(python="3.14"))
    assert chosen.best == "cpu"
    assert "no wheels for Python 3.14" in reasons(chosen, "cu118")


def test_an_old_glibc_leaves_the_old_lines() -> None:
    chosen = choose("driver=580.65.06,cc=8.6,glibc=2.17")
    assert (chosen.best, chosen.torch_max) == ("cu124", "2.6")
    assert "glibc 2.28" in reasons(chosen, "cu130")


def test_only_what_the_variants_offer_is_accepted() -> None:
    chosen = choose("driver=580.65.06,cc=8.6", Constraint(offered=("cu126", "cpu")))
    assert [v.name for v in chosen.backends if v.accepted] == ["cu126", "cpu"]
    assert "no variant of this project offers cu130" in reasons(chosen, "cu130")


def test_a_backend_that_is_not_in_the_catalogue_is_a_rejected_candidate() -> None:
    assert "does not list this backend" in reasons(choose("cpu", Constraint(offered=("cu999",))), "cu999")


def test_other_frameworks_cuda_major_wins_over_a_newer_torch() -> None:
    catalogue = load_catalogue()
    majors = cuda_majors((("tensorflow", frozenset({"and-cuda"})), ("numpy", frozenset())), catalogue)
    assert majors == frozenset({12})
    chosen = choose("driver=580.65.06,cc=8.6", Constraint(cuda_majors=majors))
    assert (chosen.best, chosen.torch_max) == ("cu126", "2.14")
    assert "other frameworks of the project install CUDA 12.x" in reasons(chosen, "cu130")
    assert "other frameworks" not in reasons(chosen, "cu126")


@for_each(
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


@pytest.mark.parametrize(
    ("spec", "compatibility"),
    [
        ("driver=560.28.03,cc=8.6", False),
        ("windows-amd64,driver=560.28.03,cc=8.6", True),
        ("windows-amd64,driver=560.76,cc=8.6", False),
        ("wsl,driver=560.28.03,cc=8.6", True),
    ],
)
def test_which_cuda_a_driver_came_with_is_read_from_the_table_of_its_system(
    spec: str, compatibility: bool
) -> None:
    assert ("minor-version compatibility" in reasons(choose(spec), "cu126")) is compatibility


def test_what_nvidia_smi_says_counts_for_a_driver_that_no_table_knows() -> None:
    gpu = Accelerator("cuda", "RTX", driver="999", compute_capability="8.6", max_cuda="12.6")
    catalogue = load_catalogue().replaced(toolkits=())
    chosen = select(Host("linux", "x86_64", accelerators=(gpu,)), catalogue)
    assert "minor-version compatibility" not in reasons(chosen, "cu126")
    assert "minor-version compatibility" in reasons(chosen, "cu130")


@pytest.mark.parametrize(
    ("requirements", "majors"),
    [
        ((("onnxruntime-gpu", frozenset[str]()),), {13}),
        ((("jax", frozenset[str]()), ("numpy", frozenset({"cuda12"}))), set()),
        ((("jax", frozenset({"cuda12", "k8s"})), ("cupy-cuda11x", frozenset[str]())), {11, 12}),
    ],
)
def test_frameworks_bring_their_cuda_by_package_or_by_extra(
    requirements: tuple[tuple[str, frozenset[str]], ...], majors: set[int]
) -> None:
    assert cuda_majors(requirements, load_catalogue()) == majors


def verdict(selection: Selection, backend: str) -> tuple[str, ...]:
    return next(v.reasons for v in selection.backends if v.name == backend)


def test_an_accepted_build_says_what_its_driver_its_kernels_and_its_newest_torch_are() -> None:
    chosen = choose("driver=580.65.06,gpu=RTX 3090,gpu=RTX 3090", Constraint(cuda_majors=frozenset({11, 13})))
    arches = ", ".join(load_catalogue().cuda_architectures("cu126", "2.14", "x86_64"))
    assert [text.partition(" has compute capability ")[2] for text in verdict(chosen, "cu126")[1:2]] == [
        f"8.6, covered by {arches}"
    ]
    assert verdict(chosen, "cu126")[0] == "driver 580.65.06 runs CUDA 12.x, which needs 525.60.13 or newer"
    assert verdict(chosen, "cu126")[2:] == (
        "the newest torch on cu126 for this machine is 2.14",
        "other frameworks of the project install CUDA 11.x and 13.x",
    )
    assert verdict(chosen, "cu132")[1] == (
        "through minor-version compatibility: the driver was released with a CUDA older than 13.2"
    )
    assert [v.name for v in chosen.backends if v.accepted][:3] == ["cu130", "cu132", "cu118"]


def test_a_build_is_told_as_not_covering_a_gpu_that_does_not_decide() -> None:
    chosen = choose("driver=580.65.06,cc=8.6,cc=6.1", Constraint(mixed="newest"))
    assert any(" has compute capability 6.1, not covered by " in text for text in verdict(chosen, "cu130"))


def test_a_rejected_build_names_its_kernels_and_each_kind_of_gpu_once() -> None:
    chosen = choose("driver=580.65.06,cc=6.1,cc=6.1,cc=5.2")
    arches = ", ".join(load_catalogue().cuda_architectures("cu130", "2.15", "x86_64"))
    (reason,) = verdict(chosen, "cu130")
    assert reason.startswith(f"its kernels ({arches}) do not run on ")
    assert reason.count("(6.1)") == 1
    assert reason.count("(5.2)") == 1
    newest = ", ".join(load_catalogue().cuda_architectures("cu128", "2.11", "x86_64"))
    assert verdict(chosen, "cu128")[0].startswith(f"its kernels ({newest}) do not run on ")


def test_of_several_builds_that_need_compatibility_the_oldest_comes_first() -> None:
    accepted = [v.name for v in choose("driver=525.60.13,cc=8.6").backends if v.accepted]
    assert accepted[:2] == ["cu126", "cu129"]
    assert accepted.index("cu121") > accepted.index("cu118")


def test_a_build_that_holds_only_lines_that_do_not_fit_tells_the_lines_and_each_reason_once() -> None:
    chosen = choose("driver=580.65.06,cc=8.6", Constraint(torch=SpecifierSet(">=2.15")))
    assert verdict(chosen, "cu128") == ("it holds torch 2.7 to 2.11 only: the project requires torch >=2.15",)
    old = choose("driver=580.65.06,cc=8.6", Constraint(torch=SpecifierSet("<2.1")))
    assert verdict(old, "cu130")[0].startswith("it holds torch 2.9 to 2.15 only: the project requires")
    assert old.best == "cpu"


def test_a_build_with_one_or_two_lines_is_told_so() -> None:
    wish = Constraint(torch=SpecifierSet(">=2.16"))
    windows = choose("windows-amd64,driver=580.65.06,cc=8.6", wish)
    assert verdict(windows, "cu129")[0].startswith("it holds torch 2.8 only: ")
    two = load_catalogue().replaced(torch=load_catalogue().torch[-2:])
    chosen = select(parse_target("driver=580.65.06,cc=8.6", two), two, wish)
    assert verdict(chosen, "cu130")[0].startswith("it holds torch 2.14 to 2.15 only: ")


def test_newer_lines_come_first_by_number() -> None:
    assert sorted(["2.9", "3.0", "2.15", "1.13"], key=line_order) == ["3.0", "2.15", "2.9", "1.13"]
    assert line_order("3") == line_order("3.0")


def test_an_offer_that_leaves_a_build_out_is_told_beside_its_other_obstacles() -> None:
    chosen = choose("driver=535.183.01,cc=8.6", Constraint(offered=("cpu",)))
    assert verdict(chosen, "cu130") == (
        "no variant of this project offers cu130",
        "CUDA 13.x needs driver 580 or newer; this one is 535.183.01",
    )
    assert verdict(chosen, "cu126") == ("no variant of this project offers cu126",)


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ("windows-arm64,driver=580.88,cc=8.9", "there are no CUDA builds for windows on arm64"),
        ("macos-x86_64,driver=580.88,cc=8.9", "there are no CUDA builds for macos on x86_64"),
        ("cpu", "no NVIDIA GPU was found"),
        ("jetson,l4t=36.4.3", "a Jetson's GPU does not run the ordinary CUDA builds"),
    ],
)
def test_a_machine_without_cuda_builds_says_why_for_each(spec: str, reason: str) -> None:
    chosen = choose(spec)
    assert {verdict(chosen, name) for name in ("cu118", "cu126", "cu132")} == {(reason,)}
    reported = f"{reason[0].upper()}{reason[1:]}."
    assert (reported in chosen.warnings) is reason.startswith("there are")


def test_a_gpu_that_cannot_be_used_says_why_for_each_build() -> None:
    gpu = Accelerator("cuda", "RTX", compute_capability="8.6", usable=False, why_unusable="no driver")
    chosen = select(Host("linux", "x86_64", accelerators=(gpu,)), load_catalogue())
    assert verdict(chosen, "cu126") == ("RTX: no driver",)
    assert "RTX: no driver." in chosen.warnings


@for_each(
    ("python", "fits"),
    [("3.10", True), ("3.14.2", True), ("3.15.0", True), ("3.9", False), ("3.16.1", False)],
)
def test_the_patch_of_a_python_does_not_count(python: str, fits: bool) -> None:
    best = choose("driver=580.65.06,cc=8.6", Constraint(python=python, torch=SpecifierSet(">=2.9"))).best
    assert best == ("cu130" if fits else "cpu")


def test_the_python_of_the_machine_counts_where_the_project_names_none() -> None:
    gpu = Accelerator("cuda", "RTX", driver="580.65.06", compute_capability="8.6")
    host = Host("linux", "x86_64", python="3.9.1", accelerators=(gpu,))
    assert select(host, load_catalogue()).torch_max == "2.8"
    assert select(host, load_catalogue(), Constraint(python="3.12")).torch_max == "2.15"


@pytest.mark.parametrize(
    ("torch", "best", "torch_max"),
    [
        ("==2.9.1", "cu130", "2.9"),
        ("~=2.10.0", "cu130", "2.10"),
        (">2.9.9,<2.10.1", "cu130", "2.10"),
        ("==2.9.10", "cpu", None),
    ],
)
def test_a_line_is_admitted_by_any_of_its_first_ten_releases(
    torch: str, best: str, torch_max: str | None
) -> None:
    chosen = choose("driver=580.65.06,cc=8.6", Constraint(torch=SpecifierSet(torch)))
    assert (chosen.best, chosen.torch_max) == (best, torch_max)


def test_the_unknown_capability_names_the_gpus_once_and_is_told_only_where_a_build_is_accepted() -> None:
    def host(driver: str) -> Host:
        gpus = tuple(Accelerator("cuda", name, driver=driver) for name in ("A", "A", "B"))
        return Host("linux", "x86_64", accelerators=gpus)

    (warning,) = select(host("560.35.03"), load_catalogue()).warnings
    assert warning.startswith(
        "The compute capability of A, B is not known; the choice follows from driver 560.35.03"
    )
    (warning,) = select(host("400.1"), load_catalogue()).warnings
    assert "capability" not in warning


def test_gpus_that_do_not_decide_are_named_with_their_capability_and_the_reason() -> None:
    asked = choose("driver=580.65.06,cc=8.6,cc=6.1,cc=6.1", Constraint(mixed="newest")).warnings
    forced = choose("driver=580.65.06,cc=12.0,cc=6.1").warnings
    assert len(asked) == len(forced) == 1
    assert asked[0].startswith("As configured (newest) the choice is for the newest GPU; ")
    assert asked[0].count("(6.1)") == 1
    assert asked[0].endswith("(6.1) may not run with it.")
    assert forced[0].startswith("No single build covers all GPUs, so the choice is for the newest GPU; ")


def test_asking_for_the_newest_of_equal_gpus_is_no_news() -> None:
    assert choose("driver=580.65.06,cc=8.6,cc=8.6", Constraint(mixed="newest")).warnings == ()


def test_a_gpu_that_no_build_runs_on_is_named_as_lost() -> None:
    (warning,) = choose("driver=580.65.06,cc=8.6,cc=3.5").warnings
    assert warning.endswith(": none of the builds runs on it; the choice is for the other GPUs.")
