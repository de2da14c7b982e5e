"""Which files of a repository are requirements files of the project."""

from __future__ import annotations

import pytest
from tests.support.every import for_each

from poetry_aiops.migrate.request import discover


@for_each(
    "path",
    [
        "requirements.txt",
        "requirements-dev.txt",
        "requirements_rocm6.3.txt",
        "dev-requirements.in",
        "test_requirements.txt",
        "constraints.txt",
        "reqs.txt",
        "REQUIREMENTS.TXT",
        "requirements/base.txt",
        "requirements/py3.11.in",
        "config/requirements/prod.txt",
        "reqs/anything.txt",
    ],
)
def test_files_at_the_usual_places_are_taken(path: str) -> None:
    found = discover([path])
    assert found.files == (path,)
    assert found.elsewhere == ()


@pytest.mark.parametrize(
    "path", ["docs/requirements.txt", "docker/main/requirements-wheels.txt", "a/requirements/x.txt"]
)
def test_files_of_other_places_are_only_told(path: str) -> None:
    found = discover([path])
    assert found.files == ()
    assert found.elsewhere == (path,)


@for_each(
    "path",
    [
        "README.txt",
        "notes.txt",
        "requirements.md",
        "requirements.py",
        "requirements/README.txt",
        "requirements/LICENSE.txt",
        "requirements/base.yml",
        "setup.py",
        "pyproject.toml",
    ],
)
def test_other_files_are_none(path: str) -> None:
    assert discover([path]) == discover([])


def test_shared_files_come_first() -> None:
    found = discover(
        ["requirements/a.txt", "requirements-dev.txt", "requirements.txt", "requirements/base.txt"]
    )
    assert found.files == (
        "requirements.txt",
        "requirements-dev.txt",
        "requirements/a.txt",
        "requirements/base.txt",
    )


def test_the_constraints_that_sync_reqs_writes_are_taken() -> None:
    found = discover(["config/dependencies/constraints.txt", "config/dependencies/notes.txt"])
    assert (found.files, found.elsewhere) == (("config/dependencies/constraints.txt",), ())
