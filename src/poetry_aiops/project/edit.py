"""Changes to the text of a pyproject.toml that leave the user's comments, order and layout alone.

What is new goes in as text at the end of the table that it belongs to; tomlkit takes out and replaces. The result
is read again and compared with what was wanted before anyone gets it, so that an unusual layout ends in an error
with a message and never with a damaged file.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import tomlkit
from packaging.requirements import InvalidRequirement
from packaging.requirements import Requirement as Pep508
from tomlkit.exceptions import TOMLKitError

from poetry_aiops.errors import InputError
from poetry_aiops.project.checks import normalised
from poetry_aiops.project.edit_text import (
    NewRequirement,
    Sections,
    group_block,
    poetry_value,
    standard_lines,
    table_line,
    toml_key,
    toml_text,
)
from poetry_aiops.project.model import MAIN
from poetry_aiops.project.pyproject import project_from
from poetry_aiops.project.toml import parse_toml


if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping
    from pathlib import Path

    from poetry_aiops.project.model import Project, Source


_VARIANTS = "[tool.poetry-aiops.hardware.variants]"
_PLUGINS = "[tool.poetry.requires-plugins]"


@dataclass(frozen=True, slots=True)
class GroupEdit:
    """What becomes of one group: ``drop`` goes, ``entries`` come; a group that does not exist is made, optional."""

    group: str
    entries: tuple[NewRequirement, ...] = ()
    drop: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ProjectEdit:
    """All changes to one pyproject.toml; group names are canonical.

    ``variants`` are new entries of the table of hardware variants, ``plugin`` is the version of this plugin to ask
    every clone for. ``gone`` are variants that leave with their groups, ``unused`` the sources that leave with them.
    """

    groups: tuple[GroupEdit, ...] = ()
    sources: tuple[Source, ...] = ()
    variants: tuple[tuple[str, str], ...] = ()
    plugin: str | None = None
    gone: frozenset[str] = frozenset()
    unused: frozenset[str] = frozenset()


def apply_edit(text: str, edit: ProjectEdit, path: Path) -> str:
    """Return the text of the pyproject.toml at ``path`` with the changes made.

    Raises InputError when its layout does not allow the change; the text that came in is then still right.
    """
    windows = "\r\n" in text and text.count("\r\n") == text.count("\n")
    plain = text.replace("\r\n", "\n") if windows else text
    try:
        before = project_from(parse_toml(plain), path)
        changed = _Editor(plain, before).run(edit)
        document = parse_toml(changed)
        _check(project_from(document, path), before, edit)
        _check_tables(document, edit)
    except (
        TOMLKitError,
        tomllib.TOMLDecodeError,
        KeyError,
        TypeError,
        AttributeError,
        RecursionError,  # older tomlkits go as deep into lists within lists as Python does
        _NotAsWantedError,
    ) as error:
        raise InputError(
            "its layout does not allow an automatic change",
            where=path.name,
            hint="Nothing was written. Make the change by hand; `--dry-run --format json` lists what is needed.",
            details=(f"{type(error).__name__}: {error}",),
        ) from error
    return changed.replace("\n", "\r\n") if windows else changed


class _NotAsWantedError(Exception):
    """The changed text does not say what it should."""


class _Editor:
    def __init__(self, text: str, project: Project) -> None:
        self.text = text
        self.project = project

    def run(self, edit: ProjectEdit) -> str:
        self._take_out_variants(edit)
        groups = {name: group for name, group in self.project.groups.items() if name not in edit.gone}
        self.project = replace(self.project, groups=groups)
        document = tomlkit.parse(self.text)
        for change in edit.groups:
            for name in sorted(change.drop - {entry.name for entry in change.entries}):
                _take_out(document, change.group, name)
        self.text = tomlkit.dumps(document)
        for change in edit.groups:
            self._add_group(change)
        sections = Sections(self.text)
        for source in edit.sources:
            sections.add_source(source)
        for group, backend in edit.variants:
            sections.add_to(
                _VARIANTS, f"{toml_key(group)} = {toml_text(backend)}", after=("[tool.poetry-aiops",)
            )
        if edit.plugin is not None:
            sections.add_to(
                _PLUGINS, f"poetry-aiops = {toml_text(edit.plugin)}", after=("[tool.poetry]", "[project]")
            )
        return sections.text

    def _take_out_variants(self, edit: ProjectEdit) -> None:
        sections = Sections(self.text)
        for group in edit.gone:
            sections.drop(("tool", "poetry", "group", group))
        for source in edit.unused:
            sections.drop(("tool", "poetry", "source"), source.lower())
        document = tomlkit.parse(sections.text)
        tool: Any = document.get("tool", {})
        hardware = tool.get("poetry-aiops", {}).get("hardware", {})
        tables: tuple[Any, ...] = (
            document.get("dependency-groups", {}),
            tool.get("poetry", {}).get("group", {}),
            hardware.get("variants", {}),
        )
        for table in tables if edit.gone else ():
            for key in [key for key in table if normalised(key) in edit.gone]:
                del table[key]
        sources = tool.get("poetry", {}).get("source", [])
        for index in reversed(range(len(sources)) if edit.unused else ()):
            if str(sources[index].get("name", "")).lower() in edit.unused:
                del sources[index]
        self.text = tomlkit.dumps(document)
        if edit.gone and not edit.variants and not hardware.get("variants"):
            sections = Sections(self.text)
            sections.drop(("tool", "poetry-aiops", "hardware"))
            self.text = sections.text

    def _add_group(self, change: GroupEdit) -> None:
        known = self.project.groups.get(change.group)
        document = cast("Mapping[str, Any]", tomlkit.parse(self.text))
        standard = "dependency-groups" in document and (
            known is None or known.key_path.startswith("[dependency-groups]")
        )
        name = known.pretty_name if known else change.group
        by_name: dict[str, list[NewRequirement]] = {}
        for entry in change.entries:
            by_name.setdefault(entry.name, []).append(entry)
        if known is None:
            sections = Sections(self.text)
            sections.add_block(
                group_block(name, by_name, standard=standard), after=("[tool.poetry.group.", "[tool.poetry.")
            )
            if standard:
                sections.add_to(
                    "[dependency-groups]", f"{toml_key(name)} = {standard_lines(by_name)}", after=()
                )
            self.text = sections.text
            return
        for package, entries in by_name.items():
            self._add_package(name, package, entries, standard=standard)

    def _add_package(
        self, group: str, package: str, entries: list[NewRequirement], *, standard: bool
    ) -> None:
        if standard:
            document = tomlkit.parse(self.text)
            array = _standard_list(document, group)
            _put(array, package, entries[0].as_pep508(with_marker=len(entries) == 1))
            self.text = tomlkit.dumps(document)
        value = poetry_value(entries, enriching=standard)
        document = tomlkit.parse(self.text)
        table = _poetry_table(document, group)
        present = next((key for key in table or {} if normalised(key) == package), None)
        if present is not None and table is not None:
            if value is None:
                del table[present]
            else:
                table[present] = tomlkit.value(value)
            self.text = tomlkit.dumps(document)
        elif value is not None:
            sections = Sections(self.text)
            header = f"[tool.poetry.group.{toml_key(group)}.dependencies]"
            sections.add_to(
                header, table_line(package, value), after=(f"[tool.poetry.group.{toml_key(group)}]",)
            )
            self.text = sections.text


def _take_out(document: MutableMapping[str, Any], group: str, package: str) -> None:
    """Take a package out of a group, wherever the two layouts may name it."""
    lists = [_standard_list(document, group)] if group != MAIN else [_main_list(document)]
    for array in lists:
        for index in reversed(_positions(array, package)):
            del array[index]
    table = _poetry_table(document, group)
    for key in [key for key in table or {} if normalised(key) == package]:
        del cast("MutableMapping[str, Any]", table)[key]


def _put(array: list[Any], package: str, requirement: str) -> None:
    """Write a requirement in the place of the package's first one, or at the end."""
    places = _positions(array, package)
    for index in reversed(places[1:]):
        del array[index]
    if places:
        array[places[0]] = requirement
    else:
        array.append(requirement)


def _positions(array: list[Any], package: str) -> list[int]:
    found = []
    for index, entry in enumerate(array):
        try:
            if isinstance(entry, str) and normalised(Pep508(str(entry).partition(" #")[0]).name) == package:
                found.append(index)
        except InvalidRequirement:  # Poetry's own spellings such as >=2.1+cpu
            if normalised(str(entry).partition("(")[0].partition("[")[0].strip()) == package:
                found.append(index)
    return found


def _main_list(document: Mapping[str, Any]) -> list[Any]:
    found: list[Any] = document.get("project", {}).get("dependencies", [])
    return found


def _standard_list(document: Mapping[str, Any], group: str) -> list[Any]:
    table = document.get("dependency-groups", {})
    found: list[Any] = next(
        (value for key, value in table.items() if normalised(key) == normalised(group)), []
    )
    return found


def _poetry_table(document: Mapping[str, Any], group: str) -> MutableMapping[str, Any] | None:
    tables: Mapping[str, Any] = document.get("tool", {}).get("poetry", {})
    if group != MAIN:
        groups: Mapping[str, Any] = tables.get("group", {})
        tables = next((value for key, value in groups.items() if normalised(key) == normalised(group)), {})
    return tables.get("dependencies")


def _check(after: Project, before: Project, edit: ProjectEdit) -> None:
    """Make sure that every group says what it should, and the others what they said before."""
    changes = {change.group: change for change in edit.groups}
    for name in {*before.groups, *changes}:
        change = changes.get(name, GroupEdit(name))
        mentioned = change.drop | {entry.name for entry in change.entries}
        old = before.groups[name].requirements if name in before.groups.keys() - edit.gone else ()
        wanted = [requirement for requirement in old if requirement.name not in mentioned]
        group = after.groups.get(name)
        if name in edit.gone and name not in changes:
            if group is not None:
                raise _NotAsWantedError(f"the group {name} would stay")
            continue
        if group is None or [one for one in group.requirements if one.name not in mentioned] != wanted:
            raise _NotAsWantedError(f"the group {name} would change in other ways")
        found = sorted((one.name, one.source or "") for one in group.requirements if one.name in mentioned)
        if found != sorted((entry.name, entry.source or "") for entry in change.entries):
            raise _NotAsWantedError(
                f"the group {name} would not hold {', '.join(sorted(mentioned))} as wanted"
            )
        if name not in before.groups.keys() - edit.gone and not group.optional:
            raise _NotAsWantedError(f"the group {name} would not be optional")
    if {(one.name, one.url) for one in edit.sources} - {(one.name, one.url) for one in after.sources}:
        raise _NotAsWantedError("a source would be missing")
    kept = {one.name for one in before.sources if one.name.lower() not in edit.unused}
    if {one.name for one in after.sources} != kept | {one.name for one in edit.sources}:
        raise _NotAsWantedError("other sources than those of the variants would leave")


def _check_tables(document: Mapping[str, Any], edit: ProjectEdit) -> None:
    tool = document.get("tool", {})
    table = tool.get("poetry-aiops", {}).get("hardware", {}).get("variants", {})
    declared = {normalised(group): backend for group, backend in table.items()}
    if any(declared.get(group) != backend for group, backend in edit.variants):
        raise _NotAsWantedError("a hardware variant would not be declared")
    if (edit.gone - {group for group, _ in edit.variants}) & declared.keys():
        raise _NotAsWantedError("a hardware variant would stay declared")
    if edit.plugin is not None and "poetry-aiops" not in tool.get("poetry", {}).get("requires-plugins", {}):
        raise _NotAsWantedError("[tool.poetry.requires-plugins] would lack the plugin")
