"""How bad an advisory is: CVSS vectors through the ``cvss`` library, else the database's own word.

The newest CVSS version that a record gives counts; of several vectors of that version the highest base score.
Thresholds: https://www.first.org/cvss/specification-document, table "Qualitative Severity Rating Scale"; version 2
has no "critical" and its bounds are NVD's.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from poetry_aiops.health.advisory import Rating, Severity


if TYPE_CHECKING:
    from collections.abc import Iterable

    from poetry_aiops.health.advisory import Advisory


MALWARE_PREFIX: Final = "MAL-"
"""Ids of https://github.com/ossf/malicious-packages: the release itself is the attack."""

_NEWEST_FIRST: Final = ("CVSS_V4", "CVSS_V3", "CVSS_V2")
_BOUNDS: Final = ((9.0, Severity.CRITICAL), (7.0, Severity.HIGH), (4.0, Severity.MEDIUM), (0.0, Severity.LOW))
_WORDS: Final = {
    "critical": Severity.CRITICAL,
    "high": Severity.HIGH,
    "important": Severity.HIGH,
    "moderate": Severity.MEDIUM,
    "medium": Severity.MEDIUM,
    "low": Severity.LOW,
    "minor": Severity.LOW,
    "none": Severity.LOW,
}


def rate(advisory: Advisory, package: str) -> Rating:
    """Return the rating of an advisory for one package; vectors that cannot be read are notes, unknown is reported."""
    entries = [entry for entry in advisory.affected if entry.package == package]
    notes: list[str] = []
    for vectors in ([pair for entry in entries for pair in entry.vectors], advisory.vectors):
        rating, problems = _by_vectors(vectors)
        notes += problems
        if rating is not None:
            return Rating(rating.severity, rating.cvss, rating.vector, rating.origin, tuple(notes))
    for word in (*(entry.label for entry in entries), advisory.label):
        if word.lower() in _WORDS:
            return Rating(_WORDS[word.lower()], origin="database", notes=tuple(notes))
    if advisory.id.startswith(MALWARE_PREFIX):
        return Rating(Severity.CRITICAL, origin="malware", notes=tuple(notes))
    return Rating(notes=tuple(notes))


def is_malware(names: Iterable[str]) -> bool:
    """Say whether an advisory of these names calls a release itself the attack."""
    return any(name.startswith(MALWARE_PREFIX) for name in names)


def worst(ratings: Iterable[Rating]) -> Rating:
    """Return the rating with the highest level, then the highest score; unknown only when all are unknown."""
    return max(ratings, key=lambda rating: (rating.severity.rank, rating.cvss or 0.0), default=Rating())


def _by_vectors(vectors: Iterable[tuple[str, str]]) -> tuple[Rating | None, list[str]]:
    found: dict[str, list[tuple[float, str]]] = {}
    notes = []
    for kind, vector in vectors:
        known = _kind(kind, vector)
        score = base_score(known, vector) if known else None
        if known and score is not None:
            found.setdefault(known, []).append((score, vector))
        elif known:
            notes.append(f'"{vector[:80]}" is no {known} vector')
    for kind in _NEWEST_FIRST:
        if kind in found:
            score, vector = max(found[kind])
            return Rating(_level(kind, score), score, vector, kind), notes
    return None, notes


def _kind(kind: str, vector: str) -> str:
    """Return the CVSS version; the vector's own prefix beats a wrong label. Empty for other scales (Ubuntu's)."""
    head = vector[:6].upper()
    if head.startswith("CVSS:") and head[5:].isdigit():
        kind = f"CVSS_V{head[5:]}"
    return kind if kind in _NEWEST_FIRST else ""


@lru_cache(maxsize=4096)
def base_score(kind: str, vector: str) -> float | None:
    """Return the base score of a CVSS vector, None for one that cannot be read.

    ``kind`` is ``CVSS_V2``, ``CVSS_V3`` or ``CVSS_V4``. Records of version 2 often put the vector in brackets.
    """
    import cvss  # type: ignore[import-untyped]

    reader = {"CVSS_V2": cvss.CVSS2, "CVSS_V3": cvss.CVSS3, "CVSS_V4": cvss.CVSS4}[kind]
    try:
        score = reader(vector.strip("() ").rstrip("/")).base_score
    except (cvss.CVSSError, ValueError, KeyError, IndexError):
        return None
    return float(score)


def _level(kind: str, score: float) -> Severity:
    level = next(level for bound, level in _BOUNDS if score >= bound)
    return Severity.HIGH if kind == "CVSS_V2" and level is Severity.CRITICAL else level
