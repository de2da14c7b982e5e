"""One run of ``poetry health``: look once, report, fix, or keep watching."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from poetry.exceptions import PoetryError

from poetry_aiops.cli.terminal import columns, plain, print_warning, shows_progress
from poetry_aiops.config import read_config
from poetry_aiops.errors import InputError, UsageError
from poetry_aiops.health.against import base_of
from poetry_aiops.health.audit import HealthLook, Subject
from poetry_aiops.health.notify import check_target
from poetry_aiops.health.policy import read_policy
from poetry_aiops.health.report.formats import report_text
from poetry_aiops.health.report.text import TextView, health_lines
from poetry_aiops.health.request import refuse_contradictions, request_of, rounds_of
from poetry_aiops.project.located import located_pyproject, locked_beside
from poetry_aiops.project.pyproject import aiops_table, load_pyproject, project_from
from poetry_aiops.system.reading import read_file
from poetry_aiops.system.reports_folder import write_reports


if TYPE_CHECKING:
    from pathlib import Path

    from poetry.poetry import Poetry

    from poetry_aiops.health.command import HealthCommand
    from poetry_aiops.health.report.model import HealthReport


_WIDTH = 100
_COLOURS = {
    "title": "options=bold",
    "bad": "fg=red",
    "warn": "fg=yellow",
    "good": "fg=green",
    "dim": "fg=default;options=dark",
}


@dataclass
class HealthRun:
    """The run; a look is made anew for each round of the monitor."""

    command: HealthCommand

    def run(self) -> int:
        """Return the exit code of the gate, or that of the fixes."""
        refuse_contradictions(self.command)
        asked = self.command.asked_format
        self.command.output_files  # noqa: B018 - refuses a wrong name before anything is done
        if self.command.option("monitor"):
            return self._monitor(asked)
        look = self.look()
        report = look.report
        if self.command.option("fix"):
            look, report = self._fixed(look)
        self._keep(look, report)
        self._print(report, asked)
        self._write_files(report)
        return report.gate.exit_code

    def _fixed(self, look: HealthLook) -> tuple[HealthLook, HealthReport]:
        """Fix, and return the look at the lock as it is then, so that the history tells of that one."""
        from poetry_aiops.health.fixing import fix

        before = read_file(look.subject.lock.path)
        report = fix(self.command, look, dry_run=bool(self.command.option("dry-run")))
        if read_file(look.subject.lock.path) == before:
            return look, report
        after = self.look()
        return after, replace(after.report, fixes=report.fixes)

    def _monitor(self, asked: str) -> int:
        from poetry_aiops.health.monitor_loop import Around, monitor

        rounds, target = rounds_of(self.command), self.command.option("notify") or ""
        if target:
            check_target(target)
        around = Around(self.command, self.look_anew, self._write_files, target)
        self.look_anew().packages  # noqa: B018 - what is wrong from the start ends the program, later it is waited for
        code = monitor(around, rounds)
        if asked != "text" and around.report is not None:
            self._print(around.report, asked)
        return code

    # -- looking ---------------------------------------------------------------------------------------------

    @cached_property
    def path(self) -> Path:
        return located_pyproject(self.command)

    def look(self) -> HealthLook:
        """Return a new look at the files as they are now."""
        document = load_pyproject(self.path)
        project = project_from(document, self.path)
        lock = locked_beside(self.path)
        table = aiops_table(document)
        hardware = read_config(table).hardware
        variants = frozenset(one.group for one in hardware.variants) if hardware else frozenset()
        revision = self.command.option("against")
        base = None if revision is None else base_of(self.path, revision)
        policy = read_policy(table)
        request = request_of(self.command, base.policy if base else policy, self.path.parent)
        subject = Subject(self._poetry(), project, lock, variants)
        return HealthLook(subject, request, progress=self._progress, base=base)

    def look_anew(self) -> HealthLook:
        """Return a look for which Poetry reads the project again, as its sources may have changed."""
        self.command.reset_poetry()
        self.command._poetry = None  # noqa: SLF001 - Poetry's command keeps what it was given first
        return self.look()

    def _poetry(self) -> Poetry:
        """Return Poetry's own view of the project; raises UsageError for one that Poetry cannot read."""
        try:
            return self.command.poetry
        except (PoetryError, RuntimeError, ValueError) as error:
            raise UsageError(
                f"Poetry cannot read it: {' '.join(str(error).split())}",
                where=str(self.path),
                hint="`poetry check` says more.",
            ) from error

    def _progress(self, what: str, done: int, total: int) -> None:
        """Show progress on a terminal, nothing in a pipe."""
        output = self.command.io.error_output
        if shows_progress(output):
            output.write(f"\r{what}: {done} of {total}\x1b[K" if done < total else "\r\x1b[K")

    # -- telling ---------------------------------------------------------------------------------------------

    def _keep(self, look: HealthLook, report: HealthReport) -> None:
        try:
            write_reports(look.request.reports, look.to_keep(report))
        except InputError as error:
            print_warning(self.command.io, "\n".join(error.lines()))

    def _write_files(self, report: HealthReport) -> None:
        forms = set(self.command.output_files.values())
        if forms:
            self.command.write_files({form: report_text(report, form) for form in forms})

    def _print(self, report: HealthReport, asked: str) -> None:
        if asked != "text":
            self.command.write_raw(report_text(report, asked))
            return
        output = self.command.io.output
        view = TextView(
            columns(output) or _WIDTH, every=self.command.io.is_verbose(), unicode=output.supports_utf8()
        )
        for line in health_lines(report, view):
            self.command.line(
                "".join(
                    f"<{_COLOURS[span.style]}>{plain(span.text)}</>" if span.style else plain(span.text)
                    for span in line
                )
            )
