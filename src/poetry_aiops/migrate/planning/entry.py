"""What will be in pyproject.toml: entries, groups, settings; and how one entry is written in either layout."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from poetry_aiops.project.model import MAIN


if TYPE_CHECKING:
    from poetry_aiops.migrate.model import Place
    from poetry_aiops.project.model import Source


@dataclass(frozen=True, slots=True)
class PlannedEntry:
    """One dependency to write.

    ``specifier`` is PEP 440, ``""`` for any version; ``relaxed`` is the same with pins as lower bounds. ``url`` is a direct reference without credentials, ``git`` says
    that it is a repository (then with ``revision`` and ``subdirectory``); ``path`` a local place relative to the
    project. ``places`` are the lines that it comes from; ``above`` and ``behind`` their comments.
    """

    name: str
    places: tuple[Place, ...]
    specifier: str = ""
    relaxed: str = ""
    extras: tuple[str, ...] = ()
    marker: str = ""
    source: str | None = None
    url: str | None = None
    git: bool = False
    revision: str | None = None
    subdirectory: str | None = None
    path: str | None = None
    develop: bool = False
    prereleases: bool = False
    above: tuple[str, ...] = ()
    behind: str = ""

    @property
    def is_direct(self) -> bool:
        """Whether it is taken from an address or a folder instead of an index."""
        return self.url is not None or self.path is not None

    def as_pep508(self) -> str:
        """Return the entry of a standard list."""
        extras = f"[{','.join(self.extras)}]" if self.extras else ""
        end = f" ; {self.marker}" if self.marker else ""
        if self.url is not None:
            return f"{self.name}{extras} @ {self._reference()}{end}"
        return f"{self.name}{extras}{f' ({self.specifier})' if self.specifier else ''}{end}"

    def enrichment(self) -> dict[str, object]:
        """Return what Poetry's own table has to add to the standard list's entry, its marker aside."""
        found: dict[str, object] = {}
        if self.path is not None:
            found["path"] = self.path
        if self.develop:
            found["develop"] = True
        if self.source is not None:
            found["source"] = self.source
        if self.prereleases:
            found["allow-prereleases"] = True
        return found

    def poetry_table(self) -> dict[str, object]:
        """Return the whole entry of Poetry's own table, for projects that have only that."""
        found: dict[str, object] = {}
        if self.git:
            found["git"] = self.url
            if self.revision:
                found["rev"] = self.revision
            if self.subdirectory:
                found["subdirectory"] = self.subdirectory
        elif self.url is not None:
            found["url"] = self.url
        elif self.path is None:
            found["version"] = self.specifier or "*"
        if self.extras:
            found["extras"] = list(self.extras)
        found |= self.enrichment()
        if self.marker:
            found["markers"] = self.marker
        return found

    def _reference(self) -> str:
        if not self.git:
            return str(self.url)
        revision = f"@{self.revision}" if self.revision else ""
        folder = f"#subdirectory={self.subdirectory}" if self.subdirectory else ""
        return f"git+{self.url}{revision}{folder}"


@dataclass(frozen=True, slots=True)
class PlannedGroup:
    """One dependency group; ``includes`` are other groups, ``backend`` makes it a hardware variant.

    ``required`` are packages of Poetry's own table that are optional there and have to be installed always.
    """

    name: str
    entries: tuple[PlannedEntry, ...] = ()
    optional: bool = False
    includes: tuple[str, ...] = ()
    backend: str | None = None
    required: tuple[str, ...] = ()

    @property
    def where(self) -> str:
        """The key path for reports, in the standard layout."""
        return "[project] dependencies" if self.name == MAIN else f"[dependency-groups] {self.name}"


@dataclass(frozen=True, slots=True)
class Enrichment:
    """What Poetry's own table adds to a package that a standard list of the project already has."""

    group: str
    name: str
    tables: tuple[dict[str, object], ...]


@dataclass(frozen=True, slots=True)
class Setting:
    """One of Poetry's settings for poetry.toml: ``installer.no-binary`` and its value."""

    key: str
    value: str | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Edits:
    """Everything that pyproject.toml and poetry.toml get; main comes first among the groups.

    ``extras`` are the project's own, each with PEP 508 texts.
    """

    groups: tuple[PlannedGroup, ...]
    sources: tuple[Source, ...] = ()
    settings: tuple[Setting, ...] = ()
    extras: tuple[tuple[str, tuple[str, ...]], ...] = ()
    enriching: tuple[Enrichment, ...] = ()
    production: tuple[str, ...] = ()
    """The groups of production's own files: with main they are the profile ``production``."""

    @property
    def variants(self) -> tuple[tuple[str, str], ...]:
        return tuple((group.name, group.backend) for group in self.groups if group.backend is not None)
