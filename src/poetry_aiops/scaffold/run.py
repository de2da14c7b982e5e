"""One run of ``poetry scaffold``: plan, write or show, and say what to do next."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from poetry_aiops.errors import LockConflictError, NegativeAnswerError, UsageError
from poetry_aiops.project.checks import did_you_mean
from poetry_aiops.scaffold.checks import digest_of
from poetry_aiops.scaffold.facts import load_actions
from poetry_aiops.scaffold.planning import make_plan
from poetry_aiops.scaffold.render import (
    FITS,
    build_command,
    compose,
    dockerfile,
    dockerignore,
    update_workflow,
    workflow,
)
from poetry_aiops.scaffold.writing import NewFile, look_at, shown, write_files
from poetry_aiops.system.text import one_line


if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from poetry.poetry import Poetry

    from poetry_aiops.cli.output import Output
    from poetry_aiops.scaffold.model import BaseImage, ScaffoldPlan
    from poetry_aiops.scaffold.options import ScaffoldRequest
    from poetry_aiops.scaffold.planning import TryStep


_DEFAULTS: Final = {
    "docker": "Dockerfile",
    "compose": "compose.yaml",
    "github": ".github/workflows/poetry.yml",
}
_IDLE: Final = {
    "docker": ("dockerfile",),
    "compose": ("base", "command", "python", "extras", "apt"),
    "github": ("base", "command", "port", "dockerfile", "extras", "apt"),
}
_NEXT: Final = {
    "docker": "Build: {build} .",
    "compose": "Start: docker compose --file {file} up --build",
    "github": "Commit them; the first push runs them.",
}
_WORKFLOW: Final = re.compile(r"\.github/workflows/[A-Za-z0-9._-]+\.ya?ml")
_PLAIN: Final = re.compile(r"[A-Za-z0-9._/-]*")


def scaffold(
    request: ScaffoldRequest, output: Output, try_step: TryStep, poetry: Callable[[], Poetry]
) -> int:
    """Return the exit code; raises errors for what cannot be written."""
    if request.kind or not request.check:
        _check_options(request)
    if not request.check:
        return Scaffolding(request, output, try_step, poetry).write()
    of_kinds = [
        Scaffolding(replace(request, kind=kind), output, try_step, poetry)
        for kind in ([request.kind] if request.kind else _DEFAULTS)
    ]
    there = [run for run in of_kinds if request.kind or (run.home / _DEFAULTS[run.request.kind]).is_file()]
    if not there:
        raise UsageError(
            "there is no file of `poetry scaffold` under its usual name",
            where="--check",
            hint="Name the kind and the file: `poetry scaffold docker --check --output Dockerfile.poetry`.",
        )
    files = [run.compared() for run in there]
    code = 0 if all(file.action == "fits" for file in files) else NegativeAnswerError.exit_code
    if output.form == "json":
        output.document("scaffold", _document(there[0].request, files, exit_code=code))
    return code


def _check_options(request: ScaffoldRequest) -> None:
    kind = request.kind
    if kind not in _DEFAULTS:
        hint = did_you_mean(kind, _DEFAULTS) or f"Choose one of {', '.join(_DEFAULTS)}."
        raise UsageError(f'unknown kind "{kind}"', where="poetry scaffold", hint=hint)
    idle = [f"--{name}" for name in _IDLE[kind] if name in request.wishes]
    if idle:
        raise UsageError(
            f"poetry scaffold {kind} does not take this option",
            where=", ".join(idle),
            hint="Leave it out.",
        )


@dataclass
class Scaffolding:
    """The run for one kind of file; ``notes`` are what the user should know.

    ``folder`` is the project's, seen from the root of its Git repository, empty where they are the same; ``home`` is
    where the files of the kind belong, for workflows that root.
    """

    request: ScaffoldRequest
    output: Output
    try_step: TryStep
    poetry: Callable[[], Poetry]
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.root = root = self.request.pyproject.parent.resolve()
        repository = next((place for place in (root, *root.parents) if (place / ".git").exists()), root)
        self.folder = "" if repository == root else root.relative_to(repository).as_posix()
        self.home = repository if self.request.kind == "github" else root

    def write(self) -> int:
        """Write the files of the kind, or show them."""
        request, name = self.request, self._file_name()
        made = self._plan()
        files = self._files(made, name)
        write_files(self.home, files, dry_run=request.dry_run, force=request.force)
        self._try_out(made)
        if self.output.form == "json":
            self.output.document("scaffold", _document(request, files, made, self.notes))
            return 0
        for file in files:
            self._report(file)
        for note in self.notes:
            self.output.warning(note)
        if not request.dry_run:
            first = os.path.relpath(self.home / name) if request.wish("output") else name
            build = build_command(made, "--file", first)
            self.output.line(_NEXT[request.kind].format(file=first, build=build))
        return 0

    def compared(self) -> NewFile:
        """Compare the file of the kind with the project, and say whether it fits."""
        file = NewFile(self._file_name(), "")
        file.action, why = self._compared(file.path)
        if self.output.form != "json":
            self.output.line(f"{file.path} {why}")
        return file

    def _file_name(self) -> str:
        """Return the path of the main file, relative to the folder that it belongs to, with slashes."""
        given, home, kind = self.request.wish("output"), self.home, self.request.kind
        if given is None:
            return _DEFAULTS[kind]
        target = Path(given).absolute()
        resolved = target.parent.resolve() / target.name
        if not resolved.is_relative_to(home) or resolved == home:
            raise UsageError(
                "this path is outside the project",
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

    def _plan(self) -> ScaffoldPlan:
        """Return the plan; Compose takes the command, the port and the like of the Dockerfile that it builds."""
        request = self.request
        if request.kind == "compose":
            _, text = look_at(self.root, request.wish("dockerfile") or _DEFAULTS["docker"])
            request = request.with_recorded(text or "", "docker")
        return make_plan(request, self.request.command_line, self.try_step, self.poetry, self.notes)

    def _files(self, made: ScaffoldPlan, output: str) -> list[NewFile]:
        """Return the files, the main one first."""
        request = self.request
        if request.kind == "docker":
            ignored = ".dockerignore" if output == _DEFAULTS["docker"] else f"{output}.dockerignore"
            made = _pinned(made) if request.pin_digests else made
            return [NewFile(output, dockerfile(made, output)), NewFile(ignored, dockerignore(made))]
        if request.kind == "compose":
            built_from = request.wish("dockerfile") or _DEFAULTS["docker"]
            return [NewFile(output, compose(made, built_from, depth=output.count("/")))]
        actions, folder = load_actions(), self.folder
        if not _PLAIN.fullmatch(folder):
            raise UsageError(
                f"a workflow cannot name the folder {one_line(folder)!r}",
                where="poetry scaffold github",
                hint="Rename it: letters, digits, . _ - and / are safe in expressions of GitHub.",
            )
        weekly = f"{output.rsplit('.', 1)[0]}-update.yml"
        checks = output.rpartition("/")[2]
        return [
            NewFile(output, workflow(made, actions, folder)),
            NewFile(weekly, update_workflow(made, actions, folder, checks)),
        ]

    def _compared(self, name: str) -> tuple[str, str]:
        """Return in a word, and in a sentence, whether a file fits the project."""
        _, text = look_at(self.home, name)
        if text is None:
            return "missing", f"is missing: write it with `{self.request.command_line}`"
        digest = re.search(rf"^# {re.escape(FITS)}([0-9a-f]{{64}})", text, re.MULTILINE)
        if digest is None:
            return "differs", "was not written by this version of `poetry scaffold`, so it cannot be compared"
        self.request = self.request.with_recorded(text, self.request.kind)
        again = f"`{self.request.command_line} --force` writes it again, --dry-run shows the difference"
        try:
            made = self._plan()
        except (UsageError, LockConflictError) as error:
            return "differs", f"does not fit the project: {error.what}. {error.hint or ''}"
        if made.digest != digest[1]:
            return "differs", f"does not fit the project any more: {again}"
        return "fits", "fits the project"

    # -- reporting -----------------------------------------------------------------------------------------

    def _try_out(self, made: ScaffoldPlan) -> None:
        """Run the steps of the workflows that need neither network nor environment, and note those that fail."""
        if self.request.kind == "docker":
            self.notes += made.warnings
        if self.request.kind != "github":
            return
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
            self.notes.append("the result of the weekly audit is not known yet: run `poetry health` once")

    def _report(self, file: NewFile) -> None:
        if file.action == "would-write":
            for line in shown(file):
                self.output.line(line)
        elif file.action == "kept":
            self.output.warning(
                f"{file.path} was not written by scaffold and stays unchanged; make sure that it excludes .git, .venv and .env"
            )
        else:
            done = {"written": "Wrote", "replaced": "Replaced", "unchanged": "Unchanged:"}[file.action]
            kept = f" (the old one is {file.kept})" if file.kept else ""
            self.output.line(f"{done} {file.path}{kept}")


def _document(
    request: ScaffoldRequest,
    files: list[NewFile],
    made: ScaffoldPlan | None = None,
    warnings: Sequence[str] = (),
    exit_code: int = 0,
) -> dict[str, object]:
    images = (
        [
            {
                "stage": image.stage,
                "variant": image.variant,
                "backend": image.backend,
                "base": _image_of(image.base, made),
                "reason": image.reason,
                "platforms": list(image.platforms),
            }
            for image in made.images
        ]
        if made
        else []
    )
    return {
        "kind": request.kind,
        "dry_run": request.dry_run,
        "python": made.versions.python if made else "",
        "images": images,
        "files": [
            {"path": file.path, "action": file.action, "kept": file.kept, "text": file.text} for file in files
        ],
        "warnings": list(warnings),
        "exit_code": exit_code,
    }


def _pinned(made: ScaffoldPlan) -> ScaffoldPlan:
    """Return the plan with every base image at the digest that its registry has now."""
    digests = {base.image: digest_of(_image_of(base, made)) for base in made.bases}
    images = tuple(
        replace(one, base=replace(one.base, image=f"{one.base.image}@{digests[one.base.image]}"))
        for one in made.images
    )
    default = next(one for one in images if one.stage == made.default.stage)
    return replace(made, images=images, default=default)


def _image_of(base: BaseImage, made: ScaffoldPlan) -> str:
    return base.image.replace("${PYTHON_VERSION}", made.versions.python)
