"""Groups, extras and machines narrow the graph to what an installer would then install."""

from __future__ import annotations

import pytest
from tests.unit.graph.small import LINUX, WINDOWS, built, lock, names, project

from poetry_aiops.errors import UsageError
from poetry_aiops.graph.analysis import removal
from poetry_aiops.graph.answers import Answers
from poetry_aiops.graph.build import build_graph
from poetry_aiops.graph.constraints import holds_back
from poetry_aiops.graph.diff import between_groups
from poetry_aiops.graph.model import Scope
from poetry_aiops.graph.paths import focus, part, why
from poetry_aiops.graph.report.words import sections
from poetry_aiops.graph.scope import machine_for, scope_of


APP = """
[project]
name = "app"
version = "1"
requires-python = ">=3.11,<3.14"
dependencies = ["web[fast]", "win ; sys_platform == 'win32'"]
[project.optional-dependencies]
plots = ["plotter"]
[dependency-groups]
ml-cpu = ["torch"]
ml-gpu = ["torch", "cuda"]
all-ml = [{ include-group = "ml-gpu" }]
[tool.poetry.group.ml-cpu]
optional = true
[tool.poetry.group.ml-gpu]
optional = true
"""

LOCK = """
[[package]] # web 1.0
[package.dependencies]
speed = {version = "*", optional = true, markers = 'extra == "fast"'}
docs = {version = "*", optional = true, markers = 'extra == "docs"'}
base = "*"
[package.extras]
fast = ["speed"]
docs = ["docs"]
[[package]] # speed 1.0
[[package]] # docs 1.0
[[package]] # base 1.0
groups = ["main", "ml-cpu", "ml-gpu", "all-ml"]
[[package]] # win 1.0
markers = "sys_platform == 'win32'"
[[package]] # plotter 1.0
optional = true
markers = 'extra == "plots"'
[package.dependencies]
base = "*"
[[package]] # torch 2.9+cpu
groups = ["ml-cpu"]
optional = true
[package.dependencies]
base = "*"
[package.source]
type = "legacy"
url = "https://index.example/cpu"
reference = "cpu"
[[package]] # torch 2.9+cu126
groups = ["ml-gpu", "all-ml"]
optional = true
[package.dependencies]
base = "*"
triton = {version = "*", markers = "sys_platform == 'linux'"}
[[package]] # triton 3.0
groups = ["ml-gpu", "all-ml"]
optional = true
markers = "sys_platform == 'linux'"
[[package]] # cuda 12.6
groups = ["ml-gpu", "all-ml"]
optional = true
"""


def test_without_a_scope_everything_is_there() -> None:
    assert len(built(APP, LOCK).nodes) == 9


def test_only_a_group_leaves_what_it_installs() -> None:
    graph = built(APP, LOCK, groups=["ml-cpu"])
    assert names(graph) == ["base", "torch"]
    assert graph.by_id["torch"].versions == ("2.9+cpu",)
    assert graph.direct == ("torch",)


def test_an_extra_that_nobody_asks_for_brings_nothing() -> None:
    graph = built(APP, LOCK, groups=["main"])
    assert names(graph) == ["base", "plotter", "speed", "web", "win"]


def test_the_projects_extras_are_all_in_or_those_that_are_named() -> None:
    assert "plotter" not in names(build_graph(project(APP), lock(LOCK), Scope(("main",), ())))
    assert "plotter" in names(build_graph(project(APP), lock(LOCK), Scope(("main",), ("plots",))))


def test_a_machine_decides_every_marker() -> None:
    assert "triton" in names(built(APP, LOCK, target=LINUX))
    assert "win" not in names(built(APP, LOCK, target=LINUX))
    windows = built(APP, LOCK, target=WINDOWS)
    assert "triton" not in names(windows)
    assert "win" in names(windows)


def test_every_question_says_that_a_package_is_not_needed_there() -> None:
    graph = built(APP, LOCK, target=LINUX)
    answers = Answers(
        why=(why(graph, "win"),),
        focus=focus(graph, "win"),
        removal=removal(graph, ["win"]),
        held=holds_back(graph, "win"),
    )
    for section in sections(answers, graph):
        assert section.lines[0] == "win is locked, but nothing in this selection leads to it."
    assert part(graph, {"web"}).outside == (
        "base",
        "cuda",
        "docs",
        "plotter",
        "speed",
        "torch",
        "triton",
        "win",
    )


@pytest.mark.parametrize("version", ["1.1", "2.0"])
def test_old_locks_without_groups_are_followed_the_same_way(version: str) -> None:
    old = "\n".join(line for line in LOCK.splitlines() if not line.startswith(("groups", "markers")))
    graph = built(APP, old, version=version, groups=["ml-gpu"], target=WINDOWS)
    assert names(graph) == ["base", "cuda", "torch"]


def test_an_old_lock_picks_the_build_that_its_asker_allows() -> None:
    text = """
[[package]] # web 1.0
[package.dependencies]
numpy = "<2"
[[package]] # numpy 1.26
[[package]] # numpy 2.1
[package.dependencies]
base = "*"
[[package]] # base 1.0
"""
    graph = built(APP, text, version="2.0", groups=["main"])
    assert graph.by_id["numpy"].versions == ("1.26",)
    assert "base" not in names(graph)


def test_a_scope_is_put_together_from_options_by_any_spelling() -> None:
    found = scope_of(project(APP), only=["ML_cpu"], extras=["Plots"], target=LINUX)
    assert found == Scope(("ml-cpu",), ("plots",), LINUX)
    assert scope_of(project(APP), without=["ml-gpu", "all-ml"]).groups == ("main", "ml-cpu")
    assert scope_of(project(APP)).is_everything


def test_an_included_group_comes_along() -> None:
    assert scope_of(project(APP), only=["all-ml"]).groups == ("all-ml", "ml-gpu")


def test_a_group_that_does_not_exist_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(UsageError) as caught:
        scope_of(project(APP), only=["ml-cup"])
    assert (caught.value.where, caught.value.hint) == ("--only", 'Did you mean "ml-cpu"?')


def test_an_extra_that_does_not_exist_is_refused() -> None:
    with pytest.raises(UsageError, match="there is no extra"):
        scope_of(project(APP), extras=["plot"])


def test_leaving_every_group_out_is_refused() -> None:
    with pytest.raises(UsageError, match="no dependency group is left"):
        scope_of(project(APP), only=["main"], without=["main"])


def test_what_one_variant_adds_over_another() -> None:
    found = between_groups(project(APP), lock(LOCK), "ml-cpu", "ml-gpu", Scope(("main",), (), LINUX))
    assert [one.name for one in found.added] == ["cuda", "triton"]
    assert found.added[1].because == ("torch", "triton")
    assert [(one.name, one.old, one.new) for one in found.changed] == [
        ("torch", ("2.9+cpu from cpu",), ("2.9+cu126",))
    ]
    assert found.removed == ()


def test_on_another_machine_it_adds_less() -> None:
    found = between_groups(project(APP), lock(LOCK), "ml-cpu", "ml-gpu", Scope(("main",), (), WINDOWS))
    assert [one.name for one in found.added] == ["cuda"]


def test_what_a_group_adds_at_all() -> None:
    found = between_groups(project(APP), lock(LOCK), "main", "ml-cpu", Scope(("main",)))
    assert [one.name for one in found.added] == ["torch"]
    assert found.removed == ()


def test_a_machine_is_found_by_system_and_python() -> None:
    assert machine_for(">=3.11,<3.14", "linux-x86_64").name == "linux-x86_64-py3.13"
    assert machine_for(">=3.11,<3.14", "macos-arm64", "3.11").name == "macos-arm64-py3.11"


@pytest.mark.parametrize(
    ("platform", "python", "hint"),
    [
        ("linux-x86_64", "3.8", "It allows Python 3.11, 3.12, 3.13 there."),
        (
            "amiga-m68k",
            None,
            "Known systems are linux-x86_64, linux-aarch64, macos-arm64, macos-x86_64, windows-amd64.",
        ),
    ],
)
def test_a_machine_that_the_lock_is_not_for_is_refused(platform: str, python: str | None, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        machine_for(">=3.11,<3.14", platform, python)
    assert caught.value.hint == hint


def test_a_build_for_one_system_does_not_bring_what_it_needs_on_another() -> None:
    text = """
[[package]] # torch 2.9+cpu
groups = ["ml-cpu"]
markers = "sys_platform != 'darwin'"
[[package]] # torch 2.9
groups = ["ml-cpu", "ml-gpu"]
markers = {ml-cpu = "sys_platform == 'darwin'"}
[package.dependencies]
cuda = {version = "*", markers = "platform_system == 'Linux'"}
pypy = {version = "*", markers = "platform_python_implementation == 'PyPy'"}
[[package]] # cuda 12.6
groups = ["ml-cpu", "ml-gpu"]
[[package]] # pypy 1.0
groups = ["ml-cpu", "ml-gpu"]
markers = "platform_python_implementation == 'PyPy'"
"""
    assert "cuda" not in names(built(APP, text, groups=["ml-cpu"]))
    assert "cuda" in names(built(APP, text, groups=["ml-gpu"]))
    assert [
        one.name
        for one in between_groups(project(APP), lock(text), "ml-cpu", "ml-gpu", Scope(("main",))).added
    ] == ["cuda"]
