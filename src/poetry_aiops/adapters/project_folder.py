"""The files around requirements files, as far as they lie inside the project or its repository."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from poetry_aiops.system.reading import boundary
from poetry_aiops.system.reading import read_file


if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Sequence
    from pathlib import Path


@dataclass(frozen=True)
class ProjectFolder:
    """Reads files by POSIX paths relative to the project; ``replaced`` are contents that are not on the disk yet."""

    root: Path
    replaced: Mapping[str, bytes]

    def read(self, path: str) -> bytes | None:
        """Return a file's bytes; None for no file, for one outside of the repository and for huge ones."""
        if path in self.replaced:
            return self.replaced[path]
        try:
            return read_file(self.root / path, within=self.root)
        except (OSError, ValueError):
            return None

    def is_folder(self, path: str) -> bool:
        """Say whether a folder is there."""
        found = self._inside(path)
        return found is not None and found.is_dir()

    def names(self, path: str) -> Sequence[str]:
        """Return the names in a folder, sorted."""
        found = self._inside(path)
        try:
            return sorted(entry.name for entry in found.iterdir()) if found is not None else []
        except OSError:
            return []

    def _inside(self, path: str) -> Path | None:
        try:
            found = (self.root / path).resolve()
        except (OSError, ValueError, RuntimeError):
            return None
        return found if found.is_relative_to(self._boundary) else None

    @cached_property
    def _boundary(self) -> str:
        """The repository that the project lies in, else the project itself."""
        return boundary(self.root)
