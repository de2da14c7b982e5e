"""The one JSON cache: what was learned earlier, in small files of Poetry's cache folder.

A file that is broken, too large, or of another schema counts as absent, and so does one that cannot be read; the folder
can be deleted at any time. A file is exchanged whole, but not brought to the disk: losing it costs one more question.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final, TypeVar

from poetry_aiops.system.files import remove_leftovers, temporary_beside
from poetry_aiops.system.reading import ANYWHERE, read_file


if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


LARGEST: Final = 200_000_000
"""Bytes of the largest file that is read."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class JsonCache:
    """One file; ``path`` None keeps nothing. ``schema`` names the content and its version, such as ``osv/1``."""

    path: Path | None
    schema: str

    def read(self, parse: Callable[[Any], T]) -> T | None:
        """Return what ``parse`` makes of the content, None where that raises one of the errors of untrusted JSON."""
        if self.path is None:
            return None
        try:
            document = json.loads(read_file(self.path, within=ANYWHERE, limit=LARGEST))
            return parse(document["content"]) if document["schema"] == self.schema else None
        except (
            OSError,
            ValueError,
            KeyError,
            TypeError,
            AttributeError,
            IndexError,
            ArithmeticError,
            RecursionError,
        ):
            return None

    def keep(self, content: object) -> None:
        """Write the content; a full or read-only disk is no failure, the next run then asks again."""
        with suppress(OSError):
            self.write(content)

    def write(self, content: object) -> None:
        """Write the content; raises OSError, and the file is then as it was."""
        if self.path is None:
            return
        data = json.dumps({"schema": self.schema, "content": content}, separators=(",", ":")).encode()
        _make_ready(self.path.parent)
        temporary = temporary_beside(self.path)
        try:
            temporary.write_bytes(data)
            os.replace(temporary, self.path)  # noqa: PTH105 - one call in place of two objects, for hundreds of files
        except BaseException:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise


def is_fresh(at: float, now: float, longest: float) -> bool:
    """Say whether a time in seconds is at most so long ago; one that is still to come was written by a wrong clock."""
    return 0 <= now - at <= longest


@cache
def _make_ready(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    remove_leftovers(folder)
