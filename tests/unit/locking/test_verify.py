"""Rule 2: never two builds of one package for one machine."""

from __future__ import annotations

import pytest

from poetry_aiops.errors import LockConflictError
from poetry_aiops.locking.model import Build
from poetry_aiops.locking.model import Placement
from poetry_aiops.locking.verify import check_merged
from poetry_aiops.locking.verify import double_builds
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


def test_an_extra_counts_only_when_it_is_active() -> None:
    both = [torch("1", main='extra != "gpu"'), torch("2", main="")]
    assert double_builds(both, MAIN, MACHINES) != ()
    assert double_builds(both, MAIN, MACHINES, frozenset({"gpu"})) == ()


def test_the_refusal_says_with_which_variant_and_on_which_machine() -> None:
    rows = [torch("1", main=""), torch("2", ml_gpu='sys_platform == "win32"')]
    with pytest.raises(LockConflictError) as caught:
        check_merged(rows, ["ml-cpu", "ml-gpu"], MAIN, MACHINES)
    assert [d for d in caught.value.details if d.startswith("with ml-gpu: torch: 1, 2 (on windows-amd64")]
    assert not [d for d in caught.value.details if d.startswith(("with ml-cpu", "without"))]


def test_a_sound_lock_passes() -> None:
    check_merged([torch("1", ml_cpu=""), torch("2", ml_gpu="")], ["ml-cpu", "ml-gpu"], MAIN, MACHINES)
