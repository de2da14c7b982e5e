"""Every real tree of requirements files, and every file of pip's oracle alone, through plan and generation."""

from __future__ import annotations

import functools
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from poetry.core.factory import Factory
from tests.support.every import every
from tests.support.migrations import Migration, migration_of
from tests.support.neighbours import InFolder

from poetry_aiops.migrate import report
from poetry_aiops.migrate.planning.ledger import tally
from poetry_aiops.migrate.request import discover
from poetry_aiops.system.addresses import taken_apart


CORPUS = os.environ.get("POETRY_AIOPS_CORPUS")
FOLDER = Path(CORPUS or "/nowhere") / "requirements"
TREES = FOLDER / "corpus"

pytestmark = pytest.mark.skipif(
    not (FOLDER / "pip_oracle.json").is_file(),
    reason="POETRY_AIOPS_CORPUS names no folder with requirements/pip_oracle.json",
)

_URL = re.compile(r"[a-z+]+://[^\s'\"]+")


def trees() -> list[str]:
    """Return the projects that have requirements files at the usual places."""
    if not TREES.is_dir():
        return []
    return [project.name for project in sorted(TREES.iterdir()) if given(project.name)]


@functools.cache
def given(project: str) -> tuple[str, ...]:
    root = TREES / project
    return discover(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()).files


def single_files() -> list[str]:
    path = FOLDER / "pip_oracle.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return sorted(found)


def migration(project: str, files: tuple[str, ...]) -> Migration:
    root = TREES / project
    pyproject = root / "pyproject.toml"
    before = pyproject.read_text("utf-8") if pyproject.is_file() else ""
    return migration_of(InFolder(root), files, before=before, folder=project)


def adds_up(found: Migration) -> None:
    lines = [(file.path, line.number) for file in found.tree.files.values() for line in file.lines]
    assert [(one.file, one.line) for one in found.plan.outcomes] == lines
    assert sum(tally(found.plan.outcomes).values()) == len(lines)
    for one in found.plan.outcomes:
        assert one.message or one.to, one
    for file in found.tree.files.values():
        assert file.lines == () or "".join(line.raw for line in file.lines).encode(file.encoding) in file.data


def every_requirement_is_somewhere(found: Migration) -> None:
    """Assert that a migrated line has an entry of its name or meets the project's own, and that seeds are pins."""
    planned = {entry.name for group in found.plan.edits.groups for entry in group.entries}
    there = {
        one.name
        for group in (found.project.groups.values() if found.before else ())
        for one in group.requirements
    }
    pins = {pin.name for pin in found.plan.pins}
    said = found.said
    for requirement, _ in (*found.plan.requirements, *found.plan.constraints):
        outcome = said[requirement.place.file, requirement.place.line][0]
        if requirement.origin == "project":
            assert outcome == "noted"
        elif outcome == "seed":
            assert requirement.name in pins or requirement.pin is None
        else:
            assert outcome == "migrated"
            assert requirement.name in planned | there


def is_valid(found: Migration, folder: Path) -> None:
    document = found.document
    assert Factory.validate(document)["errors"] == []
    (folder / "pyproject.toml").write_text(found.text, encoding="utf-8")
    poetry = Factory().create_poetry(folder)
    planned = {group.name for group in found.plan.edits.groups if group.entries}
    assert planned <= {"main", *poetry.package.dependency_group_names(include_optional=True)}


def reported(found: Migration) -> str:
    """Return everything that the command may show or write."""
    plan = found.plan
    parts = [
        json.dumps(report.plan_content(plan)),
        *report.role_lines(plan.roles.values()),
        *report.problem_lines(plan.problems),
        *report.credential_lines(plan.credentials),
        "" if plan.errors else found.text,
    ]
    return "\n".join(parts)


def secrets(found: Migration) -> set[str]:
    """Return users and passwords in the addresses of all files, variables and the user of ssh left out."""
    texts = [line.raw for file in found.tree.files.values() for line in file.lines]
    parts = [part for text in texts for url in _URL.findall(text) for part in taken_apart(url)[1:]]
    return {part for part in parts if part and not part.startswith("$") and len(part) > 3}


def add_up_and_valid(project: str, files: tuple[str, ...], folder: Path) -> None:
    found = migration(project, files)
    adds_up(found)
    assert not [secret for secret in secrets(found) if secret in reported(found)]
    if found.plan.errors:
        assert all(error.place.file and error.what and error.suggestion for error in found.plan.errors)
    else:
        every_requirement_is_somewhere(found)
        is_valid(found, folder)


@pytest.mark.parametrize("project", trees())
def test_the_account_of_a_tree_adds_up_and_becomes_a_valid_pyproject(project: str, tmp_path: Path) -> None:
    add_up_and_valid(project, given(project), tmp_path)


@pytest.mark.slow
def test_the_account_of_every_file_alone_adds_up_and_becomes_a_valid_pyproject(tmp_path: Path) -> None:
    def alone(path: str) -> None:
        project, _, file = path.partition("/")
        add_up_and_valid(project, (file,), tmp_path)

    every(single_files(), alone)
