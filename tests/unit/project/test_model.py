from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest

from poetry_aiops.errors import InputError
from poetry_aiops.project.model import Group, Lock, Package, PackageSource, Project, Requirement


TORCH = Package(
    name="torch",
    pretty_name="torch",
    version="2.3.0",
    description="",
    optional=True,
    python_versions=">=3.8",
    groups=("main", "ml-cpu"),
    markers="",
    files=(),
    edges=(),
    extras=MappingProxyType({}),
    source=None,
)


def group(name: str, *requirements: str, includes: tuple[str, ...] = ()) -> Group:
    asked = tuple(Requirement(wanted, wanted) for wanted in requirements)
    return Group(
        name,
        name,
        optional=True,
        requirements=asked,
        includes=includes,
        key_path=f"[dependency-groups] {name}",
    )


def project(*groups: Group) -> Project:
    return Project(
        path=Path("pyproject.toml"),
        name="demo",
        version="1",
        requires_python="*",
        package_mode=False,
        groups=MappingProxyType({one.name: one for one in (group("main"), *groups)}),
        sources=(),
        extras=MappingProxyType({}),
        python="^3.11",
    )


def names(requirements: tuple[Requirement, ...]) -> list[str]:
    return [requirement.name for requirement in requirements]


def test_requirements_of_a_group_follow_its_includes() -> None:
    demo = project(
        group("ml", "torch", includes=("base",)),
        group("base", "numpy", includes=("log",)),
        group("log", "rich"),
    )
    assert names(demo.requirements_of("ML")) == ["torch", "numpy", "rich"]
    assert demo.included("ml") == ("base", "log")


def test_a_group_that_is_included_by_two_ways_counts_once() -> None:
    demo = project(
        group("a", includes=("b", "c")),
        group("b", includes=("d",)),
        group("c", includes=("d",)),
        group("d", "x"),
    )
    assert demo.included("a") == ("b", "d", "c")
    assert names(demo.requirements_of("a")) == ["x"]


def test_groups_that_include_each_other_are_refused_with_the_circle() -> None:
    demo = project(group("b", includes=("c",)), group("c", includes=("a",)), group("a", includes=("b",)))
    messages = set()
    for name in ("a", "b", "c"):
        with pytest.raises(InputError) as caught:
            demo.requirements_of(name)
        messages.add((caught.value.where, caught.value.what))
    assert messages == {("[dependency-groups] a", "dependency groups include each other: a -> b -> c -> a")}


def test_an_include_of_an_unknown_group_is_refused_with_the_nearest_name() -> None:
    demo = project(group("ml", includes=("bsae",)), group("base"))
    with pytest.raises(InputError, match='"bsae", which is not defined') as caught:
        demo.included("ml")
    assert caught.value.hint == 'Did you mean "base"?'


def test_an_unknown_group_is_refused_with_the_names_that_exist() -> None:
    with pytest.raises(InputError) as caught:
        project(group("docs")).group("zzz")
    assert caught.value.hint == "The groups are: main, docs."


def test_one_marker_stands_for_every_group_of_a_package() -> None:
    torch = replace(TORCH, markers='sys_platform == "linux"')
    assert torch.marker_for(["main", "ml-cpu"]) == ('sys_platform == "linux"',)
    assert torch.marker_for(["docs"]) == ()


def test_markers_by_group_are_given_for_the_groups_asked() -> None:
    torch = replace(
        TORCH, markers=MappingProxyType({"main": "os_name == 'nt'", "ml-cpu": "os_name == 'posix'"})
    )
    assert torch.marker_for(["ml_cpu"]) == ("os_name == 'posix'",)
    assert torch.marker_for(["main", "ml-cpu"]) == ("os_name == 'nt'", "os_name == 'posix'")


def test_a_group_without_its_own_marker_always_brings_the_package() -> None:
    torch = replace(TORCH, markers=MappingProxyType({"main": "os_name == 'nt'"}))
    assert torch.marker_for(["main", "ml-cpu"]) == ("",)


def test_a_lock_without_groups_gives_its_marker_for_any_choice() -> None:
    assert replace(TORCH, groups=None, markers="os_name == 'nt'").marker_for(["docs"]) == ("os_name == 'nt'",)


def test_the_source_tells_two_builds_of_one_version_apart() -> None:
    cpu = replace(TORCH, source=PackageSource("legacy", "https://index.example/cpu", "pytorch-cpu"))
    assert TORCH.key == ("torch", "2.3.0", ("", "", ""))
    assert cpu.key == ("torch", "2.3.0", ("legacy", "https://index.example/cpu", "pytorch-cpu"))


def test_packages_are_found_by_name_in_lock_order() -> None:
    other = replace(TORCH, version="2.4.0")
    numpy = replace(TORCH, name="numpy")
    lock = Lock("2.1", "*", None, (TORCH, numpy, other), MappingProxyType({}), Path("poetry.lock"))
    assert dict(lock.by_name()) == {"torch": (TORCH, other), "numpy": (numpy,)}


@pytest.mark.parametrize(
    ("version", "expected"), [(None, False), ("1.1", False), ("2.0", False), ("2.1", True)]
)
def test_groups_are_known_since_lock_format_2_1(version: str | None, expected: bool) -> None:
    lock = Lock(version, "*", None, (), MappingProxyType({}), Path("poetry.lock"))
    assert lock.has_groups is expected
