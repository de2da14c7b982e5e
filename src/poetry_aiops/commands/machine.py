"""The machine that a command is about: this one, or one that ``--target`` and ``--target-file`` describe."""

from __future__ import annotations

import platform
import sys

from datetime import UTC
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from poetry_aiops.adapters.host_facts import LiveReader
from poetry_aiops.errors import InputError
from poetry_aiops.errors import UsageError
from poetry_aiops.hardware.captured import read_captured
from poetry_aiops.hardware.detect import detect
from poetry_aiops.hardware.host import Detection
from poetry_aiops.hardware.reader import TEXT_LIMIT
from poetry_aiops.hardware.target import parse_target
from poetry_aiops.hardware.text import decode


if TYPE_CHECKING:
    from poetry_aiops.hardware.catalogue import Catalogue


_MOST_FILES = 200


def described_machine(target: str | None, target_file: str | None, catalogue: Catalogue) -> Detection:
    """Return the machine that the two options describe, this one without them.

    Raises UsageError for both at once or a spec that cannot be read, InputError for a file that cannot.
    """
    if target is not None and target_file is not None:
        raise UsageError("give only one of the two", where="--target and --target-file")
    if target is not None:
        return Detection(parse_target(target, catalogue))
    if target_file is not None:
        return read_captured(_captured_texts(target_file), catalogue)
    return detect(LiveReader(), catalogue)


def catalogue_warning(catalogue: Catalogue) -> tuple[str, ...]:
    """Return a warning when the facts about builds and drivers have grown old."""
    warning = catalogue.age_warning(datetime.now(tz=UTC).date())
    return (warning,) if warning else ()


def is_foreign(detection: Detection) -> bool:
    """Tell whether the machine has another system or architecture than this one."""
    here = detect_platform()
    return (detection.host.os, detection.host.arch) != here


def detect_platform() -> tuple[str, str]:
    """Return this machine's system and architecture in the words of :class:`Host`."""
    from poetry_aiops.hardware.surroundings import architecture  # noqa: PLC0415

    system = {"Linux": "linux", "Windows": "windows", "Darwin": "macos"}.get(platform.system(), "other")
    return system, architecture(platform.machine(), platform.system())


def _captured_texts(target_file: str) -> dict[str, str]:
    if target_file == "-":
        return {"standard input": decode(sys.stdin.buffer.read(TEXT_LIMIT))}
    path = Path(target_file)
    files = (
        sorted(item for item in path.rglob("*") if item.is_file())[:_MOST_FILES] if path.is_dir() else [path]
    )
    try:
        return {str(file): decode(file.read_bytes()[:TEXT_LIMIT]) for file in files}
    except OSError as error:
        raise InputError(
            f"cannot be read: {error.strerror or error}",
            where=f"--target-file {target_file}",
            hint="Give a file with the output of nvidia-smi, rocminfo, lspci or another probe, a folder of them, or -.",
        ) from error
