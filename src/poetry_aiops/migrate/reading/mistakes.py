"""Lines that pip refuses: what was meant, and the line that says it, where a machine can know.

A repaired line is offered only when it is a requirement; everything else gets packaging's own words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.markers import InvalidMarker

from poetry_aiops.migrate.reading.named import is_requirement, parse_marker


if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a line is refused; ``fixed`` is the requirement that was meant (several have a line each)."""

    what: str
    why: str = ""
    suggestion: str = ""
    fixed: str | None = None


LONGEST = 2000
"""Longer lines are no slip of the pen; they are not parsed."""

_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]*(?:\[[^\]\s]*\])?"
_VERSION = r"[0-9][A-Za-z0-9.!+_*-]*"
_CLAUSE = rf"(?:===|==|~=|!=|<=|>=|<|>)\s*{_VERSION}"
_REQUIREMENT = re.compile(rf"{_NAME}(?:\s*{_CLAUSE}(?:\s*,\s*{_CLAUSE})*)?")
_ONE_EQUALS = re.compile(rf"(?P<name>{_NAME})\s*=\s*(?P<version>{_VERSION})")
_CONDA = re.compile(rf"(?P<name>[A-Za-z0-9_][\w.-]*)==?(?P<version>{_VERSION})=(?P<build>[\w.*]+)")
_WILDCARD = re.compile(r"(?P<operator>>=|<=|~=|<|>)\s*(?P<version>[0-9][0-9.]*?)\.\*")
_CARET = re.compile(rf"(?P<name>{_NAME})\s*(?P<sign>[\^~])\s*(?P<version>[0-9]+(?:\.[0-9]+)*)")
_TURNED = re.compile(r"(?<![=<>!~])=(?P<sign>[<>])(?!=)")
_NO_COMMA = re.compile(rf"(?P<one>{_CLAUSE})\s*(?={_CLAUSE})")
_ANY = re.compile(rf"(?P<name>{_NAME})\s*(?:==?|>=)\s*(?:\*|latest)", re.IGNORECASE)
_QUOTED = re.compile(r"(?P<quote>['\"])(?P<text>[^'\"]*)(?P=quote),?")
_QUOTED_VERSION = re.compile(
    r"(?P<operator>===|==|~=|!=|<=|>=|<|>)\s*(?P<quote>['\"])(?P<version>[^'\"]*)(?P=quote)"
)
_COMMENT = re.compile(r"(?P<requirement>[^#\s]+)#(?P<comment>.*)")
_ODD_BLANKS = re.compile(r"[\u00a0\u1680\u2000-\u200b\u202f\u205f\u2060\u3000\ufeff]+")
_BARE_VALUE = re.compile(r"(?P<operator>===|==|~=|!=|<=|>=|<|>)\s*(?P<value>[A-Za-z0-9][\w.*+-]*)")
_LEGACY = re.compile(rf"{_NAME}\s*[=!<>~]=?=?\s*(?P<version>[\w.+!-]*[A-Za-z][\w.+!-]*)")


def explain(text: str, error: str) -> Explanation:
    """Return why a text is no requirement, ``error`` being packaging's words."""
    if len(text) <= LONGEST:
        for look in _LOOKS:
            found = look(text)
            if found is not None:
                return found
    reason = error.partition("\n")[0]
    return Explanation(
        f"{_shown(text)} is not a requirement: {reason}", "", "Write for example: torch>=2.1,<3"
    )


def explain_marker(text: str, error: str) -> Explanation:
    """Return why a text is no marker, ``error`` being packaging's words."""
    if len(text) <= LONGEST:
        straight = text.translate({0x201C: '"', 0x201D: '"', 0x2018: "'", 0x2019: "'"})
        quoted = (
            straight
            if "'" in straight or '"' in straight
            else _BARE_VALUE.sub(r'\g<operator> "\g<value>"', straight)
        )
        for better in dict.fromkeys((straight, quoted)):
            if better != text and _is_marker(better):
                return Explanation(
                    f"{_shown(text)} is not a marker",
                    "Values need straight quotes.",
                    f"Write: ; {better}",
                    better,
                )
    reason = error.partition("\n")[0]
    return Explanation(
        f"{_shown(text)} is not a marker: {reason}", "", 'Write for example: ; python_version >= "3.11"'
    )


def conda_line(text: str) -> bool:
    """Tell whether a line is one of ``conda list --export``: ``name=version=build``."""
    return _CONDA.fullmatch(text) is not None


def split_requirements(text: str) -> tuple[str, ...]:
    """Return the requirements that stand behind each other in a text, none where they are not two or more."""
    found: list[str] = []
    at = 0
    while at < len(text):
        piece = _REQUIREMENT.match(text, at)
        if piece is None or (piece.end() < len(text) and text[piece.end()] not in " \t,"):
            return ()
        found.append(piece[0].strip())
        at = piece.end()
        while at < len(text) and text[at] in " \t,":
            at += 1
    several = len(found) > 1 and all(is_requirement(one) for one in found)
    return tuple(found) if several else ()


def _conda(text: str) -> Explanation | None:
    if not conda_line(text):
        return None
    return Explanation(
        f"{_shown(text)} is a line of conda list --export",
        "It names a conda build, which pip and Poetry do not have.",
        "List the packages that the code imports, or run pip freeze in the conda environment.",
    )


def _one_equals(text: str) -> Explanation | None:
    found = _ONE_EQUALS.fullmatch(text)
    return (
        _repaired(text, "one = where two are needed", f"{found['name']}=={found['version']}")
        if found
        else None
    )


def _any_version(text: str) -> Explanation | None:
    found = _ANY.fullmatch(text)
    return _repaired(text, "any version is the name alone", found["name"]) if found else None


def _wildcard(text: str) -> Explanation | None:
    fixed = _WILDCARD.sub(
        lambda found: (
            f"=={found['version']}.*"
            if found["operator"] == "~="
            else f"{found['operator']}{found['version']}"
        ),
        text,
    )
    if fixed == text or "<=" in text or re.search(r">(?!=)", text):
        return None
    return _repaired(text, ".* is allowed with == and != only", fixed)


def _caret(text: str) -> Explanation | None:
    found = _CARET.fullmatch(text)
    if found is None:
        return None
    parts = [int(part) for part in found["version"].split(".")][:3]
    if found["sign"] == "~":
        fixed = f"{found['name']}=={'.'.join(str(part) for part in parts[:2])}.*,>={found['version']}"
    else:
        kept = next((place for place, part in enumerate(parts) if part), len(parts) - 1)
        upper = [*parts[:kept], parts[kept] + 1]
        fixed = f"{found['name']}>={found['version']},<{'.'.join(str(part) for part in upper)}"
    return _repaired(text, f"{found['sign']} is Poetry's spelling, not pip's", fixed)


def _turned(text: str) -> Explanation | None:
    fixed = _TURNED.sub(r"\g<sign>=", text)
    return _repaired(text, "the = comes after < and >", fixed) if fixed != text else None


def _several(text: str) -> Explanation | None:
    found = split_requirements(text)
    if not found:
        return None
    return Explanation(
        f"{len(found)} requirements on one line: {', '.join(found)}",
        "pip takes one on each line.",
        "Give each a line of its own.",
        "\n".join(found),
    )


def _no_comma(text: str) -> Explanation | None:
    fixed = _NO_COMMA.sub(r"\g<one>,", text)
    return _repaired(text, "a comma is missing between the versions", fixed) if fixed != text else None


def _quoted(text: str) -> Explanation | None:
    found = _QUOTED.fullmatch(text)
    if found is not None:
        return _repaired(text, "quotes do not belong in a requirements file", found["text"])
    fixed = _QUOTED_VERSION.sub(r"\g<operator>\g<version>", text)
    return _repaired(text, "versions are written without quotes", fixed) if fixed != text else None


def _comment(text: str) -> Explanation | None:
    found = _COMMENT.fullmatch(text)
    if found is None:
        return None
    fixed = f"{found['requirement']}  # {found['comment'].strip()}"
    return _repaired(text, "a comment needs a space before its #", fixed, found["requirement"])


def _odd_blanks(text: str) -> Explanation | None:
    fixed = _ODD_BLANKS.sub("", text)
    return _repaired(text, "it contains invisible or no-break spaces", fixed) if fixed != text else None


def _legacy(text: str) -> Explanation | None:
    found = _LEGACY.fullmatch(text)
    if found is None or is_requirement(text):
        return None
    return Explanation(
        f"{found['version']} is not a PEP 440 version",
        "pip refuses it since version 24.1.",
        "Name a version that the index has today.",
    )


_LOOKS: tuple[Callable[[str], Explanation | None], ...] = (
    _conda, _odd_blanks, _one_equals, _any_version, _wildcard, _caret, _turned, _several, _no_comma, _quoted, _comment,
    _legacy,
)  # fmt: skip


def _repaired(text: str, why: str, fixed: str, requirement: str | None = None) -> Explanation | None:
    if not is_requirement(fixed if requirement is None else requirement):
        return None
    return Explanation(
        f"{_shown(text)} is not a requirement: {why}", "pip refuses it.", f"Write: {fixed}", fixed
    )


def _is_marker(text: str) -> bool:
    try:
        parse_marker(text)
    except InvalidMarker:
        return False
    return True


def _shown(text: str) -> str:
    return repr(text if len(text) <= 80 else text[:77] + "...")  # noqa: PLR2004 - one line of a terminal
