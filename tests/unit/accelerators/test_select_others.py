"""The choice for AMD, Intel, Apple, Jetson and machines without any of them."""

from __future__ import annotations

import pytest
from packaging.specifiers import SpecifierSet
from tests.support.every import for_each

from poetry_aiops.accelerators.beyond import with_newer_builds
from poetry_aiops.accelerators.captured import read_captured
from poetry_aiops.accelerators.catalogue import load_catalogue
from poetry_aiops.accelerators.host import Accelerator, Host
from poetry_aiops.accelerators.select import select
from poetry_aiops.accelerators.selection import Constraint, Selection
from poetry_aiops.accelerators.target import parse_target


def choose(spec: str, constraint: Constraint | None = None) -> Selection:
    catalogue = load_catalogue()
    return select(parse_target(spec, catalogue), catalogue, constraint or Constraint())


def reasons(selection: Selection, backend: str) -> str:
    return "; ".join(next(v.reasons for v in selection.backends if v.name == backend))


@for_each(
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
        ("gfx=gfx1103", "rocm7.14", None),
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


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("gfx=gfx1032", "no code"),
        ("gfx=gfx1012", "no code"),
        ("windows-amd64,gfx=gfx1100", "for Linux on x86_64, not windows"),
        ("windows-amd64,gpu=Strix Halo", "for Linux on x86_64, not windows"),
    ],
)
def test_amds_own_index_is_proposed_where_it_has_a_build_and_chosen_where_a_variant_is_for_it(
    spec: str, says: str
) -> None:
    asked = choose(spec)
    offered = choose(spec, Constraint(offered=("cpu", "rocm-amd")))

    assert asked.best == "cpu"
    assert any(says in warning and "--variants cpu,rocm-amd" in warning for warning in asked.warnings)
    assert (offered.best, offered.torch_max) == ("rocm-amd", "2.12")


def test_no_index_is_proposed_for_what_none_has_a_build_for() -> None:
    for spec in ("gfx=gfx803", "linux-aarch64,gfx=gfx1100", "macos-x86_64,gfx=gfx900"):
        warnings = choose(spec).warnings
        assert warnings
        assert not any("rocm-amd" in warning for warning in warnings)
    assert "no code for gfx803" in reasons(choose("gfx=gfx803"), "rocm-amd")


@for_each(
    ("spec", "told"),
    [
        ("rocm,gpu=Radeon RX 6700 XT,gfx=gfx1030", "is known as gfx1031 and was reported as gfx1030"),
        ("rocm,gpu=Radeon RX 7900 XTX,gfx=gfx1100", None),
        ("rocm,gpu=Radeon Graphics,gfx=gfx1100", None),
        ("rocm,gpu=Radeon RX 6700 XT", None),
    ],
)
def test_a_gpu_that_is_made_to_report_another_architecture_is_warned_of(spec: str, told: str | None) -> None:
    warnings = [one for one in choose(spec).warnings if "HSA_OVERRIDE_GFX_VERSION:" in one]
    assert [told in one for one in warnings if told] == [True] * (told is not None)
    assert bool(warnings) == (told is not None)


def test_gfx900_is_only_there_on_request() -> None:
    assert "on request" in reasons(choose("gfx=gfx900"), "rocm6.3")


def test_an_amd_igpu_beside_a_card_does_not_decide() -> None:
    chosen = choose("gfx=gfx1100,gfx=gfx1036")
    assert chosen.best == "rocm7.2"
    assert any("gfx1036" in warning for warning in chosen.warnings)


def test_an_index_with_unknown_architectures_is_not_chosen() -> None:
    assert "is not known" in reasons(choose("gfx=gfx1100"), "rocm5.7")


def test_a_new_rocm_is_accepted_behind_the_one_that_the_same_torch_has_as_well() -> None:
    accepted = [v.name for v in choose("gfx=gfx942").backends if v.accepted]
    assert accepted[:2] == ["rocm7.2", "rocm7.14"]
    assert choose("gfx=gfx90a", Constraint(offered=("cpu", "rocm7.14"))).best == "rocm7.14"
    assert "holds no code for gfx906" in reasons(choose("gfx=gfx906"), "rocm7.14")


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


def verdict(selection: Selection, backend: str) -> tuple[str, ...]:
    return next(v.reasons for v in selection.backends if v.name == backend)


def test_an_accepted_rocm_build_names_each_card_once() -> None:
    chosen = choose("gfx=gfx1100,gfx=gfx1100")
    (reason,) = verdict(chosen, "rocm7.2")
    assert reason.endswith(" is gfx1100, which rocm7.2 holds code for")
    assert verdict(chosen, "rocm5.7")[0] == "which architectures rocm5.7 holds is not known"


def test_of_two_toolkits_with_the_same_torch_the_newer_one_wins() -> None:
    accepted = [v.name for v in choose("gfx=gfx1100").backends if v.accepted]
    assert accepted[:4] == ["rocm7.2", "rocm7.14", "rocm7.1", "rocm7.0"]
    catalogue = load_catalogue()
    toolkits = ("rocm6.4", "rocm7.2", "rocm7.1")
    lines = tuple(line._replace(rocm=toolkits if line.line == "2.14" else ()) for line in catalogue.torch)
    made = catalogue.replaced(torch=lines)
    chosen = select(parse_target("gfx=gfx1100", made), made)
    assert [v.name for v in chosen.backends if v.accepted] == ["rocm7.2", "rocm7.1", "rocm6.4", "cpu"]
    assert verdict(chosen, "rocm7.0") == ("no torch build on rocm7.0 is known",)


def test_the_newest_torch_of_a_rocm_build_is_the_highest_number() -> None:
    chosen = choose("gfx=gfx1100", Constraint(torch=SpecifierSet(">=2.8,<2.11")))
    assert (chosen.best, chosen.torch_max) == ("rocm7.1", "2.10")
    catalogue = load_catalogue()
    lines = tuple(
        line._replace(rocm=("rocm7.2",) if line.line in {"2.9", "2.10"} else ()) for line in catalogue.torch
    )
    made = catalogue.replaced(torch=lines)
    assert select(parse_target("gfx=gfx1100", made), made).torch_max == "2.10"
    old = choose("gfx=gfx906", Constraint(torch=SpecifierSet("<2.9")))
    assert (old.best, old.torch_max) == ("rocm6.3", "2.8")


def test_a_rocm_build_without_a_fitting_torch_tells_each_reason_once() -> None:
    chosen = choose("gfx=gfx1100", Constraint(torch=SpecifierSet(">=2.14")))
    assert verdict(chosen, "rocm6.4") == (
        "no torch build on rocm6.4 fits: the project requires torch >=2.14",
    )
    assert chosen.best == "rocm7.2"


def test_each_thing_that_is_wrong_with_a_rocm_build_is_told() -> None:
    chosen = choose("gfx=gfx1150,gfx=gfx942", Constraint(torch=SpecifierSet(">=2.14")))
    first, second = verdict(chosen, "rocm6.4")
    assert first.startswith("rocm6.4 holds no code for gfx1150 (")
    assert second == "no torch build on rocm6.4 fits: the project requires torch >=2.14"


def test_a_card_that_has_builds_only_on_request_does_not_decide_beside_another() -> None:
    chosen = choose("gfx=gfx1100,gfx=gfx900")
    assert chosen.best == "rocm7.2"
    assert any("(gfx900): no ROCm build is for it" in warning for warning in chosen.warnings)


def test_an_architecture_that_nobody_knows_is_told_for_each_build() -> None:
    gpu = Accelerator("rocm", "Radeon")
    chosen = select(Host("linux", "x86_64", accelerators=(gpu,)), load_catalogue())
    assert verdict(chosen, "rocm7.2") == ("the architecture of Radeon is not known",)


@pytest.mark.parametrize(
    ("host", "reason"),
    [
        (Host("linux", "x86_64"), "no AMD GPU was found"),
        (
            Host("linux", "aarch64", accelerators=(Accelerator("rocm", "R", gfx="gfx1100"),)),
            "the ROCm wheels are for Linux on x86_64, not linux on aarch64",
        ),
        (
            Host("windows", "amd64", accelerators=(Accelerator("rocm", "R", gfx="gfx1100"),)),
            "the ROCm wheels are for Linux on x86_64, not windows on amd64",
        ),
        (
            Host(
                "linux",
                "x86_64",
                accelerators=(Accelerator("rocm", "R", usable=False, why_unusable="no node"),),
            ),
            "R: no node",
        ),
    ],
)
def test_a_machine_without_rocm_builds_says_why_for_each(host: Host, reason: str) -> None:
    chosen = select(host, load_catalogue())
    assert {verdict(chosen, name) for name in ("rocm6.0", "rocm7.2")} == {(reason,)}


def test_an_amd64_linux_is_an_x86_64_linux() -> None:
    gpu = Accelerator("rocm", "R", gfx="gfx1100")
    assert select(Host("linux", "amd64", accelerators=(gpu,)), load_catalogue()).best == "rocm7.2"


@for_each(
    ("spec", "word"),
    [
        ("rocm,gpu=Radeon Something 9", "not known"),
        ("rocm,gfx=gfx1010", "no code for it"),
        ("rocm,gpu=RX 570", "this old"),
        ("rocm,windows,gpu=RX 9070 XT", "Linux"),
        ("rocm,linux-aarch64,gfx=gfx90a", "Linux on x86_64"),
    ],
)
def test_an_amd_gpu_that_gets_the_cpu_build_is_told_why(spec: str, word: str) -> None:
    chosen = choose(spec)
    assert chosen.best == "cpu"
    assert any(word in warning for warning in chosen.warnings)


def test_jetsons_of_releases_after_the_last_row_are_judged_like_it() -> None:
    for spec in (
        "jetson,l4t=39.4,driver=600.10,gpu=Jetson AGX Thor",
        "jetson,l4t=41.0,driver=640.1,gpu=AGX Thor",
    ):
        accepted = {v.name for v in choose(spec).backends if v.accepted}
        assert {"cu130", "cu132"} <= accepted
    orin = choose("jetson,l4t=39.1,driver=595.58,gpu=Orin NX")
    assert "cu132" in {v.name for v in orin.backends if v.accepted}
    assert any("sm_87" in warning for warning in orin.warnings)


def test_a_jetson_without_its_driver_is_judged_by_the_cuda_of_its_release() -> None:
    release = "# R%s (release), REVISION: 2.1, GCID: 1\nNVIDIA Jetson AGX Thor Developer Kit\n"
    accepted = [
        {v.name for v in select(host, load_catalogue()).backends if v.accepted}
        for major in (38, 36)
        for host in [read_captured({"t": release % major}, load_catalogue()).host]
    ]
    assert (accepted[0] >= {"jetson", "cu130", "cpu"}, accepted[1]) == (True, {"jetson", "cpu"})
    assert "cu132" in {v.name for v in choose("jetson,l4t=39.2").backends if v.accepted}


@for_each(
    ("spec", "kind", "arch"),
    [
        ("gpu=Jetson Orin NX", "jetson", "aarch64"),
        ("gpu=Thor,l4t=38.4", "jetson", "aarch64"),
        ("gpu=M3 Max", "mps", "arm64"),
        ("gpu=Apple M1", "mps", "arm64"),
        ("gpu=GH200,driver=575.57", "cuda", "aarch64"),
    ],
)
def test_a_name_alone_tells_the_family_and_the_machine_that_has_it(spec: str, kind: str, arch: str) -> None:
    host = parse_target(spec, load_catalogue())
    assert ([one.kind for one in host.accelerators], host.arch) == ([kind], arch)


def test_an_idle_amd_gpu_is_told_with_its_architecture_and_its_note() -> None:
    gpus = tuple(
        Accelerator("rocm", name, gfx=gfx) for name, gfx in (("A", "gfx1100"), ("B", "gfx1036"), ("C", None))
    )
    warnings = select(Host("linux", "x86_64", accelerators=gpus), load_catalogue()).warnings
    assert len(warnings) == 2
    assert warnings[0].startswith("B (gfx1036): the ROCm builds of torch hold no code for it")
    assert warnings[1] == (
        "B (gfx1036), C (unknown): no ROCm build is for it; the choice is for the other GPUs."
    )


def test_a_gpu_of_another_kind_that_is_hidden_does_not_silence_what_is_said_of_rocm() -> None:
    gpus = (
        Accelerator("rocm", "B", gfx="gfx1036"),
        Accelerator("cuda", "N", usable=False, why_unusable="off"),
    )
    warnings = select(Host("linux", "x86_64", accelerators=gpus), load_catalogue()).warnings
    assert any(warning.startswith("B (gfx1036)") for warning in warnings)


@for_each(
    ("spec", "backend", "expected"),
    [
        ("cpu", "jetson", "this is not a Jetson"),
        ("cpu", "mps", "MPS is for macOS, not linux"),
        ("macos-x86_64", "mps", "MPS builds are for Apple silicon; this Mac is x86_64"),
        ("cpu", "xpu", "no Intel GPU that torch supports was found"),
        ("macos-arm64,xpu", "xpu", "the XPU wheels are for x86_64, not macos on arm64"),
    ],
)
def test_a_family_that_is_not_there_says_why(spec: str, backend: str, expected: str) -> None:
    assert verdict(choose(spec), backend) == (expected,)


def test_a_jetson_is_told_with_its_jetpack() -> None:
    known, unknown = choose("jetson,l4t=36.4.3"), choose("jetson")
    assert verdict(known, "jetson")[1:] == ("Jetson Linux 36.4.3 is JetPack 6 with CUDA 12.6",)
    assert len(verdict(unknown, "jetson")) == 1


@pytest.mark.parametrize("kind", ["jetson", "xpu"])
def test_a_device_that_cannot_be_used_is_told_and_one_that_can_comes_first(kind: str) -> None:
    bad = Accelerator(kind, "Bad", usable=False, why_unusable="no node")  # type: ignore[arg-type]  # both are kinds
    good = Accelerator(kind, "Good")  # type: ignore[arg-type]  # both are kinds
    assert verdict(select(Host("linux", "x86_64", accelerators=(bad,)), load_catalogue()), kind) == (
        "Bad: no node",
    )
    assert select(Host("linux", "x86_64", accelerators=(bad, good)), load_catalogue()).best == kind


def test_an_apple_gpu_that_cannot_be_used_is_told_with_its_reason() -> None:
    off = Accelerator("mps", "M1", usable=False, why_unusable="off")
    assert verdict(select(Host("macos", "arm64", accelerators=(off,)), load_catalogue()), "mps") == ("off",)
    assert verdict(select(Host("macos", "arm64"), load_catalogue()), "mps") == ("no Apple GPU was found",)


def test_an_intel_gpu_that_torch_does_not_support_is_told_and_another_vendors_is_not() -> None:
    intel = Host("linux", "x86_64", other_gpus=("Intel HD 530 is too old",))
    other = Host("linux", "x86_64", other_gpus=("Matrox G200", "Intel HD 530 is too old"))
    assert verdict(select(intel, load_catalogue()), "xpu") == ("Intel HD 530 is too old",)
    assert verdict(select(other, load_catalogue()), "xpu") == ("no Intel GPU that torch supports was found",)


@pytest.mark.parametrize(("torch", "best"), [("<2.5", "cpu"), ("==2.5.*", "xpu"), (">=2.10", "xpu")])
def test_xpu_builds_begin_with_torch_2_5(torch: str, best: str) -> None:
    chosen = choose("xpu", Constraint(torch=SpecifierSet(torch)))
    assert chosen.best == best
    if best == "cpu":
        assert verdict(chosen, "xpu") == ("no torch with XPU fits: the project requires torch <2.5",)


@for_each(
    ("spec", "torch_max"),
    [
        ("macos-arm64,macos=14.0", None),
        ("macos-arm64,macos=13.9", "2.11"),
        ("macos-arm64,macos=12.3", "2.11"),
        ("macos-arm64,macos=12.2", None),
        ("macos-arm64", None),
        ("linux-aarch64", None),
    ],
)
def test_an_old_macos_caps_the_torch_that_installs(spec: str, torch_max: str | None) -> None:
    assert choose(spec).torch_max == torch_max


def test_a_capped_mac_is_told_so_beside_the_cpu_and_in_a_warning() -> None:
    chosen = choose("macos-x86_64")
    assert verdict(chosen, "cpu") == (
        "runs everywhere",
        "torch 2.2 is the newest line with wheels for this Mac",
    )
    assert chosen.warnings == ("torch 2.2 is the newest line that installs on this Mac (x86_64).",)
    assert choose("macos-arm64").warnings == ()


def test_a_capped_mac_with_a_project_that_wants_more_is_told_both() -> None:
    chosen = choose("macos-arm64,macos=13.0", Constraint(torch=SpecifierSet(">=2.12")))
    reason = "torch 2.11 is the newest that installs here, and the project requires torch >=2.12"
    assert verdict(chosen, "mps") == (reason,)
    assert f"No torch build fits: {reason}." in chosen.warnings


@pytest.mark.parametrize(
    ("host", "reported"),
    [
        (Host("linux", "riscv64"), ("torch publishes no wheels for riscv64.",)),
        (Host("linux", "x86_64", libc="glibc 2.39"), ()),
        (Host("windows", "amd64", libc="musl 1.2"), ()),
    ],
)
def test_systems_without_wheels_are_warned_of(host: Host, reported: tuple[str, ...]) -> None:
    assert select(host, load_catalogue()).warnings == reported


@pytest.mark.parametrize(
    ("libc", "best"), [("glibc 2.28", "rocm7.2"), ("glibc 2.27", "rocm6.2"), ("glibc", "rocm7.2")]
)
def test_the_glibc_of_a_system_decides_up_to_its_exact_number(libc: str, best: str) -> None:
    host = Host("linux", "x86_64", libc=libc, accelerators=(Accelerator("rocm", "R", gfx="gfx1100"),))
    assert select(host, load_catalogue()).best == best


def test_an_index_of_older_wheels_beside_newer_ones_wants_less_of_glibc() -> None:
    gpu = Accelerator("cuda", "T4", driver="550.54.14", compute_capability="7.5")
    host = Host("linux", "x86_64", libc="glibc 2.17", accelerators=(gpu,))
    chosen = select(host, load_catalogue())
    assert (chosen.best, chosen.torch_max) == ("cu124", "2.6")
    assert "glibc 2.28" in reasons(chosen, "cu126")


def test_warnings_about_devices_are_told_once_and_end_with_a_stop() -> None:
    gpu = Accelerator("xpu", "Arc", usable=False, why_unusable="no node")
    silent = Accelerator("xpu", "Arc", usable=False)
    chosen = select(Host("linux", "x86_64", accelerators=(gpu, gpu, silent)), load_catalogue())
    assert chosen.warnings == ("Arc: no node.",)


def test_an_offered_backend_that_nobody_knows_says_so_in_alphabetical_order() -> None:
    chosen = choose("cpu", Constraint(offered=("cu999", "cu998", "cpu")))
    assert [v.name for v in chosen.backends][-2:] == ["cu998", "cu999"]
    assert verdict(chosen, "rocm7.2") == ("no AMD GPU was found",)


@pytest.mark.parametrize("python", ["3.15", "3.16"])
def test_rocm_builds_that_are_not_verified_are_like_those_before(python: str) -> None:
    catalogue = load_catalogue()
    host = parse_target(f"rocm,gfx=gfx1200,python={python}", catalogue)
    selection = select(host, with_newer_builds(catalogue, (), python))
    assert selection.best == "rocm7.2"
    assert "torch 2.15 is on rocm7.2 is not verified" in reasons(selection, "rocm7.2")
    old = parse_target(f"rocm,gfx=gfx906,python={python}", catalogue)
    assert select(old, with_newer_builds(catalogue, (), python)).best == "cpu"


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        ("driver=418.67,cc=7.0", "CUDA 11.x needs driver 450.80.02 or newer"),
        ("driver=580.65,cc=6.1,python=3.15", "no wheels for Python 3.15"),
    ],
)
def test_a_gpu_that_works_and_has_no_build_is_never_passed_over_in_silence(spec: str, why: str) -> None:
    selection = choose(spec)
    assert selection.best == "cpu"
    assert sum(why in warning for warning in selection.warnings) == 1
    assert not any(why in warning for warning in choose(spec, Constraint(offered=("cpu",))).warnings)
