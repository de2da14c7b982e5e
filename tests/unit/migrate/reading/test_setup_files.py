"""What setup.py and setup.cfg say, without running them."""

from __future__ import annotations

import pytest
from tests.support.neighbours import in_memory

from poetry_aiops.migrate.reading.setup_files import NO_SETUP, SetupMetadata, setup_metadata


def of(**files: str) -> SetupMetadata:
    return setup_metadata(in_memory({name.replace("_", "."): text for name, text in files.items()}))


def test_literals_of_setup_py_are_read() -> None:
    found = of(
        setup_py="""
import setuptools
VERSION = "1.2"
DEPS = ["six>=1", "idna"]
setuptools.setup(name="demo", version=VERSION, description=" d ", python_requires=">=3.9",
    install_requires=DEPS, extras_require={"all": ["attrs"]}, packages=setuptools.find_packages())
"""
    )
    assert found == SetupMetadata(
        "setup.py", "demo", "1.2", "d", ">=3.9", ("six>=1", "idna"), (("all", ("attrs",)),)
    )
    assert found.is_package


def test_what_is_computed_is_named() -> None:
    found = of(
        setup_py="from setuptools import setup\nsetup(name='demo', version=read(), install_requires=open('r').read())"
    )
    assert (found.name, found.version, found.requires) == ("demo", None, ())
    assert found.computed == ("version", "install_requires")


def test_python_warns_nobody_of_the_program(recwarn: pytest.WarningsRecorder) -> None:
    assert of(setup_py="setup(name='demo', version='1' if 1or 2 else '\\d')").name == "demo"
    assert not recwarn.list


def test_nothing_is_run() -> None:
    assert of(setup_py="raise SystemExit('run')\nsetup(name='demo')").name == "demo"


@pytest.mark.parametrize("text", ["def (", "\0", "x = 1", "(" * 500])
def test_a_setup_py_without_a_call_is_a_package_without_a_name(text: str) -> None:
    assert of(setup_py=text) == SetupMetadata("setup.py")


def test_setup_cfg_says_it_before_setup_py() -> None:
    found = of(
        setup_py="from setuptools import setup\nsetup(name='other', version='1')",
        setup_cfg="[metadata]\nname = demo\nversion = attr: demo.VERSION\n\n[options]\npython_requires = >=3.8\n"
        "install_requires =\n    six\n    # comment\n    idna>=3\n\n[options.extras_require]\nall =\n    attrs\n    rich\n",
    )
    assert (found.source, found.name, found.version) == ("setup.cfg", "demo", "1")
    assert found.requires_python == ">=3.8"
    assert found.requires == ("six", "idna>=3")
    assert found.extras == (("all", ("attrs", "rich")),)


@pytest.mark.parametrize("text", ["[flake8]\nmax-line-length = 100\n", "no section\n", "[a]\nb\n"])
def test_a_setup_cfg_of_other_tools_is_none(text: str) -> None:
    assert of(setup_cfg=text) == NO_SETUP


def test_a_pyproject_with_a_project_says_it_itself() -> None:
    found = of(
        pyproject_toml='[project]\nname = "x"\n', setup_py="setup(name='demo', install_requires=['six'])"
    )
    assert found == SetupMetadata("pyproject.toml", "x")


@pytest.mark.parametrize("text", ["[tool.black]\n", "broken = ", "project = 3"])
def test_a_pyproject_without_a_project_says_nothing(text: str) -> None:
    assert of(pyproject_toml=text) == NO_SETUP
    assert of(pyproject_toml=text, setup_py="setup(name='demo')").name == "demo"


def test_a_marker_in_the_name_of_an_extra_is_one_of_its_requirements() -> None:
    found = of(
        setup_py="setup(name='demo', install_requires=['six'], extras_require={\n"
        "':python_version<\"3.9\"': ['tomli', \"a; os_name=='nt'\"], 'gui:sys_platform==\"win32\"': ['b'], 'gui': ['c']})"
    )
    assert found.requires == (
        "six",
        'tomli ; python_version<"3.9"',
        "a ; os_name=='nt' and python_version<\"3.9\"",
    )
    assert found.extras == (("gui", ('b ; sys_platform=="win32"', "c")),)
