"""A migration from files in memory to the text of pyproject.toml, as the command goes through it."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.support.neighbours import in_memory

from poetry_aiops.config import read_config
from poetry_aiops.migrate.planning.identity import AskedPython, identity_of
from poetry_aiops.migrate.planning.plan import MigrationContext, make_plan
from poetry_aiops.migrate.planning.roles import classify
from poetry_aiops.migrate.planning.sources import PypiNames
from poetry_aiops.migrate.reading.read import read_tree
from poetry_aiops.migrate.reading.setup_files import setup_metadata
from poetry_aiops.migrate.writing.generate import generate, layout_of
from poetry_aiops.project.constraints import allows
from poetry_aiops.project.pyproject import aiops_table, project_from
from poetry_aiops.project.targets import targets


if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from poetry_aiops.migrate.model import Tree
    from poetry_aiops.migrate.planning.convert import Pins
    from poetry_aiops.migrate.planning.entry import PlannedGroup
    from poetry_aiops.migrate.planning.identity import Identity
    from poetry_aiops.migrate.planning.plan import MigrationPlan
    from poetry_aiops.migrate.reading.notes import Neighbours
    from poetry_aiops.project.model import Project


PYPROJECT = "pyproject.toml"
DEFAULT_INDEX = "https://index.example/simple"
TORCH_INDEX = "https://download.pytorch.org/whl/{backend}"
RUNNING = "3.11"

Files = dict[str, str | bytes]


@dataclass(frozen=True)
class Migration:
    """What was planned for a project, and the pyproject.toml that would be written."""

    tree: Tree
    plan: MigrationPlan
    identity: Identity
    before: str
    knows_dependency_groups: bool = True

    @cached_property
    def text(self) -> str:
        """The new pyproject.toml; nothing may be written while there are errors."""
        assert self.plan.errors == ()
        layout = layout_of(tomllib.loads(self.before), knows_dependency_groups=self.knows_dependency_groups)
        return generate(self.before, self.plan.edits, self.identity, layout, Path(PYPROJECT))

    @cached_property
    def document(self) -> dict[str, Any]:
        return tomllib.loads(self.text)

    @cached_property
    def project(self) -> Project:
        return project_from(self.document, Path(PYPROJECT))

    @property
    def dependencies(self) -> list[str]:
        """``[project] dependencies`` as written."""
        found: list[str] = self.document["project"]["dependencies"]
        return found

    @property
    def enriched(self) -> dict[str, Any]:
        """``[tool.poetry.dependencies]`` as written."""
        found: dict[str, Any] = self.document["tool"]["poetry"].get("dependencies", {})
        return found

    def group(self, name: str) -> PlannedGroup:
        return next(group for group in self.plan.edits.groups if group.name == name)

    def listed(self, name: str) -> list[str]:
        """Return the planned entries of a group, as a standard list has them."""
        return [entry.as_pep508() for entry in self.group(name).entries]

    @cached_property
    def said(self) -> dict[tuple[str, int], tuple[str, str, str]]:
        """Outcome, place and message of each line, by file and line."""
        return {(one.file, one.line): (one.outcome, one.to, one.message) for one in self.plan.outcomes}

    def whats(self, severity: str) -> list[str]:
        return [problem.what for problem in self.plan.problems if problem.severity == severity]


def migrated(
    files: Files,
    *entries: str,
    chosen: Mapping[str, str] | None = None,
    pins: Pins = "keep",
    python: str | None = None,
    torch_index: str | None = TORCH_INDEX,
    knows_dependency_groups: bool = True,
) -> Migration:
    """Plan the migration of the given files, of all ``.txt`` and ``.in`` files without any."""
    named = entries or tuple(path for path in files if path.endswith((".txt", ".in")))
    before = files.get(PYPROJECT, "")
    return migration_of(
        in_memory(files),
        named,
        before=before if isinstance(before, str) else before.decode(),
        chosen=chosen or {},
        pins=pins,
        python=python,
        torch_index=torch_index,
        knows_dependency_groups=knows_dependency_groups,
    )


def migration_of(
    neighbours: Neighbours,
    entries: Sequence[str],
    *,
    before: str = "",
    chosen: Mapping[str, str] | None = None,
    pins: Pins = "keep",
    python: str | None = None,
    torch_index: str | None = TORCH_INDEX,
    knows_dependency_groups: bool = True,
    folder: str = "demo",
) -> Migration:
    """Plan the migration of files around which ``neighbours`` answers."""
    tree = read_tree(entries, neighbours)
    setup = setup_metadata(neighbours)
    existing = project_from(tomllib.loads(before), Path(PYPROJECT)) if before else None
    identity = identity_of(folder, setup, neighbours, tree, AskedPython(RUNNING, python))
    hardware = read_config(aiops_table(tomllib.loads(before))).hardware
    stays = existing is not None and existing.python != "*" and not identity.python_asked
    requires = existing.python if existing and stays else identity.requires_python
    around = MigrationContext(
        default=PypiNames(frozenset({DEFAULT_INDEX})),
        targets=targets(lambda version: allows(requires, version)),
        existing=existing,
        torch_index=torch_index,
        setup=setup,
        variants=frozenset(variant.group for variant in hardware.variants) if hardware else frozenset(),
    )
    plan = make_plan(tree, classify(tree, chosen or {}), around, pins)
    return Migration(tree, plan, identity, before, knows_dependency_groups)
