"""Whether the declared hardware variants fit the project's groups, and what follows from the declaration."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from poetry_aiops.config import VARIANTS
from poetry_aiops.errors import ConfigError, UsageError
from poetry_aiops.project.checks import Checker, did_you_mean, normalised
from poetry_aiops.project.model import MAIN


if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from poetry_aiops.config import HardwareConfig, Variant
    from poetry_aiops.project.model import Group, Project, Requirement


VariantKind = Literal["groups", "extras"]


def variant_kind(config: HardwareConfig, project: Project) -> VariantKind:
    """Tell whether the variants are dependency groups, or extras that exclude each other by their markers."""
    names = {variant.group for variant in config.variants}
    return "extras" if names and names <= project.extras.keys() - project.groups.keys() else "groups"


def check_declaration(config: HardwareConfig, project: Project) -> None:
    """Make sure that the variants can exclude each other in this project.

    Raises one ConfigError for all of: a group that does not exist, a variant that is not optional, a variant that
    includes another one, and any other group that includes a variant. Raises InputError for includes that run in a
    circle.
    """
    if variant_kind(config, project) == "extras":
        return
    checker = Checker()
    known = tuple(variant for variant in config.variants if variant.group in project.groups)
    for variant in config.variants:
        _check_group(variant, project, checker)
    for variant in known:
        _check_includes(variant, known, project, checker)
    for group in project.groups.values():
        _check_outsider(group, known, project, checker)
    hint = "Variants are optional groups that exclude each other; correct these entries in pyproject.toml."
    checker.fail(ConfigError, VARIANTS, "{count} entries do not fit the project's groups", hint)


def provided_directly(config: HardwareConfig, project: Project) -> Mapping[str, tuple[str, ...]]:
    """Return the package names that variants declare, includes followed, with the variant groups that do."""
    found: dict[str, tuple[str, ...]] = {}
    for variant in config.variants:
        names = dict.fromkeys(requirement.name for requirement in _requirements(variant, project))
        for name in names:
            found[name] = (*found.get(name, ()), variant.group)
    return MappingProxyType(found)


def _requirements(variant: Variant, project: Project) -> Iterable[Requirement]:
    if variant.group in project.groups or variant.group not in project.extras:
        return project.requirements_of(variant.group)
    return [r for r in project.main.requirements if variant.group in r.in_extras]


def _check_group(variant: Variant, project: Project, checker: Checker) -> None:
    group = project.groups.get(variant.group)
    if group is None and variant.group in project.extras:
        hint = "Variants are either all groups or all extras; make this one a group, or the others extras."
        checker.report(
            variant.key_path, f'"{variant.group}" is an extra, but other variants are groups', hint
        )
    elif group is None:
        others = [name for name in project.groups if name != MAIN]
        listed = f"The groups are: {', '.join(others)}." if others else "The project has no groups yet."
        hint = " ".join(filter(None, [did_you_mean(variant.group, others), listed]))
        checker.report(variant.key_path, f'there is no dependency group "{variant.group}"', hint)
    elif group.name == MAIN:
        hint = "Move the hardware's packages into an optional group and name that."
        checker.report(variant.key_path, "main is always installed, so it cannot be a variant", hint)
    elif not group.optional:
        what = f'the group "{group.pretty_name}" is not optional, so plain Poetry would always install it'
        checker.report(
            variant.key_path, what, f"Write [tool.poetry.group.{group.pretty_name}] optional = true."
        )


def _check_includes(variant: Variant, known: Sequence[Variant], project: Project, checker: Checker) -> None:
    included = project.included(variant.group)
    for other in known:
        if other.group in included:
            group = project.groups[variant.group]
            way = _way(project, variant.group, other.group)
            hint = "Move what both need into a third group and include that."
            checker.report(group.key_path, f'the variant includes the variant "{other.group}"{way}', hint)


def _check_outsider(group: Group, known: Sequence[Variant], project: Project, checker: Checker) -> None:
    if any(variant.group == group.name for variant in known):
        return
    included = project.included(group.name)
    for variant in known:
        if variant.group in included:
            way = _way(project, group.name, variant.group)
            what = f'it includes the hardware variant "{variant.group}"{way}, and would install it on every machine'
            checker.report(
                group.key_path, what, "Remove this include; hw-install adds the variant that fits."
            )


def _way(project: Project, start: str, end: str) -> str:
    """Return `` (through a, b)`` for an include that leads over other groups."""
    between = []
    name = start
    while end not in project.groups[name].includes:
        name = next(step for step in project.groups[name].includes if end in project.included(step))
        between.append(name)
    return f" (through {', '.join(between)})" if between else ""


def refuse_several_variants(variants: Sequence[str], names: Iterable[str], option: str = "--with") -> None:
    """Raise UsageError when the names of groups (or of extras) contain more than one variant."""
    asked = {normalised(name) for name in names}
    chosen = [variant for variant in variants if variant in asked]
    if len(chosen) > 1:
        raise UsageError(
            f"{', '.join(chosen[:-1])} and {chosen[-1]} are hardware variants that exclude each other,"
            " and an environment can hold only one",
            hint=f"Name one of them, for example `{option} {chosen[0]}`.",
        )
