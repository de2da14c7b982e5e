"""``poetry graph``: what the lock holds and why, as a page, a report, a tree or an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from cleo.helpers import option
from poetry.console.commands.command import Command

from poetry_aiops.cli.base import AiopsCommand, output_option, projects_option


if TYPE_CHECKING:
    from cleo.io.inputs.option import Option


class GraphCommand(AiopsCommand, Command):
    """Reads poetry.lock and pyproject.toml, offline, and shows or answers."""

    name = "graph"
    description = "Shows the dependency graph of poetry.lock and answers questions about it."
    formats: ClassVar[tuple[str, ...]] = ("text", "html", "markdown", "json", "dot", "mermaid", "graphml")
    extensions: ClassVar[dict[str, str]] = {
        ".txt": "text",
        ".html": "html",
        ".md": "markdown",
        ".json": "json",
        ".dot": "dot",
        ".gv": "dot",
        ".mmd": "mermaid",
        ".graphml": "graphml",
    }
    options: ClassVar[list[Option]] = [
        option(
            "format",
            None,
            f"The output format: {', '.join(formats)}; without one, the page is written.",
            flag=False,
        ),
        output_option(),
        projects_option(),
        option("only", None, "Use only these groups.", flag=False, multiple=True),
        option("without", None, "Leave out these groups.", flag=False, multiple=True),
        option("extras", None, "Count only these of the project's extras.", flag=False, multiple=True),
        option(
            "target",
            None,
            "Show the graph on another machine, as `hw-info` describes it: <comment>macos-arm64,python=3.12</>,"
            " <comment>driver=580.65,cc=8.6</> (with the variant that fits).",
            flag=False,
        ),
        option("why", None, "Show why this package is there.", flag=False, multiple=True),
        option("from", None, "Begin the paths of --why at this package instead of the project.", flag=False),
        option("focus", None, "Show this package with everything above and below it.", flag=False),
        option("depth", None, "Show only this many levels.", flag=False),
        option(
            "without-package", None, "Show what goes away without this package.", flag=False, multiple=True
        ),
        option(
            "holds-back",
            None,
            "Show which packages limit the version of this one.",
            flag=False,
            multiple=True,
        ),
        option(
            "diff",
            None,
            "Show what changed since this git revision, or from one group to another: <comment>ml-cpu..ml-gpu</>.",
            flag=False,
        ),
        option("check-cycles", None, "Exit with code 1 when there are dependency cycles."),
        option("sizes", None, "Ask the indexes for the size of each package; needs the network."),
        option("open", None, "Open the page in a browser."),
    ]
    help = """\
Reads poetry.lock and pyproject.toml; no environment is needed, and a network only for --sizes. Every locked package counts,
optional groups and all hardware variants included, unless --only, --without or --extras say otherwise.

Without a format and without a question it writes the page <comment>dependency_graph.html</> and
<comment>dependency_analysis.md</> into dependency_reports/graphs/ and prints the figures.

<info>poetry graph --open</info>
<info>poetry graph --why typing-extensions</info>
<info>poetry graph --why idna --from fastapi</info>
<info>poetry graph --without-package transformers --without-package datasets</info>
<info>poetry graph --diff main --format markdown</info>
<info>poetry graph --diff ml-cpu..ml-gpu</info>
<info>poetry graph --why idna --projects 'services/*'</info>
"""

    def handle(self) -> int:
        from poetry_aiops.graph.request import GraphRequest
        from poetry_aiops.graph.run import graph, graph_of_projects
        from poetry_aiops.locking.api import PoetryProject

        output = self.make_output()
        projects = self.locate_projects()
        request = GraphRequest(
            pyproject=projects[0] if projects else self.locate_project(),
            only=tuple(self.option("only")),
            without=tuple(self.option("without")),
            extras=tuple(self.option("extras")),
            target=self.option("target"),
            why=tuple(self.option("why")),
            start=self.option("from"),
            focus=self.option("focus"),
            depth=self.option("depth"),
            without_packages=tuple(self.option("without-package")),
            holds_back=tuple(self.option("holds-back")),
            diff=self.option("diff"),
            check_cycles=bool(self.option("check-cycles")),
            sizes=bool(self.option("sizes")),
            open_page=bool(self.option("open")),
        )
        application = self.get_application()
        if not projects:
            return graph(request, output, PoetryProject(output, application))
        opened = {path: PoetryProject(output, application, path.parent) for path in projects}
        return graph_of_projects(request, output, opened)
