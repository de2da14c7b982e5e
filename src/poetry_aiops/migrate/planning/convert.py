"""One requirement as pip reads it -> one entry of pyproject.toml, or a pin for the lock."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from packaging.requirements import InvalidRequirement
from packaging.requirements import Requirement as Pep508
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import Version
from poetry.core.constraints.version import parse_constraint

from poetry_aiops.migrate.planning.entry import PlannedEntry
from poetry_aiops.project.checks import normalised
from poetry_aiops.system.addresses import redact, taken_apart
from poetry_aiops.system.text import one_line


if TYPE_CHECKING:
    from poetry_aiops.migrate.model import Line, Place, ReadRequirement


Pins = Literal["keep", "relax", "caret"]
_DIRECT_VIA = ("-r ", "-e ", "--requirement", "--editable")
_PROJECT_FILE = re.compile(r"\((?:pyproject\.toml|setup\.py|setup\.cfg)(?::[^()]*)?\)$")


@dataclass(frozen=True, slots=True)
class OldPin:
    """One exact version of the old files; ``direct`` when pyproject.toml requires the package itself."""

    name: str
    version: str
    group: str
    place: Place
    marker: str = ""
    hashes: tuple[str, ...] = ()
    source: str | None = None
    direct: bool = True


def is_only_via(requirement: ReadRequirement) -> bool:
    """Say whether a compiled file's annotation names only other packages: then it was not requested directly."""
    via = requirement.via
    return bool(via) and not any(
        line.startswith(_DIRECT_VIA) or _PROJECT_FILE.search(line) for line in via or ()
    )


def entry_of(
    requirement: ReadRequirement, line: Line, *, source: str | None, prereleases: bool
) -> PlannedEntry:
    """Return what to write for a requirement; the hashes are left out, as they belong to the lock."""
    own = line.comment.strip()
    behind = _comment(own)
    above = tuple(_comment(comment) for comment in requirement.comments if comment.strip() != own)
    local = requirement.origin in {"path", "file"}
    specifier = ""
    if requirement.origin == "index":
        pin = requirement.pin
        specifier = _canonical(requirement.specifier.replace("===", "==") if pin is None else f"=={pin}")
    # a pin as a lower bound; a build tag (+cu128) belongs to one version and stays with it
    relaxed = f">={specifier.removeprefix('==')}" if _is_plain_pin(specifier) else specifier
    return PlannedEntry(
        name=requirement.name,
        places=(requirement.place,),
        specifier=specifier,
        relaxed=relaxed,
        extras=requirement.extras,
        marker=requirement.marker,
        source=source,
        url=None if local or requirement.url is None else _address(requirement.url),
        git=requirement.origin == "git",
        revision=requirement.revision,
        subdirectory=requirement.subdirectory,
        path=requirement.path if local else None,
        develop=requirement.editable,
        prereleases=prereleases and requirement.origin == "index",
        above=above,
        behind=behind,
    )


def entry_of_text(text: str, place: Place) -> PlannedEntry | None:
    """Return the entry of a PEP 508 text, such as setup.py has; None when it is none."""
    try:
        parsed = Pep508(text)
    except InvalidRequirement:
        return None
    url, git = parsed.url, bool(parsed.url) and str(parsed.url).startswith("git+")
    address, _, revision = (str(url).removeprefix("git+").rpartition("@")) if git else (str(url), "", "")
    return PlannedEntry(
        name=normalised(parsed.name),
        places=(place,),
        specifier=str(parsed.specifier),
        relaxed=str(parsed.specifier),
        extras=tuple(sorted(normalised(extra) for extra in parsed.extras)),
        marker=str(parsed.marker) if parsed.marker else "",
        url=_address(address or revision) if url else None,
        git=git,
        revision=revision if git and address else None,
    )


def pin_of(requirement: ReadRequirement, group: str, source: str | None, *, direct: bool) -> OldPin | None:
    """Return the exact version that a requirement names, None for ranges and addresses."""
    version = requirement.pin
    if version is None or requirement.origin != "index":
        return None
    return OldPin(
        requirement.name,
        _canonical(f"=={version}").removeprefix("=="),
        group,
        requirement.place,
        requirement.marker,
        requirement.hashes,
        source,
        direct=direct,
    )


def _comment(text: str) -> str:
    """Return a comment as TOML may hold it: on one line, without control characters and secrets."""
    return one_line(redact(text)).strip()


def caret(specifier: str) -> str:
    """Return a pin as the range that Poetry's caret means: ``==1.2.3`` -> ``>=1.2.3,<2.0.0``; PEP 621 has no caret."""
    return (
        str(parse_constraint(f"^{specifier.removeprefix('==')}")) if _is_plain_pin(specifier) else specifier
    )


def _is_plain_pin(specifier: str) -> bool:
    return specifier.startswith("==") and not {"*", ",", "+"} & set(specifier)


def _canonical(specifier: str) -> str:
    """Return a specifier whose versions are spelt as PEP 440 wants them: Poetry reads ``1.0-5`` as a range."""
    if "-" not in specifier:
        return specifier
    try:
        clauses = [one for clause in specifier.split(",") for one in SpecifierSet(clause)]
    except InvalidSpecifier:
        return specifier  # an error of its line says so
    return ",".join(
        f"{one.operator}{one.version if '*' in one.version else Version(one.version)}" for one in clauses
    )


def _address(url: str) -> str:
    cleaned, _, _ = taken_apart(url.removeprefix("git+"))
    address, _, fragment = cleaned.partition("#")
    kept = [part for part in fragment.split("&") if part.startswith("subdirectory=")]
    return "#".join([address, *kept])
