"""Assertions that several end-to-end tests share."""

from __future__ import annotations

from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from tests.support.poetry_program import Project, Run


def refused(run: Run, project: Project, before: dict[str, bytes | None], *said: str, code: int = 2) -> None:
    """Assert that a command said no in words: exit code, what stderr names, and that no file changed."""
    assert run.code == code, str(run)
    reported = " ".join(run.stderr.split())
    missing = [part for part in said if part not in reported]
    assert not missing, f"stderr does not name {missing}\n{run}"
    assert "Traceback" not in run.output, str(run)
    assert project.files() == before, f"a refused command changed files\n{run}"
