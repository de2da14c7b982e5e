"""One run of ``poetry sync-reqs``: compare, show, write, and say what was left alone."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from poetry_aiops.errors import AiopsError, IncompleteError, InputError, NegativeAnswerError, UsageError
from poetry_aiops.export.pylock import what_is_wrong
from poetry_aiops.export.selection import PoetryExport
from poetry_aiops.export.threeway import IN_WORDS
from poetry_aiops.export.writing import Standing, read_bundle, standing, write
from poetry_aiops.system.reading import read_file


if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from poetry_aiops.cli.output import Output
    from poetry_aiops.export.request import SyncRequest
    from poetry_aiops.export.threeway import Comparison
    from poetry_aiops.export.wheelhouse_run import Filled
    from poetry_aiops.locking.api import PoetryProject


StateT = TypeVar("StateT")


_LOOK_EVERY = 0.5  # seconds


def synchronise(request: SyncRequest, output: Output, project: PoetryProject) -> int:
    """Return the exit code; raises errors in words."""
    return Synchronising(request, output, project).run()


@dataclass
class Synchronising:
    """The run; its public state is what the JSON document tells."""

    request: SyncRequest
    output: Output
    project: PoetryProject
    actions: dict[str, str] = field(default_factory=dict)
    told: str = ""

    def run(self) -> int:
        """Return the exit code; raises errors in words."""
        if self.request.watch:
            if self.output.form != "text" or self.output.files:
                raise UsageError(
                    "a watch does not end, so there is no moment to write a document",
                    where="--watch with --format or --output",
                    hint="Leave out one of the two.",
                )
            return self._watch()
        if self.request.wheelhouse:
            from poetry_aiops.export.wheelhouse_run import fill

            self._write_document(None, fill(self.request, self.output, self.project.poetry), 0)
            return 0
        return self.synchronise()

    def synchronise(self) -> int:
        """Compare and write once."""
        check, dry = self.request.check, self.request.dry_run
        export = PoetryExport(self.project.poetry)
        bundle = read_bundle(self.request.pyproject)
        export.refuse_stale()
        state = standing(bundle, self.project.poetry, export, ask=not check)
        for file in state.files:
            self.actions[file.path] = self._act(state, file, look_only=check or dry)
        code = self._code(state, check=check, dry=dry)
        self._conclude(state, code, check=check, dry=dry)
        self._write_document(state, None, code)
        return code

    # -- one file ------------------------------------------------------------------------------------------

    def _act(self, state: Standing, file: Comparison, *, look_only: bool) -> str:
        """Do what is to be done about one file and return it in a word of the JSON document."""
        if file.state == "current":
            return "none"
        if look_only:
            self._show(file)
            return "would-write" if file.may_write or self.request.force else "refused"
        if state.incomplete(file.path):
            return "incomplete"
        if not file.may_write and not self.request.force:
            self._refuse(file)
            return "refused"
        self._write(state, file)
        return "removed" if file.state == "surplus" else "written"

    def _write(self, state: Standing, file: Comparison) -> None:
        rendered = state.rendered.get(file.path)
        wrong = what_is_wrong(rendered.document) if rendered and rendered.document else None
        if wrong:
            raise InputError(
                f"poetry.lock cannot be written as a valid pylock file: {wrong}",
                where=file.path,
                hint="Run `poetry lock`.",
            )
        kept = write(state.bundle.root, file, rendered.text if rendered else "")
        done = {"missing": "Wrote", "surplus": "Removed"}.get(file.state, "Updated")
        self.output.line(f"{done} {file.path}{f', kept what it held as {kept}' if kept else ''}")
        for note in rendered.notes if rendered and self.output.is_verbose else ():
            self.output.note(f"{file.path}: {note}")

    def _show(self, file: Comparison) -> None:
        self.output.remark(f"{file.path} {IN_WORDS[file.state]}")
        self.output.diff(file.diff)

    def _refuse(self, file: Comparison) -> None:
        if file.edits:
            details = file.edits
        else:
            why = "poetry.lock has changed as well, so this is the difference from what would be written:"
            details = ((why,) if file.lock_moved else ()) + tuple(file.diff.splitlines())
        error = NegativeAnswerError(
            f"{IN_WORDS[file.state]} and is left as it is",
            where=file.path,
            details=details,
            hint="Put the change into pyproject.toml, or overwrite the file with --force.",
        )
        self.output.error(error)

    # -- telling -------------------------------------------------------------------------------------------

    def _code(self, state: Standing, *, check: bool, dry: bool) -> int:
        if not dry and any(action == "incomplete" for action in self.actions.values()):
            return IncompleteError.exit_code
        out_of_step = any(file.state != "current" for file in state.files)
        refused = "refused" in self.actions.values()
        return NegativeAnswerError.exit_code if (check and out_of_step) or (refused and not dry) else 0

    def _conclude(self, state: Standing, code: int, *, check: bool, dry: bool) -> None:
        out = [file.path for file in state.files if file.state != "current"]
        if not out:
            self.output.line(f"{len(state.files)} files are in step with poetry.lock.")
        elif dry:
            self.output.line("Dry run: nothing was written.")
        elif check:
            self.output.remark(
                f"{len(out)} of {len(state.files)} files are out of step. Run `poetry sync-reqs`."
            )
        if code == IncompleteError.exit_code:
            self.output.error(self._incomplete(state))

    def _incomplete(self, state: Standing) -> AiopsError:
        files = [path for path, action in self.actions.items() if action == "incomplete"]
        return IncompleteError(
            "not written, because the addresses of locked files could not be found out",
            where=", ".join(files),
            details=tuple(state.problems),
            hint="poetry.lock does not hold addresses. Run the command again where the index can be reached.",
        )

    def _write_document(self, state: Standing | None, filled: Filled | None, code: int) -> None:
        content = {
            "files": self._files(state) if state else [],
            "lock_sha256": state.export.digest if state else filled.lock_sha256 if filled else "",
            "check": self.request.check,
            "dry_run": self.request.dry_run,
            "wheelhouse": filled.as_document() if filled else None,
            "problems": state.problems if state else [],
            "exit_code": code,
        }
        self.output.document("sync-reqs", content)

    def _files(self, state: Standing) -> list[dict[str, Any]]:
        found = []
        for file in state.files:
            rendered = state.rendered.get(file.path)
            plan = rendered.plan if rendered else None
            found.append(
                {
                    "path": file.path,
                    "format": plan.format if plan else None,
                    "groups": list(plan.selection.groups) if plan else [],
                    "extras": list(plan.selection.extras) if plan else [],
                    "state": file.state,
                    "action": self.actions[file.path],
                    "diff": file.diff,
                    "edits": list(file.edits),
                    "notes": list(rendered.notes) if rendered else [],
                }
            )
        return found

    # -- watching ------------------------------------------------------------------------------------------

    def _watch(self) -> int:
        self.output.line("Watching poetry.lock and pyproject.toml; Ctrl+C ends it.")
        path = self.request.pyproject
        watched = (path, path.with_name("poetry.lock"))

        def read() -> tuple[str, ...]:
            return tuple(_digest(one) for one in watched)

        def work() -> bool:
            self.project.read_again()
            self.actions.clear()
            try:
                self.synchronise()
            except AiopsError as error:
                self._tell_once(error)
                return False
            except (
                RuntimeError,
                ValueError,
            ) as error:  # Poetry met half a file; the next look finds the rest
                self._tell_once(InputError(str(error), hint="It is tried again when a file changes."))
                return False
            self.told = ""
            return True

        try:
            watch(
                read,
                work,
                time.sleep,
                interval=_LOOK_EVERY,
                goes_on=lambda: not self.output.lost_reader,
            )
        except KeyboardInterrupt:
            self.output.line()
        return 0

    def _tell_once(self, error: AiopsError) -> None:
        """Tell an error of a watch the second time that it comes: the first time it may be half a file."""
        text = str(error)
        if text == self.told:
            self.output.error(error)
            self.told = f"{text}\n"
        elif self.told != f"{text}\n":
            self.told = text


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(read_file(path)).hexdigest()
    except OSError:
        return ""


def watch(
    read: Callable[[], StateT],
    work: Callable[[], bool],
    sleep: Callable[[float], None],
    *,
    interval: float,
    goes_on: Callable[[], bool] = lambda: True,
) -> None:
    """Call ``work`` now and after every change of what ``read`` returns, until ``goes_on`` says no.

    ``interval`` is in seconds. What was read before the work began counts as done, so a change in the middle of it
    is seen at the next look: however quick the changes are, the last one is worked off. ``work`` returns False when it
    met half a file; it is then called again at the next look, changed or not.
    """
    done: StateT | None = None
    while goes_on():
        seen = read()
        if seen != done:
            done = seen if work() else None
        sleep(interval)
