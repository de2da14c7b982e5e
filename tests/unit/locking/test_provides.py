"""Which packages only variants hold."""

from __future__ import annotations

from poetry_aiops.locking.provides import provided_by_variants


CPU = {"torch": "pytorch-cpu", "rich": "*"}
GPU = {"torch": "pytorch-gpu", "rich": "*", "bitsandbytes": "*"}


def test_names_that_variants_declare_differently_are_provided() -> None:
    assert provided_by_variants({"cpu": CPU, "gpu": GPU}, frozenset(), None) == {"torch", "bitsandbytes"}


def test_a_name_that_the_shared_groups_declare_is_never_taken_from_them() -> None:
    assert provided_by_variants({"cpu": CPU, "gpu": GPU}, frozenset({"torch"}), None) == {"bitsandbytes"}
    assert provided_by_variants({"cpu": CPU}, frozenset({"numpy"}), frozenset({"numpy", "torch"})) == {
        "torch"
    }


def test_the_projects_own_list_replaces_the_inference() -> None:
    assert provided_by_variants({"cpu": CPU, "gpu": GPU}, frozenset(), frozenset()) == frozenset()
