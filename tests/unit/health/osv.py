"""Small OSV records for tests."""

from __future__ import annotations

from typing import Any


def record(identity: str, name: str = "demo", *events: dict[str, str], **fields: Any) -> dict[str, Any]:
    """Return a record about one package; without events every version is affected."""
    ranges = [{"type": "ECOSYSTEM", "events": list(events) or [{"introduced": "0"}]}]
    affected = {"package": {"ecosystem": "PyPI", "name": name}, "ranges": ranges}
    return {"id": identity, "modified": "2024-01-01T00:00:00Z", "affected": [affected]} | fields


def listed(identity: str, name: str, *versions: str, **fields: Any) -> dict[str, Any]:
    """Return a record that lists its versions."""
    affected = {"package": {"ecosystem": "PyPI", "name": name}, "versions": list(versions)}
    return {"id": identity, "modified": "2024-01-01T00:00:00Z", "affected": [affected]} | fields
