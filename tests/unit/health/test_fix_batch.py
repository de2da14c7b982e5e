"""The largest part of the fixes that has a solution."""

from __future__ import annotations

from poetry_aiops.health.fix_batch import Batch, Unsolved, largest_batch


def batch(ranks: dict[str, int], *conflicts: set[str], solves: int = 24, blind: bool = False) -> Batch[str]:
    """Solve with a solver for which these sets do not go together."""

    def attempt(names: frozenset[str]) -> str | Unsolved:
        for conflict in conflicts:
            if conflict <= names:
                culprits = frozenset() if blind else frozenset(conflict)
                return Unsolved(culprits, f"{' and '.join(sorted(conflict))} do not go together")
        return "+".join(sorted(names))

    return largest_batch(ranks, attempt, solves=solves)


def test_fixes_that_go_together_take_one_solve() -> None:
    found = batch({"a": 1, "b": 2})
    assert (found.names, found.solution, found.dropped, found.solves) == (("a", "b"), "a+b", {}, 1)


def test_the_least_grave_fix_of_a_conflict_is_dropped_with_the_reason() -> None:
    found = batch({"a": 4, "b": 1, "c": 2}, {"a", "b"})
    assert found.names == ("a", "c")
    assert found.dropped == {"b": "a and b do not go together"}


def test_a_fix_that_never_works_is_dropped_alone() -> None:
    found = batch({"a": 1, "b": 4, "c": 1}, {"b"})
    assert (found.names, set(found.dropped)) == (("a", "c"), {"b"})


def test_an_explanation_that_names_nobody_still_ends_with_the_rest() -> None:
    found = batch({"a": 1, "b": 4, "c": 1}, {"b"}, blind=True)
    assert (found.names, set(found.dropped)) == (("a", "c"), {"b"})


def test_what_was_dropped_too_much_comes_back() -> None:
    found = batch({"a": 1, "b": 2, "c": 3, "d": 4}, {"a", "b"}, {"c", "d"}, blind=True)
    assert len(found.names) == 2
    assert found.solution == "+".join(found.names)
    assert not {"a", "b"} <= set(found.names)


def test_nothing_that_works_gives_no_solution() -> None:
    found = batch({"a": 1, "b": 2}, {"a"}, {"b"})
    assert (found.names, found.solution, set(found.dropped)) == ((), None, {"a", "b"})


def test_the_number_of_solves_is_limited() -> None:
    names = {f"p{index}": 1 for index in range(40)}
    found = batch(names, *({name} for name in names), solves=5, blind=True)
    assert (found.solution, found.solves) == (None, 5)


def test_fixes_that_take_too_long_are_dropped_together() -> None:
    asked: list[frozenset[str]] = []

    def attempt(names: frozenset[str]) -> str | Unsolved:
        asked.append(names)
        slow = names & {"slow", "slower"}
        return Unsolved(slow, "too long", all_at_once=True) if slow else "quick"

    found = largest_batch({"quick": 1, "slow": 1, "slower": 1}, attempt)
    assert (found.names, found.solution, found.solves) == (("quick",), "quick", 2)
