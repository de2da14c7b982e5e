"""How Poetry joins a group's standard requirements with what ``[tool.poetry]`` adds to them.

The rules are poetry-core's ``DependencyGroup.dependencies_for_locking`` (2.5): when both are there the standard list
decides what is required, and an entry of the same name in Poetry's table adds source, path, extras' markers and a
tighter constraint.
"""

from __future__ import annotations

import itertools
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from poetry_aiops.project.constraints import all_of, any_of, both
from poetry_aiops.project.targets import extras_in, marker_applies, targets


if TYPE_CHECKING:
    from collections.abc import Sequence

    from poetry_aiops.project.model import Requirement


_MAX_EXTRAS = 6  # 64 combinations; beyond that a pair of markers is taken to fit


def joined(
    standard: tuple[Requirement, ...], poetry: tuple[Requirement, ...], *, mixed_dynamic: bool
) -> tuple[Requirement, ...]:
    """Return what a group requires, given its standard requirements and those of Poetry's own table.

    ``mixed_dynamic``: ``[project] dynamic`` names dependencies, so that Poetry's table may supply the optional or
    the required half that the standard list lacks.
    """
    if not poetry:
        return standard
    if not standard:
        return poetry
    wanted = [*standard, *(_other_half(standard, poetry) if mixed_dynamic else ())]
    by_name: dict[str, list[Requirement]] = {}
    for addition in poetry:
        by_name.setdefault(addition.name, []).append(addition)
    return tuple(
        result
        for requirement in wanted
        for result in _enriched(requirement, by_name.get(requirement.name, ()))
    )


def _other_half(
    standard: tuple[Requirement, ...], poetry: tuple[Requirement, ...]
) -> tuple[Requirement, ...]:
    kinds = {requirement.optional for requirement in standard}
    if len(kinds) > 1:
        return ()
    return tuple(requirement for requirement in poetry if requirement.optional not in kinds)


def _enriched(requirement: Requirement, additions: Sequence[Requirement]) -> list[Requirement]:
    """Return a requirement with what Poetry's table says about the same package."""
    asked = (
        any_of([f'extra == "{extra}"' for extra in requirement.in_extras]) if requirement.in_extras else ""
    )
    found = []
    for addition in additions:
        if addition is requirement:
            found.append(requirement)
        elif _can_hold(all_of(requirement.marker, asked, addition.marker)):
            found.append(_combined(requirement, addition, asked))
    return found or [requirement]


def _combined(requirement: Requirement, addition: Requirement, asked: str) -> Requirement:
    same = addition.marker in {"", requirement.marker}
    marker = requirement.marker if same else all_of(requirement.marker, asked, addition.marker)
    constraint = both(requirement.constraint, addition.constraint)
    if requirement.origin is not None:
        return replace(requirement, marker=marker, constraint=constraint, develop=addition.develop)
    return replace(
        addition,
        pretty_name=requirement.pretty_name,
        constraint=constraint,
        extras=requirement.extras,
        marker=marker,
        optional=requirement.optional,
        in_extras=requirement.in_extras,
    )


@lru_cache(maxsize=1024)
def _can_hold(marker: str) -> bool:
    """Say whether some machine with some choice of extras satisfies ``marker``."""
    extras = sorted(extras_in(marker))
    if len(extras) > _MAX_EXTRAS:
        return True
    sizes = range(len(extras) + 1)
    choices = [frozenset(choice) for size in sizes for choice in itertools.combinations(extras, size)]
    return any(
        marker_applies(marker, target, choice) for target in targets(lambda _: True) for choice in choices
    )
