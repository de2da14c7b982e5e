"""Changes to the text of a pyproject.toml that leave the user's comments, order and layout alone.

What is new goes in as text at the end of the table that it belongs to; tomlkit takes out and replaces. The result
is read again and compared with what was wanted before anyone gets it, so that an unusual layout ends in an error
with a message and never with a damaged file.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

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
    toml_key,
    toml_text,
)
from poetry_aiops.project.model import MAIN
from poetry_aiops.project.pyproject import project_from
from poetry_aiops.project.toml import parse_toml
from poetry_aiops.system.record import Record


if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from poetry_aiops.project.model import Group, Project, Source


class GroupEdit(Record):
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
        self.sections = Sections(text)
        self.project = project

    def run(self, edit: ProjectEdit) -> str:
        sections = self.sections
        self._take_out_variants(edit)
        with sections.parsed() as document:
            for change in edit.groups:
                for name in sorted(change.drop - {entry.name for entry in change.entries}):
                    _take_out(document, change.group, name)
        for change in edit.groups:
            known = self.project.groups.get(change.group)
            self._add_group(change, None if change.group in edit.gone else known)
        for source in edit.sources:
            sections.add_source(source)
        for group, backend in edit.variants:
            line = f"{toml_key(group)} = {toml_text(backend)}"
            sections.add_to("[tool.poetry-aiops.hardware.variants]", line, after=("[tool.poetry-aiops",))
        if edit.plugin is not None:
            line = f"poetry-aiops = {toml_text(edit.plugin)}"
            sections.add_to("[tool.poetry.requires-plugins]", line, after=("[tool.poetry]", "[project]"))
        return sections.text

    def _take_out_variants(self, edit: ProjectEdit) -> None:
        for group in edit.gone:
            self.sections.drop(("tool", "poetry", "group", group))
        for source in edit.unused:
            self.sections.drop(("tool", "poetry", "source"), source.lower())
        with self.sections.parsed() as document:
            tool = document.get("tool", {})
            poetry, hardware = tool.get("poetry", {}), tool.get("poetry-aiops", {}).get("hardware", {})
            groups = (document.get("dependency-groups", {}), poetry.get("group", {}))
            for table in (*groups, hardware.get("variants", {})):
                for key in [key for key in table if normalised(key) in edit.gone]:
                    del table[key]
            sources = poetry.get("source", [])
            for index in reversed(range(len(sources))):
                if str(sources[index].get("name", "")).lower() in edit.unused:
                    del sources[index]
        if edit.gone and not edit.variants and not hardware.get("variants"):
            self.sections.drop(("tool", "poetry-aiops", "hardware"))

    def _add_group(self, change: GroupEdit, known: Group | None) -> None:
        standard = "dependency-groups" in parse_toml(self.sections.text) and (
            known is None or known.key_path.startswith("[dependency-groups]")
        )
        by_name: dict[str, list[NewRequirement]] = {}
        for entry in change.entries:
            by_name.setdefault(entry.name, []).append(entry)
        if known is not None:
            for package, entries in by_name.items():
                self._add_package(known.pretty_name, package, entries, standard=standard)
            return
        block = group_block(change.group, by_name, standard=standard)
        self.sections.add_block(block, after=("[tool.poetry.group.", "[tool.poetry."))
        if standard:
            line = f"{toml_key(change.group)} = {standard_lines(by_name)}"
            self.sections.add_to("[dependency-groups]", line, after=())

    def _add_package(
        self, group: str, package: str, entries: list[NewRequirement], *, standard: bool
    ) -> None:
        value = poetry_value(entries, enriching=standard)
        with self.sections.parsed() as document:
            if standard:
                listed = _standard_list(document, group)
                _put(listed, package, entries[0].as_pep508(with_marker=len(entries) == 1))
            table = _poetry_table(document, group)
            present = next((key for key in table if normalised(key) == package), None)
            if present is not None and value is None:
                del table[present]
            elif present is not None:
                table[present] = tomlkit.value(value or "")
        if present is None and value is not None:
            header = f"[tool.poetry.group.{toml_key(group)}"
            line = f"{toml_key(package)} = {value}"
            self.sections.add_to(f"{header}.dependencies]", line, after=(f"{header}]",))


def _take_out(document: Any, group: str, package: str) -> None:  # noqa: ANN401 - a document of tomlkit
    """Take a package out of a group, wherever the two layouts may name it."""
    listed, table = _standard_list(document, group), _poetry_table(document, group)
    for index in reversed(_positions(listed, package)):
        del listed[index]
    for key in [key for key in table if normalised(key) == package]:
        del table[key]


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


def _standard_list(document: Any, group: str) -> Any:  # noqa: ANN401 - values of tomlkit
    if group == MAIN:
        return document.get("project", {}).get("dependencies", [])
    return _of_group(document.get("dependency-groups", {}), group, [])


def _poetry_table(document: Any, group: str) -> Any:  # noqa: ANN401 - values of tomlkit
    poetry = document.get("tool", {}).get("poetry", {})
    table = poetry if group == MAIN else _of_group(poetry.get("group", {}), group, {})
    return table.get("dependencies", {})


def _of_group(table: Any, group: str, default: object) -> Any:  # noqa: ANN401 - values of tomlkit
    return next((value for key, value in table.items() if normalised(key) == normalised(group)), default)


def _check(after: Project, before: Project, edit: ProjectEdit) -> None:
    """Make sure that every group says what it should, and the others what they said before."""
    changes = {change.group: change for change in edit.groups}
    kept = {name: group for name, group in before.groups.items() if name not in edit.gone}
    if stay := edit.gone & after.groups.keys() - changes.keys():
        raise _NotAsWantedError(f"the group {min(stay)} would stay")
    for name in {*kept, *changes}:
        change = changes.get(name, GroupEdit(name))
        mentioned = change.drop | {entry.name for entry in change.entries}
        old = kept[name].requirements if name in kept else ()
        group = after.groups.get(name)
        others = [one for one in group.requirements if one.name not in mentioned] if group else None
        if group is None or others != [one for one in old if one.name not in mentioned]:
            raise _NotAsWantedError(f"the group {name} would change in other ways")
        found = sorted((one.name, one.source or "") for one in group.requirements if one.name in mentioned)
        if found != sorted((entry.name, entry.source or "") for entry in change.entries):
            named = ", ".join(sorted(mentioned))
            raise _NotAsWantedError(f"the group {name} would not hold {named} as wanted")
        if name not in kept and not group.optional:
            raise _NotAsWantedError(f"the group {name} would not be optional")
    if {(one.name, one.url) for one in edit.sources} - {(one.name, one.url) for one in after.sources}:
        raise _NotAsWantedError("a source would be missing")
    sources = {one.name for one in before.sources if one.name.lower() not in edit.unused}
    if {one.name for one in after.sources} != sources | {one.name for one in edit.sources}:
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
