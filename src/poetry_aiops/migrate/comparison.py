"""What the old files install and what the new lock installs: metadata says what the lines select, or pip itself."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import TYPE_CHECKING

from poetry_aiops.locking.api import Machines, Terms
from poetry_aiops.migrate.legacy.model import install_files
from poetry_aiops.migrate.model import Place
from poetry_aiops.migrate.old_commands import knowledge_in
from poetry_aiops.migrate.pip_report import pip_installs
from poetry_aiops.migrate.planning.convert import OldPin, entry_of_text
from poetry_aiops.migrate.planning.merge import holds
from poetry_aiops.migrate.planning.roles import CONSTRAINTS
from poetry_aiops.migrate.reading.setup_files import PYPROJECT
from poetry_aiops.migrate.request import RUNNING
from poetry_aiops.migrate.writing.causes import Causes, Root, is_allowed
from poetry_aiops.migrate.writing.evaluation import LineEvaluation
from poetry_aiops.migrate.writing.installs import (
    OldRequirementsFile,
    compare_with_pip,
    evaluated,
    wanted_versions,
)
from poetry_aiops.migrate.writing.proof import prove
from poetry_aiops.migrate.writing.pythons import narrowed
from poetry_aiops.project.checks import normalised
from poetry_aiops.project.lines import requirement_lines
from poetry_aiops.project.model import MAIN, Lock, LockedDependency
from poetry_aiops.project.targets import machines_for
from poetry_aiops.project.toml import parse_toml
from poetry_aiops.system.reading import read_file


if TYPE_CHECKING:
    from collections.abc import Iterator

    from poetry_aiops.locking.api import StagedProject
    from poetry_aiops.migrate.model import ReadRequirement
    from poetry_aiops.migrate.planning.plan import MigrationPlan
    from poetry_aiops.migrate.request import MigrationInput, MigrationRequest
    from poetry_aiops.migrate.writing.proof import Proof


@dataclass
class InstallComparison:
    """``locked`` is the text of the project's poetry.lock as it is."""

    request: MigrationRequest
    given: MigrationInput
    locked: str | None
    hints: tuple[OldPin, ...] = ()
    """Where a lock has to begin for each file to get what it selects alone, main's first; empty where it did."""
    fitting: tuple[str, str] | None = None
    """The part of the project's Python for which the lock could have what is selected on this one, and why."""

    def prove(self, plan: MigrationPlan, lock: Lock, staged: StagedProject) -> Proof:
        """Compare pins, constraints and installs with a lock; a variant counts only where its backend exists."""
        machines = machines_for(staged.poetry.package.python_versions)
        variants = [group for group in plan.edits.groups if group.backend is not None]
        causes = Causes(
            replace(lock, path=self.request.root / "poetry.lock"),
            self._roots(plan),
            lambda name, version: staged.why_not_offered(name, version, _source_of(lock, name)),
            frozenset(
                (str(package["name"]), str(package["version"]))
                for package in parse_toml(self.locked or "").get("package", [])
            ),
            plan.pins,
            {group.name: frozenset(entry.name for entry in group.entries) for group in variants},
        )
        constraints = [
            entry for group in plan.edits.groups if group.name == CONSTRAINTS for entry in group.entries
        ]
        backends = {group.name: group.backend for group in variants}
        offered = cache(lambda name, constraint: staged.offered(name, constraint, _source_of(lock, name)))
        where = Machines(machines)
        installs, evaluations = [], []
        wanted: dict[str, str] = {}
        lost = False
        for old in self.old_files:
            backend = next((backends[group] for group in old.groups if group in backends), None)
            names = set(where.names(where.for_backend(backend, Terms())))
            there = tuple(
                one
                for one in machines
                if one.name in names and holds(self.given.plan.roles[old.file].marker, one)
            )
            if not there:
                continue
            evaluation = LineEvaluation(
                lock, old.groups, old.lines, old.constraints, there, offered, old.extras
            )
            evaluations.append(evaluation)
            if self.request.prove:
                selection, machine = pip_installs(self.request.root, old.file, there)
                is_met = evaluation.is_met
                installs.append(compare_with_pip(old, selection, machine, causes, is_met=is_met))
            else:
                installs.append(evaluated(old, evaluation, causes))
            own = wanted_versions(installs[-1], evaluation)
            wanted |= {name: version for name, version in own.items() if name not in wanted}
            lost = (
                lost
                or bool(evaluation.doubled())
                or any(
                    edge.name in own
                    and package.name not in wanted
                    and not is_allowed(edge.constraint, own[edge.name])
                    for package in lock.packages
                    for edge in package.edges
                )
            )
        pythons = {
            one.python: f"{one.name} {one.version} is for Python {one.python}"
            for evaluation in evaluations
            for one in evaluation.newer
            if one.python and any(where.endswith(f"py{RUNNING}") for where in evaluation.names(one.where))
        }
        python = narrowed(lock.python_versions, pythons) if pythons else None
        self.fitting = (python, "; ".join(pythons.values())) if python else None
        place = Place(PYPROJECT)
        self.hints = tuple(
            OldPin(name, version, MAIN, place, source=_source_of(lock, name), direct=False)
            for name, version in (wanted.items() if lost else ())
        )
        return prove(plan.pins, machines, causes, constraints, installs)

    @cached_property
    def old_files(self) -> tuple[OldRequirementsFile, ...]:
        """Every file that pip is given, main's first; constraints are none, nor is what a given one was compiled from."""
        known = knowledge_in(self.given)
        groups = known.files
        readings = self.given.tree.readings

        def is_compiled(file: str) -> bool:
            """Say whether pip is given what was compiled from a file instead of the file itself."""
            return file.endswith(".in") and f"{file.removesuffix('.in')}.txt" in readings

        files = [file for file in readings if file in groups and not is_compiled(file)]
        files.sort(key=lambda file: (groups[file] != (MAIN,), file))
        found = []
        for file in files:
            reading = readings[file]
            own = self._own_edges(known.extras[file]) if file in known.extras else ()
            lines = (_edge(one) for one in reading.requirements if one.origin != "project")
            found.append(
                OldRequirementsFile(
                    file,
                    groups[file],
                    install_files([file], known),
                    (*lines, *own),
                    tuple(_edge(one) for one in reading.constraints),
                    frozenset(known.extras.get(file, ())),
                )
            )
        return tuple(found)

    def _own_edges(self, extras: tuple[str, ...]) -> Iterator[LockedDependency]:
        """Give what the project itself required before the migration, with these extras of its own."""
        setup, existing = self.given.around.setup, self.given.around.existing
        rows = [
            (
                set(one.in_extras),
                LockedDependency(one.name, one.constraint, one.extras, one.marker, optional=False),
            )
            for one in (existing.requirements_of(MAIN) if existing is not None else ())
        ]
        place = Place(str(setup.source))
        texts = [("", setup.requires), *((normalised(name), texts) for name, texts in setup.extras)]
        for extra, text in ((extra, text) for extra, several in texts for text in several):
            entry = entry_of_text(text, place)
            if entry is not None:
                needs = LockedDependency(
                    entry.name, entry.specifier or "*", entry.extras, entry.marker, optional=False
                )
                rows.append(({extra} - {""}, needs))
        project, wanted, todo = normalised(self.given.identity.name), set(extras), set(extras)
        while todo:  # app[all] may be made of app[web,store]
            own = {
                one for names, needs in rows if needs.name == project and names & todo for one in needs.extras
            }
            todo = {normalised(one) for one in own} - wanted
            wanted |= todo
        for names, needs in rows:
            if needs.name != project and (not names or names & wanted):
                yield needs

    def _roots(self, plan: MigrationPlan) -> list[Root]:
        found = [
            Root(entry.name, entry.specifier, str(place), place.file, group.name)
            for group in plan.edits.groups
            for entry in group.entries
            for place in entry.places
        ]
        existing, path = self.given.around.existing, self.request.root / PYPROJECT
        if existing is None:
            return found
        lines = requirement_lines(read_file(path).decode("utf-8") if path.exists() else "")
        for group in existing.groups:
            for one in existing.requirements_of(group):
                extras = f" (extra {', '.join(one.in_extras)})" if one.in_extras else ""
                where = f"{Place(PYPROJECT, lines.get((group, one.name), 0))}{extras}"
                found.append(Root(one.name, one.constraint, where, PYPROJECT, group))
        return found


def _edge(one: ReadRequirement) -> LockedDependency:
    """Return a line in the form of a locked package's requirement."""
    return LockedDependency(one.name, one.specifier or "*", one.extras, one.marker, optional=False)


def _source_of(lock: Lock, name: str) -> str | None:
    sources = [package.source for package in lock.packages if package.name == name]
    return sources[0].reference if sources and sources[0] is not None else None
