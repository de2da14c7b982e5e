"""Which variant a set of dependency groups selects: at most one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poetry_aiops.errors import UsageError


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Sequence


def refuse_several_variants(variants: Sequence[str], names: Iterable[str], option: str = "--with") -> None:
    """Raise UsageError when the names of groups (or of extras) contain more than one variant."""
    asked = set(names)
    chosen = [variant for variant in variants if variant in asked]
    if len(chosen) > 1:
        names = " and ".join([", ".join(chosen[:-1]), chosen[-1]])
        raise UsageError(
            f"{names} are hardware variants that exclude each other, and an environment can hold only one",
            hint=f"Name one of them, for example `{option} {chosen[0]}`.",
        )
