"""pyproject.toml -> Project, as Poetry reads it.

Standard tables (``[project]``, ``[dependency-groups]``) and Poetry's own (``[tool.poetry]``) may stand side by side;
the rules are poetry-core's ``Factory.configure_package`` (2.5), compared with it in the tests.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING

from poetry_aiops.errors import InputError
from poetry_aiops.project.checks import Checker, normalised
from poetry_aiops.project.constraints import read_constraint
from poetry_aiops.project.enrich import joined
from poetry_aiops.project.model import MAIN, Group, Project, Requirement, Source
from poetry_aiops.project.requirements import from_pep508, from_poetry
from poetry_aiops.project.toml import load_toml


if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


_PRIORITIES = ("primary", "supplemental", "explicit", "default", "secondary")


def load_pyproject(path: Path) -> Mapping[str, object]:
    """Return the document in a pyproject.toml; raises InputError with ``pyproject.toml:line:column``."""
    return load_toml(
        path,
        broken_hint="Correct this line; `poetry check` shows whether the file can be read.",
        conflict_hint="Keep the lines that you want, remove the marker lines, then run `poetry lock`.",
    )


def read_project(path: Path) -> Project:
    """Return what the pyproject.toml at ``path`` declares; raises InputError with everything that is wrong in it."""
    return project_from(load_pyproject(path), path)


def aiops_table(document: Mapping[str, object]) -> object:
    """Return ``[tool.poetry-aiops]`` of a document as it stands, ``{}`` when there is none."""
    tool = document.get("tool")
    return tool.get("poetry-aiops", {}) if isinstance(tool, dict) else {}


def project_from(document: Mapping[str, object], path: Path, warnings: list[str] | None = None) -> Project:
    """Return the project that a parsed pyproject.toml declares; ``path`` is where it came from.

    Constraints that cannot be read stay as text where ``warnings`` is there to name them. Raises InputError that
    names every other wrong entry by its key path.
    """
    reader = _PyprojectReader(document, Checker(warnings))
    project = reader.project(path)
    reader.checker.fail(InputError, path.name, "{count} entries cannot be read", "Correct these entries.")
    reader.check_includes(project)
    reader.checker.fail(InputError, path.name, "{count} dependency groups cannot be combined")
    return project


@dataclass(slots=True)
class _Parts:
    """A group while it is being read: its standard requirements and those of Poetry's own table."""

    pretty_name: str
    key_path: str
    optional: bool = False
    standard: list[Requirement] = field(default_factory=list)
    poetry: list[Requirement] = field(default_factory=list)
    includes: list[str] = field(default_factory=list)

    def frozen(self, *, mixed_dynamic: bool = False) -> Group:
        requirements = joined(tuple(self.standard), tuple(self.poetry), mixed_dynamic=mixed_dynamic)
        includes = tuple(dict.fromkeys(normalised(name) for name in self.includes))
        name = normalised(self.pretty_name)
        return Group(name, self.pretty_name, self.optional, requirements, includes, self.key_path)


class _PyprojectReader:
    def __init__(self, document: Mapping[str, object], checker: Checker) -> None:
        self.checker = checker
        self.standard = self._table(document, "project", "[project]")
        self.standard_groups = self._table(document, "dependency-groups", "[dependency-groups]")
        self.poetry = self._table(self._table(document, "tool", "[tool]"), "poetry", "[tool.poetry]")
        self.poetry_main = self._table(self.poetry, "dependencies", "[tool.poetry.dependencies]")
        self.optional_lists = self._table(
            self.standard, "optional-dependencies", "[project.optional-dependencies]"
        )

    def project(self, path: Path) -> Project:
        requires_python = self._text(self.standard, "requires-python", "[project]") or "*"
        groups = {MAIN: self._main(), **self._groups()}
        return Project(
            path=path,
            name=self._text(self.standard, "name", "[project]")
            or self._text(self.poetry, "name", "[tool.poetry]"),
            version=self._text(self.standard, "version", "[project]")
            or self._text(self.poetry, "version", "[tool.poetry]"),
            requires_python=requires_python,
            package_mode=self.checker.flag(
                self.poetry.get("package-mode", True), "[tool.poetry] package-mode"
            ),
            groups=MappingProxyType(groups),
            sources=self._sources(),
            extras=MappingProxyType(self._extras(groups[MAIN])),
            python=self._python(requires_python),
        )

    def check_includes(self, project: Project) -> None:
        """Remember every include of an unknown group, and every circle once."""
        seen = set()
        sound: set[str] = set()
        for name in project.groups:
            if name in sound:
                continue
            try:
                sound |= {name, *project.included(name)}
            except InputError as error:
                if (error.where, error.what) not in seen:
                    seen.add((error.where, error.what))
                    self.checker.report(error.where or name, error.what, error.hint or "")

    def _main(self) -> Group:
        standard = "dependencies" in self.standard or bool(self.optional_lists)
        parts = _Parts(MAIN, "[project] dependencies" if standard else "[tool.poetry.dependencies]")
        parts.standard = self._pep508_list(self.standard.get("dependencies", []), "[project] dependencies")
        for extra, entries in self.optional_lists.items():
            found = self._pep508_list(entries, f"[project.optional-dependencies] {extra}")
            parts.standard += [
                replace(entry, optional=True, in_extras=(normalised(extra),)) for entry in found
            ]
        parts.poetry = self._poetry_table(self.poetry_main, "[tool.poetry.dependencies]")
        dynamic = self.checker.texts(self.standard.get("dynamic", []), "[project] dynamic")
        main = parts.frozen(mixed_dynamic=bool({"dependencies", "optional-dependencies"} & set(dynamic)))
        return self._with_legacy_extras(main)

    def _with_legacy_extras(self, main: Group) -> Group:
        requirements = []
        for entry in main.requirements:
            asking = tuple(extra for extra, names in self._legacy_extras.items() if entry.name in names)
            requirements.append(replace(entry, in_extras=asking) if asking else entry)
        return replace(main, requirements=tuple(requirements))

    @cached_property
    def _legacy_extras(self) -> dict[str, tuple[str, ...]]:
        """Return ``[tool.poetry.extras]``, which Poetry ignores when ``[project]`` declares dependencies."""
        if self.standard.get("dependencies") or self.optional_lists:
            return {}
        where = "[tool.poetry.extras]"
        table = self._table(self.poetry, "extras", where)
        return {
            normalised(extra): self.checker.names(names, f"{where} {extra}") for extra, names in table.items()
        }

    def _extras(self, main: Group) -> dict[str, tuple[str, ...]]:
        if not self.optional_lists:
            declared = {entry.name for entry in main.requirements}
            return {
                extra: tuple(dict.fromkeys(name for name in names if name in declared))
                for extra, names in self._legacy_extras.items()
            }
        return {
            extra: tuple(dict.fromkeys(entry.name for entry in main.requirements if extra in entry.in_extras))
            for extra in map(normalised, self.optional_lists)
        }

    def _groups(self) -> dict[str, Group]:
        found: dict[str, _Parts] = {}
        tables = self._table(self.poetry, "group", "[tool.poetry.group]")
        self._check_spellings([*self.standard_groups, *tables])
        for name, entries in self.standard_groups.items():
            found[normalised(name)] = self._standard_group(name, entries)
        for name, value in tables.items():
            self._add_poetry_group(found, name, value)
        if "dev-dependencies" in self.poetry:
            where = "[tool.poetry.dev-dependencies]"
            parts = found.setdefault("dev", _Parts("dev", where))
            parts.poetry += self._poetry_table(self._table(self.poetry, "dev-dependencies", where), where)
        return {name: parts.frozen() for name, parts in found.items() if name != MAIN}

    def _check_spellings(self, names: list[str]) -> None:
        spellings: dict[str, list[str]] = {}
        for name in dict.fromkeys(names):
            spellings.setdefault(normalised(name), []).append(name)
        for group, same in spellings.items():
            if len(same) > 1:
                what = f'"{group}" is spelled in {len(same)} ways: {", ".join(same)}'
                self.checker.report("dependency groups", what, "Use one spelling everywhere.")
        if MAIN in spellings:
            hint = "Give the group another name; main is the project's own dependencies."
            self.checker.report("dependency groups", 'no group can be called "main"', hint)

    def _standard_group(self, name: str, entries: object) -> _Parts:
        where = f"[dependency-groups] {name}"
        parts = _Parts(name, where)
        texts = []
        for index, entry in enumerate(self.checker.items(entries, where)):
            if isinstance(entry, str):
                texts.append(entry)
                continue
            table = self.checker.table(entry, f"{where}[{index}]")
            included = table.get("include-group")
            parts.includes.append(self.checker.text(included, f"{where}[{index}].include-group"))
        parts.standard = self._pep508_list(texts, where)
        return parts

    def _add_poetry_group(self, found: dict[str, _Parts], name: str, value: object) -> None:
        where = f"[tool.poetry.group.{name}]"
        table = self.checker.table(value, where)
        parts = found.setdefault(normalised(name), _Parts(name, where))
        parts.optional = self.checker.flag(table.get("optional", False), f"{where} optional")
        inner = f"[tool.poetry.group.{name}.dependencies]"
        parts.poetry += self._poetry_table(self._table(table, "dependencies", inner), inner)
        parts.includes += self.checker.texts(table.get("include-groups", []), f"{where} include-groups")

    def _pep508_list(self, value: object, where: str) -> list[Requirement]:
        texts = self.checker.texts(value, where)
        return [entry for text in texts if (entry := from_pep508(text, where, self.checker))]

    def _poetry_table(self, table: Mapping[str, object], where: str) -> list[Requirement]:
        return [
            requirement
            for name, value in table.items()
            if name.lower() != "python"
            for requirement in from_poetry(name, value, f"{where} {name}", self.checker)
        ]

    def _sources(self) -> tuple[Source, ...]:
        where = "[[tool.poetry.source]]"
        return tuple(
            self._source(table, f"{where} {index + 1}")
            for index, table in enumerate(self.checker.tables(self.poetry.get("source", []), where))
        )

    def _source(self, table: Mapping[str, object], where: str) -> Source:
        name = self.checker.text(table.get("name"), f"{where} name")
        priority = self.checker.text(table.get("priority", "primary"), f"{where} priority").lower()
        if priority and priority not in _PRIORITIES:
            self.checker.report(
                f"{where} priority", f'"{priority}" is unknown', f"Use one of {', '.join(_PRIORITIES[:3])}."
            )
        needs_url = name.lower() != "pypi" or "url" in table
        url = self.checker.text(table.get("url"), f"{where} url") if needs_url else ""
        return Source(name, url, priority)

    def _python(self, requires_python: str) -> str:
        written = next((value for name, value in self.poetry_main.items() if name.lower() == "python"), None)
        python = written if isinstance(written, str) else requires_python
        where = (
            "[tool.poetry.dependencies] python" if isinstance(written, str) else "[project] requires-python"
        )
        try:
            read_constraint(python)
        except InputError as error:
            self.checker.report(where, error.what, error.hint or "")
        return python

    def _table(self, parent: Mapping[str, object], key: str, where: str) -> Mapping[str, object]:
        return self.checker.table(parent.get(key, {}), where)

    def _text(self, parent: Mapping[str, object], key: str, where: str) -> str:
        return self.checker.text(parent.get(key, ""), f"{where} {key}")
