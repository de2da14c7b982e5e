from __future__ import annotations

import os
import sys

from typing import TYPE_CHECKING

import pytest

from poetry_aiops.adapters.reports_folder import read_report
from poetry_aiops.adapters.reports_folder import reports_of
from poetry_aiops.adapters.reports_folder import write_reports
from poetry_aiops.errors import InputError


if TYPE_CHECKING:
    from pathlib import Path


def test_a_folder_without_anything_in_it_gets_its_gitignore_even_when_it_was_made_before(
    tmp_path: Path,
) -> None:
    write_reports(tmp_path, {"report.json": "{}"})
    assert "*" in (tmp_path / ".gitignore").read_text().splitlines()


def test_a_gitignore_that_somebody_removed_stays_removed(tmp_path: Path) -> None:
    write_reports(tmp_path, {"report.json": "{}"})
    (tmp_path / ".gitignore").unlink()
    write_reports(tmp_path, {"report.json": "{}"})
    assert not (tmp_path / ".gitignore").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights on Windows")
@pytest.mark.parametrize("link", ["history.jsonl", "graphs"])
def test_a_link_in_a_strangers_reports_leads_nowhere(tmp_path: Path, link: str) -> None:
    elsewhere = tmp_path / "home"
    elsewhere.mkdir()
    (elsewhere / "precious").write_text("precious")
    reports = tmp_path / "project" / "dependency_reports"
    reports.mkdir(parents=True)
    (reports / link).symlink_to(elsewhere / "precious" if "." in link else elsewhere)

    with pytest.raises(InputError, match="symbolic link leads out") as caught:
        write_reports(reports, {"history.jsonl": "evil", "graphs/page.html": "evil"})

    assert str(elsewhere) in str(caught.value)
    assert [path.name for path in elsewhere.iterdir()] == ["precious"]
    assert (elsewhere / "precious").read_text() == "precious"


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights on Windows")
def test_the_folder_itself_leads_out_only_where_the_user_names_it(tmp_path: Path) -> None:
    project, elsewhere = tmp_path / "project", tmp_path / "elsewhere"
    elsewhere.mkdir()
    (project / "kept").mkdir(parents=True)
    (project / "dependency_reports").symlink_to("kept")
    assert reports_of(project) == project / "dependency_reports"

    (project / "dependency_reports").unlink()
    (project / "dependency_reports").symlink_to(elsewhere)
    with pytest.raises(InputError, match="leads out of the project") as caught:
        reports_of(project)
    assert "--report-dir" in str(caught.value)


@pytest.mark.skipif(sys.platform == "win32", reason="pipes of POSIX")
def test_a_report_that_is_a_pipe_is_neither_waited_for_nor_taken_for_an_empty_one(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "history.jsonl")
    with pytest.raises(OSError, match="not a regular file"):
        read_report(tmp_path / "history.jsonl")
    with pytest.raises(InputError, match="not a regular file"):
        write_reports(tmp_path, {"history.jsonl": lambda text: f"{text}more"})
    assert read_report(tmp_path / "none.json") == ""
