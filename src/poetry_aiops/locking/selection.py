"""Which variant a set of dependency groups selects: at most one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poetry_aiops.errors import UsageError
from poetry_aiops.project.checks import normalised


if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def clash(variants: Sequence[str], names: Iterable[str]) -> tuple[str, ...]:
    """Return the variants among the names of groups (or extras) when there are two or more, else nothing."""
    asked = {normalised(name) for name in names}
    found = tuple(variant for variant in variants if variant in asked)
    return found if len(found) > 1 else ()


def refuse_several_variants(variants: Sequence[str], names: Iterable[str], option: str = "--with") -> None:
    """Raise UsageError when the names of groups (or of extras) contain more than one variant."""
    if chosen := clash(variants, names):
        names = " and ".join([", ".join(chosen[:-1]), chosen[-1]])
        raise UsageError(
            f"{names} are hardware variants that exclude each other, and an environment can hold only one",
            hint=f"Name one of them, for example `{option} {chosen[0]}`.",
        )
