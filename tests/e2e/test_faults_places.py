"""Every command that writes, in a place that is hard: odd names, links, line ends of Windows, an ASCII terminal, depth."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from tests.support import projects


if TYPE_CHECKING:
    from tests.conftest import ProjectFactory
    from tests.support.poetry_program import PoetryProgram, Project, Run


pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="links and names of POSIX"),
]

ODD = """it's a "süße" проект $(touch x) %PATH%; #1"""
ASCII = {
    "LC_ALL": "C",
    "LANG": "C",
    "PYTHONUTF8": "0",
    "PYTHONCOERCECLOCALE": "0",
    "PYTHONIOENCODING": "ascii",
    "POETRY_VIRTUALENVS_IN_PROJECT": "false",
}
LOOK = ("health", "--offline", "--metric", "depth")
EVERY = (
    ("lock",),
    ("sync-reqs",),
    ("sync-reqs", "--check"),
    ("sync-reqs", "--wheelhouse", "whéels", "--hardware", "cpu"),
    ("hw-add", "onnxruntime", "--variants", "cpu,cu126"),
    ("add", "requests", "--lock"),
    ("remove", "requests", "--lock"),
    ("migrate-reqs", "more reqs.txt", "--no-lock"),
    ("migrate-reqs", "--rollback"),
    ("hw-info", "--record", "recorded"),
    ("scaffold", "docker", "--output", "my Dockerfile"),
    ("scaffold", "docker", "--output", "my Dockerfile", "--force", "--port", "80"),
    ("scaffold", "compose", "--dry-run"),
    ("scaffold", "github"),
    ("graph",),
    *(
        ("graph", "--format", form)
        for form in ("text", "markdown", "html", "mermaid", "dot", "graphml", "json")
    ),
    (*LOOK,),
    *((*LOOK, "--format", form) for form in ("markdown", "html", "sarif", "github", "json")),
)


def crlf(text: str) -> bytes:
    return text.replace("\n", "\r\n").encode()


def hard_place(project: Project) -> Project:
    """Turn a project into one with line ends of Windows whose two files are links into another folder."""
    text = project.pyproject.read_text("utf-8").replace('description = ""', 'description = "Größe → 大"')
    real = project.path / "real files"
    real.mkdir()
    for path, content in (
        (project.pyproject, crlf(text)),
        (project.lock_path, crlf(project.lock_path.read_text("utf-8"))),
    ):
        path.unlink()
        (real / path.name).write_bytes(content)
        path.symlink_to(real / path.name)
    (project.path / "more reqs.txt").write_bytes(b"idna\r\n# caf\xc3\xa9\r\n")
    return project


def trouble(done: Run, *codes: int) -> str:
    wrong = done.code not in (codes or (0,)) or "Traceback" in done.output or "Error" in done.output
    return str(done) if wrong else ""


def test_links_line_ends_and_odd_names_survive_every_command_on_an_ascii_terminal(
    poetry: PoetryProgram, locked_project: ProjectFactory
) -> None:
    project = hard_place(locked_project(projects.HW, name=ODD))

    runs = [poetry.run(project, *command, **ASCII) for command in EVERY]

    wrong = [text for done in runs if (text := trouble(done))]
    assert wrong == [], "\n".join(wrong)
    for path in (project.pyproject, project.lock_path):
        assert path.is_symlink()
        content = path.read_bytes()
        assert content.count(b"\r\n") == content.count(b"\n") > 10, path.name
    assert "Größe → 大".encode() in project.pyproject.read_bytes()
    assert not (project.path / "x").exists(), "no shell read the folder's name"
    assert list(project.path.rglob("*.tmp")) == []
    assert {path.name for path in project.path.iterdir() if path.name.startswith(".")} <= {
        ".github",
        ".migration_backup",
    }


def test_very_long_paths_work_or_are_told(poetry: PoetryProgram, locked_project: ProjectFactory) -> None:
    deep = "/".join(["d" * 200] * 8)
    project = locked_project(projects.HW, name=deep)
    beyond = "e" * 300 + ".json"

    runs = [
        trouble(poetry.run(project, "sync-reqs", POETRY_VIRTUALENVS_IN_PROJECT="false")),
        trouble(poetry.run(project, "graph")),
        trouble(poetry.run(project, "hw-add", "onnxruntime", "--variants", "cpu,cu126", "--no-lock")),
        trouble(poetry.run(project, "graph", "--output", beyond), 2),
    ]

    assert [text for text in runs if text] == []
    assert "too long" in poetry.run(project, "hw-info", "--output", beyond).stderr
