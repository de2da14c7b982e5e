from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.every import for_each

from poetry_aiops.errors import InputError
from poetry_aiops.project.constraints import allows
from poetry_aiops.project.targets import Target, extras_in, machines_for, marker_applies, targets


ALL = targets(lambda _: True)


def target(name: str) -> Target:
    return next(candidate for candidate in ALL if candidate.name == name)


LINUX = target("linux-x86_64-py3.12")


def test_every_platform_stands_with_every_allowed_python() -> None:
    found = targets(lambda version: allows("^3.13", version))
    assert [one.name for one in found] == [
        f"{platform}-py{python}"
        for python in ("3.13", "3.14", "3.15")
        for platform in ("linux-x86_64", "linux-aarch64", "macos-arm64", "macos-x86_64", "windows-amd64")
    ]


def test_pythons_from_3_8_to_3_15_are_known() -> None:
    assert list(dict.fromkeys(one.python for one in ALL)) == [f"3.{minor}" for minor in range(8, 16)]


def test_a_minor_counts_when_only_some_of_its_patch_releases_are_allowed() -> None:
    found = targets(lambda version: allows(">=3.11.4,<3.12.3", version))
    assert {one.environment["python_full_version"] for one in found} == {"3.11.40", "3.12.2"}


@pytest.mark.parametrize("constraint", [">=3.16", "==3.11.99", "no constraint"])
def test_machines_have_every_python_where_a_constraint_allows_none_that_is_known(constraint: str) -> None:
    assert machines_for(constraint) == ALL
    assert {machine.python for machine in machines_for(">=3.11,<3.13")} == {"3.11", "3.12"}


@for_each(
    ("marker", "holds_on"),
    [
        ('sys_platform == "linux" and platform_machine == "x86_64"', {"linux-x86_64"}),
        ("platform_system == 'Darwin' and platform_machine == 'arm64'", {"macos-arm64"}),
        ('os_name == "nt"', {"windows-amd64"}),
        ('platform_machine in "x86_64 AMD64"', {"linux-x86_64", "macos-x86_64", "windows-amd64"}),
        ('python_version < "3.13" and sys_platform == "win32"', {"windows-amd64"}),
        ('implementation_name == "pypy"', set()),
        ('platform_release >= "20" and sys_platform == "darwin"', {"macos-arm64", "macos-x86_64"}),
    ],
)
def test_a_marker_holds_on_the_machines_that_it_describes(marker: str, holds_on: set[str]) -> None:
    pythons = [one for one in ALL if one.python == "3.12"]
    assert {one.name.removesuffix("-py3.12") for one in pythons if marker_applies(marker, one)} == holds_on


@pytest.mark.parametrize("marker", ["", "*"])
def test_the_empty_marker_always_holds(marker: str) -> None:
    assert marker_applies(marker, LINUX)


def test_the_marker_of_the_empty_set_never_holds() -> None:
    assert not marker_applies("<empty>", LINUX)


@pytest.mark.parametrize("marker", ["python_version", "colour == 'red'", "python_version >= "])
def test_text_that_is_no_marker_is_refused(marker: str) -> None:
    with pytest.raises(InputError, match="marker cannot be read"):
        marker_applies(marker, LINUX)


def test_an_extra_is_a_member_of_the_active_extras() -> None:
    marker = 'extra == "cuda" and extra != "cpu"'
    assert marker_applies(marker, LINUX, frozenset({"cuda", "docs"}))
    assert not marker_applies(marker, LINUX, frozenset({"cuda", "cpu"}))
    assert not marker_applies(marker, LINUX)


def test_extras_are_compared_in_their_canonical_form_and_either_way_round() -> None:
    assert marker_applies("'ML_GPU' == extra", LINUX, frozenset({"ml-gpu"}))
    assert marker_applies('extra == "ml.gpu"', LINUX, frozenset({"ML_gpu"}))


def test_text_about_an_extra_inside_quotes_stays_text() -> None:
    assert not marker_applies("""platform_version == 'extra == "x"'""", LINUX, frozenset({"x"}))


def test_the_extras_that_a_marker_asks_about_are_found() -> None:
    marker = 'extra == "A_b" or ("c" != extra and os_name == "nt")'
    assert extras_in(marker) == {"a-b", "c"}


EXTRAS = ("cpu", "gpu", "docs")
Tree = tuple[str, str] | tuple[str, "Tree", "Tree"]


def trees() -> st.SearchStrategy[Tree]:
    leaves: st.SearchStrategy[Tree] = st.one_of(
        st.tuples(st.sampled_from(["==", "!=", "r==", "r!="]), st.sampled_from(EXTRAS)),
        st.tuples(st.just("linux"), st.sampled_from(["linux", "win32"])),
    )
    return st.recursive(
        leaves, lambda inner: st.tuples(st.sampled_from(["and", "or"]), inner, inner), max_leaves=6
    )


def written(tree: Tree) -> str:
    if len(tree) == 3:
        return f"({written(tree[1])} {tree[0]} {written(tree[2])})"
    kind, value = tree
    if kind == "linux":
        return f'sys_platform == "{value}"'
    return f'"{value}" {kind[1:]} extra' if kind.startswith("r") else f"extra {kind} '{value}'"


def brute_force(tree: Tree, extras: frozenset[str]) -> bool:
    if len(tree) == 3:
        both = (brute_force(tree[1], extras), brute_force(tree[2], extras))
        return all(both) if tree[0] == "and" else any(both)
    kind, value = tree
    if kind == "linux":
        return value == "linux"
    return (value in extras) == kind.endswith("==")


@given(tree=trees(), extras=st.frozensets(st.sampled_from(EXTRAS)))
def test_rewriting_extras_equals_reading_the_marker_clause_by_clause(
    tree: Tree, extras: frozenset[str]
) -> None:
    assert marker_applies(written(tree), LINUX, extras) is brute_force(tree, extras)
