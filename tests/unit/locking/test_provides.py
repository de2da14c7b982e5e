"""Which packages only variants hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poetry_aiops.locking.provides import ORDINARY, provision


if TYPE_CHECKING:
    from poetry_aiops.locking.provides import Builds


def from_source(name: str) -> Builds:
    return frozenset({(name, "", "")})


CPU = {"torch": from_source("pytorch-cpu"), "rich": ORDINARY}
GPU = {"torch": from_source("pytorch-gpu"), "numpy": ORDINARY, "flash-attn": from_source("nightly")}


def test_names_whose_builds_differ_between_variants_are_provided() -> None:
    assert provision({"cpu": CPU, "gpu": GPU}, frozenset(), None).names == {"torch", "flash-attn"}


def test_a_pin_of_an_ordinary_build_leaves_no_shared_group() -> None:
    assert provision({"cpu": {}, "gpu": {"numpy": ORDINARY}}, frozenset(), None).names == frozenset()


def test_a_build_tag_and_an_address_make_another_build() -> None:
    tagged, direct = frozenset({("", "", "cpu")}), frozenset({("", "https://x.test/jax.whl", "")})
    builds = {"a": {"torch": tagged, "jax": ORDINARY}, "b": {"torch": ORDINARY, "jax": direct}}
    assert provision(builds, frozenset(), None).names == {"torch", "jax"}


def test_a_name_that_the_shared_groups_declare_is_never_taken_from_them() -> None:
    assert provision({"cpu": CPU, "gpu": GPU}, frozenset({"torch"}), None).names == {"flash-attn"}
    listed = frozenset({"numpy", "torch"})
    assert provision({"cpu": CPU}, frozenset({"numpy"}), listed).names == {"torch"}


def test_the_projects_own_list_replaces_the_inference() -> None:
    assert provision({"cpu": CPU, "gpu": GPU}, frozenset(), frozenset()).names == frozenset()


def test_a_member_of_a_family_stands_for_the_others_in_its_variant() -> None:
    found = provision({"cpu": {}, "gpu": {"faiss-gpu-cu12": ORDINARY}}, frozenset(), None)
    assert "faiss-cpu" in found.names & found.replaced["gpu"]
    assert "faiss-gpu-cu12" not in found.names | found.replaced["gpu"]
    assert found.replaced["cpu"] == frozenset()


def test_members_that_differ_between_variants_leave_the_shared_groups() -> None:
    both, one = {"tensorflow": ORDINARY, "tensorflow-cpu": ORDINARY}, {"tensorflow": ORDINARY}
    assert {"tensorflow", "tensorflow-cpu"} <= provision({"cpu": both, "gpu": one}, frozenset(), None).names


def test_a_member_that_one_variant_declares_and_main_reaches_stays_shared() -> None:
    assert "faiss-cpu" not in provision({"cpu": {"faiss-cpu": ORDINARY}, "gpu": {}}, frozenset(), None).names


def test_a_member_that_every_variant_declares_alike_stays_shared() -> None:
    alike = {"opencv-python": ORDINARY}
    found = provision({"cpu": alike, "gpu": alike}, frozenset(), None)
    assert "opencv-python" not in found.names
    assert "opencv-python-headless" in found.names & found.replaced["cpu"]


def test_what_is_meant_to_be_absent_leaves_the_shared_groups() -> None:
    assert "torch" in provision({"edge": {}}, frozenset(), None, frozenset({"torch"})).names
