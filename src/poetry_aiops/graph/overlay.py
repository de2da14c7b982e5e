"""What other sources add to a graph: sizes from the indexes, advisories from a health report."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from collections.abc import Mapping

    from poetry_aiops.graph.advisories import Vulnerabilities
    from poetry_aiops.graph.sizes import Sizes


@dataclass(frozen=True, slots=True)
class Overlay:
    """Facts that the lock does not hold; ``vulnerabilities`` is None without a health report about this lock."""

    sizes: Sizes | None = None
    vulnerabilities: Vulnerabilities | None = None

    @property
    def bytes_by_name(self) -> Mapping[str, int]:
        """The known sizes, empty when nobody asked for them."""
        return self.sizes.by_name() if self.sizes else MappingProxyType({})


NO_OVERLAY = Overlay()
