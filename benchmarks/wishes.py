"""Requirements as pip reads them and as tools write them into pyproject.toml, made comparable.

Markers are compared on 35 machines, versions clause by clause, addresses without their spelling.
"""

from __future__ import annotations

import ast
import functools
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.specifiers import Specifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version


if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


PYTHONS = tuple(f"3.{minor}" for minor in range(8, 15))
SYSTEMS = (
    ("linux", "Linux", "posix", "x86_64"),
    ("linux", "Linux", "posix", "aarch64"),
    ("darwin", "Darwin", "posix", "arm64"),
    ("darwin", "Darwin", "posix", "x86_64"),
    ("win32", "Windows", "nt", "AMD64"),
)
MACHINES: tuple[dict[str, str], ...] = tuple(
    {
        "python_version": python,
        "python_full_version": f"{python}.5",
        "implementation_version": f"{python}.5",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "sys_platform": platform,
        "platform_system": system,
        "os_name": os_name,
        "platform_machine": machine,
        "platform_release": "6",
        "platform_version": "1",
        "extra": "",
    }
    for python in PYTHONS
    for platform, system, os_name, machine in SYSTEMS
)
EVERYWHERE = frozenset(range(len(MACHINES)))
PROJECT = (".", "", "")
"""The place of the project itself."""


@dataclass(frozen=True, slots=True)
class Wish:
    """One requirement, as pip reads it or as a tool wrote it; ``place`` is a URL or path without its spelling."""

    name: str | None
    extras: frozenset[str]
    clauses: frozenset[Specifier]
    place: tuple[str, ...] | None
    machines: frozenset[int]


# -- requirements -----------------------------------------------------------------------------------------------


@functools.cache
def machines_of(marker: str) -> frozenset[int]:
    """Return the machines on which a marker holds."""
    if not marker:
        return EVERYWHERE
    parsed = Marker(marker)
    return frozenset(number for number, machine in enumerate(MACHINES) if parsed.evaluate(dict(machine)))


def clauses_of(text: str) -> frozenset[Specifier]:
    return frozenset(Specifier(str(one).replace("===", "==")) for one in SpecifierSet(text))


def place_of(url: str, root: str = "") -> tuple[str, ...]:
    """Return an address as (host and path, revision, subdirectory): ``git+``, ``.git`` and credentials do not count."""
    plain = unquote(url).replace("git+", "", 1)
    parts = urlsplit(plain)
    if parts.scheme in {"", "file"}:
        path = f"{parts.netloc}{parts.path}".replace("${PROJECT_ROOT}", "")
        path = path.removeprefix(root) if root else path.partition("/")[2] if parts.netloc else path
        return (os.path.normpath(path.strip("/") or "."), "", _subdirectory(parts.fragment))
    path, _, revision = parts.path.partition("@")
    host = parts.netloc.rpartition("@")[2].lower()
    return (
        f"{host}{path.rstrip('/').removesuffix('.git')}",
        revision.rstrip("/"),
        _subdirectory(parts.fragment),
    )


def _subdirectory(fragment: str) -> str:
    found = re.search(r"(?:^|&)subdirectory=([^&]+)", fragment)
    return found[1].strip("/") if found else ""


def pip_wish(text: str) -> Wish:
    """Read a line of the oracle."""
    text = re.sub(r" #h\d+$", "", text).removeprefix("C ").removeprefix("-e ")
    text, _, marker = text.partition(" ; ")
    text, _, listed = text.partition(" extras=")
    extras = frozenset(canonicalize_name(one) for one in (ast.literal_eval(listed) if listed else ()))
    machines = machines_of(marker)
    if " @" in text or "://" in text:
        named, _, url = text.rpartition(" @") if " @" in text else ("", "", text)
        name = re.match(r"[A-Za-z0-9][\w.-]*?(?=\[|==|$)", named.strip())
        return Wish(
            canonicalize_name(name[0]) if name else None, extras, frozenset(), place_of(url), machines
        )
    requirement = Requirement(text)
    extras = frozenset(canonicalize_name(one) for one in requirement.extras)
    clauses = clauses_of(str(requirement.specifier))
    return Wish(canonicalize_name(requirement.name), extras, clauses, None, machines)


def written_wish(text: str, root: str) -> Wish:
    """Read a requirement of a pyproject.toml."""
    editable = text.removeprefix("-e ")
    if editable != text or re.match(r"(?:\w+\+)?\w+://", text):
        return Wish(_egg(editable), frozenset(), frozenset(), place_of(editable, root), EVERYWHERE)
    requirement = Requirement(text)
    return Wish(
        canonicalize_name(requirement.name),
        frozenset(canonicalize_name(one) for one in requirement.extras),
        clauses_of(str(requirement.specifier)),
        place_of(requirement.url, root) if requirement.url else None,
        machines_of(str(requirement.marker or "")),
    )


def _egg(url: str) -> str | None:
    found = re.search(r"[#&]egg=([\w.-]+)", url)
    return canonicalize_name(found[1]) if found else None


def with_place(wish: Wish, table: dict[str, Any]) -> Wish:
    """Return a wish with the address that a table of uv or Poetry gives for its name."""
    place = wish.place
    if "git" in table:
        revision = next((str(table[key]) for key in ("rev", "tag", "branch") if key in table), "")
        at, before, inside = place_of(str(table["git"]))
        place = (at, revision or before, str(table.get("subdirectory", "")) or inside)
    elif "url" in table:
        place = place_of(str(table["url"]))
    elif "path" in table:
        place = place_of(str(table["path"]), "/")
    machines = wish.machines
    if marker := table.get("marker") or table.get("markers"):
        machines &= machines_of(str(marker))
    return Wish(wish.name, wish.extras, wish.clauses, place, machines)


def wishes_of(document: dict[str, Any], root: str) -> tuple[list[Wish], list[Wish]]:
    """Return requirements and constraints of a pyproject.toml with the tables of the three tools."""
    project, tool = document.get("project", {}), document.get("tool", {})
    groups = {**project.get("optional-dependencies", {}), **document.get("dependency-groups", {})}
    groups |= tool.get("pdm", {}).get("dev-dependencies", {})
    constraints = [*tool.get("uv", {}).get("constraint-dependencies", ()), *groups.pop("constraints", ())]
    lists = [
        project.get("dependencies", ()),
        tool.get("uv", {}).get("dev-dependencies", ()),
        *groups.values(),
    ]
    own = tool.get("poetry", {})
    tables = [tool.get("uv", {}).get("sources", {}), own.get("dependencies", {})]
    tables += [group.get("dependencies", {}) for group in own.get("group", {}).values()]
    places: dict[str, list[dict[str, Any]]] = {}
    for table in tables:
        for name, value in table.items():
            for one in value if isinstance(value, list) else [value]:
                if isinstance(one, dict) and {"git", "url", "path"} & one.keys():
                    places.setdefault(canonicalize_name(name), []).append(one)
    found = []
    for text in (one for texts in lists for one in texts if isinstance(one, str)):
        wish = written_wish(text, root)
        found += [with_place(wish, one) for one in places.get(wish.name or "", ())] or [wish]
    return found, [written_wish(one, root) for one in constraints if isinstance(one, str)]


# -- the comparison ---------------------------------------------------------------------------------------------


def is_kept(wish: Wish, written: Iterable[Wish]) -> bool:
    """Say whether what was written asks for all of a requirement wherever it counts."""
    held: set[int] = set()
    for one in written:
        same = one.name == wish.name if wish.name and one.name else one.place is not None
        if same and one.place == wish.place and wish.extras <= one.extras and _covers(one, wish):
            held |= one.machines
    return wish.machines <= held


def _covers(written: Wish, wish: Wish) -> bool:
    return all(any(_implies(one, clause) for one in written.clauses) for clause in wish.clauses)


def _implies(written: Specifier, clause: Specifier) -> bool:
    if written == clause:
        return True
    if "*" in written.version or "*" in clause.version:
        return written.operator == "==" and "*" not in written.version and clause.contains(written.version)
    if written.operator == "==":
        return clause.contains(written.version, prereleases=True)
    if written.operator == clause.operator in {">=", ">"}:
        return Version(written.version) >= Version(clause.version)
    if written.operator == clause.operator in {"<=", "<"}:
        return Version(written.version) <= Version(clause.version)
    return False


def is_added(one: Wish, wishes: Sequence[Wish]) -> bool:
    """Say whether a written requirement asks for more than the file does."""
    same = [
        wish
        for wish in wishes
        if (wish.name == one.name or None in {wish.name, one.name}) and wish.place == one.place
    ]
    machines = frozenset().union(*(wish.machines for wish in same))
    clauses = frozenset().union(*(wish.clauses for wish in same))
    return not one.machines <= machines or not one.clauses <= clauses
