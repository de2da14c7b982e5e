"""What a uv project says beside the standard tables: sources, groups, constraints, and the versions of uv.lock.

uv's settings reference (``docs.astral.sh/uv/reference/settings``) is the source of the keys. ``[tool.uv.sources]``
holds for the project's own requirements only, as Poetry's enriching tables do. The tables themselves stay.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field, replace
from fnmatch import fnmatch
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from poetry_aiops.errors import InputError
from poetry_aiops.migrate.model import Option, Place, Problem
from poetry_aiops.migrate.planning.convert import OldPin, entry_of_text
from poetry_aiops.migrate.planning.entry import Enrichment, PlannedGroup
from poetry_aiops.migrate.planning.roles import CONSTRAINTS
from poetry_aiops.migrate.planning.sources import PypiNames, Sources, source_name
from poetry_aiops.migrate.planning.tables import tables_of
from poetry_aiops.migrate.reading.setup_files import PYPROJECT
from poetry_aiops.project.checks import Checker, normalised
from poetry_aiops.project.lines import lock_lines, table_in
from poetry_aiops.project.model import MAIN, Source
from poetry_aiops.project.toml import parse_toml
from poetry_aiops.system.addresses import redact


if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from poetry_aiops.migrate.model import Severity
    from poetry_aiops.migrate.planning.entry import PlannedEntry
    from poetry_aiops.migrate.planning.plan import MigrationPlan
    from poetry_aiops.migrate.reading.notes import Neighbours


LOCK: Final = "uv.lock"
_CARRIED = frozenset(
    {
        "sources",
        "index",
        "index-url",
        "extra-index-url",
        "dev-dependencies",
        "default-groups",
        "constraint-dependencies",
    }
)
_WITHOUT_COUNTERPART = frozenset(
    {
        "override-dependencies",
        "exclude-dependencies",
        "conflicts",
        "environments",
        "required-environments",
        "exclude-newer",
        "exclude-newer-package",
        "prerelease",
        "resolution",
        "fork-strategy",
        "index-strategy",
        "no-index",
        "find-links",
        "no-binary",
        "no-binary-package",
        "no-build",
        "no-build-package",
        "no-sources",
        "dependency-metadata",
        "dependency-groups",
        "build-constraint-dependencies",
        "no-build-isolation",
        "no-build-isolation-package",
        "config-settings",
        "config-settings-package",
        "extra-build-dependencies",
    }
)
"""Settings that decide what uv selects or builds; the others are about uv's own work."""
_COMMIT = re.compile(r"[0-9a-f]{40}")
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_ADDRESSES: Final = {
    "git": ("git", "rev", "tag", "branch", "subdirectory"),
    "url": ("url", "subdirectory"),
    "path": ("path",),
}
"""The keys of a package's own place, which Poetry's table has under the same names."""


@dataclass
class UvProject:
    """What is carried over, and ``problems`` for what is not; ``carried`` says what was found."""

    sources: list[Source] = field(default_factory=list)
    enriching: list[Enrichment] = field(default_factory=list)
    groups: list[PlannedGroup] = field(default_factory=list)
    pins: list[OldPin] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    carried: list[str] = field(default_factory=list)

    def joined(self, plan: MigrationPlan) -> MigrationPlan:
        """Return the plan with everything of the uv project; versions of requirements files come first."""
        groups = {group.name: group for group in plan.edits.groups}
        for group in self.groups:
            there = groups.get(group.name)
            entries = (*(there.entries if there else ()), *group.entries)
            groups[group.name] = replace(there or group, entries=entries)
        sources = {source.name: source for source in (*self.sources, *plan.edits.sources)}
        pinned = {pin.name for pin in plan.pins}
        return replace(
            plan,
            edits=replace(
                plan.edits,
                groups=tuple(groups.values()),
                sources=tuple(sources.values()),
                enriching=tuple(self.enriching),
            ),
            pins=(*plan.pins, *(pin for pin in self.pins if pin.name not in pinned)),
            problems=(*plan.problems, *self.problems),
        )


def is_uv_project(document: Mapping[str, Any], neighbours: Neighbours) -> bool:
    """Say whether uv has something to say about the project that Poetry would not read."""
    return bool(_CARRIED & set(table_in(document, "tool", "uv"))) or neighbours.read(LOCK) is not None


def uv_project(
    document: Mapping[str, Any], neighbours: Neighbours, default: PypiNames, existing: Sequence[Source]
) -> UvProject:
    """Return what the uv project in a folder says beside the standard tables."""
    return _UvReader(document, neighbours, default, existing).read()


def _names(texts: Sequence[object]) -> set[str]:
    """Return the canonical names that requirements begin with."""
    return {normalised(found[0]) for text in texts if (found := _NAME.match(str(text).strip()))}


@dataclass
class _UvReader:
    document: Mapping[str, Any]
    neighbours: Neighbours
    default: PypiNames
    existing: Sequence[Source]
    found: UvProject = field(default_factory=UvProject)
    checker: Checker = field(default_factory=Checker)
    names: dict[str, str | None] = field(default_factory=dict)
    """Poetry's name of each of uv's indexes; None for the default one."""

    @cached_property
    def uv(self) -> Mapping[str, Any]:
        return table_in(self.document, "tool", "uv")

    def _texts(self, key: str) -> tuple[str, ...]:
        return self.checker.texts(self.uv.get(key, []), f"[tool.uv] {key}")

    @cached_property
    def lines(self) -> list[str]:
        return (self.neighbours.read(PYPROJECT) or b"").decode("utf-8", "replace").splitlines()

    def read(self) -> UvProject:
        self._indexes()
        self._groups()
        self._sources()
        self._lock()
        for key in sorted(_WITHOUT_COUNTERPART & set(self.uv)):
            self._tell(
                "warning",
                self._place(rf"{key}\s*=|\[+tool\.uv\.{key}[\].]"),
                f"[tool.uv] {key} is not carried over",
                "Poetry has no equivalent.",
                "Check the locked versions, and pin those that matter.",
            )
        for wrong in dict.fromkeys(self.checker.problems):
            self._tell("error", Place(PYPROJECT), f"{wrong.where} {wrong.what}", "", "Correct it.")
        return self.found

    # -- indexes -------------------------------------------------------------------------------------------

    def _indexes(self) -> None:
        for table in filter(None, self._all_indexes()):
            url, name = str(table.get("url", "")), str(table.get("name", ""))
            place = self._place(rf""".*["']{re.escape(url)}["']""")
            collected = Sources(self.default, (*self.existing, *self.found.sources))
            index = collected.index(Option("index", url, place))
            self.found.problems += collected.problems
            if index is None:
                self.names[name] = None
                if not self.default.is_default(url) and not collected.problems:
                    self._tell(
                        "warning",
                        place,
                        f"the index {redact(url)} is not carried over",
                        "Poetry has no source for a local folder of files.",
                    )
                continue
            if index.name in {one.name for one in (*self.existing, *self.found.sources)}:
                self.names[name] = index.name
                continue
            wanted = name or source_name(index.url)
            if normalised(wanted) in {normalised(one.name) for one in (*self.existing, *self.found.sources)}:
                wanted = index.name
            self.names[name] = wanted
            if collected.credentials:
                self._tell(
                    "warning",
                    place,
                    f"the credentials of {wanted} were left out",
                    "",
                    f"Give them to Poetry: `poetry config http-basic.{wanted} USER PASSWORD`",
                )
            self.found.sources.append(Source(wanted, index.url, self._priority(table, wanted, place)))
        if self.found.sources:
            self.found.carried.append(
                f"{PYPROJECT}: {len(self.found.sources)} of uv's indexes become [[tool.poetry.source]]"
            )

    def _all_indexes(self) -> Iterator[Mapping[str, Any]]:
        yield from self.checker.tables(self.uv.get("index", []), "[tool.uv] index")
        if "index-url" in self.uv:
            yield {"url": self.uv["index-url"], "default": True}
        yield from ({"url": url} for url in self._texts("extra-index-url"))

    def _priority(self, table: Mapping[str, Any], name: str, place: Place) -> str:
        if table.get("default"):
            return "primary"
        if table.get("explicit"):
            return "explicit"
        self._tell(
            "warning",
            place,
            f"uv searches {name} for every package before the default index",
            "As a supplemental source Poetry asks it only for what the other sources do not have.",
            f'Where you know the packages, give them `source = "{name}"` and make it explicit.',
        )
        return "supplemental"

    # -- groups and constraints ------------------------------------------------------------------------------

    def _groups(self) -> None:
        dev = self._entries("dev-dependencies")
        if dev:
            self.found.groups.append(PlannedGroup("dev", dev))
            self.found.carried.append(f"{PYPROJECT}: dev-dependencies become the group dev")
        constraints = self._entries("constraint-dependencies")
        if constraints:
            self.found.groups.append(PlannedGroup(CONSTRAINTS, constraints, optional=True))
        default = self.uv.get("default-groups", ["dev"])  # or the word "all"
        asked = {normalised(name): None for name in self.document.get("dependency-groups", {})}
        optional = [name for name in asked if isinstance(default, list) and name not in _names(default)]
        self.found.groups += [PlannedGroup(name, optional=True) for name in optional]
        if optional:
            self.found.carried.append(
                f"{PYPROJECT}: the groups that uv does not install by default become optional: {', '.join(optional)}"
            )

    def _entries(self, key: str) -> tuple[PlannedEntry, ...]:
        found = []
        for text in self._texts(key):
            place = self._place(rf""".*["']{re.escape(text)}["']""")
            entry = entry_of_text(text, place)
            if entry is None:
                self._tell("error", place, f"{redact(text)} is not a requirement", "", "Correct it.")
            else:
                found.append(entry)
        return tuple(found)

    # -- sources of single packages ----------------------------------------------------------------------------

    def _sources(self) -> None:
        sources = self.checker.table(self.uv.get("sources", {}), "[tool.uv.sources]")
        for spelt, given in sources.items():
            listed = given if isinstance(given, list) else [given]
            tables = self.checker.tables(listed, f"[tool.uv.sources] {spelt}")
            name = normalised(spelt)
            place = self._place(
                rf"""["']?{re.escape(spelt)}["']?\s*=|\[+tool\.uv\.sources\.["']?{re.escape(spelt)}["']?\]""",
                "tool.uv.sources",
            )
            groups = [group for group, names in self._asked().items() if name in names]
            if not groups:
                self._tell(
                    "note",
                    place,
                    f"nothing in pyproject.toml requires {spelt}",
                    "uv ignores the source, too.",
                )
            for group in groups:
                self._enrich(group, name, tables, place)
        if self.found.enriching:
            names = dict.fromkeys(one.name for one in self.found.enriching)
            self.found.carried.append(
                f"{PYPROJECT}: [tool.uv.sources] of {', '.join(names)} goes to Poetry's own tables"
            )

    def _enrich(self, group: str, name: str, given: Sequence[Mapping[str, Any]], place: Place) -> None:
        wishes: list[tuple[dict[str, object], str]] = []
        for table in filter(None, given):
            wanted = normalised(str(table["group"])) if "group" in table else None
            if wanted is not None and wanted != group:
                continue
            if "extra" in table:
                self._tell(
                    "warning",
                    place,
                    f"the source of {name} for the extra {table['extra']} is not carried over",
                    "Poetry cannot choose a package's index by an extra.",
                    f"Builds that exclude each other are hardware variants: `poetry hw-add {name}`.",
                )
                continue
            wish = self._wish(name, table, place)
            if wish is not None:
                wishes.append((wish, str(table.get("marker", ""))))
        if not any(wish for wish, _ in wishes):
            return
        if any(marker for _, marker in wishes):
            wishes.append(({}, ""))  # elsewhere the package comes from the default index
        try:
            tables = tables_of(wishes)
        except InputError as error:
            self._tell("error", place, f"{error}", "", "Give the sources markers that exclude each other.")
            return
        self.found.enriching.append(Enrichment(group, name, tuple(tables)))

    def _wish(self, name: str, table: Mapping[str, Any], place: Place) -> dict[str, object] | None:
        """Return what Poetry's table says for one of uv's, None where it has nothing like it."""
        if "index" in table:
            return self._from_index(name, str(table["index"]), place)
        for kind, keys in _ADDRESSES.items():
            if kind in table:
                wish: dict[str, object] = {key: str(table[key]) for key in keys if key in table}
                return wish | ({"develop": True} if kind == "path" and table.get("editable") else {})
        if table.get("workspace"):
            folder = self._member(name)
            if folder is not None:
                return {"path": folder, "develop": True}
            what = f"no folder of [tool.uv.workspace] members is the package {name}"
            hint = 'Write its folder instead: `path = "..."`.'
        else:
            what, hint = (
                f"the source of {name} is of an unknown kind",
                "Write it for Poetry by hand.",
            )
        self._tell("error", place, what, "Without it the package would come from the default index.", hint)
        return None

    def _from_index(self, name: str, index: str, place: Place) -> dict[str, object] | None:
        if index in self.names:
            own = self.names[index]
            return {} if own is None else {"source": own}
        for one in self.existing:
            if normalised(one.name) == normalised(index):
                return {"source": one.name}
        self._tell(
            "error",
            place,
            f"{name} comes from the index {index}, which [[tool.uv.index]] does not name here",
            "uv takes it from the workspace's root or the user's own settings.",
            "Name it here with its address.",
        )
        return None

    def _member(self, name: str) -> str | None:
        workspace = self.checker.table(self.uv.get("workspace", {}), "[tool.uv.workspace]")
        members, excluded = (
            self.checker.texts(workspace.get(key, []), f"[tool.uv.workspace] {key}")
            for key in ("members", "exclude")
        )
        for pattern in members:
            for folder in self._folders(pattern.rstrip("/").split("/")):
                if any(fnmatch(folder, one) for one in excluded):
                    continue
                try:
                    text = (self.neighbours.read(f"{folder}/{PYPROJECT}") or b"").decode("utf-8")
                    project = table_in(parse_toml(text), "project")
                except (tomllib.TOMLDecodeError, UnicodeDecodeError):
                    continue
                if normalised(str(project.get("name", ""))) == name:
                    return folder
        return None

    def _folders(self, parts: Sequence[str], start: str = "") -> Iterator[str]:
        """Yield the folders that a pattern of ``members`` names, one part after the other."""
        if not parts:
            yield start
            return
        for one in self.neighbours.names(start or "."):
            folder = f"{start}/{one}" if start else one
            if fnmatch(one, parts[0]) and self.neighbours.is_folder(folder):
                yield from self._folders(parts[1:], folder)

    def _asked(self) -> dict[str, set[str]]:
        """Return the names that main (its extras included) and each group require."""
        project = self.document.get("project", {})
        lists: dict[str, list[Any]] = {
            MAIN: [
                *project.get("dependencies", ()),
                *(one for texts in project.get("optional-dependencies", {}).values() for one in texts),
            ],
            "dev": list(self._texts("dev-dependencies")),
        }
        for group, texts in self.document.get("dependency-groups", {}).items():
            lists.setdefault(normalised(group), []).extend(texts)
        return {group: _names(texts) for group, texts in lists.items()}

    # -- uv.lock -----------------------------------------------------------------------------------------------

    def _lock(self) -> None:
        data = self.neighbours.read(LOCK)
        if data is None:
            return
        checker = Checker()
        try:
            text = data.decode("utf-8")
            packages = checker.tables(parse_toml(text).get("package", []), "[[package]]")
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            self._tell_unread(f"{error}")
            return
        by_url = {source.url.rstrip("/"): source.name for source in (*self.existing, *self.found.sources)}
        apart = []
        for package, line in zip(packages, lock_lines(text), strict=False):
            place = Place(LOCK, line)
            name = normalised(checker.text(package.get("name"), f"line {line}: name"))
            source = checker.table(package.get("source", {}), f"line {line}: source")
            if "git" in source:
                self._tell_commit(name, str(source["git"]), place)
            if "registry" not in source or "version" not in package:
                continue
            url = str(source["registry"]).rstrip("/")
            markers = checker.texts(package.get("resolution-markers", []), f"line {line}: resolution-markers")
            if any("extra ==" in one or "extra !=" in one for one in markers):
                apart.append(f"{name} {package['version']}")
                continue
            files = [
                package.get("sdist", {}),
                *checker.items(package.get("wheels", []), f"line {line}: wheels"),
            ]
            hashes = tuple(
                str(file["hash"]) for file in checker.tables(files, f"line {line}: files") if "hash" in file
            )
            self.found.pins.append(
                OldPin(
                    name,
                    str(package["version"]),
                    MAIN,
                    place,
                    " or ".join(f"({one})" for one in markers),
                    hashes,
                    by_url.get(url),
                    direct=False,
                )
            )
        if checker.problems:
            self.found.pins.clear()
            self._tell_unread(checker.problems[0].line())
            return
        if apart:
            self._tell(
                "note",
                Place(LOCK),
                f"versions of extras that exclude each other are not preferred: {', '.join(apart)}",
                "Poetry's lock has one of them for each kind of machine.",
            )
        self.found.carried.append(f"{LOCK}: {len(self.found.pins)} versions, where poetry.lock begins")

    def _tell_unread(self, why: str) -> None:
        what = f"the file cannot be read: {why}"
        self._tell("warning", Place(LOCK), what, "Its versions are not preferred in the lock.")

    def _tell_commit(self, name: str, address: str, place: Place) -> None:
        """Warn where uv.lock holds a commit that pyproject.toml does not name: Poetry takes the newest one."""
        commit = address.rpartition("#")[2]
        wanted = [
            table
            for one in self.found.enriching
            if one.name == name
            for table in one.tables
            if "git" in table and not _COMMIT.fullmatch(str(table.get("rev", "")))
        ]
        if wanted and _COMMIT.fullmatch(commit):
            self._tell(
                "warning",
                place,
                f"{name} is locked at the commit {commit}, and pyproject.toml names none",
                "Poetry locks what the branch or tag has now.",
                f'To keep it: `rev = "{commit}"` in [tool.uv.sources] and in Poetry\'s table.',
            )

    # -- output -------------------------------------------------------------------------------------------------

    def _place(self, pattern: str, section: str = "tool.uv") -> Place:
        """Return the first line below a header of ``section`` that begins with a pattern, else the file."""
        inside = False
        expression = re.compile(rf"\s*(?:{pattern})")
        for number, line in enumerate(self.lines, 1):
            if re.match(r"\s*\[+[^\]]+\]+\s*(?:#.*)?$", line):
                header = line.strip().strip("[").partition("]")[0]
                inside = header == section or header.startswith((f"{section}.", "tool.uv."))
            if inside and expression.match(line):
                return Place(PYPROJECT, number)
        return Place(PYPROJECT)

    def _tell(self, severity: Severity, place: Place, what: str, why: str = "", suggestion: str = "") -> None:
        self.found.problems.append(Problem(severity, place, what, why=why, suggestion=suggestion))
