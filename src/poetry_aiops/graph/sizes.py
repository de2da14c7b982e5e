"""What the locked packages weigh on one machine: of each build, the file that an installer would take there. Pure.

Files are chosen by the tags in their names (PEP 425, 600, 656): the first wheel in the machine's order of preference,
else the source archive. Sizes themselves come from elsewhere: poetry.lock does not hold them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from poetry_aiops.system.record import Record


if TYPE_CHECKING:
    from collections.abc import Mapping

    from poetry_aiops.graph.model import Diff


NO_FILE_FITS: Final = "no file of it fits this machine"
"""The reason of a build that is not downloaded there at all."""


@dataclass(frozen=True, slots=True)
class BuildSize:
    """The size of one locked build in bytes to download; None with the ``reason`` as a message where it is unknown.

    ``source`` is spelled as ``Build.source``; ``file`` is the file that would be installed, empty when none fits.
    ``refused``: its index wants a login, or the user's word that it may be asked.
    """

    name: str
    version: str
    source: str = ""
    file: str = ""
    size: int | None = None
    reason: str = ""
    refused: bool = False


class Sizes(Record):
    """Sizes of the builds of a graph, in its order; ``machine`` says where the files would be installed."""

    machine: str
    builds: tuple[BuildSize, ...]

    def by_name(self) -> dict[str, int]:
        """Return bytes by package name; of several builds, which exclude each other, the largest."""
        found: dict[str, int] = {}
        for build in self.builds:
            if build.size is not None:
                found[build.name] = max(build.size, found.get(build.name, 0))
        return found

    def by_build(self) -> Mapping[tuple[str, str, str], BuildSize]:
        """Return each build by its name, version and source."""
        return {(build.name, build.version, build.source): build for build in self.builds}

    def change(self, diff: Diff) -> int | None:
        """Return how many bytes more the newer side of a diff downloads; None where a build's size is not known."""
        known: dict[tuple[str, str], int | None] = {
            (one.name, f"{one.version} from {one.source}" if one.source else one.version): (
                0 if one.reason == NO_FILE_FITS else one.size
            )
            for one in self.builds
        }
        newer = [
            *((one.name, one.builds) for one in diff.added),
            *((one.name, one.new) for one in diff.changed),
        ]
        older = [
            *((one.name, one.builds) for one in diff.removed),
            *((one.name, one.old) for one in diff.changed),
        ]
        total = 0
        for sign, changes in ((1, newer), (-1, older)):
            for name, builds in changes:
                sizes = [known.get((name, build)) for build in builds]
                if None in sizes:
                    return None
                total += sign * max((size for size in sizes if size is not None), default=0)
        return total

    @property
    def unknown(self) -> tuple[BuildSize, ...]:
        return tuple(build for build in self.builds if build.size is None)

    @property
    def total(self) -> int:
        """The bytes of one build of every name."""
        return sum(self.by_name().values())
