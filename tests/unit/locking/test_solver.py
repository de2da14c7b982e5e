"""In which order the variants are solved."""

from __future__ import annotations

from poetry.core.packages.dependency import Dependency
from poetry.core.packages.dependency_group import DependencyGroup
from poetry.core.packages.project_package import ProjectPackage

from poetry_aiops.locking.solver import tightest_first


def order(*provided: str, **groups: dict[str, str]) -> str:
    root = ProjectPackage("app", "1")
    for name, requirements in groups.items():
        group = DependencyGroup(name, optional=True)
        for package, constraint in requirements.items():
            group.add_dependency(Dependency(package, constraint))
        root.add_dependency_group(group)
    return " ".join(tightest_first(root, tuple(groups), provided))


def test_the_variant_that_narrows_shared_packages_most_is_solved_first() -> None:
    loose, tight = {"numpy": "<2.4"}, {"numpy": "<2.2", "pandas": "<2.3"}
    assert order(cpu=loose, gpu={"numpy": "<2.3", "protobuf": "*"}, new=tight) == "new gpu cpu"
    assert order(cpu={}, gpu=loose) == "gpu cpu"


def test_variants_that_narrow_nothing_keep_their_order() -> None:
    builds = {"cpu": {"torch": "2.9+cpu"}, "gpu": {"torch": "2.9+cu126"}, "new": {"torch": "2.9+cu130"}}
    assert order("torch", **builds) == "cpu gpu new"
    assert order(b={"numpy": "*"}, a={"numpy": "*"}) == "b a"
