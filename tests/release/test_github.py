"""`.github`: the linters have nothing against it, and its actions are pinned to the commits of data/actions.toml."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING

import pytest
from tests.support.linters import assert_clean, run_linter
from tests.support.poetries import REPOSITORY


if TYPE_CHECKING:
    from pathlib import Path


GITHUB = REPOSITORY / ".github"
EXAMPLES = sorted((REPOSITORY / "examples").glob("*/.github/workflows/*.yml"))
WORKFLOWS = [*sorted(GITHUB.glob("workflows/*.yml")), *EXAMPLES]
FORMS = sorted(path for path in GITHUB.glob("ISSUE_TEMPLATE/*.yml") if path.name != "config.yml")
SCHEMAS = {
    "github-workflows": WORKFLOWS,
    "github-actions": sorted(GITHUB.glob("actions/*/action.yml")),
    "github-issue-forms": FORMS,
    "github-issue-config": [GITHUB / "ISSUE_TEMPLATE" / "config.yml"],
    "dependabot": [GITHUB / "dependabot.yml"],
}
USES = re.compile(r"uses: (?P<name>[\w.-]+/[\w.-]+)(?P<path>/[\w./-]+)?@(?P<ref>\S+)(?: # (?P<version>\S+))?")
INJECTION = """\
name: greet
on: issues
permissions: {}
jobs:
  greet:
    runs-on: ubuntu-24.04
    steps:
      - run: echo "${{ github.event.issue.title }}"
"""


def pins() -> dict[str, tuple[str, str]]:
    """Return commit and version of each action of the table."""
    text = (REPOSITORY / "src" / "poetry_aiops" / "data" / "actions.toml").read_text("utf-8")
    return {row["name"]: (row["sha"], row["version"]) for row in tomllib.loads(text)["action"]}


def pages() -> list[Path]:
    """Return every file that shows a workflow."""
    return [
        *GITHUB.rglob("*.yml"),
        *EXAMPLES,
        *(REPOSITORY / "docs").rglob("*.md"),
        *(REPOSITORY / "examples").rglob("*.md"),
        REPOSITORY / "README.md",
    ]


def test_the_table_pins_each_action_once_to_a_whole_commit_and_says_where_it_was_read() -> None:
    text = (REPOSITORY / "src" / "poetry_aiops" / "data" / "actions.toml").read_text("utf-8")
    rows = tomllib.loads(text)["action"]

    assert [row for row in rows if not re.fullmatch(r"[0-9a-f]{40}", row["sha"])] == []
    assert [
        row for row in rows if not re.fullmatch(r"v\d+\.\d+\.\d+", row["version"]) or not row["source"]
    ] == []
    assert len(pins()) == len(rows)


def test_every_action_that_we_use_or_show_is_pinned_to_the_commit_of_the_table() -> None:
    table = pins()
    used = [(page, found) for page in pages() for found in USES.finditer(page.read_text("utf-8"))]
    others = [
        f"{page.relative_to(REPOSITORY)}: {found[0]}"
        for page, found in used
        if found["name"] != "poetry-aiops/poetry-aiops"
        and (found["ref"], found["version"]) != table.get(found["name"])
    ]

    assert len(used) > 10
    assert others == []


def test_each_job_says_what_it_may_do_and_how_long() -> None:
    for workflow in WORKFLOWS:
        head, *jobs = re.split(r"^  (?=[\w-]+:\n    name:)", workflow.read_text("utf-8"), flags=re.MULTILINE)
        assert "permissions: {}\n" in head, workflow.name
        assert jobs, workflow.name
        assert [job for job in jobs if "\n    permissions:" not in job or "timeout-minutes:" not in job] == []


@pytest.mark.slow
def test_actionlint_and_shellcheck_have_nothing_against_the_workflows_and_scripts() -> None:
    assert_clean("actionlint", *WORKFLOWS)
    assert_clean("shellcheck", *GITHUB.rglob("*.sh"))


@pytest.mark.slow
def test_zizmor_has_nothing_against_any_of_it_however_strict() -> None:
    assert_clean("zizmor", GITHUB, *EXAMPLES)


@pytest.mark.slow
@pytest.mark.parametrize("schema", SCHEMAS)
def test_each_file_conforms_to_its_schema(schema: str) -> None:
    assert SCHEMAS[schema]
    assert_clean("check-jsonschema", "--builtin-schema", f"vendor.{schema}", *SCHEMAS[schema])


@pytest.mark.slow
def test_the_linters_do_find_something(tmp_path: Path) -> None:
    workflow = tmp_path / "greet.yml"
    workflow.write_text(INJECTION, "utf-8")

    assert "untrusted" in run_linter("actionlint", workflow)[1]
    assert "template-injection" in run_linter("zizmor", workflow)[1]
    workflow.write_text(INJECTION.replace("runs-on", "runs_on"), "utf-8")
    assert run_linter("check-jsonschema", "--builtin-schema", "vendor.github-workflows", workflow)[0] == 1
