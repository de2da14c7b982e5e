"""Rule 1 against a small solver whose every choice can be read off the test."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from poetry_aiops.errors import LockConflictError
from poetry_aiops.locking.agreement import Agreeing, Agreement
from poetry_aiops.locking.model import Build, Demand, NoSolutionError, Placement, SolverOffer
from poetry_aiops.project.model import LockedDependency
from poetry_aiops.project.targets import targets


LINUX_AND_OTHERS = targets(lambda python: python.startswith("3.12."))
BASE = frozenset({"main", "dev"})


@dataclass(frozen=True)
class Solved:
    placements: tuple[Placement, ...]
    refused: frozenset[Build] = frozenset()

    def demands_on(self, name: str) -> tuple[Demand, ...]:
        return (Demand("torch 2.9", f"any {name}"),)

    def every_parent_accepts(self, build: Build) -> bool:
        return build not in self.refused


def placed(name: str, version: str, *groups: str, marker: str = "", source: str = "") -> Placement:
    return Placement(Build(name, version, source), dict.fromkeys(groups, marker))


@dataclass
class SmallSolver:
    """Chooses one numpy for main: the preferred or newest one that the variant allows."""

    allowed: dict[str, list[str]]
    obeys_preferences: bool = True
    calls: list[tuple[str, tuple[str, ...], tuple[str, ...]]] = field(default_factory=list)

    def solve(self, variant: str, offer: SolverOffer) -> Solved:
        wanted = [build.version for build in offer.preferred if build.name == "numpy"]
        offered = [build.version for build in offer.pinned if build.name == "numpy"]
        self.calls.append((variant, tuple(wanted), tuple(offered)))
        choices = [v for v in self.allowed[variant] if not offered or v in offered]
        if "numpy" in offer.shared:
            choices = [v for v in choices if all(accepts(Build("numpy", v)) for accepts in offer.witnesses)]
        if not choices:
            raise NoSolutionError(f"no numpy for {variant}")
        liked = [v for v in choices if v in wanted] if self.obeys_preferences else []
        chosen = (liked or choices)[0]
        everything = {v for versions in self.allowed.values() for v in versions}
        return Solved(
            (placed("numpy", chosen, "main", variant), placed("torch", "2.9", variant, source=variant)),
            frozenset(Build("numpy", v) for v in everything - set(self.allowed[variant])),
        )


def numpy_of(solved: Solved) -> list[str]:
    return [p.build.version for p in solved.placements if p.build.name == "numpy"]


def agreeing(solver: SmallSolver | TwoMachines, *variants: str) -> Agreeing[Solved]:
    return Agreeing(variants, BASE, solver, LINUX_AND_OTHERS)


def test_variants_with_the_same_wishes_are_solved_once_each() -> None:
    solver = SmallSolver({"cpu": ["2.2", "1.26"], "gpu": ["2.2", "1.26"]})
    result = agreeing(solver, "cpu", "gpu").run()
    assert [numpy_of(s) for s in result.solutions.values()] == [["2.2"], ["2.2"]]
    assert solver.calls == [("cpu", (), ()), ("gpu", ("2.2",), ())]


def test_an_earlier_variant_is_solved_again_when_a_later_one_needs_another_base() -> None:
    solver = SmallSolver({"cpu": ["2.2", "1.26"], "gpu": ["1.26"]})
    result = agreeing(solver, "cpu", "gpu").run()
    assert [numpy_of(s) for s in result.solutions.values()] == [["1.26"], ["1.26"]]
    assert result.held == frozenset()


def test_three_variants_agree_on_the_only_version_that_all_allow() -> None:
    solver = SmallSolver({"a": ["3", "2", "1"], "b": ["3", "2"], "c": ["2", "1"]})
    result = agreeing(solver, "a", "b", "c").run()
    assert {tuple(numpy_of(s)) for s in result.solutions.values()} == {("2",)}
    assert result.held == frozenset(), "preferring was enough: every earlier variant was solved again"


def test_a_base_is_held_when_the_solver_does_not_follow_preferences() -> None:
    solver = SmallSolver({"cpu": ["2.2", "1.26"], "gpu": ["1.26"]}, obeys_preferences=False)
    result = agreeing(solver, "cpu", "gpu").run()
    assert {tuple(numpy_of(s)) for s in result.solutions.values()} == {("1.26",)}
    assert [str(build) for build in result.held] == ["1.26"]


def test_a_version_that_no_variant_would_choose_alone_is_found() -> None:
    solver = SmallSolver({"new": ["2.2", "1.26"], "old": ["2.1", "1.26"]})
    result = agreeing(solver, "new", "old").run()
    assert {tuple(numpy_of(s)) for s in result.solutions.values()} == {("1.26",)}


def test_variants_that_cannot_agree_are_an_error_that_names_everything() -> None:
    solver = SmallSolver({"cpu": ["1.26"], "gpu": ["2.2"]})
    with pytest.raises(LockConflictError) as caught:
        agreeing(solver, "cpu", "gpu").run()
    text = str(caught.value)
    assert caught.value.exit_code == 2
    for part in (
        "numpy",
        "with cpu: 1.26",
        "with gpu: 2.2",
        "torch 2.9 wants any numpy",
        "Two ways out",
        "provides",
    ):
        assert part in text


@dataclass(frozen=True)
class EdgeBeside:
    """An optional group that is no variant needs the package in dispute."""

    def solve(self, variant: str, offer: SolverOffer) -> Solved:
        del offer
        version = "1.26" if variant == "cpu" else "2.2"
        return Solved((placed("numpy", version, "edge", variant),))


def test_a_dispute_of_an_optional_group_alone_suggests_making_it_a_variant() -> None:
    with pytest.raises(LockConflictError) as caught:
        Agreeing(("cpu", "gpu"), BASE | {"edge"}, EdgeBeside(), LINUX_AND_OTHERS).run()
    assert "numpy (in edge):" in str(caught.value)
    assert "make the optional group edge a variant as well" in str(caught.value)


def test_an_unsolvable_variant_stays_the_solvers_own_error() -> None:
    with pytest.raises(NoSolutionError, match="no numpy for gpu"):
        agreeing(SmallSolver({"cpu": ["1"], "gpu": []}), "cpu", "gpu").run()


@dataclass
class DoublingSolver:
    """Locks two nvidia-cublas for Linux until only one of them is offered."""

    accepted: tuple[str, ...]
    markers: tuple[str, str] = ('sys_platform == "linux"', 'platform_system == "Linux"')
    calls: int = 0

    def solve(self, variant: str, offer: SolverOffer) -> Solved:
        self.calls += 1
        offered = {build.version for build in offer.pinned}
        versions = [v for v in ("13.1", "13.2") if not offered or v in offered]
        builds = tuple(
            placed("nvidia-cublas", version, variant, marker=marker)
            for version, marker in zip(versions, self.markers, strict=False)
        )
        refused = frozenset(Build("nvidia-cublas", v) for v in versions if v not in self.accepted)
        return Solved(builds, refused)


def test_a_double_build_is_healed_with_the_version_that_every_parent_accepts() -> None:
    result = Agreeing(("gpu",), BASE, DoublingSolver(accepted=("13.1",)), LINUX_AND_OTHERS).run()
    assert {name: build.version for name, build in result.healed.items()} == {"nvidia-cublas": "13.1"}
    assert [p.build.version for p in result.solutions["gpu"].placements] == ["13.1"]


def test_of_several_accepted_builds_the_newest_by_version_is_kept() -> None:
    result = Agreeing(("gpu",), BASE, DoublingSolver(accepted=("13.1", "13.2")), LINUX_AND_OTHERS).run()
    assert result.healed["nvidia-cublas"].version == "13.2"


def test_two_builds_for_different_machines_are_left_alone() -> None:
    solver = DoublingSolver(accepted=(), markers=('sys_platform == "linux"', 'sys_platform == "win32"'))
    result = Agreeing(("gpu",), BASE, solver, LINUX_AND_OTHERS).run()
    assert result.healed == {}
    assert len(result.solutions["gpu"].placements) == 2


def test_a_double_build_that_no_version_cures_is_refused_with_the_machine() -> None:
    solver = DoublingSolver(accepted=())
    with pytest.raises(LockConflictError) as caught:
        Agreeing(("gpu",), BASE, solver, LINUX_AND_OTHERS).run()
    assert "nvidia-cublas: 13.1, 13.2 (on linux-x86_64" in str(caught.value)
    assert (caught.value.hint or "").startswith("Narrow the requirement")
    assert solver.calls == 1, "nothing was left to try"


@dataclass
class ChainSolver:
    """Doubles the packages of a variant one after the other, as long as those before are held to one build."""

    doubled: dict[str, tuple[str, ...]]

    def solve(self, variant: str, offer: SolverOffer) -> Solved:
        held = {build.name: build.version for build in offer.pinned}
        found = [placed("numpy", held.get("numpy", "2.2" if variant == "gpu" else "1.26"), "main")]
        for name in self.doubled[variant]:
            found += [
                placed(name, version, variant) for version in ("1", "2") if held.get(name, "2") == version
            ]
            if name not in held:
                found.append(placed(name, "1", variant))
                break
        return Solved(tuple(found))


def test_a_cure_is_kept_while_the_next_double_is_healed() -> None:
    result = Agreeing(("gpu",), BASE, ChainSolver({"gpu": ("a", "b")}), LINUX_AND_OTHERS).run()
    assert {name: build.version for name, build in result.healed.items()} == {"a": "2", "b": "2"}


def test_what_was_healed_in_each_variant_is_told() -> None:
    solver = ChainSolver({"cpu": ("a",), "gpu": ("b",)})
    result = Agreeing(("cpu", "gpu"), BASE, solver, LINUX_AND_OTHERS).run()
    assert sorted(result.healed) == ["a", "b"]


def test_a_base_that_is_tried_stays_fixed_while_a_double_is_healed() -> None:
    solver = ChainSolver({"cpu": (), "gpu": ("a",)})
    result = Agreeing(("cpu", "gpu"), BASE, solver, LINUX_AND_OTHERS).run()
    assert {tuple(numpy_of(s)) for s in result.solutions.values()} == {("1.26",)}
    assert sorted(result.healed) == ["a"]


@dataclass
class StubbornSolver:
    """Finds nothing among shared versions, and takes the base that it is given only when nothing else is offered."""

    alone: dict[str, str]
    works: str
    tried: list[frozenset[str]] = field(default_factory=list)

    def solve(self, variant: str, offer: SolverOffer) -> Solved:
        names = frozenset(f"{build.name} {build.version}" for build in offer.pinned)
        if variant == "a" and not offer.shared:
            self.tried.append(names)
        if offer.shared or (names and f"numpy {self.works}" not in names):
            raise NoSolutionError(variant)
        version = self.works if names else self.alone[variant]
        return Solved((placed("numpy", version, "main"), placed("rich", "1", "main")))


def test_where_no_shared_version_fits_each_base_is_tried_once_and_only_for_what_is_disputed() -> None:
    solver = StubbornSolver({"a": "3", "b": "3", "c": "2"}, works="2")
    result = Agreeing(("a", "b", "c"), BASE, solver, LINUX_AND_OTHERS).run()
    freely, *fixed = solver.tried
    assert freely == frozenset()
    assert fixed[-2:] == [frozenset({"numpy 3"}), frozenset({"numpy 2"})]
    assert fixed.count(frozenset({"numpy 3"})) == 1
    assert [f"{build.name} {build.version}" for build in result.held] == ["numpy 2"]


@dataclass
class TwoMachines:
    """Chooses rich, and what it leads to, for Linux and for the other systems apart: two builds where they differ.

    ``linux``: the versions of rich that each variant allows on Linux; elsewhere it allows all. The versions in
    ``capping`` do not go with markdown 3. Where rich is 1, win32 needs an older plugin, which allows beside 2.
    """

    linux: dict[str, set[str]]
    capping: frozenset[str] = frozenset()
    calls: list[tuple[str, list[str]]] = field(default_factory=list)

    def solve(self, variant: str, offer: SolverOffer) -> Solved:
        self.calls.append((variant, sorted(f"{build.name} {build.version}" for build in offer.preferred)))
        markers: dict[Build, list[str]] = {}
        for system, accepted in (("linux", self.linux[variant]), ("win32", {"1", "2", "3"})):
            rich = self._choose("rich", accepted, offer)
            markdown = self._choose(
                "markdown", set("123") - {"3"} if rich in self.capping else set("123"), offer
            )
            plugin = "1" if rich == "1" and system == "win32" else "2"
            beside = self._choose("beside", {"1"} if plugin == "2" else {"1", "2"}, offer)
            chosen = {"rich": rich, "markdown": markdown, "plugin": plugin, "beside": beside}
            for name, version in chosen.items():
                markers.setdefault(Build(name, version), []).append(f'sys_platform == "{system}"')
        edges = {"rich": (LockedDependency("markdown", "*", (), "", optional=False),)}
        return Solved(
            tuple(
                Placement(
                    build, {"main": " or ".join(where) if len(where) == 1 else ""}, edges.get(build.name, ())
                )
                for build, where in markers.items()
            ),
            frozenset(Build("rich", v) for v in {"1", "2", "3"} - self.linux[variant]),
        )

    @staticmethod
    def _choose(name: str, accepted: set[str], offer: SolverOffer) -> str:
        offered = {
            version
            for version in accepted
            if name not in offer.shared or all(accepts(Build(name, version)) for accepts in offer.witnesses)
        }
        if not offered:
            raise NoSolutionError(name)
        return max({one.version for one in offer.preferred if one.name == name} & offered or offered)


def chosen_by(result: Agreement[Solved]) -> set[tuple[str, ...]]:
    return {
        tuple(sorted(str(placement) for placement in solved.placements))
        for solved in result.solutions.values()
    }


def test_a_build_for_some_machines_only_is_settled_from_what_was_chosen_beside_it() -> None:
    solver = TwoMachines({"old": {"2"}, "new": {"2", "3"}, "last": {"2", "3"}}, capping=frozenset({"3"}))
    result = agreeing(solver, "old", "new", "last").run()
    assert chosen_by(result) == {("beside 1", "markdown 3", "plugin 2", "rich 2")}
    assert Build("rich", "2") in result.held
    assert [variant for variant, _ in solver.calls] == ["old", "new", "old", "new", "last"]
    assert solver.calls[2][1] == ["beside 1", "plugin 2"], "neither rich nor markdown, which rich capped"


def test_nothing_stays_old_for_the_sake_of_a_package_that_had_to_move() -> None:
    solver = TwoMachines({"old": {"1"}, "new": {"1", "3"}})
    result = agreeing(solver, "old", "new").run()
    assert chosen_by(result) == {("beside 1", "beside 2", "markdown 3", "plugin 1", "plugin 2", "rich 1")}


def test_a_variant_that_is_solved_late_can_bring_a_dispute_of_its_own() -> None:
    solver = TwoMachines({"a": {"2", "1"}, "b": {"1", "2", "3"}, "c": {"1"}})
    result = agreeing(solver, "a", "b", "c").run()
    assert {"rich 1"} == {
        build for solved in chosen_by(result) for build in solved if build.startswith("rich")
    }
