"""Rule 2: never two builds of one package for one machine."""

from __future__ import annotations

import pytest

from poetry_aiops.errors import LockConflictError
from poetry_aiops.locking.model import Build, Placement
from poetry_aiops.locking.verify import (
    Installed,
    LockFinding,
    double_builds,
    every_installation,
    verify,
)
from poetry_aiops.project.targets import targets


MACHINES = targets(lambda python: python.startswith(("3.11.", "3.12.")))
MAIN = frozenset({"main"})


def torch(version: str, **markers: str) -> Placement:
    return Placement(Build("torch", version), {group.replace("_", "-"): m for group, m in markers.items()})


def test_builds_of_other_groups_do_not_count() -> None:
    both = [torch("2+cpu", ml_cpu=""), torch("2+cu126", ml_gpu="")]
    assert double_builds(both, MAIN | {"ml-cpu"}, MACHINES) == ()
    assert double_builds(both, MAIN | {"ml-gpu"}, MACHINES) == ()
    assert [d.name for d in double_builds(both, MAIN | {"ml-cpu", "ml-gpu"}, MACHINES)] == ["torch"]


def test_markers_that_overlap_on_one_python_only_are_found() -> None:
    both = [torch("1", main='python_version >= "3.12"'), torch("2", main='python_version < "3.13"')]
    (double,) = double_builds(both, MAIN, MACHINES)
    assert all(name.endswith("py3.12") for name in double.targets)
    assert "and 4 more kinds of machine" in str(double)


def test_a_build_reached_by_several_groups_is_one_build() -> None:
    assert double_builds([torch("1", main="", dev="")], frozenset({"main", "dev"}), MACHINES) == ()


def test_one_build_that_the_lock_holds_twice_is_one_build() -> None:
    assert (
        double_builds([torch("1", main=""), torch("1", dev="")], frozenset({"main", "dev"}), MACHINES) == ()
    )


def test_a_selection_is_named_by_its_groups_and_extras() -> None:
    assert Installed.of(["main", "dev"], ["plots"]).title == "with dev, main, extra plots"


def test_an_extra_counts_only_when_it_is_active() -> None:
    both = [torch("1", main='extra != "gpu"'), torch("2", main="")]
    assert double_builds(both, MAIN, MACHINES) != ()
    assert double_builds(both, MAIN, MACHINES, frozenset({"gpu"})) == ()


def test_the_refusal_says_with_which_variant_and_on_which_machine() -> None:
    rows = [torch("1", main=""), torch("2", ml_gpu='sys_platform == "win32"')]
    with pytest.raises(LockConflictError) as caught:
        verify(rows, every_installation(["ml-cpu", "ml-gpu"], MAIN), MACHINES)
    assert [d for d in caught.value.details if d.startswith("with ml-gpu: torch: 1, 2 (on windows-amd64")]
    assert not [d for d in caught.value.details if d.startswith("with ml-cpu")]
    assert "two builds of one package" in caught.value.what
    assert (caught.value.hint or "").startswith("After a merge run `poetry lock`")


def test_a_double_build_of_the_base_is_reported_for_every_variant() -> None:
    with pytest.raises(LockConflictError) as caught:
        verify(
            [torch("1", main=""), torch("2", main="")],
            every_installation(["ml-cpu", "ml-gpu"], MAIN),
            MACHINES,
        )
    assert [d.partition(":")[0] for d in caught.value.details] == ["with ml-cpu", "with ml-gpu"]


@pytest.mark.parametrize(
    ("machines", "reported"),
    [
        (("a",), "torch: 1 (on a)"),
        (("a", "b"), "torch: 1 (on a and 1 more kinds of machine)"),
    ],
)
def test_a_double_build_names_a_machine_and_how_many_more(machines: tuple[str, ...], reported: str) -> None:
    assert str(LockFinding("torch", "torch: 1", machines)) == reported


def test_doubled_packages_are_told_by_name() -> None:
    rows = [Placement(Build(name, version), {"main": ""}) for name in ("b", "a") for version in ("1", "2")]
    assert [double.name for double in double_builds(rows, MAIN, MACHINES)] == ["a", "b"]


def test_extras_that_leave_one_build_each_pass() -> None:
    rows = [torch("1", main='extra == "cpu"'), torch("2", main='extra == "gpu"')]
    verify(rows, every_installation(["cpu", "gpu"], MAIN, extras=True), MACHINES)


def test_an_extra_that_doubles_a_package_is_refused_with_the_choice_and_the_way_out() -> None:
    rows = [torch("1", main=""), torch("2", main='extra != "cpu"')]
    with pytest.raises(LockConflictError) as caught:
        verify(rows, every_installation(["cpu", "gpu"], MAIN, extras=True), MACHINES)
    (detail,) = caught.value.details
    assert detail.startswith("with the extra gpu: torch: 1, 2 (on linux-x86_64")
    assert "[tool.poetry-aiops.hardware.variants]" in (caught.value.hint or "")


def test_a_sound_lock_passes() -> None:
    verify(
        [torch("1", ml_cpu=""), torch("2", ml_gpu="")],
        every_installation(["ml-cpu", "ml-gpu"], MAIN),
        MACHINES,
    )
