"""The old-command report: what in a repository still installs, compiles or calls Poetry the old way."""

from __future__ import annotations

from poetry_aiops.migrate.legacy.find import find_old_commands, knowledge_of
from poetry_aiops.migrate.legacy.model import Confidence, Knowledge, KnownFile, KnownGroup, OldCommand


__all__ = [
    "Confidence",
    "Knowledge",
    "KnownFile",
    "KnownGroup",
    "OldCommand",
    "find_old_commands",
    "knowledge_of",
]
