"""Requirements beside a pyproject.toml that already names packages."""

from __future__ import annotations

import pytest

from tests.support.migrations import Migration
from tests.support.migrations import migrated
from tests.support.neighbours import FILE


def beside(dependencies: str, text: str, more: str = "") -> Migration:
    old = f'[project]\nname = "x"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = [{dependencies}]\n{more}'
    return migrated({FILE: text, "pyproject.toml": old})


def test_a_pin_within_the_range_of_the_project_seeds_the_lock() -> None:
    migration = beside('"Six>=1"', "six==1.16.0\n")
    assert migration.dependencies == ["Six>=1"]
    assert [(pin.name, pin.version) for pin in migration.plan.pins] == [("six", "1.16.0")]
    assert migration.said[FILE, 1] == ("seed", "poetry.lock", "[project] dependencies already asks for six")
    assert migration.plan.problems == ()


def test_a_pin_outside_of_the_range_is_refused() -> None:
    migration = beside('"six>=2"', "six==1.16.0\n")
    (error,) = migration.plan.errors
    assert error.what == "six (==1.16.0) contradicts [project] dependencies, which asks for six >=2"
    assert migration.said[FILE, 1][0] == "refused"


def test_a_range_that_says_more_is_told() -> None:
    migration = beside('"six>=1"', "six>=1.10,<2\n")
    assert migration.dependencies == ["six>=1"]
    (warning,) = migration.plan.problems
    assert warning.what == "[project] dependencies keeps its six >=1"
    assert 'poetry add "six (>=1.10,<2)"' in warning.suggestion


@pytest.mark.parametrize("text", ["six\n", "six>=1\n", "Six >=1\n"])
def test_a_line_that_says_no_more_is_not_told(text: str) -> None:
    migration = beside('"six>=1"', text)
    assert migration.plan.problems == ()
    assert migration.said[FILE, 1] == ("migrated", "[project] dependencies", "it already asks for six")


@pytest.mark.parametrize(
    "text",
    [
        "six[socks]==1.16.0\n",
        "six @ https://h.example/six-1.16.0.tar.gz\n",
        "--extra-index-url https://h.example/whl/cu128\nsix==1.16.0+cu128\n",
    ],
)
def test_extras_addresses_and_sources_that_the_project_lacks_are_told(text: str) -> None:
    migration = beside('"six>=1"', text)
    assert "[project] dependencies keeps its six >=1" in migration.whats("warning")


def test_new_packages_are_added() -> None:
    assert beside('"six>=1"', "six\nidna==3.4\n").dependencies == ["six>=1", "idna (==3.4)"]


def test_a_group_of_the_project_keeps_what_it_has_and_whether_it_is_optional() -> None:
    more = (
        '\n[dependency-groups]\nDev_Tools = ["pytest>=7"]\n\n[tool.poetry.group.Dev_Tools]\noptional = true\n'
    )
    old = f'[project]\nname = "x"\nversion = "1"\n{more}'
    migration = migrated(
        {"tools.txt": "pytest==8.0\nruff\n", "pyproject.toml": old}, chosen={"tools.txt": "dev-tools"}
    )
    assert migration.document["dependency-groups"] == {"Dev_Tools": ["pytest>=7", "ruff"]}
    assert migration.document["tool"]["poetry"]["group"] == {"Dev_Tools": {"optional": True}}
    assert migration.said["tools.txt", 1][0] == "seed"


def test_a_suggestion_for_a_group_names_it() -> None:
    more = '\n[dependency-groups]\ndev = ["pytest>=7"]\n'
    old = f'[project]\nname = "x"\nversion = "1"\n{more}'
    (warning,) = migrated({"requirements-dev.txt": "pytest>=8\n", "pyproject.toml": old}).plan.problems
    assert warning.suggestion == 'To take it over: `poetry add "pytest (>=8)" --group dev`.'


def test_names_in_poetrys_table_may_be_spelt_in_any_way() -> None:
    old = '[tool.poetry]\nname = "x"\nversion = "1"\n\n[tool.poetry.dependencies]\npython = "^3.11"\nRuamel_YAML = "^0.17"\n'
    migration = migrated({FILE: "ruamel.yaml==0.17.3\n", "pyproject.toml": old})
    assert migration.text == old
    assert migration.said[FILE, 1] == (
        "seed",
        "poetry.lock",
        "[tool.poetry.dependencies] already asks for ruamel-yaml",
    )


def test_a_folder_of_the_project_is_no_range() -> None:
    more = '\n[tool.poetry.dependencies]\nfoo = {path = "libs/foo"}\n'
    assert beside('"foo"', "foo==1.0\n", more).plan.problems == ()


SETUP = "from setuptools import setup\nsetup(name='demo', install_requires=['six>=1.10', 'requests', 'torch>=2'])\n"


def test_pins_within_the_ranges_of_setup_py_seed_the_lock() -> None:
    migration = migrated({FILE: "six==1.16.0\nidna==3.4\n", "setup.py": SETUP})
    assert migration.dependencies == ["six (>=1.10)", "requests", "torch (>=2)", "idna (==3.4)"]
    assert migration.said[FILE, 1] == ("seed", "poetry.lock", "setup.py already asks for six")


def test_pins_that_say_more_than_setup_py_narrow_it() -> None:
    migration = migrated({FILE: "requests[socks]==2.31.0\ntorch==2.7.0+cpu\n", "setup.py": SETUP})
    assert migration.dependencies == ["six (>=1.10)", "requests[socks] (==2.31.0)", "torch (==2.7.0+cpu)"]
    assert migration.enriched == {"torch": {"source": "pytorch-cpu"}}


def test_pins_that_contradict_setup_py_are_refused() -> None:
    migration = migrated({FILE: "six==1.0\n", "setup.py": SETUP})
    assert migration.whats("error") == ["six (==1.0) contradicts six (>=1.10) at setup.py"]
