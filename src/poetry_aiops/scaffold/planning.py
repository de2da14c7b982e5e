"""Reads the project, refuses what no image and no workflow could run, and makes the plan."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from poetry.__version__ import __version__ as poetry_version

from poetry_aiops import __version__
from poetry_aiops.config import CONSTRAINTS, read_config
from poetry_aiops.errors import IncompleteError
from poetry_aiops.locking.api import check_declaration, variant_kind, verify_project
from poetry_aiops.project.lockfile import locked_beside
from poetry_aiops.project.pyproject import aiops_table, load_pyproject, project_from
from poetry_aiops.project.toml import load_toml
from poetry_aiops.scaffold.checks import packaged_modules, refuse_outside, refuse_stale_lock
from poetry_aiops.scaffold.facts import load_image_facts, load_system_facts
from poetry_aiops.scaffold.options import asked
from poetry_aiops.scaffold.plan import ScaffoldInput, plan
from poetry_aiops.scaffold.sdists import archives_needs, folder_needs
from poetry_aiops.scaffold.start import at
from poetry_aiops.system.repository_files import list_files


if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from typing import Protocol

    from poetry.poetry import Poetry

    from poetry_aiops.project.model import Lock, Project
    from poetry_aiops.scaffold.model import ScaffoldPlan
    from poetry_aiops.scaffold.options import ScaffoldRequest

    class TryStep(Protocol):
        """Runs a command of Poetry silently on the project and returns its exit code."""

        def __call__(self, *words: str) -> int: ...


_SETTINGS: Final = "Correct it; `poetry config --list` shows whether Poetry reads it."
_EXPORTED: Final = (CONSTRAINTS, "config/requirements/base.txt")


def make_plan(
    request: ScaffoldRequest,
    written_by: str,
    try_step: TryStep,
    poetry: Callable[[], Poetry],
    notes: list[str],
) -> ScaffoldPlan:
    """Return the plan of a request, add to ``notes`` what the user should know, and raise errors for what would fail."""
    path, for_images = request.pyproject, request.kind == "docker"
    document = load_pyproject(path)
    project, config, lock = (
        project_from(document, path),
        read_config(aiops_table(document)),
        locked_beside(path),
    )
    hardware = config.hardware
    if hardware:
        check_declaration(hardware, project)
    refuse_stale_lock(path, document)
    verify_project(lock, project, hardware)
    if for_images:
        refuse_outside(path, document)
    lock = _without_refused_wheels(lock, path)
    given = ScaffoldInput(
        project=project,
        document=document,
        lock=lock,
        config=config,
        extras=hardware is not None and variant_kind(hardware, project) == "extras",
        exists=lambda name: (path.parent / name).is_file(),
        there=lambda name: (path.parent / name).exists(),
        poetry=poetry_version,
        plugin=__version__,
        exported=request.kind == "github" and _exports(path.parent, document, try_step, notes),
        tests=request.kind == "github" and _has_tests(path.parent),
        packaged=packaged_modules(path, document) if for_images and project.package_mode else None,
        compiles=_compiled_folders(project, lock) if for_images else frozenset(),
        written_by=written_by,
    )
    variants = [one.group for one in hardware.variants] if hardware else []
    options, facts, system = asked(request, variants), load_image_facts(), load_system_facts()
    made = plan(given, options, facts, system)
    if not for_images or not made.compiled:
        return made
    unknown, origin = [one for one in lock.packages if one.name in made.compiled], poetry()
    found, problems = archives_needs(unknown, origin.pool, origin.config)
    if problems and request.check:
        raise IncompleteError(
            "whether these packages need a compiler is not known, so the Dockerfile cannot be compared",
            where="--check",
            details=problems,
            hint="Try again where the index can be reached.",
        )
    notes += [f"the image gets a compiler, because an archive could not be read: {one}" for one in problems]
    return plan(given, options, facts, system.with_archives(found)) if found else made


def _without_refused_wheels(lock: Lock, pyproject: Path) -> Lock:
    """Return the lock without the wheels that ``installer.no-binary`` of the project's poetry.toml refuses."""
    file = pyproject.with_name("poetry.toml")
    settings = load_toml(file, broken_hint=_SETTINGS, conflict_hint=_SETTINGS) if file.is_file() else {}
    named = at(settings, "installer", "no-binary")
    names = named.replace(",", " ").split() if isinstance(named, str) else named
    if not isinstance(names, list) or not names:
        return lock
    packages = tuple(
        replace(one, files=tuple(file for file in one.files if not file.name.endswith(".whl")))
        if one.name in names or (":all:" in names and one.files)
        else one
        for one in lock.packages
    )
    return replace(lock, packages=packages)


def _compiled_folders(project: Project, lock: Lock) -> frozenset[str]:
    """Return the Debian packages that build the project itself and the folders that the lock names."""
    root = project.path.parent
    sources = (one.source for one in lock.packages)
    folders = [root / one.url for one in sources if one is not None and one.type == "directory"]
    folders += [root] if project.package_mode else []
    return frozenset().union(*map(folder_needs, folders))


def _has_tests(root: Path) -> bool:
    names = (os.path.basename(file.path) for file in list_files(root))  # noqa: PTH119 - slashes on every system
    return any(
        name.endswith(".py") and (name.startswith("test_") or name.endswith("_test.py")) for name in names
    )


def _exports(root: Path, document: Mapping[str, object], try_step: TryStep, notes: list[str]) -> bool:
    """Say whether a workflow compares the files of ``poetry sync-reqs``: they are up to date, or configured."""
    table = aiops_table(document)
    is_configured = isinstance(table, dict) and "export" in table
    in_step = try_step("sync-reqs", "--check") == 0
    if not in_step and (is_configured or any((root / name).is_file() for name in _EXPORTED)):
        again = "" if is_configured else ", then this command again, which adds the check to the workflow"
        notes.append(f"`poetry sync-reqs --check` fails today: run `poetry sync-reqs`{again}")
    return in_step or is_configured
