"""``poetry health`` for several projects of a repository: each is audited by itself, one document is about all."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from poetry_aiops.cli.document import document_text
from poetry_aiops.cli.escape import for_terminal
from poetry_aiops.cli.projects import each_project, forms_of, projects_document, worst_exit_code
from poetry_aiops.cli.styled import labelled, styled
from poetry_aiops.health.report import words
from poetry_aiops.health.report.document import SCHEMA, health_document
from poetry_aiops.health.report.formats import SEVERAL, text_of_several
from poetry_aiops.health.report.text import health_lines, joined
from poetry_aiops.health.run import HealthRun, append_summary, text_view
from poetry_aiops.system.reports_folder import reports_of
from poetry_aiops.system.text import counted


if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from poetry_aiops.cli.output import Output
    from poetry_aiops.cli.projects import ProjectOutcome
    from poetry_aiops.cli.styled import Line
    from poetry_aiops.health.report.model import HealthReport
    from poetry_aiops.health.report.text import TextView
    from poetry_aiops.health.request import HealthRequest
    from poetry_aiops.locking.api import PoetryProject


def health_of_projects(request: HealthRequest, output: Output, projects: Mapping[Path, PoetryProject]) -> int:
    """Return the worst exit code of the projects, by their pyproject.toml; raises UsageError for a format about one."""
    hint = f"Choose one of text, json, {', '.join(SEVERAL)}, or run it for each project by itself."
    forms = forms_of(output, {"text", "json", *SEVERAL}, hint)

    def look_at(pyproject: Path) -> tuple[int, HealthReport]:
        own = replace(request, pyproject=pyproject, reports=reports_of(pyproject.parent))
        run = HealthRun(own, output, projects[pyproject])
        look = run.look()
        run.keep(look, look.report)
        return look.report.gate.exit_code, look.report

    outcomes = each_project(projects, Path.cwd(), look_at)
    for one in outcomes:
        if one.error is not None:
            output.error(one.error)
    _write(output, outcomes, forms)
    return worst_exit_code(outcomes)


def _write(output: Output, outcomes: Sequence[ProjectOutcome[HealthReport]], forms: set[str]) -> None:
    reports = [one.result for one in outcomes if one.result is not None]
    lines = tuple(_lines(outcomes, text_view(output)))
    texts = {form: text_of_several(reports, form) for form in forms if form in SEVERAL}
    texts["text"] = joined(lines)
    texts["json"] = document_text("projects", projects_document(outcomes, _document))
    output.write_files(texts)
    if output.form == "text":
        output.styled(lines)
    else:
        output.raw(texts[output.form])
    if output.form == "github":
        append_summary(output, text_of_several(reports, "markdown"))


def _document(report: HealthReport) -> dict[str, object]:
    return {"schema": SCHEMA, **health_document(report)}


def _lines(outcomes: Sequence[ProjectOutcome[HealthReport]], view: TextView) -> Iterator[Line]:
    """Yield the verdict of each project, then the screen of each."""
    yield styled(counted(len(outcomes), "project"), "title")
    for one in outcomes:
        verdict = words.Note("could not be read", "bad") if one.result is None else words.verdict(one.result)
        yield from labelled(f"  {for_terminal(one.folder)}: ", verdict.text, view.width, verdict.style)
    for one in outcomes:
        if one.result is not None:
            yield from ((), styled(for_terminal(one.folder), "title"), *health_lines(one.result, view))
