"""What the old files install and what the new lock installs: the old side is its pins, solved alone, or asked of pip."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from poetry_aiops.locking.api import Machines, Terms
from poetry_aiops.migrate.legacy.model import install_line
from poetry_aiops.migrate.locking import hints_from, solved_alone
from poetry_aiops.migrate.model import Place
from poetry_aiops.migrate.old_commands import knowledge_in
from poetry_aiops.migrate.pip_report import pip_installs
from poetry_aiops.migrate.planning.convert import pin_of
from poetry_aiops.migrate.planning.entry import Identity
from poetry_aiops.migrate.planning.roles import CONSTRAINTS
from poetry_aiops.migrate.request import PYPROJECT
from poetry_aiops.migrate.writing.causes import Causes, Root
from poetry_aiops.migrate.writing.generate import Layout, generate
from poetry_aiops.migrate.writing.installs import OldRequirementsFile, compare, compare_with_pip
from poetry_aiops.migrate.writing.proof import prove
from poetry_aiops.project.edit_text import toml_text
from poetry_aiops.project.lines import requirement_lines
from poetry_aiops.project.model import MAIN, Lock, Package
from poetry_aiops.project.targets import machines_for
from poetry_aiops.project.toml import parse_toml
from poetry_aiops.system.reading import read_file


if TYPE_CHECKING:
    from poetry_aiops.cli.output import Output
    from poetry_aiops.locking.api import PoetryProject, Repositories, StagedProject
    from poetry_aiops.migrate.planning.convert import OldPin
    from poetry_aiops.migrate.planning.plan import MigrationPlan
    from poetry_aiops.migrate.request import MigrationInput, MigrationRequest
    from poetry_aiops.migrate.writing.installs import InstallProof
    from poetry_aiops.migrate.writing.proof import Proof
    from poetry_aiops.project.model import Requirement
    from poetry_aiops.project.targets import Target


@dataclass
class InstallComparison:
    """``locked`` is the text of the project's poetry.lock as it is."""

    request: MigrationRequest
    project: PoetryProject
    given: MigrationInput
    output: Output
    locked: str | None
    _repositories: Repositories = field(default_factory=dict)
    """Shared by the solves of single files: they have no pins to ask for, so they all see the same versions."""

    def hints(self) -> list[OldPin]:
        """Return what the files select alone, main's first: where the new lock begins beside the old pins."""
        found: dict[str, list[OldPin]] = {}
        for old in self.old_files:
            fresh: dict[str, list[OldPin]] = {}
            for pin in hints_from(old.lock, old.file) if old.lock is not None else ():
                fresh.setdefault(pin.name, []).append(pin)
            found = {**fresh, **found}
        return [pin for pins in found.values() for pin in pins]

    def prove(self, plan: MigrationPlan, lock: Lock, staged: StagedProject) -> Proof:
        """Compare pins, constraints and installs with a lock; a variant counts only where its backend exists."""
        machines = machines_for(staged.poetry.package.python_versions)
        causes = Causes(
            replace(lock, path=self.request.root / "poetry.lock"),
            self._roots(plan),
            lambda name, version: staged.why_not_offered(name, version, _source_of(lock, name)),
            self._before,
            plan.pins,
            {
                group.name: frozenset(entry.name for entry in group.entries)
                for group in plan.edits.groups
                if group.backend is not None
            },
        )
        constraints = [
            entry for group in plan.edits.groups if group.name == CONSTRAINTS for entry in group.entries
        ]
        backends = {group.name: group.backend for group in plan.edits.groups if group.backend is not None}
        where = Machines(machines)
        installs = []
        for old in self.old_files:
            backend = next((backends[group] for group in old.groups if group in backends), None)
            names = set(where.names(where.for_backend(backend, Terms())))
            there = tuple(machine for machine in machines if machine.name in names)
            installs.append(self._compared(old, lock, there, causes))
        return prove(plan.pins, machines, causes, constraints, installs)

    @cached_property
    def old_files(self) -> tuple[OldRequirementsFile, ...]:
        """Every file that pip is given, main's first; constraints are none, nor is what a given one was compiled from."""
        known = knowledge_in(self.given)
        groups = {file.path: file.groups for file in known.files}
        files = [file for file in self.given.tree.readings if file in groups and not self._is_source(file)]
        files.sort(key=lambda file: (groups[file] != (MAIN,), file))
        found = []
        for file in files:
            words = ("--no-root",) if known.is_package else ()
            command = install_line(groups[file], known, words=words)
            found.append(self._solved(OldRequirementsFile(file, groups[file], command)))
        return tuple(found)

    def _is_source(self, file: str) -> bool:
        """Say whether pip is given what was compiled from a file instead of the file itself."""
        path = PurePosixPath(file)
        return path.suffix == ".in" and str(path.with_suffix(".txt")) in self.given.tree.readings

    def _solved(self, old: OldRequirementsFile) -> OldRequirementsFile:
        plan = self.given.alone(old.file)
        if plan.errors:
            return replace(old, failure=plan.errors[0].what)
        if self.request.prove or self._is_all(plan):
            return old
        pins = self._pins_of(old.file)
        return self._alone(old, plan) if pins is None else replace(old, lock=pins)

    def _alone(self, old: OldRequirementsFile, plan: MigrationPlan) -> OldRequirementsFile:
        self.output.note(f"solving {old.file} alone, to compare what it installs")
        lock, failure = solved_alone(self.project, self.request.root, plan, self._text_of, self._repositories)
        return replace(old, lock=lock, failure=failure)

    def _pins_of(self, file: str) -> Lock | None:
        """Return a file's pins as what it selects; None where a line of it is no pin.

        Where a lock installs just these, so does pip: they are complete and go together, or they would not be a lock.
        """
        requirements = self.given.tree.readings[file].requirements
        pins = [pin for one in requirements if (pin := pin_of(one, MAIN, None, direct=True)) is not None]
        if not pins or len(pins) < len(requirements):
            return None
        packages = tuple(
            Package(
                name=pin.name,
                pretty_name=pin.name,
                version=pin.version,
                description="",
                optional=False,
                python_versions="*",
                groups=(MAIN,),
                markers=pin.marker,
                files=(),
                edges=(),
                extras={},
                source=None,
            )
            for pin in pins
        )
        return Lock("2.1", "*", None, packages, {}, self.request.root / file)

    def _is_all(self, alone: MigrationPlan) -> bool:
        """Say whether the new lock is the solution of one file's lines already, as nothing else goes into it."""
        plan = self.given.plan
        return (
            self.locked is None
            and self.given.around.existing is None
            and alone.edits.groups == plan.edits.groups
            and alone.edits.sources == plan.edits.sources
            and all(pin.direct for pin in plan.pins)
        )

    def _text_of(self, plan: MigrationPlan) -> str:
        head = f"[tool.poetry]\npackage-mode = false\n\n[tool.poetry.dependencies]\npython = {toml_text(self.given.python)}\n"
        identity = Identity("alone", "0", self.given.python, "")
        layout = Layout(standard_main=False, standard_groups=False)
        return generate(head, plan.edits, identity, layout, self.request.root / PYPROJECT)

    def _compared(
        self, old: OldRequirementsFile, lock: Lock, machines: tuple[Target, ...], causes: Causes
    ) -> InstallProof:
        if self.request.prove:
            reported, machine = pip_installs(self.request.root, old.file, machines)
            return compare_with_pip(old, reported, machine, causes)
        if old.lock is None and not old.failure:
            old = replace(old, lock=lock)
        found = compare(old, machines, causes)
        if found.differences and self._pins_of(old.file) == old.lock:
            return compare(self._alone(old, self.given.alone(old.file)), machines, causes)
        return found

    def _roots(self, plan: MigrationPlan) -> list[Root]:
        found = [
            Root(entry.name, entry.specifier, str(place), place.file, group.name)
            for group in plan.edits.groups
            for entry in group.entries
            for place in entry.places
        ]
        existing = self.given.around.existing
        lines = requirement_lines(self._pyproject) if existing is not None else {}
        for name in existing.groups if existing is not None else ():
            found += [
                Root(one.name, one.constraint, _where(one, lines.get((name, one.name))), PYPROJECT, name)
                for one in (existing.requirements_of(name) if existing is not None else ())
            ]
        return found

    @cached_property
    def _pyproject(self) -> str:
        path = self.request.root / PYPROJECT
        return read_file(path).decode("utf-8") if path.exists() else ""

    @cached_property
    def _before(self) -> frozenset[tuple[str, str]]:
        packages = parse_toml(self.locked or "").get("package", [])
        return frozenset((str(package["name"]), str(package["version"])) for package in packages)


def _where(one: Requirement, line: int | None) -> str:
    extras = f" (extra {', '.join(one.in_extras)})" if one.in_extras else ""
    return f"{Place(PYPROJECT, line or 0)}{extras}"


def _source_of(lock: Lock, name: str) -> str | None:
    sources = [package.source for package in lock.packages if package.name == name]
    return sources[0].reference if sources and sources[0] is not None else None
