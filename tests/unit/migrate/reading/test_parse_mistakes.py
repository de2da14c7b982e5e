"""Lines that pip refuses: what was meant, and files that are something else."""

from __future__ import annotations

import pytest
from tests.support.every import for_each
from tests.support.neighbours import parsed, problem_of


@for_each(
    ("text", "fixed"),
    [
        ("pydantic=2.11.5", "pydantic==2.11.5"),
        ("pydantic=2.11.5  # why", "pydantic==2.11.5  # why"),
        ("pydantic=2 ; python_version > '3'", "pydantic==2 ; python_version > '3'"),
        ("pydantic=2 --no-binary pydantic", "pydantic==2 --no-binary pydantic"),
        ("transformers>=4.38.*", "transformers>=4.38"),
        ("transformers~=4.38.*", "transformers==4.38.*"),
        ("xformers bitsandbytes==0.43.3", "xformers\nbitsandbytes==0.43.3"),
        ("a==1, b==2", "a==1\nb==2"),
        ("a==1 b -f https://h.example/x", "--find-links https://h.example/x\na==1\nb"),
        (
            "a==1 b -i https://h.example/x",
            "a==1 --index-url https://h.example/x\nb --index-url https://h.example/x",
        ),
        ("six^1.2.3", "six>=1.2.3,<2"),
        ("six ^0.2.3", "six>=0.2.3,<0.3"),
        ("six ~1.2.3", "six==1.2.*,>=1.2.3"),
        ("six=>1.0", "six>=1.0"),
        ("six>1.0<2.0", "six>1.0,<2.0"),
        ("'six==1.0',", "six==1.0"),
        ('six=="1.0"', "six==1.0"),
        ("six==1.16.0#nocomment", "six==1.16.0  # nocomment"),
        ("six==latest", "six"),
        ("six=*", "six"),
        ("six\u00a0==1.0", "six==1.0"),
        ("six ; python_version < 3.8", 'six ; python_version < "3.8"'),
        ("six ; python_version < “3.8”", 'six ; python_version < "3.8"'),
    ],
)
def test_what_was_meant_is_suggested(text: str, fixed: str) -> None:
    _, problems = parsed(text)
    (problem,) = (problem for problem in problems if problem.severity == "error")
    assert problem.fixed == fixed


@for_each(
    "text",
    [
        "foo===2004-final",
        "pytz==2004d",
        "affine=2.3.0=py_0",
        "six==1.  16.0",
        "six==1.16.0; extra == 'dev'",
        "six ; nonsense",
        "a b ; python_version > '3'",
        "!!",
        "six[",
        "a<=1.*",
    ],
)
def test_what_only_people_know_is_left_to_them(text: str) -> None:
    problem = problem_of(text)
    assert (problem.severity, problem.fixed, problem.place.line) == ("error", None, 1)
    assert problem.suggestion


def test_python_is_no_package() -> None:
    problem = problem_of("python==3.10")
    assert (problem.severity, problem.fixed) == ("error", "")
    assert "requires-python" in problem.suggestion


@for_each(
    ("text", "word", "first", "last"),
    [
        ("a\n<<<<<<< HEAD\nsix==1\n=======\nsix==2\n>>>>>>> x\n", "merge conflict", 2, 6),
        ("a\n{% if x %}\nb\n{% endif %}\n", "template", 2, 4),
        ("{{ name }}==1\nfoo\n", "template", 1, 1),
        ("# platform: linux-64\na=1=b_0\nc=2=d_0\n", "conda", 2, 3),
        ("a=1=b_0\nc=2=d_0\n", "conda", 1, 2),
        ("# x\n@EXPLICIT\nhttps://h.example/a-1-py_0.tar.bz2\n", "conda", 2, 3),
        ("six\npip install torch\nconda install x\n", "shell commands", 2, 3),
        ("<!DOCTYPE html>\n<html>\n</html>\n", "web page", 1, 3),
        ("name: x\ndependencies:\n  - six\n", "conda environment", 1, 3),
        ("[tool.poetry]\nname = 'x'\n", "TOML", 1, 2),
        ('{\n"a": 1\n}\n', "JSON", 1, 3),
    ],
)
def test_a_file_that_is_something_else_has_one_error(text: str, word: str, first: int, last: int) -> None:
    problem = problem_of(text)
    assert word in problem.what
    assert (problem.severity, problem.place.line, problem.last) == ("error", first, last)


@pytest.mark.parametrize(
    ("text", "fixed"),
    [
        ("pip install --no-deps torchvision", "torchvision"),
        ("!pip install -q torch==2.1 six", "torch==2.1\nsix"),
        ("python -m pip install six", "six"),
        ("cd src", None),
    ],
)
def test_a_command_names_its_packages(text: str, fixed: str | None) -> None:
    assert problem_of(text).fixed == fixed


def test_requirements_named_like_programs_are_requirements() -> None:
    for text in ("pip", "pip>=24", "conda", "poetry==2.0", "uv", "echo", "set==1", "git-python"):
        assert parsed(text)[1] == ()


def test_variables_are_no_template() -> None:
    _, problems = parsed("a @ https://${TOKEN}@h.example/a-1.zip\n")
    assert [problem.severity for problem in problems] == ["warning"]


def test_credentials_stay_out_of_every_word_about_a_line() -> None:
    _, problems = parsed("-e https://user:S3CRET@h.example/a-1.zip\n")
    for problem in problems:
        assert "S3CRET" not in f"{problem.what} {problem.why} {problem.suggestion}"
