"""Builds that came out after the facts: the row that each inherits, and the facts that go on to limit it."""

from __future__ import annotations

from datetime import timedelta

from tests.support.every import for_each

from poetry_aiops.accelerators.beyond import LockedBuild, with_newer_builds
from poetry_aiops.accelerators.catalogue import load_catalogue
from poetry_aiops.accelerators.choice import Choice, ChoiceRequest, VariantBuild, choose
from poetry_aiops.accelerators.select import select
from poetry_aiops.accelerators.selection import Constraint, Selection
from poetry_aiops.accelerators.target import parse_target
from poetry_aiops.locking.record import needs_of


Locked = dict[tuple[str, str], str | None]
FACTS = load_catalogue()
DATE = FACTS.as_of.isoformat()


def judged(
    machine: str, builds: tuple[LockedBuild, ...], python: str, locked: Locked | None = None
) -> Selection:
    offered = tuple(build.backend for build in builds)
    catalogue = with_newer_builds(FACTS, builds, None if locked else python)
    constraint = Constraint(offered=offered, python=python, locked=locked or {})
    return select(parse_target(machine, FACTS), catalogue, constraint)


def chosen(
    machine: str, *builds: tuple[str, str], wish: str = "auto", python: str = "3.13", says: str | None = ""
) -> Choice:
    """Return the choice in a project with a CPU variant and these (backend, version of torch).

    ``says`` is what their locked wheels say of the machine: nothing where there are none, None where one fits.
    """
    builds_and_cpu = tuple(LockedBuild(*build) for build in (("cpu", "2.17.1+cpu"), *builds))
    locked = {(build.backend, build.line): says for build in builds_and_cpu[1:]} if says != "" else None
    offers = [
        VariantBuild(f"on-{build.backend}", build.backend, build.torch, obstacle=says if n and says else None)
        for n, build in enumerate(builds_and_cpu)
    ]
    return choose(ChoiceRequest(wish), offers, judged(machine, builds_and_cpu, python, locked), "a GPU")


@for_each(
    ("machine", "backend", "torch", "inherited"),
    [
        ("driver=610.43,gpu=RTX 4090", "cu132", "2.17.1+cu132", "torch 2.17 is"),
        ("driver=600.10,gpu=RTX 5090", "cu130", "3.0.0", "torch 3.0 is"),
        ("driver=581.42,gpu=L4", "cu139", "2.15.0", "cu139 is"),
        ("driver=610.43,gpu=H100", "cu135", "2.18.0+cu135", "cu135 and torch 2.18 are"),
        ("linux-aarch64,driver=610.43,cc=12.1", "cu133", "2.16.0", "cu133 and torch 2.16 are"),
        ("driver=535.183,gpu=A100", "cu126", "2.16.2+cu126", "torch 2.16 is"),
        ("rocm,gfx=gfx1201", "rocm7.9", "2.15.0", "rocm7.9 is"),
        ("rocm,gfx=gfx950", "rocm8.1", "2.19.0", "rocm8.1 and torch 2.19 are"),
        ("rocm,gfx=gfx90a", "rocm7.2", "2.16.0", "torch 2.16 is"),
        ("macos-arm64,macos=15.1", "mps", "2.17.0", "torch 2.17 is"),
        ("xpu", "xpu", "2.17.0", "torch 2.17 is"),
    ],
)
def test_what_came_out_after_the_facts_is_judged_like_the_newest_row_and_noted(
    machine: str, backend: str, torch: str, inherited: str
) -> None:
    choice = chosen(machine, (backend, torch))

    assert choice.backend == backend
    assert f"{inherited} newer than the facts of {DATE}" in (choice.note or "")
    assert choice.warnings == (f"on-{backend}: {choice.note}",)


@for_each(
    ("machine", "backend", "torch", "reason"),
    [
        ("driver=535.183,gpu=RTX 4090", "cu132", "2.17.0", "needs driver 580 or newer"),
        ("driver=579.99,gpu=RTX 4090", "cu139", "2.15.0", "needs driver 580 or newer"),
        ("driver=610.43,gpu=GTX 1080", "cu132", "2.17.0", "do not run on GTX 1080"),
        ("driver=610.43,gpu=Tesla V100", "cu126", "2.17.0", "runs torch up to 2.14"),
        ("driver=610.43,gpu=RTX 4090", "cu126", "2.15.0", "runs torch up to 2.14"),
        ("driver=610.43,gpu=RTX 4090", "cu140", "2.18.0", "CUDA 14.x needs a newer one"),
        ("rocm,gfx=gfx906", "rocm7.9", "2.15.0", "no code for gfx906"),
        ("rocm,gfx=gfx1031", "rocm8.0", "2.18.0", "no code for gfx1031"),
        ("macos-arm64,macos=13.6", "mps", "2.17.0", "runs torch up to 2.11"),
    ],
)
def test_a_fact_goes_on_to_limit_what_came_out_later(
    machine: str, backend: str, torch: str, reason: str
) -> None:
    locked = (LockedBuild("cpu"), LockedBuild(backend, torch))
    offers = [VariantBuild(f"on-{build.backend}", build.backend, build.torch) for build in locked]
    choice = choose(ChoiceRequest(), offers, judged(machine, locked, "3.13"), "a GPU")

    assert choice.backend == "cpu"
    assert reason in choice.warnings[0]


def test_a_driver_newer_than_the_table_may_run_the_next_major_version() -> None:
    assert chosen("driver=640.10,gpu=RTX 5090", ("cu140", "2.18.0")).backend == "cu140"


def test_of_an_index_that_is_known_and_one_that_is_not_the_one_that_came_with_the_driver_wins() -> None:
    machine = "driver=595.71.05,gpu=RTX 4090"
    assert chosen(machine, ("cu139", "2.16.0"), ("cu132", "2.16.0")).backend == "cu132"


def test_a_wish_is_met_with_the_same_note() -> None:
    choice = chosen("driver=610.43,gpu=RTX 4090", ("cu139", "2.16.0"), wish="cu139")
    assert choice.warnings == (f"on-cu139: {choice.note}",)
    assert "cu139 and torch 2.16 are newer" in (choice.note or "")


def test_what_the_facts_describe_has_no_note_and_a_cpu_build_says_nothing_of_its_torch() -> None:
    assert chosen("driver=610.43,gpu=RTX 4090", ("cu132", "2.15.1")).note is None
    assert chosen("cpu", ("cu132", "2.15.1")).note is None


def test_a_python_after_the_last_one_takes_the_newest_line_and_is_noted() -> None:
    choice = chosen("driver=610.43,gpu=RTX 4090", ("cu132", "2.15.0"), python="3.16")
    assert (choice.backend, choice.torch_max) == ("cu132", "2.15")
    assert choice.note == f"Python 3.16 is newer than the facts of {DATE}: treated like Python 3.15"


def test_the_locked_wheels_say_more_than_the_facts() -> None:
    machine = "driver=610.43,gpu=RTX 4090"
    dropped = chosen(machine, ("cu132", "2.15.0"), python="3.10")
    proven = chosen(machine, ("cu132", "2.15.0"), python="3.10", says=None)
    refused = chosen(machine, ("cu132", "2.15.0"), says="its locked wheels are for cp312")

    assert (dropped.backend, proven.backend, refused.backend) == ("cpu", "cu132", "cpu")
    assert "up to 2.14" in dropped.warnings[0]
    assert "its locked wheels are for cp312" in refused.warnings[0]
    assert chosen(machine, ("cu132", "2.15.0"), python="3.17", says=None).note is None
    old_glibc = f"{machine},glibc=2.17"
    assert chosen(old_glibc, ("cu132", "2.15.0")).backend == "cpu"
    assert chosen(old_glibc, ("cu132", "2.15.0"), says=None).backend == "cu132"


def test_a_locked_wheel_for_windows_is_a_build_for_windows() -> None:
    machine = "windows,driver=575.57,gpu=RTX 5090"
    assert chosen(machine, ("cu129", "2.11.0")).backend == "cpu"
    assert chosen(machine, ("cu129", "2.11.0"), says=None).backend == "cu129"


@for_each(
    ("machine", "variant"),
    [
        ("driver=610.43,gpu=RTX 5090", "on-cu132"),
        ("driver=595.71.05,gpu=RTX 4090", "on-cu132"),
        ("driver=580.95.05,gpu=H100", "on-cu132"),
        ("driver=580.95.05,gpu=GTX 1080", "on-cu126"),
        ("driver=575.57.08,gpu=Tesla V100", "on-cu126"),
        ("driver=535.183,gpu=A100", "on-cu126"),
        ("driver=470.82,gpu=RTX 3090", "on-cpu"),
        ("driver=610.43,gpu=RTX 7090,cc=13.0", "on-cpu"),
        ("linux-aarch64,driver=610.43,cc=12.1", "on-cu132"),
        ("windows,driver=610.43,gpu=RTX 4070", "on-cu132"),
        ("rocm,gpu=RX 9070 XT", "on-rocm7.14"),
        ("rocm,gfx=gfx906", "on-cpu"),
        ("macos-arm64,macos=15.1", "on-mps"),
        ("xpu", "on-xpu"),
        ("cpu", "on-cpu"),
    ],
)
def test_two_releases_of_torch_and_four_months_later_the_choice_stays_right(
    machine: str, variant: str
) -> None:
    later = FACTS.as_of + timedelta(days=2 * 56 + 7)
    builds = [("cu132", "2.17.0+cu132"), ("cu126", "2.14.1+cu126"), ("mps", "2.17.0"), ("xpu", "2.17.0+xpu")]
    choice = chosen(machine, *builds, ("rocm7.14", "2.17.0+rocm7.14"))

    assert choice.variant == variant
    assert "days old" in (FACTS.age_warning(later) or "")
    assert FACTS.age_warning(FACTS.as_of + timedelta(days=60)) is None


def test_the_record_asks_of_a_newer_build_what_its_model_needs() -> None:
    catalogue = with_newer_builds(FACTS, [LockedBuild("cu139", "2.16.0")], "3.13")
    needs, model = (
        needs_of("cu139", "2.16.0+cu139", "x86_64", catalogue),
        needs_of("cu132", "2.15.0", "x86_64", FACTS),
    )
    assert needs.cuda == "13.9"
    assert (needs.driver_linux, needs.compute_capabilities) == (
        model.driver_linux,
        model.compute_capabilities,
    )


def test_an_index_before_every_known_one_inherits_nothing() -> None:
    assert with_newer_builds(FACTS, [LockedBuild("cu117", "2.0.1"), LockedBuild("rocm5.4")], "3.12") == FACTS
