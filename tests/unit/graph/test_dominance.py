"""What stands or falls with what."""

from __future__ import annotations

import pytest
from tests.unit.graph.small import graph_of

from poetry_aiops.errors import UsageError
from poetry_aiops.graph.answers import Kept
from poetry_aiops.graph.dominance import BY_THE_PROJECT, NOT_REACHED, closures, immediate_dominators, removal


DIAMOND = graph_of("a z", "a b c", "b d", "c d", "d e", "z e", "o p", alone="o")


def test_what_two_branches_share_is_dominated_by_where_they_part() -> None:
    # a=0 b=1 c=2 d=3
    assert immediate_dominators([(1, 2), (3,), (3,), ()], [0]) == [BY_THE_PROJECT, 0, 0, 0]


def test_what_two_direct_dependencies_share_is_dominated_by_the_project() -> None:
    assert immediate_dominators([(2,), (2,), ()], [0, 1]) == [BY_THE_PROJECT] * 3


def test_what_the_project_does_not_lead_to_has_no_dominator() -> None:
    assert immediate_dominators([(), (0,)], [0]) == [BY_THE_PROJECT, NOT_REACHED]


def test_a_cycle_and_a_self_loop_change_nothing() -> None:
    assert immediate_dominators([(0, 1), (2,), (1,)], [0]) == [BY_THE_PROJECT, 0, 1]


def test_the_textbook_graph_of_lengauer_and_tarjan() -> None:
    letters = "ABCDEFGHIJKL"
    edges = {"R": "ABC", "A": "D", "B": "ADE", "C": "FG", "D": "L", "E": "H", "F": "I", "G": "IJ", "H": "EK", "I": "K", "J": "I", "K": "RI", "L": "H"}  # fmt: skip
    after = [tuple(letters.index(to) for to in edges[one] if to != "R") for one in letters]
    found = immediate_dominators(after, [letters.index(to) for to in edges["R"]])
    assert {letter: letters[found[place]] for place, letter in enumerate(letters) if found[place] >= 0} == {
        "F": "C",
        "G": "C",
        "J": "G",
        "L": "D",
    }


def test_a_closure_is_all_that_is_there_only_through_a_package() -> None:
    found = {one.name: one.members for one in closures(DIAMOND)}
    assert found["a"] == ("a", "b", "c", "d")
    assert found["d"] == ("d",)
    assert found["e"] == ("e",)
    assert "o" not in found


def test_one_direct_dependency_takes_its_closure_along() -> None:
    assert removal(DIAMOND, ["a"]).gone == ("a", "b", "c", "d")


def test_a_set_takes_more_along_than_its_members_alone() -> None:
    assert removal(DIAMOND, ["a", "z"]).gone == ("a", "b", "c", "d", "e", "z")


def test_a_direct_dependency_that_is_needed_elsewhere_stays() -> None:
    found = removal(graph_of("a b", "a b", "b c"), ["b"])
    assert (found.gone, found.kept) == ((), (Kept("b", ("a",)),))


def test_two_that_need_each_other_go_together() -> None:
    assert removal(graph_of("a b", "a b", "b a c"), ["a", "b"]).gone == ("a", "b", "c")


def test_a_package_that_is_not_direct_is_taken_as_no_longer_needed() -> None:
    found = removal(DIAMOND, ["d"])
    assert (found.gone, found.transitive) == (("d",), ("d",))


def test_an_orphan_is_not_counted_as_going_away_with_others() -> None:
    assert "o" not in removal(DIAMOND, ["a", "z"]).gone
    assert removal(DIAMOND, ["o"]).gone == ("o",)


def test_an_unknown_name_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(UsageError) as caught:
        removal(graph_of("requests"), ["request"])
    assert (caught.value.where, caught.value.hint) == ("--without-package", 'Did you mean "requests"?')


def test_a_long_chain_needs_no_recursion() -> None:
    size = 50_000
    found = immediate_dominators([*((node + 1,) for node in range(size - 1)), ()], [0])
    assert found == [BY_THE_PROJECT, *range(size - 1)]
