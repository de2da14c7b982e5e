"""Recording everything that detection asked of a machine, and playing it back elsewhere.

A recording is a folder: ``recording.json`` holds every question with its answer, and one text file per probe
shows the same to a reader. Only the environment variables that detection reads are in it.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from poetry_aiops.accelerators.reader import PlatformFacts, SourceText
from poetry_aiops.accelerators.surroundings import BUILDKIT_NODE, LOOKED_FOR
from poetry_aiops.errors import InputError


if TYPE_CHECKING:
    from collections.abc import Sequence

    from poetry_aiops.accelerators.host import Detection
    from poetry_aiops.accelerators.reader import Reader


RECORDING: Final = "recording.json"
SCHEMA: Final = "poetry-aiops/hardware-recording/1"


class RecordingReader:
    """Passes every question on and keeps the answer."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._kept: dict[str, dict[str, Any]] = {
            "env": {},
            "files": {},
            "globs": {},
            "exists": {},
            "programs": {},
        }

    def platform(self) -> PlatformFacts:
        """Return the interpreter's facts."""
        return self._reader.platform()

    def environment(self, name: str) -> str | None:
        """Return an environment variable."""
        value = self._kept["env"][name] = self._reader.environment(name)
        return value

    def read_text(self, path: str) -> SourceText:
        """Return a file's text; of files with names and paths of others, only the lines that are searched for."""
        answer = self._reader.read_text(path)
        if path in LOOKED_FOR and answer.text is not None:
            kept = [line for line in answer.text.splitlines() if LOOKED_FOR[path] in line]
            answer = answer._replace(text="\n".join(kept))
        self._kept["files"][path] = answer._asdict()
        return answer

    def glob(self, pattern: str) -> tuple[str, ...]:
        """Return the paths that match."""
        found = self._reader.glob(pattern)
        self._kept["globs"][pattern] = list(found)
        return found

    def exists(self, path: str) -> bool:
        """Return whether a path exists."""
        found = self._kept["exists"][path] = self._reader.exists(path)
        return found

    def run(self, argv: Sequence[str], timeout: float) -> SourceText:
        """Run a program."""
        answer = self._reader.run(argv, timeout)
        self._kept["programs"]["\0".join(argv)] = answer._asdict()
        return answer

    def files(self, detection: Detection) -> dict[str, str]:
        """Return the recording as file names with their texts, ready to be written into one folder.

        The machine's name is left out unless it shows a build sandbox.
        """
        facts = self._reader.platform()._asdict()
        facts["node"] = facts["node"] if facts["node"] == BUILDKIT_NODE else ""
        document = {"schema": SCHEMA, "platform": facts, **self._kept}
        texts = {RECORDING: json.dumps(document, indent=1, sort_keys=True) + "\n"}
        for probe in detection.probes:
            name = re.sub(r"[^a-z0-9]+", "-", probe.name.lower()).strip("-")
            note = f"# source: {probe.source} | probe: {probe.name} | outcome: {probe.outcome}\n"
            texts[f"{name}.txt"] = note + (probe.raw or "")
        return texts


class ReplayReader:
    """Answers from a recording; what was not asked then is missing now."""

    def __init__(self, text: str, where: str = RECORDING) -> None:
        try:
            document = json.loads(text)
            if document["schema"] != SCHEMA:
                raise InputError(
                    f"this is not a recording of the kind {SCHEMA}",
                    where=where,
                    hint="Make one with `poetry hw-info --record DIR`.",
                )
            self._platform = PlatformFacts(
                **{key: str(value or "") for key, value in document["platform"].items()}
            )
            self._kept = {
                kind: dict(document[kind]) for kind in ("env", "files", "globs", "exists", "programs")
            }
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise InputError(
                "the recording cannot be read",
                where=where,
                hint="Make it again with `poetry hw-info --record DIR`.",
            ) from error

    def platform(self) -> PlatformFacts:
        """Return the recorded facts."""
        return self._platform

    def environment(self, name: str) -> str | None:
        """Return a recorded environment variable."""
        value = self._kept["env"].get(name)
        return value if isinstance(value, str) else None

    def read_text(self, path: str) -> SourceText:
        """Return a recorded file."""
        return _answer(self._kept["files"].get(path))

    def glob(self, pattern: str) -> tuple[str, ...]:
        """Return recorded paths."""
        found = self._kept["globs"].get(pattern)
        return tuple(str(path) for path in found) if isinstance(found, list) else ()

    def exists(self, path: str) -> bool:
        """Return whether a path existed."""
        return self._kept["exists"].get(path) is True

    def run(self, argv: Sequence[str], timeout: float) -> SourceText:  # noqa: ARG002 - nothing is run
        """Return what a program printed then."""
        return _answer(self._kept["programs"].get("\0".join(argv)))


def _answer(value: object) -> SourceText:
    if not isinstance(value, dict):
        return SourceText(None, "missing")
    text = value.get("text")
    return SourceText(text if isinstance(text, str) else None, str(value.get("outcome", "missing")))
