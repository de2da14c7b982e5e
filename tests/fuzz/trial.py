"""One parser under trial: every input that it does not survive is kept once, with its traceback."""

from __future__ import annotations

import hashlib
import time
import traceback
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final


if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


SECONDS: Final = 2.0
"""Of processor time for one input of up to a megabyte; what needs more is a finding."""


@dataclass
class Trial:
    """Runs inputs and writes findings into ``folder``: ``NAME.input``, and ``NAME.txt`` that says what came out."""

    name: str
    read: Callable[[bytes], None]
    folder: Path
    seconds: float = SECONDS
    found: dict[str, str] = field(default_factory=dict)

    def run(self, data: bytes) -> float:
        """Try one input and return the seconds of processor time; raises nothing but KeyboardInterrupt."""
        start = time.process_time()
        try:
            self.read(data)
        except Exception as error:  # noqa: BLE001 - whatever comes out is what is looked for
            self._keep(_signature(error), "".join(traceback.format_exception(error)[-40:]), data)
        spent = time.process_time() - start
        if spent > self.seconds:
            self._keep("slow", f"it took {spent:.1f} s of processor time for {len(data):,} bytes", data)
        return spent

    def _keep(self, signature: str, what: str, data: bytes) -> None:
        name = f"{self.name}-{hashlib.sha256(signature.encode()).hexdigest()[:8]}"
        kept = self.folder / f"{name}.input"
        if signature not in self.found or len(data) < kept.stat().st_size:
            self.found[signature] = what
            self.folder.mkdir(parents=True, exist_ok=True)
            kept.write_bytes(data)
            kept.with_suffix(".txt").write_text(f"{signature}\n\n{what}\n", "utf-8", errors="replace")


def _signature(error: BaseException) -> str:
    """Return what tells two findings apart: the error, and the last place of our own that it came through."""
    frames = [
        frame for frame in traceback.extract_tb(error.__traceback__) if "poetry_aiops" in frame.filename
    ]
    place = f"{frames[-1].filename.rpartition('poetry_aiops')[2]}:{frames[-1].name}" if frames else "outside"
    return f"{type(error).__name__} in {place}"
