"""One entry of a dependency table or list -> Requirement, as Poetry reads it.

The rules are poetry-core's ``Factory.create_dependency`` and ``Dependency.create_from_pep_508`` (2.5).
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement
from packaging.requirements import Requirement as Pep508

from poetry_aiops.errors import InputError
from poetry_aiops.project.checks import has_long_number, normalised
from poetry_aiops.project.constraints import all_of, platform_marker, python_marker, read_constraint
from poetry_aiops.project.model import Requirement


if TYPE_CHECKING:
    from collections.abc import Mapping

    from poetry_aiops.project.checks import Checker
    from poetry_aiops.project.model import Origin


_MOST_ENTRIES = 100  # each is joined with each of the standard list, and no project has as many
_ARCHIVES = (".whl", ".zip", ".tar.gz", ".tar.bz2", ".tar.xz", ".tgz", ".tar")
_SPECIFIER = re.compile(r"^[\w.-]+\s*(?:\[[^\]]*\])?\s*\(?(?P<specifier>[^;()@]*)\)?")
_TAG_IN_RANGE = re.compile(
    r"(?P<range>(?:[<>]=?|~=)\s*[\w.!-]+)\+[\w.]+"
)  # Poetry takes >=2.1+cpu, PEP 440 does not
_URL_FIRST_PART = re.compile(r"^(?P<scheme>[\w+.-]+):")


def from_pep508(text: str, where: str, checker: Checker) -> Requirement | None:
    """Return the requirement in a PEP 508 text, or None and a remembered problem."""
    cleaned = _without_comment(text)
    if has_long_number(cleaned):
        checker.report(where, "a requirement holds a number of hundreds of digits", "Correct its version.")
        return None
    try:
        parsed = Pep508(_TAG_IN_RANGE.sub(r"\g<range>", cleaned))
    except (InvalidRequirement, RecursionError) as error:
        reason = str(error).partition("\n")[0]
        checker.report(
            where, f'"{text}" is not a requirement: {reason}', 'Write for example "torch (>=2.1,<3.0)".'
        )
        return None
    found = _SPECIFIER.match(cleaned)
    written = found["specifier"].strip() if found and not parsed.url else ""
    return Requirement(
        name=normalised(parsed.name),
        pretty_name=parsed.name,
        constraint=written or "*",
        extras=_extras(parsed.extras),
        marker=str(parsed.marker) if parsed.marker else "",
        origin=_origin_of_url(parsed.url) if parsed.url else None,
        location=parsed.url,
    )


def from_poetry(name: str, value: object, where: str, checker: Checker) -> tuple[Requirement, ...]:
    """Return the requirements of one entry of a Poetry table: a text, a table, or a list of either."""
    entries = value if isinstance(value, list) else [value]
    if len(entries) > _MOST_ENTRIES:
        what = f"lists {len(entries)} requirements for one package; {_MOST_ENTRIES} can be read"
        checker.report(where, what, "Merge those that are equal.")
        return ()
    bare = Requirement(name=normalised(name), pretty_name=name)
    found: list[Requirement] = []
    for entry in entries:
        if isinstance(entry, str):
            found.append(replace(bare, constraint=_constraint(entry, where, checker)))
        else:
            found.append(_from_table(bare, checker.table(entry, where), where, checker))
    return tuple(found)


def marker_of(table: Mapping[str, object], where: str, checker: Checker) -> str:
    """Return the ``markers``, ``python`` and ``platform`` keys of an entry as one marker."""
    python = checker.optional_text(table.get("python"), f"{where}.python")
    platform = checker.optional_text(table.get("platform"), f"{where}.platform")
    try:
        return all_of(
            checker.optional_text(table.get("markers"), f"{where}.markers") or "",
            python_marker(python) if python else "",
            platform_marker(platform) if platform else "",
        )
    except InputError as error:
        checker.report(f"{where}.python", error.what, error.hint or "")
        return ""


def _from_table(bare: Requirement, table: Mapping[str, object], where: str, checker: Checker) -> Requirement:
    origin, location = _origin(table, where, checker)
    version = checker.optional_text(table.get("version"), f"{where}.version")
    return replace(
        bare,
        constraint=_constraint(version, where, checker) if version and origin is None else "*",
        extras=_extras(checker.texts(table.get("extras", []), f"{where}.extras")),
        marker=marker_of(table, where, checker),
        source=checker.optional_text(table.get("source"), f"{where}.source"),
        origin=origin,
        location=location,
        develop=checker.flag(table.get("develop", False), f"{where}.develop"),
        optional=checker.flag(table.get("optional", False), f"{where}.optional"),
    )


def _origin(table: Mapping[str, object], where: str, checker: Checker) -> tuple[Origin | None, str | None]:
    kinds: tuple[Origin, ...] = ("git", "file", "path", "url")
    for kind in kinds:
        if kind in table:
            location = checker.text(table[kind], f"{where}.{kind}")
            archive = kind == "path" and location.lower().endswith(_ARCHIVES)
            return ("file" if archive else kind), location
    return None, None


def _origin_of_url(url: str) -> Origin:
    found = _URL_FIRST_PART.match(url)
    scheme = found["scheme"].lower() if found else "file"
    if scheme.partition("+")[0] == "git":
        return "git"
    if scheme != "file":
        return "url"
    return "file" if url.partition("#")[0].lower().endswith(_ARCHIVES) else "path"


def _without_comment(text: str) -> str:
    """Return the text without `` # ...``; Poetry keeps a marker that stands after the comment."""
    kept, _, comment = text.partition(" #")
    _, found, marker = comment.partition(" ;")
    return f"{kept.strip()} ;{marker}" if found else kept.strip()


def _constraint(text: str, where: str, checker: Checker) -> str:
    try:
        read_constraint(text)
    except InputError as error:
        checker.tolerate(where, error.what, error.hint or "")
    return text.strip() or "*"


def _extras(names: set[str] | tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted({normalised(name) for name in names}))
