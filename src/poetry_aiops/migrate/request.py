"""The request of ``poetry migrate-reqs``, and everything that it reads before it shows or writes anything."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from poetry_aiops.accelerators.frameworks import load_frameworks
from poetry_aiops.config import read_config
from poetry_aiops.errors import InputError, UsageError
from poetry_aiops.index.source import default_index
from poetry_aiops.migrate.old_commands import referenced_files
from poetry_aiops.migrate.planning.identity import AskedPython, identity_of
from poetry_aiops.migrate.planning.plan import MigrationContext, make_plan
from poetry_aiops.migrate.planning.python_evidence import is_python_constraint
from poetry_aiops.migrate.planning.roles import CONSTRAINTS, Role, classify
from poetry_aiops.migrate.planning.sources import PypiNames
from poetry_aiops.migrate.planning.uv_project import UvProject, is_uv_project, uv_project
from poetry_aiops.migrate.reading.conda import has_pip_section, is_environment_name
from poetry_aiops.migrate.reading.read import read_tree
from poetry_aiops.migrate.reading.setup_files import PYPROJECT, setup_metadata
from poetry_aiops.migrate.reading.text import encode
from poetry_aiops.project.constraints import allows
from poetry_aiops.project.pyproject import aiops_table, load_pyproject, project_from
from poetry_aiops.project.targets import targets
from poetry_aiops.system.reading import boundary, read_file
from poetry_aiops.system.repository_files import list_files


if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from poetry_aiops.migrate.model import Place, Problem, RequirementsFile, Tree
    from poetry_aiops.migrate.planning.convert import Pins
    from poetry_aiops.migrate.planning.identity import Identity
    from poetry_aiops.migrate.planning.plan import MigrationPlan
    from poetry_aiops.system.repository_files import RepositoryFile


_SUFFIXES = (".txt", ".in")
_WORDS = r"requirements?|reqs?|constraints?"
_FILE = re.compile(rf"^(?:.*[-_.])?(?:{_WORDS})(?:[-_.]?.*)?$", re.IGNORECASE)
_USUAL_FOLDERS = frozenset(
    {"requirements", "reqs", "config/requirements", "deps/requirements", "requirements-files", "config/reqs"}
)
_DEPENDENCIES = "config/dependencies"  # where sync-reqs writes constraints.txt
_DOCUMENTS = re.compile(r"(^|[-_.])(license|licence|readme|notice|authors|changelog)", re.IGNORECASE)


RUNNING = f"{sys.version_info.major}.{sys.version_info.minor}"
COMMAND = "poetry migrate-reqs"
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class MigrationRequest:
    """The options of a run: ``groups`` are texts ``NAME=FILE``, ``pins`` says what becomes of ``==``."""

    root: Path
    files: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    pins: Pins = "keep"
    python: str | None = None
    dry_run: bool = False
    lock: bool = True
    fix: bool = False
    force: bool = False
    rewrite: bool = False
    prove: bool = False

    def __post_init__(self) -> None:
        """Raise UsageError for options that cannot be read."""
        if self.pins not in {"keep", "relax", "caret"}:
            raise UsageError(
                f"{self.pins!r} is neither keep nor relax nor caret",
                where="--pins",
                hint="keep leaves == in pyproject.toml; relax writes >= there, caret the range of ^; the lock keeps the version.",
            )
        if self.python is not None and not is_python_constraint(self.python):
            raise UsageError(
                f"{self.python!r} is not a range of Python versions",
                where="--python",
                hint='Write for example ">=3.11,<3.14".',
            )


@dataclass(frozen=True)
class MigrationInput:
    """What was read and planned; ``fixed`` are the new contents of repaired requirements files."""

    tree: Tree
    plan: MigrationPlan
    identity: Identity
    document: Mapping[str, Any]
    fixed: Mapping[str, bytes]
    listing: tuple[RepositoryFile, ...]
    notes: tuple[str, ...]
    around: MigrationContext
    python: str
    """The Python versions to lock for, as Poetry or PEP 440 writes them."""
    uv: UvProject | None = None
    """What a uv project says beside the standard tables."""


@dataclass
class RequestReading:
    """Reads what a request requires; raises UsageError and InputError."""

    request: MigrationRequest
    fitting: tuple[str, str] | None = None
    """The Python versions that the indexes have files for and why, where nothing else says which."""
    notes: list[str] = field(default_factory=list)

    def read(self) -> MigrationInput:
        """Read the files and make the plan; nothing is shown or written."""
        files = self._files()
        tree = read_tree(files, self._folder)
        fixed: dict[str, bytes] = {}
        if self.request.fix and tree.errors:
            data = {path: repaired(file, tree.problems) for path, file in tree.files.items()}
            fixed = {path: new for path, new in data.items() if new != tree.files[path].data}
            tree = read_tree(files, ProjectFolder(self.root, fixed))
        document = self._document
        existing = project_from(document, self.root / PYPROJECT) if document else None
        setup = setup_metadata(ProjectFolder(self.root, fixed))
        python = AskedPython(RUNNING, self.request.python, self.fitting)
        identity = identity_of(self.root.name, setup, self._folder, tree, python)
        hardware = read_config(aiops_table(document)).hardware
        stays = existing is not None and existing.python != "*" and not identity.python_asked
        requires = existing.python if existing and stays else identity.requires_python
        address = default_index()
        secure = frozenset({address, f"{address}/simple"})
        around = MigrationContext(
            default=PypiNames(secure | {url.replace("https:", "http:") for url in secure}),
            targets=targets(lambda version: allows(requires, version)),
            existing=existing,
            torch_index=load_frameworks().torch_index,
            setup=setup,
            variants=frozenset(variant.group for variant in hardware.variants) if hardware else frozenset(),
        )
        roles = classify(tree, self._chosen)
        for file, (place, is_constraint) in self._referenced.items():
            if is_constraint and file in roles and not roles[file].chosen:
                reason = f"{place} names it with -c"
                roles[file] = Role(file, "constraints", CONSTRAINTS, reason, optional=True)
        plan = make_plan(tree, roles, around, self.request.pins)
        uv = None
        if self._is_uv_project:
            there = existing.sources if existing is not None else ()
            uv = uv_project(document, self._folder, around.default, there)
            plan = uv.joined(plan)
        if setup.computed and (setup.source not in {None, PYPROJECT} or plan.is_package):
            computed = ", ".join(setup.computed)
            self.notes.append(f"{setup.source} computes {computed}: check these in pyproject.toml")
        return MigrationInput(
            tree, plan, identity, document, fixed, self._listing, tuple(self.notes), around, requires, uv
        )

    @property
    def root(self) -> Path:
        return self.request.root

    @cached_property
    def _folder(self) -> ProjectFolder:
        return ProjectFolder(self.root, {})

    @cached_property
    def _listing(self) -> tuple[RepositoryFile, ...]:
        return list_files(self.root)

    @cached_property
    def _document(self) -> Mapping[str, Any]:
        path = self.root / PYPROJECT
        return load_pyproject(path) if path.is_file() else {}

    @cached_property
    def _is_uv_project(self) -> bool:
        return is_uv_project(self._document, self._folder)

    @cached_property
    def _referenced(self) -> dict[str, tuple[Place, bool]]:
        """The files that Dockerfiles, workflows and scripts install from or constrain with, where none is named."""
        return {} if self.request.files else referenced_files(self.root, self._listing)

    @cached_property
    def _chosen(self) -> dict[str, str]:
        """The names of groups by the files that the user chose for them."""
        chosen = {}
        for given in self.request.groups:
            name, equals, file = given.partition("=")
            if not (name and equals and file):
                raise UsageError(
                    f"{given!r} is not NAME=FILE", where="--group", hint="For example --group dev=tools.txt."
                )
            chosen[self._relative(file, "--group")] = name
        return chosen

    # -- which files -----------------------------------------------------------------------------------------

    def _relative(self, file: str, where: str) -> str:
        """Return a file that the user named as a path of the project; raises UsageError for one outside."""
        path = Path(file).parent.resolve() / Path(file).name
        if not path.is_relative_to(self.root):
            inside = self.root / file
            raise UsageError(
                f"{file} is outside the project {self.root}",
                where=where,
                hint=f"Paths are relative to the working directory: write {os.path.relpath(inside)}."
                if ".." not in Path(file).parts and inside.exists()
                else "Migrate it in its own folder, or copy it into the project.",
            )
        named = path.relative_to(self.root).as_posix()
        if path.is_symlink() and path.is_file() and self._folder.read(named) is None:
            raise UsageError(
                f"{file} is a link that leads outside the project {self.root}",
                where=where,
                hint="Copy the file into the project: only links to files beside the project are followed.",
            )
        if not path.is_file():
            names = sorted(entry.name for entry in path.parent.iterdir()) if path.parent.is_dir() else []
            close = get_close_matches(path.name, names, n=1)
            hint = f"Did you mean {os.path.relpath(path.parent / close[0])}?" if close else "Check the path."
            raise InputError("there is no such file", where=file, hint=hint)
        return named

    def _files(self) -> tuple[str, ...]:
        named = [self._relative(file, "FILES") for file in self.request.files]
        chosen = [file for file in self._chosen if file not in named]
        if named:
            return tuple(dict.fromkeys([*named, *chosen]))
        found = discover(file.path for file in self._listing)
        files = [*found.files, *(file for file in self._referenced if file not in found.files)]
        elsewhere = [file for file in found.elsewhere if file not in files]
        files = self._with_environments(files)
        unlisted = self._unlisted()
        if not (files or chosen or unlisted or self._is_uv_project):
            more = f" In other folders there are {', '.join(elsewhere[:_SHOWN])}." if elsewhere else ""
            hint = f"Name them: `{COMMAND} FILE...`.{more}"
            if any(file.path == "Pipfile" for file in self._listing):
                hint = "`pipenv requirements > requirements.txt` writes what Pipfile.lock holds; then run this again."
            raise UsageError(f"there are no requirements files in {self.root}", where=COMMAND, hint=hint)
        linked = [
            file
            for file in unlisted
            if (self.root / file).is_symlink() and self._folder.read(file) is not None
        ]
        hidden = [file for file in unlisted if file not in {*chosen, *linked}]
        if hidden:
            left = f"left alone, as git ignores them or they lead out of the project: {', '.join(hidden)}"
            if not (files or linked or chosen):
                raise UsageError(
                    left,
                    where=COMMAND,
                    hint=f"Replace it with a file of the project, or name it: `{COMMAND} {hidden[0]}`.",
                )
            self.notes.append(left)
        if elsewhere:
            rest = ", ".join(elsewhere[:_SHOWN]) + (" ..." if len(elsewhere) > _SHOWN else "")
            self.notes.append(f"left alone, as they are not at the usual places: {rest}")
        return tuple(dict.fromkeys([*files, *linked, *chosen]))

    def _with_environments(self, files: list[str]) -> list[str]:
        """Return the files, or the conda files that ask pip for something where there is no other file."""
        environments = [
            file.path
            for file in self._listing
            if is_environment_name(file.path) and has_pip_section(self._folder.read(file.path) or b"")
        ]
        if files and environments:
            self.notes.append(
                f"left alone, as there are requirements files: the pip section of {', '.join(environments)};"
                f" to take it as well, name all the files: `{COMMAND} FILE...`"
            )
        return files or environments

    def _unlisted(self) -> tuple[str, ...]:
        """Return files at the usual places that the listing leaves out, so that none is passed over in silence."""
        listed = {file.path for file in self._listing}
        folders = {self.root, *(self.root / folder for folder in _USUAL_FOLDERS)}
        there = {
            entry.relative_to(self.root).as_posix()
            for folder in folders
            if folder.is_dir()
            for entry in folder.iterdir()
        }
        return discover(path for path in there - listed if not (self.root / path).is_dir()).files


def repaired(file: RequirementsFile, problems: Iterable[Problem]) -> bytes:
    """Return a file's bytes with every fixable error replaced; encoding, byte order mark and line ends stay."""
    fixes = {
        problem.place.line: (problem.fixed, problem.last)
        for problem in problems
        if problem.severity == "error" and problem.fixed is not None and problem.place.file == file.path
    }
    text = ""
    skipped_until = 0
    for line in file.lines:
        if line.number <= skipped_until:
            continue
        fix = next((fixes[number] for number in range(line.number, line.last + 1) if number in fixes), None)
        if fix is None:
            text += line.raw
            continue
        fixed, last = fix
        skipped_until = last or line.last
        if fixed:
            text += fixed.replace("\n", file.newline) + line.raw[len(line.raw.rstrip("\r\n")) :]
    return encode(file, text) if fixes else file.data


@dataclass(frozen=True, slots=True)
class Discovery:
    """``files`` are taken, ``elsewhere`` look like requirements files of other places of the repository."""

    files: tuple[str, ...]
    elsewhere: tuple[str, ...]


def discover(paths: Iterable[str]) -> Discovery:
    """Sort the files of a repository (POSIX paths relative to the project) into taken ones and the rest.

    Taken are ``requirements*.txt``, ``*-requirements.txt`` and ``constraints*.txt`` of the project's folder, their
    ``.in`` forms, and every ``.txt`` and ``.in`` in a folder that is named for requirements.
    """
    taken, elsewhere = [], []
    # shared files first: short names before long ones, folders after the project's own
    for path in sorted(paths, key=lambda path: (path.count("/"), len(PurePosixPath(path).stem), path)):
        pure = PurePosixPath(path)
        if pure.suffix.lower() not in _SUFFIXES or _DOCUMENTS.search(pure.stem):
            continue
        folder = str(pure.parent)
        named = _FILE.match(pure.stem) is not None
        if (named and folder.lower() in {".", _DEPENDENCIES}) or folder.lower() in _USUAL_FOLDERS:
            taken.append(path)
        elif named or pure.parent.name.lower() in {"requirements", "reqs"}:
            elsewhere.append(path)
    return Discovery(tuple(taken), tuple(elsewhere))


@dataclass(frozen=True)
class ProjectFolder:
    """Reads files by POSIX paths relative to the project; ``replaced`` are contents that are not on the disk yet."""

    root: Path
    replaced: Mapping[str, bytes]

    def read(self, path: str) -> bytes | None:
        """Return a file's bytes; None for no file, for one outside of the repository and for huge ones."""
        if path in self.replaced:
            return self.replaced[path]
        try:
            linked = PurePosixPath(path).suffix in _SUFFIXES and (self.root / path).is_symlink()
            return read_file(self.root / path, within=self._shared if linked else self.root)
        except (OSError, ValueError):
            return None

    def is_folder(self, path: str) -> bool:
        """Say whether a folder is there."""
        found = self._inside(path)
        return found is not None and found.is_dir()

    def names(self, path: str) -> Sequence[str]:
        """Return the names in a folder, sorted."""
        found = self._inside(path)
        try:
            return sorted(entry.name for entry in found.iterdir()) if found is not None else []
        except OSError:
            return []

    def _inside(self, path: str) -> Path | None:
        try:
            found = (self.root / path).resolve()
        except (OSError, ValueError, RuntimeError):
            return None
        return found if found.is_relative_to(self._boundary) else None

    @cached_property
    def _shared(self) -> Path:
        """The folder that a linked requirements file may lead to: what is beside the project, but no home folder."""
        beside, home = self.root.parent, Path("~").expanduser().resolve()
        return self.root if home.is_relative_to(beside) else beside

    @cached_property
    def _boundary(self) -> str:
        """The repository that the project is in, else the project itself."""
        return boundary(self.root)
