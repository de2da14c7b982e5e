"""`poetry self add` is for every project of a user: one that has no table of ours notices nothing of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support import projects
from tests.support.beside_plain import BesidePlain


if TYPE_CHECKING:
    from tests.conftest import ProjectFactory
    from tests.support.poetry_program import PoetryProgram


LIBRARY = """\
[project]
name = "library"
version = "1.2.0"
requires-python = ">=3.11"
dependencies = ["requests (>=2.30,<3.0)"]
[tool.poetry]
package-mode = false
"""

GROUP = """
[tool.poetry.group.{name}]
optional = true
[tool.poetry.group.{name}.dependencies]
{wanted}
"""


def optional_groups(**groups: str) -> str:
    return "".join(
        GROUP.format(name=name.replace("_", "-"), wanted=wanted) for name, wanted in groups.items()
    )


PROJECTS = {
    "application": projects.ORDINARY,
    "library": LIBRARY,
    "extras": LIBRARY + '[project.optional-dependencies]\nplots = ["numpy"]\nweb = ["fastapi[all]"]\n',
    "exclusive extras": projects.SOUND_EXTRAS,
    "dependency groups": LIBRARY + '[dependency-groups]\ntest = ["pytest"]\ndocs = ["idna"]\n',
    "groups named like hardware": LIBRARY + optional_groups(bench_cpu='idna = "*"', bench_gpu='numpy = "*"'),
    "packages named like hardware": LIBRARY
    + optional_groups(cpu='onnxruntime = "^1.23"', cuda='tensorflow-cpu = "^2.20"'),
    "one torch with a source": projects.head() + projects.TORCH_GPU_ONLY,
    "a version for each Python": LIBRARY
    + """
[tool.poetry.dependencies]
numpy = [
  {version = "<2", python = "<3.12"},
  {version = ">=2", python = ">=3.12"},
]
""",
    "versions that exclude each other": projects.head('requests = "^2.30"')
    + optional_groups(new='numpy = ">=2"', old='numpy = "<2"'),
}

COMMANDS = (
    ("lock",),
    ("check", "--lock"),
    ("install", "--all-groups"),
    ("show", "--tree"),
    ("add", "colorama", "--group", "extra"),
    ("update",),
    ("remove", "colorama", "--group", "extra"),
    ("sync", "--all-extras"),
    ("export", "--all-groups", "--output", "requirements.txt"),
)


@pytest.mark.slow
@pytest.mark.parametrize("name", PROJECTS)
def test_no_command_of_poetry_changes_for_a_project_without_our_table(
    poetry: PoetryProgram, teammate: PoetryProgram, new_project: ProjectFactory, name: str
) -> None:
    template = PROJECTS[name]
    both = BesidePlain(poetry, teammate, new_project(template, "ours"), new_project(template, "theirs"))
    assert [difference for words in COMMANDS for difference in both.differences(*words)] == []


def test_the_comparison_sees_what_a_plugin_changes(
    poetry: PoetryProgram, teammate: PoetryProgram, new_project: ProjectFactory
) -> None:
    both = BesidePlain(poetry, teammate, new_project(projects.HW, "ours"), new_project(projects.HW, "theirs"))
    reported = "\n".join(both.differences("lock"))
    for part in ("exit code: 0 instead of 1", "stdout", "stderr", "poetry.lock"):
        assert f"poetry lock: {part}" in reported
