"""Which files a project has: the default bundle, and those that it configures."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

from poetry_aiops.config import CONSTRAINTS
from poetry_aiops.errors import ConfigError
from poetry_aiops.export.model import FilePlan, GroupSelection
from poetry_aiops.export.settings import EXPORT
from poetry_aiops.project.checks import Checker, did_you_mean
from poetry_aiops.project.model import MAIN


if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from poetry_aiops.export.settings import ExportSettings
    from poetry_aiops.project.model import Project


REQUIREMENTS: Final = "config/requirements"
BASE: Final = f"{REQUIREMENTS}/base.txt"
DEV: Final = f"{REQUIREMENTS}/dev.txt"
PROD: Final = f"{REQUIREMENTS}/prod.txt"
_PRODUCTION = ("prod", "production")
_TAKEN = ("base", "dev", "prod")


@dataclass(frozen=True, slots=True)
class Variants:
    """The names of the project's hardware variants, which are groups or extras."""

    names: tuple[str, ...] = ()
    kind: Literal["groups", "extras"] = "groups"

    def selection(self, name: str) -> GroupSelection:
        """Return what production installs with this variant: main and the variant."""
        return GroupSelection((MAIN, name)) if self.kind == "groups" else GroupSelection((MAIN,), (name,))

    def chosen(self, selection: GroupSelection) -> tuple[str, ...]:
        """Return the variants in a selection; more than one exclude each other."""
        names = selection.groups if self.kind == "groups" else selection.extras
        return tuple(name for name in self.names if name in names)


def plan_bundle(
    project: Project, settings: ExportSettings, variants: Variants, is_ours: Callable[[str], bool]
) -> tuple[FilePlan, ...]:
    """Return the files of the project, each after the one that it includes.

    A file of the default bundle that ``is_ours`` finds in the project belongs to it, whatever its kind: what was
    written once follows the lock. Raises ConfigError for groups, extras and bases that do not exist, and for two
    variants in one file.
    """
    plans = list(_default_bundle(project, settings, variants, is_ours))
    own = {plan.path: plan for plan in settings.files}
    plans = [plan for plan in plans if plan.path not in own] + list(own.values())
    plans = [plan if plan.hashes is not None else replace(plan, hashes=settings.hashes) for plan in plans]
    checker = Checker()
    for plan in plans:
        _check(plan, plans, project, variants, checker)
    checker.fail(ConfigError, EXPORT, "{count} files cannot be written", "Correct these entries.")
    return tuple(_bases_first(plans))


def variant_file(variant: str) -> str:
    """Return the requirements file of a hardware variant in the default bundle."""
    return f"{REQUIREMENTS}/{f'variant-{variant}' if variant in _TAKEN else variant}.txt"


def _default_bundle(
    project: Project, settings: ExportSettings, variants: Variants, is_ours: Callable[[str], bool]
) -> list[FilePlan]:
    if settings.defaults == ():
        return []
    every = list(_every_default(project, variants))
    kinds = settings.defaults or [
        kind
        for kind, plan in every
        if kind == "base" or (kind in {"dev", "prod"} and plan.selection != GroupSelection((MAIN,)))
    ]
    plans = [plan for kind, plan in every if kind in kinds or is_ours(plan.path)]
    has_base = any(plan.path == BASE for plan in plans)
    return [plan if has_base else replace(plan, base=None) for plan in plans]


def _every_default(project: Project, variants: Variants) -> Iterator[tuple[str, FilePlan]]:
    main = GroupSelection((MAIN,))
    groups = variants.names if variants.kind == "groups" else ()
    shared = tuple(name for name in project.groups if name not in groups)
    everyday = tuple(name for name in shared if not project.groups[name].optional)
    production = (MAIN, *(name for name in shared if name in _PRODUCTION))
    extras = tuple(name for name in project.extras if variants.kind == "groups" or name not in variants.names)
    yield "base", FilePlan(BASE, "requirements", main)
    yield "dev", FilePlan(DEV, "requirements", GroupSelection(everyday), BASE)
    yield "prod", FilePlan(PROD, "requirements", GroupSelection(production), BASE)
    for name in variants.names:
        yield "variants", FilePlan(variant_file(name), "requirements", variants.selection(name), BASE)
    yield "constraints", FilePlan(CONSTRAINTS, "constraints", GroupSelection(shared, extras))
    for name in variants.names:
        yield "pylock", FilePlan(f"pylock.{name}.toml", "pylock", variants.selection(name))
    if not variants.names:
        yield "pylock", FilePlan("pylock.toml", "pylock", main)


def _check(
    plan: FilePlan, plans: Sequence[FilePlan], project: Project, variants: Variants, checker: Checker
) -> None:
    _check_names(plan.selection.groups, project.groups, plan, "group", checker)
    _check_names(plan.selection.extras, project.extras, plan, "extra", checker)
    chosen = variants.chosen(plan.selection)
    if len(chosen) > 1:
        what = f"{' and '.join(chosen)} are hardware variants that exclude each other"
        checker.report(plan.key_path, what, "Write one file for each of them.")
    if plan.base is not None:
        _check_base(plan, plans, checker)


def _check_names(
    names: Iterable[str], known: Iterable[str], plan: FilePlan, kind: str, checker: Checker
) -> None:
    listed = tuple(known)
    for name in names:
        if name not in listed:
            all_of_them = f"There are: {', '.join(listed)}." if listed else "The project has none."
            hint = " ".join(filter(None, [did_you_mean(name, listed), all_of_them]))
            checker.report(f"{plan.key_path} {kind}s", f'there is no {kind} "{name}"', hint)


def _check_base(plan: FilePlan, plans: Sequence[FilePlan], checker: Checker) -> None:
    where = f"{plan.key_path} base"
    base = next((one for one in plans if one.path == plan.base and one is not plan), None)
    if base is None or base.format != "requirements":
        names = [one.path for one in plans if one.format == "requirements" and one is not plan]
        hint = did_you_mean(plan.base or "", names) or f"Requirements files are: {', '.join(names)}."
        checker.report(where, f'"{plan.base}" is not a requirements file of the bundle', hint)
        return
    more = [name for name in base.selection.groups if name not in plan.selection.groups]
    more += [name for name in base.selection.extras if name not in plan.selection.extras]
    if more:
        hint = f"Add {', '.join(more)} to {plan.path}, or give it another base."
        checker.report(where, f"{base.path} holds more than this file: {', '.join(more)}", hint)
    elif _circular(plan, plans):
        checker.report(where, "the files include each other", "Remove one of these bases.")


def _circular(plan: FilePlan, plans: Sequence[FilePlan]) -> bool:
    by_path = {one.path: one for one in plans}
    seen = {plan.path}
    step = plan.base
    while step is not None and step in by_path:
        if step in seen:
            return True
        seen.add(step)
        step = by_path[step].base
    return False


def _bases_first(plans: Sequence[FilePlan]) -> list[FilePlan]:
    by_path = {plan.path: plan for plan in plans}
    ordered: dict[str, FilePlan] = {}

    def add(plan: FilePlan) -> None:
        if plan.base is not None and plan.base not in ordered:
            add(by_path[plan.base])
        ordered[plan.path] = plan

    for plan in plans:
        add(plan)
    return list(ordered.values())
