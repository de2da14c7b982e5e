"""The files around requirements files, as far as they lie inside the project or its repository."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final


if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


SIZE_LIMIT: Final = 20_000_000


@dataclass(frozen=True)
class ProjectFolder:
    """Reads files by POSIX paths relative to the project; ``replaced`` are contents that are not on the disk yet."""

    root: Path
    replaced: Mapping[str, bytes]

    def read(self, path: str) -> bytes | None:
        """Return a file's bytes; None for no file, for one outside of the repository and for huge ones."""
        if path in self.replaced:
            return self.replaced[path]
        found = self._inside(path)
        try:
            if found is None or not found.is_file() or found.stat().st_size > SIZE_LIMIT:
                return None
            return found.read_bytes()
        except OSError:
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
    def _boundary(self) -> Path:
        """The repository that the project lies in, else the project itself."""
        root = self.root.resolve()
        return next((folder for folder in (root, *root.parents) if (folder / ".git").exists()), root)
