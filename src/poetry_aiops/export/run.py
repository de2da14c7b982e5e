"""One run of ``poetry sync-reqs``: compare, show, write, and say what was left alone."""

from __future__ import annotations

import hashlib
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from poetry_aiops.errors import AiopsError, IncompleteError, InputError, NegativeAnswerError, UsageError
from poetry_aiops.export.model import COMMAND
from poetry_aiops.export.pylock import what_is_wrong
from poetry_aiops.export.selection import PoetryExport
from poetry_aiops.export.threeway import IN_WORDS
from poetry_aiops.export.writing import Standing, read_bundle, standing, write
from poetry_aiops.system.reading import read_file
from poetry_aiops.system.text import counted


if TYPE_CHECKING:
    from pathlib import Path

    from poetry_aiops.cli.output import Output
    from poetry_aiops.export.threeway import FileComparison
    from poetry_aiops.export.wheelhouse_run import Filled
    from poetry_aiops.locking.api import PoetryProject


_LOOK_EVERY: Final = 0.5  # seconds
_MOST_DETAILS: Final = 7
_MOST_SHOWN: Final = 10  # lines of a file that is left as it is
_WAY_OUT: Final = (
    f"Put the changes into pyproject.toml, or overwrite with `{COMMAND} --force`, which keeps the old files."
)


@dataclass(frozen=True, slots=True)
class SyncRequest:
    """The options of a run, checked against each other; ``pyproject`` is the file of the project."""

    pyproject: Path
    check: bool = False
    dry_run: bool = False
    force: bool = False
    watch: bool = False
    wheelhouse: str | None = None
    hardware: str | None = None
    platform: str | None = None
    python: str | None = None
    sdists: bool = False

    def __post_init__(self) -> None:
        """Raise UsageError for options that do not go together."""
        modes = {
            "--check": self.check,
            "--dry-run": self.dry_run,
            "--watch": self.watch,
            "--wheelhouse": self.wheelhouse,
        }
        exclusive = [name for name, given in modes.items() if given]
        if len(exclusive) > 1:
            raise UsageError(
                "these options exclude each other",
                where=" and ".join(exclusive),
                hint="Give only one of them.",
            )
        details = {
            "--hardware": self.hardware,
            "--platform": self.platform,
            "--python": self.python,
            "--sdists": self.sdists,
        }
        idle = [name for name, given in details.items() if given]
        if idle and not self.wheelhouse:
            raise UsageError(
                "this works only with --wheelhouse",
                where=", ".join(idle),
                hint="Add --wheelhouse DIR, the folder for the files.",
            )


def synchronise(request: SyncRequest, output: Output, project: PoetryProject) -> int:
    """Return the exit code; raises AiopsError."""
    return Synchronising(request, output, project).run()


@dataclass
class Synchronising:
    """The run; its public state is what the JSON document reports."""

    request: SyncRequest
    output: Output
    project: PoetryProject
    actions: dict[str, str] = field(default_factory=dict)

    def run(self) -> int:
        """Return the exit code; raises AiopsError."""
        if self.request.watch:
            if self.output.form != "text" or self.output.files:
                raise UsageError(
                    "a watch runs until it is stopped, so it never writes a document",
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
        bundle = read_bundle(self.request.pyproject)
        export = PoetryExport(self.project.poetry)
        export.refuse_stale()
        state = standing(bundle, self.project.poetry, export, ask=not self.request.check)
        for file in state.files:
            self.actions[file.path] = self._act(state, file)
        code = self._code(state)
        self._conclude(state, code)
        self._write_document(state, None, code)
        return code

    # -- one file ------------------------------------------------------------------------------------------

    def _act(self, state: Standing, file: FileComparison) -> str:
        """Do what is to be done about one file and return it in a word of the JSON document."""
        if file.state == "current":
            return "none"
        if self.request.check or self.request.dry_run:
            self._check_pylock(state, file)
            self._show(file)
            return "would-write" if file.may_write or self.request.force else "refused"
        if state.incomplete(file.path):
            return "incomplete"
        if not file.may_write and not self.request.force:
            return "refused"
        self._write(state, file)
        return "removed" if file.state == "surplus" else "written"

    def _check_pylock(self, state: Standing, file: FileComparison) -> None:
        """Raise InputError for a pylock that would not be valid."""
        rendered = state.rendered.get(file.path)
        complete = rendered is not None and rendered.document is not None and not rendered.missing
        wrong = what_is_wrong(rendered.document) if complete and rendered and rendered.document else None
        if wrong:
            raise InputError(
                f"poetry.lock cannot be written as a valid pylock file: {wrong}",
                where=file.path,
                hint="Run `poetry lock`.",
            )

    def _write(self, state: Standing, file: FileComparison) -> None:
        self._check_pylock(state, file)
        rendered = state.rendered.get(file.path)
        kept = write(state.bundle.root, file, rendered.text if rendered else "")
        done = {"missing": "Wrote", "surplus": "Removed"}.get(file.state, "Updated")
        self.output.line(f"{done} {file.path}{f', old content saved as {kept}' if kept else ''}")
        for note in rendered.notes if rendered and self.output.is_verbose else ():
            self.output.note(f"{file.path}: {note}")

    def _show(self, file: FileComparison) -> None:
        self.output.remark(f"{file.path} {IN_WORDS[file.state]}")
        lines = file.diff.splitlines()
        shown = [line for line in lines if self.request.dry_run or not _is_digest(line)] or lines
        if not (self.request.dry_run or file.may_write):
            shown = shown[:_MOST_SHOWN]
        self.output.diff("\n".join(shown))
        if len(shown) < len(lines):
            self.output.remark(f"{len(lines) - len(shown)} lines are not shown; --dry-run shows them.")

    def _refusal(self, state: Standing) -> NegativeAnswerError:
        """Return the error for the files that were left as they are, in ten lines at most."""
        files = [file for file in state.files if self.actions[file.path] == "refused"]
        if len(files) > 1:
            details = [f"{file.path} {IN_WORDS[file.state]}" for file in files]
            what, where = f"{len(files)} files were not changed", None
        else:
            details = _changed_lines(files[0])
            what, where = f"{IN_WORDS[files[0].state]} and was not changed", files[0].path
        if len(details) > _MOST_DETAILS:
            more = f"... and {len(details) - _MOST_DETAILS + 1} more; `{COMMAND} --dry-run` shows everything"
            details = [*details[: _MOST_DETAILS - 1], more]
        return NegativeAnswerError(what, where=where, details=tuple(details), hint=_WAY_OUT)

    # -- output -------------------------------------------------------------------------------------------

    def _code(self, state: Standing) -> int:
        check, dry = self.request.check, self.request.dry_run
        if not dry and any(action == "incomplete" for action in self.actions.values()):
            return IncompleteError.exit_code
        out_of_step = any(file.state != "current" for file in state.files)
        refused = "refused" in self.actions.values()
        return NegativeAnswerError.exit_code if (check and out_of_step) or (refused and not dry) else 0

    def _conclude(self, state: Standing, code: int) -> None:
        out = [file.path for file in state.files if file.state != "current"]
        if not out:
            self.output.line(
                f"{counted(len(state.files), 'file is', 'files are')} up to date with poetry.lock."
            )
        elif self.request.dry_run:
            self.output.line("Dry run: nothing was written.")
        elif self.request.check:
            refused = [path for path, action in self.actions.items() if action == "refused"]
            step = f"Run `{COMMAND}`."
            if refused:
                step = f"`{COMMAND}` leaves {', '.join(refused)} alone. {_WAY_OUT}"
            self.output.remark(f"{len(out)} of {len(state.files)} files are out of date. {step}")
        elif "refused" in self.actions.values():
            self.output.error(self._refusal(state))
        if code == IncompleteError.exit_code:
            files = [path for path, action in self.actions.items() if action == "incomplete"]
            error = IncompleteError(
                "not written: the addresses of locked files could not be determined",
                where=", ".join(files),
                details=tuple(state.problems),
                hint="poetry.lock does not hold addresses. Run the command again where the index can be reached.",
            )
            self.output.error(error)

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
        """Synchronise now, and after each change as soon as the files have been the same for two looks."""
        self.output.line("Watching poetry.lock and pyproject.toml; Ctrl+C ends it.")
        path = self.request.pyproject
        watched = (path, path.with_name("poetry.lock"))
        seen = [_digest(one) for one in watched]
        done: list[str] = []
        with suppress(KeyboardInterrupt):
            while not self.output.lost_reader:
                now = [_digest(one) for one in watched]
                if now == seen != done:
                    done = now
                    self._follow()
                seen = now
                time.sleep(_LOOK_EVERY)
        return 0

    def _follow(self) -> None:
        self.project.read_again()
        self.actions.clear()
        try:
            self.synchronise()
        except AiopsError as error:
            self.output.error(error)
        except (RuntimeError, ValueError) as error:  # from Poetry
            self.output.error(InputError(str(error), hint="It runs again when a file changes."))


def _changed_lines(file: FileComparison) -> list[str]:
    """Return what was changed by hand, or how the file differs from what would be written.

    Requirements that are in the file alone come first: a newer lock explains most of the others. Hashes come last.
    """
    lines = file.edits or [line for line in file.diff.splitlines()[2:] if line[:1] in {"+", "-"}]
    wanted = {_name(line) for line in lines if line.startswith("+")}
    why = ["poetry.lock has changed as well:"] if file.lock_moved and not file.edits else []
    return why + sorted(lines, key=lambda line: (_is_digest(line), _name(line) in wanted))


def _name(line: str) -> str:
    return line[1:].partition("==")[0]


def _is_digest(line: str) -> bool:
    return "--hash=" in line or " sha256:" in line or "hashes = {" in line


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(read_file(path)).hexdigest()
    except OSError:
        return ""
