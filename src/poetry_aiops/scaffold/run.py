"""One run of ``poetry scaffold``: plan, write or show, and say what to do next."""

from __future__ import annotations

import difflib
import os
import re
import shlex
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

from poetry.__version__ import __version__ as poetry_version

from poetry_aiops import __version__
from poetry_aiops.config import CONSTRAINTS, read_config
from poetry_aiops.errors import IncompleteError, LockConflictError, NegativeAnswerError, UsageError
from poetry_aiops.locking.api import check_declaration, variant_kind, verify_project
from poetry_aiops.project.checks import did_you_mean
from poetry_aiops.project.lockfile import locked_beside
from poetry_aiops.project.pyproject import aiops_table, load_pyproject, project_from
from poetry_aiops.scaffold.checks import digest_of, refuse_stale_lock, refuse_unbuildable
from poetry_aiops.scaffold.facts import load_actions, load_image_facts, load_system_facts
from poetry_aiops.scaffold.model import NewFile
from poetry_aiops.scaffold.options import asked
from poetry_aiops.scaffold.plan import Given, plan
from poetry_aiops.scaffold.render import FITS, compose, dockerfile, dockerignore, update_workflow, workflow
from poetry_aiops.scaffold.sdists import without_compiled_code
from poetry_aiops.system.kept_files import look_at, write_keeping
from poetry_aiops.system.text import one_line


if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Protocol

    from poetry.poetry import Poetry

    from poetry_aiops.cli.output import Output
    from poetry_aiops.project.model import Lock
    from poetry_aiops.scaffold.model import Base, Plan
    from poetry_aiops.scaffold.options import ScaffoldRequest
    from poetry_aiops.system.kept_files import Spot

    class TryStep(Protocol):
        """Runs a command of Poetry silently on the project and returns its exit code."""

        def __call__(self, *words: str) -> int: ...


_DEFAULTS: Final = {
    "docker": "Dockerfile",
    "compose": "compose.yaml",
    "github": ".github/workflows/poetry.yml",
}
_IDLE: Final = {
    "docker": ("--dockerfile",),
    "compose": ("--base", "--command", "--python", "--extras", "--apt"),
    "github": ("--base", "--command", "--port", "--dockerfile", "--extras", "--apt"),
}
_NEXT: Final = {
    "docker": "Build: docker build --file {file} .",
    "compose": "Start: docker compose --file {file} up --build",
    "github": "Commit them; the first push runs them.",
}
_EXPORTED: Final = (CONSTRAINTS, "config/requirements/base.txt")
_WRITTEN_BY: Final = re.compile(r"Written by `(poetry scaffold [^`]*)`")
_WORKFLOW: Final = re.compile(r"\.github/workflows/[A-Za-z0-9._-]+\.ya?ml")
_PLAIN: Final = re.compile(r"[A-Za-z0-9._/-]*")


def scaffold(
    request: ScaffoldRequest, output: Output, try_step: TryStep, poetry: Callable[[], Poetry]
) -> int:
    """Return the exit code; raises errors for what cannot be written."""
    return Scaffolding(request, output, try_step, poetry).run()


@dataclass
class Scaffolding:
    """The run; ``actions`` maps each file to what happened to it, ``notes`` are what the user should know."""

    request: ScaffoldRequest
    output: Output
    try_step: TryStep
    poetry: Callable[[], Poetry]
    actions: dict[str, str] = field(default_factory=dict)
    kept: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    _variants: list[tuple[str, str]] = field(default_factory=list)

    def run(self) -> int:
        if self.request.check:
            return self._check()
        kind = self._kind()
        made = self._plan(kind)
        files = self._files(kind, made, self._file_name(kind))
        self._write(files)
        self._conclude(kind, made, files)
        return 0

    # -- options -------------------------------------------------------------------------------------------

    @property
    def _root(self) -> Path:
        """The folder of the project."""
        return self.request.pyproject.parent.resolve()

    @property
    def _folder(self) -> str:
        """The project's folder, seen from the root of its Git repository; empty where they are the same."""
        here = self._root
        repository = next((folder for folder in (here, *here.parents) if (folder / ".git").exists()), here)
        folder = here.relative_to(repository).as_posix()
        return "" if folder == "." else folder

    def _home(self, kind: str) -> Path:
        """Return the folder that the files of a kind belong to: GitHub reads workflows at the repository's root."""
        root = self._root
        return root.parents[self._folder.count("/")] if kind == "github" and self._folder else root

    def _kind(self) -> str:
        kind = self.request.kind
        if kind not in _DEFAULTS:
            hint = did_you_mean(kind, _DEFAULTS) or f"Choose one of {', '.join(_DEFAULTS)}."
            raise UsageError(f'unknown kind "{kind}"', where="poetry scaffold", hint=hint)
        idle = [name for name in _IDLE[kind] if name in dict(self.request.given)]
        if idle:
            raise UsageError(
                f"poetry scaffold {kind} does not take this option",
                where=", ".join(idle),
                hint="Leave it out.",
            )
        return kind

    def _file_name(self, kind: str) -> str:
        """Return the path of the main file, relative to the folder that it belongs to, with slashes."""
        given, home = self.request.output, self._home(kind)
        if given is None:
            return _DEFAULTS[kind]
        target = Path(given).absolute()
        resolved = target.parent.resolve() / target.name
        if not resolved.is_relative_to(home) or resolved == home:
            raise UsageError(
                "this leads out of the project",
                where=f"--output {given}",
                hint="The files belong beside pyproject.toml or below.",
            )
        name = resolved.relative_to(home).as_posix()
        if kind == "github" and not _WORKFLOW.fullmatch(name):
            raise UsageError(
                "GitHub reads workflows only in .github/workflows at the root of the repository",
                where=f"--output {given}",
                hint=f"Write --output {os.path.relpath(home / '.github/workflows/poetry.yml')}.",
            )
        return name

    # -- what it becomes -----------------------------------------------------------------------------------

    def _plan(self, kind: str) -> Plan:
        """Return the plan of a kind; raises errors for what would fail in an image or in a workflow."""
        path = self.request.pyproject
        document = load_pyproject(path)
        project = project_from(document, path)
        config = read_config(aiops_table(document))
        lock = locked_beside(path)
        self._variants = (
            [(one.group, one.backend) for one in config.hardware.variants] if config.hardware else []
        )
        names = [group for group, _ in self._variants]
        if config.hardware:
            check_declaration(config.hardware, project)
        refuse_stale_lock(path, document)
        verify_project(lock, project, config.hardware)
        if kind == "docker" and project.package_mode:
            refuse_unbuildable(path, document)
        given = Given(
            project=project,
            document=document,
            lock=lock,
            config=config,
            extras=config.hardware is not None and variant_kind(config.hardware, project) == "extras",
            exists=lambda name: (path.parent / name).is_file(),
            there=lambda name: (path.parent / name).exists(),
            poetry=poetry_version,
            plugin=__version__,
            exported=kind == "github" and self._exports(document),
            written_by=self._written_by(),
        )
        options, facts, system = (
            asked(self._with_dockerfile(kind), names),
            load_image_facts(),
            load_system_facts(),
        )
        made = plan(given, options, facts, system)
        if kind != "docker" or not made.compiled:
            return made
        pure = self._without_compiled_code(made, lock)
        return plan(given, options, facts, replace(system, pure=system.pure | pure)) if pure else made

    def _without_compiled_code(self, made: Plan, lock: Lock) -> frozenset[str]:
        """Ask the indexes for the archives without a wheel; what is not known counts as something to compile."""
        unknown, poetry = [one for one in lock.packages if one.name in made.compiled], self.poetry()
        pure, problems = without_compiled_code(unknown, poetry.pool, poetry.config)
        if problems and self.request.check:
            raise IncompleteError(
                "whether these packages need a compiler is not known, so the Dockerfile cannot be compared",
                where="--check",
                details=problems,
                hint="Try again where the index can be reached.",
            )
        self.notes += [
            f"the image gets a compiler, because an archive could not be read: {one}" for one in problems
        ]
        return pure

    def _with_dockerfile(self, kind: str) -> ScaffoldRequest:
        """Return the request; Compose takes the command, the port and the like of the Dockerfile that it builds."""
        if kind != "compose":
            return self.request
        text = look_at(self._root, self.request.dockerfile or _DEFAULTS["docker"]).text
        return self.request.with_recorded(_recorded(text or "", "docker"))

    def _exports(self, document: Mapping[str, object]) -> bool:
        """Say whether a workflow compares the files of ``poetry sync-reqs``: they are up to date, or configured."""
        table = aiops_table(document)
        is_configured = isinstance(table, dict) and "export" in table
        in_step = self.try_step("sync-reqs", "--check") == 0
        if not in_step and (is_configured or any((self._root / name).is_file() for name in _EXPORTED)):
            again = "" if is_configured else ", then this command again, which adds the check to the workflow"
            self.notes.append(f"`poetry sync-reqs --check` fails today: run `poetry sync-reqs`{again}")
        return in_step or is_configured

    def _written_by(self) -> str:
        """Return the command line that writes the same again."""
        words = [word for option in self.request.given for word in option]
        words += ["--pin-digests"] if self.request.pin_digests else []
        return shlex.join(("poetry", "scaffold", self.request.kind, *words))

    def _files(self, kind: str, made: Plan, output: str) -> list[NewFile]:
        """Return the files, the main one first."""
        if kind == "docker":
            ignored = ".dockerignore" if output == _DEFAULTS["docker"] else f"{output}.dockerignore"
            made = self._pinned(made) if self.request.pin_digests else made
            return [NewFile(output, dockerfile(made, output)), NewFile(ignored, dockerignore(made))]
        if kind == "compose":
            built_from = self.request.dockerfile or _DEFAULTS["docker"]
            return [NewFile(output, compose(made, built_from, depth=output.count("/")))]
        actions, folder = load_actions(), self._folder
        if not _PLAIN.fullmatch(folder):
            raise UsageError(
                f"a workflow cannot name the folder {one_line(folder)!r}",
                where="poetry scaffold github",
                hint="Rename it: letters, digits, . _ - and / are safe in expressions of GitHub.",
            )
        weekly = f"{output.rsplit('.', 1)[0]}-update.yml"
        checks = output.rpartition("/")[2]
        return [
            NewFile(output, workflow(made, self._variants, actions, folder)),
            NewFile(weekly, update_workflow(made, actions, folder, checks)),
        ]

    def _pinned(self, made: Plan) -> Plan:
        digests = {base.image: digest_of(_image_of(base, made)) for base in made.bases}
        images = tuple(
            replace(one, base=replace(one.base, image=f"{one.base.image}@{digests[one.base.image]}"))
            for one in made.images
        )
        default = next(one for one in images if one.stage == made.default.stage)
        return replace(made, images=images, default=default)

    # -- checking ------------------------------------------------------------------------------------------

    def _check(self) -> int:
        """Compare files with the project and return 1 for those that do not fit any more."""
        whole = self.request
        if whole.kind:
            self._kind()
        kinds = (
            [whole.kind] if whole.kind else [k for k in _DEFAULTS if (self._home(k) / _DEFAULTS[k]).is_file()]
        )
        if not kinds:
            raise UsageError(
                "there is no file of `poetry scaffold` under its usual name",
                where="--check",
                hint="Name the kind and the file: `poetry scaffold docker --check --output Dockerfile.poetry`.",
            )
        results = []
        for kind in kinds:
            self.request = replace(whole, kind=kind)
            name = self._file_name(kind)
            self.actions[name], why = self._compared(kind, name)
            results.append({"path": name, "action": self.actions[name], "kept": None, "text": ""})
            if self.output.form != "json":
                self.output.line(f"{name} {why}")
        code = 0 if all(one["action"] == "fits" for one in results) else NegativeAnswerError.exit_code
        if self.output.form == "json":
            document = {"dry_run": False, "python": "", "images": [], "warnings": [], "exit_code": code}
            self.output.document("scaffold", {"kind": kinds[0], "files": results, **document})
        return code

    def _compared(self, kind: str, name: str) -> tuple[str, str]:
        """Return in a word, and in a sentence, whether a file fits the project."""
        text = look_at(self._home(kind), name).text
        if text is None:
            return "missing", f"is missing: write it with `{self._written_by()}`"
        digest = re.search(rf"^# {re.escape(FITS)}([0-9a-f]{{64}})", text, re.MULTILINE)
        if digest is None:
            return "differs", "was not written by this version of `poetry scaffold`, so it cannot be compared"
        self.request = self.request.with_recorded(_recorded(text, kind))
        again = f"`{self._written_by()} --force` writes it again, --dry-run shows the difference"
        try:
            made = self._plan(kind)
        except (UsageError, LockConflictError) as error:
            return "differs", f"does not fit the project: {error.what}. {error.hint or ''}"
        if made.digest != digest[1]:
            return "differs", f"does not fit the project any more: {again}"
        return "fits", "fits the project"

    # -- writing -------------------------------------------------------------------------------------------

    def _write(self, files: list[NewFile]) -> None:
        """Write the files, or none where one of them is the user's; raises NegativeAnswerError then."""
        home = self._home(self.request.kind)
        spots = {file.path: look_at(home, file.path) for file in files}
        changed = [file for file in files if spots[file.path].text != file.text]
        self.actions = dict.fromkeys((file.path for file in files), "unchanged")
        if self.request.dry_run:
            for file in changed:
                self.actions[file.path] = "would-write"
            return
        self._refuse(changed, spots)
        for file in changed:
            spot = spots[file.path]
            if spot.text is not None and not self.request.force:
                self.actions[file.path] = "kept"
                continue
            kept = write_keeping(spot, file.text)
            self.actions[file.path] = "replaced" if kept else "written"
            if kept:
                self.kept[file.path] = kept

    def _refuse(self, changed: list[NewFile], spots: dict[str, Spot]) -> None:
        """Stop for any file that is there but a .dockerignore, which is left alone without stopping the rest."""
        there = [
            file.path for file in changed if spots[file.path].text is not None and not _is_ignore_file(file)
        ]
        if there and not self.request.force:
            raise NegativeAnswerError(
                f"{' and '.join(there)} would be replaced, so nothing was written",
                hint="See the difference with --dry-run, name another file with --output, or replace with --force"
                " (what is there is kept as FILE.bak).",
            )

    # -- reporting -----------------------------------------------------------------------------------------

    def _conclude(self, kind: str, made: Plan, files: list[NewFile]) -> None:
        if kind == "docker":
            self.notes += made.warnings
        elif kind == "github":
            self._try_workflow()
        if self.output.form == "json":
            self.output.document("scaffold", self._document(kind, made, files))
            return
        for file in files:
            self._report(file)
        for note in self.notes:
            self.output.warning(note)
        if not self.request.dry_run:
            name = os.path.relpath(self._home(kind) / files[0].path) if self.request.output else files[0].path
            self.output.line(_NEXT[kind].format(file=name))

    def _try_workflow(self) -> None:
        """Run the steps of the workflows that need neither network nor environment, and note those that fail."""
        if self.try_step("check", "--lock") != 0:
            self.notes.append(
                "`poetry check --lock` fails today, and so would the workflow: run it to see why"
            )
        with TemporaryDirectory() as folder:
            health = self.try_step("health", "--offline", "--report-dir", folder)
        if health == NegativeAnswerError.exit_code:
            self.notes.append(
                "the weekly audit will fail, as `poetry health` does today: see `poetry health --fix`"
            )
        elif health != 0:
            self.notes.append("what the weekly audit says is not known here yet: run `poetry health` once")

    def _report(self, file: NewFile) -> None:
        action = self.actions[file.path]
        if action == "would-write":
            self._show(file)
        elif action == "kept":
            self.output.warning(
                f"{file.path} is yours and stays as it is; make sure that it excludes .git, .venv and .env"
            )
        else:
            done = {"written": "Wrote", "replaced": "Replaced", "unchanged": "Unchanged:"}[action]
            kept = f" (the old one is {self.kept[file.path]})" if file.path in self.kept else ""
            self.output.line(f"{done} {file.path}{kept}")

    def _show(self, file: NewFile) -> None:
        """Print a new file whole, and of one that is there the difference."""
        old = look_at(self._home(self.request.kind), file.path).text
        if old is None:
            lines = [f"==> {file.path}", *file.text.splitlines(), ""]
        else:
            names = (f"a/{file.path}", f"b/{file.path}")
            lines = list(difflib.unified_diff(old.splitlines(), file.text.splitlines(), *names, lineterm=""))
        for line in lines:
            self.output.line(line)

    def _document(self, kind: str, made: Plan, files: list[NewFile]) -> dict[str, Any]:
        return {
            "kind": kind,
            "dry_run": self.request.dry_run,
            "python": made.versions.python,
            "images": [
                {
                    "stage": image.stage,
                    "variant": image.variant,
                    "backend": image.backend,
                    "base": _image_of(image.base, made),
                    "reason": image.reason,
                    "platforms": list(image.platforms),
                }
                for image in made.images
            ],
            "files": [
                {
                    "path": file.path,
                    "action": self.actions[file.path],
                    "kept": self.kept.get(file.path),
                    "text": file.text,
                }
                for file in files
            ],
            "warnings": self.notes,
            "exit_code": 0,
        }


def _recorded(text: str, kind: str) -> list[str]:
    """Return the options that the head of a scaffolded file records; empty for other files."""
    head = _WRITTEN_BY.search(text)
    try:
        words = shlex.split(head[1]) if head else []
    except ValueError:
        return []
    return words[3:] if words[:3] == ["poetry", "scaffold", kind] else []


def _image_of(base: Base, made: Plan) -> str:
    return base.image.replace("${PYTHON_VERSION}", made.versions.python)


def _is_ignore_file(file: NewFile) -> bool:
    return file.path.endswith(".dockerignore")
