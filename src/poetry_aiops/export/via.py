"""Who requires a pinned package: ``# via`` in the words of pip-compile and uv."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from poetry_aiops.errors import InputError
from poetry_aiops.project.constraints import allows
from poetry_aiops.project.extras import own_extras, switching_extras
from poetry_aiops.project.model import MAIN


if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from poetry_aiops.export.model import GroupSelection, Pin
    from poetry_aiops.project.model import PackageKey, Project, Requirement


def parents(
    pins: Sequence[Pin], selection: GroupSelection, project: Project
) -> Mapping[PackageKey, tuple[str, ...]]:
    """Return for each pinned package who requires it within the selection, sorted.

    The project itself is ``name (pyproject.toml)``, with a group ``name (pyproject.toml:group)``; a package that is
    not requested here is left out.
    """
    asked = list(_asked_by_project(selection, project))
    extras = _asked_extras(pins, asked)
    wishes: dict[str, list[tuple[str, str]]] = {}
    for title, requirement in asked:
        wishes.setdefault(requirement.name, []).append((title, requirement.constraint))
    for pin in pins:
        active = own_extras(pin.package, extras.get(pin.package.name, frozenset()))
        for edge in pin.package.edges:
            if not edge.optional or active.intersection(switching_extras(pin.package, edge)):
                wishes.setdefault(edge.name, []).append((pin.package.name, edge.constraint))
    builds = Counter(pin.package.name for pin in pins)
    found = {}
    for pin in pins:
        name, version = pin.package.name, pin.package.version
        titles = {
            title
            for title, constraint in wishes.get(name, ())
            if title != name and (builds[name] == 1 or _fits(constraint, version))
        }
        if titles:
            found[pin.package.key] = tuple(sorted(titles))
    return found


def _fits(constraint: str, version: str) -> bool:
    try:
        return allows(constraint, version)
    except InputError:
        return True  # a constraint that only Poetry can read; naming one parent too many does no harm


def _asked_by_project(selection: GroupSelection, project: Project) -> Iterable[tuple[str, Requirement]]:
    for group in selection.groups:
        for requirement in project.requirements_of(group) if group in project.groups else ():
            chosen = [extra for extra in requirement.in_extras if extra in selection.extras]
            if requirement.in_extras and not chosen:
                continue
            name = f"{project.name}[{chosen[0]}]" if chosen else project.name
            place = "pyproject.toml" if group == MAIN else f"pyproject.toml:{group}"
            yield f"{name} ({place})" if name else place, requirement


def _asked_extras(
    pins: Iterable[Pin], asked: Iterable[tuple[str, Requirement]]
) -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for _, requirement in asked:
        found.setdefault(requirement.name, set()).update(requirement.extras)
    for pin in pins:
        for edge in pin.package.edges:
            if edge.extras:
                found.setdefault(edge.name, set()).update(edge.extras)
    return {name: frozenset(extras) for name, extras in found.items()}
