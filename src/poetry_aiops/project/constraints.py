"""Version constraints in Poetry's own spelling (caret, tilde, ``||``), read as PEP 440 without Poetry.

The grammar is the one of https://python-poetry.org/docs/dependency-specification/#version-constraints, compared
with poetry-core 2.5's parser in the tests.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from poetry_aiops.errors import InputError
from poetry_aiops.project.checks import has_long_number


_CLAUSE = re.compile(r"(?P<op>\^|~=|~|===|==|=|!=|<=|>=|<|>)?\s*(?P<version>[^\s,|<>=!~^]+)\s*,?\s*")
_ANYTHING = re.compile(r"[v]?[*x](\.[*x])*", re.IGNORECASE)
_SAME_AS = {"": "==", "=": "=="}
_TAKES_TAG = ("==", "!=", "===")
_SHOWN = 200  # characters of a constraint in a message
_SHORT = 3  # a Python version with fewer parts than this is compared as python_version


@dataclass(frozen=True, slots=True)
class Clause:
    """One comparison in PEP 440 form, for example ``>=`` and ``3.11``."""

    op: str
    version: str

    def __str__(self) -> str:
        return f"{self.op}{self.version}"


@lru_cache(maxsize=4096)
def alternatives(constraint: str) -> tuple[tuple[Clause, ...], ...]:
    """Return the ``||`` alternatives of a constraint, each as clauses that must all hold.

    ``"^3.11"`` gives ``((>=3.11, <4.0),)``; ``"*"`` gives one alternative without clauses.
    Raises InputError when the text is no version constraint.
    """
    if has_long_number(constraint):
        raise _unreadable(constraint)
    parts = re.split(r"\s*\|\|?\s*", constraint.strip())
    return tuple(_clauses(part, constraint) for part in parts)


@lru_cache(maxsize=4096)
def specifiers(constraint: str) -> tuple[SpecifierSet, ...]:
    """Return the constraint as PEP 440 specifier sets, of which one must allow a version.

    PEP 440 knows build tags (``+cpu``) only with ``==`` and ``!=``; in other comparisons, which Poetry accepts, the
    tag is dropped. Raises InputError when the text is no version constraint.
    """
    try:
        return tuple(SpecifierSet(",".join(map(_as_pep440, clauses))) for clauses in alternatives(constraint))
    except InvalidSpecifier:
        raise _unreadable(constraint) from None


def allows(constraint: str, version: str) -> bool:
    """Say whether ``constraint`` (Poetry's or PEP 440's spelling) allows ``version``, pre-releases included."""
    return any(allowed.contains(version, prereleases=True) for allowed in specifiers(constraint))


def both(first: str, second: str) -> str:
    """Return the constraint that holds when both hold, as text: ``"^2"`` and ``">=2.1"`` give ``"^2,>=2.1"``."""
    if second in {"", "*", first}:
        return first or "*"
    if first in {"", "*"}:
        return second
    left, right = (re.split(r"\s*\|\|?\s*", text.strip()) for text in (first, second))
    return " || ".join(f"{one},{other}" for one in left for other in right)


@lru_cache(maxsize=1024)
def python_marker(constraint: str) -> str:
    """Return a Python constraint as a marker: ``"^3.9"`` gives ``python_version >= "3.9" and python_version < "4.0"``.

    PEP 440 pads short versions with zeros, so ``<=3.10`` means ``<=3.10.0``, which only python_full_version can say. Poetry reads a bare ``3.10`` as any 3.10.
    """
    choices = [" and ".join(map(_python_clause, clauses)) for clauses in alternatives(constraint)]
    return "" if "" in choices else any_of(choices)


def platform_marker(constraint: str) -> str:
    """Return Poetry's ``platform`` key as a marker: ``"linux || darwin"``, ``"!=win32"``."""
    choices = []
    for part in re.split(r"\s*\|\|?\s*", constraint.strip()):
        words = re.findall(r"(==|!=)?\s*([^\s,=!]+)", part)
        choices.append(" and ".join(f'sys_platform {op or "=="} "{name}"' for op, name in words))
    return any_of(choices)


def any_of(markers: list[str]) -> str:
    """Return the marker that holds when one of ``markers`` does."""
    if len(markers) == 1:
        return markers[0]
    return " or ".join(f"({marker})" if " and " in marker else marker for marker in markers)


def all_of(*markers: str) -> str:
    """Return the marker that holds when all of ``markers`` do; the empty marker always holds."""
    wanted = list(dict.fromkeys(marker for marker in markers if marker not in {"", "*"}))
    if len(wanted) == 1:
        return wanted[0]
    return " and ".join(f"({marker})" if " or " in marker else marker for marker in wanted)


def _as_pep440(clause: Clause) -> str:
    version = clause.version if clause.op in _TAKES_TAG else clause.version.partition("+")[0]
    return f"{clause.op}{version}"


def _clauses(part: str, constraint: str) -> tuple[Clause, ...]:
    clauses: list[Clause] = []
    position = 0
    text = part.strip().rstrip(",").rstrip()
    while position < len(text):
        found = _CLAUSE.match(text, position)
        if not found:
            raise _unreadable(constraint)
        clauses.extend(_translated(found["op"] or "", found["version"], constraint))
        position = found.end()
    return tuple(clauses)


def _translated(op: str, version: str, constraint: str) -> tuple[Clause, ...]:
    if _ANYTHING.fullmatch(version):
        return ()
    wildcard = version.endswith(".*")
    try:
        parsed = Version(version.rstrip("*").rstrip(".") if wildcard else version)
    except InvalidVersion:
        raise _unreadable(constraint) from None
    op = _SAME_AS.get(op, op)
    if op in {"^", "~"} or (op == "~=" and len(parsed.release) == 1):
        return (Clause(">=", str(parsed)), Clause("<", _upper_bound(op, parsed)))
    if wildcard and op in {"==", "!="}:
        return (Clause(op, f"{parsed}.*"),)
    return (Clause(op, str(parsed) if wildcard else version),)


def _upper_bound(op: str, version: Version) -> str:
    release = version.release
    if op == "^":
        place = next((index for index, number in enumerate(release[:3]) if number), min(len(release), 3) - 1)
    else:
        place = 0 if len(release) == 1 else 1
    bumped = [*release[:place], release[place] + 1]
    epoch = f"{version.epoch}!" if version.epoch else ""
    return epoch + ".".join(map(str, bumped if len(bumped) > 1 else [*bumped, 0]))


def _python_clause(clause: Clause) -> str:
    op, version = clause.op, clause.version
    if version.endswith(".*"):
        return _python_wildcard(op, version.removesuffix(".*"))
    parts = version.split(".")
    if op == "~=":
        bound = ".".join([*parts[:-2], str(int(parts[-2]) + 1)])
        return f"{_python_clause(Clause('>=', version))} and {_python_clause(Clause('<', bound))}"
    if len(parts) >= _SHORT:
        return f'python_full_version {op} "{version}"'
    if op in {">", "<=", "!="}:
        return f'python_full_version {op} "{".".join([*parts, "0", "0"][:_SHORT])}"'
    return f'python_version {op} "{version}"'


def _python_wildcard(op: str, version: str) -> str:
    parts = version.split(".")
    if len(parts) >= _SHORT:
        return f'python_full_version {op} "{version}"'
    if len(parts) > 1:
        return f'python_version {op} "{version}"'
    after = Version(version).major + 1
    if op == "==":
        return f'python_version >= "{version}" and python_version < "{after}"'
    return f'(python_version < "{version}" or python_version >= "{after}")'


def _unreadable(constraint: str) -> InputError:
    shown = constraint if len(constraint) <= _SHOWN else f"{constraint[:_SHOWN]}..."
    return InputError(
        f'"{shown}" is not a version constraint',
        hint='Write for example "^3.11", ">=3.11,<4.0" or "~=2.1".',
    )
