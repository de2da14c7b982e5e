"""Why a package is there, and what surrounds it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.unit.graph.small import edge, graph_of

from poetry_aiops.errors import UsageError
from poetry_aiops.graph.paths import focus, part, why, without_extras
from poetry_aiops.graph.report.words import path_text
from poetry_aiops.project.model import Requirement


if TYPE_CHECKING:
    from poetry_aiops.graph.answers import PathStep, Why


def test_one_shortest_path_for_each_direct_dependency_shortest_first() -> None:
    found = why(graph_of("a b c", "a m", "m x", "b x", "c d", "d m"), "x")
    assert found.paths == (("b", "x"), ("a", "m", "x"), ("c", "d", "m", "x"))


def step_of(found: Why, path: int = 0, place: int = -1) -> PathStep:
    return found.steps[path][place]


def test_a_step_says_what_it_asks_for_and_through_which_extra() -> None:
    found = why(
        graph_of(
            "",
            edge("lib", "wire", ">=2", extra="fast", marker="sys_platform == 'linux'", asks=("tls",)),
            edge("wire", "cipher", "^1.0", extra="tls"),
            demands=(
                ("dev", Requirement("lib", "lib", "<9", extras=("fast",))),
                ("main", Requirement("lib", "lib", "<8")),
            ),
        ),
        "cipher",
    )
    assert found.paths == (("lib", "wire", "cipher"),)
    first, second, third = found.steps[0]
    assert (first.source, first.target, first.constraint, first.group, first.asks) == (
        None, "lib", "<9", "dev", ("fast",),
    )  # fmt: skip
    assert (second.extras, second.asks, second.constraint) == (("fast",), ("tls",), ">=2")
    assert second.marker == 'sys_platform == "linux"'
    assert (third.source, third.extras, third.marker, third.group) == ("wire", ("tls",), "", None)


def test_a_path_that_begins_in_an_extra_of_the_project_names_it() -> None:
    demands = [
        Requirement("lib", "lib", "<9", optional=True, in_extras=(extra,)) for extra in ("server", "cli")
    ]
    graphs = [
        graph_of("", "lib wire", demands=tuple(("main", one) for one in found))
        for found in (demands[:1], demands, [*demands, Requirement("lib", "lib", "<9")])
    ]
    assert [step_of(why(graph, "wire"), place=0).extras for graph in graphs] == [
        ("server",),
        ("cli", "server"),
        (),
    ]
    assert [path_text(why(graph, "wire").steps[0]).partition(": ")[0] for graph in graphs] == [
        "main with the extra server",
        "main with the extra cli or server",
        "main",
    ]


def test_an_extra_of_one_parent_is_no_way_for_another() -> None:
    graph = graph_of(
        "plain rich", "plain lib", edge("rich", "lib", asks=("x",)), edge("lib", "goal", extra="x")
    )
    assert why(graph, "goal").leading == ("rich",)


def test_the_path_whose_last_step_allows_the_least_comes_first() -> None:
    graph = graph_of("a b c", edge("a", "x", ">=1"), edge("b", "x", "<9"), "c d", edge("d", "x", "<3"))
    assert [path[0] for path in why(graph, "x").paths] == ["c", "b", "a"]


def test_each_group_that_asks_has_its_own_path() -> None:
    demands = tuple(
        (group, Requirement("a", "a", constraint)) for group, constraint in (("one", "<3"), ("two", "<2"))
    )
    found = why(graph_of("", "a x", demands=demands), "a")
    assert [(steps[0].group, steps[0].constraint) for steps in found.steps] == [("two", "<2"), ("one", "<3")]
    assert found.leading == ("a",)


def test_a_way_between_two_packages_begins_with_the_first() -> None:
    found = why(graph_of("r", "r a z", "a b c", "b x", "c d", "d x", "z x"), "x", "a")
    assert (found.paths, found.leading, found.start) == ((("a", "b", "x"), ("a", "c", "d", "x")), (), "a")
    assert step_of(found, 0, 0).source == "a"
    assert why(graph_of("a b", "a x"), "x", "b").paths == ()


def test_builds_of_a_name_that_take_a_step_are_named() -> None:
    graph = graph_of(
        "t", edge("t", "u", "<2"), edge("u", "x"), versions={"u": ("1.0", "2.0")},
    )  # fmt: skip
    assert step_of(why(graph, "x")).source_versions == ("1.0",)


def test_an_orphan_is_there_for_no_reason() -> None:
    found = why(graph_of("a", alone="x"), "x")
    assert (found.paths, found.leading) == ((), ())


def test_what_the_project_asks_for_itself_says_so() -> None:
    found = why(graph_of("a x", "a x"), "x")
    assert [demand.group for demand in found.demands] == ["main"]
    assert found.paths[0] == ("x",)


def test_only_so_many_paths_are_shown() -> None:
    direct = " ".join(f"d{place:02}" for place in range(30))
    found = why(graph_of(direct, *(f"{name} x" for name in direct.split())), "x", limit=5)
    assert (len(found.paths), len(found.leading), found.more) == (5, 30, 25)


def test_focus_has_what_is_above_and_below_with_distances() -> None:
    found = focus(graph_of("a", "a b", "b c", "c d", "d e", "q c"), "c")
    assert found.ancestors == (("b", 1), ("q", 1), ("a", 2))
    assert found.descendants == (("d", 1), ("e", 2))
    assert found.names == ("a", "b", "c", "d", "e", "q")


def test_focus_can_stop_early() -> None:
    found = focus(graph_of("a", "a b", "b c", "c d", "d e"), "c", depth=1)
    assert found.names == ("b", "c", "d")


def test_a_part_keeps_the_edges_inside_it() -> None:
    found = part(graph_of("a", "a b c", "b c"), ["b", "c"])
    assert [(one.source, one.target) for one in found.edges] == [("b", "c")]
    assert found.direct == ()


@pytest.mark.parametrize("ask", [why, focus])
def test_an_unknown_name_is_refused(ask: object) -> None:
    assert callable(ask)
    with pytest.raises(UsageError):
        ask(graph_of("a"), "\x1b[31mnothing")


@pytest.mark.parametrize(
    ("marker", "rest"),
    [
        ('sys_platform == "linux" and extra == "a"', 'sys_platform == "linux"'),
        ('extra == "a" or', 'extra == "a" or'),
        ('flavour == "extra"', 'flavour == "extra"'),
    ],
)
def test_a_step_names_no_extra_in_its_marker_and_keeps_what_is_no_marker(marker: str, rest: str) -> None:
    assert without_extras(marker) == rest
