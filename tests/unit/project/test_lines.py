from __future__ import annotations

from typing import Final

from tests.support.timing import within

from poetry_aiops.project.lines import asking_line, lock_lines, requirement_lines


SECONDS: Final = 6.0
"""Of processor time; it needs a tenth of a second, and with a look through all lines for each twenty."""
STANDARD = """\
[project]
name = "shop"
keywords = ["poetry", "demo"]
# dependencies = ["Web.API>=1"]
dependencies = [
    "Web.API>=1",
    "tool_kit[fast] ; python_version < \\"3.12\\"", 'parser',
]
[project.optional-dependencies]
fast = ["speedups>=2", "web-api>=1"]

[dependency-groups] # groups
test = ["pytest", "hypothesis>=6"]
all = [{ include-group = "test" }, "ruff"]
"""

POETRYS = """\
[tool.poetry.dependencies]
python = "^3.11"
"Web_Api" = "^1"
torch = [
    { version = "2.0", markers = "x" },
]
numpy.version = "^2"

[tool.poetry.dependencies.pandas]
version = "^2"

[tool.poetry.group."ml-cpu".dependencies]
scipy = "*"

[tool.poetry.scripts]
serve = "shop:serve"

[[tool.poetry.source]]
name = "house"
"""


def test_each_requirement_of_the_standard_lists_has_its_line() -> None:
    assert requirement_lines(STANDARD) == {
        ("main", "web-api"): 6,
        ("main", "tool-kit"): 7,
        ("main", "parser"): 7,
        ("main", "speedups"): 10,
        ("test", "pytest"): 13,
        ("test", "hypothesis"): 13,
        ("all", "ruff"): 14,
    }


def test_poetrys_own_tables_have_lines_too() -> None:
    assert requirement_lines(POETRYS) == {
        ("main", "python"): 2,
        ("main", "web-api"): 3,
        ("main", "torch"): 4,
        ("main", "numpy"): 7,
        ("main", "pandas"): 9,
        ("ml-cpu", "scipy"): 13,
    }


def test_each_group_that_asks_for_a_package_has_its_line() -> None:
    text = """\
[tool.poetry.group.ML_CPU.dependencies]
torch = "2.1"
[tool.poetry.group."ml-gpu".dependencies.torch]
version = "2.2"
[tool.poetry.dev-dependencies]
torch = "*"
[dependency-groups]
Bench = ["torch>=2"]
"""
    assert requirement_lines(text) == {
        ("ml-cpu", "torch"): 2,
        ("ml-gpu", "torch"): 3,
        ("dev", "torch"): 6,
        ("bench", "torch"): 8,
    }


def test_a_build_is_pulled_in_by_the_line_of_its_own_variant() -> None:
    asked = {("main", "web"): 3, ("cpu", "jaxlib"): 9, ("gpu", "jaxlib"): 14, ("gpu", "web"): 15}
    assert asking_line(asked, ("jaxlib",), ("gpu",)) == 14
    assert asking_line(asked, ("jaxlib",), ("cpu", "gpu")) == 9
    assert asking_line(asked, ("numpy", "jaxlib"), ("gpu",)) == 14
    assert asking_line(asked, ("jaxlib", "web"), ("other",)) == 9
    assert asking_line(asked, ("numpy",), ("main",)) is None


def test_the_standard_list_wins_over_poetrys_table() -> None:
    assert requirement_lines(POETRYS + STANDARD)["main", "web-api"] == len(POETRYS.splitlines()) + 6


def test_dotted_keys_and_other_shapes_do_no_harm() -> None:
    assert requirement_lines('project.dependencies = ["a>=1"]\n') == {("main", "a"): 1}
    assert requirement_lines('[project]\ndependencies = "a"\n[dependency-groups]\nx = 3\n') == {}
    assert requirement_lines("project = 3\n") == {}
    assert requirement_lines("[project\n") == {}


def test_each_locked_package_has_its_line() -> None:
    text = '# made by a test\n\n[[package]]\nname = "a"\n\n  [[package]]  \nname = "b"\n[metadata]\n'

    assert lock_lines(text) == (3, 6)
    assert lock_lines("") == ()


def test_thousands_of_requirements_are_found_without_looking_through_all_lines_for_each() -> None:
    count = 6_000
    text = (
        "[project]\ndependencies = [\n"
        + "".join(f'  "web{number} (>=1)",\n' for number in range(count))
        + "]\n"
    )
    with within(SECONDS):
        found = requirement_lines(text)
    assert found["main", "web5999"] == count + 2
