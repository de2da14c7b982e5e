"""``poetry graph`` on the real program: what it prints, writes, answers and refuses, without any network."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.support import projects
from tests.support.expect import refused
from tests.support.schemas import conforming

from poetry_aiops.project.lockfile import read_lock


if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.index import PackageIndex
    from tests.support.poetry_program import PoetryProgram, Project


@pytest.fixture(scope="module")
def project(poetry: PoetryProgram, index: PackageIndex, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return a locked project with two hardware variants; tests only read from it."""
    made = projects.project_from(projects.HW, index, tmp_path_factory.mktemp("graph") / "chatbot")
    poetry.must(made, "lock")
    return made


def git(folder: Path, *words: str) -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    subprocess.run(["git", *identity, *words], cwd=folder, check=True, capture_output=True)


def test_without_a_question_it_writes_the_page_and_the_analysis(
    poetry: PoetryProgram, project: Project
) -> None:
    done = poetry.must(project, "graph")
    folder = project.path / "dependency_reports"
    page = (folder / "graphs" / "dependency_graph.html").read_text("utf-8")
    assert "default-src 'none'" in page
    assert "fastapi" in page
    assert "fastapi" in (folder / "graphs" / "dependency_analysis.md").read_text("utf-8")
    assert (folder / ".gitignore").read_text("utf-8").endswith("*\n")
    assert "Wrote dependency_reports/graphs/dependency_graph.html" in done.stdout
    before = (folder / "graphs" / "dependency_graph.html").read_bytes()
    poetry.must(project, "graph")
    assert (folder / "graphs" / "dependency_graph.html").read_bytes() == before


def test_the_document_conforms_to_its_schema_and_holds_every_variant(
    poetry: PoetryProgram, project: Project
) -> None:
    document = conforming(poetry.must(project, "graph", "--format", "json", "-vvv").stdout)
    nodes = {node["id"]: node for node in document["nodes"]}
    assert {"ml-cpu", "ml-gpu"} <= set(nodes["torch"]["groups"])
    assert document["summary"]["nodes"] == len(document["nodes"])
    only = conforming(poetry.must(project, "graph", "--format", "json", "--only", "main").stdout)
    assert "torch" not in {node["id"] for node in only["nodes"]}


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ("text", "fastapi"),
        ("markdown", "# "),
        ("dot", "digraph"),
        ("mermaid", "flowchart"),
        ("graphml", "<graphml"),
        ("html", "<!doctype html>"),
    ],
)
def test_every_format_goes_to_standard_output(
    poetry: PoetryProgram, project: Project, form: str, said: str
) -> None:
    done = poetry.must(project, "graph", "--format", form)
    assert said in done.stdout.lower() or said in done.stdout
    assert done.stderr == ""


def test_output_files_get_the_format_of_their_extension(
    poetry: PoetryProgram, project: Project, tmp_path: Path
) -> None:
    files = [tmp_path / name for name in ("g.html", "g.md", "g.json", "g.dot", "g.mmd", "g.graphml", "g.txt")]
    poetry.must(project, "graph", *(word for file in files for word in ("--output", str(file))))
    assert [file.name for file in files if file.stat().st_size < 100] == []


def test_why_removal_and_who_holds_back_are_answered_in_words(
    poetry: PoetryProgram, project: Project
) -> None:
    done = poetry.must(
        project, "graph", "--why", "pydantic", "--without-package", "fastapi", "--holds-back", "fastapi"
    )
    assert re.search(r"main: fastapi \S+ -> pydantic \S+", done.stdout)
    assert "packages go away" in done.stdout
    assert "the project (main) wants" in done.stdout
    assert not (project.path / "nothing").exists()


def test_builds_have_their_own_holders_and_their_own_ways(poetry: PoetryProgram, project: Project) -> None:
    words = ("--why", "nvidia-cublas-cu12", "--holds-back", "torch")
    document = conforming(poetry.must(project, "graph", "--format", "json", *words).stdout)
    (why,) = document["why"]
    assert {steps[0]["group"] for steps in why["steps"]} == {"ml-gpu"}
    assert all("+cu126" in version for steps in why["steps"] for version in steps[-1]["source_versions"])
    builds = [
        (held["version"], {one["group"] for one in held["holders"]} - {""}) for held in document["held"]
    ]
    assert all("ml-gpu" not in groups for version, groups in builds if version.endswith("+cpu"))
    assert len({version for version, _ in builds}) > 1


def test_what_a_package_frees_is_what_goes_without_it(poetry: PoetryProgram, project: Project) -> None:
    words = ("--format", "json", "--without-package", "fastapi")
    document = conforming(poetry.must(project, "graph", *words).stdout)
    frees = {node["id"]: node["frees"] for node in document["nodes"]}
    gone = document["removal"]["gone"]
    assert frees["fastapi"] == len(gone) > 1
    summary = poetry.must(project, "graph", "--format", "text").stdout
    assert f"fastapi ({len(gone)})" in summary
    assert f"| fastapi | {len(gone)} |" in poetry.must(project, "graph", "--format", "markdown").stdout
    made = poetry.must(project, "graph", "--why", "pydantic", "--from", "fastapi").stdout
    assert "How fastapi leads to pydantic" in made
    refused(poetry.run(project, "graph", "--from", "fastapi"), project, project.files(), "--why")


def test_a_part_never_takes_the_place_of_the_whole_page(poetry: PoetryProgram, project: Project) -> None:
    poetry.must(project, "graph")
    folder = project.path / "dependency_reports" / "graphs"
    before = (folder / "dependency_graph.html").read_bytes()
    poetry.must(project, "graph", "--target", "windows-amd64,python=3.12")
    poetry.must(project, "graph", "--only", "main")
    assert (folder / "dependency_graph.html").read_bytes() == before
    assert (folder / "dependency_graph-windows-amd64-py3.12.html").exists()
    assert (folder / "dependency_graph-part.html").exists()


def test_what_a_target_does_not_need_is_an_answer_and_odd_input_a_warning(
    poetry: PoetryProgram, index: PackageIndex, tmp_path: Path
) -> None:
    made = projects.project_from(projects.ORDINARY, index, tmp_path / "shop")
    poetry.must(made, "lock")
    text = made.lock_path.read_text("utf-8")
    text = re.sub(r"^files = \[\n(?:    .*\n)*\]\n", "", text, flags=re.MULTILINE)
    made.lock_path.write_text(text, "utf-8")
    declared = made.pyproject.read_text("utf-8").replace('"^2.30"', '"(>=2.30,<2.31 || >=2.32)"')
    made.pyproject.write_text(declared, "utf-8")
    done = poetry.must(made, "graph", "--format", "json", "--why", "requests")
    document = conforming(done.stdout)
    assert document["why"][0]["leading"] == ["requests"]
    assert "is not a version constraint" in done.stderr
    assert "files is missing" in done.stderr
    words = (
        "--format",
        "json",
        "--target",
        "linux-x86_64",
        "--why",
        "colorama",
        "--without-package",
        "colorama",
    )
    document = conforming(poetry.must(made, "graph", *words).stdout)
    assert (document["why"][0]["needed"], document["why"][0]["paths"]) == (False, [])
    assert document["removal"]["gone"] == []


def test_diff_of_two_groups_says_what_a_variant_adds_over_another(
    poetry: PoetryProgram, project: Project
) -> None:
    done = poetry.must(project, "graph", "--diff", "ml-cpu..ml-gpu")
    assert "+ nvidia-cublas-cu12" in done.stdout
    assert "+ tensorflow" in done.stdout
    assert "+ torch " not in done.stdout  # both have it
    assert "+ torch " in poetry.must(project, "graph", "--diff", "main..ml-gpu").stdout


def test_diff_tells_what_changed_since_a_revision(
    poetry: PoetryProgram, index: PackageIndex, tmp_path: Path
) -> None:
    made = projects.project_from(projects.ORDINARY, index, tmp_path / "shop")
    poetry.must(made, "lock")
    git(made.path, "init")
    git(made.path, "add", "pyproject.toml", "poetry.lock")
    git(made.path, "commit", "-m", "one")
    text = made.pyproject.read_text("utf-8").replace('requests = "^2.30"\n', "")
    made.pyproject.write_text(text, "utf-8")
    poetry.must(made, "lock")
    done = poetry.must(made, "graph", "--diff", "HEAD")
    assert "requests" in done.stdout
    page = tmp_path / "diff.html"
    poetry.must(made, "graph", "--diff", "HEAD", "--output", str(page))
    assert "requests" in page.read_text("utf-8")
    refused(poetry.run(made, "graph", "--diff", "nowhere"), made, made.files(), "nowhere")
    refused(poetry.run(made, "graph", "--diff=--output=x"), made, made.files(), "--diff")


def test_cycles_are_the_answer_no(poetry: PoetryProgram, index: PackageIndex, tmp_path: Path) -> None:
    index.publish("round", "hen", "1.0", ["egg"])
    index.publish("round", "egg", "1.0", ["hen"])
    made = projects.project_from(projects.head('hen = "*"\n'), index, tmp_path / "farm")
    source = (
        f'[[tool.poetry.source]]\nname = "round"\nurl = "{index.url("round")}"\npriority = "supplemental"\n'
    )
    made.pyproject.write_text(made.pyproject.read_text("utf-8") + "\n" + source, "utf-8")
    poetry.must(made, "lock")
    done = poetry.run(made, "graph", "--check-cycles")
    assert done.code == 1, str(done)
    assert "egg" in done.stdout
    text = made.lock_path.read_text("utf-8")
    conflict = text.replace("[metadata]", "<<<<<<< HEAD\n[metadata]\n=======\n>>>>>>> x\n")
    made.lock_path.write_text(conflict, "utf-8")
    refused(poetry.run(made, "graph"), made, made.files(), "poetry.lock")


@pytest.mark.parametrize(
    ("spec", "variant", "held"),
    [
        ("linux-x86_64,driver=580.65,cc=8.6", "ml-gpu (cu126)", {"tensorflow"}),
        ("cpu,python=3.12", "ml-cpu (cpu)", {"tensorflow-cpu"}),
    ],
)
def test_a_target_with_accelerators_takes_the_variant_that_fits(
    poetry: PoetryProgram, project: Project, spec: str, variant: str, held: set[str]
) -> None:
    done = poetry.must(project, "graph", "--target", spec, "--format", "json")
    document = conforming(done.stdout)
    assert document["graph"]["scope"]["variant"] == variant
    assert f"Hardware: {variant}" in done.stderr
    assert {node["id"] for node in document["nodes"]} & {"tensorflow", "tensorflow-cpu"} == held


def test_a_target_without_accelerators_keeps_every_variant(poetry: PoetryProgram, project: Project) -> None:
    done = poetry.must(project, "graph", "--target", "linux-x86_64,python=3.12", "--format", "json")
    document = conforming(done.stdout)
    assert document["graph"]["scope"]["variant"] is None
    assert {"tensorflow", "tensorflow-cpu"} <= {node["id"] for node in document["nodes"]}


def test_sizes_come_from_the_indexes_and_stay_unknown_without_them(
    own_poetry: PoetryProgram, own_index: PackageIndex, tmp_path: Path
) -> None:
    made = projects.project_from(projects.ORDINARY, own_index, tmp_path / "shop")
    own_poetry.must(made, "lock")
    own_index.stop()
    unknown = conforming(own_poetry.must(made, "graph", "--sizes", "--format", "json").stdout)
    assert unknown["sizes"]["known"] == 0
    assert all(one["reason"] for one in unknown["sizes"]["unknown"])
    own_index.start()
    document = conforming(own_poetry.must(made, "graph", "--sizes", "--format", "json").stdout)
    assert document["sizes"]["unknown"] == []
    assert all(node["size"] > 0 and node["builds"][0]["file"] for node in document["nodes"])
    assert "Download" in own_poetry.must(made, "graph", "--sizes").stdout


def test_sizes_that_an_index_refuses_to_tell_are_an_open_question_that_a_line_settles(
    own_poetry: PoetryProgram, own_index: PackageIndex, tmp_path: Path
) -> None:
    made = projects.project_from(projects.ORDINARY, own_index, tmp_path / "shop")
    own_poetry.must(made, "lock")
    asked = ("graph", "--sizes", "--format", "json")
    done = own_poetry.run(made, *asked, POETRY_AIOPS_TRUSTED_ADDRESSES="")
    assert done.code == 3, str(done)
    assert conforming(done.stdout)["sizes"]["known"] == 0
    line = re.search(r"`poetry (config repositories\.\S+ \S+)`", done.stderr)
    assert line is not None, str(done)
    own_poetry.must(made, *line[1].split())
    own_poetry.must(made, *asked, POETRY_AIOPS_TRUSTED_ADDRESSES="")


def test_a_health_report_is_laid_over_the_graph(
    poetry: PoetryProgram, index: PackageIndex, tmp_path: Path
) -> None:
    made = projects.project_from(projects.ORDINARY, index, tmp_path / "shop")
    poetry.must(made, "lock")
    nodes = conforming(poetry.must(made, "graph", "--format", "json").stdout)["nodes"]
    bad = {"id": "GHSA-demo", "severity": "high", "fixed_in": ["99.0"]}
    packages = [
        {
            "name": node["id"],
            "version": node["versions"][0],
            "audited": "audited" if node["id"] == "requests" else "failed",
            "advisories": [bad] * (node["id"] == "requests"),
        }
        for node in nodes
    ]
    digest = read_lock(made.lock_path).packages_digest
    document = {"schema": "poetry-aiops/health/1", "lock": {"packages_sha256": digest}, "packages": packages}
    report = made.path / "dependency_reports" / "latest_report.json"
    report.parent.mkdir()
    assert "not audited" in poetry.must(made, "graph", "--format", "text").stdout
    report.write_text(json.dumps(document), "utf-8")
    reported = poetry.must(made, "graph", "--format", "text").stdout.partition("Vulnerable:")[2]
    assert "requests" in reported
    assert f"1 of {len(nodes)} audited" in reported
    assert "GHSA-demo" in poetry.must(made, "graph", "--format", "html").stdout
    document["lock"] = {"packages_sha256": "0" * 64}
    report.write_text(json.dumps(document), "utf-8")
    assert "not audited" in poetry.must(made, "graph", "--format", "text").stdout
    report.write_text("{", "utf-8")
    done = poetry.must(made, "graph", "--format", "text")
    assert "latest_report.json" in done.stderr
    assert "not audited" in done.stdout


def test_a_project_without_cycles_passes_the_check(poetry: PoetryProgram, project: Project) -> None:
    assert "There are no dependency cycles" in poetry.must(project, "graph", "--check-cycles").stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--why", "fastapii"], "fastapii"),
        (["--only", "mian"], "mian"),
        (["--format", "svg"], "svg"),
        (["--depth", "0"], "--depth"),
        (["--target", "amiga"], "amiga"),
        (["--diff", "ml-cpu..ml-gnu"], "ml-gnu"),
        (["--output", "graph.pdf"], "graph.pdf"),
    ],
)
def test_wrong_questions_are_refused_in_words(
    poetry: PoetryProgram, project: Project, words: list[str], said: str
) -> None:
    refused(poetry.run(project, "graph", *words), project, project.files(), said)


def test_several_projects_answer_each_by_itself(
    poetry: PoetryProgram, project: Project, tmp_path: Path
) -> None:
    for name in ("one", "two"):
        shutil.copytree(project.path, tmp_path / name, ignore=shutil.ignore_patterns(".venv"))
    (tmp_path / "two" / "poetry.lock").unlink()
    here = replace(project, path=tmp_path)

    answer = poetry.run(here, "graph", "--projects", "*", "--why", "idna")
    both = conforming(poetry.run(here, "graph", "-P", "one", "-P", "two", "--format", "json").stdout)

    assert (answer.code, "two" in answer.stderr) == (2, True), str(answer)
    assert answer.stdout.startswith("one\n")
    one, two = both["projects"]
    assert (one["folder"], one["exit_code"], conforming(json.dumps(one["report"]))["schema"]) == (
        "one",
        0,
        "poetry-aiops/graph/1",
    )
    assert (two["exit_code"], two["report"]) == (2, None)
    dot = poetry.run(here, "graph", "--projects", "*", "--format", "dot")
    assert (dot.code, "on one project only" in dot.stderr) == (2, True), str(dot)


def test_a_missing_lock_is_said(poetry: PoetryProgram, index: PackageIndex, tmp_path: Path) -> None:
    made = projects.project_from(projects.ORDINARY, index, tmp_path / "shop")
    refused(poetry.run(made, "graph"), made, made.files(), "poetry lock")
