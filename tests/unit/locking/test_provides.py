"""Which packages only variants hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.unit.locking.locks import lock_of

from poetry_aiops.locking.provides import missing_provided, provided_by_variants


if TYPE_CHECKING:
    from poetry_aiops.project.model import Lock


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


def locked(**packages: tuple[list[str], dict[str, object]]) -> Lock:
    """Return a lock of packages by name, each with its groups and dependencies."""
    listed: list[dict[str, object]] = [
        {"name": name, "groups": groups, "dependencies": wanted}
        for name, (groups, wanted) in packages.items()
    ]
    return lock_of(*listed)


def test_a_package_of_the_groups_whose_requirement_only_variants_hold_is_told() -> None:
    lock = locked(
        Timm=(["main"], {"torch": "*", "numpy": "*"}),
        accelerate=(["dev", "cpu"], {"torch": "*"}),
        peft=(["docs"], {"torch": "*"}),
        torch=(["cpu", "gpu"], {}),
        numpy=(["main", "cpu"], {}),
    )
    groups, variants = frozenset({"main", "dev"}), frozenset({"cpu", "gpu"})
    assert missing_provided(lock, groups, variants) == (("Timm", "torch"), ("accelerate", "torch"))


def test_optional_requirements_and_packages_of_no_group_are_not_missing() -> None:
    lock = locked(
        timm=(["main"], {"torch": {"version": "*", "optional": True}, "rich": "*"}),
        torch=(["cpu"], {}),
        rich=([], {}),
    )
    assert missing_provided(lock, frozenset({"main"}), frozenset({"cpu"})) == ()
