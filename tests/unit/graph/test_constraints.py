"""Who holds a package back."""

from __future__ import annotations

from tests.support.every import for_each
from tests.unit.graph.small import edge, graph_of

from poetry_aiops.graph.constraints import bound_text, holds_back, upper_bound
from poetry_aiops.project.model import Requirement


def test_the_tightest_owner_comes_first() -> None:
    graph = graph_of("a b c", edge("a", "x", ">=1,<3"), edge("b", "x", "^1.4"), edge("c", "x", ">=1.2"))
    (found,) = holds_back(graph, "x")
    assert found.allowed == ">=1.4,<2.0"
    assert [(one.owner, one.upper, one.tightest) for one in found.holders] == [
        ("b", "<2.0", True),
        ("a", "<3", False),
        ("c", "", False),
    ]


def test_the_project_can_be_the_one() -> None:
    graph = graph_of("a", edge("a", "x", "<5"), demands=(("dev", Requirement("x", "x", "~=1.0")),))
    (found,) = holds_back(graph, "x")
    assert [(one.owner, one.group, one.tightest) for one in found.holders] == [
        ("the project", "dev", True),
        ("a", "", False),
    ]


def test_two_that_are_equally_tight_are_both_named() -> None:
    graph = graph_of("a b", edge("a", "x", "<2"), edge("b", "x", ">=0.5,<2.0"))
    assert [one.tightest for one in holds_back(graph, "x")[0].holders] == [True, True]


def test_each_of_several_locked_versions_has_its_own_holders() -> None:
    graph = graph_of("a b", edge("a", "x", "<2"), edge("b", "x", ">=2"), versions={"x": ("1.5", "2.5")})
    found = holds_back(graph, "x")
    assert [(one.version, one.allowed, [holder.owner for holder in one.holders]) for one in found] == [
        ("1.5", "<2", ["a"]),
        ("2.5", ">=2", ["b"]),
    ]


def test_a_constraint_that_no_locked_version_meets_is_not_hidden() -> None:
    (found,) = holds_back(graph_of("a b", edge("a", "x", "<1"), edge("b", "x", ">=1")), "x")
    assert found.allowed == "nothing"
    assert found.holders[0].owner == "a"


def test_a_text_that_is_no_constraint_limits_nothing() -> None:
    (found,) = holds_back(graph_of("a", edge("a", "x", "whatever you like")), "x")
    assert (found.allowed, found.holders[0].upper) == ("*", "")


def test_nothing_holds_an_orphan() -> None:
    (found,) = holds_back(graph_of("a", alone="x"), "x")
    assert found.holders == ()


@for_each(
    ("constraint", "text"),
    [
        ("*", ""),
        ("^1.2", "<2.0"),
        ("~=1.4.2", "<1.5.0"),
        ("2.9.0+cpu", "<=2.9.0+cpu"),
        (">=1,!=1.5,<2", "<2"),
        ("<1 || >=2,<3", "<3"),
        ("<1 || >=2", ""),
        ("<1,>2", ""),
    ],
)
def test_the_upper_bound_of_a_constraint(constraint: str, text: str) -> None:
    assert bound_text(upper_bound(constraint)) == text
