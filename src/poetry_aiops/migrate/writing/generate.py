"""The text of pyproject.toml with the planned entries: the standards' tables, Poetry's own only for the rest.

Poetry reads ``[project]`` (PEP 621) and, from 2.2 on, ``[dependency-groups]`` (PEP 735); a name that stands only in
``[tool.poetry.dependencies]`` beside ``[project]`` is ignored without a word, so every name is in the standard
list. What came before keeps its place, comments and order. The result is read again before anyone gets it.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import tomlkit
from packaging.requirements import InvalidRequirement
from packaging.requirements import Requirement as Pep508
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import Array, Table

from poetry_aiops.errors import InputError
from poetry_aiops.migrate.planning.merge import by_name
from poetry_aiops.migrate.planning.tables import enriching_tables
from poetry_aiops.migrate.reading.setup_files import PYPROJECT, with_marker
from poetry_aiops.project.checks import normalised
from poetry_aiops.project.edit_text import Sections, header_keys, inline, table_value, toml_key, toml_text
from poetry_aiops.project.lines import table_in
from poetry_aiops.project.model import MAIN
from poetry_aiops.project.toml import parse_toml


if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from poetry_aiops.migrate.planning.entry import Edits, PlannedEntry, PlannedGroup
    from poetry_aiops.migrate.planning.identity import Identity


UNKNOWN_VERSION = "0.0.0"
"""What Poetry takes a project for whose build backend works out the version; Poetry itself never asks that backend."""
_VARIANTS = "[tool.poetry-aiops.hardware.variants]"
_PRODUCTION = "[tool.poetry-aiops.profiles.production]"
_INDENTED = re.compile(r"""\n([ \t]*)["'{]""")
_AFTER_PROJECT = ("[project.urls]", "[project.scripts]", "[project.optional-dependencies]", "[project]")


@dataclass(frozen=True, slots=True)
class Layout:
    """Which tables are used: the standard ones for main and for groups, or Poetry's own."""

    standard_main: bool
    standard_groups: bool


def layout_of(document: Mapping[str, Any], *, knows_dependency_groups: bool) -> Layout:
    """Return the layout that a pyproject.toml has; ``knows_dependency_groups``: Poetry 2.2 or later runs.

    Beside a ``[project]`` without dependencies Poetry takes those of its own table, and would no longer do so once
    ``[project]`` names a single one. So such a project goes on in Poetry's table.
    """
    poetry = document.get("tool", {}).get("poetry", {})
    own = [name for name in poetry.get("dependencies", {}) if name != "python"]
    project = document.get("project", {})
    extras = project.get("optional-dependencies") and "dependencies" not in project.get("dynamic", ())
    # Poetry takes main's dependencies from [project], and only enriches them from its own table
    is_standard = bool(project.get("dependencies") or extras)
    legacy = bool(own) and not is_standard if "project" in document else "name" in poetry or bool(own)
    groups = "dependency-groups" in document or not (poetry.get("group") or legacy)
    return Layout(not legacy, knows_dependency_groups and groups)


def generate(text: str, edits: Edits, identity: Identity, layout: Layout, path: Path) -> str:
    """Return the new text of the pyproject.toml at ``path``; ``text`` is ``""`` where there was none.

    Raises InputError when the layout of the old text does not allow it.
    """
    windows = "\r\n" in text and text.count("\r\n") == text.count("\n")
    plain = text.replace("\r\n", "\n") if windows else text
    try:
        changed = _TableWriter(plain, edits, identity, layout).run()
        _check(parse_toml(changed), edits)
    except (
        TOMLKitError,
        tomllib.TOMLDecodeError,
        KeyError,
        TypeError,
        AttributeError,
        RecursionError,
    ) as error:
        raise InputError(
            "its layout does not allow an automatic change",
            where=path.name,
            hint="Nothing was written. `--dry-run --format json` lists every entry that is needed.",
            details=(f"{type(error).__name__}: {error}",),
        ) from error
    return changed.replace("\n", "\r\n") if windows else changed


class _TableWriter:
    def __init__(self, text: str, edits: Edits, identity: Identity, layout: Layout) -> None:
        self.sections = Sections(text)
        self.before: Mapping[str, Any] = parse_toml(text)
        self.edits = edits
        self.identity = identity
        self.layout = layout
        self.poetry: Mapping[str, Any] = self.before.get("tool", {}).get("poetry", {})
        self.aiops: Mapping[str, Any] = self.before.get("tool", {}).get("poetry-aiops", {})

    def run(self) -> str:
        if self.identity.python_asked:
            self._require_python()
        self._write_out_own_extras()
        self._project_table()
        for group in self.edits.groups:
            self._require(group)
            if group.name == MAIN:
                self._main(group)
            else:
                self._group(group)
        sections = self.sections
        for source in self.edits.sources:
            sections.add_source(source)
        for name, backend in self.edits.variants:
            if name not in self.aiops.get("hardware", {}).get("variants", {}):
                line = f"{toml_key(name)} = {toml_text(backend)}"
                sections.add_to(_VARIANTS, line, after=("[tool.poetry-aiops",))
        if self.edits.production and "production" not in self.aiops.get("profiles", {}):
            named = ", ".join(map(toml_text, (MAIN, *self.edits.production)))
            sections.add_to(_PRODUCTION, f"groups = [{named}]", after=("[tool.poetry-aiops",))
        if not self.before and self.identity.package_mode:
            sections.add_block(_BUILD_SYSTEM, after=())
        return sections.text

    # -- the project itself --------------------------------------------------------------------------------

    def _project_table(self) -> None:
        identity, project = self.identity, self.before.get("project")
        if self.layout.standard_main and project is None:
            block = f"[project]\nname = {toml_text(identity.name)}\nversion = {toml_text(identity.version)}\n"
            if identity.description:
                block += f"description = {toml_text(identity.description)}\n"
            block += f"requires-python = {toml_text(identity.requires_python)}\n"
            text = self.sections.text
            self.sections = Sections(block + ("\n" + text if text.strip() else ""))
        elif self.layout.standard_main:
            self._complete_project(project or {})
        lines = []
        backend = str(table_in(self.before, "build-system").get("build-backend", ""))
        describes_itself = backend.startswith("poetry.") or {"package-mode", "name", "packages"} & set(
            self.poetry
        )
        if not describes_itself and not identity.package_mode:
            lines = ["package-mode = false"]
        elif not describes_itself and identity.packages:
            packages = [
                inline({"include": name} | ({"from": folder} if folder else {}))
                for name, folder in identity.packages
            ]
            lines = [f"packages = [{', '.join(packages)}]"]
        has_version = self.poetry.get("version") or self.poetry.get("package-mode") is False
        is_built = identity.package_mode or describes_itself
        if is_built and "version" in (project or {}).get("dynamic", ()) and not has_version:
            lines.append(f"version = {toml_text(UNKNOWN_VERSION)}")
        if lines:
            self._line("[tool.poetry]", "\n".join(lines), _AFTER_PROJECT)

    def _require_python(self) -> None:
        """Write the Python versions that the user requested over those that are there."""
        with self.sections.parsed() as document:
            project = document.get("project", {})
            table = document.get("tool", {}).get("poetry", {}).get("dependencies", {})
            if "requires-python" in project:
                project["requires-python"] = self.identity.requires_python
                table.pop("python", None)
            elif "python" in table:
                table["python"] = self.identity.requires_python

    def _complete_project(self, project: Mapping[str, Any]) -> None:
        dynamic = list(project.get("dynamic", ()))
        if "requires-python" not in project and "requires-python" not in dynamic:
            self._line("[project]", f"requires-python = {toml_text(self.identity.requires_python)}", ())
        if "dependencies" in dynamic:
            with self.sections.parsed() as document:
                if len(dynamic) > 1:
                    document["project"]["dynamic"].remove("dependencies")
                else:
                    del document["project"]["dynamic"]
                _forget_dynamic(document.get("tool", {}))
            self.sections = Sections(self.sections.text.rstrip("\n"))

    # -- main ------------------------------------------------------------------------------------------------

    def _main(self, group: PlannedGroup) -> None:
        if not self.layout.standard_main:
            self._own_table("[tool.poetry.dependencies]", group.entries, ("[tool.poetry]",))
            return
        old: Mapping[str, Any] = self.before.get("project", {})
        if group.entries or not old or "dependencies" in old.get("dynamic", ()):
            self._into_list(("project", "dependencies"), "[project]", group.entries)
        self._enrich("[tool.poetry.dependencies]", MAIN, group.entries, ("[tool.poetry]", *_AFTER_PROJECT))
        extras = {normalised(extra): requirements for extra, requirements in self.edits.extras}
        for extra, requirements in self.edits.extras:
            written = _without_itself(
                requirements, normalised(self.identity.name), extras, frozenset({normalised(extra)})
            )
            line = f"{toml_key(extra)} = [{', '.join(map(toml_text, written))}]"
            self._line("[project.optional-dependencies]", line, ("[project]",))

    def _require(self, group: PlannedGroup) -> None:
        """Take ``optional`` from entries of Poetry's own table, and their names from the extras that require them."""
        if not group.required:
            return
        with self.sections.parsed() as document:
            poetry = document["tool"]["poetry"]
            if group.name == MAIN:
                table = poetry["dependencies"]
                for names in poetry.get("extras", {}).values():
                    for name in [name for name in names if normalised(name) in group.required]:
                        names.remove(name)
            else:
                table = poetry["group"][self._spelling(group.name)]["dependencies"]
            for name, value in list(table.items()):
                if normalised(name) not in group.required or isinstance(value, str):
                    continue
                if isinstance(value, Table):
                    value.pop("optional", None)
                    continue
                tables = _as_tables(value)
                for one in tables:
                    one.pop("optional", None)
                table[name] = tomlkit.value(table_value(tables))

    # -- groups ------------------------------------------------------------------------------------------------

    def _group(self, group: PlannedGroup) -> None:
        name = self._spelling(group.name)
        table = f"[tool.poetry.group.{toml_key(name)}]"
        dependencies = f"[tool.poetry.group.{toml_key(name)}.dependencies]"
        after = ("[tool.poetry.group.", "[tool.poetry.dependencies]", "[tool.poetry]", "[dependency-groups]")
        is_standard = self.layout.standard_groups and not self._is_own_group(group.name)
        if is_standard:
            self._into_list(("dependency-groups", name), "[dependency-groups]", group.entries, group.includes)
        if group.optional and not self._has(("tool", "poetry", "group", name, "optional")):
            self._line(table, "optional = true", after)
        if is_standard:
            self._enrich(dependencies, group.name, group.entries, (table, *after))
            return
        if group.includes and not self._has(("tool", "poetry", "group", name, "include-groups")):
            line = f"include-groups = [{', '.join(map(toml_text, group.includes))}]"
            self._line(table, line, after)
        self._own_table(dependencies, group.entries, (table, *after))

    def _spelling(self, group: str) -> str:
        """Return the group's name as the project already writes it."""
        names = [*self.before.get("dependency-groups", {}), *self.poetry.get("group", {})]
        return next((name for name in names if normalised(name) == group), group)

    def _is_own_group(self, group: str) -> bool:
        standard = self.before.get("dependency-groups", {}).items()
        if any(normalised(name) == group and entries for name, entries in standard):
            return False
        tables = self.poetry.get("group", {}).items()
        return any(normalised(name) == group and "dependencies" in table for name, table in tables)

    # -- writing -----------------------------------------------------------------------------------------------

    def _has(self, keys: tuple[str, ...]) -> bool:
        node: Any = tomllib.loads(self.sections.text)
        for key in keys:
            if not isinstance(node, dict) or key not in node:
                return False
            node = node[key]
        return True

    def _line(self, header: str, line: str, after: Sequence[str]) -> None:
        self.sections.add_to(header, line, after=after)

    def _into_list(
        self,
        keys: tuple[str, str],
        header: str,
        entries: Sequence[PlannedEntry],
        includes: Sequence[str] = (),
    ) -> None:
        """Write a list of requirements as text where there is none yet, else append to the one that is there."""
        if not self._has(keys):
            lines = []
            for entry in entries:
                lines += [f"    # {comment}".rstrip() + "\n" for comment in entry.above]
                behind = f"  # {entry.behind}" if entry.behind else ""
                lines.append(f"    {toml_text(entry.as_pep508())},{behind}\n")
            lines += [f"    {{include-group = {toml_text(name)}}},\n" for name in includes]
            written = "[\n" + "".join(lines) + "]" if lines else "[]"
            self._line(header, f"{toml_key(keys[1])} = {written}", _AFTER_PROJECT)
            return
        with self.sections.parsed() as document:
            array = document[keys[0]][keys[1]]
            listed = {str(item) for item in array}
            there = {normalised(str(item.get("include-group"))) for item in array if isinstance(item, dict)}
            new = [entry for entry in entries if entry.as_pep508() not in listed]
            groups = [{"include-group": name} for name in includes if name not in there]
            if new or groups:
                _lengthen(array, new, groups)

    def _write_out_own_extras(self) -> None:
        """Write out extras and groups that name the project itself: Poetry takes that for a circle, pip for its extras."""
        project: Mapping[str, Any] = self.before.get("project", {})
        extras = {normalised(key): value for key, value in project.get("optional-dependencies", {}).items()}
        changed: list[tuple[list[str], list[Any]]] = []
        for table, lists in (
            (("project", "optional-dependencies"), project.get("optional-dependencies", {})),
            (("dependency-groups",), self.before.get("dependency-groups", {})),
        ):
            for key, texts in lists.items():
                written = _without_itself(
                    texts, normalised(str(project.get("name"))), extras, frozenset({normalised(key)})
                )
                if written != list(texts):
                    changed.append(([*table, key], written))
        if not changed:  # to parse takes the most time
            return
        with self.sections.parsed() as document:
            for (*parts, last), written in changed:
                node = document
                for part in parts:
                    node = node[part]
                multiline = "\n" in node[last].as_string()
                node[last] = tomlkit.array()
                node[last].extend(written)
                node[last].multiline(multiline)

    def _enrich(self, header: str, group: str, entries: Sequence[PlannedEntry], after: Sequence[str]) -> None:
        found = {
            name: tables for name, same in by_name(entries).items() if (tables := enriching_tables(same))
        }
        for one in self.edits.enriching:
            if one.group == group:
                found.setdefault(one.name, list(one.tables))
        there = self._there(header) if found else {}
        lines = []
        for name, tables in found.items():
            value = table_value(tables)
            if name not in there:
                lines.append(f"{toml_key(name)} = {value}")
            elif there[name] != tables and [there[name]] != tables:
                raise InputError(
                    f"{header} already has another value for {name}",
                    where=PYPROJECT,
                    hint=f"Nothing was written. Change it to {toml_key(name)} = {value}",
                )
        if lines:
            self._line(header, "\n".join(lines), after)

    def _there(self, header: str) -> dict[str, object]:
        """Return what one of Poetry's tables says, by canonical names."""
        node: Any = tomllib.loads(self.sections.text)
        for key in header_keys(header):
            node = node.get(key, {})
        return {normalised(key): value for key, value in node.items()}

    def _own_table(self, header: str, entries: Sequence[PlannedEntry], after: Sequence[str]) -> None:
        named = by_name(entries)
        there = self._there(header) if named else {}
        for name in named.keys() & there.keys():
            self._add_beside(header, name, named[name])
        lines = []
        for name, same in named.items():
            if name not in there:
                behind = f"  # {same[0].behind}" if same[0].behind and len(same) == 1 else ""
                value = table_value([entry.poetry_table() for entry in same])
                lines += [f"# {comment}" for comment in same[0].above]
                lines.append(f"{toml_key(name)} = {value}{behind}")
        if lines:
            self._line(header, "\n".join(lines), after)

    def _add_beside(self, header: str, name: str, entries: Sequence[PlannedEntry]) -> None:
        """Make the entry of a package in Poetry's own table a list of what it says and of these entries."""
        with self.sections.parsed() as document:
            table = document
            for key in header_keys(header):
                table = table[key]
            spelt = next(key for key in table if normalised(key) == name)
            tables = [*_as_tables(table[spelt]), *(entry.poetry_table() for entry in entries)]
            table[spelt] = tomlkit.value(table_value(tables))


_BUILD_SYSTEM = """\
[build-system]
requires = ["poetry-core>=2.0.0,<3.0.0"]
build-backend = "poetry.core.masonry.api"
"""


def _forget_dynamic(tool: Any) -> None:  # noqa: ANN401 - tomlkit's tables have no common type
    """Take out setuptools' own word about dependencies, and the tables that are empty then."""
    dynamic: Any = table_in(tool, "setuptools", "dynamic")
    if "dependencies" in dynamic:
        dynamic.pop("dependencies")
        if not dynamic:
            tool["setuptools"].pop("dynamic")
            if not tool["setuptools"]:
                tool.pop("setuptools")


def _as_tables(value: Any) -> list[dict[str, object]]:  # noqa: ANN401 - tomlkit's items have no common type
    """Return an entry of Poetry's own table, or several of a list, as tables; a bare version is the table that it means."""
    plain = value.unwrap() if hasattr(value, "unwrap") else value
    return [
        dict(one) if isinstance(one, dict) else {"version": one}
        for one in (plain if isinstance(plain, list) else [plain])
    ]


def _lengthen(array: Array, entries: Sequence[PlannedEntry], tables: Sequence[dict[str, str]]) -> None:
    """Add lines at the end of an array in its own indentation; what is there stays as it is."""
    old, outer = array.as_string(), array.trivia.indent
    indented = _INDENTED.search(old)
    inner = indented[1] if indented else f"{outer}    "
    if "\n" not in old:
        there = list(array)
        array.clear()
        for item in there:
            array.add_line(item, indent=inner)
    for entry in entries:
        for comment in entry.above:
            array.add_line(indent=inner, comment=comment)
        array.add_line(entry.as_pep508(), indent=inner, comment=entry.behind or None)
    for table in tables:
        line = tomlkit.inline_table()
        line.update(table)
        array.add_line(line, indent=inner)
    if not array.as_string()[:-1].rstrip(" \t").endswith("\n"):
        array.add_line(indent=outer)


def _without_itself(
    texts: Sequence[Any], project: str, extras: Mapping[str, Sequence[Any]], seen: frozenset[str]
) -> list[Any]:
    """Return a list with every requirement on the project itself replaced by what its extras require."""
    found: list[Any] = []
    for text in texts:
        try:
            own = Pep508(text) if isinstance(text, str) else None
        except InvalidRequirement:
            own = None
        if own is None or normalised(own.name) != project:
            found.append(text)
            continue
        for extra in sorted({normalised(one) for one in own.extras} - seen):
            inner = _without_itself(extras.get(extra, ()), project, extras, seen | {extra})
            found += [with_marker(str(one), str(own.marker or "")) for one in inner]
    return list(dict.fromkeys(found)) if all(isinstance(one, str) for one in found) else found


def _check(document: Mapping[str, Any], edits: Edits) -> None:
    """Make sure that every entry is read back from the text, in its group and with its source."""
    poetry = document.get("tool", {}).get("poetry", {})
    for group in edits.groups:
        if group.name == MAIN:
            listed, table = (
                document.get("project", {}).get("dependencies", []),
                poetry.get("dependencies", {}),
            )
        else:
            listed = _of_group(document.get("dependency-groups", {}), group.name, [])
            table = _of_group(poetry.get("group", {}), group.name, {}).get("dependencies", {})
        texts = {text for text in listed if isinstance(text, str)}
        own_table = {normalised(name): value for name, value in table.items()}
        for entry in group.entries:
            own = own_table.get(entry.name, {})
            enriched = not entry.enrichment() or bool(own)
            if not enriched or not (entry.as_pep508() in texts or (own and not listed)):
                raise KeyError(f"the group {group.name} would not hold {entry.name} as wanted")


def _of_group(tables: Mapping[str, Any], group: str, otherwise: Any) -> Any:  # noqa: ANN401 - a list or a table
    return next((value for name, value in tables.items() if normalised(name) == group), otherwise)
