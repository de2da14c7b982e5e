"""One run of ``poetry health``: look once, report, fix, or keep watching."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from poetry.exceptions import PoetryError

from poetry_aiops.config import read_config
from poetry_aiops.errors import InputError, UsageError
from poetry_aiops.health.against import base_of
from poetry_aiops.health.audit import AuditedProject, HealthLook
from poetry_aiops.health.policy import read_policy
from poetry_aiops.health.report.formats import report_text
from poetry_aiops.health.report.text import TextView, health_lines
from poetry_aiops.project.lockfile import locked_beside
from poetry_aiops.project.pyproject import aiops_table, load_pyproject, project_from
from poetry_aiops.system.files import append_text
from poetry_aiops.system.reading import read_file
from poetry_aiops.system.reports_folder import write_reports


if TYPE_CHECKING:
    from poetry.poetry import Poetry

    from poetry_aiops.cli.output import Output
    from poetry_aiops.health.report.model import HealthReport
    from poetry_aiops.health.request import HealthRequest, Rounds
    from poetry_aiops.locking.api import PoetryProject


SUMMARY_VARIABLE = "GITHUB_STEP_SUMMARY"
_WIDTH = 80


def health(request: HealthRequest, output: Output, project: PoetryProject) -> int:
    """Return the exit code of the gate, or that of the fixes; raises errors."""
    return HealthRun(request, output, project).run()


@dataclass
class HealthRun:
    """The run; a look is made anew for each round of the monitor."""

    request: HealthRequest
    output: Output
    project: PoetryProject

    def run(self) -> int:
        """Return the exit code of the gate, or that of the fixes."""
        if self.request.monitor is not None:
            return self._monitor(self.request.monitor)
        look = self.look()
        report = look.report
        if self.request.fix:
            look, report = self._fixed(look)
        self.keep(look, report)
        self._print(report)
        self._write_files(report)
        return report.gate.exit_code

    def _fixed(self, look: HealthLook) -> tuple[HealthLook, HealthReport]:
        """Fix, and return the look at the lock as it is then, so that the history records that one."""
        from poetry_aiops.health.fixing import fix

        before = read_file(look.subject.lock.path)
        report = fix(self.output, self.project, look, dry_run=self.request.dry_run)
        if read_file(look.subject.lock.path) == before:
            return look, report
        after = self.look()
        return after, replace(after.report, fixes=report.fixes)

    def _monitor(self, rounds: Rounds) -> int:
        from poetry_aiops.health.monitor import Monitor

        self.look_anew().packages  # noqa: B018 - what is wrong from the start ends the program, later it is waited for
        monitor = Monitor(self.output, self.look_anew, self._write_files)
        code = monitor.run(rounds)
        if self.output.form != "text" and monitor.report is not None:
            self._print(monitor.report)
        return code

    # -- looking ---------------------------------------------------------------------------------------------

    def look(self) -> HealthLook:
        """Return a new look at the files as they are now."""
        path = self.request.pyproject
        document = load_pyproject(path)
        project = project_from(document, path)
        lock = locked_beside(path)
        table = aiops_table(document)
        hardware = read_config(table).hardware
        variants = frozenset(one.group for one in hardware.variants) if hardware else frozenset()
        revision = self.request.against
        base = None if revision is None else base_of(path, revision)
        request = self.request.for_look(base.policy if base else read_policy(table))
        subject = AuditedProject(self._poetry(), project, lock, variants)
        return HealthLook(subject, request, progress=self.output.progress, base=base)

    def look_anew(self) -> HealthLook:
        """Return a look for which Poetry reads the project again, as its sources may have changed."""
        self.project.read_again()
        return self.look()

    def _poetry(self) -> Poetry:
        """Return Poetry's own view of the project; raises UsageError for one that Poetry cannot read."""
        try:
            return self.project.poetry
        except (PoetryError, RuntimeError, ValueError) as error:
            raise UsageError(
                f"Poetry cannot read it: {' '.join(str(error).split())}",
                where=str(self.request.pyproject),
                hint="`poetry check` shows more.",
            ) from error

    # -- output ---------------------------------------------------------------------------------------------

    def keep(self, look: HealthLook, report: HealthReport) -> None:
        """Write the report and its history into the folder of reports; one that cannot be written is a warning."""
        try:
            write_reports(look.request.reports, look.to_keep(report))
        except InputError as error:
            self.output.warning("\n".join(error.lines()))

    def _write_files(self, report: HealthReport) -> None:
        forms = set(self.output.files.values())
        self.output.write_files({form: report_text(report, form) for form in forms})

    def _print(self, report: HealthReport) -> None:
        if self.output.form == "text":
            self.output.styled(health_lines(report, text_view(self.output)))
            return
        self.output.raw(report_text(report, self.output.form))
        if self.output.form == "github":
            append_summary(self.output, report_text(report, "markdown"))


def text_view(output: Output) -> TextView:
    """Return how text is laid out on this terminal; in a pipe ``COLUMNS`` counts."""
    width = shutil.get_terminal_size((_WIDTH, 25)).columns
    return TextView(width, every=output.is_verbose, unicode=output.supports_utf8)


def append_summary(output: Output, text: str) -> None:
    """Append a text to the summary of the workflow's step, where there is one."""
    summary = os.environ.get(SUMMARY_VARIABLE)
    if not summary:
        return
    try:
        append_text(Path(summary), text + "\n")
    except OSError as error:
        output.warning(f"the summary of this step cannot be written: {error.strerror or error}")
