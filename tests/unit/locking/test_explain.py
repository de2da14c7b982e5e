"""The words for variants that cannot agree."""

from __future__ import annotations

from dataclasses import dataclass

from poetry_aiops.locking.explain import disagreement
from poetry_aiops.locking.model import Build, Demand, Placement, of_group


BASE = frozenset({"main", "docs", "test"})


@dataclass(frozen=True)
class Solved:
    placements: tuple[Placement, ...]
    demands: tuple[tuple[str, Demand], ...] = ()

    def demands_on(self, name: str) -> tuple[Demand, ...]:
        return tuple(demand for wanted, demand in self.demands if wanted == name)

    def every_parent_accepts(self, build: Build) -> bool:
        raise NotImplementedError(build)


def placed(name: str, version: str, *groups: str) -> Placement:
    return Placement(Build(name, version), dict.fromkeys(groups, ""))


def wants(name: str, *parents: str) -> tuple[tuple[str, Demand], ...]:
    return tuple((name, Demand(parent, ">=1")) for parent in parents)


def test_each_variant_is_told_with_its_builds_and_the_first_three_who_ask() -> None:
    solutions = {
        "cpu": Solved(
            (placed("numpy", "1", "main"), placed("numpy", "2", "docs"), placed("numpy", "3", "cpu")),
            wants("numpy", "a", "b", "c", "d", "e"),
        ),
        "gpu": Solved(
            (placed("numpy", "2", "main"), placed("rich", "9", "main")), wants("numpy", "a", "b", "c")
        ),
        "rocm": Solved(()),
    }
    assert disagreement(solutions, BASE, {"numpy"}).details == (
        "numpy (in docs, main):",
        "  with cpu: 1 and 2 (a wants >=1, b wants >=1, c wants >=1 and 2 more)",
        "  with gpu: 2 (a wants >=1, b wants >=1, c wants >=1)",
        "  with rocm: not needed",
    )


def test_what_the_project_itself_asks_for_is_told_first() -> None:
    solutions = {"cpu": Solved((), (*wants("a", "z 1"), *wants("b", of_group("cpu"))))}
    error = disagreement(solutions, BASE, {"a", "b"})
    assert error.what.endswith("so one poetry.lock cannot serve them all: b, a")
    assert "so that one b fits them all" in (error.hint or "")


def test_eight_packages_are_told_in_full_and_the_others_by_name() -> None:
    names = [f"p{number:02}" for number in range(10)]
    eight = disagreement({"cpu": Solved(())}, BASE, names[:8]).details
    ten = disagreement({"cpu": Solved(())}, BASE, names).details
    assert len(eight) == 2 * 8
    assert ten == (*eight, "... and 2 more: p08, p09")


def test_a_dispute_of_optional_groups_alone_names_all_of_them_in_the_advice() -> None:
    solved = Solved((placed("numpy", "1", "test", "docs", "cpu"),))
    hint = disagreement({"cpu": solved}, BASE, {"numpy"}).hint or ""
    assert "let the requirements of the variants overlap, so that one numpy fits them all" in hint
    assert "make the optional group docs and test a variant as well" in hint


def test_what_main_declares_itself_is_removed_from_main() -> None:
    solved = Solved((placed("torch", "1", "main", "cpu"),), wants("torch", of_group("main"), of_group("cpu")))
    assert "delete it from main's dependencies" in (disagreement({"cpu": solved}, BASE, {"torch"}).hint or "")
