"""How old a release must be before it may be proposed: Poetry's own ``solver.min-release-age`` (Poetry 2.5)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Cooldown:
    """The age in days, and the package names and sources (by name) that are exempt from it."""

    days: int = 0
    exempt_names: frozenset[str] = frozenset()
    exempt_sources: frozenset[str] = frozenset()

    def for_package(self, source: str, name: str) -> timedelta:
        """Return the age that releases of a package must have; zero when it is exempt."""
        exempt = name in self.exempt_names or source.lower() in self.exempt_sources
        return timedelta(0) if exempt else timedelta(days=self.days)
