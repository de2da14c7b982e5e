"""The pip section of conda environment files, and what is said about the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.migrations import migrated
from tests.support.neighbours import in_memory

from poetry_aiops.migrate.reading.conda import has_pip_section, is_environment_name
from poetry_aiops.migrate.reading.read import read_tree


if TYPE_CHECKING:
    from tests.support.migrations import Files


ENVIRONMENT = """\
name: vision
channels: [conda-forge]
dependencies:
  - python=3.10
  - conda-forge::ffmpeg=6  # for the videos
  - pip
  - pip:
      - --extra-index-url https://wheels.example/simple
      - "attrs==23.1.0"  # classes
      - httpx[http2]>=0.27 ; sys_platform != "win32"
      - -r more.txt
  - numpy=1.26
variables:
  pip: none
"""


def test_the_pip_section_is_a_requirements_file_with_the_lines_of_the_environment_file() -> None:
    files = {"environment.yml": ENVIRONMENT, "more.txt": "six\n"}
    tree = read_tree(["environment.yml"], in_memory(files))
    assert [(str(one.place), one.name) for one in tree.readings["environment.yml"].requirements] == [
        ("environment.yml:9", "attrs"),
        ("environment.yml:10", "httpx"),
        ("more.txt:1", "six"),
    ]
    assert "".join(line.raw for line in tree.files["environment.yml"].lines) == ENVIRONMENT
    assert tree.files["environment.yml"].data == ENVIRONMENT.encode()
    (told,) = tree.problems
    assert (told.severity, told.place.line) == ("warning", 5)
    assert "conda-forge::ffmpeg=6 (line 5), numpy=1.26 (line 12)" in told.what


def test_an_environment_file_is_main_with_the_python_of_conda() -> None:
    migration = migrated(
        {"environment.yml": ENVIRONMENT.replace("      - -r more.txt\n", "")}, "environment.yml"
    )
    assert migration.dependencies == ["attrs (==23.1.0)", 'httpx[http2] (>=0.27) ; sys_platform != "win32"']
    assert migration.identity.requires_python == ">=3.10,<3.11"
    assert migration.plan.roles["environment.yml"].kind == "main"


def test_the_rest_of_a_name_says_what_an_environment_file_is_for() -> None:
    files: Files = {"requirements.txt": "six\n", "environment-dev.yml": "dependencies:\n- pip:\n  - pytest\n"}
    migration = migrated(files, *files)
    assert migration.listed("dev") == ["pytest"]


def test_a_list_in_brackets_is_an_error_with_its_line() -> None:
    for text in ("dependencies: [python, pip]\n", "name: x\ndependencies:\n  - pip: [six]\n"):
        (told,) = read_tree(["environment.yml"], in_memory({"environment.yml": text})).errors
        assert told.what == "a list that cannot be read"
        assert told.place.line == len(text.splitlines())
    assert not has_pip_section(b"dependencies:\n  - python=3.12\n")
    assert not has_pip_section(b"\xff\xfe\xff")


def test_a_mistake_in_the_pip_section_has_its_line_and_is_never_repaired() -> None:
    text = "dependencies:\n  - pip:\n    - flask=3.0\n"
    (told,) = read_tree(["environment.yml"], in_memory({"environment.yml": text})).errors
    assert (told.place.line, told.fixed) == (3, None)


def test_names_of_environment_files() -> None:
    yes = ("environment.yml", "environment-gpu.yaml", "conda_env.yml", "conda.yml", "env.dev.yml")
    no = ("docker-compose.yml", "mkdocs.yml", "docs/environment.yml", "environment.txt", "envoy.yml")
    assert [name for name in (*yes, *no) if is_environment_name(name)] == list(yes)
