"""One run of ``poetry scaffold``: plan, write or show, and say what to do next."""

from __future__ import annotations

import difflib
import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from poetry.__version__ import __version__ as poetry_version

from poetry_aiops import __version__
from poetry_aiops.config import CONSTRAINTS, read_config
from poetry_aiops.errors import NegativeAnswerError, UsageError
from poetry_aiops.locking.api import check_declaration, variant_kind, verify_project
from poetry_aiops.project.checks import did_you_mean
from poetry_aiops.project.lockfile import locked_beside
from poetry_aiops.project.pyproject import aiops_table, load_pyproject, project_from
from poetry_aiops.scaffold.compose import compose
from poetry_aiops.scaffold.dockerfile import dockerfile
from poetry_aiops.scaffold.dockerignore import dockerignore
from poetry_aiops.scaffold.facts import load_actions, load_image_facts
from poetry_aiops.scaffold.model import NewFile
from poetry_aiops.scaffold.options import asked
from poetry_aiops.scaffold.plan import Given, plan
from poetry_aiops.scaffold.workflow import update_workflow, workflow
from poetry_aiops.system.kept_files import look_at, write_keeping


if TYPE_CHECKING:
    from collections.abc import Mapping

    from poetry_aiops.cli.output import Output
    from poetry_aiops.scaffold.model import Plan
    from poetry_aiops.scaffold.options import ScaffoldRequest
    from poetry_aiops.system.kept_files import Spot


_DEFAULTS = {"docker": "Dockerfile", "compose": "compose.yaml", "github": ".github/workflows/poetry.yml"}
_IDLE = {
    "docker": ("--dockerfile",),
    "compose": ("--base", "--command", "--python"),
    "github": ("--base", "--command", "--port", "--dockerfile"),
}
_NEXT = {
    "docker": "Build: docker build --file {file} .",
    "compose": "Start: docker compose --file {file} up --build",
    "github": "Commit them; the first push runs them.",
}


def scaffold(request: ScaffoldRequest, output: Output) -> int:
    """Return the exit code; raises errors in words."""
    return Scaffolding(request, output).run()


@dataclass
class Scaffolding:
    """The run; ``actions`` maps each file to what happened to it."""

    request: ScaffoldRequest
    output: Output
    actions: dict[str, str] = field(default_factory=dict)
    kept: dict[str, str] = field(default_factory=dict)
    _variants: list[tuple[str, str]] = field(default_factory=list)

    def run(self) -> int:
        kind = self._kind()
        path = self.request.pyproject
        root = path.parent.resolve()
        name = self._file_name(kind, root)
        made = self._plan(path)
        files = self._files(kind, made, name)
        self._write(root, files)
        self._conclude(kind, made, files, root)
        return 0

    # -- what was asked for --------------------------------------------------------------------------------

    def _kind(self) -> str:
        kind = self.request.kind
        if kind not in _DEFAULTS:
            hint = did_you_mean(kind, _DEFAULTS) or f"Choose one of {', '.join(_DEFAULTS)}."
            raise UsageError(f"{kind!r} cannot be scaffolded", where="poetry scaffold", hint=hint)
        idle = [name for name in _IDLE[kind] if name in dict(self.request.given)]
        if idle:
            raise UsageError(
                f"poetry scaffold {kind} does not take this option",
                where=", ".join(idle),
                hint="Leave it out.",
            )
        return kind

    def _file_name(self, kind: str, root: Path) -> str:
        """Return the path of the main file relative to the project, with slashes."""
        given = self.request.output
        if given is None:
            return _DEFAULTS[kind]
        target = Path(given).absolute()
        resolved = target.parent.resolve() / target.name
        if not resolved.is_relative_to(root) or resolved == root:
            raise UsageError(
                "this leads out of the project",
                where=f"--output {given}",
                hint="The files belong beside pyproject.toml or below.",
            )
        return resolved.relative_to(root).as_posix()

    # -- what it becomes -----------------------------------------------------------------------------------

    def _plan(self, path: Path) -> Plan:
        document = load_pyproject(path)
        project = project_from(document, path)
        config = read_config(aiops_table(document))
        extras = False
        lock = locked_beside(path)
        self._variants = (
            [(one.group, one.backend) for one in config.hardware.variants] if config.hardware else []
        )
        names = [group for group, _ in self._variants]
        if config.hardware:
            check_declaration(config.hardware, project)
            extras = variant_kind(config.hardware, project) == "extras"
        verify_project(lock, project, config.hardware)
        given = Given(
            project=project,
            document=document,
            lock=lock,
            config=config,
            extras=extras,
            exists=lambda name: (path.parent / name).is_file(),
            poetry=poetry_version,
            plugin=__version__,
            exported=_exports(document, path.parent),
            written_by=self._written_by(),
        )
        return plan(given, asked(self.request, names), load_image_facts())

    def _written_by(self) -> str:
        """Return the command line that writes the same again."""
        words = (word for option in self.request.given for word in option)
        return shlex.join(("poetry", "scaffold", self.request.kind, *words))

    def _files(self, kind: str, made: Plan, output: str) -> list[NewFile]:
        """Return the files, the main one first."""
        if kind == "docker":
            ignored = ".dockerignore" if output == _DEFAULTS["docker"] else f"{output}.dockerignore"
            return [NewFile(output, dockerfile(made, output)), NewFile(ignored, dockerignore(made))]
        if kind == "compose":
            built_from = self.request.dockerfile or _DEFAULTS["docker"]
            return [NewFile(output, compose(made, built_from, depth=output.count("/")))]
        actions = load_actions()
        weekly = f"{output.rsplit('.', 1)[0]}-update.yml"
        return [
            NewFile(output, workflow(made, self._variants, actions)),
            NewFile(weekly, update_workflow(made, actions)),
        ]

    # -- writing -------------------------------------------------------------------------------------------

    def _write(self, root: Path, files: list[NewFile]) -> None:
        """Write the files, or none where one of them is the user's; raises NegativeAnswerError then."""
        spots = {file.path: look_at(root, file.path) for file in files}
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

    # -- telling -------------------------------------------------------------------------------------------

    def _conclude(self, kind: str, made: Plan, files: list[NewFile], root: Path) -> None:
        if self.output.form == "json":
            self.output.document("scaffold", self._document(kind, made, files))
            return
        for file in files:
            self._tell(file, root)
        for warning in made.warnings if kind == "docker" else ():
            self.output.warning(warning)
        if not self.request.dry_run:
            self.output.line(_NEXT[kind].format(file=files[0].path))

    def _tell(self, file: NewFile, root: Path) -> None:
        action = self.actions[file.path]
        if action == "would-write":
            self._show(file, root)
        elif action == "kept":
            self.output.warning(
                f"{file.path} is yours and stays as it is; see that it leaves out .git, .venv and .env"
            )
        else:
            told = {"written": "Wrote", "replaced": "Replaced", "unchanged": "Unchanged:"}[action]
            kept = f" (the old one is {self.kept[file.path]})" if file.path in self.kept else ""
            self.output.line(f"{told} {file.path}{kept}")

    def _show(self, file: NewFile, root: Path) -> None:
        """Print a new file whole, and of one that is there the difference."""
        old = look_at(root, file.path).text
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
                    "base": image.base.image.replace("${PYTHON_VERSION}", made.versions.python),
                    "reason": image.reason,
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
            "warnings": list(made.warnings) if kind == "docker" else [],
            "exit_code": 0,
        }


def _is_ignore_file(file: NewFile) -> bool:
    return file.path.endswith(".dockerignore")


def _exports(document: Mapping[str, object], root: Path) -> bool:
    """Say whether the project keeps files of ``poetry sync-reqs``: it configures them, or they are there."""
    table = aiops_table(document)
    return (isinstance(table, dict) and "export" in table) or (root / CONSTRAINTS).is_file()
