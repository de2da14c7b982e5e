"""From what was read to what will be written: groups, sources, settings, pins, and the account of every line."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from poetry_aiops.migrate.model import Place, Problem
from poetry_aiops.migrate.planning.convert import caret, entry_of, entry_of_text, is_only_via, pin_of
from poetry_aiops.migrate.planning.entry import Edits, PlannedGroup
from poetry_aiops.migrate.planning.existing import place_of, settle_existing, with_declared
from poetry_aiops.migrate.planning.ledger import Ledger
from poetry_aiops.migrate.planning.merge import about_python, conflicts_between, holds, merged
from poetry_aiops.migrate.planning.owners import owners
from poetry_aiops.migrate.planning.roles import CONSTRAINTS, PRODUCTION, tags_of
from poetry_aiops.migrate.planning.settings import SETTINGS_OPTIONS, settings_of
from poetry_aiops.migrate.planning.sources import INDEX_OPTIONS, VARIABLE, Sources
from poetry_aiops.migrate.planning.variants import settle_variants
from poetry_aiops.migrate.reading.setup_files import NO_SETUP
from poetry_aiops.project.constraints import all_of
from poetry_aiops.project.model import MAIN
from poetry_aiops.system.addresses import redact


if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from poetry_aiops.migrate.model import Line, Option, ReadRequirement, Tree
    from poetry_aiops.migrate.planning.convert import OldPin, Pins
    from poetry_aiops.migrate.planning.entry import PlannedEntry
    from poetry_aiops.migrate.planning.ledger import LineOutcome, Outcome
    from poetry_aiops.migrate.planning.owners import Owners
    from poetry_aiops.migrate.planning.roles import Role
    from poetry_aiops.migrate.planning.sources import Credentials, PypiNames
    from poetry_aiops.migrate.reading.setup_files import SetupMetadata
    from poetry_aiops.project.model import Project
    from poetry_aiops.project.targets import Target


@dataclass(frozen=True, slots=True)
class MigrationContext:
    """What a plan has to know beside the files.

    ``existing`` is the project's pyproject.toml where it has one, ``variants`` the groups that it declares as such.
    """

    default: PypiNames
    targets: Sequence[Target]
    existing: Project | None = None
    torch_index: str | None = None
    setup: SetupMetadata = NO_SETUP
    variants: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class MigrationPlan:
    """The whole migration; nothing may be written while ``errors`` is not empty."""

    roles: Mapping[str, Role]
    edits: Edits
    pins: tuple[OldPin, ...]
    requirements: tuple[tuple[ReadRequirement, str], ...]
    constraints: tuple[tuple[ReadRequirement, str], ...]
    outcomes: tuple[LineOutcome, ...]
    problems: tuple[Problem, ...]
    credentials: tuple[Credentials, ...]
    is_package: bool

    @property
    def errors(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.problems if problem.severity == "error")

    @property
    def constrained(self) -> frozenset[str]:
        """The packages that constraints are on."""
        return frozenset(entry.name for group in self._constraints() for entry in group.entries)

    @property
    def constrained_directly(self) -> frozenset[str]:
        """The packages that constraints are on and that a requirement requires."""
        asked = {one.name for one, group in self.requirements if group != CONSTRAINTS}
        return self.constrained & asked

    def binding(self, names: AbstractSet[str]) -> MigrationPlan:
        """Return the plan with the constraints on these packages; the others bind nothing and are not written."""
        groups = []
        for group in self.edits.groups:
            if group.name != CONSTRAINTS:
                groups.append(group)
            elif kept := tuple(entry for entry in group.entries if entry.name in names):
                groups.append(replace(group, entries=kept))
        idle = {
            (place.file, place.line)
            for group in self._constraints()
            for entry in group.entries
            if entry.name not in names
            for place in entry.places
        }
        outcomes = tuple(
            replace(one, outcome="noted", to="", message="nothing that is locked needs the package")
            if (one.file, one.line) in idle
            else one
            for one in self.outcomes
        )
        return replace(self, edits=replace(self.edits, groups=tuple(groups)), outcomes=outcomes)

    def with_entries(self, more: Mapping[str, tuple[PlannedEntry, ...]]) -> MigrationPlan:
        """Return the plan with more entries in these groups."""
        groups = tuple(
            replace(group, entries=(*group.entries, *more.get(group.name, ()))) for group in self.edits.groups
        )
        return replace(self, edits=replace(self.edits, groups=groups))

    def _constraints(self) -> list[PlannedGroup]:
        return [group for group in self.edits.groups if group.name == CONSTRAINTS]


def make_plan(
    tree: Tree, roles: Mapping[str, Role], around: MigrationContext, pins: Pins = "keep"
) -> MigrationPlan:
    """Return the plan for a tree whose given files have these roles."""
    return _MigrationPlanner(tree, owners(tree, roles), around, pins).plan()


class _MigrationPlanner:
    def __init__(self, tree: Tree, owned: Owners, around: MigrationContext, pins: Pins) -> None:
        self.tree = tree
        self.owned = owned
        self.around = around
        self.pins_mode = pins
        self.problems = list(tree.problems)
        self.ledger = Ledger(tree)
        self.refused = self.ledger.refused(tree.errors)
        existing = around.existing.sources if around.existing else ()
        self.sources = Sources(around.default, existing, around.torch_index)
        self.entries: dict[str, list[PlannedEntry]] = {MAIN: []}
        self.pins: list[OldPin] = []
        self.is_package = False
        self.alive = {"": True}

    def plan(self) -> MigrationPlan:
        for file, role in self.owned.roles.items():
            for line in self.tree.files[file].lines if file in self.tree.files else ():
                if line.requirement is not None and (file, line.number) not in self.refused:
                    self._requirement(line.requirement, line, role)
        mains = [file for file, role in self.owned.roles.items() if role.kind in {"main", "seed"}]
        apart = self.sources.settle(self.tree.readings, mains)
        self._name_index_of(apart)
        groups = self._groups()
        settings = settings_of(self.tree)
        self._say_options(frozenset(setting.key for setting in settings))
        self.problems.extend(self.sources.problems)
        edits = Edits(
            groups=tuple(groups.values()),
            sources=self.sources.written(),
            settings=settings,
            extras=tuple(
                (name, tuple(entry.as_pep508() for entry in self._entries_of(texts)))
                for name, texts in self.around.setup.extras
            ),
            production=tuple(name for name in groups if name in PRODUCTION),
        )
        problems = tuple(dict.fromkeys(self.problems))
        return MigrationPlan(
            roles=_settled_roles(self.owned.roles, groups),
            edits=edits,
            pins=tuple(dict.fromkeys(self.pins)),
            requirements=self._read(constraints=False),
            constraints=self._read(constraints=True),
            outcomes=self.ledger.outcomes(problem for problem in problems if problem.severity == "error"),
            problems=problems,
            credentials=tuple(self.sources.credentials.values()),
            is_package=self.is_package,
        )

    # -- one file ----------------------------------------------------------------------------------------

    def _requirement(self, requirement: ReadRequirement, line: Line, role: Role) -> None:
        place = requirement.place
        if requirement.origin == "project":
            self.is_package = True
            extras = f" with the extras {', '.join(requirement.extras)}" if requirement.extras else ""
            message = f"`poetry install` installs the project itself{extras}"
            self.ledger.say(place.file, line.number, "noted", message=message)
            return
        reading = self.tree.readings[self.owned.readers[role.file]]
        source = self.sources.attribute(requirement, reading)
        added = requirement.origin == "index" and is_only_via(requirement)
        compiled = role.kind == "seed" or added
        pin = pin_of(requirement, role.group, source, direct=not compiled)
        if pin is not None:
            self.pins.append(replace(pin, marker=all_of(pin.marker, role.marker)) if role.marker else pin)
        if compiled:
            message = role.reason if role.kind == "seed" else "only other packages require it"
            self.ledger.say(place.file, line.number, "seed", "poetry.lock", message)
            return
        prereleases = any(option.name == "pre" for option in reading.options)
        entry = entry_of(requirement, line, source=source, prereleases=prereleases)
        if role.marker:
            entry = replace(entry, marker=all_of(entry.marker, role.marker))
        self._note_dead_marker(entry)
        self._refuse_variables(entry)
        self.entries.setdefault(role.group, []).append(entry)

    def _refuse_variables(self, entry: PlannedEntry) -> None:
        found = VARIABLE.search(f"{entry.url} {entry.revision} {entry.subdirectory} {entry.path}")
        if found is not None:
            what = f"the address of {entry.name} holds the variable {found[0]}"
            why = "pip expands it at run time, Poetry does not."
            self.problems.append(Problem("error", entry.places[0], what, why, "Write its value instead."))

    def _note_dead_marker(self, entry: PlannedEntry) -> None:
        if entry.marker not in self.alive:
            anywhere = about_python(entry.marker)
            self.alive[entry.marker] = any(holds(anywhere, target) for target in self.around.targets)
        if not self.alive[entry.marker]:
            what = f"no Python of this project meets the marker of {entry.name}"
            why = f"`{entry.marker}` is never true here; the line is kept."
            self.problems.append(Problem("note", entry.places[0], what, why))

    def _name_index_of(self, apart: Sequence[str]) -> None:
        """Give the requirements of files with a default index of their own that index as their source."""
        for entry in apart:
            for option in self.tree.readings[entry].options:
                index = self.sources.index(option) if option.name in {"index-url", "pypi-url"} else None
                if index is None:
                    continue
                self.sources.priorities.setdefault(index.name, "explicit")
                group = self.owned.roles[entry].group
                self.entries[group] = [
                    replace(one, source=one.source or (None if one.is_direct else index.name))
                    if any(place.file == entry for place in one.places)
                    else one
                    for one in self.entries.get(group, [])
                ]

    # -- all files ---------------------------------------------------------------------------------------

    def _groups(self) -> dict[str, PlannedGroup]:
        by_group = {
            role.group: role for role in reversed(list(self.owned.roles.values())) if role.kind != "seed"
        }
        groups = {MAIN: PlannedGroup(MAIN)}
        for role in self.owned.roles.values():
            if role.kind == "seed" or (role.group in groups and role.group != MAIN):
                continue
            wanted: Sequence[PlannedEntry] = self.entries.get(role.group, ())
            setup = self.around.setup
            if role.group == MAIN and setup.source is not None:
                wanted = with_declared(wanted, self._entries_of(setup.requires), setup.source, self.ledger)
            entries = merged(wanted, self.around.targets, self.problems)
            first = by_group[role.group]
            groups[role.group] = PlannedGroup(
                role.group,
                entries,
                optional=first.optional,
                includes=self.owned.includes.get(role.group, ()),
                backend=first.backend,
            )
        tags = [
            tag
            for file, role in self.owned.roles.items()
            if role.kind == "main" and file in self.tree.readings
            for tag in tags_of(self.tree.readings[file], self.tree)
        ]
        groups = settle_variants(
            groups, next(iter(tags), None), self.around.targets, self.problems, self.around.variants
        )
        shared = [group for group in groups.values() if group.backend is None and group.name != CONSTRAINTS]
        self.problems.extend(conflicts_between(shared, self.around.targets))
        if self.around.existing is not None:
            groups = settle_existing(
                groups, self.around.existing, self.around.targets, self.ledger, self.problems
            )
        self._say_groups(groups)
        if self.pins_mode != "keep":
            groups = {name: _relaxed(group, self.pins_mode) for name, group in groups.items()}
        return {name: group for name, group in groups.items() if name == MAIN or _is_needed(group, groups)}

    def _entries_of(self, texts: Sequence[str]) -> list[PlannedEntry]:
        """Return the requirements of the project's own files, and report those that are none."""
        place = Place(str(self.around.setup.source))
        found = []
        for text in texts:
            entry = entry_of_text(text, place)
            if entry is not None:
                found.append(entry)
                continue
            what = f"{redact(text)} is not a requirement"
            step = "Add it to pyproject.toml by hand."
            self.problems.append(Problem("warning", place, what, "It is left out.", step))
        return found

    # -- output -----------------------------------------------------------------------------------------

    def _say_groups(self, groups: Mapping[str, PlannedGroup]) -> None:
        for group in groups.values():
            for entry in group.entries:
                for place in entry.places:
                    self.ledger.say(place.file, place.line, "migrated", place_of(group, self.around.existing))
        for role in self.owned.roles.values():
            for line in self.tree.files[role.file].lines if role.file in self.tree.files else ():
                if line.kind == "requirement":
                    self.ledger.say_if_silent(
                        role.file, line.number, "migrated", "other lines require the same"
                    )

    def _say_options(self, settings: AbstractSet[str]) -> None:
        for file in self.tree.files.values():
            for line in file.lines:
                for option in line.options if line.kind == "option" else ():
                    if option.name in INDEX_OPTIONS:
                        outcome = self._outcome_of_index(option)
                    else:
                        becomes = SETTINGS_OPTIONS.get(option.name, "")
                        if option.name != "pre" and becomes.rpartition(" ")[2] not in settings:
                            continue
                        outcome = ("configured", becomes, "")
                    self.ledger.say(file.path, line.number, *outcome)

    def _outcome_of_index(self, option: Option) -> tuple[Outcome, str, str]:
        index = self.sources.index(option)
        if index is not None and index.name in self.sources.priorities:
            return "configured", f"[[tool.poetry.source]] {index.name}", ""
        if not str(option.value).lower().startswith(("http:", "https:")):
            return "noted", "", "a local folder of files, which Poetry has no source for"
        if index is not None:
            return "noted", "", "no package is taken from it"
        return "noted", "", "the default index, which Poetry asks anyway"

    def _read(self, *, constraints: bool) -> tuple[tuple[ReadRequirement, str], ...]:
        """Return every requirement line once, with its group, as pip reads the given files."""
        readings = self.tree.readings.values()
        lines = [one for each in readings for one in (each.constraints if constraints else each.requirements)]
        roles = self.owned.roles
        return tuple(
            (one, roles[one.place.file].group if one.place.file in roles else CONSTRAINTS)
            for one in {id(one): one for one in lines}.values()
        )


def _settled_roles(roles: Mapping[str, Role], groups: Mapping[str, PlannedGroup]) -> dict[str, Role]:
    """Return the roles with a file that is no variant after all as what it became."""
    return {
        file: replace(
            role,
            kind="group",
            backend=None,
            reason=f"{role.reason}; a variant needs another beside it, so it is an optional group",
        )
        if role.kind == "variant" and (role.group not in groups or groups[role.group].backend is None)
        else role
        for file, role in roles.items()
    }


def _relaxed(group: PlannedGroup, pins: Pins) -> PlannedGroup:
    entries = [
        replace(entry, specifier=entry.relaxed if pins == "relax" else caret(entry.specifier))
        for entry in group.entries
    ]
    return replace(group, entries=tuple(entries))


def _is_needed(group: PlannedGroup, groups: Mapping[str, PlannedGroup]) -> bool:
    """Leave out a group that would be empty and that nothing includes; a variant stays, empty or not."""
    included = {name for other in groups.values() for name in other.includes}
    return (
        bool(group.entries or group.includes or group.required)
        or group.backend is not None
        or group.name in included
    )
