"""``--target-file``: pasted or recorded files of any kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poetry_aiops.accelerators.captured import read_captured
from poetry_aiops.accelerators.detect import detect
from poetry_aiops.accelerators.recording import RECORDING, ReplayReader
from poetry_aiops.system.text import decode


if TYPE_CHECKING:
    from collections.abc import Mapping

    from poetry_aiops.accelerators.catalogue import Catalogue
    from poetry_aiops.accelerators.host import Detection


def read_pasted(files: Mapping[str, bytes], catalogue: Catalogue) -> Detection:
    """Return the machine that files describe; ``files`` maps paths to contents in any common encoding.

    A folder made by ``hw-info --record`` (it holds ``recording.json``) is played back as if the machine were
    here; any other files are read as probes' outputs. Raises :class:`~poetry_aiops.errors.InputError`.
    """
    recorded = next((path for path in files if path.replace("\\", "/").rsplit("/", 1)[-1] == RECORDING), None)
    if recorded is not None:
        return detect(ReplayReader(decode(files[recorded]), recorded), catalogue)
    return read_captured({path: decode(data) for path, data in files.items()}, catalogue)
