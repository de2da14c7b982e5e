"""URLs, repositories, folders and archives."""

from __future__ import annotations

import pytest
from tests.support.every import for_each
from tests.support.neighbours import parsed, problem_of, requirement_of


WHEEL = "https://h.example/six-1.16.0-py2.py3-none-any.whl"


def test_a_wheel_says_its_name_and_version() -> None:
    requirement = requirement_of(f"{WHEEL}; sys_platform == 'linux'")
    assert (requirement.name, requirement.specifier, requirement.origin) == ("six", "==1.16.0", "url")
    assert (requirement.url, requirement.marker) == (WHEEL, 'sys_platform == "linux"')


@pytest.mark.parametrize("name", ["Django-1.6b4.tar.gz", "Django-1.6b4.zip", "Django-1.6b4.tar.bz2"])
def test_an_archive_says_its_name_and_version(name: str) -> None:
    requirement = requirement_of(f"https://h.example/{name}")
    assert (requirement.name, requirement.specifier) == ("django", "==1.6b4")


@pytest.mark.parametrize("text", [f"six @ {WHEEL};python_version>'3'", f"six@{WHEEL} ; python_version > '3'"])
def test_a_marker_may_follow_a_named_url_without_a_blank(text: str) -> None:
    requirement = requirement_of(text)
    assert (requirement.url, requirement.marker, requirement.specifier) == (WHEEL, 'python_version > "3"', "")
    assert requirement.direct


@for_each(
    ("text", "name", "url", "revision", "subdirectory"),
    [
        ("git+https://h.example/a/b.git@v1#egg=c", "c", "https://h.example/a/b.git", "v1", None),
        (
            "git+https://h.example/a/b.git#egg=c&subdirectory=d/e",
            "c",
            "https://h.example/a/b.git",
            None,
            "d/e",
        ),
        (
            "c @ git+https://h.example/a/b.git@f/x#subdirectory=d",
            "c",
            "https://h.example/a/b.git",
            "f/x",
            "d",
        ),
        (
            "git+ssh://git@h.example/a/b.git@38c0b81#egg=c",
            "c",
            "ssh://git@h.example/a/b.git",
            "38c0b81",
            None,
        ),
        ("-e git+https://h.example/a/b.git#egg=c", "c", "https://h.example/a/b.git", None, None),
        ("-e git+git://github.com/a/b.git#egg=c", "c", "https://github.com/a/b.git", None, None),
    ],
)
def test_a_repository_is_taken_apart(
    text: str, name: str, url: str, revision: str | None, subdirectory: str | None
) -> None:
    requirement = requirement_of(text)
    assert (requirement.name, requirement.url, requirement.origin) == (name, url, "git")
    assert (requirement.revision, requirement.subdirectory) == (revision, subdirectory)
    assert requirement.editable == text.startswith("-e")
    assert not requirement.name_guessed


def test_a_name_that_only_the_address_says_is_marked_as_a_guess() -> None:
    requirement = requirement_of("git+https://h.example/a/My_Thing.git@v1")
    assert (requirement.name, requirement.name_guessed) == ("my-thing", True)
    assert problem_of("git+https://h.example/a/My_Thing.git@v1").severity == "warning"


def test_an_egg_may_name_extras() -> None:
    requirement = requirement_of("git+https://h.example/a/b.git#egg=c[x,Y_z]")
    assert (requirement.name, requirement.extras) == ("c", ("x", "y-z"))


def test_a_fragment_is_no_revision() -> None:
    _, problems = parsed("git+https://h.example/a/b.git/#0.45.5")
    assert any("#0.45.5" in problem.what and "@0.45.5" in problem.suggestion for problem in problems)


@for_each(
    ("text", "fixed"),
    [
        ("-e git+https://h.example/a/b.git", "-e git+https://h.example/a/b.git#egg=b"),
        ("git@github.com:a/b.git", "git+ssh://git@github.com/a/b.git"),
        ("-e git@github.com:a/b.git", "-e git+ssh://git@github.com/a/b.git"),
        ("b @ git+git@github.com:a/b.git", "b @ git+ssh://git@github.com/a/b.git"),
        ("git+ssh://git@github.com:a/b.git#egg=b", "git+ssh://git@github.com/a/b.git#egg=b"),
        ("https://github.com/a/b  # why", "b @ git+https://github.com/a/b  # why"),
        ("-e https://h.example/a-1.zip", "https://h.example/a-1.zip"),
        ("b @ git+https://h.example/a/b.git@", "b @ git+https://h.example/a/b.git@"[:-1]),
    ],
)
def test_an_address_that_was_meant_is_suggested(text: str, fixed: str) -> None:
    _, problems = parsed(text)
    errors = [problem for problem in problems if problem.severity == "error"]
    assert [problem.fixed for problem in errors] == [fixed]


@for_each(
    "text",
    [
        "hg+https://h.example/a#egg=a",
        "svn+https://h.example/a#egg=a",
        "git+file:///home/me/a#egg=a",
        "https://h.example/archive/main.zip",
        "https://h.example/page",
        "http://[broken",
        "/opt/wheels/a-1.0-py3-none-any.whl",
        "a @ file:///home/me/a",
        "./missing",
        "-e ./missing",
        "-e missing",
        "./missing-1.0-py3-none-any.whl",
    ],
)
def test_what_cannot_be_migrated_is_refused(text: str) -> None:
    _, problems = parsed(text)
    assert [problem.severity for problem in problems].count("error") == 1


@for_each(
    "place",
    [
        "/croot/certifi_1671487769961/work/certifi",
        "/tmp/build/80754af9/certifi_1/work",
        "/home/conda/feedstock_root/build_artifacts/certifi_1/work",
        "/opt/conda/conda-bld/certifi_1/work",
        "/Users/runner/miniforge3/conda-bld/certifi_1/work",
        "/C:/ci_311/certifi_1/work",
        "/D:/bld/certifi_1/work",
    ],
)
def test_a_place_where_conda_built_means_the_index(place: str) -> None:
    requirement = requirement_of(f"certifi @ file://{place}")
    assert (requirement.name, requirement.origin, requirement.specifier, requirement.url) == (
        "certifi",
        "index",
        "",
        None,
    )


@pytest.mark.parametrize(
    "text",
    ["foo @ file:///./libs/foo", "foo @ file://libs/foo", "foo @ file:${PWD}/libs/foo", "foo @ ./libs/foo"],
)
def test_a_malformed_file_url_is_read_as_a_path_and_told(text: str) -> None:
    files: dict[str, str | bytes] = {"libs/foo/setup.py": ""}
    requirement = requirement_of(text, files)
    assert (requirement.path, requirement.origin) == ("libs/foo", "path")
    assert problem_of(text, files).severity == "warning"


@for_each(
    "files",
    [
        {"libs/foo/pyproject.toml": '[project]\nname = "Foo_Lib"\n'},
        {"libs/foo/pyproject.toml": '[tool.poetry]\nname = "foo-lib"\n'},
        {"libs/foo/setup.py": "", "libs/foo/setup.cfg": "[metadata]\nname = foo-lib\n"},
        {"libs/foo/setup.py": "from setuptools import setup\nNAME = 'foo_lib'\nsetup(name=NAME)\n"},
        {"libs/foo/setup.py": "import setuptools\nsetuptools.setup(name='foo-lib')\n"},
    ],
)
@for_each("text", ["./libs/foo", "-e ./libs/foo", "-e libs/foo", "file:libs/foo", "./libs/foo/[a]"])
def test_a_folder_says_its_own_name(text: str, files: dict[str, str | bytes]) -> None:
    requirement = requirement_of(text, files)
    assert (requirement.name, requirement.path, requirement.name_guessed) == ("foo-lib", "libs/foo", False)
    assert requirement.extras == (("a",) if "[" in text else ())


def test_a_folder_that_says_no_name_lends_its_own() -> None:
    requirement = requirement_of("-e ./libs/foo", {"libs/foo/setup.py": "setup(name=read())"})
    assert (requirement.name, requirement.name_guessed) == ("foo", True)


def test_a_folder_beside_the_file_is_suggested() -> None:
    _, (problem,) = parsed("-e ./foo", {"app/foo/setup.py": ""}, path="app/requirements.txt")
    assert problem.fixed == "-e ./app/foo"


def test_a_folder_without_a_project_is_refused() -> None:
    assert "pyproject.toml" in problem_of("./docs", {"docs/index.md": ""}).what


@for_each(
    ("text", "extras"), [("-e .", ()), (".", ()), ("-e .[all]", ("all",)), ("-e ./", ()), ("file:.", ())]
)
def test_the_project_itself_is_no_dependency(text: str, extras: tuple[str, ...]) -> None:
    requirement = requirement_of(text, {"setup.py": "setup(name='me')"})
    assert (requirement.origin, requirement.path, requirement.name, requirement.extras) == (
        "project",
        ".",
        "me",
        extras,
    )


def test_an_archive_of_the_project_is_a_file() -> None:
    requirement = requirement_of(
        "./wheels/foo-1.0-py3-none-any.whl", {"wheels/foo-1.0-py3-none-any.whl": b""}
    )
    assert (requirement.origin, requirement.path) == ("file", "wheels/foo-1.0-py3-none-any.whl")
