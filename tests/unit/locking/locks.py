"""Small locks for tests."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from poetry_aiops.project.lockfile import lock_from


if TYPE_CHECKING:
    from poetry_aiops.project.model import Lock


def lock_of(*packages: dict[str, object], lock_version: str = "2.1", python: str = "*") -> Lock:
    """Return a lock of packages that say no more than ``packages`` say about them, each of version 1 by default."""
    plain = {"version": "1", "optional": False, "python-versions": "*", "files": []}
    metadata = {"lock-version": lock_version, "python-versions": python, "content-hash": ""}
    document = {"package": [{**plain, **package} for package in packages], "metadata": metadata}
    return lock_from(document, Path("poetry.lock"))
