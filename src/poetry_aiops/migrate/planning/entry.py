"""What will be in pyproject.toml: entries, groups, settings; and how one entry is written in either layout.

Poetry's own table adds to the entries of one package in a standard list. poetry-core joins every entry of the list with every table whose marker can hold together with its own, and what no
table covers of an entry so joined is gone. So the markers of tables that differ have to exclude each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from poetry_aiops.migrate.planning.merge import holds
from poetry_aiops.project.constraints import all_of, read_marker
from poetry_aiops.project.model import MAIN
from poetry_aiops.project.targets import targets


if TYPE_CHECKING:
    from collections.abc import Sequence

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


@dataclass(frozen=True, slots=True)
class Identity:
    """What a new ``[project]`` table says about the project; ``reason`` is where the Python versions come from."""

    name: str
    version: str
    requires_python: str
    reason: str
    description: str = ""
    package_mode: bool = False
    python_asked: bool = False
    """Whether the user gave ``requires_python``: then it counts in an existing pyproject.toml, too."""
    python_guessed: bool = False
    """Whether nothing of the project says which Python it is."""
    packages: tuple[tuple[str, str], ...] = ()
    """What Poetry cannot find by the project's name: names in the folder ``from`` (``""`` for the project's)."""
    name_guessed: bool = False
    """Whether the name is only that of the folder."""


Table = tuple[dict[str, object], str]
"""What Poetry's table says, and where."""

_EVERYWHERE = targets(lambda _: True)


def enriching_tables(same: Sequence[PlannedEntry]) -> list[dict[str, object]]:
    """Return the tables for the entries of one package, none where the list says it all.

    Raises InputError for a marker that poetry-core cannot compare.
    """
    return tables_of([(entry.enrichment(), entry.marker) for entry in same])


def tables_of(wishes: Sequence[Table]) -> list[dict[str, object]]:
    """Return the tables for what is wanted of one package where; an empty wish is the list's entry as it is.

    Raises InputError for a marker that poetry-core cannot compare.
    """
    if all(wish == wishes[0][0] for wish, _ in wishes):
        return [wishes[0][0]] if wishes[0][0] else []
    tables: list[Table] = []
    plain = []
    for wish in wishes:
        if wish[0]:
            _add(wish, tables)
        else:
            plain.append(wish)
    while touched := next(
        (one for one in plain if any(_overlap(marker, one[1]) for _, marker in tables)), None
    ):
        plain.remove(touched)
        _add(touched, tables)
    return [
        {**(table or {"version": "*"}), **({"markers": marker} if marker else {})} for table, marker in tables
    ]


def _add(wish: Table, tables: list[Table]) -> None:
    """Add the table of a wish where the other ones leave something of it."""
    wanted, marker = wish
    before = [other for table, other in tables if table != wanted and _overlap(other, marker)]
    if "" in before:
        return
    left = all_of(marker, *(str(read_marker(one).invert()) for one in before))
    is_left = not before or any(holds(left, target) for target in _EVERYWHERE)
    if is_left and (wanted, left) not in tables:
        tables.append((wanted, left))


def _overlap(first: str, second: str) -> bool:
    return any(holds(first, target) and holds(second, target) for target in _EVERYWHERE)
