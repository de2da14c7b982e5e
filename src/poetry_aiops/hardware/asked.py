"""The arguments of ``poetry hw-add``: packages and backends, as people type them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from poetry_aiops.errors import InputError
from poetry_aiops.project.backends import is_backend, nearest_backend
from poetry_aiops.project.checks import normalised
from poetry_aiops.project.constraints import read_constraint


if TYPE_CHECKING:
    from collections.abc import Sequence

    from poetry_aiops.accelerators.frameworks import Framework, FrameworkFacts
    from poetry_aiops.config import Variant
    from poetry_aiops.hardware.recipes import Recipes
    from poetry_aiops.project.checks import Checker


_PACKAGE = re.compile(
    r"\s*(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[(?P<extras>[^\]]*)\])?\s*(?P<rest>.*)",
    re.DOTALL,
)
_ELSEWHERE = re.compile(
    r"^\s*(?:git\+|https?:|file:|\.{0,2}/)|@\s*(?:git\+|[a-z+]+://|\.{0,2}/)", re.IGNORECASE
)
_TAG = re.compile(r"\+[A-Za-z0-9.]+")
_VARIANTS = "--variants"


@dataclass(frozen=True, slots=True)
class RequestedPackage:
    """One package: ``framework`` when facts about it are known, ``constraint`` None when none was given.

    ``given``: the constraint is in the arguments or in a shared group, rather than in the variants already.
    """

    name: str
    framework: Framework | None
    constraint: str | None = None
    extras: tuple[str, ...] = ()
    given: bool = False

    @property
    def key(self) -> str:
        return self.framework.name if self.framework else self.name

    @property
    def names(self) -> frozenset[str]:
        """Every package name of it."""
        return frozenset(self.framework.names) if self.framework else frozenset({self.name})


def asked_packages(
    texts: Sequence[str], facts: FrameworkFacts, checker: Checker
) -> tuple[RequestedPackage, ...]:
    """Return what the arguments require; wrong ones are remembered as problems."""
    found: dict[str, RequestedPackage] = {}
    for text in texts:
        asked = _package(text, facts, checker)
        if asked is not None and asked.key in found:
            checker.report(text, f"{asked.key} is named twice", "Name each package once.")
        elif asked is not None:
            found[asked.key] = asked
    return tuple(found.values())


def asked_targets(
    given: Sequence[str], variants: Sequence[Variant], recipes: Recipes, checker: Checker
) -> tuple[tuple[str, str], ...]:
    """Return group and backend of what ``--variants`` names; a new variant has no group yet.

    A variant's own name means that variant, a backend every variant that has it.
    """
    own = {variant.group: variant.backend for variant in variants}
    found: list[tuple[str, str]] = []
    for word in filter(None, (word.strip() for part in given for word in part.split(","))):
        backend = own.get(normalised(word)) or word.lower()
        groups = [normalised(word)] if normalised(word) in own else [g for g in own if own[g] == backend]
        targets = [(group, backend) for group in groups or [""]]
        if not set(found).isdisjoint(targets):
            checker.report(_VARIANTS, f'"{word}" is named twice', "Name each backend once.")
        elif _is_known(backend, own, recipes, checker, word):
            found += targets
    if not found and not checker.problems:
        checker.report(
            _VARIANTS, "is required and names no backend", "Write for example --variants cpu,cu126."
        )
    return tuple(found)


def without_tags(constraint: str) -> str:
    """Return a constraint without build tags, which say what the source already says: ``^2.10+cpu`` -> ``^2.10``."""
    return _TAG.sub("", constraint)


def same_constraint(one: str, other: str) -> bool:
    """Say whether two constraints mean the same, in whichever spelling; build tags do not count."""
    return read_constraint(without_tags(one)) == read_constraint(without_tags(other))


def _is_known(backend: str, own: dict[str, str], recipes: Recipes, checker: Checker, word: str) -> bool:
    known = recipes.known_backends()
    if backend in known or backend in own.values():
        return True
    if is_backend(backend) and recipes.is_newer_than_known(backend):
        return True
    nearest = nearest_backend(backend)
    suggestion = f'Did you mean "{nearest}"? ' if nearest in known else ""
    checker.report(
        _VARIANTS, f'"{word}" is not a known backend', f"{suggestion}Known are {', '.join(known)}."
    )
    return False


def _package(text: str, facts: FrameworkFacts, checker: Checker) -> RequestedPackage | None:
    match = _PACKAGE.fullmatch(text)
    if match is None or _ELSEWHERE.search(text) or ";" in text:
        checker.report(
            text or '""',
            "is not a package name with an optional version",
            "Write for example torch, torch@^2.9 or 'torch>=2.9,<2.12'; builds from a path, an address or Git, and"
            " markers, have to be written into pyproject.toml by hand.",
        )
        return None
    name = normalised(match["name"])
    constraint = match["rest"].strip().removeprefix("@").strip()
    constraint = "" if constraint in {"latest", "*"} else without_tags(constraint).strip("() ")
    try:
        read_constraint(constraint)
    except InputError as error:
        checker.report(text, error.what, error.hint or "")
        return None
    extras = tuple(sorted(normalised(extra) for extra in (match["extras"] or "").split(",") if extra.strip()))
    return RequestedPackage(name, facts.framework(name), constraint or None, extras, given=bool(constraint))
