"""The machine that a command is about: this one, or one that ``--target`` and ``--target-file`` describe."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from poetry_aiops.accelerators.detect import detect
from poetry_aiops.accelerators.host import Detection
from poetry_aiops.accelerators.live_machine import LiveReader
from poetry_aiops.accelerators.reader import TEXT_LIMIT
from poetry_aiops.errors import UsageError


if TYPE_CHECKING:
    from poetry_aiops.accelerators.catalogue import Catalogue


ADD_MORE = (
    "Add the output of nvidia-smi (of rocminfo for AMD) to the text, or describe the machine with --target, "
    "for example --target driver=580.65,gpu=RTX 4090."
)
_MOST_FILES = 200


def described_machine(target: str | None, target_file: str | None, catalogue: Catalogue) -> Detection:
    """Return the machine that the two options describe, this one without them.

    Raises UsageError for both at once or a spec that cannot be read, InputError for a file that cannot.
    """
    if target is not None and target_file is not None:
        raise UsageError("give only one of the two", where="--target and --target-file")
    if target is not None:
        from poetry_aiops.accelerators.target import parse_target

        return Detection(parse_target(target, catalogue))
    if target_file is not None:
        from poetry_aiops.accelerators.captured import read_pasted

        return read_pasted(_pasted_files(target_file), catalogue)
    return detect(LiveReader(), catalogue)


def recorded_machine(folder: str, catalogue: Catalogue) -> Detection:
    """Ask every probe of this machine and write the raw results into a folder.

    Raises UsageError for a folder that holds something already, InputError for one that cannot be written.
    """
    from poetry_aiops.accelerators.recording import RecordingReader
    from poetry_aiops.system.files import reported, write_together

    path = Path(folder)
    reader = RecordingReader(LiveReader())
    detection = detect(reader, catalogue, thorough=True)
    with reported("cannot be written", f"--record {folder}", "Name another folder."):
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise UsageError(
                "it exists already", where=f"--record {folder}", hint="Name a new or empty folder."
            )
        path.mkdir(parents=True, exist_ok=True)
        texts = reader.files(detection)
        write_together(
            {path / name: text.encode("utf-8", "backslashreplace") for name, text in texts.items()}
        )
    return detection


def catalogue_warning(catalogue: Catalogue) -> tuple[str, ...]:
    """Return a warning when the facts about builds and drivers have grown old."""
    warning = catalogue.age_warning(datetime.now(tz=UTC).date())
    return (warning,) if warning else ()


def is_foreign(detection: Detection) -> bool:
    """Tell whether the machine has another system or architecture than this one."""
    from poetry_aiops.accelerators.surroundings import system_of

    return (detection.host.os, detection.host.arch) != system_of(LiveReader().platform())


def _pasted_files(target_file: str) -> dict[str, bytes]:
    if target_file == "-":
        return {"standard input": sys.stdin.buffer.read(TEXT_LIMIT)}
    from poetry_aiops.system.files import reported

    path = Path(target_file)
    probes = "nvidia-smi, rocminfo, lspci or another probe"
    hint = f"Give a file with the output of {probes}, a folder of them, or -."
    with reported("cannot be read", f"--target-file {target_file}", hint):
        files = sorted(item for item in path.rglob("*") if item.is_file()) if path.is_dir() else [path]
        return {str(file): _beginning(file) for file in files[:_MOST_FILES]}


def _beginning(file: Path) -> bytes:
    with file.open("rb") as opened:
        return opened.read(TEXT_LIMIT)
