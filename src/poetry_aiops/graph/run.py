"""One run of ``poetry graph``: read the lock, analyse, answer, and write or print.

Of several projects of a repository each answers by itself; one JSON document is about all.
"""

from __future__ import annotations

import webbrowser
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from poetry_aiops.cli.document import document, document_text
from poetry_aiops.cli.escape import for_terminal
from poetry_aiops.cli.projects import each_project, folder_of, forms_of, projects_document, worst_exit_code
from poetry_aiops.cli.styled import styled
from poetry_aiops.config import read_config
from poetry_aiops.errors import IncompleteError, InputError, NegativeAnswerError, UsageError
from poetry_aiops.graph import constraints, paths
from poetry_aiops.graph.analysis import analyse, removal
from poetry_aiops.graph.answers import Answers
from poetry_aiops.graph.build import build_graph
from poetry_aiops.graph.diff import between_groups, diff, graph_at
from poetry_aiops.graph.model import Scope
from poetry_aiops.graph.overlay import Overlay, sizes_of, vulnerabilities_of
from poetry_aiops.graph.report.document import graph_document
from poetry_aiops.graph.report.dot import graph_dot
from poetry_aiops.graph.report.graphml import graph_graphml
from poetry_aiops.graph.report.markdown import graph_markdown
from poetry_aiops.graph.report.mermaid import graph_mermaid
from poetry_aiops.graph.report.page import graph_page
from poetry_aiops.graph.report.text import ASCII, answers_text, cycles_text, graph_text, summary_text
from poetry_aiops.graph.requested_scope import requested_scope
from poetry_aiops.graph.scope import select
from poetry_aiops.project.checks import normalised
from poetry_aiops.project.lockfile import locked_beside
from poetry_aiops.project.model import MAIN
from poetry_aiops.project.pyproject import aiops_table, load_pyproject, project_from
from poetry_aiops.system.git import file_at
from poetry_aiops.system.reports_folder import reports_of, write_reports


if TYPE_CHECKING:
    from collections.abc import Mapping

    from poetry_aiops.cli.output import Output
    from poetry_aiops.graph.model import Analysis, DependencyGraph, Diff
    from poetry_aiops.graph.request import GraphRequest
    from poetry_aiops.graph.requested_scope import RequestedScope
    from poetry_aiops.locking.api import PoetryProject
    from poetry_aiops.project.model import Lock, Project


_WARNINGS = 3
PAGE, ANALYSIS = "graphs/dependency_graph{}.html", "graphs/dependency_analysis{}.md"


def graph(request: GraphRequest, output: Output, project: PoetryProject) -> int:
    """Return the exit code; raises what the parts of a run raise."""
    return Graphing(request, output, project).run()


def graph_of_projects(request: GraphRequest, output: Output, projects: Mapping[Path, PoetryProject]) -> int:
    """Return the worst exit code of the projects, by their pyproject.toml; raises UsageError for a format about one."""
    hint = "Choose json, leave out --format, or run it for each project by itself."
    wanted = bool(forms_of(output, {"json"}, hint))

    def run_for(pyproject: Path) -> tuple[int, dict[str, Any]]:
        run = Graphing(replace(request, pyproject=pyproject), output, projects[pyproject])
        if output.form:
            run.warn()
        else:
            output.styled((styled(for_terminal(folder_of(pyproject, Path.cwd())), "title"),))
            run.answer()
        return run.exit_code(), document("graph", run.content()) if wanted else {}

    outcomes = each_project(projects, Path.cwd(), run_for)
    for one in outcomes:
        if one.error is not None:
            output.error(one.error)
    if wanted:
        text = document_text("projects", projects_document(outcomes, dict))
        output.write_files({"json": text})
        if output.form:
            output.raw(text)
    return worst_exit_code(outcomes)


@dataclass
class Graphing:
    """The run; everything is read once and only where it is requested."""

    request: GraphRequest
    output: Output
    poetry_project: PoetryProject
    unread: list[str] = field(default_factory=list)

    def run(self) -> int:
        """Return the exit code: 1 only for cycles with ``--check-cycles``, 3 where an index refused to say sizes."""
        self.answer()
        if files := self.output.files:
            self.output.write_files({form: self._text(form) for form in set(files.values())})
        return self.exit_code()

    def answer(self) -> None:
        """Print what was requested, or write the page where nothing was."""
        self.warn()
        asked, asks = self.output.form, self.request.asks
        if asked:
            self.output.raw(self._text(asked))
        elif asks:
            self.output.fitted(self._answers_text())
        if not asked and not self.output.files and (not asks or self.request.open_page):
            self._write_page()

    def warn(self) -> None:
        """Say what could not be read and does not matter to the graph, and what the answers leave out."""
        more = len(self.unread) - _WARNINGS
        hidden = (f"and {more} more entries like these",) if more > 0 else ()
        for warning in (*self.requested.warnings, *self.unread[:_WARNINGS], *hidden):
            self.output.warning(warning)
        for note in self.requested.notes:
            self.output.remark(note)

    def exit_code(self) -> int:
        """Return 1 for cycles with ``--check-cycles``, 3 where an index refused to say sizes, else 0."""
        if self.request.check_cycles and self.analysis.cycles:
            return NegativeAnswerError.exit_code
        sizes = self.overlay.sizes if self.request.sizes else None
        refused = dict.fromkeys(one.reason for one in sizes.builds if one.refused) if sizes else {}
        for reason in refused:
            self.output.warning(reason)
        return IncompleteError.exit_code if refused else 0

    # -- reading -------------------------------------------------------------------------------------------

    @property
    def path(self) -> Path:
        return self.request.pyproject

    @cached_property
    def document(self) -> Mapping[str, object]:
        return load_pyproject(self.path)

    @cached_property
    def project(self) -> Project:
        return project_from(self.document, self.path, self.unread)

    @cached_property
    def lock(self) -> Lock:
        return locked_beside(self.path, self.unread)

    @cached_property
    def requested(self) -> RequestedScope:
        return requested_scope(self.request, self.project, self.lock, self.document)

    @property
    def scope(self) -> Scope:
        return self.requested.scope

    @cached_property
    def whole(self) -> DependencyGraph:
        return build_graph(self.project, self.lock, self.scope, document=self.document)

    @cached_property
    def graph(self) -> DependencyGraph:
        name, whole = self.request.focus, self.whole
        return paths.part(whole, paths.focus(whole, name, self.request.levels).names) if name else whole

    @cached_property
    def analysis(self) -> Analysis:
        return analyse(self.graph)

    @cached_property
    def overlay(self) -> Overlay:
        sizes = None
        if self.request.sizes:
            poetry, known = self.poetry_project.poetry, self.graph.by_id
            selected = select(self.project, self.lock, self.scope).packages
            packages = [package for package, _ in selected if package.name in known]
            sizes = sizes_of(poetry, self.output, packages, self.lock, self.requested.host)
        return Overlay(sizes, vulnerabilities_of(self.output, self.lock, self.graph))

    @cached_property
    def _old_graph(self) -> DependencyGraph | None:
        revision = self.request.diff
        if not revision or self._two_groups:
            return None
        names = ("pyproject.toml", "poetry.lock")
        pyproject, lock = (file_at(self.path.parent, revision, name) for name in names)
        return graph_at(revision, pyproject, lock, self.scope)

    # -- answering -----------------------------------------------------------------------------------------

    @cached_property
    def answers(self) -> Answers:
        request, graph = self.request, self.whole
        away = request.without_packages
        return Answers(
            why=tuple(paths.why(graph, name, request.start) for name in request.why),
            focus=paths.focus(graph, request.focus, request.levels) if request.focus else None,
            removal=removal(graph, away) if away else None,
            held=tuple(held for name in request.holds_back for held in constraints.holds_back(graph, name)),
            diff=self._diff(),
        )

    def _diff(self) -> Diff | None:
        if self._old_graph is not None:
            return diff(self._old_graph, self.graph, (str(self.request.diff), "poetry.lock"))
        if self._two_groups is None:
            return None
        old, new = self._two_groups
        within = Scope((MAIN,), self.scope.extras, self.scope.target)
        return between_groups(self.project, self.lock, old, new, within)

    @cached_property
    def _two_groups(self) -> tuple[str, str] | None:
        """The groups of ``--diff OLD..NEW``; None for a revision. Raises UsageError where one of two is no group."""
        old, dots, new = (self.request.diff or "").partition("..")
        names = {normalised(name) for name in self.project.groups}
        if not dots or not {normalised(old), normalised(new)} & names:
            return None
        try:
            return self.project.group(old).name, self.project.group(new).name
        except InputError as error:
            raise UsageError(error.what, where="--diff", hint=error.hint) from None

    def _answers_text(self) -> str:
        answers = answers_text(self.answers, self.whole, self.overlay)
        cycles = cycles_text(self.analysis) if self.request.check_cycles else ""
        return self._drawn("\n\n".join(filter(None, (answers, cycles))))

    # -- output -------------------------------------------------------------------------------------------

    def _drawn(self, text: str) -> str:
        return text if self.output.supports_utf8 else text.translate(ASCII)

    def _text(self, form: str) -> str:
        analysis, answers, overlay = self.analysis, self.answers, self.overlay
        writers = {
            "text": lambda: self._drawn(graph_text(analysis, answers, self.request.levels, overlay)),
            "json": lambda: document_text("graph", self.content()),
            "html": lambda: graph_page(analysis, answers, overlay, self._variants(), self._old_graph),
            "markdown": lambda: graph_markdown(analysis, answers, overlay),
            "dot": lambda: graph_dot(analysis),
            "mermaid": lambda: graph_mermaid(analysis),
            "graphml": lambda: graph_graphml(analysis),
        }
        return writers[form]()

    def content(self) -> dict[str, Any]:
        """Return the content of the document ``poetry-aiops/graph/1``."""
        return graph_document(self.analysis, self.answers, self.overlay)

    def _variants(self) -> dict[str, str]:
        hardware = read_config(aiops_table(self.document)).hardware
        return {one.group: one.backend for one in hardware.variants} if hardware else {}

    def _name_of_part(self) -> str:
        """Return what is added to the names of the files, so that a part never takes the place of the whole."""
        target = self.scope.target
        narrowed = self.request.focus or not replace(self.scope, target=None).is_everything
        return (f"-{target.name}" if target else "") + ("-part" if narrowed else "")

    def _write_page(self) -> None:
        part = self._name_of_part()
        contents = {PAGE.format(part): self._text("html"), ANALYSIS.format(part): self._text("markdown")}
        written: tuple[Path, ...] = ()
        try:
            written = write_reports(reports_of(self.path.parent), contents)
        except InputError as error:
            self.output.warning("\n".join(error.lines()))
        if not written or not self.request.asks:
            self.output.fitted(summary_text(self.analysis, self.overlay))
        if written:
            names = (path.relative_to(self.path.parent).as_posix() for path in written)
            self.output.line(f"Wrote {' and '.join(names)}.")
        if written and self.request.open_page and not webbrowser.open(written[0].as_uri()):
            self.output.warning(f"no browser was found; open {written[0].as_uri()} yourself")
