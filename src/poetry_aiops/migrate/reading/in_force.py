"""Which options are in force when pip has read a file with everything it includes, and which were dropped on the way."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from collections.abc import Iterable

    from poetry_aiops.migrate.model import Option


GLOBAL_ANYWHERE = frozenset({"no-binary", "only-binary", "all-releases", "only-final"})
"""Behind a requirement, too, these hold for all packages: pip keeps them in one object for all lines."""
_FILES = frozenset({"requirement", "constraint", "editable"})
_INDEXES = frozenset({"index-url", "extra-index-url"})


@dataclass(slots=True)
class InForce:
    """Collects options in the order in which pip reads them; ``off`` says that pip asks no index any more."""

    options: list[Option] = field(default_factory=list)
    dropped: list[Option] = field(default_factory=list)
    off: bool = False

    def read_line(self, options: Iterable[Option], *, with_requirement: bool) -> tuple[Option, ...]:
        """Take the options of one line; return the extra indexes that this line drops."""
        line = [option for option in options if option.name not in _FILES and option.name != "hash"]
        if with_requirement:
            self.options.extend(option for option in line if option.name in GLOBAL_ANYWHERE)
            return ()
        lost: list[Option] = []
        off = self.off = self.off or any(option.name == "no-index" for option in line)
        if off or any(option.name == "index-url" for option in line):
            lost = [option for option in self.options if option.name in _INDEXES]
            self.options = [option for option in self.options if option.name not in _INDEXES]
        kept = line if not off else [option for option in line if option.name not in _INDEXES]
        lost.extend(option for option in line if option not in kept)
        names = [option for option in kept if option.name == "index-url"]
        lost.extend(names[:-1])
        links = [option for option in kept if option.name == "find-links"]
        lost.extend(links[1:])
        self.options.extend(option for option in kept if option not in lost)
        self.dropped.extend(lost)
        return tuple(lost)
