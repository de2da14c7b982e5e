"""``name[extras]specifier`` and markers, as the packaging library reads them.

Plain lines, nearly all of any real file, go past packaging: what the pattern here takes, packaging takes with the
same result (a property test says so), at a twentieth of the time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from packaging.markers import InvalidMarker, Marker
from packaging.requirements import InvalidRequirement, Requirement


_RELEASE = r"[0-9]+(?:\.[0-9]+)*"
_SUFFIX = r"(?:(?:a|b|rc)[0-9]+)?(?:\.post[0-9]+)?(?:\.dev[0-9]+)?"
_LOCAL = r"(?:\+[a-z0-9]+(?:\.[a-z0-9]+)*)?"
_CLAUSE = (
    rf"(?:[=!]=[ \t]*(?:{_RELEASE}\.\*|{_RELEASE}{_SUFFIX}{_LOCAL})|[<>]=?[ \t]*{_RELEASE}{_SUFFIX}"
    rf"|~=[ \t]*[0-9]+(?:\.[0-9]+)+{_SUFFIX})"
)
_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"
_PLAIN = re.compile(
    rf"(?P<name>{_NAME})(?:[ \t]*\[[ \t]*(?P<extras>{_NAME}(?:[ \t]*,[ \t]*{_NAME})*)?[ \t]*\])?"
    rf"[ \t]*(?P<specifier>{_CLAUSE}(?:[ \t]*,[ \t]*{_CLAUSE})*)?"
)
_HEAD = re.compile(rf"{_NAME}[ \t]*(?:\[[^\]]*\])?[ \t]*(?P<specifier>.*)", re.DOTALL)
_OPERATOR = re.compile(r"(===|[=~!<>]=|[<>])[ \t]*(.*)", re.DOTALL)
_SEPARATORS = re.compile(r"[-_.]+")


@dataclass(frozen=True, slots=True)
class NamedRequirement:
    """A requirement by name; ``specifier`` is in the order of the line, ``url`` that of ``name @ url``.

    ``extras`` are as written, in alphabetical order.
    """

    name: str
    extras: tuple[str, ...] = ()
    specifier: str = ""
    url: str | None = None
    marker: str = ""


def reference(named: NamedRequirement | None) -> str:
    """Return what stands before the address of ``name @ url``, nothing for an address alone."""
    if named is None:
        return ""
    return f"{named.name}{'[' + ','.join(named.extras) + ']' if named.extras else ''} @ "


def canonical(name: str) -> str:
    """Return a name as package indexes compare it (PEP 503)."""
    return _SEPARATORS.sub("-", name).lower()


def parse_plain(text: str) -> NamedRequirement | None:
    """Return the parts of a plain requirement by name, None where packaging has to look at it."""
    found = _PLAIN.fullmatch(text)
    if found is None:
        return None
    name, extras, specifier = found.groups()
    return NamedRequirement(name, _split(extras) if extras else (), _tidy(specifier) if specifier else "")


def parse_named(text: str) -> NamedRequirement:
    """Return the parts of a requirement by name.

    Raises packaging's InvalidRequirement where there is none.
    """
    plain = parse_plain(text)
    if plain is not None:
        return plain
    parsed = Requirement(text)
    if not re.fullmatch(_NAME, parsed.name):  # packaging lets a name end with an underscore; no index has one
        raise InvalidRequirement(f"Expected a name that ends with a letter or a digit, not {parsed.name!r}")
    head = _HEAD.match(text.strip())
    order = parsed.url is None and head is not None
    specifier = _tidy(head["specifier"].partition(";")[0].strip()) if order and head is not None else ""
    return NamedRequirement(
        parsed.name,
        tuple(sorted(parsed.extras)),
        specifier,
        parsed.url,
        str(parsed.marker) if parsed.marker else "",
    )


@lru_cache(maxsize=4096)
def parse_marker(text: str) -> str:
    """Return a marker in packaging's spelling.

    Raises packaging's InvalidMarker where there is none, and where it nests deeper than Python follows.
    """
    try:
        return str(Marker(text))
    except RecursionError:
        raise InvalidMarker("it nests too deep") from None


def is_requirement(text: str) -> bool:
    """Tell whether a text is a requirement by name, for suggestions that are only made when they hold."""
    try:
        parse_named(text)
    except (InvalidRequirement, RecursionError):
        return False
    return True


def _split(extras: str) -> tuple[str, ...]:
    return tuple(sorted({extra.strip() for extra in extras.split(",")}))


def _tidy(specifier: str) -> str:
    """Return clauses without blanks, brackets and empty ones."""
    if (
        " " not in specifier
        and "\t" not in specifier
        and "(" not in specifier
        and not specifier.endswith(",")
    ):
        return specifier
    if specifier.startswith("(") and specifier.endswith(")"):
        specifier = specifier[1:-1]
    clauses = (clause.strip() for clause in specifier.split(","))
    return ",".join(_OPERATOR.sub(r"\1\2", clause) for clause in clauses if clause)
