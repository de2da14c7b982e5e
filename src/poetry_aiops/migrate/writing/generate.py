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
from poetry_aiops.migrate.planning.entry import enriching_tables
from poetry_aiops.migrate.planning.merge import by_name
from poetry_aiops.migrate.reading.setup_files import PYPROJECT, with_marker
from poetry_aiops.project.checks import normalised
from poetry_aiops.project.edit_text import Sections, header_keys, inline, table_value, toml_key, toml_text
from poetry_aiops.project.lines import table_in
from poetry_aiops.project.model import MAIN
from poetry_aiops.project.toml import parse_toml


if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from poetry_aiops.migrate.planning.entry import Edits, Identity, PlannedEntry, PlannedGroup


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
    project = document.get("project")
    legacy = ("name" in poetry or bool(own)) if project is None else bool(own) and not _is_standard(project)
    groups = "dependency-groups" in document or not (poetry.get("group") or legacy)
    return Layout(not legacy, knows_dependency_groups and groups)


def _is_standard(project: Mapping[str, Any]) -> bool:
    """Say whether Poetry takes main's dependencies from ``[project]`` and only enriches them from its own table."""
    extras = project.get("optional-dependencies") and "dependencies" not in project.get("dynamic", ())
    return bool(project.get("dependencies") or extras)


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
        self.text = text
        self.before: Mapping[str, Any] = parse_toml(text)
        self.edits = edits
        self.identity = identity
        self.layout = layout

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
        sections = Sections(self.text)
        for source in self.edits.sources:
            sections.add_source(source)
        for name, backend in self.edits.variants:
            if name not in self._declared_variants():
                line = f"{toml_key(name)} = {toml_text(backend)}"
                sections.add_to(_VARIANTS, line, after=("[tool.poetry-aiops",))
        profiles = self.before.get("tool", {}).get("poetry-aiops", {}).get("profiles", {})
        if self.edits.production and "production" not in profiles:
            named = ", ".join(map(toml_text, (MAIN, *self.edits.production)))
            sections.add_to(_PRODUCTION, f"groups = [{named}]", after=("[tool.poetry-aiops",))
        if not self.before and self.identity.package_mode:
            sections.add_block(_BUILD_SYSTEM, after=())
        return sections.text

    def _declared_variants(self) -> Mapping[str, Any]:
        table: Mapping[str, Any] = self.before.get("tool", {}).get("poetry-aiops", {})
        variants: Mapping[str, Any] = table.get("hardware", {}).get("variants", {})
        return variants

    # -- the project itself --------------------------------------------------------------------------------

    def _project_table(self) -> None:
        identity, poetry = self.identity, self.before.get("tool", {}).get("poetry", {})
        if self.layout.standard_main:
            if "project" not in self.before:
                block = (
                    f"[project]\nname = {toml_text(identity.name)}\nversion = {toml_text(identity.version)}\n"
                )
                if identity.description:
                    block += f"description = {toml_text(identity.description)}\n"
                block += f"requires-python = {toml_text(identity.requires_python)}\n"
                self.text = block + ("\n" + self.text if self.text.strip() else "")
            else:
                self._complete_project(self.before["project"])
        lines = []
        if not self._is_built_by_poetry(poetry):
            if not identity.package_mode:
                lines = ["package-mode = false"]
            elif identity.packages:
                packages = [
                    inline({"include": name} | ({"from": folder} if folder else {}))
                    for name, folder in identity.packages
                ]
                lines = [f"packages = [{', '.join(packages)}]"]
        dynamic = self.before.get("project", {}).get("dynamic", ())
        if (
            (identity.package_mode or self._is_built_by_poetry(poetry))
            and "version" in dynamic
            and not self._has_version(poetry)
        ):
            lines.append(f"version = {toml_text(UNKNOWN_VERSION)}")
        if lines:
            self._line("[tool.poetry]", "\n".join(lines), _AFTER_PROJECT)

    def _require_python(self) -> None:
        """Write the Python versions that the user requested over those that are there."""
        document: Any = tomlkit.parse(self.text)
        project = document.get("project", {})
        table = document.get("tool", {}).get("poetry", {}).get("dependencies", {})
        if "requires-python" in project:
            project["requires-python"] = self.identity.requires_python
            table.pop("python", None)
        elif "python" in table:
            table["python"] = self.identity.requires_python
        else:
            return
        self.text = tomlkit.dumps(document)

    def _has_version(self, poetry: Mapping[str, Any]) -> bool:
        """Say whether Poetry needs no version from us: it has one, or it does not build the project."""
        return bool(poetry.get("version")) or poetry.get("package-mode") is False

    def _is_built_by_poetry(self, poetry: Mapping[str, Any]) -> bool:
        """Say whether the project already describes itself to Poetry."""
        backend = str(table_in(self.before, "build-system").get("build-backend", ""))
        return backend.startswith("poetry.") or bool({"package-mode", "name", "packages"} & set(poetry))

    def _complete_project(self, project: Mapping[str, Any]) -> None:
        dynamic = list(project.get("dynamic", ()))
        if "requires-python" not in project and "requires-python" not in dynamic:
            self._line("[project]", f"requires-python = {toml_text(self.identity.requires_python)}", ())
        if "dependencies" in dynamic:
            document: Any = tomlkit.parse(self.text)
            if len(dynamic) > 1:
                document["project"]["dynamic"].remove("dependencies")
            else:
                del document["project"]["dynamic"]
            _forget_dynamic(document.get("tool", {}))
            self.text = tomlkit.dumps(document).rstrip("\n") + "\n"

    # -- main ------------------------------------------------------------------------------------------------

    def _main(self, group: PlannedGroup) -> None:
        if not self.layout.standard_main:
            self._own_table("[tool.poetry.dependencies]", group.entries, ("[tool.poetry]",))
            return
        old: Mapping[str, Any] = self.before.get("project", {})
        if group.entries or not old or "dependencies" in old.get("dynamic", ()):
            self._into_list(("project", "dependencies"), "[project]", group.entries)
        self._enrich("[tool.poetry.dependencies]", MAIN, group.entries, ("[tool.poetry]", *_AFTER_PROJECT))
        for extra, requirements in self.edits.extras:
            line = f"{toml_key(extra)} = [{', '.join(map(toml_text, requirements))}]"
            self._line("[project.optional-dependencies]", line, ("[project]",))

    def _require(self, group: PlannedGroup) -> None:
        """Take ``optional`` from entries of Poetry's own table, and their names from the extras that require them."""
        if not group.required:
            return
        document: Any = tomlkit.parse(self.text)
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
            tables = [_as_table(one) for one in (value if isinstance(value, list) else [value])]
            table[name] = tomlkit.value(
                table_value([{key: one for key, one in old.items() if key != "optional"} for old in tables])
            )
        self.text = tomlkit.dumps(document)

    # -- groups ------------------------------------------------------------------------------------------------

    def _group(self, group: PlannedGroup) -> None:
        name = self._spelling(group.name)
        table = f"[tool.poetry.group.{toml_key(name)}]"
        dependencies = f"[tool.poetry.group.{toml_key(name)}.dependencies]"
        after = ("[tool.poetry.group.", "[tool.poetry.dependencies]", "[tool.poetry]", "[dependency-groups]")
        if self.layout.standard_groups and not self._is_own_group(group.name):
            self._into_list(("dependency-groups", name), "[dependency-groups]", group.entries, group.includes)
            if group.optional and not self._has(("tool", "poetry", "group", name, "optional")):
                self._line(table, "optional = true", after)
            self._enrich(dependencies, group.name, group.entries, (table, *after))
            return
        if group.optional and not self._has(("tool", "poetry", "group", name, "optional")):
            self._line(table, "optional = true", after)
        if group.includes and not self._has(("tool", "poetry", "group", name, "include-groups")):
            line = f"include-groups = [{', '.join(map(toml_text, group.includes))}]"
            self._line(table, line, after)
        self._own_table(dependencies, group.entries, (table, *after))

    def _spelling(self, group: str) -> str:
        """Return the group's name as the project already writes it."""
        names = [
            *self.before.get("dependency-groups", {}),
            *self.before.get("tool", {}).get("poetry", {}).get("group", {}),
        ]
        return next((name for name in names if normalised(name) == group), group)

    def _is_own_group(self, group: str) -> bool:
        tables = self.before.get("tool", {}).get("poetry", {}).get("group", {})
        standard = {
            normalised(name) for name, entries in self.before.get("dependency-groups", {}).items() if entries
        }
        return any(normalised(name) == group and "dependencies" in tables[name] for name in tables) and (
            group not in standard
        )

    # -- writing -----------------------------------------------------------------------------------------------

    def _has(self, keys: tuple[str, ...]) -> bool:
        node: Any = tomllib.loads(self.text)
        for key in keys:
            if not isinstance(node, dict) or key not in node:
                return False
            node = node[key]
        return True

    def _line(self, header: str, line: str, after: Sequence[str]) -> None:
        sections = Sections(self.text)
        sections.add_to(header, line, after=after)
        self.text = sections.text

    def _into_list(
        self,
        keys: tuple[str, str],
        header: str,
        entries: Sequence[PlannedEntry],
        includes: Sequence[str] = (),
    ) -> None:
        """Write a list of requirements as text where there is none yet, else append to the one that is there."""
        if not self._has(keys):
            lines = [line for entry in entries for line in _array_lines(entry)]
            lines += [_include_line(name) for name in includes]
            written = "[\n" + "".join(lines) + "]" if lines else "[]"
            self._line(header, f"{toml_key(keys[1])} = {written}", _AFTER_PROJECT)
            return
        document: Any = tomlkit.parse(self.text)
        array = document[keys[0]][keys[1]]
        listed = {str(item) for item in array}
        there = {normalised(str(item.get("include-group"))) for item in array if isinstance(item, dict)}
        new = [entry for entry in entries if entry.as_pep508() not in listed]
        groups = [{"include-group": name} for name in includes if name not in there]
        if new or groups:
            _lengthen(array, new, groups)
            self.text = tomlkit.dumps(document)

    def _write_out_own_extras(self) -> None:
        """Write out extras and groups that name the project itself: Poetry takes that for a circle, pip for its extras."""
        project: Mapping[str, Any] = self.before.get("project", {})
        extras = {normalised(key): value for key, value in project.get("optional-dependencies", {}).items()}
        document: Any = None  # parsed once, as that takes the most time, and only where a list changes
        for table, lists in (
            (("project", "optional-dependencies"), project.get("optional-dependencies", {})),
            (("dependency-groups",), self.before.get("dependency-groups", {})),
        ):
            for key, texts in lists.items():
                written = _without_itself(
                    texts, normalised(str(project.get("name"))), extras, frozenset({normalised(key)})
                )
                if written == list(texts):
                    continue
                document = tomlkit.parse(self.text) if document is None else document
                node = document
                for part in table:
                    node = node[part]
                multiline = "\n" in node[key].as_string()
                node[key] = tomlkit.array()
                node[key].extend(written)
                node[key].multiline(multiline)
        if document is not None:
            self.text = tomlkit.dumps(document)

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
        node: Any = tomllib.loads(self.text)
        for key in header_keys(header):
            node = node.get(key, {})
        return {normalised(key): value for key, value in node.items()}

    def _own_table(self, header: str, entries: Sequence[PlannedEntry], after: Sequence[str]) -> None:
        named = by_name(entries)
        there = self._there(header) if named else {}
        for name in named.keys() & there.keys():
            self._add_beside(header, name, named[name])
        lines = [line for name, same in named.items() if name not in there for line in _own_lines(name, same)]
        if lines:
            self._line(header, "\n".join(lines), after)

    def _add_beside(self, header: str, name: str, entries: Sequence[PlannedEntry]) -> None:
        """Make the entry of a package in Poetry's own table a list of what it says and of these entries."""
        document: Any = tomlkit.parse(self.text)
        table = document
        for key in header_keys(header):
            table = table[key]
        spelt = next(key for key in table if normalised(key) == name)
        old = table[spelt]
        tables = [_as_table(one) for one in (old if isinstance(old, list) else [old])]
        table[spelt] = tomlkit.value(table_value([*tables, *(entry.poetry_table() for entry in entries)]))
        self.text = tomlkit.dumps(document)


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


def _own_lines(name: str, same: Sequence[PlannedEntry]) -> list[str]:
    """Return a package's entry in Poetry's own table, with the comments of its only line."""
    behind = f"  # {same[0].behind}" if same[0].behind and len(same) == 1 else ""
    value = table_value([entry.poetry_table() for entry in same])
    return [*(f"# {comment}" for comment in same[0].above), f"{toml_key(name)} = {value}{behind}"]


def _as_table(value: Any) -> dict[str, object]:  # noqa: ANN401 - tomlkit's items have no common type
    """Return an entry of Poetry's own table, which may be a bare version, as the table that it means."""
    plain = value.unwrap() if hasattr(value, "unwrap") else value
    return dict(plain) if isinstance(plain, dict) else {"version": plain}


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
        own = _parsed(text)
        if own is None or normalised(own.name) != project:
            found.append(text)
            continue
        for extra in sorted({normalised(one) for one in own.extras} - seen):
            inner = _without_itself(extras.get(extra, ()), project, extras, seen | {extra})
            found += [with_marker(str(one), str(own.marker or "")) for one in inner]
    return list(dict.fromkeys(found)) if all(isinstance(one, str) for one in found) else found


def _parsed(text: object) -> Pep508 | None:
    try:
        return Pep508(text) if isinstance(text, str) else None
    except InvalidRequirement:
        return None


def _include_line(group: str) -> str:
    return f"    {{include-group = {toml_text(group)}}},\n"


def _array_lines(entry: PlannedEntry) -> list[str]:
    behind = f"  # {entry.behind}" if entry.behind else ""
    return [
        *(f"    # {comment}".rstrip() + "\n" for comment in entry.above),
        f"    {toml_text(entry.as_pep508())},{behind}\n",
    ]


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
