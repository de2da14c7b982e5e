"""In which order the variants are solved."""

from __future__ import annotations

from poetry.core.packages.dependency import Dependency
from poetry.core.packages.dependency_group import MAIN_GROUP, DependencyGroup
from poetry.core.packages.package import Package
from poetry.core.packages.project_package import ProjectPackage
from poetry.core.version.markers import AnyMarker
from poetry.packages.transitive_package_info import TransitivePackageInfo
from poetry.repositories import Repository, RepositoryPool

from poetry_aiops.cli.output import Output
from poetry_aiops.cli.terminal import silent_io
from poetry_aiops.locking.provides import Provision
from poetry_aiops.locking.solver import PoetryVariantSolver, merged


TORCH = {
    "2.5.0": ("sympy (==1.13.1)", "fsspec", "triton (==3.1.0) ; sys_platform == 'linux'"),
    "2.9.0": ("sympy (>=1.13.3)", "fsspec", "jinja2 (<4)", "setuptools (<70) ; python_version < '3.9'"),
    "2.10.0": ("sympy (>=1.13.3)", "fsspec", "optree (<0.14) ; extra == 'optree'"),
}


def test_of_equal_packages_the_first_gets_the_requirements_that_only_another_has() -> None:
    def release(*requirements: str) -> Package:
        found = Package("web", "1")
        for text in requirements:
            found.add_dependency(Dependency.create_from_pep_508(text))
        return found

    def solution(package: Package) -> dict[Package, TransitivePackageInfo]:
        return {package: TransitivePackageInfo(0, {MAIN_GROUP}, {MAIN_GROUP: AnyMarker()})}

    here, there = release("idna", "six"), release("six", "idna ; sys_platform == 'linux'", "anyio")
    (one,) = merged([solution(here), solution(there)])
    assert [one.to_pep_508() for one in one.requires] == [
        "idna",
        "six",
        'idna ; sys_platform == "linux"',
        "anyio",
    ]


def order(**groups: dict[str, str]) -> str:
    root = ProjectPackage("app", "1")
    root.python_versions = ">=3.11"
    index = Repository("index")
    for version, requirements in TORCH.items():
        release = Package("torch", version)
        for text in requirements:
            release.add_dependency(Dependency.create_from_pep_508(text))
        index.add_package(release)
    for name, requirements_of in groups.items():
        group = DependencyGroup(name, optional=True)
        for package, constraint in requirements_of.items():
            group.add_dependency(Dependency(package, constraint))
        root.add_dependency_group(group)
    solver = PoetryVariantSolver(
        root=root,
        pool=RepositoryPool([index]),
        installed=[],
        locked={},
        use_latest=frozenset(),
        variants=frozenset(groups),
        provision=Provision(frozenset({"torch", "triton"})),
        output=Output(silent_io()),
        source_root=None,
    )
    return " ".join(solver.tightest_first(tuple(groups)))


def test_the_variant_that_keeps_shared_packages_lowest_is_solved_first() -> None:
    loose, tight = {"numpy": "<2.4"}, {"numpy": "<2.2", "pandas": "<2.3"}
    assert order(cpu=loose, gpu={"numpy": "<2.3", "protobuf": "*"}, new=tight) == "new gpu cpu"
    assert order(cpu={}, gpu=loose) == "gpu cpu"


def test_what_a_pinned_release_requires_counts_where_another_variant_requires_it_too() -> None:
    assert order(new={"torch": "2.10.0"}, other={"torch": "2.9.0"}, old={"torch": "2.5.0"}) == "old new other"
    assert order(new={"torch": "2.9.0"}, newer={"torch": ">=2.5"}) == "new newer", "no one release is known"


def test_variants_that_narrow_nothing_keep_their_order() -> None:
    assert order(cpu={"torch": "2.10.0"}, gpu={"torch": "2.10.0"}, new={"torch": "2.9.0"}) == "cpu gpu new"
    assert order(b={"numpy": "*"}, a={"numpy": ">=2"}) == "b a"
