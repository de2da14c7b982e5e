"""Where a reader of SARIF or of annotations is sent: files relative to the repository, and lines in them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from poetry_aiops.system.addresses import redact_addresses
from poetry_aiops.system.text import one_line


if TYPE_CHECKING:
    from poetry_aiops.health.report.model import HealthReport, PackageRow


PYPROJECT: Final = "pyproject.toml"
LOCK: Final = "poetry.lock"
_UNSAFE: Final = re.compile(rb"[^A-Za-z0-9._~/-]")


def place_of(report: HealthReport, row: PackageRow | None) -> tuple[str, int | None]:
    """Return the file and line that a person can change: pyproject.toml's, else the entry in poetry.lock."""
    place = report.locations.get(row.package.key) if row else None
    if place is None or place.pyproject is not None or place.lock is None:
        return in_repository(report, PYPROJECT), place.pyproject if place else None
    return in_repository(report, LOCK), place.lock


def in_repository(report: HealthReport, name: str) -> str:
    """Return a file of the project relative to the repository, with ``/`` and without steps upwards."""
    folder = redact_addresses(one_line(report.folder)).replace("\\", "/")
    parts = [part for part in folder.split("/") if part not in {"", ".", ".."}]
    return "/".join([*parts, name])


def as_uri(path: str) -> str:
    """Return a relative path as a URI reference (RFC 3986), everything else than plain letters percent-encoded."""
    return _UNSAFE.sub(lambda match: b"%%%02X" % match[0][0], path.encode("utf-8", "replace")).decode("ascii")
