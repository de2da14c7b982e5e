"""Which dependency groups ``poetry hw-install`` activates, and what was wished for on the way. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from poetry_aiops.accelerators.choice import ChoiceRequest
from poetry_aiops.config import AUTO, Profile
from poetry_aiops.errors import UsageError
from poetry_aiops.project.checks import did_you_mean, normalised
from poetry_aiops.project.model import MAIN


if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


PRODUCTION, DEVELOPMENT, EDGE = "production", "development", "edge"


@dataclass(frozen=True, slots=True)
class GroupOptions:
    """The options of the command line that name groups, in canonical form."""

    with_: frozenset[str] = frozenset()
    without: frozenset[str] = frozenset()
    only: frozenset[str] = frozenset()
    only_root: bool = False
    all_groups: bool = False
    hardware: str | None = None
    profile: str | None = None
    extras: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class GroupPlan:
    """The groups besides any variant, and whether the chosen variant joins them."""

    groups: frozenset[str]
    takes_variant: bool


def names_in_groups(given: Iterable[str] | None) -> frozenset[str]:
    """Return the group names in the values of an option: ``["dev,docs", "test"]``; commas separate them."""
    return frozenset(normalised(name.strip()) for part in given or () for name in part.split(","))


def names_in_extras(given: Iterable[str] | None) -> frozenset[str]:
    """Return the extras in the values of an option: ``["gpu plots"]``; blanks separate them."""
    return frozenset(normalised(name) for part in given or () for name in part.split())


def wish_of(
    options: GroupOptions,
    variants: frozenset[str],
    profile: Profile | None,
    environment: str | None,
    remembered: str | None,
) -> ChoiceRequest:
    """Return what was requested: an option beats a profile, the environment, and what is remembered.

    Raises UsageError for ``--hardware`` against a variant named as a group.
    """
    named = sorted((options.with_ | options.only | options.extras) & variants)
    if options.hardware is not None:
        if named and normalised(options.hardware) not in named:
            raise UsageError(
                f"--hardware {options.hardware} and the group {named[0]} require different hardware variants",
                where="--hardware",
                hint="Name the variant only once.",
            )
        return ChoiceRequest(options.hardware, "option")
    if named:
        return ChoiceRequest(named[0], "groups")
    if profile is not None and profile.variant != AUTO:
        return ChoiceRequest(profile.variant, "profile")
    if environment:
        return ChoiceRequest(environment, "environment")
    if remembered:
        return ChoiceRequest(remembered, "remembered")
    return ChoiceRequest()


def profile_of(
    name: str | None, own: Mapping[str, Profile], default_groups: frozenset[str], variants: frozenset[str]
) -> Profile | None:
    """Return the profile of that name, the project's own first; raises UsageError for an unknown one."""
    if name is None:
        return None
    built_in = {
        PRODUCTION: Profile(PRODUCTION, (MAIN,), AUTO),
        DEVELOPMENT: Profile(DEVELOPMENT, tuple(sorted(default_groups)), AUTO),
        EDGE: Profile(EDGE, (MAIN,), EDGE),
    }
    known = {**built_in, **own}
    if name not in known:
        hint = did_you_mean(name, known) or f"The profiles are {', '.join(known)}."
        raise UsageError(f'there is no profile "{name}"', where="--profile", hint=hint)
    if name == EDGE and EDGE not in own and EDGE not in variants:
        raise UsageError(
            'the profile edge installs main and the variant "edge", which this project does not have',
            where="--profile edge",
            hint='Declare it: [tool.poetry-aiops.hardware.variants] edge = "jetson", or write a profile of your own in'
            " [tool.poetry-aiops.profiles.edge].",
        )
    return known[name]


def plan_groups(
    options: GroupOptions,
    *,
    every_group: frozenset[str],
    default_groups: frozenset[str],
    variants: frozenset[str],
    profile: Profile | None,
) -> GroupPlan:
    """Return the groups to install; raises UsageError for options that contradict each other."""
    if profile is not None and (options.only or options.only_root or options.all_groups):
        raise UsageError(
            "a profile already says which groups are installed",
            where="--profile",
            hint="Leave out --only, --only-root and --all-groups, or adjust the profile with --with and --without.",
        )
    if options.only_root:
        return GroupPlan(frozenset(), takes_variant=False)
    if options.only:
        asked = options.only
        return GroupPlan(asked - variants, takes_variant=MAIN in asked or bool(asked & variants))
    start = every_group if options.all_groups else default_groups
    if profile is not None:
        start = frozenset(normalised(group) for group in profile.groups)
        _check_known(profile, start - every_group, every_group)
    groups = (start | options.with_) - options.without - variants
    return GroupPlan(groups, takes_variant=MAIN in groups)


def _check_known(profile: Profile, unknown: frozenset[str], every_group: frozenset[str]) -> None:
    for name in sorted(unknown):
        hint = did_you_mean(name, every_group) or f"The groups are {', '.join(sorted(every_group))}."
        raise UsageError(
            f'there is no dependency group "{name}"',
            where=f"[tool.poetry-aiops.profiles.{profile.name}] groups",
            hint=hint,
        )
