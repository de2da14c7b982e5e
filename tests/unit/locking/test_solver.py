"""What a variant demands, known without a solve."""

from __future__ import annotations

import pytest
from poetry.core.packages.dependency import Dependency
from poetry.core.packages.dependency_group import DependencyGroup
from poetry.core.packages.package import Package
from poetry.core.packages.project_package import ProjectPackage
from poetry.repositories import Repository, RepositoryPool

from poetry_aiops.cli.output import Output
from poetry_aiops.cli.terminal import silent_io
from poetry_aiops.locking.model import Build
from poetry_aiops.locking.provides import Provision
from poetry_aiops.locking.solver import PoetryVariantSolver


REQUIRED = (
    "fsspec (<2025)",
    "sympy (<1.14) ; python_version < '3.9'",
    "optree (<0.14) ; extra == 'optree'",
    "pandas (<2.3) ; extra == 'frames'",
    "colorama (<0.4) ; sys_platform == 'win32'",
)


def solver(torch: Dependency) -> PoetryVariantSolver:
    group = DependencyGroup("gpu", optional=True)
    for dependency in (Dependency("numpy", "<2.3"), Dependency("triton", "<3"), torch):
        group.add_dependency(dependency)
    root = ProjectPackage("app", "1")
    root.python_versions = ">=3.11"
    root.add_dependency_group(group)
    index = Repository("index")
    for version in ("2.9.0+cu124", "2.10.0+cu124"):
        release = Package("torch", version)
        for text in REQUIRED:
            release.add_dependency(Dependency.create_from_pep_508(text))
        index.add_package(release)
    return PoetryVariantSolver(
        root=root,
        pool=RepositoryPool([index]),
        installed=[],
        locked={"gpu": []},
        use_latest=frozenset(),
        variants=frozenset({"gpu"}),
        provision=Provision(frozenset({"torch", "triton"})),
        output=Output(silent_io()),
        source_root=None,
    )


NEWEST = {
    "numpy": "2.4",
    "fsspec": "2026.1",
    "pandas": "3.0",
    "sympy": "1.14",
    "optree": "0.19",
    "colorama": "0.4.6",
    "triton": "3.5",
    "rich": "14",
}


@pytest.mark.parametrize(
    ("constraint", "refused"),
    [("2.9.0+cu124", ["fsspec", "numpy", "pandas"]), (">=2.9", ["numpy"])],
    ids=["a release that is pinned", "several that fit"],
)
def test_a_variant_demands_what_it_declares_and_what_the_release_requires_that_it_pins(
    constraint: str, refused: list[str]
) -> None:
    torch = Dependency("torch", constraint, extras=["frames"])
    torch.marker = "sys_platform == 'linux'"
    offer = solver(torch).offer_to_all(["gpu"])
    (accepts,) = offer.witnesses
    assert [n for n in sorted(offer.shared) if not accepts(Build(n, NEWEST[n]))] == refused
    assert accepts(Build("numpy", "2.2.6"))
