"""The proposal to Poetry names what we touch, and the hooks for pre-commit call what there is."""

from __future__ import annotations

import re
import shlex

import pytest
from tests.docs.console import REPOSITORY

from poetry_aiops.locking import compatibility
from poetry_aiops.plugin import COMMANDS


def test_every_name_that_the_adapters_touch_is_in_the_proposal_and_no_other() -> None:
    page = (REPOSITORY / "docs/explanation/upstream.md").read_text("utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    named = [
        name for row in rows for name in re.findall(r"`([A-Za-z_.]+)`", row.rpartition("|")[0].split("|")[1])
    ]
    touched = {
        f"{owner.__name__}.{name}"
        for owner, names in (*compatibility._OF_CLASSES, *compatibility._OF_OBJECTS.items())
        for name in names
    } | {f"{owner.__name__}.{name}" for owner, name, _ in compatibility._PARAMETERS}
    assert sorted(named) == sorted(touched)


HOOKS = [
    dict(re.findall(r"^(?:- |  )(\w+): (.*)$", block, re.MULTILINE))
    for block in re.split(
        r"^(?=- id)", (REPOSITORY / ".pre-commit-hooks.yaml").read_text("utf-8"), flags=re.MULTILINE
    )[1:]
]


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: str(hook["id"]))
def test_a_hook_runs_a_command_that_is_there_on_the_files_that_it_checks(hook: dict[str, str]) -> None:
    program, command, option = shlex.split(hook["entry"])
    assert (program, option) in {("poetry", "--lock"), ("poetry", "--check")}
    assert command == "check" or command in COMMANDS
    assert all(re.search(hook["files"], name) for name in ("pyproject.toml", "poetry.lock"))
    assert not re.search(hook["files"], "src/app/lock.py")
    assert hook["pass_filenames"] == "false"
    assert hook["language"] == "python"
