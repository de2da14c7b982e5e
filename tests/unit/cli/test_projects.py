"""Several projects in one run: which they are, and what becomes of one that cannot be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.every import for_each
from tests.support.schemas import conforming

from poetry_aiops.cli.document import document_text
from poetry_aiops.cli.projects import (
    each_project,
    project_files,
    projects_document,
    repeated_projects,
    worst_exit_code,
)
from poetry_aiops.errors import InputError, UsageError


if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    for name in ("apps/shop", "apps/till", "libs/core", "apps/.venv", "apps/till/.tox"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "pyproject.toml").touch()
    (tmp_path / "apps/notes").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("folders", "patterns", "expected"),
    [
        ((), ("apps/*",), ["apps/shop", "apps/till"]),
        ((), ("**/pyproject.toml",), ["apps/shop", "apps/till", "libs/core"]),
        (("libs/core", "apps/shop"), (), ["libs/core", "apps/shop"]),
        ((), ("apps/till", "apps/*/"), ["apps/till", "apps/shop"]),
    ],
)
def test_each_project_is_found_once(
    repository: Path, folders: tuple[str, ...], patterns: tuple[str, ...], expected: list[str]
) -> None:
    files = project_files(folders, patterns, repository)
    assert [file.parent.relative_to(repository).as_posix() for file in files] == expected
    absolute = (
        project_files((), [f"{repository}/{one}" for one in patterns], repository) if patterns else files
    )
    assert absolute == files
    from_beside = project_files((), [f"../{one}" for one in patterns], repository / "apps")
    assert [file.resolve() for file in from_beside] == (
        [file.resolve() for file in files] if patterns else []
    )


@pytest.mark.parametrize(("folders", "pattern"), [(("apps/notes",), ()), ((), ("apps/no*",)), ((), ("lib",))])
def test_what_leads_to_no_project_is_wrong_usage(
    repository: Path, folders: tuple[str, ...], pattern: tuple[str, ...]
) -> None:
    with pytest.raises(UsageError, match=r"no folder with a pyproject\.toml"):
        project_files(folders, pattern, repository)


@for_each(
    ("line", "expected"),
    [
        ("health -P a --project=b", ("a", "b")),
        ("-Pa health --metric security --project b --project c", ("a", "b", "c")),
        ("health --project a", ()),
        ("health --projects a --projects b", ()),
        ("run --project a -- --project b", ()),
    ],
)
def test_poetrys_own_option_counts_where_it_is_repeated(line: str, expected: tuple[str, ...]) -> None:
    assert repeated_projects(line.split()) == expected


def test_an_error_in_one_project_leaves_the_others(repository: Path) -> None:
    def run(file: Path) -> tuple[int, str]:
        if file.parent.name == "shop":
            raise InputError("it is no TOML", where="pyproject.toml")
        return (1 if file.parent.name == "core" else 3), file.parent.name

    files = project_files((), ("apps/*", "libs/*"), repository)
    outcomes = each_project(files, repository, run)
    document = conforming(document_text("projects", projects_document(outcomes, lambda name: {"name": name})))

    assert [(one["folder"], one["exit_code"]) for one in document["projects"]] == [
        ("apps/shop", 2),
        ("apps/till", 3),
        ("libs/core", 1),
    ]
    assert document["exit_code"] == worst_exit_code(outcomes) == 2
    assert worst_exit_code(outcomes[1:]) == 1
    assert document["projects"][0]["error"][0] == "apps/shop: pyproject.toml: it is no TOML"
