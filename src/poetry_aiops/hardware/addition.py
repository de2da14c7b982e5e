"""From packages and backends to the changes of one pyproject.toml: which group, which build, from which source."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from poetry_aiops.accelerators.families import load_families
from poetry_aiops.errors import UsageError
from poetry_aiops.hardware.asked import (
    RequestedPackage,
    asked_packages,
    asked_targets,
    same_constraint,
    without_tags,
)
from poetry_aiops.hardware.index_sources import IndexSources
from poetry_aiops.hardware.recipes import Recipe, RecipeRequest
from poetry_aiops.project.checks import Checker, normalised
from poetry_aiops.project.edit import GroupEdit, ProjectEdit
from poetry_aiops.project.edit_text import NewRequirement


if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from poetry_aiops.config import Variant
    from poetry_aiops.hardware.recipes import Recipes
    from poetry_aiops.project.model import Project, Requirement


COMMAND = "poetry hw-add"
_NOWHERE = "sys_platform == 'never'"


@dataclass(frozen=True, slots=True)
class AdditionRequest:
    """What ``poetry hw-add`` is to do: the arguments as typed, and how far it goes.

    ``remove`` names variants that leave. ``from_groups``: the variants are those that the groups look like, without
    new packages. ``replace``: other constraints in variants are replaced. ``torch_index`` replaces the index of the
    torch builds.
    """

    packages: tuple[str, ...]
    variants: tuple[str, ...]
    remove: tuple[str, ...] = ()
    from_groups: bool = False
    replace: bool = False
    torch_index: str | None = None
    pyproject: Path = Path("pyproject.toml")
    dry_run: bool = False
    lock: bool = True
    requires_plugins: bool = False


@dataclass(frozen=True, slots=True)
class PlannedVariant:
    """One variant of the request: what it gets, and which of the packages it holds already."""

    group: str
    backend: str
    created: bool
    entries: tuple[NewRequirement, ...]
    unchanged: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Addition:
    """The plan: the edit and what to report about it. ``moved`` are (group, package) that leave shared groups."""

    edit: ProjectEdit
    variants: tuple[PlannedVariant, ...]
    moved: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]


def plan_addition(
    request: AdditionRequest,
    project: Project,
    declared: Sequence[Variant],
    inferred: Sequence[Variant],
    recipes: Recipes,
) -> Addition:
    """Return the changes that a request needs.

    ``declared`` are the variants of the table, ``inferred`` those that groups look like where there is no table.
    Raises UsageError with everything that is wrong.
    """
    return _AdditionPlanner(request, project, tuple(declared), tuple(inferred), recipes).plan()


class _AdditionPlanner:
    def __init__(
        self,
        request: AdditionRequest,
        project: Project,
        declared: tuple[Variant, ...],
        inferred: tuple[Variant, ...],
        recipes: Recipes,
    ) -> None:
        self.request = request
        self.project = project
        self.declared = declared
        self.variants = declared or inferred
        self.facts = recipes.facts
        self.recipes = recipes
        self.checker = Checker()
        self.notes: dict[str, None] = {}
        self.sources = IndexSources(project.sources, request.torch_index, recipes, self.checker)
        self.groups = frozenset(variant.group for variant in self.variants)
        self.shared = tuple(
            (group.name, requirement)
            for group in project.groups.values()
            if group.name not in self.groups
            for requirement in group.requirements
        )

    def plan(self) -> Addition:
        asked = self._with_inherited(asked_packages(self.request.packages, self.facts, self.checker))
        named = asked_targets(self.request.variants, self.variants, self.recipes, self.checker)
        self._fail()
        targets = [(group or self._group_for(backend), backend) for group, backend in named]
        self._check_enough_variants(targets)
        self._fail()
        moved = self._moved(asked)
        backends = tuple(dict.fromkeys(backend for _, backend in targets))
        planned = [self._variant(group, backend, asked, backends) for group, backend in targets]
        self._fail()
        for note in self.sources.notes:
            self._note(note)
        for one in asked:
            if one.framework is None:
                self._note(
                    f"no hardware builds of {one.name} are known: every variant gets the same"
                    " requirement, from the default index"
                )
        self._note_left_behind(asked)
        return Addition(
            self._edit(planned, moved), tuple(one for one, _ in planned), tuple(moved), tuple(self.notes)
        )

    # -- groups ------------------------------------------------------------------------------------------

    def _group_for(self, backend: str) -> str:
        if backend not in self.recipes.known_backends():
            self._note(
                f"{backend} is newer than the facts of {self.facts.as_of.isoformat()}; the index may not exist"
            )
        group = normalised(f"ml-{backend}")
        existing = self.project.groups.get(group)
        declared = next((variant for variant in self.variants if variant.group == group), None)
        if declared is not None:
            self._problem(
                declared.key_path,
                f"the group {group} is declared for {declared.backend}, not for {backend}",
                "Correct the table, or rename the group.",
            )
        elif existing is not None and not existing.optional:
            self._problem(
                existing.key_path,
                f'the group "{existing.pretty_name}" exists and is not optional, so plain Poetry would always'
                " install it",
                f"Write [tool.poetry.group.{existing.pretty_name}] optional = true first, or rename the group.",
            )
        return group

    def _check_enough_variants(self, targets: list[tuple[str, str]]) -> None:
        if len({*self.groups, *(group for group, _ in targets)}) < 2:  # noqa: PLR2004 - a choice needs two
            self._problem(
                "--variants",
                "one variant alone leaves nothing to choose from",
                f"Name at least two, for example --variants cpu,{targets[0][1] if targets[0][1] != 'cpu' else 'cu126'}.",
            )

    # -- what is there already -----------------------------------------------------------------------------

    def _with_inherited(self, asked: tuple[RequestedPackage, ...]) -> tuple[RequestedPackage, ...]:
        return tuple(one if one.constraint else self._inherited(one) for one in asked)

    def _inherited(self, asked: RequestedPackage) -> RequestedPackage:
        """Return it with the constraint that the project already has: in a shared group, else in the variants."""
        shared = _only(one for _, one in self.shared if one.name in asked.names)
        if shared is not None:
            return replace(asked, constraint=shared, given=True)
        if asked.framework is not None and not asked.framework.in_torch_family:
            return asked  # its packages for different hardware may be limited differently
        known = (self.project.groups[group] for group in sorted(self.groups) if group in self.project.groups)
        in_variants = _only(one for group in known for one in group.requirements if one.name in asked.names)
        return replace(asked, constraint=in_variants)

    def _moved(self, asked: tuple[RequestedPackage, ...]) -> list[tuple[str, str]]:
        """Return what leaves main and other shared groups; refuse what cannot be moved without loss."""
        moved: dict[tuple[str, str], None] = {}
        names = {name for one in asked for name in one.names}
        for group, requirement in self.shared:
            if requirement.name in names:
                self._check_movable(group, requirement)
                moved[group, requirement.name] = None
        for group, name in moved:
            self._note(f"{name} moves out of {group}: only the variants install it now")
        return list(moved)

    def _check_movable(self, group: str, requirement: Requirement) -> None:
        where, name = self.project.groups[group].key_path, requirement.name
        reason = ""
        if where == "[tool.poetry.dev-dependencies]":
            reason = "the table dev-dependencies is Poetry's old form; make it [tool.poetry.group.dev.dependencies]"
        elif requirement.origin is not None:
            reason = f"it comes from {requirement.location}; remove it by hand first"
        elif requirement.in_extras or requirement.optional:
            reason = f"it belongs to the extra {', '.join(requirement.in_extras) or 'of the project'}; remove it first"
        elif len([one for other, one in self.shared if other == group and one.name == name]) > 1:
            reason = "it has several requirements there; remove them by hand first"
        elif requirement.marker:
            reason = f"it is required only where {requirement.marker}; remove it by hand first"
        if reason:
            self._problem(
                where, f"{name} cannot be moved into the variants", reason[0].upper() + reason[1:] + "."
            )

    # -- one variant -----------------------------------------------------------------------------------------

    def _variant(
        self, group: str, backend: str, asked: tuple[RequestedPackage, ...], backends: tuple[str, ...]
    ) -> tuple[PlannedVariant, GroupEdit]:
        known = self.project.groups.get(group)
        here = list(known.requirements) if known else []
        wanted = [*self._torch_beside(asked, here, group), *asked]
        together = frozenset({one.key for one in wanted} | {requirement.name for requirement in here})
        torch = next((one.constraint for one in wanted if one.key == "torch"), None) or _only(
            one for one in here if one.name == "torch"
        )
        entries: list[NewRequirement] = []
        drop: set[str] = set()
        unchanged: list[str] = []
        for one in wanted:
            present = [requirement for requirement in here if requirement.name in one.names]
            if present and not one.given and not self.request.replace:
                unchanged.append(one.key)
                continue
            lines = self._lines(
                one, backend, RecipeRequest(one.constraint, one.extras, torch, together, backends)
            )
            if present and self._stays(one, present, lines, group):
                unchanged.append(one.key)
                continue
            drop |= {requirement.name for requirement in present}
            new = [self._entry(line) for line in lines]
            if one.key == "torch":
                held = {requirement.name for requirement in here}
                new += [
                    self._entry(line)
                    for line in self.recipes.companions(backend, torch)
                    if line.name not in held
                ]
            entries += new
        self._check_pairs(group, [one for one in here if one.name not in drop], entries)
        variant = PlannedVariant(group, backend, known is None, tuple(entries), tuple(unchanged))
        return variant, GroupEdit(group, tuple(entries), frozenset(drop))

    def _check_pairs(self, group: str, kept: list[Requirement], new: list[NewRequirement]) -> None:
        """Refuse what is added where no release of it, or of what is there, goes with torch in the variant."""
        every = [(one.name, one.constraint) for one in kept]
        every += [(one.name, one.constraint) for one in new]
        torches = [constraint for name, constraint in every if name == "torch"]
        added = {one.name for one in new}
        for name, constraint in every:
            framework = self.facts.framework(name)
            if framework is None or added.isdisjoint({name, "torch"}):
                continue
            found = [self.recipes.mismatch(framework, constraint, torch) for torch in torches]
            if found and all(found):
                what = f"{name} {constraint} does not go with torch {' or '.join(torches)}"
                self._problem(group, what, f"Of the known releases, {found[0]}.")

    def _torch_beside(
        self, asked: tuple[RequestedPackage, ...], here: list[Requirement], group: str
    ) -> list[RequestedPackage]:
        """Return torch where something of its family is requested without it."""
        needs = [one.key for one in asked if one.framework is not None and one.framework.with_torch]
        if not needs or any(one.key == "torch" for one in asked) or any(one.name == "torch" for one in here):
            return []
        self._note(
            f"{', '.join(needs)} needs torch from the same index, so torch is added to {group} as well"
        )
        return [self._inherited(RequestedPackage("torch", self.facts.framework("torch")))]

    def _lines(
        self, asked: RequestedPackage, backend: str, wish: RecipeRequest
    ) -> tuple[NewRequirement, ...]:
        if asked.framework is None:
            return (NewRequirement(asked.name, asked.constraint or "*", asked.extras),)
        found: Recipe = self.recipes.recipe(asked.framework, backend, wish)
        if found.refusal is not None:
            self._problem(f"{asked.key} on {backend}", found.refusal, "Choose another backend or version.")
        for note in found.notes:
            self._note(note)
        return found.lines + self._replaced(asked.framework.name, found.lines)

    def _replaced(self, name: str, lines: tuple[NewRequirement, ...]) -> tuple[NewRequirement, ...]:
        """Return a line that installs nothing for the name that other packages require, where a twin replaces it.

        Only for a name that some backend installs itself: ``cupy`` is never one of the wheels.
        """
        held = {line.name for line in lines}
        is_a_build = any(
            name in row.frameworks and row.package is None and not row.refuse for row in self.facts.builds
        )
        if name in held or not is_a_build or not held & load_families().twins(name):
            return ()
        return (NewRequirement(name, "*", (), _NOWHERE),)

    def _stays(
        self,
        asked: RequestedPackage,
        present: list[Requirement],
        lines: tuple[NewRequirement, ...],
        group: str,
    ) -> bool:
        """Say whether a variant keeps what it has; another constraint than the requested one is a problem."""
        if self.request.replace:
            return False
        wanted = {line.name: line.constraint for line in lines}
        if not all(
            one.name in wanted and same_constraint(one.constraint, wanted[one.name]) for one in present
        ):
            has = ", ".join(dict.fromkeys(f"{one.name} {one.constraint}" for one in present))
            self._problem(
                self.project.groups[group].key_path,
                f"the variant already requires {has}, not {asked.constraint}",
                "Add --replace to change it.",
            )
        return True

    def _entry(self, line: NewRequirement) -> NewRequirement:
        return replace(line, source=self.sources.name_for(line.source)) if line.source else line

    # -- the edit ----------------------------------------------------------------------------------------------

    def _edit(
        self, planned: list[tuple[PlannedVariant, GroupEdit]], moved: list[tuple[str, str]]
    ) -> ProjectEdit:
        groups = [change for one, change in planned if one.created or change.entries or change.drop]
        leaving: dict[str, set[str]] = {}
        for group, name in moved:
            leaving.setdefault(group, set()).add(name)
        groups += [GroupEdit(group, drop=frozenset(names)) for group, names in leaving.items()]
        declared = {variant.group for variant in self.declared}
        wanted = {variant.group: variant.backend for variant in self.variants}
        wanted |= {one.group: one.backend for one, _ in planned}
        return ProjectEdit(
            groups=tuple(groups),
            sources=self.sources.new,
            variants=tuple((group, backend) for group, backend in wanted.items() if group not in declared),
        )

    def _note_left_behind(self, asked: tuple[RequestedPackage, ...]) -> None:
        keys = {one.key for one in asked}
        left = {
            requirement.name: group
            for group, requirement in self.shared
            for framework in (self.facts.framework(requirement.name),)
            if framework is not None and framework.with_torch and framework.name not in keys
        }
        if "torch" in keys:
            for name, group in left.items():
                self._note(
                    f"{name} stays in {group} and is one build for all; name it too: {COMMAND} torch {name} ..."
                )

    def _note(self, text: str) -> None:
        self.notes[text] = None

    def _problem(self, where: str, what: str, hint: str) -> None:
        self.checker.report(where, what, hint)

    def _fail(self) -> None:
        self.checker.fail(UsageError, COMMAND, "{count} arguments cannot be used, so nothing was changed")


def _only(requirements: Iterable[Requirement]) -> str | None:
    """Return the one constraint that all requirements have, None when they differ or say nothing."""
    found = {without_tags(requirement.constraint) for requirement in requirements}
    constraint = found.pop() if len(found) == 1 else "*"
    return None if constraint == "*" else constraint
