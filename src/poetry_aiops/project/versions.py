"""Versions as advisories write them: parsed once, compared by PEP 440, and never a reason to stop."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from packaging.utils import canonicalize_version
from packaging.version import Version


LONGEST: Final = 200
"""Characters; no release has a longer version, and a hostile record must not keep us busy."""


@lru_cache(maxsize=262_144)
def parsed(text: str) -> Version | None:
    """Return a PEP 440 version, None for anything else."""
    if len(text) > LONGEST:
        return None
    try:
        return Version(text)
    except ValueError:  # InvalidVersion, and numbers with more digits than Python converts
        return None


@lru_cache(maxsize=262_144)
def canonical(text: str) -> str:
    """Return one spelling for equal versions (``1.0`` and ``1.0.0.0``); other text stays as it is."""
    version = parsed(text)
    return text if version is None else str(canonicalize_version(version))


def public(version: Version) -> Version:
    """Return a version without its local part: ``2.1.0+cpu`` -> ``2.1.0``; the spelling stays.

    A cache by version would not do: ``1.2`` and ``1.2.0`` are equal, and the one would be given for the other.
    """
    return parsed(version.public) or version if version.local else version


def public_version(version: str) -> str:
    """Return a version without its local part, as advisories name it; text that is no version as it is."""
    known = parsed(version)
    return known.public if known else version
