"""``poetry health``: a report on every locked package that fails closed, and fixes that the solver proved."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from cleo.helpers import option
from poetry.console.commands.command import Command

from poetry_aiops.cli.base import AiopsCommand, format_option, output_option, projects_option


if TYPE_CHECKING:
    from cleo.io.inputs.option import Option


class HealthCommand(AiopsCommand, Command):
    """Audits and rates what poetry.lock holds; no environment is needed."""

    name = "health"
    description = "Audits and rates every locked package: security, currency, maintenance, popularity, depth."
    formats: ClassVar[tuple[str, ...]] = (
        "text",
        "json",
        "markdown",
        "html",
        "sarif",
        "cyclonedx",
        "github",
        "pip-audit",
    )
    extensions: ClassVar[dict[str, str]] = {
        ".txt": "text",
        ".json": "json",
        ".md": "markdown",
        ".html": "html",
        ".sarif": "sarif",
        ".sarif.json": "sarif",
        ".cdx.json": "cyclonedx",
    }
    options: ClassVar[list[Option]] = [
        format_option(*formats),
        output_option(),
        projects_option(),
        option("only", None, "Use only these groups.", flag=False, multiple=True),
        option("without", None, "Leave out these groups.", flag=False, multiple=True),
        option(
            "metric",
            None,
            "Check this metric only: security, currency, maintenance, popularity, depth.",
            flag=False,
            multiple=True,
        ),
        option(
            "fail-on",
            None,
            "Exit with code 1 from this severity on: low, medium, high, critical, any. The default is any, with"
            " --against high.",
            flag=False,
        ),
        option("min-score", None, "Exit with code 1 below this score (0 to 100).", flag=False),
        option(
            "against",
            None,
            "Report only what the lock adds to that of the merge base with this git revision.",
            flag=False,
        ),
        option(
            "ignore",
            None,
            "Leave this advisory out of the count: its id or an alias, with =REASON.",
            flag=False,
            multiple=True,
        ),
        option("fixable-only", None, "Let only vulnerabilities with a fixed version fail the gate."),
        option("offline", None, "Use no network, only caches and a snapshot of advisories."),
        option(
            "advisories",
            None,
            "Advisories on this machine (OSV zip, folder or file), or the URL of a zip.",
            flag=False,
        ),
        option(
            "service",
            None,
            "The advisory service for public packages: osv (the default), or pypi (a request for each, no severities).",
            flag=False,
        ),
        option("update-advisories", None, "Fetch the whole advisory database first, and keep it."),
        option("fix", None, "Move vulnerable packages to fixed versions that the solver proved."),
        option("dry-run", None, "With --fix: show the changes; write nothing."),
        option("monitor", None, "Repeat the check, and print only what is new."),
        option(
            "interval",
            None,
            "With --monitor: how often, such as 24h, 30m; a bare number is hours.",
            flag=False,
        ),
        option("iterations", None, "With --monitor: stop after this many checks.", flag=False),
        option(
            "report-dir",
            None,
            "The folder of the reports and their history; dependency_reports by default.",
            flag=False,
        ),
    ]
    help = """\
Checks every package in poetry.lock, optional groups and all hardware variants included. Every package ends
as audited, not applicable, or failed with a reason: what could not be checked never counts as passed.

Exit codes: 0 nothing found, 1 findings or a failed gate, 2 wrong usage, 3 something could not be checked.

<info>poetry health</info>
<info>poetry health --fail-on high --format sarif --output health.sarif</info>
<info>poetry health --against origin/main</info>
<info>poetry health --update-advisories</info>
<info>poetry health --offline --advisories osv.zip</info>
<info>poetry health --projects 'services/*'</info>
<info>poetry health --fix --dry-run</info>

The report is kept in <comment>dependency_reports/</>, with a history that shows the trend.
"""
    loggers: ClassVar[list[str]] = ["poetry.repositories.pypi_repository"]

    def handle(self) -> int:
        import os

        from poetry_aiops.health.request import read_request
        from poetry_aiops.health.run import health
        from poetry_aiops.health.several import health_of_projects
        from poetry_aiops.locking.api import PoetryProject
        from poetry_aiops.system.signals import fewer_collections

        output = self.make_output()
        projects = self.locate_projects()
        given = {one.name: self.option(one.name) for one in self.options}
        pyproject = projects[0] if projects else self.locate_project()
        forms = frozenset({output.form, *output.files.values()})
        request = read_request(given, os.environ, pyproject, forms=forms, several=bool(projects))
        application = self.get_application()
        with fewer_collections():
            if not projects:
                return health(request, output, PoetryProject(output, application))
            opened = {path: PoetryProject(output, application, path.parent) for path in projects}
            return health_of_projects(request, output, opened)
