"""Variants that leave a project: their groups, their rows of the table, and the sources that nothing else uses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poetry_aiops.errors import UsageError
from poetry_aiops.hardware.addition import COMMAND
from poetry_aiops.project.checks import did_you_mean, normalised


if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from poetry_aiops.config import Variant
    from poetry_aiops.hardware.addition import Addition
    from poetry_aiops.project.model import Project


def leaving(words: Sequence[str], variants: Sequence[Variant]) -> frozenset[str]:
    """Return the groups of the variants that ``--remove`` names, by group or by backend; raises UsageError."""
    backends = [variant.backend for variant in variants]
    by_name = {variant.backend: variant.group for variant in variants if backends.count(variant.backend) == 1}
    by_name |= {variant.group: variant.group for variant in variants}
    names = [word.strip() for part in words for word in part.split(",") if word.strip()]
    for name in names:
        if name not in by_name and normalised(name) not in by_name:
            known = ", ".join(variant.group for variant in variants)
            raise UsageError(
                f'"{name}" is the backend of several variants'
                if name in backends
                else f'there is no hardware variant "{name}"',
                where="--remove",
                hint=did_you_mean(normalised(name), by_name)
                or (
                    f"The variants are {known}."
                    if known
                    else f"Add one first: {COMMAND} PACKAGE --variants ..."
                ),
            )
    return frozenset(by_name.get(name) or by_name[normalised(name)] for name in names)


def unused_sources(project: Project, gone: frozenset[str], added: Addition) -> frozenset[str]:
    """Return the explicit sources, in lower case, that only the groups in ``gone`` use."""
    used = _sources_of(project, project.groups.keys() - gone)
    used |= {entry.source.lower() for one in added.variants for entry in one.entries if entry.source}
    explicit = {one.name.lower() for one in project.sources if one.priority == "explicit"}
    return frozenset(explicit & _sources_of(project, gone) - used)


def notes_on(project: Project, gone: frozenset[str]) -> tuple[str, ...]:
    """Return what to report about a removal: the packages that no other group requires itself."""
    rest = {one.name for name in project.groups.keys() - gone for one in project.groups[name].requirements}
    held = {one.name for name in gone & project.groups.keys() for one in project.groups[name].requirements}
    alone = ", ".join(sorted(held - rest))
    return (f"no other group requires {alone} itself",) if alone else ()


def _sources_of(project: Project, groups: Iterable[str]) -> set[str]:
    return {
        one.source.lower()
        for name in groups
        if name in project.groups
        for one in project.groups[name].requirements
        if one.source
    }
