"""What an OSV service answered lately, in one file of the cache folder."""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING, Any, Final

from poetry_aiops.health.advisories.osv_protocol import Stub
from poetry_aiops.system.json_cache import JsonCache, is_fresh


if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from poetry_aiops.health.feed import QueriedPackage


FRESH: Final = 600.0
"""Seconds for which an answer counts without asking again."""

KEEP: Final = 30 * 86_400.0
"""Seconds after which an unused record is dropped."""

_SCHEMA: Final = "osv/1"


class AdvisoryCache:
    """Answers for ten minutes, records for as long as their ``modified`` stays; ``folder`` None keeps nothing."""

    def __init__(self, folder: Path | None, service: str, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        name = f"osv-{hashlib.sha256(service.encode()).hexdigest()[:16]}.json"
        self._file = JsonCache(folder and folder / name, _SCHEMA)
        self._answers, self._records = self._file.read(_entries) or ({}, {})
        self._changed = False

    @property
    def keeps(self) -> bool:
        """Whether there is a folder to keep anything in."""
        return self._file.path is not None

    def answer(self, subject: QueriedPackage) -> tuple[Stub, ...] | None:
        """Return which records the service named for a subject less than ten minutes ago."""
        try:
            at, stubs = self._answers[_key(subject)]
            return (
                tuple(Stub(str(one), str(modified)) for one, modified in stubs) if self._fresh(at) else None
            )
        except (KeyError, TypeError, ValueError):
            return None

    def keep_answer(self, subject: QueriedPackage, stubs: tuple[Stub, ...]) -> None:
        self._answers[_key(subject)] = [self._clock(), [[stub.id, stub.modified] for stub in stubs]]
        self._changed = True

    def record(self, stub: Stub) -> object | None:
        """Return the reduced record, None when it is not here or has been modified since."""
        try:
            at, modified, document = self._records[stub.id]
            unchanged = bool(stub.modified) and modified == stub.modified
            return document if unchanged or (not stub.modified and self._fresh(at)) else None
        except (KeyError, TypeError, ValueError):
            return None

    def keep_record(self, stub: Stub, document: object) -> None:
        self._records[stub.id] = [self._clock(), stub.modified, document]
        self._changed = True

    def save(self) -> None:
        """Write the file; a folder that cannot be written only means that nothing is kept."""
        if not self._changed:
            return
        now = self._clock()
        document = {
            "answers": {key: value for key, value in self._answers.items() if self._fresh(value[0])},
            "records": {key: value for key, value in self._records.items() if now - value[0] < KEEP},
        }
        self._file.keep(document)

    def _fresh(self, at: float) -> bool:
        return is_fresh(at, self._clock(), FRESH)


def _entries(document: Any) -> tuple[dict[str, Any], dict[str, Any]]:  # noqa: ANN401 - untrusted JSON, checked here
    answers = {key: value for key, value in document["answers"].items() if _is_entry(value, 2)}
    return answers, {key: value for key, value in document["records"].items() if _is_entry(value, 3)}


def _is_entry(value: object, length: int) -> bool:
    return isinstance(value, list) and len(value) == length and isinstance(value[0], int | float)


def _key(subject: QueriedPackage) -> str:
    return f"{subject.name}=={subject.version}"
