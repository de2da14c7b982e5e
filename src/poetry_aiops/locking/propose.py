"""Inference without a table: which optional groups are builds of one thing for different hardware."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from poetry_aiops.config import VARIANTS, HardwareConfig, Variant
from poetry_aiops.locking.signals import ALTERNATIVES, builds_of, signal_of, stem_of, words_in
from poetry_aiops.project.model import MAIN, Group
from poetry_aiops.project.targets import extras_in


if TYPE_CHECKING:
    from poetry_aiops.locking.signals import Build, Signal
    from poetry_aiops.project.model import Project


_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Proposal:
    """What the groups look like.

    ``hardware`` is None when fewer than two optional groups are alternatives; ``reasons`` says for each variant why
    it has its backend, ``notes`` names groups that would be variants if they were optional.
    """

    hardware: HardwareConfig | None
    reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Candidate:
    group: Group
    signal: Signal
    builds: dict[str, frozenset[Build]]


def propose(project: Project) -> HardwareConfig | None:
    """Return the hardware variants that the groups look like, None when fewer than two are alternatives.

    Raises InputError for groups that include each other in a circle.
    """
    return proposal_for(project).hardware


def proposal_for(project: Project) -> Proposal:
    """Return the proposal with its reasons and notes; raises as ``propose`` does."""
    proposal = _proposal_for_groups(project)
    return proposal if proposal.hardware else _proposal_for_extras(project) or proposal


def _proposal_for_extras(project: Project) -> Proposal | None:
    """Return the extras that exclude each other by their markers, Poetry's documented pattern."""
    proposal = _proposal_for_groups(_with_extras_as_groups(project))
    if proposal.hardware is None:
        return None
    names = {variant.group for variant in proposal.hardware.variants}
    exclusive = any(
        extras_in(requirement.marker) & (names - set(requirement.in_extras))
        for requirement in project.main.requirements
        if names.intersection(requirement.in_extras)
    )
    return proposal if exclusive else None


def _with_extras_as_groups(project: Project) -> Project:
    """Return the project as if each of its extras were an optional group and it had no others."""
    groups = {
        extra: Group(
            extra,
            extra,
            optional=True,
            requirements=tuple(r for r in project.main.requirements if extra in r.in_extras),
            includes=(),
            key_path=f"[project.optional-dependencies] {extra}",
        )
        for extra in project.extras
        if extra not in project.groups
    }
    return replace(project, groups={MAIN: project.main, **groups})


def _proposal_for_groups(project: Project) -> Proposal:
    candidates = _candidates(project)
    optional = [candidate for candidate in candidates if candidate.group.optional]
    chosen = _without_umbrellas(_largest_set(optional), project)
    notes = _notes(candidates, chosen)
    if len(chosen) < 2:  # noqa: PLR2004 - a choice needs two
        return Proposal(None, notes=notes)
    variants = tuple(
        Variant(one.group.name, one.signal.backend, f"{VARIANTS} {one.group.name}") for one in chosen
    )
    reasons = tuple(f"{one.group.name} is {one.signal.backend}: {one.signal.because}" for one in chosen)
    return Proposal(HardwareConfig(variants), reasons, notes)


def as_toml(config: HardwareConfig) -> str:
    """Return the table to paste into pyproject.toml; reading it gives ``config`` again."""
    settings = []
    if config.provides is not None:
        names = ", ".join(f'"{name}"' for name in sorted(config.provides))
        settings.append(f"provides = [{names}]")
    if config.mixed != "cover-all":
        settings.append(f'mixed = "{config.mixed}"')
    above = ["[tool.poetry-aiops.hardware]", *settings, ""] if settings else []
    variants = [f'{_key(variant.group)} = "{variant.backend}"' for variant in config.variants]
    return "\n".join([*above, VARIANTS, *variants]) + "\n"


def _key(name: str) -> str:
    return name if _BARE_KEY.fullmatch(name) else f'"{name}"'


def _candidates(project: Project) -> list[_Candidate]:
    found = []
    for group in project.groups.values():
        requirements = project.requirements_of(group.name)
        signal = signal_of(project, group) if group.name != MAIN and requirements else None
        if signal:
            found.append(_Candidate(group, signal, builds_of(requirements)))
    return found


def _largest_set(candidates: list[_Candidate]) -> list[_Candidate]:
    """Return the largest set of candidates that hang together as alternatives, the first of equal ones."""
    left = list(candidates)
    best: list[_Candidate] = []
    while left:
        reached = [left.pop(0)]
        for member in reached:
            found = [other for other in left if _alternatives(member, other)]
            reached += found
            left = [other for other in left if other not in found]
        if len(reached) > max(len(best), 1):
            best = reached
    return [candidate for candidate in candidates if candidate in best]


def _without_umbrellas(chosen: list[_Candidate], project: Project) -> list[_Candidate]:
    """Leave out groups that only bring along another of the chosen ones, for a variant cannot include a variant."""
    names = {candidate.group.name for candidate in chosen}
    return [
        candidate for candidate in chosen if not names.intersection(project.included(candidate.group.name))
    ]


def _alternatives(one: _Candidate, other: _Candidate) -> bool:
    if one.signal.backend == other.signal.backend:
        return False
    return _other_builds(one, other) or _known_alternatives(one, other) or _named_alike(one, other)


def _other_builds(one: _Candidate, other: _Candidate) -> bool:
    """Say whether both ask for one package, but for different builds of it."""
    return any(one.builds[name] != other.builds[name] for name in one.builds.keys() & other.builds.keys())


def _known_alternatives(one: _Candidate, other: _Candidate) -> bool:
    """Say whether each asks for another package of a family of which an environment holds one."""
    for family in ALTERNATIVES:
        first, second = family.keys() & one.builds.keys(), family.keys() & other.builds.keys()
        if first and second and first != second:
            return True
    return False


def _named_alike(one: _Candidate, other: _Candidate) -> bool:
    """Say whether the names are the same but for their hardware words: ``ml-cpu`` and ``ml-gpu``."""
    names = (one.group.pretty_name, other.group.pretty_name)
    return all(words_in(name) for name in names) and stem_of(names[0]) == stem_of(names[1])


def _notes(candidates: list[_Candidate], chosen: list[_Candidate]) -> tuple[str, ...]:
    rivals = chosen or candidates
    fixed = [
        one
        for one in candidates
        if not one.group.optional and any(_alternatives(one, other) for other in rivals)
    ]
    return tuple(
        f'The group "{one.group.pretty_name}" looks like a variant for {one.signal.backend}, but is not optional:'
        f" write [tool.poetry.group.{one.group.pretty_name}] optional = true."
        for one in fixed
    )
