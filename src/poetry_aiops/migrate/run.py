"""One run of ``poetry migrate-reqs``: read, plan, show, lock beside the project, prove, and only then write."""

from __future__ import annotations

import difflib
import hashlib
import re
import tempfile
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from poetry_aiops.cli.known_poetry import knows_dependency_groups
from poetry_aiops.config import read_config
from poetry_aiops.errors import InputError, NegativeAnswerError
from poetry_aiops.locking.api import check_declaration, refuse_invalid
from poetry_aiops.migrate import report
from poetry_aiops.migrate.comparison import InstallComparison
from poetry_aiops.migrate.locking import PlannedLock
from poetry_aiops.migrate.old_commands import OldCommands, old_commands_in
from poetry_aiops.migrate.planning.identity import other_name
from poetry_aiops.migrate.planning.settings import with_settings
from poetry_aiops.migrate.reading.setup_files import PYPROJECT
from poetry_aiops.migrate.reading.urls import read_filename
from poetry_aiops.migrate.request import COMMAND, RequestReading
from poetry_aiops.migrate.writing.generate import UNKNOWN_VERSION, generate, layout_of
from poetry_aiops.migrate.writing.pythons import allowed_pythons, narrowed, required_python
from poetry_aiops.project.pyproject import aiops_table, project_from
from poetry_aiops.project.toml import parse_toml
from poetry_aiops.system.addresses import redact
from poetry_aiops.system.files import reported, write_new
from poetry_aiops.system.reading import read_file
from poetry_aiops.system.signals import undoing_when_ended
from poetry_aiops.system.transaction.backup import FileChange
from poetry_aiops.system.transaction.migration import apply, create, recover
from poetry_aiops.system.transaction.store import locked


if TYPE_CHECKING:
    from collections.abc import Sequence

    from poetry_aiops.cli.output import Output
    from poetry_aiops.locking.api import PoetryProject
    from poetry_aiops.migrate.planning.entry import PlannedEntry
    from poetry_aiops.migrate.planning.identity import Identity
    from poetry_aiops.migrate.planning.plan import MigrationPlan
    from poetry_aiops.migrate.request import MigrationInput, MigrationRequest
    from poetry_aiops.migrate.writing.proof import Proof


_LOCK, _SETTINGS = "poetry.lock", "poetry.toml"
_SHOWN_HASHES = _SHOWN_LINES = 10
_MISSING = re.compile(
    r"(?:requires|depends on) (\S+) \((.*?)\)(?: which doesn't match any versions|[\s\S]*?no versions of \1 match \2\s)"
)
_NARROWINGS = 4  # of a guessed Python; each costs a solve
_WITHOUT_LOCK = "`--no-lock` writes pyproject.toml alone."


def migrate(request: MigrationRequest, output: Output, project: PoetryProject) -> int:
    """Return the exit code; raises errors before anything is written."""
    return Migrating(request, output, project).run()


@dataclass
class Migrating:
    """The run; its state is what the JSON document holds."""

    request: MigrationRequest
    output: Output
    project: PoetryProject
    changes: dict[str, FileChange] = field(default_factory=dict)
    proof: Proof | None = None
    old_commands: OldCommands = field(default_factory=OldCommands)
    backup: str | None = None
    identity: Identity | None = None
    _valid: str = ""
    plan: MigrationPlan | None = None
    """What is written: with a lock, the constraints that bind in it and what else it needs."""

    def run(self) -> int:
        """Return the exit code; raises errors before anything is written."""
        reading = RequestReading(self.request)
        now = datetime.now(UTC)
        with undoing_when_ended(), nullcontext() if self.request.dry_run else locked(self.root, now):
            if not self.request.dry_run:
                recover(self.root)
            given = reading.read()
            for note in given.notes:
                self.output.note(note)
            code = self._refuse(given) if given.plan.errors else self._migrate(given, now)
        if self.output.form == "json":
            self._write_document(given, code)
        return code

    @property
    def root(self) -> Path:
        return self.request.root

    # -- showing what will be ------------------------------------------------------------------------------

    def _refuse(self, given: MigrationInput) -> int:
        errors = given.plan.errors
        self._show_roles(given)
        for line in report.problem_lines(errors):
            self.output.remark(line)
        fixable = any(problem.fixed is not None for problem in errors) and not self.request.fix
        hint = " Where --fix names a line, it repairs the file." if fixable else ""
        count = f"{len(errors)} error{'s' if len(errors) > 1 else ''}"
        self.output.failure(f"{count}; nothing was written.{hint}")
        return InputError.exit_code

    def _show_roles(self, given: MigrationInput) -> None:
        self.output.line("What the files become:")
        for line in report.role_lines(given.plan.roles.values()):
            self.output.line(line)
        for line in given.uv.carried if given.uv is not None else ():
            self.output.line(f"  {line}")

    def _show(self, given: MigrationInput) -> None:
        plan = given.plan
        self._show_roles(given)
        if not given.document:
            python = f"{given.identity.requires_python} ({given.identity.reason})"
            self.output.line(f"For Python {python}.")
        self.output.diff("".join(map(_diff, self.changes.values())))
        for problem in plan.problems:
            if problem.severity == "warning":
                self.output.warning("\n".join(report.problem_lines([problem])))
            elif problem.severity == "note" and self.output.is_verbose:
                self.output.note("\n".join(report.problem_lines([problem])))
        if plan.credentials:
            self.output.warning("\n".join(report.credential_lines(plan.credentials)))
        if given.tree.files:
            self.output.line(report.ledger_line(plan.outcomes))

    # -- doing it --------------------------------------------------------------------------------------------

    def _migrate(self, given: MigrationInput, now: datetime) -> int:
        plan = given.plan
        if not plan.requirements and not plan.constraints and given.uv is None:
            self.output.warning("there is nothing to migrate in these files")
        self._plan_all(given)
        self._show(given)
        if self.request.lock:
            given, code = self._lock_for_fitting_python(given)
            if code != 0:
                self.changes.clear()
                return code
        if self.request.dry_run:
            self._show_proof()
            self._show_old_commands()
            self.output.line("Dry run: nothing was written.")
            return 0
        if self.changes:
            inputs = [  # the backup holds what was only read against what replaces it later
                FileChange(path, file.data, file.data)
                for path, file in given.tree.files.items()
                if path not in self.changes and not (self.root / path).is_symlink()
            ]
            backup = create(self.root, [*self.changes.values(), *inputs], COMMAND, now)
            apply(backup)
            self.backup = backup.id
        self._conclude(given)
        return 0

    def _plan_all(self, given: MigrationInput) -> None:
        """Plan the new contents of every file, instead of what was planned before."""
        self.changes.clear()
        self.plan, self.identity = given.plan.binding(given.plan.constrained_directly), given.identity
        self._plan_pyproject(given, self.plan)
        if given.plan.edits.settings:
            settings = self._read(_SETTINGS)
            changed = with_settings((settings or b"").decode("utf-8"), given.plan.edits.settings)
            self._change(_SETTINGS, settings, changed.encode("utf-8"))
        for path, data in given.fixed.items():
            self._change(path, self._read(path), data)
        self.old_commands = old_commands_in(self.root, given, rewrite=self.request.rewrite)
        self.changes |= {change.path: change for change in self.old_commands.changes}

    def _plan_pyproject(self, given: MigrationInput, plan: MigrationPlan) -> str:
        """Plan the text of pyproject.toml, instead of what was planned before, and return it."""
        before = self._read(PYPROJECT)
        layout = layout_of(given.document, knows_dependency_groups=knows_dependency_groups())
        old = (before or b"").decode("utf-8")
        text = generate(old, plan.edits, self.identity or given.identity, layout, self.root / PYPROJECT)
        if text != self._valid:
            self._validate(text, old)
            self._valid = text
        others = {path: change for path, change in self.changes.items() if path != PYPROJECT}
        self.changes.clear()
        self._change(PYPROJECT, before, text.encode("utf-8"))
        self.changes |= others
        return text

    def _validate(self, text: str, old: str) -> None:
        """Refuse what Poetry or a locking command of ours would refuse, before anything is shown as planned."""
        refuse_invalid(self.root, text, old)
        document = parse_toml(text)
        hardware = read_config(aiops_table(document)).hardware
        if hardware is not None:
            check_declaration(hardware, project_from(document, self.root / PYPROJECT))
        version = document.get("tool", {}).get("poetry", {}).get("version")
        if version == UNKNOWN_VERSION and "version" in document.get("project", {}).get("dynamic", ()):
            self.output.note(
                f"Poetry installs the project as version {version}, as its build backend computes the version;"
                " set [tool.poetry] version where something reads it"
            )

    def _change(self, path: str, before: bytes | None, after: bytes) -> None:
        if before != after:
            self.changes[path] = FileChange(path, before, after)

    def _read(self, path: str) -> bytes | None:
        with reported("the file cannot be read", path, "Make it readable, then run this again."):
            try:
                return read_file(self.root / path, within=self.root)
            except FileNotFoundError:
                return None

    # -- locking and proving -----------------------------------------------------------------------------------

    def _lock_for_fitting_python(self, given: MigrationInput) -> tuple[MigrationInput, int]:
        """Lock; where the project names no Python, for the versions that the indexes have the selected files for."""
        old = self._read(_LOCK)
        text = None if old is None else old.decode("utf-8")
        left = _NARROWINGS
        lock, comparison = self._attempt(given, text)
        if _is_guess(given) and (newest := lock.newest_python(given.plan, given.python)) is not None:
            given, left = self._narrowed(given, newest), left - 1
        while True:
            lock, comparison = self._attempt(given, text)
            code, refusal, other = 0, None, None
            try:
                code = self._lock(given, lock, comparison)
            except NegativeAnswerError as error:
                refusal = error
                other = required_python(given.python, str(error))
            if other is None and (refusal or (lock.proof is not None and lock.proof.unexplained)):
                other = lock.fitting_python(given.plan, given.python)
            fitting = comparison.fitting or other
            if not left or not _is_guess(given) or fitting is None:
                break
            given, left = self._narrowed(given, fitting), left - 1
        if refusal is None:
            self._check_hashes()
            refusal = self._unexplained()
        if refusal is not None and other is not None:
            refusal.hint = f"Give `--python '{other[0]}'`: {other[1]}. {refusal.hint}"
        if refusal is not None:
            raise refusal
        return given, code

    def _attempt(self, given: MigrationInput, text: str | None) -> tuple[PlannedLock, InstallComparison]:
        comparison = InstallComparison(self.request, given, text)
        write = partial(self._plan_pyproject, given)
        return PlannedLock(self.project, self.root, text, write, comparison.prove), comparison

    def _narrowed(self, given: MigrationInput, fitting: tuple[str, str]) -> MigrationInput:
        """Plan everything for another Python, and say why."""
        self.output.note(f"locked for Python {fitting[0]} instead of {given.python}: {fitting[1]}")
        given = RequestReading(self.request, fitting).read()
        self._plan_all(given)
        return given

    def _lock(self, given: MigrationInput, lock: PlannedLock, comparison: InstallComparison) -> int:
        """Lock the planned project beside the real one and compare; the lock becomes one more change."""
        self.identity = given.identity
        if given.identity.name_guessed:
            self.identity = replace(given.identity, name=other_name(given.identity.name))
        try:
            self.plan = lock.run(given.plan)
            if comparison.hints:
                lock.hints = comparison.hints
                self.plan = lock.run(given.plan)
        except NegativeAnswerError as error:
            raise self._unlockable(given, error) from error
        name = given.identity.name  # the folder's, unless a package of that name is locked
        if lock.parsed is None or all(package.name != name for package in lock.parsed.packages):
            self.identity = given.identity
        elif given.identity.name_guessed:
            self.output.note(f"the project is named {self.identity.name}, as it needs the package {name}")
        self._plan_pyproject(given, self.plan)
        self.proof = lock.proof
        if lock.code == 0:
            self._change(_LOCK, None if lock.old is None else lock.old.encode("utf-8"), lock.lock)
        else:  # Poetry says why
            self.output.failure("Locking failed, so nothing was written.", _WITHOUT_LOCK)
        return lock.code

    def _unlockable(self, given: MigrationInput, error: NegativeAnswerError) -> NegativeAnswerError:
        """Return the failure with the lines that require what the solver names, and what helps there."""
        identity = given.identity
        locked_as = (self.identity or identity).name
        details = [
            re.sub(rf"(?<![\w-]){re.escape(locked_as)}(?![\w-])", identity.name, line)
            for line in error.details
        ]
        text = "\n".join(details)
        entries = [entry for group in given.plan.edits.groups for entry in group.entries]
        named = [
            entry for entry in entries if re.search(rf"(?<![\w-]){re.escape(entry.name)}(?![\w-])", text)
        ]
        places = tuple(f"{place}: {entry.as_pep508()}" for entry in named for place in entry.places)
        return NegativeAnswerError(
            "the requirements cannot be locked together, so nothing was written",
            details=(*details, *places[:_SHOWN_LINES]),
            hint=self._way_out(given, named, text),
        )

    def _way_out(self, given: MigrationInput, named: Sequence[PlannedEntry], text: str) -> str:
        """Return what to try after a solver's refusal, of which these entries are named."""
        missing = _MISSING.search(text)
        if missing is not None:
            name, version = missing[1], "" if missing[2] == "*" else f" {missing[2]}"
            archive = self._archive(given, name)
            if archive is not None:
                return f"{archive} holds {name}, and Poetry asks no folder: write `{name} @ file:{archive}`. {_WITHOUT_LOCK}"
            return (
                f"No index offers {name}{version}, so pip refuses it too: correct or remove the line, or name the index that"
                f" has it (--extra-index-url) in the file. {_WITHOUT_LOCK}"
            )
        allowed = allowed_pythons(text)
        never = [name for name, one in allowed.items() if narrowed(given.python, [str(one)]) is None]
        if never:
            return (
                f"No release of {', '.join(never)} that the lines accept is for Python {given.python}: remove the line, or"
                f' let it count for other Pythons only, such as `; python_version < "3.4"`. {_WITHOUT_LOCK}'
            )
        ways = ["`--pins relax`"] if any("==" in entry.specifier for entry in named) else []
        ways += ["`--python RANGE`"] if allowed else []
        if len({place.file for entry in named for place in entry.places}) > 1:
            ways.append("only files that belong together (`poetry migrate-reqs FILE...`)")
        hint = f"Try {', or '.join([*ways, '`--no-lock` to write pyproject.toml alone'])}."
        if not allowed or given.document:
            return hint
        return (
            f"The lock would be for Python {given.identity.requires_python} ({given.identity.reason}). {hint}"
        )

    def _archive(self, given: MigrationInput, name: str) -> str | None:
        """Return a package's file in a folder of --find-links, which pip asks and Poetry cannot."""
        for reading in given.tree.readings.values():
            for option in reading.options:
                folder = self.root / (option.value or "")
                for file in sorted(folder.glob("*")) if option.name == "find-links" else ():
                    found = read_filename(file.name)
                    if found is not None and found.name == name:
                        return file.relative_to(self.root).as_posix()
        return None

    def _check_hashes(self) -> None:
        foreign = self.proof.foreign_hashes if self.proof else ()
        if not foreign or self.request.force:
            return
        raise NegativeAnswerError(
            "the index offers files with other hashes than the requirements files say, so nothing was written",
            details=tuple(
                f"{one.place}: {one.name} {one.version} {one.hash}" for one in foreign[:_SHOWN_HASHES]
            ),
            hint="Find out why the files differ. To take what the index has now, add --force.",
        )

    def _unexplained(self) -> NegativeAnswerError | None:
        unexplained = self.proof.unexplained if self.proof else ()
        if not unexplained or self.request.force:
            return None
        return NegativeAnswerError(
            "the lock would install something else than the files select, for an unknown reason; nothing was written",
            details=unexplained[:_SHOWN_LINES],
            hint=f"Correct the lines named above, then run this again. {self._kept()}To take the lock as it is, add --force.",
        )

    def _kept(self) -> str:
        """Keep what was planned outside of the project, so that no lock is lost; return where it is."""
        try:
            folder = Path(tempfile.mkdtemp(prefix="poetry-aiops-planned-"))
            for path in {PYPROJECT, _LOCK} & self.changes.keys():
                write_new(folder / path, self.changes[path].after or b"")
        except OSError:
            return ""
        return f"The planned files are in {folder}. "

    # -- afterwards --------------------------------------------------------------------------------------------

    def _show_old_commands(self) -> None:
        left = [one for one in self.old_commands.found if not one.rewritten]
        if left:
            self.output.line("Old commands in this repository, and their replacements:")
            for line in report.old_command_lines(left):
                self.output.line(line)

    def _show_proof(self) -> None:
        for line in report.proof_lines(self.proof) if self.proof is not None else ():
            self.output.line(redact(line))
        for install in self.proof.installs if self.proof is not None else ():
            names = [one.name for one in install.differences if one.either]
            if names:
                asked = (
                    "pip takes other versions"
                    if install.by == "pip"
                    else "pip may take other versions (--prove checks this)"
                )
                self.output.warning(
                    f"{asked} of {', '.join(names)} for {install.file}; what is locked meets it as well"
                )

    def _conclude(self, given: MigrationInput) -> None:
        self._show_proof()
        self._show_old_commands()
        if self.backup is None:
            self.output.line("Nothing to change.")
            return
        self.output.line(
            f"Wrote {', '.join(self.changes)}. The old state is in .migration_backup/{self.backup}."
        )
        install = "poetry hw-install" if given.plan.edits.variants else "poetry install"
        pinned = self.request.pins == "keep" and any(pin.direct for pin in given.plan.pins)
        if pinned:
            self.output.note(
                "== in pyproject.toml keeps `poetry update` and `poetry health --fix` from moving a package; `--pins caret`"
                " writes ranges, and poetry.lock holds the same versions"
            )
        then = (
            f"Nothing is locked yet: `{COMMAND}` without --no-lock locks with the old pins"
            if not self.request.lock
            else f"Install with `{install}`"
        )
        stays = "The requirements files stay" if given.tree.files else "What uv reads stays"
        self.output.line(f"{stays}. {then}; go back with `{COMMAND} --rollback`.")

    def _write_document(self, given: MigrationInput, code: int) -> None:
        of_project = ("name", "version", "requires_python", "reason", "package_mode")
        self.output.document(
            "migrate-reqs",
            {
                **report.plan_content(self.plan or given.plan),
                "project": report.row(self.identity or given.identity, *of_project),
                "files": [
                    {
                        "path": change.path,
                        "before_sha256": _sha256(change.before),
                        "after_sha256": _sha256(change.after),
                    }
                    for change in self.changes.values()
                ],
                "diff": "".join(_diff(change) for path, change in self.changes.items() if path != _LOCK),
                "proof": report.proof_content(self.proof, given.plan.pins),
                "old_commands": report.old_command_content(self.old_commands.found),
                "backup": self.backup,
                "dry_run": self.request.dry_run,
                "exit_code": code,
            },
        )


def _diff(change: FileChange) -> str:
    before, after = (
        redact((data or b"").decode("utf-8", "replace")).splitlines(keepends=True)
        for data in (change.before, change.after)
    )
    old = change.path if change.before is not None else "/dev/null"
    lines = difflib.unified_diff(before, after, old, change.path)
    return "".join(line if line.endswith("\n") else line + "\n" for line in lines)


def _is_guess(given: MigrationInput) -> bool:
    """Say whether nothing of the project says which Python it is."""
    return given.identity.python_guessed and given.python == given.identity.requires_python


def _sha256(data: bytes | None) -> str | None:
    return None if data is None else hashlib.sha256(data).hexdigest()
