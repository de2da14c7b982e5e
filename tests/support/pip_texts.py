"""Requirements as pip prints them, to compare our reading with pip's own."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from poetry_aiops.migrate.reading.urls import parse_egg, parse_url


if TYPE_CHECKING:
    from poetry_aiops.migrate.model import Reading, ReadRequirement


def requirement_texts(reading: Reading, folder: str = "") -> tuple[str, ...]:
    """Return the requirements, then the constraints with ``C `` before each; ``folder`` is where the project lies."""
    return (
        *(pip_text(requirement, folder) for requirement in reading.requirements),
        *(f"C {pip_text(requirement, folder)}" for requirement in reading.constraints),
    )


def pip_text(requirement: ReadRequirement, folder: str = "") -> str:
    """Return one requirement as pip's own objects say it: name, link, extras of a link, marker, number of hashes."""
    link = _link(requirement, folder)
    extras = f"[{','.join(requirement.pretty_extras)}]" if requirement.extras else ""
    if link is None:
        text = f"{requirement.pretty_name}{extras}{sorted_specifier(requirement.specifier)}"
    elif requirement.direct:
        text = f"{requirement.pretty_name}{extras} @ {link}"
    else:
        name = _named_by_link(requirement)
        text = f"{name} @{link}" if name else link
    if link is not None and requirement.extras:
        text += f" extras={list(requirement.pretty_extras)}"
    marker = f" ; {requirement.marker}" if requirement.marker else ""
    hashes = sum(option.name == "hash" for option in requirement.options)
    return f"{'-e ' if requirement.editable else ''}{text}{marker}{f' #h{hashes}' if hashes else ''}"


def _link(requirement: ReadRequirement, folder: str) -> str | None:
    if requirement.link is None or requirement.path is None or requirement.link != f"file:{requirement.path}":
        return requirement.link
    inside = folder if requirement.path == "." else f"{folder}/{requirement.path}"
    return f"file://{quote(inside)}"


def _named_by_link(requirement: ReadRequirement) -> str:
    """Return what pip takes from a link alone: a wheel's name and version, or ``#egg=``."""
    url = parse_url(requirement.link or "")
    if url is None:
        return ""
    if url.filename.lower().endswith(".whl"):
        return f"{requirement.pretty_name}{requirement.specifier}"
    egg = parse_egg(url.egg) if url.egg else None
    return egg.name if egg is not None else ""


def sorted_specifier(specifier: str) -> str:
    """Return a specifier as packaging, and so pip, prints it: its clauses in alphabetical order, each once."""
    return ",".join(sorted(set(specifier.split(",")))) if "," in specifier else specifier
