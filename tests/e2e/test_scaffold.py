"""``poetry scaffold`` on the real program: what it writes, what it leaves alone, and what it refuses."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING

import pytest
from tests.support import projects
from tests.support.schemas import conforming


if TYPE_CHECKING:
    from tests.conftest import ProjectFactory
    from tests.support.poetry_program import PoetryProgram, Project


WEEKLY = ".github/workflows/poetry-update.yml"
WRITTEN = {
    "docker": ("Dockerfile", ".dockerignore"),
    "compose": ("compose.yaml",),
    "github": (".github/workflows/poetry.yml", WEEKLY),
}


@pytest.fixture
def project(locked_project: ProjectFactory) -> Project:
    return locked_project(projects.HW)


def names(project: Project) -> set[str]:
    """Return the project's files without its environment."""
    every = (path for path in project.path.rglob("*") if path.is_file())
    paths = {path.relative_to(project.path).as_posix() for path in every}
    return {path for path in paths if not path.startswith(".venv/")}


@pytest.mark.parametrize("kind", WRITTEN)
def test_each_kind_writes_its_files_once_and_the_same_again(
    project: Project, poetry: PoetryProgram, kind: str
) -> None:
    before = names(project)

    first = poetry.must(project, "scaffold", kind)
    texts = {name: (project.path / name).read_bytes() for name in WRITTEN[kind]}
    second = poetry.must(project, "scaffold", kind)

    assert names(project) - before == set(WRITTEN[kind])
    assert all(f"Wrote {name}" in first.stdout for name in WRITTEN[kind])
    assert all(f"Unchanged: {name}" in second.stdout for name in WRITTEN[kind])
    assert texts == {name: (project.path / name).read_bytes() for name in WRITTEN[kind]}


def test_a_file_that_is_there_stops_everything_and_keeps_its_bytes(
    project: Project, poetry: PoetryProgram
) -> None:
    weekly = project.path / WEEKLY
    weekly.parent.mkdir(parents=True)
    weekly.write_text("mine\n", "utf-8")
    before = names(project)

    done = poetry.run(project, "scaffold", "github")

    assert done.code == 1
    assert f"{WEEKLY} would be replaced, so nothing was written" in done.stderr
    assert "--dry-run" in done.stderr
    assert (names(project), weekly.read_text("utf-8")) == (before, "mine\n")


def test_force_keeps_every_old_file_under_a_name_of_its_own(project: Project, poetry: PoetryProgram) -> None:
    dockerfile = project.path / "Dockerfile"
    for text in ("first\n", "second\n"):
        dockerfile.write_text(text, "utf-8")
        dockerfile.chmod(0o640)
        poetry.must(project, "scaffold", "docker", "--force")

    kept = [project.path / name for name in ("Dockerfile.bak", "Dockerfile.bak.1")]
    assert [path.read_text("utf-8") for path in kept] == ["first\n", "second\n"]
    assert {path.stat().st_mode & 0o777 for path in [*kept, dockerfile]} == {0o640}


def test_a_dockerignore_of_the_users_is_left_alone_with_a_warning(
    project: Project, poetry: PoetryProgram
) -> None:
    (project.path / ".dockerignore").write_text("mine\n", "utf-8")

    done = poetry.must(project, "scaffold", "docker")

    assert ".dockerignore was not written by scaffold and stays unchanged" in done.stderr
    assert (project.path / ".dockerignore").read_text("utf-8") == "mine\n"
    assert (project.path / "Dockerfile").is_file()


def test_a_dry_run_shows_new_files_whole_and_others_by_their_difference(
    project: Project, poetry: PoetryProgram
) -> None:
    (project.path / "Dockerfile").write_text("FROM mine\n", "utf-8")
    before = names(project)

    done = poetry.must(project, "scaffold", "docker", "--dry-run")

    assert "-FROM mine" in done.stdout
    assert "+FROM python:${PYTHON_VERSION}-slim-trixie AS python" in done.stdout
    assert "==> .dockerignore" in done.stdout
    assert names(project) == before


def test_other_names_are_taken_and_name_themselves_in_the_files(
    project: Project, poetry: PoetryProgram
) -> None:
    docker = poetry.must(project, "scaffold", "docker", "--output", "ops/Dockerfile.poetry")
    poetry.must(
        project,
        "scaffold",
        "compose",
        "--output",
        "ops/compose.yaml",
        "--dockerfile",
        "ops/Dockerfile.poetry",
    )
    poetry.must(project, "scaffold", "github", "--output", ".github/workflows/main-poetry.yml")

    assert {
        "ops/Dockerfile.poetry",
        "ops/Dockerfile.poetry.dockerignore",
        "ops/compose.yaml",
        ".github/workflows/main-poetry.yml",
        ".github/workflows/main-poetry-update.yml",
    } <= names(project)
    assert "docker build --file ops/Dockerfile.poetry ." in docker.stdout
    compose = (project.path / "ops/compose.yaml").read_text("utf-8")
    assert "  context: ..\n" in compose
    assert 'dockerfile: "ops/Dockerfile.poetry"' in compose


def test_the_head_says_the_command_that_writes_it_again(project: Project, poetry: PoetryProgram) -> None:
    words = ("scaffold", "docker", "--command", "python -m 'my app'", "--port", "8000", "--python", "3.12")
    poetry.must(project, *words)
    line = next(
        line for line in (project.path / "Dockerfile").read_text("utf-8").splitlines() if "Written" in line
    )
    written_by = line.partition("`")[2].partition("`")[0]
    assert shlex.split(written_by) == ["poetry", *words]


def test_the_document_holds_the_images_and_the_texts(project: Project, poetry: PoetryProgram) -> None:
    done = poetry.must(project, "scaffold", "docker", "--format", "json", "--dry-run")

    document = conforming(done.stdout)
    assert [image["variant"] for image in document["images"]] == ["ml-cpu", "ml-gpu"]
    assert [(file["path"], file["action"]) for file in document["files"]] == [
        ("Dockerfile", "would-write"),
        (".dockerignore", "would-write"),
    ]
    assert not (project.path / "Dockerfile").exists()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["dokcer"], 2, 'Did you mean "docker"?'),
        (["docker", "--output", "../Dockerfile"], 2, "this path is outside the project"),
        (["docker", "--dockerfile", "x"], 2, "poetry scaffold docker does not take this option"),
        (["compose", "--command", "x"], 2, "poetry scaffold compose does not take this option"),
        (["github", "--port", "1"], 2, "poetry scaffold github does not take this option"),
        (["docker", "--base", "ml-gpuu=slim"], 2, 'Did you mean "ml-gpu"?'),
        (["docker", "--python", "3.9"], 2, "needs Python 3.11 or newer"),
        (["docker", "--extras", "gpu"], 2, 'there is no extra "gpu"'),
        (["docker", "--command", "uvicorn a:b"], 2, "no locked package provides uvicorn"),
        (["docker", "--check"], 1, "Dockerfile is missing: write it with `poetry scaffold docker`"),
        ([], 2, "Choose one of docker, compose, github."),
        (["docker", "--format", "yaml"], 2, "unknown format"),
        (["docker", "--quiet", "--format", "json"], 2, "Leave out one of the two."),
    ],
)
def test_what_cannot_be_followed_says_so_and_writes_nothing(
    project: Project, poetry: PoetryProgram, words: list[str], code: int, said: str
) -> None:
    before = names(project)
    done = poetry.run(project, "scaffold", *words)
    assert (done.code, said in done.output) == (code, True), done
    assert names(project) == before


def test_workflows_of_a_member_are_written_at_the_root_of_its_repository(
    project: Project, poetry: PoetryProgram
) -> None:
    root = project.path.parent
    (root / ".git").mkdir()
    folder = project.path.name

    done = poetry.must(project, "scaffold", "github")
    refused = poetry.run(project, "scaffold", "github", "--output", ".github/workflows/other.yml")

    texts = [(root / name).read_text("utf-8") for name in WRITTEN["github"]]
    assert all(f'working-directory: "{folder}"' in text for text in texts)
    assert f"hashFiles('{folder}/poetry.lock')" in texts[0]
    assert f"gh workflow run poetry.yml --ref poetry-update-{folder}" in texts[1]
    assert not (project.path / ".github").exists()
    assert "the result of the weekly audit is not known yet" in done.stderr
    assert (refused.code, "--output ../.github/workflows/poetry.yml" in refused.stderr) == (2, True)
    assert "run `poetry health` once" in done.stderr, "it was tried without a network"


def test_check_follows_the_project_and_not_the_edits(project: Project, poetry: PoetryProgram) -> None:
    dockerfile = project.path / "Dockerfile"
    poetry.must(project, "scaffold", "docker", "--port", "8000", "--apt", "tini")
    poetry.must(project, "scaffold", "compose")
    assert 'ports: ["8000:8000"]' in (project.path / "compose.yaml").read_text("utf-8"), "of the Dockerfile"
    dockerfile.write_text(dockerfile.read_text("utf-8") + "LABEL mine=1\n", "utf-8")

    assert poetry.must(project, "scaffold", "--check").stdout.splitlines() == [
        "Dockerfile fits the project",
        "compose.yaml fits the project",
    ]
    project.edit('ml-gpu = "cu126"', 'other = "cu126"')
    project.pyproject.write_text(
        project.pyproject.read_text("utf-8").replace("group.ml-gpu", "group.other"), "utf-8"
    )
    stale = poetry.run(project, "scaffold", "docker", "--check")
    poetry.must(project, "lock")
    changed = poetry.run(project, "scaffold", "--check", "--format", "json")

    assert (stale.code, "Run `poetry lock` first" in stale.stdout) == (1, True)
    assert [file["action"] for file in conforming(changed.stdout)["files"]] == ["differs", "differs"]
    assert changed.code == 1


def test_a_missing_lock_is_named(project: Project, poetry: PoetryProgram) -> None:
    project.lock_path.unlink()
    done = poetry.run(project, "scaffold", "docker")
    assert (done.code, "Make one: `poetry lock`." in done.stderr) == (2, True)


def test_a_link_out_of_the_project_is_never_written_through(project: Project, poetry: PoetryProgram) -> None:
    outside = project.path.parent / "outside"
    outside.write_text("theirs\n", "utf-8")
    (project.path / "Dockerfile").symlink_to(outside)

    done = poetry.run(project, "scaffold", "docker", "--force")

    assert (done.code, "leads out of the project" in done.stderr) == (2, True)
    assert outside.read_text("utf-8") == "theirs\n"


def test_an_error_is_a_document_too(project: Project, poetry: PoetryProgram) -> None:
    done = poetry.run(project, "scaffold", "nothing", "--format", "json")
    assert done.code == 2
    assert json.loads(done.stdout)["exit_code"] == 2
