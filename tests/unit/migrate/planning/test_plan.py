"""The whole plan: groups, pins, problems, and the account."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.every import for_each
from tests.support.migrations import migrated
from tests.support.neighbours import FILE
from tests.support.timing import within

from poetry_aiops.migrate.planning.ledger import tally


if TYPE_CHECKING:
    from tests.support.migrations import Files


DEV = "requirements-dev.txt"


def test_main_groups_and_constraints_have_their_own_lines() -> None:
    files: Files = {
        FILE: "-c constraints.txt\nflask>=2\n",
        DEV: "-r requirements.txt\npytest\n",
        "constraints.txt": "six<2\n",
    }
    migration = migrated(files)
    assert migration.listed("main") == ["flask (>=2)"]
    assert migration.listed("dev") == ["pytest"]
    assert migration.listed("constraints") == ["six (<2)"]
    assert migration.group("constraints").optional
    assert [(one.name, group) for one, group in migration.plan.requirements] == [
        ("flask", "main"),
        ("pytest", "dev"),
        ("six", "constraints"),  # it was given itself, and pip reads a given file as requirements
    ]
    assert [(one.name, group) for one, group in migration.plan.constraints] == [("six", "constraints")]


def test_a_group_of_nothing_is_left_out() -> None:
    migration = migrated({FILE: "six\n", DEV: "# nothing yet\n"})
    assert [group.name for group in migration.plan.edits.groups] == ["main"]


def test_a_group_that_another_includes_stays_even_if_empty() -> None:
    files: Files = {
        FILE: "six\n",
        DEV: "-r requirements-test.txt\nruff\n",
        "requirements-test.txt": "# none\n",
    }
    assert migrated(files).document["dependency-groups"] == {
        "dev": ["ruff", {"include-group": "test"}],
        "test": [],
    }


def test_an_empty_variant_stays() -> None:
    cuda = "torch==2.7.0+cu128\n"
    files: Files = {
        FILE: "six\n",
        "requirements-cpu.txt": "-r requirements.txt\n",
        "requirements-cu128.txt": cuda,
    }
    assert migrated(files).plan.edits.variants == (("ml-cpu", "cpu"), ("ml-cu128", "cu128"))


def test_pins_of_a_compiled_file_seed_the_lock_with_their_group() -> None:
    files: Files = {
        "requirements/dev.in": "pytest\n",
        "requirements/dev.txt": "pytest==8.0\niniconfig==2.0\n    # via pytest\n",
    }
    migration = migrated(files)
    assert migration.listed("dev") == ["pytest"]
    assert {pin.name: (pin.version, pin.group, pin.direct) for pin in migration.plan.pins} == {
        "pytest": ("8.0", "dev", False),
        "iniconfig": ("2.0", "dev", False),
    }
    assert migration.said["requirements/dev.txt", 1] == (
        "seed",
        "poetry.lock",
        "its pins were compiled from requirements/dev.in",
    )


def test_a_pin_that_only_other_packages_ask_for_is_no_dependency() -> None:
    migration = migrated({FILE: "flask==3.0\nclick==8.1\n    # via flask\n"})
    assert migration.dependencies == ["flask (==3.0)"]
    assert migration.said[FILE, 2] == ("seed", "poetry.lock", "only other packages require it")


def test_a_system_in_the_name_of_a_file_is_a_marker_of_its_lines() -> None:
    migration = migrated(
        {FILE: "six\n", "requirements-windows.txt": "pywin32==306 ; python_version < '3.12'\n"}
    )
    assert (
        migration.dependencies[1] == 'pywin32 (==306) ; python_version < "3.12" and sys_platform == "win32"'
    )
    assert migration.plan.pins[0].marker == 'python_version < "3.12" and sys_platform == "win32"'


def test_the_project_itself_is_no_dependency() -> None:
    migration = migrated(
        {FILE: "-e .[all]\nsix\n", "setup.py": "setup(name='demo', extras_require={'all': ['attrs']})"}
    )
    assert migration.plan.is_package
    assert migration.dependencies == ["six"]
    assert migration.said[FILE, 1] == (
        "noted",
        "",
        "`poetry install` installs the project itself with the extras all",
    )
    assert migration.document["project"]["optional-dependencies"] == {"all": ["attrs"]}


def test_what_is_no_requirement_in_setup_py_is_told_and_left_out() -> None:
    setup = "setup(name='demo', install_requires=['six', '-r x'], extras_require={'all': ['a b', 'attrs']})"
    migration = migrated({FILE: "idna\n", "setup.py": setup})
    assert migration.whats("warning") == ["-r x is not a requirement", "a b is not a requirement"]
    assert migration.dependencies == ["six", "idna"]
    assert migration.document["project"]["optional-dependencies"] == {"all": ["attrs"]}


def test_relaxed_pins_are_lower_bounds_and_still_seed_the_lock() -> None:
    migration = migrated({FILE: "six==1.16.0\nidna==3.4\nidna<4\ntorch==2.7.0+cpu\n"}, pins="relax")
    assert migration.dependencies == ["six (>=1.16.0)", "idna (>=3.4,<4)", "torch (==2.7.0+cpu)"]
    assert [pin.version for pin in migration.plan.pins] == ["1.16.0", "3.4", "2.7.0+cpu"]


def test_pins_become_the_range_of_a_caret_and_builds_and_ranges_stay() -> None:
    migration = migrated({FILE: "six==1.16.0\nanyio==0.4.2\nidna<4\ntorch==2.7.0+cpu\n"}, pins="caret")
    assert migration.dependencies == [
        "six (>=1.16.0,<2.0.0)",
        "anyio (>=0.4.2,<0.5.0)",
        "idna (<4)",
        "torch (==2.7.0+cpu)",
    ]
    assert [(pin.name, pin.version) for pin in migration.plan.pins][:2] == [
        ("six", "1.16.0"),
        ("anyio", "0.4.2"),
    ]


def test_relaxed_pins_that_contradict_each_other_are_still_refused() -> None:
    migration = migrated({FILE: "six==1.16.0\nsix==1.17.0\n"}, pins="relax")
    assert migration.whats("error") == ["six (==1.17.0) contradicts six (==1.16.0) at requirements.txt:1"]


def test_groups_that_contradict_each_other_are_refused() -> None:
    migration = migrated({FILE: "six==1.16.0\n", DEV: "six==1.17.0\n"})
    assert migration.whats("error") == ["six (==1.17.0) contradicts six (==1.16.0) at requirements.txt:1"]
    assert migration.said[DEV, 1][0] == "refused"


def test_refused_lines_give_no_further_errors() -> None:
    migration = migrated({FILE: "foo===2004-final\nfoo>=1\nsix=1\nsix==2\n"})
    assert [problem.place.line for problem in migration.plan.errors] == [1, 3]


@for_each(
    ("marker", "dead"),
    [
        ('python_version < "3.9"', True),
        ('python_version < "3.9" and sys_platform == "linux"', True),
        ('python_version >= "3.9"', False),
        ('platform_machine == "s390x"', False),
        ('sys_platform == "freebsd13"', False),
        ('platform_python_implementation == "PyPy"', False),
    ],
)
def test_a_marker_that_no_python_of_the_project_meets_is_noted(marker: str, dead: bool) -> None:
    migration = migrated({FILE: f"six ; {marker}\n"})
    assert bool(migration.whats("note")) == dead
    assert migration.dependencies == [f"six ; {marker}"]


def test_two_requirements_that_editors_show_on_one_line_are_both_there() -> None:
    migration = migrated({FILE: "six\x0cidna==3.4\n"})
    assert [one.name for one, _ in migration.plan.requirements] == ["six", "idna"]
    assert migration.dependencies == ["six", "idna (==3.4)"]


def test_a_shared_file_in_two_ways_is_planned_once() -> None:
    files: Files = {
        "requirements/base.txt": "-r ../common.txt\n",
        "requirements/dev.txt": "-r base.txt\n-r ../common.txt\npytest\n",
        "common.txt": "six\n",
    }
    migration = migrated(files, "requirements/base.txt", "requirements/dev.txt")
    assert migration.listed("main") == ["six"]
    assert migration.listed("dev") == ["pytest"]


def test_the_place_in_the_account_is_the_one_of_the_project() -> None:
    old = '[tool.poetry]\nname = "x"\nversion = "1"\n\n[tool.poetry.dependencies]\npython = "^3.11"\nidna = "*"\n'
    migration = migrated({FILE: "six\n", "pyproject.toml": old})
    assert migration.said[FILE, 1][:2] == ("migrated", "[tool.poetry.dependencies]")


@pytest.mark.slow
def test_ten_thousand_lines_with_hashes_are_planned_quickly() -> None:
    block = "package-{0}=={1}.{2} \\\n    --hash=sha256:{3} \\\n    --hash=sha256:{4}\n    # via\n    #   -r requirements.in\n"
    text = "".join(block.format(n, n % 9, n % 7, f"{n:064x}", f"{n + 1:064x}") for n in range(10_000))
    with within(12):  # about 1 on an idle machine; what is quadratic takes minutes
        migration = migrated({FILE: text})
    assert tally(migration.plan.outcomes)["migrated"] == 10_000
    assert sum(len(pin.hashes) for pin in migration.plan.pins) == 20_000
