"""``poetry graph`` for several projects of a repository: each answers by itself, one JSON document is about all."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from poetry_aiops.cli.document import document, document_text
from poetry_aiops.cli.escape import for_terminal
from poetry_aiops.cli.projects import each_project, folder_of, forms_of, projects_document, worst_exit_code
from poetry_aiops.cli.styled import styled
from poetry_aiops.graph.run import Graphing


if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from poetry_aiops.cli.output import Output
    from poetry_aiops.graph.request import GraphRequest
    from poetry_aiops.locking.api import PoetryProject


def graph_of_projects(request: GraphRequest, output: Output, projects: Mapping[Path, PoetryProject]) -> int:
    """Return the worst exit code of the projects, by their pyproject.toml; raises UsageError for a format about one."""
    hint = "Choose json, leave out --format, or run it for each project by itself."
    wanted = bool(forms_of(output, {"json"}, hint))

    def look_at(pyproject: Path) -> tuple[int, dict[str, Any]]:
        run = Graphing(replace(request, pyproject=pyproject), output, projects[pyproject])
        if output.form:
            run.warn()
        else:
            output.styled((styled(for_terminal(folder_of(pyproject, Path.cwd())), "title"),))
            run.answer()
        return run.exit_code(), document("graph", run.content()) if wanted else {}

    outcomes = each_project(projects, Path.cwd(), look_at)
    for one in outcomes:
        if one.error is not None:
            output.error(one.error)
    if wanted:
        text = document_text("projects", projects_document(outcomes, dict))
        output.write_files({"json": text})
        if output.form:
            output.raw(text)
    return worst_exit_code(outcomes)
