"""What Poetry would say against a pyproject.toml is said before it is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from poetry_aiops.errors import InputError
from poetry_aiops.locking.poetry_project import refuse_invalid


if TYPE_CHECKING:
    from pathlib import Path


GOOD = '[project]\nname = "x"\nversion = "1"\n'
MISSING_GROUP = '\n[tool.poetry.group.a]\ninclude-groups = ["b"]\n'


@pytest.mark.parametrize(
    ("text", "reported"),
    [
        ('[project]\nname = "x"\n', "[project.version] or [tool.poetry.version] is required"),
        ('[project]\nname = "x"\nversion = "one"\n', "project.version must match"),
        (GOOD + 'dependencies = ["six ==="]\n', 'invalid version constraint "==="'),
        (GOOD + MISSING_GROUP, "'b'"),
        (GOOD + '\n[tool.poetry]\npackage-mode = "no"\n', "package-mode"),
    ],
)
def test_what_poetry_refuses_is_refused_with_its_words(tmp_path: Path, text: str, reported: str) -> None:
    with pytest.raises(InputError) as caught:
        refuse_invalid(tmp_path, text, "")
    assert reported in " ".join(caught.value.details)
    assert list(tmp_path.iterdir()) == []


def test_what_only_poetry_check_says_is_refused_where_the_file_did_not_have_it_before(tmp_path: Path) -> None:
    lost = '[tool.poetry]\nname = "x"\nversion = "1"\n\n[tool.poetry.extras]\na = ["six"]\n'
    with pytest.raises(InputError) as caught:
        refuse_invalid(tmp_path, lost, GOOD)
    assert caught.value.details == ('Cannot find dependency "six" for extra "a" in main dependencies.',)
    refuse_invalid(tmp_path, lost, lost)


def test_relative_paths_are_those_of_the_project(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "libs").mkdir()
    (tmp_path / "libs/pyproject.toml").write_text('[project]\nname = "libs"\nversion = "1"\n', "utf-8")
    refuse_invalid(tmp_path, GOOD + '\n[tool.poetry.dependencies]\nlibs = {path = "libs"}\n', "")
    assert caplog.text == ""
