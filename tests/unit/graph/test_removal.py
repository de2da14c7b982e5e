"""What goes away when the project no longer asks for something."""

from __future__ import annotations

import pytest
from tests.unit.graph.small import built, edge, graph_of

from poetry_aiops.errors import UsageError
from poetry_aiops.graph.analysis import analyse, removal
from poetry_aiops.graph.answers import KeptPackage
from poetry_aiops.graph.paths import why
from poetry_aiops.project.model import Requirement


DIAMOND = graph_of("a z", "a b c", "b d", "c d", "d e", "z e", "o p", alone="o")


def test_one_direct_dependency_takes_along_what_it_alone_brings() -> None:
    assert removal(DIAMOND, ["a"]).gone == ("a", "b", "c", "d")


def test_a_set_takes_more_along_than_its_members_alone() -> None:
    assert removal(DIAMOND, ["a", "z"]).gone == ("a", "b", "c", "d", "e", "z")


def test_a_direct_dependency_that_is_needed_elsewhere_stays() -> None:
    found = removal(graph_of("a b", "a b", "b c"), ["b"])
    assert (found.gone, found.kept) == ((), (KeptPackage("b", ("a",)),))


def test_two_that_need_each_other_go_together() -> None:
    assert removal(graph_of("a b", "a b", "b a c"), ["a", "b"]).gone == ("a", "b", "c")


def test_a_package_that_is_not_direct_is_taken_as_no_longer_needed() -> None:
    found = removal(DIAMOND, ["d"])
    assert (found.gone, found.transitive) == (("d",), ("d",))


def test_an_orphan_is_needed_by_nothing_as_it_is() -> None:
    assert removal(DIAMOND, ["a", "z", "o"]).gone == ("a", "b", "c", "d", "e", "z")


def test_what_only_an_extra_of_a_shared_package_brings_goes_with_the_one_that_asks_for_it() -> None:
    graph = graph_of(
        "plain rich",
        "plain shared",
        edge("rich", "shared", asks=("more",)),
        edge("shared", "x", extra="more"),
        "x y",
    )
    assert removal(graph, ["rich"]).gone == ("rich", "x", "y")
    assert removal(graph, ["plain"]).gone == ("plain",)
    assert removal(graph, ["shared"]).gone == ("shared", "x", "y")


def test_a_direct_dependency_that_stays_loses_the_extra_that_only_the_project_asked_for() -> None:
    graph = graph_of(
        "tool",
        "tool lib",
        edge("lib", "x", extra="more"),
        demands=(("dev", Requirement("lib", "lib", extras=("more",))),),
    )
    found = removal(graph, ["lib"])
    assert (found.gone, found.kept) == (("x",), (KeptPackage("lib", ("tool",)),))


def test_an_extra_that_asks_for_other_extras_of_its_own_package_brings_them() -> None:
    graph = graph_of(
        "a b",
        edge("a", "lib", asks=("all",)),
        "b lib",
        edge("lib", "lib", extra="all", asks=("one",)),
        edge("lib", "x", extra="one"),
    )
    assert removal(graph, ["a"]).gone == ("a", "x")


SELF = """
[[package]] # lib 1.0
[package.dependencies]
cli = {version = "*", optional = true, markers = 'extra == "cli"'}
net = [{version = "*", optional = true, extras = ["fast"], markers = 'extra == "net"'}]
[package.extras]
all = ["lib[cli,Net]"]
cli = ["cli"]
net = ["net[fast]"]
[[package]] # cli 1.0
[[package]] # net 1.0
[package.dependencies]
quick = {version = "*", optional = true, markers = 'extra == "quick"'}
[package.extras]
fast = ["net[quick]"]
quick = ["quick", "net[fast]"]
[[package]] # quick 1.0
[[package]] # other 1.0
[package.dependencies]
cli = "*"
"""


@pytest.mark.parametrize("groups", [None, ["main"]])
def test_an_extra_that_names_its_own_package_brings_those_extras(groups: list[str] | None) -> None:
    project = """
    [project]
    name = "p"
    version = "1"
    requires-python = ">=3.11,<3.14"
    dependencies = ["lib[all]", "other"]
    """
    graph = built(project, SELF, groups=groups)
    assert not analyse(graph).summary.orphans
    assert [path[0] for path in why(graph, "quick").paths] == ["lib"]
    assert removal(graph, ["lib"]).gone == ("lib", "net", "quick")


def test_an_extra_that_nothing_asks_for_keeps_nothing() -> None:
    assert removal(graph_of("a b", "a x", edge("b", "x", extra="more")), ["a"]).gone == ("a", "x")


@pytest.mark.parametrize(
    "graph",
    [
        DIAMOND,
        graph_of("a b", "a b", "b a c"),
        graph_of("p r", edge("r", "s", asks=("m",)), "p s t", edge("s", "x", extra="m"), "x t"),
    ],
)
def test_every_package_frees_what_its_removal_says(graph: object) -> None:
    found = analyse(graph)  # type: ignore[arg-type]
    assert {one.name: one.frees for one in found.metrics} == {
        one.name: len(removal(found.graph, [one.name]).gone) for one in found.metrics
    }


def test_an_unknown_name_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(UsageError) as caught:
        removal(graph_of("requests"), ["request"])
    assert (caught.value.where, caught.value.hint) == ("--without-package", 'Did you mean "requests"?')


def test_a_long_chain_needs_no_recursion() -> None:
    size = 5_000
    graph = graph_of("n0", *(f"n{place} n{place + 1}" for place in range(size)))
    assert len(removal(graph, ["n0"]).gone) == size + 1
