"""The reusable GitHub action for `poetry health`: its scripts, run as a runner runs them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest
from tests.support.every import every
from tests.support.poetries import REPOSITORY


if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.health_shop import Shop


ACTION = REPOSITORY / ".github" / "actions" / "health"
DEFAULTS = {"FOLDER": "shop", "AGAINST": "", "FAIL_ON": "", "MIN_SCORE": "", "SARIF": "health.sarif"}

pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="the action's scripts are bash")


@dataclass(frozen=True, slots=True)
class Step:
    """What one run of a step left behind."""

    code: int
    output: str
    outputs: dict[str, str]
    summary: str


def run_step(workspace: Path, script: str, environment: dict[str, str], **inputs: str) -> Step:
    """Run a script of the action in a workspace, with inputs given as the action gives them."""
    temp = workspace / "runner-temp"
    temp.mkdir(exist_ok=True)
    reported = {f"HEALTH_{name}": value for name, value in inputs.items()}
    runner = {
        "GITHUB_WORKSPACE": str(workspace),
        "RUNNER_TEMP": str(temp),
        "GITHUB_OUTPUT": str(temp / "output"),
        "GITHUB_STEP_SUMMARY": str(temp / "summary"),
    }
    done = subprocess.run(
        ["bash", str(ACTION / script)],
        cwd=workspace,
        env={"PATH": os.defpath, **environment, **runner, **reported},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    written = _text(temp / "output").splitlines()
    outputs = dict(line.split("=", 1) for line in written)
    assert len(outputs) == len(written), f"an output was written twice: {written}"
    return Step(done.returncode, done.stdout, outputs, _text(temp / "summary"))


def look(shop: Shop, **inputs: str) -> Step:
    environment = {
        **shop.poetry._environment(),
        **shop.variables,
        "POETRY_AIOPS_PUBLIC_SOURCES": "stand-in,house",
    }
    shop.poetry.into(shop.project.path.parent / "runner-temp" / "poetry-aiops" / "bin")
    return run_step(shop.project.path.parent, "health.sh", environment, **{**DEFAULTS, **inputs})


def _text(path: Path) -> str:
    return path.read_text("utf-8") if path.exists() else ""


def test_findings_fail_the_job_and_leave_annotations_score_summary_and_sarif(shop: Shop) -> None:
    step = look(replace(shop, poetry=shop.poetry.cold()))

    assert (step.code, step.outputs["exit-code"]) == (1, "1"), step.output
    assert re.search(r"^::(error|warning) .*GHSA-tool-kits-0001", step.output, re.MULTILINE)
    assert 0 < float(step.outputs["score"]) < 100
    assert step.outputs["sarif-file"] == "shop/health.sarif"
    assert "GHSA-tool-kits-0001" in _text(shop.project.path / "health.sarif")
    assert step.summary.startswith("## ")
    assert not shop.reports.exists()


def test_a_gate_that_is_passed_passes_the_job(shop: Shop) -> None:
    step = look(shop, FAIL_ON="critical")

    assert (step.code, step.outputs["exit-code"]) == (0, "0"), step.output


def test_what_could_not_be_looked_at_fails_the_job_with_3(shop: Shop) -> None:
    assert shop.osv is not None
    shop.osv.stop()

    step = look(shop, FAIL_ON="critical")

    assert (step.code, step.outputs["exit-code"]) == (3, "3"), step.output


def test_a_project_without_a_lock_ends_with_2_and_leaves_no_report(shop: Shop) -> None:
    (shop.project.path / "poetry.lock").unlink()

    step = look(shop)

    assert (step.code, step.outputs["score"], step.outputs["sarif-file"]) == (2, "", ""), step.output


NO_INPUTS = (
    {"FAIL_ON": "high --offline; touch owned"},
    {"MIN_SCORE": "$(touch owned)"},
    {"SARIF": "`touch owned`"},
    {"SARIF": "../health.sarif"},
    {"SARIF": "/health.sarif"},
    {"SARIF": "--fix.sarif"},
    {"SARIF": "a.sarif\nexit-code=0"},
    {"SARIF": "poetry.lock"},
    {"FOLDER": "nowhere"},
    {"FOLDER": "shop; touch owned"},
    {"FOLDER": "--help"},
)


def test_an_input_that_is_none_ends_with_2_and_runs_nothing(shop: Shop) -> None:
    before = shop.project.files()

    def runs_nothing(inputs: dict[str, str]) -> None:
        shutil.rmtree(shop.project.path.parent / "runner-temp", ignore_errors=True)
        step = look(shop, **inputs)
        assert (step.code, step.outputs.get("exit-code")) == (2, "2"), step.output
        assert list(shop.project.path.parent.rglob("owned")) == []
        assert shop.project.files() == before

    every(NO_INPUTS, runs_nothing)


@pytest.mark.parametrize(
    "wrong", ["--index-url=http://127.0.0.1:9/", "1.0; touch owned", "@ git+file:.", "1\n2"]
)
@pytest.mark.parametrize("name", ["VERSION", "POETRY_VERSION"])
def test_a_version_that_is_none_installs_nothing(tmp_path: Path, name: str, wrong: str) -> None:
    inputs = {"PYTHON": "no-python", "VERSION": "", "POETRY_VERSION": "", name: wrong}

    step = run_step(tmp_path, "install.sh", {}, **inputs)

    assert step.code == 2
    assert re.fullmatch(r"::error title=poetry health::.* is no version of .*\n", step.output)
    assert list(tmp_path.rglob("owned")) == []


def test_inputs_reach_the_scripts_as_variables_and_each_variable_is_given() -> None:
    action = (ACTION / "action.yml").read_text("utf-8")
    given = set(re.findall(r"^ +(HEALTH_\w+): \$\{\{", action, re.MULTILINE))
    read = {
        name
        for script in ACTION.glob("*.sh")
        for name in re.findall(r"HEALTH_\w+", script.read_text("utf-8"))
    }

    assert given == read
    assert [line for line in re.findall(r"run:.*", action) if "${{" in line] == []
