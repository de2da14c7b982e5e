"""What pip and Poetry would install, read from their dry runs; shared by the benchmarks of migration."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

from packaging.utils import canonicalize_name


if TYPE_CHECKING:
    from pathlib import Path


PIP: Final = ("-m", "pip", "install", "--dry-run", "--ignore-installed", "--quiet")
"""For the Python that runs it; ``--report FILE -r FILE`` follows."""
_INSTALLED = re.compile(
    r"^\s*- (?:Installing|Updating|Downgrading) (\S+) \((?:\S+ -> )?([^\s)]+)[^)]*\)(.*)$", re.MULTILINE
)


def in_report(report: Path) -> dict[str, str]:
    """Return the versions by name in a report of pip."""
    packages = [one["metadata"] for one in json.loads(report.read_text("utf-8"))["install"]]
    return {str(canonicalize_name(one["name"])): str(one["version"]) for one in packages}


def by_poetry(text: str) -> dict[str, str]:
    """Return the versions by name that `poetry install --dry-run` would leave installed."""
    rows = [row for row in _INSTALLED.findall(text) if "Skipped" not in row[2] or "Already" in row[2]]
    return {str(canonicalize_name(name)): version for name, version, _ in rows}
