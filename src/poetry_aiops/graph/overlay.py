"""What other sources add to a graph: sizes from the indexes, advisories from a health report."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from collections.abc import Mapping

    from poetry_aiops.graph.advisories import Advisory
    from poetry_aiops.graph.sizes import Sizes


@dataclass(frozen=True, slots=True)
class Overlay:
    """Facts that the lock does not hold; ``advisories`` are by package name, None without a health report."""

    sizes: Sizes | None = None
    advisories: Mapping[str, tuple[Advisory, ...]] | None = field(default=None, hash=False)

    @property
    def bytes_by_name(self) -> Mapping[str, int]:
        """The known sizes, empty when nobody asked for them."""
        return self.sizes.by_name() if self.sizes else MappingProxyType({})


NO_OVERLAY = Overlay()
