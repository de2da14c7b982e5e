"""Requirements beside a pyproject.toml that already names packages."""

from __future__ import annotations

import pytest
from tests.support.every import for_each
from tests.support.migrations import Migration, migrated
from tests.support.neighbours import FILE


def beside(dependencies: str, text: str, more: str = "") -> Migration:
    old = f'[project]\nname = "x"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = [{dependencies}]\n{more}'
    return migrated({FILE: text, "pyproject.toml": old})


def test_a_pin_within_the_range_of_the_project_seeds_the_lock() -> None:
    migration = beside('"Six>=1"', "six==1.16.0\n")
    assert migration.dependencies == ["Six>=1"]
    assert [(pin.name, pin.version) for pin in migration.plan.pins] == [("six", "1.16.0")]
    assert migration.said[FILE, 1] == ("seed", "poetry.lock", "[project] dependencies already requires six")
    assert migration.plan.problems == ()


def test_a_pin_outside_of_the_range_is_refused() -> None:
    migration = beside('"six>=2"', "six==1.16.0\n")
    (error,) = migration.plan.errors
    assert error.what == "six (==1.16.0) contradicts [project] dependencies, which requires six >=2"
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
    assert migration.said[FILE, 1] == ("migrated", "[project] dependencies", "it already requires six")


@pytest.mark.parametrize(
    "text",
    [
        "six @ https://h.example/six-1.16.0.tar.gz\n",
        "--extra-index-url https://h.example/whl/cu128\nsix==1.16.0+cu128\n",
    ],
)
def test_addresses_and_sources_that_the_project_lacks_are_told(text: str) -> None:
    migration = beside('"six>=1"', text)
    assert "[project] dependencies keeps its six >=1" in migration.whats("warning")


@for_each(
    ("dependencies", "more", "text", "added"),
    [
        ("", '\n[project.optional-dependencies]\nfast = ["six>=1"]\n', "six==1.16.0\n", "six (==1.16.0)"),
        ("", '\n[project.optional-dependencies]\nfast = ["six>=1"]\n', "six\n", "six"),
        ("\"six; sys_platform == 'darwin'\"", "", "six==1.16.0\n", "six (==1.16.0)"),
        (
            "\"six; python_version < '3.12'\"",
            "",
            "six==1.16.0 ; python_version < '3.13'\n",
            'six (==1.16.0) ; python_version < "3.13"',
        ),
        ("\"six; sys_platform == 'win32'\"", "", "six==1 ; platform_machine == 's390x'\n", None),
        ('"six>=1"', "", "six[socks]==1.16.0\n", "six[socks] (==1.16.0)"),
        (
            '"six[socks]>=1", "six[http2]; sys_platform == \'win32\'"',
            "",
            "six[http2]==1.16.0\n",
            "six[http2] (==1.16.0)",
        ),
    ],
)
def test_what_the_project_selects_elsewhere_only_is_added(
    dependencies: str, more: str, text: str, added: str | None
) -> None:
    migration = beside(dependencies, text, more)
    added = added or 'six (==1) ; platform_machine == "s390x"'
    assert migration.dependencies[-1] == added
    assert migration.said[FILE, 1][0] == "migrated"
    assert migration.plan.problems == () or "no Python" in migration.whats("note")[0]


def test_a_range_is_narrowed_to_that_of_an_extra_as_poetry_would_install_both_versions() -> None:
    extra = '\n[project.optional-dependencies]\nold = ["six<1.16"]\n'
    migration = beside("", "six>=1.10\n", extra)
    assert migration.dependencies == ["six (>=1.10,<1.16)"]
    assert migration.whats("warning") == ["six gets the range >=1.10,<1.16, as the extra old requires <1.16"]
    (error,) = beside("", "six>=1.16\n", extra).plan.errors
    assert "six (>=1.16) contradicts" in error.what
    elsewhere = extra.replace("<1.16", "<1.16 ; sys_platform == 'win32'")
    assert beside("", "six>=1.10 ; sys_platform == 'linux'\n", elsewhere).plan.problems == ()


@pytest.mark.parametrize(
    ("dependencies", "text"),
    [
        ("\"six>=1; python_version < '3.12'\", \"six>=1.1; python_version >= '3.12'\"", "six==1.16.0\n"),
        ("\"six>=1; python_version < '3.13'\"", "six==1.16.0 ; python_version < '3.12'\n"),
        ('"six[a]>=1", "six[b]>=1"', "six[a,b]==1.16.0\n"),
        ("\"six; platform_machine == 's390x'\"", "six==1.0 ; platform_machine == 's390x'\n"),
    ],
)
def test_what_the_project_selects_everywhere_in_parts_counts(dependencies: str, text: str) -> None:
    assert beside(dependencies, text).said[FILE, 1][0] == "seed"


@pytest.mark.parametrize(
    ("dependencies", "more"),
    [
        ("", '\n[project.optional-dependencies]\nfast = ["six>=2"]\n'),
        ("\"six>=2; sys_platform == 'darwin'\"", ""),
    ],
)
def test_a_pin_that_an_entry_for_other_places_excludes_is_refused(dependencies: str, more: str) -> None:
    (error,) = beside(dependencies, "six==1.16.0\n", more).plan.errors
    assert error.what == "six (==1.16.0) contradicts [project] dependencies, which requires six >=2"


def beside_own(table: str, text: str) -> Migration:
    old = f'[tool.poetry]\nname = "x"\nversion = "1"\n\n[tool.poetry.dependencies]\npython = "^3.11"\n{table}'
    return migrated({FILE: text, "pyproject.toml": old})


def test_an_optional_entry_of_poetrys_table_is_required_and_leaves_its_extra() -> None:
    table = (
        'six = {version = "^1.0", optional = true, extras = ["a"]}\nidna = {version = "*", optional = true}\n'
    )
    extras = '\n[tool.poetry.extras]\nFast = ["Six", "idna"]\n'
    migration = beside_own(table + extras, "six==1.16.0\n")
    poetry = migration.document["tool"]["poetry"]
    assert poetry["dependencies"]["six"] == {"version": "^1.0", "extras": ["a"]}
    assert poetry["dependencies"]["idna"] == {"version": "*", "optional": True}
    assert poetry["extras"] == {"Fast": ["idna"]}
    assert migration.whats("warning") == ["six is no longer optional in [tool.poetry.dependencies]"]
    again = migrated({FILE: "six==1.16.0\n", "pyproject.toml": migration.text})
    assert (again.text, again.plan.problems) == (migration.text, ())


@pytest.mark.parametrize(
    ("table", "text", "entries"),
    [
        (
            'six = {version = ">=1", markers = "sys_platform == \'darwin\'"}\n',
            "six==1.16.0\n",
            [{"version": ">=1", "markers": "sys_platform == 'darwin'"}, {"version": "==1.16.0"}],
        ),
        (
            'six = "^1"\n',
            "six[socks]==1.16.0\n",
            [{"version": "^1"}, {"version": "==1.16.0", "extras": ["socks"]}],
        ),
        (
            'six = [{version = "1.16.0", python = "<3.12"}]\n',
            "six==1.16.0\n",
            [{"version": "1.16.0", "python": "<3.12"}, {"version": "==1.16.0"}],
        ),
        (
            (
                'a = "*"\n[tool.poetry.dependencies.b]\nversion = "*"\n[tool.poetry.dependencies.six]\nversion = "*"\npython = "<3.12"\n'
                "[tool.poetry.dependencies.c]\nversion = '*'\n[tool.other]\n"
            ),
            "six==1.16.0\n",
            [{"version": "*", "python": "<3.12"}, {"version": "==1.16.0"}],
        ),
    ],
)
def test_an_entry_of_poetrys_table_for_other_places_gets_one_beside_it(
    table: str, text: str, entries: list[dict[str, object]]
) -> None:
    migration = beside_own(f"# kept\n{table}idna = '*'\n", text)
    found = migration.document["tool"]["poetry"]["dependencies"]["six"]
    assert [one if isinstance(one, dict) else {"version": one} for one in found] == entries
    assert "# kept\n" in migration.text
    again = migrated({FILE: text, "pyproject.toml": migration.text})
    assert again.text == migration.text


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
        "[tool.poetry.dependencies] already requires ruamel-yaml",
    )


def test_a_folder_of_the_project_is_no_range() -> None:
    more = '\n[tool.poetry.dependencies]\nfoo = {path = "libs/foo"}\n'
    assert beside('"foo"', "foo==1.0\n", more).plan.problems == ()


SETUP = "from setuptools import setup\nsetup(name='demo', install_requires=['six>=1.10', 'requests', 'torch>=2'])\n"


def test_pins_within_the_ranges_of_setup_py_seed_the_lock() -> None:
    migration = migrated({FILE: "six==1.16.0\nidna==3.4\n", "setup.py": SETUP})
    assert migration.dependencies == ["six (>=1.10)", "requests", "torch (>=2)", "idna (==3.4)"]
    assert migration.said[FILE, 1] == ("seed", "poetry.lock", "setup.py already requires six")


def test_pins_that_say_more_than_setup_py_narrow_it() -> None:
    migration = migrated({FILE: "requests[socks]==2.31.0\ntorch==2.7.0+cpu\n", "setup.py": SETUP})
    assert migration.dependencies == ["six (>=1.10)", "requests[socks] (==2.31.0)", "torch (==2.7.0+cpu)"]
    assert migration.enriched == {"torch": {"source": "pytorch-cpu"}}


def test_pins_that_contradict_setup_py_are_refused() -> None:
    migration = migrated({FILE: "six==1.0\n", "setup.py": SETUP})
    assert migration.whats("error") == ["six (==1.0) contradicts six (>=1.10) at setup.py"]
