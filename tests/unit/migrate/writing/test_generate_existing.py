"""A pyproject.toml that was there before: what stands there keeps its place, comments and order."""

from __future__ import annotations

import tomllib

import pytest
from packaging.requirements import Requirement
from tests.support.every import for_each
from tests.support.migrations import migrated
from tests.support.neighbours import FILE

from poetry_aiops.errors import InputError


def merged(old: str, text: str = "six==1.16.0\n", **others: str) -> str:
    files = {f"requirements-{name}.txt": other for name, other in others.items()}
    return migrated({FILE: text, "pyproject.toml": old, **files}).text


def test_tables_of_other_tools_stay_behind_the_new_project() -> None:
    old = "# mine\n[tool.black]\nline-length = 100  # wide\n"
    assert merged(old) == (
        '[project]\nname = "demo"\nversion = "0.1.0"\nrequires-python = ">=3.11,<3.12"\n'
        'dependencies = [\n    "six (==1.16.0)",\n]\n\n[tool.poetry]\npackage-mode = false\n\n' + old
    )


def test_windows_line_ends_stay() -> None:
    text = merged("[tool.black]\r\nline-length = 100\r\n")
    assert text.count("\r\n") == text.count("\n")
    assert text.endswith("[tool.black]\r\nline-length = 100\r\n")


def test_a_list_keeps_its_comments_and_order() -> None:
    old = (
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n\n[project]\nname = "x"  # n\n'
        'version = "1"\nrequires-python = ">=3.11"\ndependencies = [\n  "zope",  # first\n  # second\n  "attrs",\n]\n\n'
        '[project.urls]\nHome = "https://h.example"\n\n[tool.black]\nx = 1\n'
    )
    text = merged(old)
    assert '  "zope", # first\n  # second\n  "attrs",\n' in text.replace("    ", "  ").replace(
        "  #", " #"
    ).replace("\n #", "\n  #")
    assert text.index('"attrs"') < text.index('"six (==1.16.0)"') < text.index("[project.urls]")
    for part in ('name = "x"  # n', '[project.urls]\nHome = "https://h.example"', "[tool.black]\nx = 1\n"):
        assert part in text


def test_comments_come_along_into_a_list_that_was_there() -> None:
    old = '[project]\nname = "x"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = [\n    "attrs",\n]\n'
    text = merged(old, "# web\nflask  # why\n")
    assert '    "attrs",\n    # web\n    "flask", # why\n]\n' in text


def test_a_list_on_one_line_is_continued() -> None:
    old = '[project]\nname = "x"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = ["attrs"]\n'
    assert '"attrs",\n    "six (==1.16.0)",\n]' in merged(old)


def test_a_project_without_a_list_gets_one_and_its_python() -> None:
    text = merged('[project]\nname = "x"\nversion = "1"\n\n[project.scripts]\nx = "x:main"\n')
    assert (
        text.index('requires-python = ">=3.11,<3.12"')
        < text.index("dependencies = [")
        < text.index("[project.scripts]")
    )


def test_a_project_for_which_there_is_nothing_to_add_stays() -> None:
    old = '[project]\nname = "x"\nversion = "1"\nrequires-python = ">=3.11"\n\n[tool.poetry]\npackage-mode = false\n'
    assert merged(old, "# nothing\n") == old


def test_dependencies_that_setuptools_read_from_the_file_are_no_longer_dynamic() -> None:
    old = (
        '[project]\nname = "x"\nversion = "1"\ndynamic = ["dependencies"]\n\n[build-system]\nrequires = ["setuptools"]\n'
        'build-backend = "setuptools.build_meta"\n\n[tool.setuptools.dynamic]\ndependencies = {file = ["requirements.txt"]}\n'
    )
    text = merged(old)
    assert "dynamic" not in text
    assert "setuptools.build_meta" in text
    assert '"six (==1.16.0)"' in text


def test_what_else_is_dynamic_stays_so() -> None:
    old = (
        '[project]\nname = "x"\ndynamic = ["version", "dependencies"]\n\n[tool.setuptools.dynamic]\n'
        'dependencies = {file = ["requirements.txt"]}\nversion = {attr = "x.__version__"}\n\n[tool.setuptools]\nzip-safe = false\n'
    )
    text = merged(old)
    assert 'dynamic = ["version"]' in text
    assert '[tool.setuptools.dynamic]\nversion = {attr = "x.__version__"}' in text
    assert "zip-safe = false" in text


POETRY = '[tool.poetry]\nname = "x"\nversion = "1"\n\n[tool.poetry.dependencies]\npython = "^3.11"\nattrs = "^23"  # a\n'


def test_a_project_of_poetrys_own_tables_stays_one() -> None:
    text = merged(POETRY, "six==1.16.0  # s\nidna[x]>=3 ; os_name == 'nt'\n")
    assert text == POETRY + (
        'six = "==1.16.0"  # s\nidna = {version = ">=3", extras = ["x"], markers = "os_name == \\"nt\\""}\n'
    )


def test_a_project_beside_poetrys_own_dependencies_goes_on_there() -> None:
    old = POETRY.replace("[tool.poetry]", "[project]").replace('"1"\n', '"1"\nrequires-python = ">=3.11"\n')
    text = merged(old)
    assert 'attrs = "^23"  # a\nsix = "==1.16.0"\n' in text
    assert "dependencies = [" not in text


def test_groups_of_poetrys_own_tables_are_continued() -> None:
    old = (
        POETRY
        + '\n[tool.poetry.group.dev.dependencies]\nPyTest = "^7"\n\n[build-system]\nrequires = ["poetry-core"]\n'
    )
    text = merged(old, dev="pytest==7.1\nruff\n", docs="sphinx\n")
    assert (
        'PyTest = "^7"\nruff = "*"\n\n[tool.poetry.group.docs.dependencies]\nsphinx = "*"\n\n[build-system]'
        in text
    )


def test_a_group_of_poetrys_own_beside_a_project_is_continued_there() -> None:
    old = '[project]\nname = "x"\nversion = "1"\nrequires-python = ">=3.11"\n\n[tool.poetry.group.dev.dependencies]\npytest = "^7"\n'
    text = merged(old, dev="ruff\n")
    assert 'pytest = "^7"\nruff = "*"\n' in text
    assert "dependency-groups" not in text


def test_a_standard_group_is_continued_in_its_spelling() -> None:
    old = '[project]\nname = "x"\nversion = "1"\nrequires-python = ">=3.11"\n\n[dependency-groups]\nDev = ["pytest"]\n'
    assert 'Dev = [\n    "pytest",\n    "ruff",\n]' in merged(old, dev="ruff\n")


def test_an_include_is_added_once() -> None:
    old = (
        '[project]\nname = "x"\nversion = "1"\nrequires-python = ">=3.11"\n\n[dependency-groups]\ntest = ["pytest"]\n'
        'dev = [{include-group = "test"}]\n'
    )
    text = merged(old, dev="-r requirements-test.txt\nruff\n", test="pytest\n")
    assert text.count("include-group") == 1
    old = old.replace('{include-group = "test"}', '"mypy"')
    assert '{include-group = "test"}' in merged(old, dev="-r requirements-test.txt\nruff\n", test="pytest\n")


@pytest.mark.parametrize(
    "reported",
    [
        '[tool.poetry]\npackages = [{include = "y"}]\n',
        '[build-system]\nrequires = ["poetry-core"]\nbuild-backend = "poetry.core.masonry.api"\n',
    ],
)
def test_a_project_that_poetry_builds_stays_a_package(reported: str) -> None:
    old = f'[project]\nname = "x"\nversion = "1"\nrequires-python = ">=3.11"\n\n{reported}'
    assert "package-mode" not in merged(old)


def test_a_table_that_already_says_the_same_stays() -> None:
    old = '[project]\nname = "x"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = ["attrs"]\n\n[tool.poetry.dependencies]\nTorch = {source = "pytorch-cpu"}\n'
    text = merged(old, "torch==2.7.0+cpu\n")
    assert text.count("source = ") == 1


@pytest.mark.parametrize("name", ["Torch", "torch"])
def test_a_table_that_says_otherwise_is_not_touched(name: str) -> None:
    old = f'[project]\nname = "x"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = ["attrs"]\n\n[tool.poetry.dependencies]\n{name} = {{source = "other"}}\n'
    with pytest.raises(InputError, match="already has another value for torch") as caught:
        merged(old, "torch==2.7.0+cpu\n")
    assert 'torch = {source = "pytorch-cpu"}' in str(caught.value)


def test_an_inline_project_becomes_a_table() -> None:
    text = merged('project = {name = "x", version = "1"}\n', "six\n")
    project = tomllib.loads(text)["project"]
    assert (project["name"], project["version"], project["dependencies"]) == ("x", "1", ["six"])


def test_a_layout_that_cannot_be_changed_is_told() -> None:
    with pytest.raises(InputError, match="its layout does not allow an automatic change"):
        merged('project.name = "x"\nproject.version = "1"\nproject.requires-python = ">=3.11"\n')


def test_variants_are_joined_with_those_of_the_project() -> None:
    old = '[project]\nname = "x"\nversion = "1"\nrequires-python = ">=3.11"\n\n[tool.poetry-aiops.hardware.variants]\nml-cpu = "cpu"\nml-cu126 = "cu126"\n'
    text = merged(old, "six\n", cpu="torch==2.7.0+cpu\n", cu128="torch==2.7.0+cu128\n")
    assert (
        '[tool.poetry-aiops.hardware.variants]\nml-cpu = "cpu"\nml-cu126 = "cu126"\nml-cu128 = "cu128"\n'
        in text
    )


def test_an_extra_that_names_its_own_project_is_written_out() -> None:
    old = (
        '[project]\nname = "Sea.Port"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = ["attrs"]\n\n'
        '[project.optional-dependencies]\nfast = ["numpy>=1"]\n'
        'more = ["sea-port[fast]", "idna ; os_name == \'nt\'"]\n'
        "all = [\"sea_port[more,fast] ; python_version < '3.13'\"]\n"
    )
    document = tomllib.loads(merged(old))
    extras = document["project"]["optional-dependencies"]
    assert extras["more"] == ["numpy>=1", "idna ; os_name == 'nt'"]
    assert [Requirement(one) for one in extras["all"]] == [
        Requirement('numpy>=1 ; python_version < "3.13"'),
        Requirement('idna ; os_name == "nt" and python_version < "3.13"'),
    ]


@for_each(
    ("before", "after"),
    [
        ('[\n  "attrs",  # a\n]', '[\n  "attrs",  # a\n  "six (==1.16.0)",\n]'),
        ('[\n\t"attrs"  # "attrs"\n]', '[\n\t"attrs",  # "attrs"\n\t"six (==1.16.0)",\n]'),
        ('["attrs", "idna"]', '[\n    "attrs",\n    "idna",\n    "six (==1.16.0)",\n]'),
        ("[]", '[\n    "six (==1.16.0)",\n]'),
        ("[\n  # none\n]", '[\n  # none\n    "six (==1.16.0)",\n]'),
    ],
)
def test_lines_of_a_list_stay_as_they_are(before: str, after: str) -> None:
    head = '[project]\nname = "x"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = '
    assert merged(f"{head}{before}\n").startswith(f"{head}{after}\n")


def test_production_is_a_profile_unless_the_project_has_one() -> None:
    table = tomllib.loads(merged("[tool.black]\n", production="gunicorn\n"))["tool"]["poetry-aiops"]
    assert table["profiles"] == {"production": {"groups": ["main", "production"]}}
    own = '[tool.poetry-aiops.profiles.production]\ngroups = ["main"]\n'
    assert merged(own, production="gunicorn\n").count("profiles.production") == 1


def test_the_python_that_is_asked_for_replaces_what_is_there() -> None:
    old = '[project]\nname = "x"\nversion = "1"\nrequires-python = ">=3.8"  # old\n'
    files: dict[str, str | bytes] = {FILE: "six\n", "pyproject.toml": old}
    assert 'requires-python = ">=3.11,<3.13"' in migrated(files, python=">=3.11,<3.13").text
    assert 'requires-python = ">=3.8"  # old' in migrated(files).text
