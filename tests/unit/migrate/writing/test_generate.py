"""A new pyproject.toml."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from tests.support.every import for_each
from tests.support.migrations import Files, migrated
from tests.support.neighbours import FILE

from poetry_aiops.errors import InputError
from poetry_aiops.migrate.model import Place
from poetry_aiops.migrate.planning.entry import Edits, PlannedEntry, PlannedGroup
from poetry_aiops.migrate.planning.identity import Identity
from poetry_aiops.migrate.writing.generate import Layout, generate, layout_of


FOO: Files = {"libs/foo/pyproject.toml": '[project]\nname = "foo"\n'}


def test_a_new_project_is_written_in_the_standard_tables() -> None:
    migration = migrated({FILE: "six==1.16.0\n", "requirements-dev.txt": "pytest\n"})
    assert (
        migration.text
        == """\
[project]
name = "demo"
version = "0.1.0"
requires-python = ">=3.11,<3.12"
dependencies = [
    "six (==1.16.0)",
]

[dependency-groups]
dev = [
    "pytest",
]

[tool.poetry]
package-mode = false
"""
    )


def test_a_package_gets_a_build_system_and_its_extras() -> None:
    files: Files = {
        FILE: "-e .\nsix\n",
        "setup.py": "setup(name='demo', version='2.0', description='A \"demo\"', extras_require={'x.y': ['attrs>=1'], 'all': ['demo[x_y]', 'ruff']})",
        "demo/__init__.py": "",
    }
    document = migrated(files).document
    assert document["project"]["version"] == "2.0"
    assert document["project"]["description"] == 'A "demo"'
    assert document["project"]["optional-dependencies"] == {
        "x.y": ["attrs (>=1)"],
        "all": ["attrs (>=1)", "ruff"],
    }
    assert document["build-system"]["build-backend"] == "poetry.core.masonry.api"
    assert "tool" not in document


def test_comments_stand_where_they_stood() -> None:
    text = migrated({FILE: '# web\nflask  # "the" \\ framework\n\n# far away\n\nsix\n'}).text
    assert '    # web\n    "flask",  # "the" \\ framework\n    "six",\n' in text


def test_folders_stay_relative_and_editable() -> None:
    migration = migrated({FILE: "-e ./libs/foo[x]\n", **FOO})
    assert migration.dependencies == ["foo[x]"]
    assert migration.enriched == {"foo": {"path": "libs/foo", "develop": True}}


def test_addresses_and_repositories_stand_in_the_list() -> None:
    migration = migrated(
        {
            FILE: "a @ https://h.example/a-1.0.tar.gz ; os_name == 'nt'\n-e git+https://h.example/b.git@v1#egg=b&subdirectory=s\n"
        }
    )
    assert migration.dependencies == [
        'a @ https://h.example/a-1.0.tar.gz ; os_name == "nt"',
        "b @ git+https://h.example/b.git@v1#subdirectory=s",
    ]
    assert migration.enriched == {"b": {"develop": True}}


def test_several_lines_of_a_package_stand_beside_each_other() -> None:
    migration = migrated(
        {FILE: "six==1.16.0 ; python_version < '3.12'\nidna\nsix==1.17.0 ; python_version >= '3.12'\n"}
    )
    assert migration.dependencies == [
        'six (==1.16.0) ; python_version < "3.12"',
        'six (==1.17.0) ; python_version >= "3.12"',
        "idna",
    ]


def test_variants_are_optional_groups_with_sources() -> None:
    migration = migrated(
        {"requirements-cpu.txt": "torch==2.7.0+cpu\n", "requirements-cu128.txt": "torch==2.7.0+cu128\n"}
    )
    document = migration.document
    assert document["dependency-groups"] == {
        "ml-cpu": ["torch (==2.7.0+cpu)"],
        "ml-cu128": ["torch (==2.7.0+cu128)"],
    }
    assert document["tool"]["poetry"]["group"] == {
        "ml-cpu": {"optional": True, "dependencies": {"torch": {"source": "pytorch-cpu"}}},
        "ml-cu128": {"optional": True, "dependencies": {"torch": {"source": "pytorch-cu128"}}},
    }
    assert document["tool"]["poetry-aiops"]["hardware"]["variants"] == {"ml-cpu": "cpu", "ml-cu128": "cu128"}
    assert [source["priority"] for source in document["tool"]["poetry"]["source"]] == ["explicit", "explicit"]


def test_groups_without_pep_735_stand_in_poetrys_tables() -> None:
    files: Files = {
        FILE: "six==1.16.0\n",
        "requirements-dev.txt": "-r requirements-test.txt\n# style\nruff>=0.5  # fast\n-e ./libs/foo\n",
        "requirements-test.txt": "pytest ; python_version < '3.12'\npytest>=8 ; python_version >= '3.12'\n",
        "constraints.txt": "idna<4\n",
        **FOO,
    }
    migration = migrated(
        files,
        FILE,
        "requirements-dev.txt",
        "requirements-test.txt",
        "constraints.txt",
        knows_dependency_groups=False,
    )
    document = migration.document
    assert "dependency-groups" not in document
    assert document["project"]["dependencies"] == ["six (==1.16.0)"]
    assert document["tool"]["poetry"]["group"] == {
        "dev": {
            "include-groups": ["test"],
            "dependencies": {"ruff": ">=0.5", "foo": {"path": "libs/foo", "develop": True}},
        },
        "test": {
            "dependencies": {
                "pytest": [
                    {"version": "*", "markers": 'python_version < "3.12"'},
                    {"version": ">=8", "markers": 'python_version >= "3.12"'},
                ]
            }
        },
        "constraints": {"optional": True, "dependencies": {"idna": "<4"}},
    }
    assert '# style\nruff = ">=0.5"  # fast\n' in migration.text


@for_each(
    ("text", "knows", "layout"),
    [
        ("", True, Layout(standard_main=True, standard_groups=True)),
        ("", False, Layout(standard_main=True, standard_groups=False)),
        ("[tool.black]\n", True, Layout(standard_main=True, standard_groups=True)),
        ('[project]\nname = "x"\n', True, Layout(standard_main=True, standard_groups=True)),
        ('[tool.poetry]\nname = "x"\n', True, Layout(standard_main=False, standard_groups=False)),
        ('[tool.poetry.dependencies]\nsix = "*"\n', True, Layout(standard_main=False, standard_groups=False)),
        ("[tool.poetry]\npackage-mode = false\n", True, Layout(standard_main=True, standard_groups=True)),
        (
            '[project]\nname = "x"\n[tool.poetry.group.dev.dependencies]\nsix = "*"\n',
            True,
            Layout(standard_main=True, standard_groups=False),
        ),
        (
            '[project]\nname = "x"\n[tool.poetry.dependencies]\npython = "^3.11"\nsix = "*"\n',
            True,
            Layout(standard_main=False, standard_groups=False),
        ),
        (
            '[project]\nname = "x"\ndependencies = ["six"]\n[tool.poetry.dependencies]\nsix = "*"\n',
            True,
            Layout(standard_main=True, standard_groups=True),
        ),
        (
            '[project]\nname = "x"\n[dependency-groups]\na = []\n[tool.poetry.group.dev.dependencies]\nsix = "*"\n',
            True,
            Layout(standard_main=True, standard_groups=True),
        ),
    ],
)
def test_the_layout_of_the_project_is_kept(text: str, knows: bool, layout: Layout) -> None:
    assert layout_of(tomllib.loads(text), knows_dependency_groups=knows) == layout


def test_an_entry_that_would_be_lost_stops_everything() -> None:
    entry = PlannedEntry("six", (Place(FILE, 1),), "==1\x7f")
    with pytest.raises(InputError, match="does not allow"):
        generate(
            "",
            Edits((PlannedGroup("main", (entry,)),)),
            Identity("x", "1", ">=3.11", "test"),
            Layout(standard_main=True, standard_groups=True),
            Path("pyproject.toml"),
        )
