"""Which group each file's own lines belong to, and which groups include each other."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from poetry_aiops.migrate.planning.roles import CONSTRAINTS, Role, named_role
from poetry_aiops.project.model import MAIN


if TYPE_CHECKING:
    from collections.abc import Mapping

    from poetry_aiops.migrate.model import Tree
    from poetry_aiops.migrate.planning.roles import RoleKind


_NEVER_SHARED: Final = frozenset({"dev", "test", "docs", "lint", "typing", "ci"})
"""Groups that stay groups although the main file includes them: `requirements.txt` is then a developer's shortcut."""

_ALL: Final = re.compile(r"(?:^|[/._-])all(?:[._-]|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Owners:
    """``roles`` has every file of the tree; ``readers`` says whose options are in force for a file."""

    roles: Mapping[str, Role]
    readers: Mapping[str, str]
    includes: Mapping[str, tuple[str, ...]]


def owners(tree: Tree, roles: Mapping[str, Role]) -> Owners:
    """Give every included file the role of what includes it, where its own name was not requested.

    What a main file includes is needed by everything, so it is main as well, except groups such as ``dev`` and what
    ``all.txt`` collects.
    """
    found = dict(roles)
    readers = {entry: entry for entry in tree.readings}
    for entry, reading in tree.readings.items():
        lines = tree.files[entry].lines if entry in tree.files else ()
        # a file that only puts the other files together, as its name says
        is_collection = _ALL.search(entry) and all(line.requirement is None for line in lines)
        for file in reading.files:
            readers.setdefault(file, entry)
            # what only constrains by its name or by -c says less than a -r of it
            constrains = file in found and found[file].kind == "constraints"
            is_weak = constrains and (file not in roles or not roles[file].chosen)
            if file not in found or (file != entry and is_weak):
                found[file] = _role_of_included(file, roles[entry])
            elif file != entry and roles[entry].kind == "main" and not is_collection:
                found[file] = _pulled_into_main(found[file], entry)
        for file in reading.constraint_files:
            readers.setdefault(file, entry)
            found.setdefault(
                file, Role(file, "constraints", CONSTRAINTS, f"{entry} names it with -c", optional=True)
            )
    return Owners(found, readers, _group_includes(tree, found))


def _role_of_included(file: str, includer: Role) -> Role:
    """Return the role of a file that was not named: main by its own name, else that of what includes it."""
    if (own := named_role(file)).kind == "main":
        return own
    kind: RoleKind = "main" if includer.kind == "seed" else includer.kind
    return replace(includer, kind=kind, file=file, pins=None, reason=f"{includer.file} includes it")


def _pulled_into_main(role: Role, entry: str) -> Role:
    named = named_role(role.file)
    stays = role.group in _NEVER_SHARED and (named.group == role.group or role.chosen)
    if role.kind == "group" and not stays:
        return Role(role.file, "main", MAIN, f"{entry} includes it")
    return role


def _group_includes(tree: Tree, roles: Mapping[str, Role]) -> dict[str, tuple[str, ...]]:
    found: dict[str, dict[str, None]] = {}
    for entry, reading in tree.readings.items():
        own = roles[entry]
        if own.kind not in {"group", "variant"}:
            continue
        for file in reading.files:
            other = roles[file]
            if other.kind == "group" and other.group != own.group:
                found.setdefault(own.group, {})[other.group] = None
    return {group: tuple(names) for group, names in _without_circles(found).items()}


def _without_circles(includes: dict[str, dict[str, None]]) -> dict[str, dict[str, None]]:
    """Leave out an include that is reached through another one, and whatever would close a circle."""
    kept: dict[str, dict[str, None]] = {}
    for group, names in includes.items():
        reached = {inner for name in names for inner in _reached(name, includes, frozenset({group}))}
        kept[group] = {
            name: None
            for name in names
            if name not in reached and group not in _reached(name, kept, frozenset())
        }
    return kept


def _reached(group: str, includes: dict[str, dict[str, None]], seen: frozenset[str]) -> set[str]:
    found: set[str] = set()
    for name in includes.get(group, {}):
        if name not in seen:
            found |= {name} | _reached(name, includes, seen | {group, name})
    return found
